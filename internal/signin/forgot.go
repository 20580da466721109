package signin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
	"latchkey/internal/random"
)

// Limits on links that people ask for themselves. Asking is counted by network; links that were made are
// counted by account, so that an address without an account is no different while somebody waits.
const (
	ForgotPerNetwork = 10
	ForgotPerAccount = 3
	ForgotWindow     = time.Hour
)

// forgotQueue is how many requests wait; more are dropped.
const forgotQueue = 64

// forgotten is a request for a link that waits to be looked at.
type forgotten struct {
	email  string
	origin actor.Origin
	link   random.Linker
}

// Mails reports whether there is a mailer: then people can ask for a link themselves, and get alerts.
func (s *Service) Mails() bool { return s.mailer != nil }

// Forgot asks for a link that sets a new password, by mail. It does the same for every address: whether
// it belongs to a member is looked up by [Service.RunMail], after the answer. Beyond the limits, or
// while too many wait, nothing is sent and there is no error. The error is NotFound without a mailer, and Denied with a [Required]
// as its cause for every address of a domain that must use a provider.
func (s *Service) Forgot(ctx context.Context, email string, link random.Linker, origin actor.Origin) error {
	if !s.Mails() {
		return fault.NewNotFound("This page")
	}
	if err := mayEnter(ctx, s.store, email); err != nil {
		return err
	}
	counted, err := s.countForgotten(ctx, forgotCounter("network", origin.Network(), ForgotPerNetwork))
	if err != nil || !counted {
		return err
	}
	f := forgotten{plaintext.EmailKey(email), origin, link}
	s.forgotten.add(func(ctx context.Context) error { return s.sendForgotten(ctx, f) })
	return nil
}

// forgotCounter returns the counter of requests from a network or of links for an account.
func forgotCounter(kind, of string, most int) counter {
	return counter{key: attemptKey("forgot "+kind, of), failures: most, window: ForgotWindow, block: ForgotWindow}
}

// countForgotten counts a request and reports whether it is within the limit. One beyond it costs a read.
func (s *Service) countForgotten(ctx context.Context, c counter) (counted bool, err error) {
	records, err := s.store.Attempts(ctx, c.key)
	if err != nil {
		return false, err
	}
	now := s.store.Now()
	for _, r := range records {
		if c.blocks(r.BlockedUntil, now) {
			return false, nil
		}
	}
	err = s.store.InTx(ctx, actor.System(""), func(tx Tx) error {
		counted, err = c.count(ctx, tx)
		return err
	})
	return counted, err
}

// count counts one more under the key of c and reports whether it is within the limit.
func (c counter) count(ctx context.Context, tx Tx) (bool, error) {
	return tx.Throttle.CountAttempt(ctx, c.key, c.failures, tx.Now().Add(-c.window), tx.Now().Add(c.block))
}

// errNoLink undoes a transaction that is to leave nothing.
var errNoLink = errors.New("no link is made")

// sendForgotten makes a link and mails it. While the member has a link that works, no matter who made it, there
// is no new one: otherwise a stranger could end a link just by asking for another.
func (s *Service) sendForgotten(ctx context.Context, f forgotten) error {
	account, err := s.store.SignInAccount(ctx, f.email)
	if fault.Is(err, fault.NotFound) || err == nil && !account.Active {
		return nil
	}
	if err != nil {
		return err
	}
	secret := random.NewSecret()
	var made RecoveryLink
	err = s.store.InTx(ctx, actor.Anonymous(f.origin), func(tx Tx) error {
		account, err := tx.SignInAccountOf(ctx, account.ID)
		if err != nil {
			return err
		}
		if !account.Active || account.Email != f.email {
			return errNoLink
		}
		made, err = forgottenLink(ctx, tx, account, f, secret)
		return err
	})
	if errors.Is(err, errNoLink) {
		return nil
	}
	if err != nil {
		return err
	}
	subject, text := forgottenMessage(made)
	if s.mailer.Send(ctx, made.Email, subject, text) != nil {
		return s.dropUnsent(ctx, secret)
	}
	return nil
}

// forgottenLink stores a link for an account, with an event.
func forgottenLink(ctx context.Context, tx Tx, account Account, f forgotten, secret random.Secret) (RecoveryLink, error) {
	counted, err := forgotCounter("account", account.ID, ForgotPerAccount).count(ctx, tx)
	if err != nil {
		return RecoveryLink{}, err
	}
	r := Recovery{Member: account.ID, CreatedAt: tx.Now(), ExpiresAt: tx.Now().Add(RecoveryLife)}
	added := false
	if counted {
		added, err = tx.Recoveries.AddRecovery(ctx, r, secret.Digest())
	}
	if err != nil {
		return RecoveryLink{}, err
	}
	if !added {
		return RecoveryLink{}, errNoLink
	}
	by := actor.OfSystem(account.Organization)
	by.Name, by.Origin = actor.NotSignedIn, f.origin
	state := audit.Fields{"expiresAt": audit.FormatTime(r.ExpiresAt), "madeBy": "forgotten password"}
	return RecoveryLink{Account: account, Link: f.link(secret), ExpiresAt: r.ExpiresAt},
		tx.AppendEvent(ctx, audit.Did(by, audit.RecoveryCreated, account.target()).Changed("", state.String()))
}

// dropUnsent deletes a link that nobody got, so that it is in the way of no other.
func (s *Service) dropUnsent(ctx context.Context, secret random.Secret) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	return s.store.InTx(ctx, actor.System(""), func(tx Tx) error { return tx.Recoveries.DropRecovery(ctx, secret.Digest()) })
}

// forgottenMessage returns the email with a link that somebody asked for.
func forgottenMessage(made RecoveryLink) (subject, text string) {
	return "Set a new password for Latchkey", fmt.Sprintf(`Somebody asked for a link to set a new password for %s.

Open this link:

%s

The link works once, until %s UTC. Do not share it. It ends all your sessions. If you did not ask for it, ignore this email: your password stays as it is.
`, made.Email, made.Link, made.ExpiresAt.UTC().Format("2 January 2006, 15:04"))
}
