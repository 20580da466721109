package search

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestGaps_AreWhatNoBlockHolds(t *testing.T) {
	full := func(n int64) Block { return Block{n, (n+1)*BlockSize - 1} }
	for name, c := range map[string]struct {
		blocks []Block
		within Range
		want   []Range
	}{
		"no blocks":        {nil, Range{5, 9}, []Range{{5, 9}}},
		"an empty range":   {nil, Range{5, 4}, nil},
		"after a block":    {[]Block{full(0)}, Range{10, BlockSize + 3}, []Range{{BlockSize, BlockSize + 3}}},
		"between blocks":   {[]Block{full(0), full(2)}, Range{1, 3*BlockSize - 1}, []Range{{BlockSize, 2*BlockSize - 1}}},
		"before a block":   {[]Block{full(1)}, Range{7, 2*BlockSize - 1}, []Range{{7, BlockSize - 1}}},
		"inside a block":   {[]Block{full(0)}, Range{7, 8}, nil},
		"elsewhere":        {[]Block{full(5)}, Range{7, 8}, []Range{{7, 8}}},
		"a block begun":    {[]Block{{0, 99}, full(1)}, Range{50, 2 * BlockSize}, []Range{{100, BlockSize - 1}, {2 * BlockSize, 2 * BlockSize}}},
		"begun and beyond": {[]Block{{0, 99}}, Range{200, 300}, []Range{{200, 300}}},
	} {
		if diff := cmp.Diff(c.want, Gaps(c.blocks, c.within)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}

// TestNext_LeavesFewEventsUnindexed lets a log grow in steps of all sizes, is pruned, and does
// what Next says until it has nothing more to do. A step may end early.
func TestNext_LeavesFewEventsUnindexed(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	for _, growth := range []int64{700, MinStep, 5 * MinStep, BlockSize, 3*BlockSize + 77} {
		var blocks []Block
		log := Range{1, 0}
		for log.High < 5*BlockSize {
			log.High += growth
			if r.IntN(4) == 0 {
				log.Low += r.Int64N(log.High - log.Low + 1)
				blocks = slices.DeleteFunc(blocks, func(b Block) bool { return b.Number <= BlockOf(log.Low-1) })
			}
			blocks = settle(t, r, blocks, log)
			for _, gap := range Gaps(blocks, log) {
				if gap.High != log.High || gap.High-gap.Low >= MinStep {
					t.Fatalf("in %v %v is not indexed: %v", log, gap, blocks)
				}
			}
		}
	}
}

// settle indexes all that is to be indexed.
func settle(t *testing.T, r *rand.Rand, blocks []Block, log Range) []Block {
	t.Helper()
	for range 1000 {
		next, ok := Next(blocks, log)
		if !ok {
			return blocks
		}
		if BlockOf(next.Low) != BlockOf(next.High) || next.Low < log.Low || next.High > log.High {
			t.Fatalf("%v is not of one block in %v", next, log)
		}
		end := next.High - r.Int64N(next.High-next.Low+1)/2
		b := Block{BlockOf(next.Low), end}
		i, found := slices.BinarySearchFunc(blocks, b, func(a, b Block) int { return int(a.Number - b.Number) })
		if found {
			blocks[i] = b
		} else {
			blocks = slices.Insert(blocks, i, b)
		}
	}
	t.Fatal("it never ends")
	return nil
}
