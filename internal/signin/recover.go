package signin

import (
	"context"
	"fmt"
	"time"

	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
	"latchkey/internal/random"
)

// RecoveryLife is how long a link that sets a new password works.
const RecoveryLife = 15 * time.Minute

// Recovery is a link with which a member sets a new password, once.
type Recovery struct {
	Member    string // id
	MadeBy    string // id of the member who made it; empty: the command line, or somebody who forgot theirs
	CreatedAt time.Time
	ExpiresAt time.Time // the first moment at which it no longer works
	// ClearsFactors says that the link also removes the member's second factors.
	ClearsFactors bool
}

// RecoveryLink is a new link, which is not available again.
type RecoveryLink struct {
	Account
	Link      string `json:"-"`
	ExpiresAt time.Time
	Mailed    bool
	MailError error // private; nil if it was sent or there is no mailer
}

// Mailer sends plain-text emails. After an error the email may not have arrived.
type Mailer interface {
	// Send sends one email.
	Send(ctx context.Context, to, subject, text string) error
}

// mailTimeout limits the time for one email, so that a mail server that does not answer does not
// block a page.
const mailTimeout = 15 * time.Second

// SendRecovery makes a link with which a member sets a new password, in place of an earlier one, and
// mails it if there is a mailer. The error is NotFound for a member of another organization, Denied
// unless the caller is an Admin, and Conflict for a deactivated member.
func (s *Service) SendRecovery(ctx context.Context, by actor.Caller, memberID string, link random.Linker) (RecoveryLink, error) {
	var made RecoveryLink
	err := s.store.InTx(ctx, by, func(tx Tx) error {
		account, err := s.managed(ctx, tx, tx.By(), memberID)
		if err == nil {
			err = mayEnter(ctx, tx, account.Email)
		}
		if err == nil {
			err = tx.By().MustBeProven(tx.Now(), "send a reset link")
		}
		if err == nil {
			made, err = newRecovery(ctx, tx, tx.By(), account, link)
		}
		return err
	})
	if err != nil || s.mailer == nil {
		return made, err
	}
	ctx, cancel := context.WithTimeout(ctx, mailTimeout)
	defer cancel()
	subject, text := recoveryMessage(made)
	made.MailError = s.mailer.Send(ctx, made.Email, subject, text)
	made.Mailed = made.MailError == nil
	return made, nil
}

// RecoverByOperator makes such a link for the command line, which also removes the member's second factors.
// The error is NotFound for an unknown address, and Conflict for a deactivated member.
func (s *Service) RecoverByOperator(ctx context.Context, email string, link random.Linker) (RecoveryLink, error) {
	var made RecoveryLink
	account, err := s.store.SignInAccount(ctx, plaintext.EmailKey(email))
	if err != nil {
		return made, err
	}
	err = s.store.InTx(ctx, actor.System(account.Organization), func(tx Tx) error {
		account, err := tx.SignInAccountOf(ctx, account.ID)
		if err == nil {
			made, err = newRecovery(ctx, tx, tx.By(), account, link)
		}
		return err
	})
	return made, err
}

// newRecovery stores a link for an account, with an event.
func newRecovery(ctx context.Context, tx Tx, by actor.Standing, account Account, link random.Linker) (RecoveryLink, error) {
	if !account.Active {
		return RecoveryLink{}, fault.NewConflict("This member is deactivated. Reactivate them first.")
	}
	secret := random.NewSecret()
	r := Recovery{Member: account.ID, MadeBy: by.Self(), CreatedAt: tx.Now(), ExpiresAt: tx.Now().Add(RecoveryLife)}
	state := audit.Fields{"expiresAt": audit.FormatTime(r.ExpiresAt)}
	r.ClearsFactors = by.Ref.Kind == actor.Server
	if err := tx.Recoveries.SaveRecovery(ctx, r, secret.Digest()); err != nil {
		return RecoveryLink{}, err
	}
	if r.ClearsFactors {
		state["madeBy"], state["clearsSecondFactors"] = "command line", true
	}
	return RecoveryLink{Account: account, Link: link(secret), ExpiresAt: r.ExpiresAt},
		tx.AppendEvent(ctx, audit.Did(by, audit.RecoveryCreated, account.target()).Changed("", state.String()))
}

// OpenRecovery returns the account for which a link sets a new password. The error is NotFound if the
// link is invalid, was used or replaced, or has expired, and Denied if the member is deactivated.
func (s *Service) OpenRecovery(ctx context.Context, secret random.Secret) (Account, error) {
	_, account, err := openRecovery(ctx, s.store, secret, s.store.Now())
	return account, err
}

func openRecovery(ctx context.Context, r recoveryReader, secret random.Secret, now time.Time) (Recovery, Account, error) {
	digest := secret.Digest()
	if digest == nil {
		return Recovery{}, Account{}, errInvalidRecovery()
	}
	recovery, account, err := r.RecoveryByDigest(ctx, digest)
	if fault.Is(err, fault.NotFound) || err == nil && !counts(recovery.ExpiresAt, now, RecoveryLife) {
		return Recovery{}, Account{}, errInvalidRecovery()
	}
	if err != nil {
		return Recovery{}, Account{}, err
	}
	if !account.Active {
		return Recovery{}, Account{}, fault.NewDenied("Your account is deactivated. Ask an Admin to reactivate you.")
	}
	if !recovery.ClearsFactors { // a link of the operator works whatever is required
		err = mayEnter(ctx, r, account.Email)
	}
	return recovery, account, err
}

// errInvalidRecovery returns the error for a link that sets nothing.
func errInvalidRecovery() error {
	f := fault.NewNotFound("This link")
	f.Message = "This link is invalid, has expired or was already used. Ask for a new one."
	return f
}

// Recover sets a new password by a link, which works once: of two calls at the same moment one gets
// NotFound. It ends all sessions of the member, lifts the blocks of their sign-ins, and starts a new
// session in place of the one that the browser had. If the member has a second factor that the link does not
// remove, blocks stay and it returns a sign-in that waits, since a link alone must not do more than a password.
// The member is alerted.
//
// The error is Invalid with the field "password", and otherwise as for [Service.OpenRecovery].
func (s *Service) Recover(ctx context.Context, secret random.Secret, password string, from Browser, origin actor.Origin) (Started, error) {
	account, err := s.OpenRecovery(ctx, secret)
	if err != nil {
		return Started{}, err
	}
	problem, err := s.checkOf(ctx, password, account)
	if err != nil {
		return Started{}, err
	}
	if problem != "" {
		return Started{}, invalid(fault.Field{Path: "password", Message: problem})
	}
	hash, err := s.hasher.Hash(ctx, password)
	if err != nil {
		return Started{}, err
	}
	var started Started
	var at time.Time
	cleared := 0
	err = s.store.InTx(ctx, actor.Anonymous(origin), func(tx Tx) error {
		recovery, account, err := openRecovery(ctx, tx.Recoveries, secret, tx.Now())
		if err != nil {
			return err
		}
		at = tx.Now()
		if err := recovered(ctx, tx, account, hash, origin); err != nil {
			return err
		}
		if recovery.ClearsFactors {
			if cleared, err = clearFactors(ctx, tx, account, origin); err != nil {
				return err
			}
		}
		started, err = startRecovered(ctx, tx, account, from, origin)
		return err
	})
	if err != nil {
		return Started{}, err
	}
	text := "Somebody used a reset link to set a new password for your account. All earlier sessions were ended."
	if cleared > 0 {
		text += " Its second factors were removed."
	}
	s.alert(account, happened{alert: AlertRecovery, at: at, origin: origin, text: text})
	return started, nil
}

// recovered sets the password of an account, and ends everything that began with the old one.
func recovered(ctx context.Context, tx Tx, account Account, hash string, origin actor.Origin) error {
	swapped, err := tx.SwapPassword(ctx, account.ID, account.PasswordHash, hash)
	if err != nil {
		return err
	}
	if !swapped {
		return errInvalidRecovery()
	}
	by := account.caller(origin)
	if _, err := endAll(ctx, tx, by, account, ""); err != nil {
		return err
	}
	return tx.AppendEvent(ctx, audit.Did(by, audit.Recovered, account.target()))
}

// clearFactors removes the second factors of an account, and returns how many there were.
func clearFactors(ctx context.Context, tx Tx, account Account, origin actor.Origin) (int, error) {
	tx.Recoveries.BreakGlass()
	n, err := tx.Factors.EndFactors(ctx, account.ID)
	if err != nil || n == 0 {
		return n, err
	}
	return n, tx.AppendEvent(ctx, audit.Did(account.caller(origin), audit.FactorsReset, account.target()).Changed(
		audit.Fields{"factors": n}.String(), ""))
}

// startRecovered starts the session of a member who has set a new password and lifts the blocks of their
// sign-ins, or makes them wait for their second factor. Then blocks stay, since they limit how often codes can
// be guessed: somebody who reads the member's mail could lift them again and again.
func startRecovered(ctx context.Context, tx Tx, account Account, from Browser, origin actor.Origin) (Started, error) {
	factors, err := tx.Factors.FactorsOf(ctx, account.ID)
	if err != nil {
		return Started{}, err
	}
	if len(factors) > 0 {
		pending, err := wait(ctx, tx, account)
		return Started{Pending: pending}, err
	}
	try := newAttempt(account.Email, origin)
	if err := tx.Throttle.ClearAttempts(ctx, try.account.key, try.pair.key); err != nil {
		return Started{}, err
	}
	started := Started{Secret: random.NewSecret().Reveal()}
	// openRecovery has checked that the link may be used.
	_, err = open(ctx, tx, account, from, origin, &started, actor.Proof{How: actor.ByPassword, At: tx.Now()}, nil)
	return started, err
}

// target returns the member as the target of an event.
func (a Account) target() audit.Target {
	return audit.Target{Type: audit.TargetUser, ID: a.ID, Name: a.Name}
}

// recoveryMessage returns the email with a link.
func recoveryMessage(made RecoveryLink) (subject, text string) {
	return "Set a new password for Latchkey", fmt.Sprintf(`An Admin has sent you a link to set a new password for %s.

Open this link:

%s

The link works once, until %s UTC. Do not share it. It ends all your sessions. If you did not expect this email, tell an Admin.
`, made.Email, made.Link, made.ExpiresAt.UTC().Format("2 January 2006, 15:04"))
}
