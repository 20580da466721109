package signin

import (
	"context"
	"errors"

	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/random"
)

// ChangePassword replaces the caller's own password, ends all the caller's sessions, and starts a
// new one in place of the current one: a secret that somebody has copied is worth nothing then. It requires the
// current password, so that an open browser is not enough. Wrong ones are throttled together with failed
// sign-ins and recorded like them.
//
// The error is Invalid with fields "current" and "new"; Throttled; Conflict if the password
// was changed elsewhere at the same time; or Denied for a caller who is not a signed-in member.
func (s *Service) ChangePassword(ctx context.Context, by actor.Standing, current, next string) (Started, error) {
	started := Started{Secret: random.NewSecret().Reveal()}
	if err := onlyMembers(by); err != nil {
		return Started{}, err
	}
	account, err := s.store.SignInAccountOf(ctx, by.ID)
	if err != nil {
		return Started{}, err
	}
	if err := s.checkChange(ctx, account, current, next); err != nil {
		return Started{}, err
	}
	try, err := s.provePassword(ctx, by, account, current, fault.Field{Path: "current", Message: "Incorrect current password."})
	if err != nil {
		return Started{}, err
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
		if started.Session, err = renew(ctx, tx, account, random.Secret(started.Secret).Digest(), tx.By().Proof); err != nil {
			return err
		}
		was, is := audit.Fields{"session": by.Ref.ID}, audit.Fields{"session": started.Session.ID}
		return tx.AppendEvent(ctx, audit.Did(tx.By(), audit.PasswordChanged, account.target()).Changed(was.String(), is.String()))
	})
	if err != nil {
		return Started{}, err
	}
	s.alert(account, happened{alert: AlertPassword, at: started.Session.CreatedAt, origin: by.Origin,
		text: "The password of your account was changed. All other sessions were ended."})
	return started, nil
}

// renew ends all sessions of the transaction's caller and adds a new one in place of the current
// one, which ends without an event. The new one has the proof.
func renew(ctx context.Context, tx Tx, of Account, digest []byte, proof actor.Proof) (Session, error) {
	if _, err := endAll(ctx, tx, tx.By(), of, tx.By().Ref.ID); err != nil {
		return Session{}, err
	}
	session := newSession(of, tx.Now(), tx.By().Origin, proof)
	if err := tx.InsertSession(ctx, session, digest); err != nil {
		return Session{}, err
	}
	// The provider that vouched for the old one can end the new one as well.
	if err := tx.MoveWay(ctx, tx.By().Ref.ID, session.ID); err != nil {
		return Session{}, err
	}
	_, err := tx.EndSession(ctx, tx.By().Ref.ID)
	return session, err
}

// checkChange returns the problems that can be found without hashing.
func (s *Service) checkChange(ctx context.Context, account Account, current, next string) error {
	var fields []fault.Field
	if current == "" || len(current) > MaxPassword {
		fields = append(fields, fault.Field{Path: "current", Message: "Enter your current password."})
	}
	problem, err := s.checkOf(ctx, next, account)
	if err != nil {
		return err
	}
	if problem != "" {
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
