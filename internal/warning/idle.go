package warning

import (
	"time"
)

// UnusedNotice is how long before it is suspended it is warned of an unused token.
const UnusedNotice = 7 * day

const (
	// lookGap is how much time may lie between two looks for unused tokens, which are an hour apart. More is a
	// gap: the server was down, or its clock was set.
	lookGap = 3 * time.Hour
	maxGaps = 100
)

// Gap is a time in which nobody can say whether a token was used.
type Gap struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// Looks is when the server looked for unused tokens last, and the gaps before, the oldest first. Time in a gap
// does not count as unused. So a clock that jumps ahead suspends nothing, nor does a server that was down.
type Looks struct {
	At   time.Time // zero: never
	Gaps []Gap
}

// Next returns the looks with another one at now.
func (l Looks) Next(now time.Time) Looks {
	next := Looks{At: now}
	for _, g := range l.Gaps { // what a clock noted that was ahead did not happen
		if !g.To.After(now) {
			next.Gaps = append(next.Gaps, g)
		}
	}
	if !l.At.IsZero() && now.Sub(l.At) > lookGap {
		next.Gaps = append(next.Gaps, Gap{l.At, now})
	}
	if n := len(next.Gaps); n > maxGaps { // the two oldest become one, which is on the safe side
		next.Gaps = append([]Gap{{next.Gaps[0].From, next.Gaps[n-maxGaps].To}}, next.Gaps[n-maxGaps+1:]...)
	}
	return next
}

// Since returns how much time has passed since from, without gaps.
func (l Looks) Since(from time.Time) time.Duration {
	passed := l.At.Sub(from)
	for _, g := range l.Gaps {
		begin := g.From
		if from.After(begin) {
			begin = from
		}
		if begin.Before(g.To) {
			passed -= g.To.Sub(begin)
		}
	}
	return max(passed, 0)
}
