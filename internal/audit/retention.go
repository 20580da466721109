package audit

import (
	"context"
	"time"

	"latchkey/internal/actor"
	"latchkey/internal/fault"
)

// flushEvery is how long a refused attempt waits for its event.
const flushEvery = time.Second

// Run writes refused attempts until ctx ends; [Service.Close] writes what is left then. What
// fails is logged and tried again. Every node runs it; [Service.Index] and [Service.Prune] are called
// from time to time by one of them.
func (s *Service) Run(ctx context.Context) {
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		if err := s.Flush(context.WithoutCancel(ctx)); err != nil {
			s.d.Log.ErrorContext(ctx, "audit: cannot write refused attempts, trying again", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
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
	err := s.d.Store.InTx(ctx, actor.System(""), func(tx Tx) error {
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
		if err := tx.AppendEvent(ctx, Did(actor.OfSystem(organization), Pruned, target).Changed("", text)); err != nil {
			return err
		}
		return tx.Prune(ctx, c)
	})
	for done := false; err == nil && !done; {
		done, err = s.d.Store.DropPruned(ctx)
	}
	return err
}
