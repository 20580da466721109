package signin

import (
	"context"

	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
	"latchkey/internal/random"
)

// Entered is a session that [Enter] started.
type Entered struct {
	Started
	account Account
	known   bool // the browser is known
}

// Enter starts a session for an account whose person an identity provider vouches for. It is one step of the
// transaction that decided who that is, and [Service.NoteEntered] follows the commit. The session that the browser
// had ends, as at every sign-in. The error is Denied if the member is not active.
func Enter(ctx context.Context, tx Tx, memberID string, from Browser, origin actor.Origin, how audit.Fields) (Entered, error) {
	account, err := tx.SignInAccountOf(ctx, memberID)
	if err != nil {
		return Entered{}, err
	}
	ok, err := tx.MarkSignedIn(ctx, account.ID, account.PasswordHash)
	if err != nil {
		return Entered{}, err
	}
	if !ok {
		return Entered{}, fault.NewDenied("Your account is not active. Ask an Admin to activate it.")
	}
	e := Entered{Started: Started{Secret: random.NewSecret().Reveal()}, account: account}
	e.known, err = open(ctx, tx, account, from, origin, &e.Started, actor.ByProvider, how)
	return e, err
}

// NoteEntered alerts the member to a sign-in with a new browser, as [Service.SignIn] does.
func (s *Service) NoteEntered(e Entered, origin actor.Origin) {
	s.alertBrowser(e.known, e.account, e.Started, origin)
}

// NoteRefused records a sign-in by an identity provider that failed, and reports whether it left an event of
// its own: like failed passwords, those beyond [EventsPerSecond] are counted together. name is the address that the
// provider named, if it did.
func (s *Service) NoteRefused(ctx context.Context, name string, origin actor.Origin, why audit.Fields) (bool, error) {
	if name != "" {
		name = typedName(plaintext.EmailKey(name), Account{})
	}
	if !s.flood.admits(s.store.Now(), origin.IP, name) {
		return false, nil
	}
	err := s.store.InTx(ctx, actor.Anonymous(origin), func(tx Tx) error {
		e, err := failed(ctx, tx, name, Account{}, origin)
		if err != nil {
			return err
		}
		if name == "" {
			e.Target.Name = "an unknown account"
		}
		return tx.AppendEvent(ctx, e.Changed("", why.String()))
	})
	return err == nil, err
}
