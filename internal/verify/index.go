package verify

import (
	"iter"
	"sync"
	"sync/atomic"
	"time"
)

// entry is a live token in memory. All but its usage is immutable. Times are in milliseconds
// since 1970 UTC, because there may be millions of entries. Its size is one of the allocator's
// size classes (a test holds it there), and with its text and its slot it takes 226 bytes.
//
// The usage is part of the entry. With the usage and its latest place as separate objects, an
// answer of /auth/verify took 10 % more processor time: each request fetched three objects, and
// the garbage collector marked three.
type entry struct {
	digest    [32]byte
	text      packed
	standing  *standing // shared by all tokens of one holder
	usage     *usage    // own, or that of the entry whose place it took
	expiresAt int64     // the first moment at which the token is refused; 0 for never
	createdAt int64
	own       usage
}

// newEntry returns the entry of a token that is not deleted.
func newEntry(r Record, s *standing) *entry {
	e := &entry{digest: r.Digest, text: pack(r), standing: s, createdAt: r.CreatedAt.UnixMilli()}
	e.usage = &e.own
	if !r.ExpiresAt.IsZero() {
		e.expiresAt = r.ExpiresAt.UnixMilli()
	}
	if r.Fresh {
		e.own.marks.Store(fresh)
	}
	return e
}

// packed holds the texts of a token in one string: the lengths of its id and of its hint, a byte each,
// whether it is imported and whether it is a previous secret, the id, the hint and the name. Three strings take 32 bytes more for each
// token and are three objects for the garbage collector.
type packed string

// packedHead is the number of bytes before the id.
const packedHead = 3

// maxPacked is the length of an id or a hint that one byte holds. Ids have 27 characters and hints
// fewer: Latchkey makes both, also for imported tokens.
const maxPacked = 255

func pack(r Record) packed {
	id, hint, bits := r.ID[:min(len(r.ID), maxPacked)], r.Hint[:min(len(r.Hint), maxPacked)], byte(0)
	if r.Legacy {
		bits |= legacyBit
	}
	if r.Previous {
		bits |= previousBit
	}
	b := make([]byte, 0, packedHead+len(id)+len(hint)+len(r.Name))
	b = append(b, byte(len(id)), byte(len(hint)), bits)
	return packed(append(append(append(b, id...), hint...), r.Name...))
}

func (p packed) id() string   { return string(p[packedHead : packedHead+int(p[0])]) }
func (p packed) hint() string { return string(p[packedHead+int(p[0]):][:p[1]]) }
func (p packed) name() string { return string(p[packedHead+int(p[0])+int(p[1]):]) }
func (p packed) legacy() bool { return p[2]&legacyBit != 0 }

// previous reports whether another secret of the token has replaced this one.
func (p packed) previous() bool { return p[2]&previousBit != 0 }

// The bits of the third byte of a packed text.
const (
	legacyBit = 1 << iota
	previousBit
)

// outlived returns why a secret is refused that has expired.
func (e *entry) outlived() Refusal {
	if e.text.previous() {
		return Rotated
	}
	return Expired
}

// continueUsage makes e continue the usage of an entry with the same digest.
func (e *entry) continueUsage(old *entry) {
	e.usage = old.usage
	e.usage.marks.Store(e.own.marks.Load())
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
	return Record{ID: e.text.id(), Organization: h.Organization, Kind: h.Kind, Name: e.text.name(), Hint: e.text.hint(), Owner: h.Owner,
		Workspace: h.Workspace, Scope: h.Scope, Policy: h.Policy, Suspended: h.Suspended, Addresses: h.Addresses,
		Legacy: e.text.legacy(), Previous: e.text.previous(),
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

// find returns the token with the digest, or nil.
func (x *index) find(digest [32]byte) *entry {
	s := &x.shards[digest[0]]
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.find(&digest)
}

// put adds e. It returns the entry that had the digest before, or nil; e continues its usage.
// A reader finds one of the two at any time. The caller holds mu.
func (x *index) put(e *entry) (old *entry) {
	s := &x.shards[e.digest[0]]
	s.mu.Lock()
	defer s.mu.Unlock()
	if old = s.find(&e.digest); old != nil {
		e.continueUsage(old)
		x.count(old, -1)
	}
	s.put(e)
	x.count(e, 1)
	return old
}

// remove removes the token with the digest and returns its entry, or nil. The caller holds mu.
func (x *index) remove(digest [32]byte) *entry {
	s := &x.shards[digest[0]]
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.remove(&digest)
	if e != nil {
		x.count(e, -1)
	}
	return e
}

func (x *index) count(e *entry, by int) {
	x.tokens += by
	if e.text.legacy() {
		x.legacy.Add(int64(by))
	}
}

// all yields every token. The caller must not change the index meanwhile. Changes by other
// goroutines may be seen or not.
func (x *index) all() iter.Seq[*entry] {
	return func(yield func(*entry) bool) {
		for i := range x.shards {
			if !x.shards[i].yield(yield) {
				return
			}
		}
	}
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
		s.slots, s.used = nil, 0
		s.mu.Unlock()
	}
	x.tokens = 0
	x.legacy.Store(0)
}
