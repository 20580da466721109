package verify

import (
	"sync/atomic"
	"time"

	"latchkey/internal/token"
)

// entry is one live token in memory. It is immutable but for use.
type entry struct {
	digest   [32]byte
	standing *standing // nil marks a grave: see index
	use      atomic.Pointer[usage]
	id       [1]string // an array, so that a response header can point into it
	name     string
	hint     string
	created  int64 // milliseconds since 1970 UTC
	expires  int64 // the first millisecond at which it is no longer good; 0: never
	legacy   bool
}

func newEntry(r Record, s *standing) *entry {
	// One piece of memory for the three texts: there may be a million of them.
	text := r.ID + r.Name + r.Hint
	name, hint := len(r.ID), len(r.ID)+len(r.Name)
	e := &entry{digest: r.Digest, standing: s, id: [1]string{text[:name]}, name: text[name:hint], hint: text[hint:],
		created: r.CreatedAt.UnixMilli(), legacy: r.Legacy}
	if !r.ExpiresAt.IsZero() {
		e.expires = r.ExpiresAt.UnixMilli()
	}
	return e
}

// expired reports whether the token is over at now. The end is a whole millisecond, so
// cutting now to one is exact.
func (e *entry) expired(now time.Time) bool { return e.expires != 0 && now.UnixMilli() >= e.expires }

func (e *entry) kind() token.Kind { return e.standing.holder.Kind }
