package signin

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"time"

	"latchkey/internal/actor"
	"latchkey/internal/fault"
)

// EventsPerSecond is how many failed sign-ins within a second leave an event each. The others of
// that second leave one event together, with their count: otherwise somebody who guesses from many
// addresses decides how fast the audit log grows.
const EventsPerSecond = 10

// flushEvery is how often [Service.Run] writes the count.
const flushEvery = time.Second

// flood counts the failed sign-ins that leave no event of their own.
type flood struct {
	mu      sync.Mutex
	second  time.Time // when the current second began
	written int       // events in it
	rest    rest      // what is not written yet
}

// rest is failed sign-ins that are recorded together.
type rest struct {
	attempts int
	ip       string // where all of them came from; "" if from several addresses
	name     string // which account all of them named; "" if several
}

// admits reports whether a failed sign-in leaves an event of its own, and counts it otherwise.
func (f *flood) admits(now time.Time, ip, name string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if since := now.Sub(f.second); since >= time.Second || since < 0 {
		f.second, f.written = now, 0
	}
	if f.written < EventsPerSecond {
		f.written++
		return true
	}
	f.rest = f.rest.with(rest{1, ip, name})
	return false
}

// with returns both together.
func (r rest) with(other rest) rest {
	switch {
	case r.attempts == 0:
		return other
	case other.attempts == 0:
		return r
	}
	if r.ip != other.ip {
		r.ip = ""
	}
	if r.name != other.name {
		r.name = ""
	}
	r.attempts += other.attempts
	return r
}

// take takes what is not written yet.
func (f *flood) take() rest {
	f.mu.Lock()
	defer f.mu.Unlock()
	taken := f.rest
	f.rest = rest{}
	return taken
}

// putBack puts back what could not be written.
func (f *flood) putBack(taken rest) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rest = taken.with(f.rest)
}

// Run writes once a second how many failed sign-ins left no event of their own, until ctx ends.
func (s *Service) Run(ctx context.Context, log *slog.Logger) {
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := s.Flush(context.WithoutCancel(ctx)); err != nil {
				log.ErrorContext(ctx, "cannot write the count of failed sign-ins, trying again", "error", err)
			}
		}
	}
}

// Flush writes the event that counts the failed sign-ins without one of their own, if there are
// any.
func (s *Service) Flush(ctx context.Context) error {
	taken := s.flood.take()
	if taken.attempts == 0 {
		return nil
	}
	err := s.store.InTx(ctx, actor.System(""), func(tx Tx) error {
		e, err := failed(ctx, tx, taken.name, Account{}, actor.Origin{IP: taken.ip})
		if err != nil {
			return err
		}
		if taken.name == "" {
			e.Target.Name = "several accounts"
		}
		text, err := json.Marshal(struct {
			Reason   string `json:"reason"`
			Attempts int    `json:"attempts"`
		}{"more sign-ins failed than are recorded one by one", taken.attempts})
		if err != nil {
			return err
		}
		return tx.AppendEvent(ctx, e.Changed("", string(text)))
	})
	if fault.Is(err, fault.NotFound) { // before the installation is set up there is no log
		return nil
	}
	if err != nil {
		s.flood.putBack(taken)
	}
	return err
}
