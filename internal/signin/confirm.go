package signin

import (
	"context"
	"errors"
	"time"

	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/random"
	"latchkey/internal/seal"
)

// How long a form waits until its sender has proven again who they are, and how many wait for one session.
const (
	HeldLife = 15 * time.Minute
	MaxHeld  = 5
)

// Held is a form that waits until its sender has proven again who they are. Its body is sealed: it may hold secrets.
type Held struct {
	Session   string // id
	Path      string // where it was sent, with the query
	Act       string // what it does; completes "Confirm it's you to …"
	Key       string // id of the key
	Sealed    []byte
	CreatedAt time.Time
	ExpiresAt time.Time // the first moment at which it cannot be sent any more
}

// heldReader reads forms that wait.
type heldReader interface {
	// HeldForm returns the form with a digest, also one that has expired; NotFound if the session does not have it.
	HeldForm(ctx context.Context, session string, digest []byte) (Held, error)
}

// heldForms is forms that wait, inside a transaction.
type heldForms interface {
	heldReader
	// HoldForm stores a form under a digest. It deletes those of the session beyond the number that came last.
	HoldForm(ctx context.Context, h Held, digest []byte, most int) error
	// TakeForm deletes a form of a session and reports whether it existed.
	TakeForm(ctx context.Context, session string, digest []byte) (bool, error)
	// DropHeld deletes the forms that expire at or before a moment, or after the latest at which one can expire.
	DropHeld(ctx context.Context, expired, latest time.Time) error
}

// heldPlace is where the body of a form belongs.
func heldPlace(session, path string) seal.Place { return seal.Place{"session", session, "form", path} }

// Hold keeps the form that a session sent to a path until its sender has proven who they are, and returns the secret by
// which the page knows it. Of one session, the last [MaxHeld] are kept.
func (s *Service) Hold(ctx context.Context, by actor.Caller, path, act string, body []byte) (random.Secret, error) {
	name := random.NewSecret()
	err := s.store.InTx(ctx, by, func(tx Tx) error {
		if err := onlyMembers(tx.By()); err != nil {
			return err
		}
		id, err := tx.Factors.SealingKey(ctx)
		if err != nil {
			return err
		}
		key, ok := s.keys.Key(id)
		if !ok {
			return errors.New("the secret key with which this installation seals is not in the key file")
		}
		return tx.Held.HoldForm(ctx, Held{Session: by.Ref.ID, Path: path, Act: act, Key: id, Sealed: key.Seal(heldPlace(by.Ref.ID, path), body),
			CreatedAt: tx.Now(), ExpiresAt: tx.Now().Add(HeldLife)}, name.Digest(), MaxHeld)
	})
	return name, err
}

// errNotHeld is the answer to a form that does not wait any more.
func errNotHeld() error {
	return fault.NewConflict("This form was already sent or has expired. Open it again.")
}

// Held returns a form of the session that waits. The error is Conflict if there is none.
func (s *Service) Held(ctx context.Context, by actor.Standing, name random.Secret) (h Held, err error) {
	err = s.store.InTx(ctx, by.Caller(), func(tx Tx) error {
		h, err = held(ctx, tx.Held, tx.By(), name, tx.Now())
		return err
	})
	return h, err
}

func held(ctx context.Context, r heldReader, by actor.Standing, name random.Secret, now time.Time) (Held, error) {
	digest := name.Digest()
	if digest == nil {
		return Held{}, errNotHeld()
	}
	h, err := r.HeldForm(ctx, by.Ref.ID, digest)
	if fault.Is(err, fault.NotFound) || err == nil && !counts(h.ExpiresAt, now, HeldLife) {
		return Held{}, errNotHeld()
	}
	return h, err
}

// Ways is how a signed-in member can prove again who they are, besides identity providers.
type Ways struct {
	Password bool
	Code     bool // a code of an authenticator app, or a recovery code, belongs to the password
	Passkey  bool // one does by itself
	// Provider is the id of the identity provider that alone does, because the member's domain requires it; then
	// the others are false.
	Provider string
}

// Ways returns how the caller can prove again who they are. A password alone does not do for a member without a second
// factor of whom the organization requires one: they signed in by a provider. Neither does anything but the provider
// for somebody whose domain requires that.
func (s *Service) Ways(ctx context.Context, by actor.Standing) (Ways, error) {
	account, err := s.store.SignInAccountOf(ctx, by.ID)
	if err != nil {
		return Ways{}, err
	}
	return s.ways(ctx, s.store, account, s.store.Now())
}

// waysReader reads what decides how a member can prove who they are.
type waysReader interface {
	settingsReader
	factorReader
	passkeyReader
	requiredReader
}

func (s *Service) ways(ctx context.Context, r waysReader, account Account, now time.Time) (Ways, error) {
	rule, err := RequiredFor(ctx, r, account.Email)
	if err != nil {
		return Ways{}, err
	}
	if rule != nil {
		return Ways{Provider: rule.Provider}, nil
	}
	factors, err := r.FactorsOf(ctx, account.ID)
	if err != nil {
		return Ways{}, err
	}
	passkeys, err := r.PasskeysOf(ctx, account.ID)
	if err != nil {
		return Ways{}, err
	}
	settings, err := r.SignInSettings(ctx, account.Organization)
	if err != nil {
		return Ways{}, err
	}
	party, off := s.party()
	w := Ways{Code: len(factors) > 0, Passkey: off == "" && len(credentialsOf(passkeys, party)) > 0}
	start := settings.Factor.Start(account.Role)
	w.Password = account.PasswordHash != "" && (w.Code || start.IsZero() || now.Before(start))
	return w, nil
}

// Again is what a signed-in member enters to prove again who they are.
type Again struct {
	Password string
	Code     string // of an authenticator app, or a recovery code
	Passkey  string // what a passkey answered to [Service.PasskeyToProve]; then the others do not count
}

// proof returns the second factor that was entered.
func (a Again) proof() Proof {
	if code := digitsOf(a.Code); len(code) > codeDigits {
		return Proof{RecoveryCode: a.Code}
	}
	return Proof{Code: a.Code}
}

// Resume takes a form of the session that waits for a path, and returns its body. Unless the session was proven within
// [actor.ProofLife], that takes the member's password and, if they have a second factor, a code of it; then the session
// counts as proven. It keeps its secret, so a copy of the session is proven with it, until the
// proof expires.
//
// The form is given back once: of two calls at the same moment one gets Conflict, also for a form that has expired, is
// of another session or was sent to another path. The error is Invalid with the fields "password", "code" and "passkey", and
// Throttled together with sign-ins. Both are recorded.
func (s *Service) Resume(ctx context.Context, by actor.Standing, path string, name random.Secret, given Again) ([]byte, error) {
	h, err := s.Held(ctx, by, name)
	if err == nil && h.Path != path {
		err = errNotHeld()
	}
	if err != nil {
		return nil, err
	}
	key, ok := s.keys.Key(h.Key)
	if !ok {
		return nil, errNotHeld()
	}
	body, err := key.Open(heldPlace(by.Ref.ID, path), h.Sealed)
	if err != nil {
		return nil, errNotHeld()
	}
	if by.Proof.Recent(s.store.Now()) {
		err = s.store.InTx(ctx, by.Caller(), func(tx Tx) error {
			if err := tx.By().MustBeProven(tx.Now(), h.Act); err != nil {
				return err
			}
			return take(ctx, tx, name)
		})
		return body, err
	}
	return body, s.confirm(ctx, by, h, name, given)
}

// take takes a form of the transaction's session.
func take(ctx context.Context, tx Tx, name random.Secret) error {
	if _, err := held(ctx, tx.Held, tx.By(), name, tx.Now()); err != nil {
		return err
	}
	taken, err := tx.Held.TakeForm(ctx, tx.By().Ref.ID, name.Digest())
	if err == nil && !taken {
		err = errNotHeld()
	}
	return err
}

// confirm checks what a member entered to prove again who they are, records that on the session and takes the form.
func (s *Service) confirm(ctx context.Context, by actor.Standing, h Held, name random.Secret, given Again) error {
	account, err := s.store.SignInAccountOf(ctx, by.ID)
	if err != nil {
		return err
	}
	w, err := s.ways(ctx, s.store, account, s.store.Now())
	if err != nil {
		return err
	}
	if given.Passkey != "" && w.Passkey {
		return s.AgainByPasskey(ctx, by, given.Passkey, func(tx Tx, _ Account) error {
			if err := take(ctx, tx, name); err != nil {
				return err
			}
			return Confirm(ctx, tx, actor.ByFactor, audit.Fields{"act": h.Act, "secondFactor": "passkey"})
		})
	}
	if err := given.missing(w); err != nil {
		return err
	}
	try, err := s.checkPassword(ctx, by, account, given.Password, audit.ConfirmFailed,
		fault.Field{Path: "password", Message: "Incorrect password."})
	if err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx) // record the outcome even if the client disconnects
	err = s.store.InTx(ctx, by.Caller(), func(tx Tx) error {
		ok, err := tx.MarkSignedIn(ctx, account.ID, account.PasswordHash)
		if err != nil {
			return err
		}
		if !ok {
			return fault.NewConflict("The password was changed elsewhere at the same time. Sign in again.")
		}
		if err := take(ctx, tx, name); err != nil { // first, so that a second call learns that the form is gone
			return err
		}
		how, err := s.provenBy(ctx, tx, account, given)
		if err != nil {
			return err
		}
		if err := try.succeeded(ctx, tx); err != nil {
			return err
		}
		return Confirm(ctx, tx, how, audit.Fields{"act": h.Act})
	})
	if errors.Is(err, errWrongProof) {
		return s.missAgain(ctx, by, account)
	}
	return err
}

// missing returns an error about what was not entered.
func (a Again) missing(w Ways) error {
	if !w.Password {
		return invalid(fault.Field{Path: "password",
			Message: "Your password alone does not confirm that it's you. Continue with your identity provider."})
	}
	var fields []fault.Field
	if a.Password == "" {
		fields = append(fields, fault.Field{Path: "password", Message: "Enter your password."})
	}
	if w.Code && digitsOf(a.Code) == "" {
		fields = append(fields, fault.Field{Path: "code", Message: "Enter a code of your authenticator app, or a recovery code."})
	}
	if fields == nil {
		return nil
	}
	return invalid(fields...)
}

// provenBy uses up the code that belongs to a right password and returns what both prove. The member's row is locked.
func (s *Service) provenBy(ctx context.Context, tx Tx, account Account, given Again) (actor.Assurance, error) {
	w, err := s.ways(ctx, struct {
		settingsReader
		factorReader
		passkeyReader
		requiredReader
	}{tx.Settings, tx.Factors, tx.Passkeys, tx}, account, tx.Now())
	if err != nil {
		return "", err
	}
	if err := given.missing(w); err != nil {
		return "", err
	}
	if !w.Code {
		return actor.ByPassword, nil
	}
	right, err := s.proves(ctx, tx, account, given.proof())
	if err == nil && !right {
		err = errWrongProof
	}
	return actor.ByFactor, err
}

// Confirm records in a transaction that its caller has proven again who they are. It never lowers the assurance of the
// session: a password alone leaves it as it is.
func Confirm(ctx context.Context, tx Tx, how actor.Assurance, more audit.Fields) error {
	by := tx.By()
	if how == actor.ByPassword && by.Proof.How != "" {
		how = by.Proof.How
	}
	if err := tx.ProveSession(ctx, by.Ref.ID, actor.Proof{How: how, At: tx.Now()}); err != nil {
		return err
	}
	return tx.AppendEvent(ctx, audit.Did(by, audit.Confirmed, sessionTarget(by.Ref.ID, Account{Email: by.Email})).Changed("", more.String()))
}

// missAgain records a wrong code of a signed-in member.
func (s *Service) missAgain(ctx context.Context, by actor.Standing, account Account) error {
	event := audit.Did(by, audit.ConfirmFailed, sessionTarget(by.Ref.ID, account)).Changed("", `{"reason":"wrong second factor"}`)
	if err := s.store.InTx(ctx, actor.System(""), func(tx Tx) error { return tx.AppendEvent(ctx, event) }); err != nil {
		return err
	}
	return invalid(fault.Field{Path: "code", Message: "Incorrect code. A code works once; an app shows a new one every 30 seconds."})
}

// checkPassword checks the password of a signed-in member, throttled together with sign-ins. A wrong one is recorded as
// an action, and its error is Invalid with a field. The attempt that it returns is to succeed in the transaction of what
// the password is for.
func (s *Service) checkPassword(ctx context.Context, by actor.Standing, account Account, password string, action audit.Action,
	wrong fault.Field) (attempt, error) {
	try := newAttempt(account.Email, by.Origin)
	event := audit.Did(by, action, sessionTarget(by.Ref.ID, account))
	if err := s.reserve(ctx, &try); err != nil {
		return try, s.recordBlock(ctx, try, err, func(context.Context, Tx) (audit.Event, error) { return event, nil })
	}
	if len(password) > MaxPassword {
		password = ""
	}
	match, err := s.hasher.Matches(ctx, account.PasswordHash, password)
	if isBusy(err) {
		return try, errors.Join(err, s.giveBack(ctx, try))
	}
	if err != nil || match {
		return try, err
	}
	ctx = context.WithoutCancel(ctx) // record the guess even if the client disconnects
	event = event.Changed("", `{"reason":"wrong current password"}`)
	if err := s.store.InTx(ctx, actor.System(""), func(tx Tx) error { return tx.AppendEvent(ctx, event) }); err != nil {
		return try, err
	}
	return try, invalid(wrong)
}
