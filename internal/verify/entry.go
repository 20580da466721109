package verify

import (
	"strings"
	"sync/atomic"
	"time"

	"latchkey/internal/token"
)

// entry is one live token in memory. It is immutable but for its use. The first five fields
// are all that a verification touches; together they fill one cache line.
type entry struct {
	digest   [32]byte
	standing *standing     // nil marks a grave: see index
	expires  int64         // the first millisecond at which it is no longer good; 0: never
	usedAt   atomic.Int64  // latest use, in milliseconds since 1970 UTC
	usedFrom atomic.Uint64 // the place of that use; 0: not in its shard's list, see recorder

	id         [1]string    // an array, so that a response header can point into it
	unplacedAt atomic.Int64 // latest use from where nobody knows, in milliseconds since 1970 UTC
	use        *usage       // guarded by the shard
	created    int64
	text       string // id, name and hint: one piece of memory, as there may be a million
	nameEnd    uint32
	legacy     bool
}

func newEntry(r Record, s *standing) *entry {
	e := &entry{}
	e.fill(r, s, r.ID+r.Name+r.Hint)
	return e
}

func (e *entry) fill(r Record, s *standing, text string) {
	e.digest, e.standing, e.created, e.legacy = r.Digest, s, r.CreatedAt.UnixMilli(), r.Legacy
	e.text, e.id[0], e.nameEnd = text, text[:len(r.ID)], uint32(len(r.ID)+len(r.Name))
	if !r.ExpiresAt.IsZero() {
		e.expires = r.ExpiresAt.UnixMilli()
	}
}

// slab makes entries that share pieces of memory, which spares the collector most of its
// work with a million of them. A piece is freed with the last entry in it: a token that was
// loaded with others and deleted may take its place until the process ends.
type slab struct {
	entries []entry
	text    strings.Builder
}

const (
	slabEntries = 512
	slabText    = 32 << 10
)

func (b *slab) newEntry(r Record, s *standing) *entry {
	if len(b.entries) == cap(b.entries) {
		b.entries = make([]entry, 0, slabEntries)
	}
	if need := len(r.ID) + len(r.Name) + len(r.Hint); b.text.Cap()-b.text.Len() < need {
		b.text = strings.Builder{}
		b.text.Grow(max(slabText, need))
	}
	start := b.text.Len()
	b.text.WriteString(r.ID)
	b.text.WriteString(r.Name)
	b.text.WriteString(r.Hint)
	b.entries = b.entries[:len(b.entries)+1]
	e := &b.entries[len(b.entries)-1]
	e.fill(r, s, b.text.String()[start:])
	return e
}

func (e *entry) name() string { return e.text[len(e.id[0]):e.nameEnd] }

func (e *entry) hint() string { return e.text[e.nameEnd:] }

// expired reports whether the token is over at now. The end is a whole millisecond, so
// cutting now to one is exact.
func (e *entry) expired(now time.Time) bool { return e.expires != 0 && now.UnixMilli() >= e.expires }

func (e *entry) kind() token.Kind { return e.standing.holder.Kind }
