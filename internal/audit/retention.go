package audit

import (
	"context"
	"time"

	"latchkey/internal/actor"
	"latchkey/internal/fault"
)

// flushEvery is how often refused attempts are written.
const flushEvery = time.Second

// Run writes refused attempts every second until ctx ends. What it cannot write, it logs and
// tries again; [Service.Close] writes what is left in the end. Every node runs it.
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

// Index adds new events to the search index. It is called from time to time, by one node. Events
// that are not in the index are found all the same, only slower.
func (s *Service) Index(ctx context.Context) error {
	for {
		if done, err := s.d.Store.IndexEvents(ctx); err != nil || done {
			return err
		}
	}
}

// A clock that jumps forward makes events look old. So pruning needs an event from trialTime ago, or half the
// retention if that is less, or from up to trialSlack before: the clock has not jumped by more since then. A
// clock that has jumped and stays is believed after that time.
const (
	trialTime  = 7 * 24 * time.Hour
	trialSlack = 2 * 24 * time.Hour // more than the day between two prunings
)

// postpone reports whether pruning must wait because the log does not show that the clock is right. It
// appends an event that says so, which is what later prunings find in a log without other events.
func (s *Service) postpone(ctx context.Context, tx Tx, target Target, now time.Time) (bool, error) {
	tried := now.Add(-min(trialTime, s.d.Retention/2))
	steady, err := tx.AnyEvent(ctx, tried.Add(-trialSlack), tried)
	if err != nil || steady {
		return false, err
	}
	s.d.Log.WarnContext(ctx, "audit: nothing is pruned, because no event shows that the clock is right. If it is, pruning goes on by itself",
		"clock", FormatTime(now), "after", now.Sub(tried).String())
	known, err := tx.Postponed(ctx, target.ID, tried, now)
	if err != nil || known {
		return true, err
	}
	text := Fields{"reason": "no event shows that the clock is right", "until": FormatTime(now.Add(now.Sub(tried)))}.String()
	return true, tx.AppendEvent(ctx, Did(actor.OfSystem(target.ID), Postponed, target).Changed("", text))
}

// Prune deletes the events that are older than the retention; none if there is no retention. It
// is called from time to time, by one node. The log then begins after a checkpoint, for which an
// event in the chain signs: so what is left can be verified, and nobody else can cut off the
// beginning without being noticed. It signs the head first, and prunes nothing if the log does not
// continue what was signed. While the log does not show that the clock is right, it records that
// pruning is postponed instead.
func (s *Service) Prune(ctx context.Context) error {
	if s.d.Retention <= 0 {
		return nil
	}
	if err := s.SignHead(ctx); err != nil {
		return err
	}
	now := s.d.Now()
	err := s.d.Store.InTx(ctx, actor.System(""), func(tx Tx) error {
		organization, err := tx.LogOwner(ctx)
		if fault.Is(err, fault.NotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		c, events, err := tx.PrunePoint(ctx, now.Add(-s.d.Retention))
		if err != nil || events == 0 {
			return err
		}
		target := Target{Type: TargetAuditLog, ID: organization, Name: "Audit log"}
		if wait, err := s.postpone(ctx, tx, target, now); err != nil || wait {
			return err
		}
		text, err := c.sign(events, s.d.Retention)
		if err != nil {
			return err
		}
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
