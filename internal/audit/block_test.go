package audit

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestGaps_AreWhatNoBlockHolds(t *testing.T) {
	small := func(n int64) Block { return Block{n*SmallBlock + 1, SmallBlock} }
	for name, c := range map[string]struct {
		blocks    []Block
		low, high int64
		want      [][2]int64
	}{
		"no blocks":        {nil, 5, 9, [][2]int64{{5, 9}}},
		"nothing at all":   {nil, 5, 4, nil},
		"behind":           {[]Block{small(0)}, 10, SmallBlock + 3, [][2]int64{{SmallBlock + 1, SmallBlock + 3}}},
		"between":          {[]Block{small(0), small(2)}, 1, 3 * SmallBlock, [][2]int64{{SmallBlock + 1, 2 * SmallBlock}}},
		"before":           {[]Block{small(1)}, 7, 2 * SmallBlock, [][2]int64{{7, SmallBlock}}},
		"inside one":       {[]Block{small(0)}, 7, 8, nil},
		"none of it":       {[]Block{small(5)}, 7, 8, [][2]int64{{7, 8}}},
		"large and small":  {[]Block{{1, LargeBlock}, small(16)}, 1, 17*SmallBlock + 1, [][2]int64{{17*SmallBlock + 1, 17*SmallBlock + 1}}},
		"beyond the block": {[]Block{small(0)}, SmallBlock + 1, SmallBlock + 2, [][2]int64{{SmallBlock + 1, SmallBlock + 2}}},
	} {
		if diff := cmp.Diff(c.want, Gaps(c.blocks, c.low, c.high)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}

// TestNextBlock_EndsWithEveryFullBlockOnce lets logs grow in steps of all sizes, prunes them, and
// does what NextBlock says until it has nothing more to do.
func TestNextBlock_EndsWithEveryFullBlockOnce(t *testing.T) {
	for _, step := range []int64{1, 700, SmallBlock, 5 * SmallBlock, LargeBlock, 3*LargeBlock + 77} {
		var blocks []Block
		floor := int64(0)
		for head := int64(0); head < 4*LargeBlock; head += step {
			if step > 1 || head%97 == 0 {
				blocks = settle(t, blocks, floor, head)
				checkBlocks(t, blocks, floor, head)
			}
		}
		floor = LargeBlock + 3*SmallBlock + 5
		blocks = slices.DeleteFunc(settle(t, blocks, 0, 4*LargeBlock), func(b Block) bool { return b.First <= floor })
		checkBlocks(t, settle(t, blocks, floor, 4*LargeBlock), floor, 4*LargeBlock)
	}
}

func settle(t *testing.T, blocks []Block, floor, head int64) []Block {
	t.Helper()
	for n := 0; ; n++ {
		next, replaced, more := NextBlock(blocks, floor, head)
		if !more {
			return blocks
		}
		if n > 200 {
			t.Fatalf("it never ends: %v", next)
		}
		blocks = slices.DeleteFunc(slices.Clone(blocks), func(b Block) bool { return slices.Contains(replaced, b) })
		blocks = append(blocks, next)
		slices.SortFunc(blocks, func(a, b Block) int { return int(a.First - b.First) })
	}
}

// checkBlocks wants no overlap, fewer events left over than a small block has, and few blocks.
func checkBlocks(t *testing.T, blocks []Block, floor, head int64) {
	t.Helper()
	for i, b := range blocks {
		if i > 0 && b.overlaps(blocks[i-1]) {
			t.Fatalf("%v overlaps %v", b, blocks[i-1])
		}
		if b.Last() > head {
			t.Fatalf("%v is not full at %d", b, head)
		}
	}
	for _, gap := range Gaps(blocks, floor+1, head) {
		if gap[1]-gap[0]+1 >= 2*SmallBlock || gap[1] != head {
			t.Fatalf("at %d: %v is left over", head, gap)
		}
	}
	if most := int(head/LargeBlock) + 16; len(blocks) > most {
		t.Fatalf("at %d: %d blocks", head, len(blocks))
	}
}
