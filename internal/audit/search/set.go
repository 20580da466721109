package search

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"

	"github.com/RoaringBitmap/roaring/v2/roaring64"
)

// Set is a set of event numbers, which are positive.
type Set struct{ numbers *roaring64.Bitmap }

// NewSet returns a set of the given numbers.
func NewSet(numbers ...int64) Set {
	s := Set{roaring64.New()}
	for _, n := range numbers {
		s.Add(n)
	}
	return s
}

// Add adds a number.
func (s Set) Add(n int64) { s.numbers.Add(uint64(n)) }

// AddRow adds the numbers of a row that [Index.Row] returned. If the row is damaged or belongs to
// another block, AddRow returns an error and adds nothing.
func (s Set) AddRow(block int64, row []byte) error {
	numbers, err := parseRow(block, row)
	if err != nil {
		return err
	}
	// A union copies the set's numbers of the block. A word with which many names begin has
	// thousands of rows of few numbers: adding those one by one made its page 30 % faster.
	if numbers.GetCardinality() <= smallRow {
		s.numbers.AddMany(numbers.ToArray())
	} else {
		s.numbers.Or(numbers)
	}
	return nil
}

// smallRow is how many numbers are added one by one.
const smallRow = 16

// Intersect removes the numbers that are not in other.
func (s Set) Intersect(other Set) { s.numbers.And(other.numbers) }

// Subtract removes the numbers that are in other.
func (s Set) Subtract(other Set) { s.numbers.AndNot(other.numbers) }

// Clip removes the numbers outside of r.
func (s Set) Clip(r Range) {
	s.numbers.RemoveRange(0, uint64(max(r.Low, 0)))
	s.numbers.RemoveRange(uint64(max(r.High, 0))+1, math.MaxUint64)
}

// Len returns how many numbers are in the set.
func (s Set) Len() int { return int(s.numbers.GetCardinality()) }

// CountBelow returns how many numbers are less than n.
func (s Set) CountBelow(n int64) int {
	if n <= 0 {
		return 0
	}
	return int(s.numbers.Rank(uint64(n - 1)))
}

// Slice returns the numbers at the positions i to j-1 in ascending order, as far as there are any.
func (s Set) Slice(i, j int) []int64 {
	first, err := s.numbers.Select(uint64(i))
	if err != nil || i >= j {
		return nil // there are no more than i
	}
	out := make([]int64, 0, j-i)
	it := s.numbers.Iterator()
	for it.AdvanceIfNeeded(first); it.HasNext() && len(out) < j-i; {
		out = append(out, int64(it.Next()))
	}
	return out
}

// errDamaged is the error of a row that no index has written.
var errDamaged = errors.New("search: the index is damaged")

// parseRow reads a row of a block.
func parseRow(block int64, row []byte) (*roaring64.Bitmap, error) {
	// The library allocates whatever size the first eight bytes claim. In a row it is 1.
	if len(row) < 8 || binary.LittleEndian.Uint64(row) != 1 {
		return nil, errDamaged
	}
	numbers := roaring64.New()
	read, err := numbers.ReadFrom(bytes.NewReader(row))
	if err != nil || read != int64(len(row)) || numbers.Validate() != nil ||
		BlockOf(int64(numbers.Minimum())) != block || BlockOf(int64(numbers.Maximum())) != block {
		return nil, errDamaged
	}
	return numbers, nil
}
