package identity

import (
	"context"
	"errors"
	"time"

	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/signin"
)

// Vouching returns the enabled providers that know the caller, by name.
func (s *Service) Vouching(ctx context.Context, by actor.Standing) ([]Provider, error) {
	var list []Provider
	offered, err := s.Offered(ctx)
	for _, p := range offered {
		_, known := s.d.Store.IdentityOfMember(ctx, p.ID, by.ID)
		if known == nil {
			list = append(list, p)
		} else if !fault.Is(known, fault.NotFound) {
			return nil, known
		}
	}
	return list, err
}

// StartConfirm leads a signed-in member to a provider that knows them, which is to ask them again who they are: form
// names what goes on afterwards. The error is NotFound for a provider that does not know the member, and otherwise as
// for Start.
func (s *Service) StartConfirm(ctx context.Context, by actor.Standing, id, browser, form string) (Departure, error) {
	p, err := s.enabled(ctx, id)
	if err != nil {
		return Departure{}, err
	}
	if _, err := s.d.Store.IdentityOfMember(ctx, p.ID, by.ID); err != nil {
		return Departure{}, err
	}
	return s.depart(ctx, p, browser, request{Session: by.Ref.ID, Form: form})
}

// IsConfirm reports whether an answer belongs to a request of StartConfirm, and returns the name of its form.
func (s *Service) IsConfirm(ctx context.Context, a Answer) (form string, ok bool) {
	r, ok := s.asked(ctx, a)
	return r.Form, ok && r.Form != ""
}

// confirmSkew is how far the clock of a provider may be off.
const confirmSkew = time.Minute

// FinishConfirm records that a provider has vouched again for the person behind a session: the provider must say that
// they signed in there after StartConfirm, and be talking of the member of the session. The error is Denied if not, which
// is recorded, and then nothing else changes.
func (s *Service) FinishConfirm(ctx context.Context, by actor.Standing, id, browser string, a Answer) error {
	p, err := s.enabled(ctx, id)
	if err != nil {
		return err
	}
	r, proof, err := s.prove(ctx, p, browser, a, by.Ref.ID)
	if err == nil {
		err = s.vouched(ctx, by, p, r, proof)
	}
	var failure *Failure
	if !errors.As(err, &failure) {
		return err
	}
	fields := audit.Fields{"provider": p.Name, "check": failure.Check, "reason": failure.Reason}
	err = s.d.Store.InTx(context.WithoutCancel(ctx), actor.System(p.Organization), func(tx Tx) error {
		target := audit.Target{Type: audit.TargetSession, ID: by.Ref.ID, Name: by.Email}
		return tx.Ways.AppendEvent(ctx, audit.Did(by, audit.ConfirmFailed, target).Changed("", fields.String()))
	})
	if err != nil {
		return err
	}
	f := fault.NewDenied(p.Name + " did not confirm that it's you. " + failure.Reason)
	f.Cause = failure
	return f
}

// vouched checks what a provider says and records it on the session.
func (s *Service) vouched(ctx context.Context, by actor.Standing, p Provider, r request, proof Proof) error {
	at, begun := proof.Claims.At, time.UnixMilli(r.Made)
	switch {
	case r.Form == "":
		return proof.Fail(CheckRequest, "The sign-in was begun for another purpose.")
	case at.IsZero():
		return proof.Fail(CheckTime, "It did not say when you signed in there (auth_time).")
	case at.Before(begun.Add(-confirmSkew).Truncate(time.Second)):
		return proof.Fail(CheckTime, "You signed in there too long ago.")
	case at.After(s.d.Store.Now().Add(confirmSkew)):
		return proof.Fail(CheckTime, "It says that you signed in there in the future. Compare the clocks.")
	}
	return s.d.Store.InTx(context.WithoutCancel(ctx), by.Caller(), func(tx Tx) error {
		now, err := tx.Providers.Provider(ctx, p.ID)
		if err != nil {
			return err
		}
		if !now.Enabled || now.movedFrom(p) {
			return proof.Fail(CheckRequest, "The provider was changed or disabled meanwhile.")
		}
		known, err := tx.Providers.IdentityOf(ctx, p.ID, p.Issuer, proof.Claims.Subject)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
		if err != nil || known.Member != tx.SignIns.By().ID {
			return proof.Fail(CheckMember, "You signed in there with another account.")
		}
		rule, err := signin.RequiredFor(ctx, tx.SignIns, tx.SignIns.By().Email)
		if err != nil {
			return err
		}
		if rule != nil && rule.Provider != p.ID {
			return proof.Fail(CheckMember, rule.Error())
		}
		return signin.Confirm(ctx, tx.SignIns, actor.ByProvider, audit.Fields{"provider": p.Name, "subject": known.Subject})
	})
}
