package signin

import (
	"context"
	"errors"

	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
)

// ChangePassword replaces the caller's own password, ends all the caller's sessions, and starts a
// new one in place of the current one: a secret that somebody has copied is worth nothing then. It requires the current password, so that an open browser is not enough.
// Wrong ones are throttled together with failed sign-ins and recorded like them.
//
// The error is Invalid with fields "current" and "new"; Throttled; Conflict if the password
// was changed elsewhere at the same time; or Denied for a caller who is not a signed-in member.
func (s *Service) ChangePassword(ctx context.Context, by actor.Standing, current, next string) (Started, error) {
	started := Started{Secret: newSecret()}
	if err := onlyMembers(by); err != nil {
		return Started{}, err
	}
	account, err := s.store.SignInAccountOf(ctx, by.ID)
	if err != nil {
		return Started{}, err
	}
	if err := checkChange(account, current, next); err != nil {
		return Started{}, err
	}
	try := newAttempt(account.Email, by.Origin)
	wrong := audit.Did(by, audit.SignInFailed, sessionTarget(by.Ref.ID, account))
	if err := s.reserve(ctx, &try); err != nil {
		return Started{}, s.recordBlock(ctx, try, err, func(context.Context, Tx) (audit.Event, error) { return wrong, nil })
	}
	match, err := s.hasher.Matches(ctx, account.PasswordHash, current)
	if isBusy(err) {
		return Started{}, errors.Join(err, s.giveBack(ctx, try))
	}
	if err != nil {
		return Started{}, err
	}
	if !match {
		ctx = context.WithoutCancel(ctx) // record the guess even if the client disconnects
		wrong = wrong.Changed("", `{"reason":"wrong current password"}`)
		if err := s.store.InTx(ctx, actor.System(""), func(tx Tx) error { return tx.AppendEvent(ctx, wrong) }); err != nil {
			return Started{}, err
		}
		return Started{}, invalid(fault.Field{Path: "current", Message: "Incorrect current password."})
	}
	hash, err := s.hasher.Hash(ctx, next)
	if err != nil { // the current password was right
		return Started{}, errors.Join(err, s.giveBack(ctx, try))
	}
	err = s.store.InTx(ctx, by.Caller(), func(tx Tx) error {
		// Lock the member's row first, as a sign-in does, so that the two cannot deadlock. End
		// the sessions after it, so that one just started with the old password ends too.
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
		if started.Session, err = renew(ctx, tx, account, digest(started.Secret)); err != nil {
			return err
		}
		was, is := audit.Fields{"session": by.Ref.ID}, audit.Fields{"session": started.Session.ID}
		return tx.AppendEvent(ctx, audit.Did(tx.By(), audit.PasswordChanged,
			audit.Target{Type: audit.TargetUser, ID: account.ID, Name: account.Name}).Changed(was.String(), is.String()))
	})
	if err != nil {
		return Started{}, err
	}
	return started, nil
}

// renew ends all sessions of the transaction's caller and adds a new one in place of the current
// one, which ends without an event.
func renew(ctx context.Context, tx Tx, of Account, digest []byte) (Session, error) {
	if _, err := endAll(ctx, tx, of, tx.By().Ref.ID); err != nil {
		return Session{}, err
	}
	if _, err := tx.EndSession(ctx, tx.By().Ref.ID); err != nil {
		return Session{}, err
	}
	session := newSession(of, tx.Now(), tx.By().Origin)
	return session, tx.InsertSession(ctx, session, digest)
}

// checkChange returns the problems that can be found without hashing.
func checkChange(account Account, current, next string) error {
	var fields []fault.Field
	if current == "" || len(current) > MaxPassword {
		fields = append(fields, fault.Field{Path: "current", Message: "Enter your current password."})
	}
	if problem := CheckPassword(next, account.Email); problem != "" {
		fields = append(fields, fault.Field{Path: "new", Message: problem})
	} else if next == current {
		fields = append(fields, fault.Field{Path: "new", Message: "Choose a password different from the current one."})
	}
	if fields == nil {
		return nil
	}
	return invalid(fields...)
}

func invalid(fields ...fault.Field) error {
	return fault.NewInvalid("Some fields need your attention.", fields...)
}
