package audit

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// some is a set of numbers up to most, each in it with the given chance, and the same as a list.
func some(r *rand.Rand, most int64, chance float64) (*Seqs, []int64) {
	set, list := NewSeqs(), []int64{}
	for seq := int64(1); seq <= most; seq++ {
		if r.Float64() < chance {
			set.Add(seq)
			list = append(list, seq)
		}
	}
	return set, list
}

func listed(s *Seqs) []int64 {
	out := s.Above(0, 0, 1<<30)
	if out == nil {
		return []int64{}
	}
	return out
}

func TestSeqs_AreASetWhateverTheirDensity(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, chance := range []float64{0, 0.0005, 0.05, 0.5, 1} {
		set, list := some(r, 5*span, chance)
		if diff := cmp.Diff(list, listed(set)); diff != "" {
			t.Fatalf("chance %v: (-want +got)\n%s", chance, diff)
		}
		if set.Len() != len(list) {
			t.Errorf("chance %v: Len %d, want %d", chance, set.Len(), len(list))
		}
	}
}

func TestStored_IsReadAsItWasWritten(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	for _, b := range []Block{{1, SmallBlock}, {SmallBlock + 1, SmallBlock}, {1, LargeBlock}, {2*LargeBlock + 1, LargeBlock}} {
		for _, chance := range []float64{0, 0.0005, 0.05, 0.5, 1} {
			want, offsets := []int64{}, []uint16{}
			for i := range b.Size {
				if r.Float64() < chance {
					want, offsets = append(want, b.First+i), append(offsets, uint16(i))
				}
			}
			form, set := encode(offsets, b.Size), NewSeqs()
			if most := int(1 + b.Size/8); len(form) > most {
				t.Errorf("%+v takes %d bytes, more than its bits", b, len(form))
			}
			if err := set.AddStored(b, form); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, listed(set)); diff != "" {
				t.Errorf("%+v, chance %v (-want +got)\n%s", b, chance, diff)
			}
		}
	}
}

func TestSeqs_PagesBothWaysSeeEachNumberOnce(t *testing.T) {
	set, list := some(rand.New(rand.NewPCG(3, 4)), 4*span, 0.3)
	var up, down []int64
	for page := set.Above(0, 0, 25); len(page) > 0; page = set.Above(page[len(page)-1], 0, 25) {
		up = append(up, page...)
	}
	for page := set.Below(1<<62, 0, 25); len(page) > 0; page = set.Below(page[len(page)-1], 0, 25) {
		down = append(down, page...)
	}
	slices.Reverse(down)
	if !slices.Equal(up, list) || !slices.Equal(down, list) {
		t.Errorf("%d up and %d down, want %d", len(up), len(down), len(list))
	}
}

func TestSeqs_SkippingIsCountingFromTheEnd(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	set, list := some(r, 6*span, 0.4)
	down := slices.Clone(list)
	slices.Reverse(down)
	for range 200 {
		seq, skip, n := r.Int64N(6*span), r.IntN(len(list)), 1+r.IntN(100)
		above := list[slices.IndexFunc(append(list, 1<<62), func(i int64) bool { return i > seq }):]
		below := down[slices.IndexFunc(append(down, -1), func(i int64) bool { return i < seq }):]
		for name, got := range map[string][][]int64{"above": {set.Above(seq, skip, n), above}, "below": {set.Below(seq, skip, n), below}} {
			want := got[1][min(skip, len(got[1])):]
			if want = want[:min(n, len(want))]; !slices.Equal(got[0], want) {
				t.Fatalf("%d %s %d after %d: %d numbers, want %d", n, name, seq, skip, len(got[0]), len(want))
			}
		}
	}
}

func TestSeqs_CountsClipAndIntersectAsListsDo(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 50 {
		most := int64(4 * span)
		a, listA := some(r, most, r.Float64())
		b, listB := some(r, most, r.Float64())
		low, high := r.Int64N(most), r.Int64N(most)
		bounds := []int64{r.Int64N(most), r.Int64N(most), r.Int64N(most), r.Int64N(most)}
		slices.Sort(bounds)
		bounds = append(bounds, bounds[3], most+5)
		a.Intersect(b)
		a.Clip(low, high)
		want := slices.DeleteFunc(listA, func(n int64) bool { return n < low || n > high || !slices.Contains(listB, n) })
		if !slices.Equal(listed(a), want) {
			t.Fatalf("from %d to %d: %d numbers, want %d", low, high, a.Len(), len(want))
		}
		counts := make([]int, len(bounds))
		for _, n := range want {
			for i := len(bounds) - 1; i >= 0; i-- {
				if n >= bounds[i] {
					counts[i]++
					break
				}
			}
		}
		if diff := cmp.Diff(counts, a.Counts(bounds)); diff != "" {
			t.Fatalf("counts in %v (-want +got)\n%s", bounds, diff)
		}
	}
}

func TestSeqs_ADamagedRowIsAnError(t *testing.T) {
	for name, stored := range map[string][]byte{
		"nothing": {}, "no such form": {9, 0, 0}, "half a number": {formList, 1}, "beyond the block": {formList, 0x00, 0x04},
		"too few bits": {formBits, 1, 2},
	} {
		if err := NewSeqs().AddStored(Block{1, SmallBlock}, stored); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
