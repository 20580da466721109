package search

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// third is the range of the block that the tests index.
func third() Range { return Range{3 * BlockSize, 4*BlockSize - 1} }

func TestIndex_RowsGrowFromStepToStep(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	chances := map[string]float64{"none": 0, "rare": 0.0005, "some": 0.1, "often": 0.6, "all": 1}
	want := map[string][]int64{}
	stored := map[Key][]byte{}
	for from := third().Low; from <= third().High; from += BlockSize / 4 {
		x := NewIndex(Range{from, from + BlockSize/4 - 1})
		for seq := from; seq < from+BlockSize/4; seq++ {
			var terms []string
			for term, chance := range chances {
				if r.Float64() < chance {
					terms = append(terms, term, term)
					want[term] = append(want[term], seq)
				}
			}
			x.Add(seq, "acme", terms)
		}
		for _, k := range x.Keys() {
			row, err := x.Row(k, stored[k])
			if err != nil {
				t.Fatal(err)
			}
			stored[k] = row
		}
	}
	got := map[string][]int64{}
	for k, row := range stored {
		set := NewSet()
		if err := set.AddRow(3, row); err != nil {
			t.Fatal(err)
		}
		got[k.Term] = set.Slice(0, set.Len())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows (-want +got)\n%s", diff)
	}
	if n := len(stored[Key{"acme", "all"}]); n > 50 {
		t.Errorf("a row of all events takes %d bytes", n)
	}
}

// rowOf returns the row of some events of a block.
func rowOf(t testing.TB, seqs ...int64) []byte {
	t.Helper()
	x := NewIndex(Range{seqs[0], seqs[len(seqs)-1]})
	for _, seq := range seqs {
		x.Add(seq, "acme", []string{"term"})
	}
	row, err := x.Row(Key{"acme", "term"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return row
}

func TestAddRow_RefusesADamagedRow(t *testing.T) {
	good := rowOf(t, 5, 6, 7, 99)
	for name, row := range map[string][]byte{
		"nothing":           {},
		"a row of old":      {1, 5, 0},
		"a huge size":       append([]byte{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0}, good[8:]...),
		"no content":        {0, 0, 0, 0, 0, 0, 0, 0},
		"half a row":        good[:len(good)-3],
		"more than a row":   append(slices.Clone(good), 0),
		"of another block":  rowOf(t, BlockSize+3),
		"of two blocks":     rowOf(t, 3, BlockSize+3),
		"not in order":      append(slices.Clone(good[:len(good)-4]), 99, 0, 7, 0),
		"a number too many": append(slices.Clone(good[:len(good)-4]), 7, 0, 7, 0),
	} {
		set := NewSet(1)
		if err := set.AddRow(0, row); err == nil || set.Len() != 1 {
			t.Errorf("%s: %v, %d numbers", name, err, set.Len())
		}
	}
	x := NewIndex(Range{1, 9})
	if _, err := x.Row(Key{"acme", "term"}, []byte{1, 5, 0}); err == nil {
		t.Error("a damaged row is added to")
	}
}

// FuzzAddRow looks for rows that the library accepts and then cannot use.
func FuzzAddRow(f *testing.F) {
	f.Add(rowOf(f, 1, 2, 3, 77))
	f.Add(rowOf(f, 4))
	all := make([]int64, 0, BlockSize/2)
	for n := int64(1); n < BlockSize; n += 2 {
		all = append(all, n)
	}
	f.Add(rowOf(f, all...))
	f.Fuzz(func(t *testing.T, row []byte) {
		set := NewSet(3, 1000)
		if set.AddRow(0, row) != nil {
			return
		}
		numbers := set.Slice(0, set.Len())
		if len(numbers) != set.Len() || !slices.IsSorted(numbers) || numbers[len(numbers)-1] >= BlockSize {
			t.Errorf("%x: %v", row, numbers)
		}
	})
}

func TestFirstDifference_NamesTheFirstEvent(t *testing.T) {
	events := Range{third().Low + 100, third().Low + 199}
	x := NewIndex(events)
	for seq := events.Low; seq <= events.High; seq++ {
		terms := []string{"all"}
		if seq%10 == 0 {
			terms = append(terms, "tens")
		}
		x.Add(seq, "acme", terms)
	}
	good := func() map[Key][]byte {
		rows := map[Key][]byte{}
		for _, k := range x.Keys() {
			row, err := x.Row(k, rowOf(t, third().Low+7)) // of an event that was pruned
			if err != nil {
				t.Fatal(err)
			}
			rows[k] = row
		}
		rows[Key{"acme", "later"}] = rowOf(t, events.High+1) // of a step that goes on
		return rows
	}
	tens := Key{"acme", "tens"}
	firstTen := (events.Low + 9) / 10 * 10
	for name, c := range map[string]struct {
		tamper func(rows map[Key][]byte)
		want   int64
	}{
		"as it was made":          {func(map[Key][]byte) {}, 0},
		"a row is gone":           {func(rows map[Key][]byte) { delete(rows, tens) }, firstTen},
		"a row is added":          {func(rows map[Key][]byte) { rows[Key{"acme", "x"}] = rowOf(t, events.Low+50) }, events.Low + 50},
		"of another organization": {func(rows map[Key][]byte) { rows[Key{"other", "all"}] = rowOf(t, events.Low+60) }, events.Low + 60},
		"one event more":          {func(rows map[Key][]byte) { rows[tens], _ = x.Row(tens, rowOf(t, firstTen+1)) }, firstTen + 1},
		"other events":            {func(rows map[Key][]byte) { rows[tens] = rowOf(t, firstTen, firstTen+10, firstTen+21) }, firstTen + 20},
		"damaged":                 {func(rows map[Key][]byte) { rows[tens] = []byte{1, 2, 3} }, events.Low},
	} {
		rows := good()
		c.tamper(rows)
		if got := x.FirstDifference(rows); got != c.want {
			t.Errorf("%s: event %d, want %d", name, got, c.want)
		}
	}
}
