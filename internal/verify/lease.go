package verify

import (
	"math"
	"sync/atomic"
	"time"
)

// Lease is how long memory may be trusted without hearing anything: of use where other
// processes change the database too. Who brings their changes extends it each time that it
// is sure to have brought all of them; when it runs out, or is ended, everybody who keeps
// something in memory asks the database instead. It runs out by itself, also in a process
// that was stopped and goes on later.
//
// A nil lease holds for ever: nobody else changes anything.
type Lease struct {
	now   func() time.Time
	start time.Time
	until atomic.Int64 // nanoseconds since start
}

// NewLease makes a lease that does not hold yet. now is the clock.
func NewLease(now func() time.Time) *Lease {
	l := &Lease{now: now, start: now()}
	l.End()
	return l
}

// Extend lets the lease hold until end, or no longer if end is past.
func (l *Lease) Extend(end time.Time) { l.until.Store(int64(end.Sub(l.start))) }

// End ends the lease at once.
func (l *Lease) End() { l.until.Store(math.MinInt64) }

// Holds reports whether memory may be trusted now.
func (l *Lease) Holds() bool { return l == nil || l.holdsAt(l.now()) }

// holdsAt is Holds for who knows the time already.
func (l *Lease) holdsAt(now time.Time) bool {
	return l == nil || int64(now.Sub(l.start)) < l.until.Load()
}
