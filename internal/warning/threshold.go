package warning

import (
	"slices"
	"time"
)

// Limits of what an organization may choose.
const (
	MaxDays       = 365
	MaxThresholds = 5
)

// DefaultDays returns how many days before its end the owner of a token is warned, unless the organization
// chose otherwise.
func DefaultDays() []int { return []int{30, 7, 1} }

const day = 24 * time.Hour

// Threshold is a number of days before the end of a token. A day has 24 hours.
type Threshold struct {
	Days   int
	Chosen time.Time // what was due before is not made up for
}

// End is the end of a token, and about what was warned. A token with another end has another End.
type End struct {
	Token    string
	At       time.Time
	Seen     time.Time // since when the token has this end; what was due before is not made up for
	Warned   int       // the fewest days of a warning so far; 0: there was none
	WarnedAt time.Time
	Next     time.Time // when to look at it; zero: not any more
}

// due returns the moment at which a threshold is reached, and whether it counts for this end: it was
// reached after the end and the threshold were there, and there was no warning at it or a tighter one.
func (e End) due(t Threshold) (time.Time, bool) {
	at := e.At.Add(-time.Duration(t.Days) * day)
	return at, at.After(e.Seen) && at.After(t.Chosen) && (e.Warned == 0 || t.Days < e.Warned)
}

// Due returns the threshold of which to warn at now: of those that count and are reached, the one with the
// fewest days; 0 if there is none. Nobody is warned of what has ended.
func (e End) Due(list []Threshold, now time.Time) int {
	days := 0
	if !now.Before(e.At) {
		return days
	}
	for _, t := range list {
		if at, counts := e.due(t); counts && !at.After(now) && (days == 0 || t.Days < days) {
			days = t.Days
		}
	}
	return days
}

// After returns when the next threshold is reached after now; zero if there is none.
func (e End) After(list []Threshold, now time.Time) time.Time {
	var next time.Time
	for _, t := range list {
		if at, counts := e.due(t); counts && at.After(now) && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	return next
}

// Longest returns the most days of thresholds; 0 without any.
func Longest(list []Threshold) int {
	most := 0
	for _, t := range list {
		most = max(most, t.Days)
	}
	return most
}

// daysOf returns the days of thresholds, most first.
func daysOf(list []Threshold) []int {
	days := []int{}
	for _, t := range list {
		days = append(days, t.Days)
	}
	slices.Sort(days)
	slices.Reverse(days)
	return days
}
