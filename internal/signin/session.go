package signin

import (
	"context"
	"slices"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
)

// Lookup returns the session of a cookie's secret and records that it was used, at most
// once per [TouchInterval]. Unauthenticated for a secret that is malformed, unknown or of
// a session that is over, and while its member is deactivated. It loads no permissions.
func (s *Service) Lookup(ctx context.Context, secret string) (Session, error) {
	sum := digest(secret)
	if sum == nil {
		return Session{}, signInFirst()
	}
	session, account, err := s.store.SessionByDigest(ctx, sum)
	if fault.Is(err, fault.NotFound) {
		return Session{}, signInFirst()
	}
	if err != nil {
		return Session{}, err
	}
	if !session.Live(s.store.Now()) || !account.Active {
		return Session{}, signInFirst()
	}
	return session, s.touch(ctx, session)
}

func signInFirst() error { return fault.NewUnauthenticated("Sign in to continue.") }

// touch writes the time of last use when the recorded one is too old. Of the parallel
// requests of one session a single one writes; the others go on.
func (s *Service) touch(ctx context.Context, session Session) error {
	if s.store.Now().Sub(session.LastSeenAt) < TouchInterval {
		return nil
	}
	if _, busy := s.touching.LoadOrStore(session.ID, true); busy {
		return nil
	}
	defer s.touching.Delete(session.ID)
	return s.store.InTx(ctx, actor.System(""), func(tx Tx) error {
		return tx.TouchSession(ctx, session.ID, tx.Now().Add(-TouchInterval))
	})
}

// SignOut ends the session of a cookie's secret. A secret that opens none is no error:
// the browser is signed out either way.
func (s *Service) SignOut(ctx context.Context, secret string, origin actor.Origin) error {
	if digest(secret) == nil {
		return nil
	}
	return s.store.InTx(ctx, actor.Anonymous(origin), func(tx Tx) error { return signOut(ctx, tx, secret, origin) })
}

// signOut ends a session within a transaction. One that was over already goes silently.
func signOut(ctx context.Context, tx Tx, secret string, origin actor.Origin) error {
	sum := digest(secret)
	if sum == nil {
		return nil
	}
	session, account, err := tx.SessionByDigest(ctx, sum)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	ended, err := tx.EndSession(ctx, session.ID)
	if err != nil || !ended || !session.Live(tx.Now()) {
		return err
	}
	return tx.AppendEvent(ctx, audit.Did(account.caller(origin), audit.SignedOut, sessionTarget(session.ID, account)))
}

// List returns a member's running sessions, the one used last first.
func (s *Service) List(ctx context.Context, memberID string) ([]Session, error) {
	return s.store.SessionsOf(ctx, memberID, limitsAt(s.store.Now()))
}

// End ends one of the caller's own sessions. NotFound for anybody else's, existing or
// not; Denied for a caller who is no signed-in member.
func (s *Service) End(ctx context.Context, by actor.Caller, sessionID string) error {
	return s.store.InTx(ctx, by, func(tx Tx) error {
		if err := onlyMembers(tx.By()); err != nil {
			return err
		}
		own, err := tx.SessionsOf(ctx, tx.By().ID, limitsAt(tx.Now()))
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(own, func(one Session) bool { return one.ID == sessionID }) {
			return fault.NewNotFound("That session")
		}
		if _, err := tx.EndSession(ctx, sessionID); err != nil {
			return err
		}
		return tx.AppendEvent(ctx, endedByOwner(tx.By(), sessionID))
	})
}

// endedByOwner is the event of a session that its member ended.
func endedByOwner(by actor.Standing, sessionID string) audit.Event {
	return audit.Did(by, audit.SignedOut, audit.Target{Type: audit.TargetSession, ID: sessionID, Name: by.Email})
}

// EndOthers ends the caller's sessions but the one that calls, and returns how many. Denied
// for a caller who is no signed-in member.
func (s *Service) EndOthers(ctx context.Context, by actor.Caller) (int, error) {
	n := 0
	err := s.store.InTx(ctx, by, func(tx Tx) error {
		if err := onlyMembers(tx.By()); err != nil {
			return err
		}
		var err error
		n, err = endOthers(ctx, tx)
		return err
	})
	return n, err
}

// endOthers ends the other sessions of the member who acts in the transaction.
func endOthers(ctx context.Context, tx Tx) (int, error) {
	by := tx.By()
	// Those that are over go without an event.
	if _, err := tx.DropOverSessions(ctx, by.ID, limitsAt(tx.Now())); err != nil {
		return 0, err
	}
	ended, err := tx.EndSessionsOf(ctx, by.ID, by.Ref.ID)
	if err != nil {
		return 0, err
	}
	for _, id := range ended {
		if err := tx.AppendEvent(ctx, endedByOwner(by, id)); err != nil {
			return 0, err
		}
	}
	return len(ended), nil
}

// onlyMembers refuses tokens: they have no sessions and no password.
func onlyMembers(by actor.Standing) error {
	if by.Kind != access.Member {
		return fault.NewDenied("Only a signed-in member may do this.")
	}
	return nil
}

// Swept says what [Service.Sweep] deleted.
type Swept struct{ Sessions, Attempts int64 }

// Sweep deletes sessions that are over and attempts that no longer count. Nothing depends
// on it but the size of the database; run it every hour or so.
func (s *Service) Sweep(ctx context.Context) (Swept, error) {
	var swept Swept
	err := s.store.InTx(ctx, actor.System(""), func(tx Tx) error {
		var err error
		if swept.Sessions, err = tx.DropOverSessions(ctx, "", limitsAt(tx.Now())); err != nil {
			return err
		}
		swept.Attempts, err = tx.Throttle.DropAttempts(ctx, tx.Now().Add(-AccountWindow), tx.Now().Add(-Acquaintance))
		return err
	})
	return swept, err
}
