package signin

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/segmentio/ksuid"

	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
	"latchkey/internal/random"
)

// refusal is the answer to every failed sign-in, whatever the reason.
const refusal = "Incorrect email or password."

// SignIn starts a session, given the email and password of an active member. For a member with a second
// factor it only returns the secret of a sign-in that waits: see [Service.Confirm]. The session that the
// browser had ends, and its secret is never reused, so that planting a cookie gains nothing.
//
// A member is alerted to a sign-in with a browser that is new: it has neither a live session of this
// member nor a marker with which this member has signed in within [BrowserLife]. The very first sign-in
// of a member is no news.
//
// The error is Unauthenticated, with the same text and after the same work, for an unknown
// email, a deactivated member, a member without a password and a wrong password. It is
// Throttled (see [PairFailures]) without any work, and Unavailable if too many passwords wait to
// be checked; then the attempt does not count. The audit log records each failure (beyond
// [EventsPerSecond] their number) and the first attempt that a block stops. The password and the
// secret are not logged or stored.
func (s *Service) SignIn(ctx context.Context, email, password string, from Browser, origin actor.Origin) (Started, error) {
	email = plaintext.EmailKey(email)
	if err := s.turnAway(ctx, email, origin); err != nil {
		return Started{}, err
	}
	if s.hasher.Full() { // before anything is written for the attempt
		return Started{}, busy()
	}
	try := newAttempt(email, origin)
	if err := s.reserve(ctx, &try); err != nil {
		return Started{}, s.recordBlock(ctx, try, err, func(ctx context.Context, tx Tx) (audit.Event, error) {
			return failed(ctx, tx, email, Account{}, origin)
		})
	}
	account, match, err := s.prove(ctx, email, password)
	if isBusy(err) {
		return Started{}, errors.Join(err, s.giveBack(ctx, try))
	}
	if err != nil {
		return Started{}, err
	}
	// Record the outcome even if the client has disconnected.
	ctx = context.WithoutCancel(ctx)
	if match {
		started, ok, err := s.start(ctx, try, account, from, origin)
		if ok || err != nil {
			return started, err
		}
	}
	return Started{}, s.refuse(ctx, email, account, origin)
}

// prove looks up the account and checks the password. For an account that cannot sign in it
// checks a hash that nothing matches, so that the time reveals nothing.
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

// start creates the session, or makes the sign-in wait for a second factor if the member has one. It returns
// false if the member was deactivated or the password was changed since the account was read.
func (s *Service) start(ctx context.Context, try attempt, account Account, from Browser, origin actor.Origin) (Started, bool, error) {
	started := Started{Secret: random.NewSecret().Reveal()}
	ok, known := false, true
	err := s.store.InTx(ctx, actor.Anonymous(origin), func(tx Tx) error {
		var err error
		if ok, err = tx.MarkSignedIn(ctx, account.ID, account.PasswordHash); err != nil || !ok {
			return err
		}
		factors, err := tx.Factors.FactorsOf(ctx, account.ID)
		if err != nil {
			return err
		}
		if len(factors) > 0 {
			if err := try.forgive(ctx, tx); err != nil {
				return err
			}
			started = Started{}
			started.Pending, err = wait(ctx, tx, account)
			return err
		}
		if err := try.succeeded(ctx, tx); err != nil {
			return err
		}
		known, err = begin(ctx, tx, account, from, origin, &started, actor.ByPassword, nil)
		return err
	})
	if err != nil || !ok {
		return Started{}, false, err
	}
	s.alertBrowser(known, account, started, origin)
	return started, true, nil
}

// begin adds a session for an account, in place of the one that the browser had. It reports whether the
// browser is known. by is what proved the sign-in; more says what the log keeps of that, and may be nil. The error is Denied,
// with a [Required] as its cause, if the member must use a provider.
func begin(ctx context.Context, tx Tx, account Account, from Browser, origin actor.Origin, started *Started,
	by actor.Assurance, more audit.Fields) (known bool, err error) {
	if err := mayEnter(ctx, tx, account.Email); err != nil {
		return false, err
	}
	return open(ctx, tx, account, from, origin, started, actor.Proof{How: by, At: tx.Now()}, more)
}

// open is begin for somebody who may sign in without the provider that their domain requires, or who has.
func open(ctx context.Context, tx Tx, account Account, from Browser, origin actor.Origin, started *Started,
	proof actor.Proof, more audit.Fields) (known bool, err error) {
	was, err := signOut(ctx, tx, from.Session, origin)
	if err != nil {
		return false, err
	}
	if known, started.Marker, err = recognize(ctx, tx, account.ID, from.Marker); err != nil {
		return false, err
	}
	if _, err := tx.DropEndedSessions(ctx, account.ID, limitsAt(tx.Now())); err != nil {
		return false, err
	}
	started.Session = newSession(account, tx.Now(), origin, proof)
	if err := tx.InsertSession(ctx, started.Session, random.Secret(started.Secret).Digest()); err != nil {
		return false, err
	}
	event := audit.Did(account.caller(origin), audit.SignedIn, sessionTarget(started.Session.ID, account))
	if more != nil {
		event = event.Changed("", more.String())
	}
	return known || was == account.ID || !account.Seen, tx.AppendEvent(ctx, event)
}

// alertBrowser alerts a member to a sign-in with a new browser.
func (s *Service) alertBrowser(known bool, account Account, started Started, origin actor.Origin) {
	if known {
		return
	}
	s.alert(account, happened{alert: AlertBrowser, at: started.Session.CreatedAt, origin: origin,
		text: "Somebody signed in to your account with a browser that you have not used before."})
}

// newSession returns a session that begins now.
func newSession(of Account, now time.Time, origin actor.Origin, proof actor.Proof) Session {
	return Session{ID: ksuid.New().String(), Member: of.ID, Organization: of.Organization, CreatedAt: now, LastSeenAt: now,
		IP: origin.IP, UserAgent: plaintext.ClipBytes(plaintext.Strip(origin.UserAgent), 256), Proof: proof}
}

// refuse records a failed sign-in. Before the installation is set up there is no log.
func (s *Service) refuse(ctx context.Context, email string, account Account, origin actor.Origin) error {
	if !s.flood.admits(s.store.Now(), origin.IP, typedName(email, account)) {
		return fault.NewUnauthenticated(refusal)
	}
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

// failed returns the event of a failed sign-in; NotFound before the installation is set up.
func failed(ctx context.Context, tx Tx, email string, account Account, origin actor.Origin) (audit.Event, error) {
	organization, err := tx.SignInOrganization(ctx)
	by := actor.OfSystem(organization)
	by.Name, by.Origin = actor.NotSignedIn, origin
	return audit.Did(by, audit.SignInFailed, audit.Target{Type: audit.TargetSession, Name: typedName(email, account)}), err
}

// sessionTarget identifies a session in the log by its public id and its member.
func sessionTarget(id string, of Account) audit.Target {
	return audit.Target{Type: audit.TargetSession, ID: id, Name: of.Email}
}

// typedName returns what the log keeps of the email of a failed sign-in. People type their
// password into the wrong field, so anything but an email address is left out.
func typedName(email string, account Account) string {
	if account.ID != "" {
		return account.Email
	}
	local, domain, found := strings.Cut(email, "@")
	if !found || local == "" || !strings.Contains(domain, ".") {
		return "not an email address"
	}
	return email
}
