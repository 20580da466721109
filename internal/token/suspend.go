package token

import (
	"context"
	"time"

	"latchkey/internal/access"
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
// itself is not suspended, or breaks a rule.
func (s *Service) Resume(ctx context.Context, by actor.Caller, id string) (Token, error) {
	return s.setSuspension(ctx, by, id, audit.Resumed, func(tx Tx, t *Token) error {
		if !t.Suspension.Set() {
			return fault.NewConflict("This token is not suspended.")
		}
		t.Suspension = Suspension{}
		return checkResumed(ctx, tx, *t)
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

// ruledTx is a transaction that reads rules.
type ruledTx interface {
	ruleReader
	Now() time.Time
}

// checkResumed returns an error of kind Conflict if a token that is to work again breaks a rule.
func checkResumed(ctx context.Context, tx ruledTx, t Token) error {
	if ExpiredAt(t.ExpiresAt, tx.Now()) {
		return nil
	}
	rules, err := rulesFor(ctx, tx, t)
	if err != nil {
		return err
	}
	if broken := rules.Breaches(t, rules.maker, tx.Now()); len(broken) > 0 {
		return fault.NewConflict("The token " + t.Name + " cannot be resumed. " + string(broken[0]))
	}
	return nil
}

// applied is the rules as they apply to one token.
type applied struct {
	Rules
	maker  bool // whether its owner may generate personal tokens
	making Making
}

// rulesFor returns the rules as they apply to a token.
func rulesFor(ctx context.Context, tx ruledTx, t Token) (applied, error) {
	rules, err := tx.TokenRules(ctx, t.Organization)
	a := applied{Rules: rules, maker: true}
	if err != nil || t.Kind != Personal || rules.Makers == Everybody && rules.MostPersonal == 0 {
		return a, err
	}
	a.making, err = tx.Making(ctx, t.Organization, t.Owner, tx.Now())
	a.maker = rules.MayMake(a.making.Groups)
	return a, err
}

// another returns an error of kind Denied if the owner has as many personal tokens as the rules allow.
func (a applied) another() error {
	if a.MostPersonal == 0 {
		return nil
	}
	return access.Room(a.making.Tokens, a.MostPersonal, "By the token rules, a member", "personal access tokens, not counting expired ones")
}

// SuspendedEvent returns the event that the server suspended a token, which is suspended in after.
func (t Token) SuspendedEvent(after Token) (audit.Event, error) {
	from, err := t.description()
	if err != nil {
		return audit.Event{}, err
	}
	to, err := after.description()
	return audit.Did(actor.OfSystem(t.Organization), audit.Suspended, t.Target()).Changed(from, to), err
}

// SuspendReused suspends a token, a previous secret of which was used after its end, if the rules say so. It does
// nothing to a token that is deleted, suspended or expired.
func (s *Service) SuspendReused(ctx context.Context, organization, id string) error {
	rules, err := s.store.TokenRules(ctx, organization)
	if err != nil || !rules.SuspendReused {
		return err
	}
	return s.store.InTx(ctx, actor.System(organization), func(tx Tx) error {
		if _, err := tx.TokenPlan(ctx, organization); err != nil {
			return err
		}
		rules, err := tx.TokenRules(ctx, organization)
		if err != nil || !rules.SuspendReused {
			return err
		}
		before, err := tx.Token(ctx, organization, id)
		if fault.Is(err, fault.NotFound) {
			return nil
		}
		if err != nil || before.Suspension.Set() || ExpiredAt(before.ExpiresAt, tx.Now()) {
			return err
		}
		t := before
		t.Suspended = true
		t.Suspension = Suspension{At: tx.Now(), Reason: "A previous value of it was used after its end."}
		if err := tx.SaveTokenSuspension(ctx, t); err != nil {
			return err
		}
		return recordChange(ctx, tx, audit.Suspended, before, t)
	})
}
