package signin

import (
	"context"
	"strings"
	"time"

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
// had ends, as at every sign-in. at is when the provider says that the person signed in there, zero if it does not say.
// One who did so longer than [actor.ProofLife] ago has a session, but is asked again before acts that need a proof. The
// error is Denied if the member is not active.
func Enter(ctx context.Context, tx Tx, memberID string, at time.Time, from Browser, origin actor.Origin,
	how audit.Fields) (Entered, error) {
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
	proof := actor.Proof{How: actor.ByProvider, At: at}
	switch now := tx.Now(); {
	case at.IsZero() || at.After(now):
		proof.At = now
	case !proof.Recent(now):
		proof.At = time.Time{}
	}
	e.known, err = open(ctx, tx, account, from, origin, &e.Started, proof, how)
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

// Required is the rule that the people of a domain sign in with an identity provider, and not with a password, a passkey or
// a link.
type Required struct {
	Domain   string // of email addresses, in lower case
	Provider string // id
	Name     string // of the provider
}

// Error is the sentence for people.
func (r *Required) Error() string { return "People of " + r.Domain + " sign in with " + r.Name + "." }

// fault returns the error for somebody to whom the rule applies.
func (r *Required) fault() error {
	f := fault.NewDenied(r.Error())
	f.Cause = r
	return f
}

// requiredReader reads such rules.
type requiredReader interface {
	// RequiredOf returns the rule for a domain, in lower case; NotFound if there is none.
	RequiredOf(ctx context.Context, domain string) (Required, error)
}

// RequiredFor returns the rule for an address; nil if its people may sign in in any way.
func RequiredFor(ctx context.Context, r requiredReader, email string) (*Required, error) {
	email = plaintext.EmailKey(email)
	rule, err := r.RequiredOf(ctx, email[strings.LastIndexByte(email, '@')+1:])
	if fault.Is(err, fault.NotFound) {
		return nil, nil //nolint:nilnil // no rule is no error
	}
	if err != nil {
		return nil, err
	}
	return &rule, nil
}

// mayEnter returns an error with a [Required] as its cause if an address must be used with a provider. It is the same for every
// address of the domain, whether it belongs to a member or not.
func mayEnter(ctx context.Context, r requiredReader, email string) error {
	rule, err := RequiredFor(ctx, r, email)
	if err == nil && rule != nil {
		err = rule.fault()
	}
	return err
}

// turnAway is mayEnter for what somebody typed who is not signed in. It records the refusal.
func (s *Service) turnAway(ctx context.Context, email string, origin actor.Origin) error {
	rule, err := RequiredFor(ctx, s.store, email)
	if err != nil || rule == nil {
		return err
	}
	_, err = s.NoteRefused(ctx, email, origin, audit.Fields{"reason": "single sign-on is required", "provider": rule.Name})
	if err != nil {
		return err
	}
	return rule.fault()
}
