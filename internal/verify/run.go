package verify

import (
	"context"
	"errors"
	"runtime"
	"time"
)

const (
	// A crash may lose the uses of 30 seconds, which is the interval and the duration of a flush. It may be more
	// while more than about 100,000 tokens are in use at the same time: see flushShare.
	flushEvery = 24 * time.Second
	flushShare = 0.04            // of all processors; what a flush does beside its batches takes less than 0.01
	retryAfter = 5 * time.Second // after a Load that failed
	sweepEvery = 10              // flushes
)

// Run fills the memory, saves uses every 24 seconds and sweeps, until ctx ends. It logs failures
// and tries again.
func (a *Authority) Run(ctx context.Context) {
	flush := time.NewTicker(flushEvery)
	defer flush.Stop()
	for flushes := 1; ; {
		var retry <-chan time.Time
		if !a.Complete() {
			err := a.Load(ctx)
			switch {
			case err == nil, ctx.Err() != nil:
			case errors.Is(err, errForgotten):
				continue
			default:
				a.log.ErrorContext(ctx, "verify: cannot load the tokens, asking the database for each", "error", err)
				retry = time.After(retryAfter)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-retry:
		case <-a.emptied:
		case <-flush.C:
			if err := a.flush(ctx, flushRest()); err != nil {
				a.log.ErrorContext(ctx, "verify: cannot save when tokens were used, trying again", "error", err)
			}
			if flushes++; flushes%sweepEvery == 0 {
				a.Sweep()
			}
		}
	}
}

// flushRest returns how many times as long as for a batch a flush pauses after it.
func flushRest() int {
	return max(1, int(1/(flushShare*float64(runtime.GOMAXPROCS(0))))-1)
}

// Close saves the last uses. Call it after the last verification and before the store is
// closed.
func (a *Authority) Close(ctx context.Context) error { return a.Flush(ctx) }

// Sweep removes the tokens from memory whose owner, workspace or organization was deleted. If one
// is presented again, the database reports it as revoked. It also removes previous secrets that have ended.
func (a *Authority) Sweep() {
	now := a.now()
	a.dropWhere(func(e *entry) bool {
		if e.expired(now) && e.text.previous() {
			return true
		}
		st := e.standing.state.Load()
		return st != nil && st.refusal == Revoked
	})
}
