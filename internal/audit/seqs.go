package audit

import (
	"encoding/binary"
	"errors"
	"maps"
	"math/bits"
	"slices"
)

// BlockSize is how many events share a row of the index.
const BlockSize = 2048

// BlockOf is the block of the event with a number.
func BlockOf(seq int64) int64 { return (seq - 1) / BlockSize }

// BlockStart is the number of a block's first event.
func BlockStart(block int64) int64 { return block*BlockSize + 1 }

// Bits is a subset of one block: bit i stands for the event BlockStart+i.
type Bits [BlockSize / 64]uint64

// add puts the event with the number in; it must be of the block.
func (b *Bits) add(seq int64) {
	i := (seq - 1) % BlockSize
	b[i/64] |= 1 << (i % 64)
}

func (b *Bits) count() int {
	n := 0
	for _, word := range b {
		n += bits.OnesCount64(word)
	}
	return n
}

// The two stored forms: numbers of bits, while that is shorter, or all the bits.
const (
	formList byte = 1
	formBits byte = 2
)

// Encode is the form that the index stores.
func (b *Bits) Encode() []byte {
	if n := b.count(); 2*n < BlockSize/8 {
		out := append(make([]byte, 0, 1+2*n), formList)
		for w, word := range b {
			for ; word != 0; word &= word - 1 {
				out = binary.LittleEndian.AppendUint16(out, uint16(w*64+bits.TrailingZeros64(word)))
			}
		}
		return out
	}
	out := append(make([]byte, 0, 1+BlockSize/8), formBits)
	for _, word := range b {
		out = binary.LittleEndian.AppendUint64(out, word)
	}
	return out
}

var errBits = errors.New("audit: the index is damaged")

// union adds the events of a stored form.
func (b *Bits) union(stored []byte) error {
	if len(stored) == 0 {
		return errBits
	}
	switch body := stored[1:]; {
	case stored[0] == formList && len(body)%2 == 0:
		for ; len(body) > 0; body = body[2:] {
			i := binary.LittleEndian.Uint16(body)
			if i >= BlockSize {
				return errBits
			}
			b[i/64] |= 1 << (i % 64)
		}
	case stored[0] == formBits && len(body) == BlockSize/8:
		for i := range b {
			b[i] |= binary.LittleEndian.Uint64(body[8*i:])
		}
	default:
		return errBits
	}
	return nil
}

// Seqs is a set of numbers of events. The zero value is not ready: use [NewSeqs].
type Seqs struct{ blocks map[int64]*Bits }

// NewSeqs makes an empty set.
func NewSeqs() *Seqs { return &Seqs{blocks: map[int64]*Bits{}} }

func (s *Seqs) block(n int64) *Bits {
	b := s.blocks[n]
	if b == nil {
		b = &Bits{}
		s.blocks[n] = b
	}
	return b
}

// Add puts a number in.
func (s *Seqs) Add(seq int64) { s.block(BlockOf(seq)).add(seq) }

// AddStored adds the events of a block in their stored form.
func (s *Seqs) AddStored(block int64, stored []byte) error { return s.block(block).union(stored) }

// Intersect keeps what is also in other.
func (s *Seqs) Intersect(other *Seqs) {
	for n, b := range s.blocks {
		o := other.blocks[n]
		if o == nil {
			delete(s.blocks, n)
			continue
		}
		for i := range b {
			b[i] &= o[i]
		}
	}
}

// Clip keeps the numbers from low to high, both included.
func (s *Seqs) Clip(low, high int64) {
	for n, b := range s.blocks {
		switch start := BlockStart(n); {
		case high < start || low >= start+BlockSize:
			delete(s.blocks, n)
		case low > start || high < start+BlockSize-1:
			mask := between(start, low, high)
			for i := range b {
				b[i] &= mask[i]
			}
		}
	}
}

// between is the part of the block with the first number start that lies from low to high.
func between(start, low, high int64) *Bits {
	var b Bits
	for seq := max(low, start); seq <= min(high, start+BlockSize-1); seq++ {
		b.add(seq)
	}
	return &b
}

// Len is how many numbers are in the set.
func (s *Seqs) Len() int {
	n := 0
	for _, b := range s.blocks {
		n += b.count()
	}
	return n
}

// Counts is how many numbers lie in each part of the number line that begins at a bound and
// ends before the next; bounds ascend, and the last part ends nowhere.
func (s *Seqs) Counts(bounds []int64) []int {
	out := make([]int, len(bounds))
	for n, b := range s.blocks {
		first, last := partOf(bounds, BlockStart(n)), partOf(bounds, BlockStart(n)+BlockSize-1)
		if first == last {
			if first >= 0 {
				out[first] += b.count()
			}
			continue
		}
		b.each(n, func(seq int64) {
			if part := partOf(bounds, seq); part >= 0 {
				out[part]++
			}
		})
	}
	return out
}

// partOf is the last part that begins at or before seq; -1 is before all of them.
func partOf(bounds []int64, seq int64) int {
	i, found := slices.BinarySearch(bounds, seq)
	for found && i+1 < len(bounds) && bounds[i+1] == seq { // empty parts come before
		i++
	}
	if found {
		return i
	}
	return i - 1
}

func (b *Bits) each(block int64, do func(seq int64)) {
	for w, word := range b {
		for ; word != 0; word &= word - 1 {
			do(BlockStart(block) + int64(w*64+bits.TrailingZeros64(word)))
		}
	}
}

// Above lists up to n numbers greater than seq, ascending.
func (s *Seqs) Above(seq int64, n int) []int64 {
	var out []int64
	for _, block := range slices.Sorted(maps.Keys(s.blocks)) {
		if BlockStart(block)+BlockSize-1 <= seq {
			continue
		}
		s.blocks[block].each(block, func(found int64) {
			if found > seq && len(out) < n {
				out = append(out, found)
			}
		})
		if len(out) == n {
			break
		}
	}
	return out
}

// Below lists up to n numbers less than seq, descending.
func (s *Seqs) Below(seq int64, n int) []int64 {
	var out []int64
	for _, block := range slices.Backward(slices.Sorted(maps.Keys(s.blocks))) {
		if BlockStart(block) >= seq {
			continue
		}
		b := s.blocks[block]
		for w := len(b) - 1; w >= 0 && len(out) < n; w-- {
			for word := b[w]; word != 0 && len(out) < n; {
				top := 63 - bits.LeadingZeros64(word)
				word &^= 1 << top
				if found := BlockStart(block) + int64(w*64+top); found < seq {
					out = append(out, found)
				}
			}
		}
		if len(out) == n {
			break
		}
	}
	return out
}
