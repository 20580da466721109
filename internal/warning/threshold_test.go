package warning

import (
	"slices"
	"testing"
	"time"
)

// TestDue_TheTightestThatCounts has times in days before the end.
func TestDue_TheTightestThatCounts(t *testing.T) {
	end := time.Date(2026, 12, 31, 12, 0, 0, 0, time.UTC)
	before := func(days float64) time.Time { return end.Add(-time.Duration(days * float64(day))) }
	all := []Threshold{{30, time.Time{}}, {7, time.Time{}}, {1, time.Time{}}}
	for name, c := range map[string]struct {
		list   []Threshold
		seen   float64
		warned int
		now    float64
		due    int
		next   float64 // 0: none
	}{
		"nothing yet":                            {all, 60, 0, 31, 0, 30},
		"at the first":                           {all, 60, 0, 30, 30, 7},
		"was warned":                             {all, 60, 30, 29, 0, 7},
		"the tightest wins":                      {all, 60, 0, 0.5, 1, 0},
		"the tightest wins after a warning":      {all, 60, 30, 0.5, 1, 0},
		"never again":                            {all, 60, 1, 0.2, 0, 0},
		"a looser one is over":                   {all, 60, 1, 6, 0, 0},
		"in arrears":                             {all, 20, 0, 20, 0, 7},
		"made with a life of exactly seven days": {all, 7, 0, 7, 0, 1},
		"made with half a day":                   {all, 0.5, 0, 0.4, 0, 0},
		"at the end":                             {all, 60, 7, 0, 0, 0},
		"after the end":                          {all, 60, 0, -1, 0, 0},
		"nobody is warned":                       {nil, 60, 0, 1, 0, 0},
		"a threshold that was chosen later":      {[]Threshold{{30, time.Time{}}, {7, before(5)}, {1, before(5)}}, 60, 30, 5, 0, 1},
		"a threshold that was chosen later, never warned": {[]Threshold{{30, time.Time{}}, {7, before(5)}}, 60, 0, 5, 30, 0},
	} {
		e := End{At: end, Seen: before(c.seen), Warned: c.warned}
		if got := e.Due(c.list, before(c.now)); got != c.due {
			t.Errorf("%s: warns of %d days, want %d", name, got, c.due)
		}
		if c.due > 0 {
			e.Warned = c.due
		}
		want := time.Time{}
		if c.next > 0 {
			want = before(c.next)
		}
		if got := e.After(c.list, before(c.now)); !got.Equal(want) {
			t.Errorf("%s: looks again at %v, want %v", name, got, want)
		}
		slices.Reverse(c.list)
		if got := e.After(c.list, before(c.now)); !got.Equal(want) {
			t.Errorf("%s: the order counts", name)
		}
		slices.Reverse(c.list)
	}
}

func TestParseDays_TakesAList(t *testing.T) {
	for text, want := range map[string][]int{"30, 7, 1": {30, 7, 1}, " 1;7\n30 ": {30, 7, 1}, "": {}, "14 14": {14}, "365": {365}} {
		if got, err := ParseDays(text); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"0", "-1", "366", "x", "1.5", "1,2,3,4,5,6", "99999999999999999999", "٣"} {
		if got, err := ParseDays(text); err == nil {
			t.Errorf("%q: %v", text, got)
		}
	}
}
