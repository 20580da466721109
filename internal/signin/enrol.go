package signin

import (
	"context"
	"time"

	"github.com/segmentio/ksuid"

	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/random"
)

// EnrolLife is how long a new authenticator app may wait for its first code.
const EnrolLife = 15 * time.Minute

// MaxFactors is how many second factors a member can have.
const MaxFactors = 10

// errNoFactor is the answer for a factor that the member does not have.
func errNoFactor() error { return fault.NewNotFound("That second factor") }

// again asks a signed-in member for the password again, throttled and recorded as a sign-in is. fn runs in
// the transaction of the caller as it is given, with the member's row locked, if the password is right and still is
// then. The error is Invalid with the field "password", and Unproven for a member with a second factor whose session
// was proven too long ago.
func (s *Service) again(ctx context.Context, by actor.Standing, as actor.Caller, password string, fn func(tx Tx, of Account) error) error {
	if err := onlyMembers(by); err != nil {
		return err
	}
	if password == "" {
		return invalid(fault.Field{Path: "password", Message: "Enter your password."})
	}
	account, err := s.store.SignInAccountOf(ctx, by.ID)
	if err != nil {
		return err
	}
	if err := mayChangeFactors(ctx, s.store, by, s.store.Now()); err != nil { // before the password is counted as an attempt
		return err
	}
	try, err := s.provePassword(ctx, by, account, password, fault.Field{Path: "password", Message: "Incorrect password."})
	if err != nil {
		return err
	}
	return s.store.InTx(ctx, as, func(tx Tx) error {
		ok, err := tx.MarkSignedIn(ctx, account.ID, account.PasswordHash)
		if err != nil {
			return err
		}
		if !ok {
			return fault.NewConflict("The password was changed elsewhere at the same time. Sign in again.")
		}
		if err := mayChangeFactors(ctx, tx.Factors, tx.By(), tx.Now()); err != nil {
			return err
		}
		if err := try.succeeded(ctx, tx); err != nil {
			return err
		}
		return fn(tx, account)
	})
}

// mayChangeFactors returns Unproven for a member with a second factor whose session was not proven a moment ago: the
// password alone must not change what it is to be confirmed with.
func mayChangeFactors(ctx context.Context, r interface {
	FactorsOf(ctx context.Context, memberID string) ([]Factor, error)
}, by actor.Standing, now time.Time) error {
	has, err := r.FactorsOf(ctx, by.ID)
	if err != nil || len(has) == 0 {
		return err
	}
	return by.MustBeProven(now, "change your second factors")
}

// provePassword checks the password of a signed-in member, throttled together with sign-ins. A wrong one is
// recorded, and its error is Invalid with a field. The attempt that it returns is to succeed in the
// transaction of what the password is for.
func (s *Service) provePassword(ctx context.Context, by actor.Standing, account Account, password string,
	wrong fault.Field) (attempt, error) {
	return s.checkPassword(ctx, by, account, password, audit.SignInFailed, wrong)
}

// SetUpCode prepares an authenticator app for the caller. It counts once [Service.ConfirmCode] got a code of
// it. The error is Invalid with the fields "name" and "password", Throttled, or Denied for a caller who is
// not a signed-in member or has [MaxFactors].
func (s *Service) SetUpCode(ctx context.Context, by actor.Standing, name, password string) (Enrolment, error) {
	f, secret := Factor{ID: ksuid.New().String(), Kind: CodeFactor}, newCodeSecret()
	of, err := s.prepare(ctx, by, &f, name, password, func(ctx context.Context, tx Tx) (Sealed, error) {
		return s.sealed(ctx, tx, f.ID, secret)
	})
	if err != nil {
		return Enrolment{}, err
	}
	return s.enrolment(ctx, f, secret, of)
}

func (s *Service) enrolment(ctx context.Context, f Factor, secret string, of Account) (Enrolment, error) {
	organization, err := s.store.OrganizationName(ctx, of.Organization)
	if err != nil {
		return Enrolment{}, err
	}
	return enrolment(f, secret, of.Email, organization)
}

// OpenCode returns what an authenticator app needs that the caller prepared within [EnrolLife]. The error is
// NotFound if there is none that waits for its first code.
func (s *Service) OpenCode(ctx context.Context, by actor.Standing, id string) (Enrolment, error) {
	if err := onlyMembers(by); err != nil {
		return Enrolment{}, err
	}
	f, err := unconfirmed(ctx, s.store, by.ID, id, s.store.Now())
	if err != nil {
		return Enrolment{}, err
	}
	secret, err := s.opened(ctx, s.store, id)
	if err != nil {
		return Enrolment{}, err
	}
	return s.enrolment(ctx, f, secret, Account{Email: by.Email, Organization: by.Organization})
}

func unconfirmed(ctx context.Context, r factorReader, memberID, id string, now time.Time) (Factor, error) {
	f, err := r.Unconfirmed(ctx, memberID, id)
	if err == nil && now.Sub(f.CreatedAt).Abs() >= EnrolLife {
		err = errNoFactor()
	}
	return f, err
}

// Enrolled is a factor that counts now, with the caller's new session and, for the first one, a set of
// recovery codes. They are not available again.
type Enrolled struct {
	Started
	Codes []string `json:"-"`
}

// ConfirmCode makes an authenticator app count, given a code of it. It ends all the caller's sessions and
// starts a new one in place of the current one, since the others began without a second factor. The first
// factor of a member brings recovery codes. The error is Invalid with the field "code", and NotFound for an
// app that does not wait for a code.
func (s *Service) ConfirmCode(ctx context.Context, by actor.Caller, id, code string) (Enrolled, error) {
	return s.confirmFactor(ctx, by, id, "A second factor was added to your account. All other sessions were ended.",
		func(tx Tx, f Factor) error {
			if f.Kind != CodeFactor {
				return errNoFactor()
			}
			right, err := s.useCode(ctx, tx, id, code)
			if err == nil && !right {
				err = invalid(fault.Field{Path: "code",
					Message: "Incorrect code. Check that the time of your device is right, and enter the code that it shows now."})
			}
			return err
		})
}

// confirmFactor makes a factor of the caller count, if prove returns no error. alert is what the member is told.
func (s *Service) confirmFactor(ctx context.Context, by actor.Caller, id, alert string,
	prove func(tx Tx, f Factor) error) (Enrolled, error) {
	done := Enrolled{Started: Started{Secret: random.NewSecret().Reveal()}}
	var of Account
	err := s.store.InTx(ctx, by.Enrolling(), func(tx Tx) error {
		account, err := s.locked(ctx, tx)
		if err != nil {
			return err
		}
		f, err := unconfirmed(ctx, tx.Factors, account.ID, id, tx.Now())
		if err != nil {
			return err
		}
		if err := prove(tx, f); err != nil {
			return err
		}
		confirmed, err := tx.Factors.ConfirmFactor(ctx, account.ID, id)
		if err != nil {
			return err
		}
		if !confirmed {
			return errNoFactor()
		}
		of = account
		done.Codes, err = s.enrolled(ctx, tx, account, f, &done.Started)
		return err
	})
	if err != nil {
		return Enrolled{}, err
	}
	s.alertFactor(of, done.Session.CreatedAt, by.Origin, alert)
	return done, nil
}

// locked returns the account of the transaction's caller and locks its row, so that no sign-in and no other
// change of it comes in between.
func (s *Service) locked(ctx context.Context, tx Tx) (Account, error) {
	if err := onlyMembers(tx.By()); err != nil {
		return Account{}, err
	}
	account, err := tx.SignInAccountOf(ctx, tx.By().ID)
	if err != nil {
		return Account{}, err
	}
	ok, err := tx.MarkSignedIn(ctx, account.ID, account.PasswordHash)
	if err == nil && !ok {
		err = fault.NewConflict("Your account was changed elsewhere at the same time. Try again.")
	}
	return account, err
}

// enrolled does what follows when a factor begins to count.
func (s *Service) enrolled(ctx context.Context, tx Tx, account Account, f Factor, started *Started) (codes []string, err error) {
	all, err := tx.Factors.FactorsOf(ctx, account.ID)
	if err != nil {
		return nil, err
	}
	if len(all) == 1 {
		var digests [][]byte
		codes, digests = newRecoveryCodes(account.ID)
		if err := tx.Factors.SaveRecoveryCodes(ctx, account.ID, digests); err != nil {
			return nil, err
		}
	}
	was := tx.By().Ref.ID
	if started.Session, err = renew(ctx, tx, account, random.Secret(started.Secret).Digest(),
		actor.Proof{How: actor.ByFactor, At: tx.Now()}); err != nil {
		return nil, err
	}
	state := audit.Fields{"factor": f.Name, "session": started.Session.ID}
	return codes, tx.AppendEvent(ctx, audit.Did(tx.By(), audit.FactorAdded, account.target()).Changed(
		audit.Fields{"session": was}.String(), state.String()))
}

func (s *Service) alertFactor(of Account, at time.Time, origin actor.Origin, text string) {
	s.alert(of, happened{alert: AlertFactor, text: text, at: at, origin: origin})
}

// RemoveFactor removes a second factor of the caller. With the last one the recovery codes go. The error is
// Invalid with the field "password", Throttled, and NotFound for a factor that the caller does not have.
func (s *Service) RemoveFactor(ctx context.Context, by actor.Standing, id, password string) error {
	var of Account
	err := s.again(ctx, by, by.Caller(), password, func(tx Tx, account Account) error {
		of = account
		list, err := tx.Factors.FactorsOf(ctx, account.ID)
		if err != nil {
			return err
		}
		name := nameOf(list, id)
		deleted, err := tx.Factors.DeleteFactor(ctx, account.ID, id)
		if err != nil {
			return err
		}
		if name == "" || !deleted {
			return errNoFactor()
		}
		if len(list) == 1 {
			if _, err := tx.Factors.EndFactors(ctx, account.ID); err != nil {
				return err
			}
		}
		return tx.AppendEvent(ctx, audit.Did(tx.By(), audit.FactorRemoved, account.target()).Changed(
			audit.Fields{"factor": name}.String(), ""))
	})
	if err == nil {
		s.alertFactor(of, s.store.Now(), by.Origin, "A second factor was removed from your account.")
	}
	return err
}

// NewRecoveryCodes replaces the caller's recovery codes and returns the new ones, which are not available
// again. The error is Invalid with the field "password", Throttled, and Conflict for a member without a
// second factor.
func (s *Service) NewRecoveryCodes(ctx context.Context, by actor.Standing, password string) ([]string, error) {
	var of Account
	var codes []string
	err := s.again(ctx, by, by.Caller(), password, func(tx Tx, account Account) error {
		of = account
		list, err := tx.Factors.FactorsOf(ctx, account.ID)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return fault.NewConflict("Recovery codes stand in for a second factor. Add one first.")
		}
		var digests [][]byte
		codes, digests = newRecoveryCodes(account.ID)
		if err := tx.Factors.SaveRecoveryCodes(ctx, account.ID, digests); err != nil {
			return err
		}
		return tx.AppendEvent(ctx, audit.Did(tx.By(), audit.RecoveryCodesCreated, account.target()))
	})
	if err != nil {
		return nil, err
	}
	s.alertFactor(of, s.store.Now(), by.Origin, "New recovery codes were made for your account. The earlier ones no longer work.")
	return codes, nil
}

// ResetFactors removes all second factors of another member, who then signs in with the password alone. The
// error is NotFound for a member of another organization, Denied unless the caller is an Admin, and Conflict
// for the caller themselves and for a member without any.
func (s *Service) ResetFactors(ctx context.Context, by actor.Caller, memberID string) error {
	var of Account
	var at time.Time
	err := s.store.InTx(ctx, by, func(tx Tx) error {
		account, err := s.managed(ctx, tx, tx.By(), memberID)
		if err != nil {
			return err
		}
		if err := tx.By().MustBeProven(tx.Now(), "reset a second factor"); err != nil {
			return err
		}
		if account.ID == tx.By().ID {
			return fault.NewConflict("Remove your own second factors at Your Profile > Security.")
		}
		of, at = account, tx.Now()
		n, err := tx.Factors.EndFactors(ctx, account.ID)
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.NewConflict("This member has no second factor.")
		}
		return tx.AppendEvent(ctx, audit.Did(tx.By(), audit.FactorsReset, account.target()).Changed(audit.Fields{"factors": n}.String(), ""))
	})
	if err == nil {
		s.alertFactor(of, at, actor.Origin{}, "An Admin has removed all second factors from your account.")
	}
	return err
}
