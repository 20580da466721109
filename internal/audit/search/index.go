package search

import (
	"cmp"
	"maps"
	"slices"

	"github.com/RoaringBitmap/roaring/v2/roaring64"
)

// Key names a row of a block: a term of one organization.
type Key struct{ Organization, Term string }

// Index collects what some events of a block add to its rows.
type Index struct {
	events Range
	rows   map[Key][]uint64 // numbers in ascending order
}

// NewIndex returns an empty index to which the given events, all of one block, are to be added.
func NewIndex(events Range) *Index { return &Index{events, map[Key][]uint64{}} }

// Add adds an event with its terms, of which some may be equal. Events must be added in the order
// of their numbers.
func (x *Index) Add(seq int64, organization string, terms []string) {
	for _, term := range terms {
		key, n := Key{organization, term}, uint64(seq)
		row := x.rows[key]
		if len(row) == 0 || row[len(row)-1] != n {
			x.rows[key] = append(row, n)
		}
	}
}

// Len returns how many rows the index has.
func (x *Index) Len() int { return len(x.rows) }

// Keys returns the keys of the rows, sorted.
func (x *Index) Keys() []Key {
	return slices.SortedFunc(maps.Keys(x.rows), func(a, b Key) int {
		return cmp.Or(cmp.Compare(a.Organization, b.Organization), cmp.Compare(a.Term, b.Term))
	})
}

// Row returns the row to store under a key: the numbers of the index, and those of the stored row,
// which is nil if there is none. It returns an error if that row is damaged.
func (x *Index) Row(k Key, stored []byte) ([]byte, error) {
	numbers := roaring64.New()
	if stored != nil {
		var err error
		if numbers, err = parseRow(BlockOf(x.events.Low), stored); err != nil {
			return nil, err
		}
	}
	numbers.AddMany(x.rows[k])
	numbers.RunOptimize()
	return numbers.ToBytes()
}

// FirstDifference compares the index with the stored rows of its block, and returns the first
// of its events that has a term in only one of them; 0 when they are the same. A damaged row
// differs in every event.
func (x *Index) FirstDifference(stored map[Key][]byte) int64 {
	first := int64(0)
	note := func(k Key) {
		if seq := x.differenceIn(k, stored[k]); seq > 0 && (first == 0 || seq < first) {
			first = seq
		}
	}
	for k := range x.rows {
		note(k)
	}
	for k := range stored {
		note(k)
	}
	return first
}

func (x *Index) differenceIn(k Key, stored []byte) int64 {
	set := NewSet()
	if stored != nil && set.AddRow(BlockOf(x.events.Low), stored) != nil {
		return x.events.Low
	}
	set.Clip(x.events)
	set.numbers.Xor(roaring64.BitmapOf(x.rows[k]...))
	if set.numbers.IsEmpty() {
		return 0
	}
	return int64(set.numbers.Minimum())
}
