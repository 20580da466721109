package verify

import (
	"context"
	"errors"
	"time"
)

const (
	// A crash may lose the uses of 30 seconds, which is the interval and the duration of a flush.
	flushEvery = 24 * time.Second
	flushRest  = 4               // a flush pauses for four fifths of its time
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
			case err == nil || ctx.Err() != nil:
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
			if err := a.flush(ctx, flushRest); err != nil {
				a.log.ErrorContext(ctx, "verify: cannot save when tokens were used, trying again", "error", err)
			}
			if flushes++; flushes%sweepEvery == 0 {
				a.Sweep()
			}
		}
	}
}

// Close saves the last uses. Call it after the last verification and before the store is
// closed.
func (a *Authority) Close(ctx context.Context) error { return a.Flush(ctx) }

// Sweep removes the tokens from memory whose owner, workspace or organization was deleted. If one
// is presented again, the database reports it as revoked.
func (a *Authority) Sweep() {
	a.dropWhere(func(e *entry) bool {
		st := e.standing.state.Load()
		return st != nil && st.refusal == Revoked
	})
}
