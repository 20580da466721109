package app

import (
	"context"
	"sync"
	"time"

	"latchkey/internal/metric"
)

// mostOff is by how much a clock may jump, differ from the database's, or be behind the audit log before
// the log of the server says so.
const mostOff = 5 * time.Second

// clockWatch notices when the clock is set, by comparing it with one that nobody can set.
type clockWatch struct {
	now    func() time.Time
	steady func() time.Duration // grows by the time that passes; it may stand still while the machine sleeps

	mu      sync.Mutex
	counted metric.Clock
	wall    time.Time // when both were read last; zero for never
	passed  time.Duration
}

func newClockWatch(now func() time.Time) *clockWatch {
	begun := time.Now()
	return &clockWatch{now: now, steady: func() time.Duration { return time.Since(begun) }}
}

// look returns by how much the clock was set since the last look, forward or (less than 0) back; 0 if by
// no more than mostOff.
func (w *clockWatch) look() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	wall, passed := w.now().Round(0), w.steady() // without its monotonic part
	last, lastPassed := w.wall, w.passed
	w.wall, w.passed = wall, passed
	if last.IsZero() {
		return 0
	}
	switch jump := wall.Sub(last) - (passed - lastPassed); {
	case jump > mostOff:
		w.counted.Forward++
		return jump
	case jump < -mostOff:
		w.counted.Back++
		return jump
	}
	return 0
}

// compared records how far the audit log is ahead of the clock, and the clock of the database's, and reports
// for each whether that has become more than mostOff.
func (w *clockWatch) compared(ahead, offset time.Duration) (isAhead, isOff bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	isAhead = ahead > mostOff && w.counted.Ahead <= mostOff
	isOff = offset.Abs() > mostOff && w.counted.Offset.Abs() <= mostOff
	w.counted.Ahead, w.counted.Offset = ahead, offset
	return isAhead, isOff
}

// state returns what is known for the metrics.
func (w *clockWatch) state() metric.Clock {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.counted
}

// compareEvery is how often the clock is compared with the audit log and the database.
const compareEvery = time.Minute

// watchClock logs once when the clock is set, when the audit log is ahead of it and when it differs from the
// database's, until ctx ends.
func (a *App) watchClock(ctx context.Context) {
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for due := time.Now(); ; {
		jump := a.clock.look()
		if jump != 0 {
			a.log.WarnContext(ctx, "the clock was set, or the machine was asleep: check its source of time. Tokens and sessions expire by it",
				"by", jump.Round(time.Millisecond))
		}
		if now := time.Now(); jump != 0 || !now.Before(due) {
			a.compareClock(ctx)
			due = now.Add(compareEvery)
		}
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		}
	}
}

// compareClock compares the clock with the audit log and the clock of the database.
func (a *App) compareClock(ctx context.Context) {
	ahead, offset, err := a.Store.CompareClock(ctx)
	if err != nil {
		if ctx.Err() == nil {
			a.calm.WarnContext(ctx, "cannot compare the clock with the database, trying again", "error", err)
		}
		return
	}
	isAhead, isOff := a.clock.compared(ahead, offset)
	if isAhead {
		a.log.WarnContext(ctx, "the audit log is ahead of the clock: a clock was wrong before, or is now. New events keep the order and "+
			"say what the clock said", "by", ahead.Round(time.Millisecond))
	}
	if isOff {
		a.log.WarnContext(ctx, "the clock of this node differs from the database's", "by", offset.Round(time.Millisecond))
	}
}
