package search

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// random returns a set of numbers up to most, each in it with the given chance, and the same as
// a list.
func random(r *rand.Rand, most int64, chance float64) (Set, []int64) {
	var list []int64
	for n := int64(1); n <= most; n++ {
		if r.Float64() < chance {
			list = append(list, n)
		}
	}
	return NewSet(list...), list
}

func TestSet_SlicesAndCountsAsAListDoes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, chance := range []float64{0, 0.0001, 0.05, 0.5, 1} {
		set, list := random(r, 3*BlockSize, chance)
		if set.Len() != len(list) {
			t.Errorf("chance %v: %d numbers, want %d", chance, set.Len(), len(list))
		}
		for range 100 {
			i := r.IntN(len(list) + 1)
			j := i + r.IntN(100)
			want := list[i:min(j, len(list))]
			if got := set.Slice(i, j); !slices.Equal(got, want) {
				t.Fatalf("chance %v, from %d to %d: %v, want %v", chance, i, j, got, want)
			}
			n := r.Int64N(4*BlockSize) - 10
			below := slices.IndexFunc(append(list, math.MaxInt64), func(m int64) bool { return m >= n })
			if got := set.CountBelow(n); got != below {
				t.Fatalf("chance %v: %d below %d, want %d", chance, got, n, below)
			}
		}
	}
}

func TestSet_IntersectsAndClips(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 30 {
		a, list := random(r, 2*BlockSize, r.Float64())
		b, other := random(r, 2*BlockSize, r.Float64())
		within := Range{r.Int64N(BlockSize), r.Int64N(2 * BlockSize)}
		a.Intersect(b)
		a.Clip(within)
		var want []int64
		for _, n := range list {
			if _, both := slices.BinarySearch(other, n); both && n >= within.Low && n <= within.High {
				want = append(want, n)
			}
		}
		if got := a.Slice(0, a.Len()); !slices.Equal(got, want) {
			t.Fatalf("in %v: %d numbers, want %d", within, len(got), len(want))
		}
	}
	for _, within := range []Range{{1, math.MaxInt64}, {-5, 40}} {
		set := NewSet(1, 40)
		if set.Clip(within); set.Len() != 2 {
			t.Errorf("%v leaves %v", within, set.Slice(0, 2))
		}
	}
	for _, within := range []Range{{1, 0}, {41, math.MaxInt64}, {5, -5}} {
		set := NewSet(1, 40)
		if set.Clip(within); set.Len() != 0 {
			t.Errorf("%v leaves %v", within, set.Slice(0, 2))
		}
	}
}

func TestSet_NumbersMayBeLarge(t *testing.T) {
	const n = 1<<32 + 5
	x := NewIndex(Range{n, n + 9})
	x.Add(n, "acme", []string{"term"})
	row, err := x.Row(Key{"acme", "term"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	set := NewSet(3)
	if err := set.AddRow(BlockOf(n), row); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int64{3, n}, set.Slice(0, 9)); diff != "" || set.CountBelow(n) != 1 {
		t.Errorf("%d below it (-want +got)\n%s", set.CountBelow(n), diff)
	}
}
