package search

import (
	"cmp"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

func TestGaps_AreWhatNoBlockHolds(t *testing.T) {
	block := func(n int64) Range { return Range{n * BlockSize, (n+1)*BlockSize - 1} }
	for name, c := range map[string]struct {
		indexed []Range
		within  Range
		want    []Range
	}{
		"nothing indexed": {nil, Range{5, 9}, []Range{{5, 9}}},
		"an empty range":  {nil, Range{5, 4}, nil},
		"after a block":   {[]Range{block(0)}, Range{10, BlockSize + 3}, []Range{{BlockSize, BlockSize + 3}}},
		"between blocks":  {[]Range{block(0), block(2)}, Range{1, 3*BlockSize - 1}, []Range{{BlockSize, 2*BlockSize - 1}}},
		"before a block":  {[]Range{block(1)}, Range{7, 2*BlockSize - 1}, []Range{{7, BlockSize - 1}}},
		"inside a block":  {[]Range{block(0)}, Range{7, 8}, nil},
		"elsewhere":       {[]Range{block(5)}, Range{7, 8}, []Range{{7, 8}}},
		"a block begun": {[]Range{{20, 99}, block(1)}, Range{50, 2 * BlockSize},
			[]Range{{100, BlockSize - 1}, {2 * BlockSize, 2 * BlockSize}}},
		"begun and beyond": {[]Range{{20, 99}}, Range{200, 300}, []Range{{200, 300}}},
	} {
		if diff := gocmp.Diff(c.want, Gaps(c.indexed, c.within)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}

// TestNext_LeavesFewEventsUnindexed lets a log grow in steps of all sizes, prunes it, and does
// what Next says until it has nothing more to do. A step may end early.
func TestNext_LeavesFewEventsUnindexed(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	for _, growth := range []int64{700, MinStep, 5 * MinStep, BlockSize, 3*BlockSize + 77} {
		indexed, log := map[int64]Range{}, Range{1, 0}
		for log.High < 5*BlockSize {
			log.High += growth
			if r.IntN(4) == 0 {
				log.Low += r.Int64N(log.High - log.Low + 1)
				maps.DeleteFunc(indexed, func(_ int64, in Range) bool { return in.Low < log.Low })
			}
			settle(t, r, indexed, log)
			for _, gap := range Gaps(ascending(indexed), log) {
				if gap.High != log.High || gap.High-gap.Low >= MinStep {
					t.Fatalf("in %v %v is not indexed: %v", log, gap, indexed)
				}
			}
		}
	}
}

func ascending(indexed map[int64]Range) []Range {
	return slices.SortedFunc(maps.Values(indexed), func(a, b Range) int { return cmp.Compare(a.Low, b.Low) })
}

// settle indexes all that is to be indexed, by block.
func settle(t *testing.T, r *rand.Rand, indexed map[int64]Range, log Range) {
	t.Helper()
	for range 1000 {
		next, ok := Next(ascending(indexed), log)
		if !ok {
			return
		}
		block := BlockOf(next.Low)
		if BlockOf(next.High) != block || next.Low < log.Low || next.High > log.High {
			t.Fatalf("%v is not of one block in %v", next, log)
		}
		next.High -= r.Int64N(next.High-next.Low+1) / 2
		if before, begun := indexed[block]; begun {
			if next.Low != before.High+1 {
				t.Fatalf("%v does not continue %v", next, before)
			}
			next.Low = before.Low
		}
		indexed[block] = next
	}
	t.Fatal("it never ends")
}
