package verify

import (
	"strings"
	"sync/atomic"
	"time"
	"unsafe"

	"latchkey/internal/token"
)

// entry is one live token in memory. It is immutable but for its use. Its order is that of
// need: the first cache line is all that a verification touches, the second one has what an
// answer and the saving of uses read besides. Each further line would cost a hundredth of
// what a whole request costs.
type entry struct {
	digest   [32]byte
	standing *standing     // nil marks a grave: see index
	expires  int64         // the first millisecond at which it is no longer good; 0: never
	usedAt   atomic.Int64  // latest use, in milliseconds since 1970 UTC
	usedFrom atomic.Uint64 // the place of that use; 0: not in its shard's list, see recorder

	id      [1]string // an array, so that a response header can point into it
	idText  [idLength]byte
	legacy  bool
	nameEnd uint32
	rest    *rest
	use     atomic.Pointer[usage] // set under the shard's lock
}

// rest is what few ask for.
type rest struct {
	created int64
	text    string // name and hint: one piece of memory, as there may be a million
}

// idLength is the length of ids that this program makes.
const idLength = 27

func newEntry(r Record, s *standing) *entry {
	e := &entry{rest: &rest{}}
	e.fill(r, s, r.Name+r.Hint)
	return e
}

func (e *entry) fill(r Record, s *standing, text string) {
	e.digest, e.standing, e.legacy = r.Digest, s, r.Legacy
	e.id[0], e.nameEnd = e.ownID(r.ID), uint32(len(r.Name))
	e.rest.created, e.rest.text = r.CreatedAt.UnixMilli(), text
	if !r.ExpiresAt.IsZero() {
		e.expires = r.ExpiresAt.UnixMilli()
	}
}

// ownID is the id in the entry's own memory if it fits: beside the header that points to it.
func (e *entry) ownID(id string) string {
	if len(id) > idLength {
		return strings.Clone(id)
	}
	n := copy(e.idText[:], id)
	// Nobody writes to idText again, so it may be a string; that keeps the entry alive.
	return unsafe.String(&e.idText[0], n)
}

// slab makes entries that share pieces of memory, which spares the collector most of its
// work with a million of them. A piece is freed with the last entry in it: a token that was
// loaded with others and deleted may take its place until the process ends.
type slab struct {
	entries []entry
	rests   []rest
	text    strings.Builder
}

const (
	slabEntries = 512
	slabText    = 16 << 10
)

func (b *slab) newEntry(r Record, s *standing) *entry {
	if len(b.entries) == cap(b.entries) {
		b.entries, b.rests = make([]entry, 0, slabEntries), make([]rest, slabEntries)
	}
	if need := len(r.Name) + len(r.Hint); b.text.Cap()-b.text.Len() < need {
		b.text = strings.Builder{}
		b.text.Grow(max(slabText, need))
	}
	start := b.text.Len()
	b.text.WriteString(r.Name)
	b.text.WriteString(r.Hint)
	n := len(b.entries)
	b.entries = b.entries[:n+1]
	e := &b.entries[n]
	e.rest = &b.rests[n]
	e.fill(r, s, b.text.String()[start:])
	return e
}

func (e *entry) name() string { return e.rest.text[:e.nameEnd] }

func (e *entry) hint() string { return e.rest.text[e.nameEnd:] }

// expired reports whether the token is over at now. The end is a whole millisecond, so
// cutting now to one is exact.
func (e *entry) expired(now time.Time) bool { return e.expires != 0 && now.UnixMilli() >= e.expires }

func (e *entry) kind() token.Kind { return e.standing.holder.Kind }
