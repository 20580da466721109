package verify

import (
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

	use     *usage // guarded by the shard
	created int64
	id      [1]string // an array, so that a response header can point into it
	text    string    // id, name and hint: one piece of memory, as there may be a million
	nameEnd uint32
	legacy  bool
}

func newEntry(r Record, s *standing) *entry {
	text := r.ID + r.Name + r.Hint
	e := &entry{digest: r.Digest, standing: s, id: [1]string{text[:len(r.ID)]}, text: text,
		nameEnd: uint32(len(r.ID) + len(r.Name)), created: r.CreatedAt.UnixMilli(), legacy: r.Legacy}
	if !r.ExpiresAt.IsZero() {
		e.expires = r.ExpiresAt.UnixMilli()
	}
	return e
}

func (e *entry) name() string { return e.text[len(e.id[0]):e.nameEnd] }

func (e *entry) hint() string { return e.text[e.nameEnd:] }

// expired reports whether the token is over at now. The end is a whole millisecond, so
// cutting now to one is exact.
func (e *entry) expired(now time.Time) bool { return e.expires != 0 && now.UnixMilli() >= e.expires }

func (e *entry) kind() token.Kind { return e.standing.holder.Kind }
