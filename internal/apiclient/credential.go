package apiclient

import (
	"context"
	"crypto/subtle"
	"sync"
	"sync/atomic"

	"latchkey/internal/change"
	"latchkey/internal/fault"
)

// credentials keeps the credential of every client in memory, because each introspection needs
// one and there are few of them.
type credentials struct {
	store   Store
	lease   *change.Lease
	reading sync.Mutex
	all     atomic.Pointer[map[string]Credential] // by id; nil if they must be read
}

// get returns all credentials. It reads them if they are not in memory or the lease does not
// hold. It reads under the lock, so forget waits for it and then discards what it read.
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

// forget discards the credentials in memory.
func (c *credentials) forget() {
	c.reading.Lock()
	defer c.reading.Unlock()
	c.all.Store(nil)
}

// Apply discards the credentials in memory if a committed transaction changed one. The store
// calls it before the transaction returns; see [latchkey/internal/verify.Authority.Apply].
func (s *Service) Apply(_ context.Context, changes []change.Change) {
	for _, made := range changes {
		if made.Kind == change.Client {
			s.cached.forget()
			return
		}
	}
}

// Forget empties the memory. The next request reads the database.
func (s *Service) Forget() { s.cached.forget() }

// Authenticate returns the client with this id and secret. The error is Unauthenticated if there
// is none, and does not say which of the two is wrong.
func (s *Service) Authenticate(ctx context.Context, id, secret string) (Client, error) {
	all, err := s.cached.get(ctx)
	if err != nil {
		return Client{}, err
	}
	client, ok := among(all, id, secret)
	if !ok {
		return Client{}, fault.NewUnauthenticated("The API client's id or secret is wrong.")
	}
	return client, nil
}

// Recognize returns the client that Authenticate accepts by what is in memory alone. If ok is false, Authenticate must
// decide.
func (s *Service) Recognize(id, secret string) (c Client, ok bool) {
	all := s.cached.all.Load()
	if all == nil || !s.cached.lease.Holds() {
		return Client{}, false
	}
	return among(*all, id, secret)
}

// among finds the client with an id and a secret. An unknown id is compared too, with a digest of zeros, so that it takes as
// long.
func among(all map[string]Credential, id, secret string) (c Client, ok bool) {
	known, sent := all[id], digest(secret)
	return known.Client, subtle.ConstantTimeCompare(known.Digest[:], sent[:]) == 1
}
