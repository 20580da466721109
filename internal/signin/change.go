package signin

import (
	"context"

	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
)

// ChangePassword replaces the caller's own password and ends the caller's sessions but the
// one that calls. Whoever has merely found an open browser does not know the current
// password: it is asked for, and wrong ones are throttled together with failed sign-ins, and told like them.
//
// Invalid with fields "current" and "new"; Throttled; Conflict when the password was
// changed at the same time elsewhere; Denied for a caller who is no signed-in member.
func (s *Service) ChangePassword(ctx context.Context, by actor.Standing, current, next string) error {
	if err := onlyMembers(by); err != nil {
		return err
	}
	account, err := s.store.SignInAccountOf(ctx, by.ID)
	if err != nil {
		return err
	}
	if err := checkChange(account, current, next); err != nil {
		return err
	}
	try := newAttempt(account.Email, by.Origin)
	wrong := audit.Did(by, audit.SignInFailed, sessionTarget(by.Ref.ID, account))
	if err := s.reserve(ctx, &try); err != nil {
		return s.tellStopped(ctx, try, err, func(context.Context, Tx) (audit.Event, error) { return wrong, nil })
	}
	match, err := s.hasher.Matches(ctx, account.PasswordHash, current)
	if err != nil {
		return err
	}
	if !match {
		ctx = context.WithoutCancel(ctx) // who hangs up has guessed all the same
		wrong = wrong.Changed("", `{"reason":"wrong current password"}`)
		if err := s.store.InTx(ctx, actor.System(""), func(tx Tx) error { return tx.AppendEvent(ctx, wrong) }); err != nil {
			return err
		}
		return invalid(fault.Field{Path: "current", Message: "The current password is not right."})
	}
	hash, err := s.hasher.Hash(ctx, next)
	if err != nil {
		return err
	}
	return s.store.InTx(ctx, by.Caller(), func(tx Tx) error {
		// The member's row first, as in a sign-in, so that the two never wait for each other;
		// and the sessions after it, so that one just started with the old password ends too.
		swapped, err := tx.SwapPassword(ctx, account.ID, account.PasswordHash, hash)
		if err != nil {
			return err
		}
		if !swapped {
			return fault.NewConflict("The password was changed elsewhere at the same time. Sign in again.")
		}
		if err := try.succeeded(ctx, tx); err != nil {
			return err
		}
		if _, err := endOthers(ctx, tx); err != nil {
			return err
		}
		return tx.AppendEvent(ctx, audit.Did(tx.By(), audit.PasswordChanged, audit.Target{Type: audit.TargetUser, ID: account.ID, Name: account.Name}))
	})
}

// checkChange finds what can be told without hashing.
func checkChange(account Account, current, next string) error {
	var fields []fault.Field
	if current == "" || len(current) > MaxPassword {
		fields = append(fields, fault.Field{Path: "current", Message: "Enter your current password."})
	}
	if problem := CheckPassword(next, account.Email); problem != "" {
		fields = append(fields, fault.Field{Path: "new", Message: problem})
	} else if next == current {
		fields = append(fields, fault.Field{Path: "new", Message: "Choose a password that differs from the current one."})
	}
	if fields == nil {
		return nil
	}
	return invalid(fields...)
}

func invalid(fields ...fault.Field) error {
	return fault.NewInvalid("Some fields need your attention.", fields...)
}
