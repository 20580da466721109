package change

import (
	"math"
	"sync/atomic"
	"time"
)

// Lease says how long a node may trust its memory without news from the other nodes. The
// feed of changes extends it whenever it has delivered all changes for certain. When the
// lease does not hold, the database is asked instead of memory. It also runs out while a
// process is suspended. A Lease is safe for concurrent use.
//
// A nil lease always holds: there is no other node.
type Lease struct {
	now   func() time.Time
	start time.Time
	until atomic.Int64 // nanoseconds since start
}

// NewLease returns a lease that does not hold yet. now is the clock.
func NewLease(now func() time.Time) *Lease {
	l := &Lease{now: now, start: now()}
	l.End()
	return l
}

// Extend makes the lease hold until end. An end in the past ends it.
func (l *Lease) Extend(end time.Time) { l.until.Store(int64(end.Sub(l.start))) }

// End ends the lease at once.
func (l *Lease) End() { l.until.Store(math.MinInt64) }

// Holds reports whether memory may be trusted now.
func (l *Lease) Holds() bool { return l == nil || l.HoldsAt(l.now()) }

// HoldsAt is Holds at a known time.
func (l *Lease) HoldsAt(now time.Time) bool {
	return l == nil || int64(now.Sub(l.start)) < l.until.Load()
}
