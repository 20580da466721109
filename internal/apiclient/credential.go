package apiclient

import (
	"context"
	"crypto/subtle"
	"sync"
	"sync/atomic"

	"latchkey/internal/change"
	"latchkey/internal/fault"
)

// credentials keeps every client's credential in memory: they are few, and each
// introspection needs one.
type credentials struct {
	store   Store
	lease   *change.Lease
	reading sync.Mutex
	all     atomic.Pointer[map[string]Credential] // by id; nil: to be read
}

// get returns all credentials, reading them if a change has taken them away. The lock is
// held while reading, so forget waits and then drops what was read too early.
func (c *credentials) get(ctx context.Context) (map[string]Credential, error) {
	if all := c.all.Load(); all != nil && c.lease.Holds() {
		return *all, nil
	}
	c.reading.Lock()
	defer c.reading.Unlock()
	if all := c.all.Load(); all != nil && c.lease.Holds() {
		return *all, nil
	}
	list, err := c.store.Credentials(ctx)
	if err != nil {
		return nil, err
	}
	all := make(map[string]Credential, len(list))
	for _, one := range list {
		all[one.ID] = one
	}
	c.all.Store(&all)
	return all, nil
}

func (c *credentials) forget() {
	c.reading.Lock()
	defer c.reading.Unlock()
	c.all.Store(nil)
}

// Apply takes what a committed transaction changed out of memory before it returns; see
// verify.Authority.Apply.
func (s *Service) Apply(_ context.Context, changes []change.Change) {
	for _, made := range changes {
		if made.Kind == change.Client {
			s.known.forget()
			return
		}
	}
}

// Forget empties the memory: the next question is for the database.
func (s *Service) Forget() { s.known.forget() }

// Authenticate returns the client with this id and secret. Unauthenticated when there is
// none, whichever of the two is wrong.
func (s *Service) Authenticate(ctx context.Context, id, secret string) (Client, error) {
	all, err := s.known.get(ctx)
	if err != nil {
		return Client{}, err
	}
	// An unknown id is compared as well: with zeros, which no digest is.
	known, sent := all[id], digest(secret)
	if subtle.ConstantTimeCompare(known.Digest[:], sent[:]) != 1 {
		return Client{}, fault.NewUnauthenticated("The API client's id or secret is wrong.")
	}
	return known.Client, nil
}
