package verify

import (
	"encoding/binary"
	"sync"
	"sync/atomic"
)

// index finds a token by the digest of its secret. Readers take no lock: the table is an
// array of atomic pointers with linear probing, and its writers, who are rare, take turns.
// Digests are uniformly random, so their first bytes are the hash.
type index struct {
	table atomic.Pointer[table]
	mu    sync.Mutex // held by writers
	// What follows is guarded by mu.
	live       int          // entries
	used       int          // slots that are not nil: entries and graves
	legacy     atomic.Int64 // entries with a secret of another format; read without mu
	generation uint64       // of changes to tokens: see now
	loading    *loader      // the Load that is running, or nil
}

// table has a power of two of slots, at most half of them used.
type table struct {
	mask  uint64
	slots []atomic.Pointer[entry]
}

const smallestTable = 1 << 10

// isGrave reports what stands where an entry was, so that a search goes on behind it.
func (x *index) isGrave(e *entry) bool { return e.standing == nil }

func newTable(entries int) *table {
	size := smallestTable
	for size < 4*entries {
		size *= 2
	}
	return &table{mask: uint64(size - 1), slots: make([]atomic.Pointer[entry], size)}
}

func hashOf(digest *[32]byte) uint64 { return binary.LittleEndian.Uint64(digest[:8]) }

// find returns the live token with the digest, or nil. It neither locks nor allocates.
func (x *index) find(digest *[32]byte) *entry {
	t := x.table.Load()
	if t == nil {
		return nil
	}
	for i := hashOf(digest); ; i++ {
		e := t.slots[i&t.mask].Load()
		if e == nil {
			return nil
		}
		if e.digest == *digest && !x.isGrave(e) {
			return e
		}
	}
}

// put adds e, or puts it in the place of the entry with its digest, which it returns. The
// caller holds mu.
func (x *index) put(e *entry) (old *entry) {
	x.grow()
	t := x.table.Load()
	for i := hashOf(&e.digest); ; i++ {
		slot := &t.slots[i&t.mask]
		there := slot.Load()
		if there == nil {
			x.used++
			x.count(e, 1)
			slot.Store(e)
			return nil
		}
		if there.digest == e.digest && !x.isGrave(there) {
			x.count(there, -1)
			x.count(e, 1)
			slot.Store(e)
			return there
		}
	}
}

// remove takes out the entry with the digest and returns it, or nil. The caller holds mu.
func (x *index) remove(digest *[32]byte) *entry {
	t := x.table.Load()
	if t == nil {
		return nil
	}
	for i := hashOf(digest); ; i++ {
		slot := &t.slots[i&t.mask]
		there := slot.Load()
		if there == nil {
			return nil
		}
		if there.digest == *digest && !x.isGrave(there) {
			x.count(there, -1)
			slot.Store(&entry{})
			return there
		}
	}
}

func (x *index) count(e *entry, by int) {
	x.live += by
	if e.legacy {
		x.legacy.Add(int64(by))
	}
}

// grow makes room for one more entry. Readers of the old table see all that was there when
// they started.
func (x *index) grow() {
	t := x.table.Load()
	if t != nil && 2*(x.used+1) <= len(t.slots) {
		return
	}
	next := newTable(x.live + 1)
	if t != nil {
		for i := range t.slots {
			if e := t.slots[i].Load(); e != nil && !x.isGrave(e) {
				next.add(e)
			}
		}
	}
	x.used = x.live
	x.table.Store(next)
}

// add fills a table that nobody reads yet.
func (t *table) add(e *entry) {
	for i := hashOf(&e.digest); ; i++ {
		if slot := &t.slots[i&t.mask]; slot.Load() == nil {
			slot.Store(e)
			return
		}
	}
}

// each calls do for every entry until it returns false.
func (x *index) each(do func(*entry) bool) {
	t := x.table.Load()
	if t == nil {
		return
	}
	for i := range t.slots {
		if e := t.slots[i].Load(); e != nil && !x.isGrave(e) && !do(e) {
			return
		}
	}
}

// now is the generation to note before reading a token from the database.
func (x *index) now() uint64 {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.generation
}

// change notes that the tokens with these digests have changed: what was read before is
// not to be kept. The caller holds mu.
func (x *index) change(digests ...[32]byte) {
	x.generation++
	if x.loading != nil {
		for _, d := range digests {
			x.loading.touched[d] = true
		}
	}
}

// clear forgets everything. The caller holds mu.
func (x *index) clear() {
	x.live, x.used = 0, 0
	x.legacy.Store(0)
	x.table.Store(nil)
}
