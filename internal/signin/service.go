package signin

import (
	"context"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/segmentio/ksuid"

	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
)

// refusal is the one answer to every sign-in that fails, whatever was wrong.
const refusal = "The e-mail or the password is not right."

// SignIn starts a session for whoever knows the e-mail and the password of an active
// member. previous is the secret that the browser sent, if any: that session ends, and
// its secret is never taken over, so a planted cookie gains nothing.
//
// Unauthenticated with one and the same text for an unknown e-mail, a deactivated member,
// a member without a password and a wrong password, after the same work. Throttled (see
// [PairFailures]) without any. Each failure is in the audit log, and of those that a block
// stops the first. Neither the password nor the secret goes anywhere else.
func (s *Service) SignIn(ctx context.Context, email, password, previous string, origin actor.Origin) (Started, error) {
	email = cleanEmail(email)
	try := newAttempt(email, origin)
	if err := s.reserve(ctx, &try); err != nil {
		return Started{}, s.tellStopped(ctx, try, err, func(ctx context.Context, tx Tx) (audit.Event, error) {
			return failed(ctx, tx, email, Account{}, origin)
		})
	}
	account, match, err := s.prove(ctx, email, password)
	if err != nil {
		return Started{}, err
	}
	// The outcome is known: it is recorded even when the client has hung up.
	ctx = context.WithoutCancel(ctx)
	if match {
		started, ok, err := s.start(ctx, try, account, previous, origin)
		if ok || err != nil {
			return started, err
		}
	}
	return Started{}, s.refuse(ctx, email, account, origin)
}

// prove looks the account up and checks the password. Whoever cannot sign in has it checked
// against a hash that nothing matches: the time taken tells nothing.
func (s *Service) prove(ctx context.Context, email, password string) (Account, bool, error) {
	account, err := s.store.SignInAccount(ctx, email)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return Account{}, false, err
	}
	hash := account.PasswordHash
	if !account.Active {
		hash = ""
	}
	if len(password) > MaxPassword {
		hash, password = "", ""
	}
	match, err := s.hasher.Matches(ctx, hash, password)
	return account, match && hash != "", err
}

// start makes the session. It is not ok when the member was deactivated or the password changed since
// the account was read.
func (s *Service) start(ctx context.Context, try attempt, account Account, previous string, origin actor.Origin) (Started, bool, error) {
	started := Started{Secret: newSecret()}
	ok := false
	err := s.store.InTx(ctx, actor.Anonymous(origin), func(tx Tx) error {
		var err error
		if ok, err = tx.MarkSignedIn(ctx, account.ID, account.PasswordHash); err != nil || !ok {
			return err
		}
		if err := try.succeeded(ctx, tx); err != nil {
			return err
		}
		if err := signOut(ctx, tx, previous, origin); err != nil {
			return err
		}
		if _, err := tx.DropOverSessions(ctx, account.ID, limitsAt(tx.Now())); err != nil {
			return err
		}
		started.Session = Session{ID: ksuid.New().String(), Member: account.ID, Organization: account.Organization,
			CreatedAt: tx.Now(), LastSeenAt: tx.Now(), IP: origin.IP, UserAgent: clean(origin.UserAgent, 256)}
		if err := tx.InsertSession(ctx, started.Session, digest(started.Secret)); err != nil {
			return err
		}
		return tx.AppendEvent(ctx, audit.Did(account.caller(origin), audit.SignedIn, sessionTarget(started.Session.ID, account)))
	})
	if err != nil || !ok {
		return Started{}, false, err
	}
	return started, true, nil
}

// refuse records a failed sign-in. Before the installation is set up there is no log to
// write to.
func (s *Service) refuse(ctx context.Context, email string, account Account, origin actor.Origin) error {
	err := s.store.InTx(ctx, actor.Anonymous(origin), func(tx Tx) error {
		e, err := failed(ctx, tx, email, account, origin)
		if err != nil {
			return err
		}
		return tx.AppendEvent(ctx, e)
	})
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	return fault.NewUnauthenticated(refusal)
}

// failed is the event of a sign-in that failed; NotFound before the installation is set up.
func failed(ctx context.Context, tx Tx, email string, account Account, origin actor.Origin) (audit.Event, error) {
	organization, err := tx.SignInOrganization(ctx)
	by := actor.OfSystem(organization)
	by.Name, by.Origin = "Not signed in", origin
	return audit.Did(by, audit.SignInFailed, audit.Target{Type: audit.TargetSession, Name: typedName(email, account)}), err
}

// sessionTarget names a session in the log by its public id and its member.
func sessionTarget(id string, of Account) audit.Target {
	return audit.Target{Type: audit.TargetSession, ID: id, Name: of.Email}
}

// typedName is what the log keeps of an e-mail that failed. People type their password
// into the wrong field; what is no address is therefore left out.
func typedName(email string, account Account) string {
	if account.ID != "" {
		return account.Email
	}
	local, domain, found := strings.Cut(email, "@")
	if !found || local == "" || !strings.Contains(domain, ".") {
		return "not an e-mail address"
	}
	return email
}

// cleanEmail is the form in which e-mails are stored and counted: lower case, without what
// surrounds or hides, at most as long as an address can be (RFC 5321, 4.5.3.1).
func cleanEmail(s string) string { return strings.ToLower(strings.TrimSpace(clean(s, 254))) }

// clean cuts s to at most n bytes of valid text without control and format characters.
func clean(s string, n int) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
