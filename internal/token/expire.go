package token

import (
	"context"
	"time"

	"latchkey/internal/actor"
	"latchkey/internal/audit"
)

// expiredAtOnce is how many tokens one transaction notes.
const expiredAtOnce = 200

// NoteExpired writes an event for every token that has expired after since and has none yet,
// and returns the moment up to which it looked. It ends no token: an expired one is good for
// nothing anyway. It may run twice at once and as often as wanted.
func (s *Service) NoteExpired(ctx context.Context, since time.Time) (time.Time, error) {
	until := s.now()
	for {
		due, err := s.store.ExpiredTokens(ctx, since, until, 1)
		if err != nil || len(due) == 0 {
			return until, err
		}
		if err := s.store.InTx(ctx, actor.System(""), func(tx Tx) error { return noteExpired(ctx, tx, since, until) }); err != nil {
			return since, err
		}
	}
}

func noteExpired(ctx context.Context, tx Tx, since, until time.Time) error {
	// Asked again, because another one may have noted them meanwhile.
	due, err := tx.ExpiredTokens(ctx, since, until, expiredAtOnce)
	if err != nil {
		return err
	}
	for _, t := range due {
		event, err := t.ExpiredEvent()
		if err == nil {
			err = tx.AppendEvent(ctx, event)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// ExpiredEvent is the event that says that the token has expired.
func (t Token) ExpiredEvent() (audit.Event, error) {
	text, err := t.description()
	return audit.Did(actor.OfSystem(t.Organization), audit.Expired, t.target()).Changed("", text), err
}
