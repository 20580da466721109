package verify

import (
	"iter"
	"sync"
	"sync/atomic"
	"time"
)

// entry is a live token in memory. All but its usage is immutable. Times are in milliseconds
// since 1970 UTC, because there may be a million entries.
//
// The usage is part of the entry. With the usage and its latest place as separate objects, an
// answer of /auth/verify took 10 % more processor time: each request fetched three objects, and
// the garbage collector marked three.
type entry struct {
	id        string
	standing  *standing // shared by all tokens of one holder
	usage     *usage    // own, or that of the entry whose place it took
	expiresAt int64     // the first moment at which the token is refused; 0 for never
	createdAt int64
	name      string
	hint      string
	legacy    bool
	own       usage
}

// newEntry returns the entry of a token that is not deleted.
func newEntry(r Record, s *standing) *entry {
	e := &entry{id: r.ID, standing: s, createdAt: r.CreatedAt.UnixMilli(), name: r.Name, hint: r.Hint, legacy: r.Legacy}
	e.usage = &e.own
	if !r.ExpiresAt.IsZero() {
		e.expiresAt = r.ExpiresAt.UnixMilli()
	}
	return e
}

// expired reports whether the token has expired at now.
func (e *entry) expired(now time.Time) bool {
	return e.expiresAt != 0 && now.UnixMilli() >= e.expiresAt
}

// expiry returns the first moment at which the token is refused; zero means never.
func (e *entry) expiry() time.Time {
	if e.expiresAt == 0 {
		return time.Time{}
	}
	return time.UnixMilli(e.expiresAt).UTC()
}

// record returns the token as the database has it, without the digest.
func (e *entry) record() Record {
	h := e.standing.holder
	return Record{ID: e.id, Organization: h.Organization, Kind: h.Kind, Name: e.name, Hint: e.hint, Owner: h.Owner,
		Workspace: h.Workspace, Scope: h.Scope, Policy: h.Policy, Legacy: e.legacy,
		CreatedAt: time.UnixMilli(e.createdAt).UTC(), ExpiresAt: e.expiry()}
}

// index finds a token by the digest of its secret.
type index struct {
	// shards holds the tokens by the first byte of their digest, so that verifications on
	// several processors rarely wait for the same lock.
	shards [256]shard
	legacy atomic.Int64 // number of tokens with a secret of another format

	// mu is held while the index is changed, and guards what follows. Readers do not need it.
	mu         sync.Mutex
	tokens     int
	generation uint64  // counts changes to tokens: see now
	loading    *loader // the running Load, or nil
}

type shard struct {
	mu      sync.RWMutex
	entries map[[32]byte]*entry
}

// find returns the token with the digest, or nil.
func (x *index) find(digest [32]byte) *entry {
	s := &x.shards[digest[0]]
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.entries[digest]
}

// put adds e. It returns the entry that had the digest before, or nil; e continues its usage.
// A reader finds one of the two at any time. The caller holds mu.
func (x *index) put(digest [32]byte, e *entry) (old *entry) {
	s := &x.shards[digest[0]]
	s.mu.Lock()
	defer s.mu.Unlock()
	if old = s.entries[digest]; old != nil {
		e.usage = old.usage
		x.count(old, -1)
	}
	if s.entries == nil {
		s.entries = map[[32]byte]*entry{}
	}
	s.entries[digest] = e
	x.count(e, 1)
	return old
}

// remove removes the token with the digest and returns its entry, or nil. The caller holds mu.
func (x *index) remove(digest [32]byte) *entry {
	s := &x.shards[digest[0]]
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.entries[digest]
	if e != nil {
		delete(s.entries, digest)
		x.count(e, -1)
	}
	return e
}

func (x *index) count(e *entry, by int) {
	x.tokens += by
	if e.legacy {
		x.legacy.Add(int64(by))
	}
}

// all yields every token. The caller must not change the index meanwhile. Changes by other
// goroutines may be seen or not.
func (x *index) all() iter.Seq2[[32]byte, *entry] {
	return func(yield func([32]byte, *entry) bool) {
		for i := range x.shards {
			if !x.shards[i].yield(yield) {
				return
			}
		}
	}
}

func (s *shard) yield(yield func([32]byte, *entry) bool) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for digest, e := range s.entries {
		if !yield(digest, e) {
			return false
		}
	}
	return true
}

// now returns the current generation. Call it before reading a token from the database.
func (x *index) now() uint64 {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.generation
}

// change records that the tokens with these digests have changed, so that what was read before is
// not kept. The caller holds mu.
func (x *index) change(digests ...[32]byte) {
	x.generation++
	if x.loading != nil {
		for _, d := range digests {
			x.loading.touched[d] = true
		}
	}
}

// clear removes everything. The caller holds mu.
func (x *index) clear() {
	for i := range x.shards {
		s := &x.shards[i]
		s.mu.Lock()
		s.entries = nil
		s.mu.Unlock()
	}
	x.tokens = 0
	x.legacy.Store(0)
}
