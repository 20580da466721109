package token

import (
	"context"

	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
)

// fieldReason is the field of a reason.
const fieldReason = "reason"

// Suspend suspends a token, so that it is refused from the commit on until somebody resumes it, and
// returns it. Those who may delete a token may suspend and resume it, on every plan. The reason is for
// those who may see the token; it may be empty. The error is NotFound as for [Service.Get], Conflict if
// the token is suspended already or has expired, and Invalid with the field "reason" for a text that is
// too long or cannot be shown.
func (s *Service) Suspend(ctx context.Context, by actor.Caller, id, reason string) (Token, error) {
	return s.setSuspension(ctx, by, id, audit.Suspended, func(tx Tx, t *Token) error {
		text, err := descriptionOf(reason)
		switch {
		case err != nil:
			return fieldProblem(fieldReason, fault.Of(err).Message)
		case t.Suspension.Set():
			return fault.NewConflict("This token is already suspended.")
		case ExpiredAt(t.ExpiresAt, tx.Now()):
			return fault.NewConflict("This token has expired, so it does not work anyway.")
		}
		t.Suspension = Suspension{At: tx.Now(), By: tx.By().Self(), ByName: tx.By().Name, Reason: text}
		return nil
	})
}

// Resume ends the suspension of a token and returns it. The token works again unless it has expired, or
// its owner is deactivated. The error is NotFound as for [Service.Get], and Conflict if the token
// itself is not suspended.
func (s *Service) Resume(ctx context.Context, by actor.Caller, id string) (Token, error) {
	return s.setSuspension(ctx, by, id, audit.Resumed, func(_ Tx, t *Token) error {
		if !t.Suspension.Set() {
			return fault.NewConflict("This token is not suspended.")
		}
		t.Suspension = Suspension{}
		return nil
	})
}

// setSuspension lets change set the suspension of a token, and stores and records it.
func (s *Service) setSuspension(ctx context.Context, by actor.Caller, id string, action audit.Action,
	change func(Tx, *Token) error) (Token, error) {
	var t Token
	err := s.store.InTx(ctx, by, func(tx Tx) error {
		before, err := s.toChange(ctx, tx, id)
		if err != nil {
			return err
		}
		t = before
		if err := change(tx, &t); err != nil {
			return err
		}
		if err := tx.SaveTokenSuspension(ctx, t); err != nil {
			return err
		}
		if t, err = tx.Token(ctx, t.Organization, t.ID); err != nil { // the owner may be deactivated
			return err
		}
		return recordChange(ctx, tx, action, before, t)
	})
	if err != nil {
		return Token{}, err
	}
	return t, nil
}
