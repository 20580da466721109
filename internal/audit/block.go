package audit

// The index is kept in blocks of two sizes: small ones as soon as they are full, so that few
// events are left to read one by one, and large ones made of sixteen of them, so that a
// search looks at few blocks.
const (
	SmallBlock = span
	LargeBlock = 16 * SmallBlock
)

// Block is a run of numbers of events that is indexed as one.
type Block struct{ First, Size int64 }

// Last is the last number of the block.
func (b Block) Last() int64 { return b.First + b.Size - 1 }

// blockAt is the block of the size that holds a number: blocks begin at multiples of it.
func blockAt(seq, size int64) Block { return Block{(seq-1)/size*size + 1, size} }

// overlaps reports whether the two have a number in common.
func (b Block) overlaps(o Block) bool { return b.First <= o.Last() && o.First <= b.Last() }

// Gaps lists the parts of the numbers from low to high, both included, that none of the blocks
// holds, as first and last numbers. The blocks come in the order of their first numbers and
// do not overlap.
func Gaps(blocks []Block, low, high int64) [][2]int64 {
	var out [][2]int64
	for _, b := range blocks {
		if low < b.First && low <= high {
			out = append(out, [2]int64{low, min(high, b.First-1)})
		}
		low = max(low, b.Last()+1)
	}
	if low <= high {
		out = append(out, [2]int64{low, high})
	}
	return out
}

// NextBlock says which block to index next, and which ones that then replaces. Blocks are those
// that are indexed, floor is the last event that was pruned and head the newest. More is
// false when there is nothing to do.
func NextBlock(blocks []Block, floor, head int64) (next Block, replaced []Block, more bool) {
	for _, gap := range Gaps(blocks, floor+1, head) {
		large, small := blockAt(gap[0], LargeBlock), blockAt(gap[0], SmallBlock)
		switch {
		case large.Last() <= head && len(within(blocks, large)) == 0:
			return large, nil, true
		case small.Last() <= head:
			return small, nil, true
		}
	}
	for _, b := range blocks {
		large := blockAt(b.First, LargeBlock)
		if b.Size == SmallBlock && len(Gaps(blocks, max(large.First, floor+1), large.Last())) == 0 {
			return large, within(blocks, large), true
		}
	}
	return Block{}, nil, false
}

func within(blocks []Block, large Block) []Block {
	var out []Block
	for _, b := range blocks {
		if b.overlaps(large) {
			out = append(out, b)
		}
	}
	return out
}
