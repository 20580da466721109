package signin

import (
	"context"
	"slices"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/random"
)

// Lookup returns the session with the given secret and records its use, at most once per
// [TouchInterval]. The error is Unauthenticated for a secret that is malformed, unknown or of a
// session that has ended, and while its member is deactivated. Lookup loads no permissions.
func (s *Service) Lookup(ctx context.Context, secret string) (Session, error) {
	sum := random.Secret(secret).Digest()
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

// touch records the time of last use if the recorded one is too old, or far in the future because the
// clock was set back. Of a session's parallel requests, only one writes; the others do not wait for it.
func (s *Service) touch(ctx context.Context, session Session) error {
	if s.store.Now().Sub(session.LastSeenAt).Abs() < TouchInterval {
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

// SignOut ends the session with the given secret. An unknown secret is not an error: the
// browser is signed out either way.
func (s *Service) SignOut(ctx context.Context, secret string, origin actor.Origin) error {
	if random.Secret(secret).Digest() == nil {
		return nil
	}
	return s.store.InTx(ctx, actor.Anonymous(origin), func(tx Tx) error {
		_, err := signOut(ctx, tx, secret, origin)
		return err
	})
}

// signOut ends a session within a transaction, and returns whose it was; "" if it had ended already, for
// which it records no event.
func signOut(ctx context.Context, tx Tx, secret string, origin actor.Origin) (memberID string, err error) {
	sum := random.Secret(secret).Digest()
	if sum == nil {
		return "", nil
	}
	session, account, err := tx.SessionByDigest(ctx, sum)
	if fault.Is(err, fault.NotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	ended, err := tx.EndSession(ctx, session.ID)
	if err != nil || !ended || !session.Live(tx.Now()) {
		return "", err
	}
	return account.ID, tx.AppendEvent(ctx, audit.Did(account.caller(origin), audit.SignedOut, sessionTarget(session.ID, account)))
}

// List returns a member's live sessions, the last used first. The error is NotFound for a member
// of another organization, and Denied for the sessions of somebody else unless the caller is an
// Admin.
func (s *Service) List(ctx context.Context, by actor.Standing, memberID string) ([]Session, error) {
	if by.Kind != access.Member || by.ID != memberID {
		if _, err := s.managed(ctx, s.store, by, memberID); err != nil {
			return nil, err
		}
	}
	return s.store.SessionsOf(ctx, memberID, limitsAt(s.store.Now()))
}

// managed returns a member whose sessions the caller may see and end. The error is NotFound for a
// member of another organization, and Denied unless the caller is an Admin.
func (s *Service) managed(ctx context.Context, r accountReader, by actor.Standing, memberID string) (Account, error) {
	err := access.Decide(s.catalogue, by.Principal, access.ManageMembers,
		access.Resource{Organization: by.Organization}).Err("The organization")
	if err != nil {
		return Account{}, err
	}
	account, err := r.SignInAccountOf(ctx, memberID)
	if err == nil && account.Organization != by.Organization {
		err = fault.NewNotFound("That member")
	}
	return account, err
}

// EndOf ends one session of a member. The error is NotFound if the member does not have it, and
// otherwise as for [Service.List].
func (s *Service) EndOf(ctx context.Context, by actor.Caller, memberID, sessionID string) error {
	return s.store.InTx(ctx, by, func(tx Tx) error {
		account, err := s.managed(ctx, tx, tx.By(), memberID)
		if err != nil {
			return err
		}
		if err := tx.By().MustBeProven(tx.Now(), "end sessions"); err != nil {
			return err
		}
		return endOne(ctx, tx, account, sessionID)
	})
}

// EndAllOf ends all sessions of a member, which includes the current one if the member is the
// caller, and returns their number. The errors are those of [Service.List].
func (s *Service) EndAllOf(ctx context.Context, by actor.Caller, memberID string) (int, error) {
	n := 0
	err := s.store.InTx(ctx, by, func(tx Tx) error {
		account, err := s.managed(ctx, tx, tx.By(), memberID)
		if err != nil {
			return err
		}
		if err := tx.By().MustBeProven(tx.Now(), "end sessions"); err != nil {
			return err
		}
		n, err = endAll(ctx, tx, tx.By(), account, "")
		return err
	})
	return n, err
}

// End ends one of the caller's own sessions. The error is NotFound for any other session,
// existing or not, and Denied for a caller who is not a signed-in member.
func (s *Service) End(ctx context.Context, by actor.Caller, sessionID string) error {
	return s.store.InTx(ctx, by, func(tx Tx) error {
		if err := onlyMembers(tx.By()); err != nil {
			return err
		}
		if err := mayEndOwn(tx, sessionID); err != nil {
			return err
		}
		return endOne(ctx, tx, Account{ID: tx.By().ID, Email: tx.By().Email}, sessionID)
	})
}

// mayEndOwn asks again before a session of the caller ends that is not the current one.
func mayEndOwn(tx Tx, sessionID string) error {
	if sessionID == tx.By().Ref.ID {
		return nil
	}
	return tx.By().MustBeProven(tx.Now(), "end your other sessions")
}

// endOne ends one session of an account.
func endOne(ctx context.Context, tx Tx, of Account, sessionID string) error {
	list, err := tx.SessionsOf(ctx, of.ID, limitsAt(tx.Now()))
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(list, func(one Session) bool { return one.ID == sessionID }) {
		return fault.NewNotFound("That session")
	}
	if _, err := tx.EndSession(ctx, sessionID); err != nil {
		return err
	}
	return tx.AppendEvent(ctx, audit.Did(tx.By(), audit.SignedOut, sessionTarget(sessionID, of)))
}

// EndOthers ends all the caller's sessions except the current one and returns their number. The
// error is Denied for a caller who is not a signed-in member.
func (s *Service) EndOthers(ctx context.Context, by actor.Caller) (int, error) {
	n := 0
	err := s.store.InTx(ctx, by, func(tx Tx) error {
		if err := onlyMembers(tx.By()); err != nil {
			return err
		}
		if err := mayEndOwn(tx, ""); err != nil {
			return err
		}
		var err error
		n, err = endAll(ctx, tx, tx.By(), Account{ID: tx.By().ID, Email: tx.By().Email}, tx.By().Ref.ID)
		return err
	})
	return n, err
}

// endAll ends the sessions of an account except one ("" for none), and returns their number.
func endAll(ctx context.Context, tx Tx, by actor.Standing, of Account, except string) (int, error) {
	// Sessions that have ended already are deleted without an event.
	if _, err := tx.DropEndedSessions(ctx, of.ID, limitsAt(tx.Now())); err != nil {
		return 0, err
	}
	ended, err := tx.EndSessionsOf(ctx, of.ID, except)
	if err != nil {
		return 0, err
	}
	for _, id := range ended {
		if err := tx.AppendEvent(ctx, audit.Did(by, audit.SignedOut, sessionTarget(id, of))); err != nil {
			return 0, err
		}
	}
	return len(ended), nil
}

// onlyMembers refuses tokens: they have no sessions and no password.
func onlyMembers(by actor.Standing) error {
	if by.Kind != access.Member {
		return fault.NewDenied("Only a signed-in member can do this.")
	}
	return nil
}

// Swept counts what [Service.Sweep] deleted.
type Swept struct{ Sessions, Attempts int64 }

// Sweep deletes sessions and links that have ended and attempts that no longer count. It only keeps the
// database small; run it about every hour.
func (s *Service) Sweep(ctx context.Context) (Swept, error) {
	var swept Swept
	err := s.store.InTx(ctx, actor.System(""), func(tx Tx) error {
		var err error
		if swept.Sessions, err = tx.DropEndedSessions(ctx, "", limitsAt(tx.Now())); err != nil {
			return err
		}
		if err := tx.Recoveries.DropEndedRecoveries(ctx, tx.Now()); err != nil {
			return err
		}
		if err := tx.Factors.DropPending(ctx, tx.Now()); err != nil {
			return err
		}
		if err := tx.Passkeys.DropChallenges(ctx, tx.Now(), latestEnd(tx.Now(), ChallengeLife)); err != nil {
			return err
		}
		if err := tx.Held.DropHeld(ctx, tx.Now(), latestEnd(tx.Now(), HeldLife)); err != nil {
			return err
		}
		swept.Attempts, err = tx.Throttle.DropAttempts(ctx, tx.Now().Add(-AccountWindow), tx.Now().Add(-Acquaintance))
		return err
	})
	return swept, err
}

// counts reports whether what was made to end at a moment, after a life, still counts. A clock that was set back must
// not lengthen its life, but another node, whose clock is ahead a little, may have made it.
func counts(end, now time.Time, life time.Duration) bool {
	return now.Before(end) && !end.After(latestEnd(now, life))
}

// latestEnd returns the latest end that something can have which was made at now or before, on any node.
func latestEnd(now time.Time, life time.Duration) time.Time { return now.Add(life + actor.ClockSkew) }
