package token

import (
	"context"
	"time"

	"latchkey/internal/actor"
	"latchkey/internal/audit"
)

// expiredAtOnce is how many events one transaction appends.
const expiredAtOnce = 200

// NoteExpired appends an event for every token that has expired after since and has no such event
// yet, and returns the time up to which it has looked. It does not change the tokens, which no
// longer work anyway. It may run at any time, also twice at once. If since is in the future, because the
// clock was set back, it looks at all tokens.
func (s *Service) NoteExpired(ctx context.Context, since time.Time) (time.Time, error) {
	until := s.now()
	if since.After(until) {
		since = time.Time{}
	}
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
	// Another node may have appended these events since, so they are looked up again.
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

// ExpiredEvent returns the event that the token has expired.
func (t Token) ExpiredEvent() (audit.Event, error) {
	text, err := t.description()
	return audit.Did(actor.OfSystem(t.Organization), audit.Expired, t.Target()).Changed("", text), err
}
