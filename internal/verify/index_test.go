package verify

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"testing"
	"unsafe"
)

// TestEntry_FillsItsSizeClass keeps a field that is added from costing each token the next size class.
func TestEntry_FillsItsSizeClass(t *testing.T) {
	if size := unsafe.Sizeof(entry{}); size > 144 {
		t.Errorf("an entry has %d bytes, so the allocator takes 160 or more", size)
	}
}

func TestPacked_KeepsEveryText(t *testing.T) {
	for _, r := range []Record{{}, {ID: "id"}, {Hint: "lk_…abcd"}, {Name: "a name"}, {ID: "i", Hint: "h", Name: "n", Legacy: true}} {
		if p := pack(r); p.id() != r.ID || p.hint() != r.Hint || p.name() != r.Name || p.legacy() != r.Legacy {
			t.Errorf("%+v: %q %q %q %v", r, p.id(), p.hint(), p.name(), p.legacy())
		}
	}
}

// TestShard_HoldsWhatAMapHolds makes collisions likely: all digests begin their search at one of four slots.
func TestShard_HoldsWhatAMapHolds(t *testing.T) {
	var s shard
	model := map[[32]byte]*entry{}
	digest := func(n int) [32]byte {
		d := sha256.Sum256(fmt.Append(nil, n))
		d[1], d[2], d[3], d[4] = byte(n%4)*3+254, byte(n%2)*255, 0, 0
		return d
	}
	for step := range 20000 {
		d := digest(rand.IntN(200))
		if rand.IntN(2) == 0 {
			e := &entry{digest: d}
			s.put(e)
			model[d] = e
		} else {
			if got := s.remove(&d); got != model[d] {
				t.Fatalf("step %d: removed %p, want %p", step, got, model[d])
			}
			delete(model, d)
		}
		if s.used != len(model) {
			t.Fatalf("step %d: %d entries, want %d", step, s.used, len(model))
		}
		if step%50 == 0 {
			for n := range 200 {
				if d := digest(n); s.find(&d) != model[d] {
					t.Fatalf("step %d: entry %d is %p, want %p", step, n, s.find(&d), model[d])
				}
			}
		}
	}
}
