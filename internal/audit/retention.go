package audit

import (
	"context"
	"time"

	"latchkey/internal/fault"
)

// The rhythm of the background work: refused attempts are written every flushEvery, the index
// is brought up to date every upkeepEvery and the log is pruned every pruneEvery.
const (
	flushEvery  = time.Second
	upkeepEvery = 10 * time.Second
	pruneEvery  = 24 * time.Hour
)

// Run keeps the log in order until ctx ends: refused attempts are written, the index follows
// the log, and what is older than the retention goes. What fails is logged and tried again.
func (s *Service) Run(ctx context.Context) {
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	var kept, pruned time.Time // when these were done last
	for {
		if now := s.d.Now(); now.Sub(kept) >= upkeepEvery || now.Before(kept) {
			kept = now
			if (now.Sub(pruned) >= pruneEvery || now.Before(pruned)) && s.report(ctx, "prune the audit log", s.Prune(ctx)) {
				pruned = now
			}
			s.report(ctx, "index the audit log", s.Index(ctx))
		}
		s.report(ctx, "write refused attempts", s.Flush(ctx))
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// report logs what failed in the background; true when nothing did.
func (s *Service) report(ctx context.Context, what string, err error) bool {
	if err != nil && ctx.Err() == nil {
		s.d.Log.ErrorContext(ctx, "audit: cannot "+what+", trying again", "error", err)
	}
	return err == nil
}

// Index takes every full block of events into the index. Searching works without, only slower.
func (s *Service) Index(ctx context.Context) error {
	for {
		if done, err := s.d.Store.IndexEvents(ctx); err != nil || done {
			return err
		}
	}
}

// Prune removes what is older than the retention; nothing when there is none. The log then
// begins with a checkpoint, and an event in the chain signs for it, so that what is left
// can be verified and nobody else can cut off its beginning unseen.
func (s *Service) Prune(ctx context.Context) error {
	if s.d.Retention <= 0 {
		return nil
	}
	before := s.d.Now().Add(-s.d.Retention)
	err := s.d.Store.InTx(ctx, func(tx Tx) error {
		organization, err := tx.LogOwner(ctx)
		if fault.Is(err, fault.NotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		c, events, err := tx.PrunePoint(ctx, before)
		if err != nil || events == 0 {
			return err
		}
		text, err := c.sign(events, s.d.Retention)
		if err != nil {
			return err
		}
		target := Target{Type: TargetAuditLog, ID: organization, Name: "Audit log"}
		if err := tx.AppendEvent(ctx, SystemCaller(organization).Did(Pruned, target).Changed("", text)); err != nil {
			return err
		}
		return tx.Prune(ctx, c)
	})
	for done := false; err == nil && !done; {
		done, err = s.d.Store.DropPruned(ctx)
	}
	return err
}
