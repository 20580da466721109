package signin

import (
	"cmp"
	"context"
	"errors"
	"time"

	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/random"
)

// How long a sign-in waits for the second factor, and how many wrong codes end it. Wrong codes are throttled
// together with wrong passwords besides.
const (
	PendingLife   = 10 * time.Minute
	PendingMisses = 5
)

// Proof is what somebody gives as the second factor: one of the three.
type Proof struct {
	Code         string // of an authenticator app
	RecoveryCode string
	Passkey      string // what it answered to [Service.PasskeyToConfirm]

	answered *answered // that answer, checked
}

// wait makes a sign-in wait for the second factor. It forgives no failed attempts: they also limit how often
// codes can be guessed.
func wait(ctx context.Context, tx Tx, account Account) (secret string, err error) {
	waiting := random.NewSecret()
	p := Pending{Member: account.ID, CreatedAt: tx.Now(), ExpiresAt: tx.Now().Add(PendingLife)}
	return waiting.Reveal(), tx.Factors.InsertPending(ctx, p, waiting.Digest())
}

// errEnded is the answer to a second step without a first one that still counts.
func errEnded() error {
	return fault.NewUnauthenticated("Your sign-in has expired. Enter your email and password again.")
}

// Waiting returns the account of a sign-in that waits for the second factor. The error is Unauthenticated if
// there is none any more.
func (s *Service) Waiting(ctx context.Context, secret random.Secret) (Account, error) {
	return waiting(ctx, s.store, secret, s.store.Now())
}

func waiting(ctx context.Context, r factorReader, secret random.Secret, now time.Time) (Account, error) {
	digest := secret.Digest()
	if digest == nil {
		return Account{}, errEnded()
	}
	p, account, err := r.PendingByDigest(ctx, digest)
	if fault.Is(err, fault.NotFound) {
		return Account{}, errEnded()
	}
	if err != nil {
		return Account{}, err
	}
	if !account.Active || !counts(p.ExpiresAt, now, PendingLife) {
		return Account{}, errEnded()
	}
	return account, nil
}

// errWrongProof undoes a transaction in which nothing is to change.
var errWrongProof = errors.New("wrong second factor")

// Confirm starts the session of a sign-in that waits for the second factor. A code and a recovery code are
// good once: of two calls at the same moment one gets an error.
//
// The error is Unauthenticated if the sign-in has ended: it expired, was completed, or had [PendingMisses]
// wrong codes. It is Invalid with the field "code" or "passkey" for a wrong one, and Throttled, as in [Service.SignIn].
func (s *Service) Confirm(ctx context.Context, secret random.Secret, given Proof, from Browser, origin actor.Origin) (Started, error) {
	account, err := s.Waiting(ctx, secret)
	if err != nil {
		return Started{}, err
	}
	try := newAttempt(account.Email, origin)
	if err := s.reserve(ctx, &try); err != nil {
		return Started{}, s.recordBlock(ctx, try, err, func(ctx context.Context, tx Tx) (audit.Event, error) {
			return failed(ctx, tx, account.Email, account, origin)
		})
	}
	if given.Passkey != "" {
		if given.answered, err = s.check(ctx, confirming(secret), given.Passkey, false, true); err != nil {
			return Started{}, err
		}
	}
	ctx = context.WithoutCancel(ctx) // record the outcome even if the client disconnects
	started, known := Started{Secret: random.NewSecret().Reveal()}, false
	err = s.store.InTx(ctx, actor.Anonymous(origin), func(tx Tx) error {
		account, err = s.confirmed(ctx, tx, secret, given)
		if err != nil {
			return err
		}
		if err := try.succeeded(ctx, tx); err != nil {
			return err
		}
		known, err = begin(ctx, tx, account, from, origin, &started, actor.ByFactor, audit.Fields{"secondFactor": given.kind()})
		return err
	})
	if errors.Is(err, errWrongProof) {
		return Started{}, s.miss(ctx, secret, account, given, origin)
	}
	if rule := (*Required)(nil); errors.As(err, &rule) {
		return Started{}, cmp.Or(s.turnAway(ctx, account.Email, origin), err)
	}
	if err != nil {
		return Started{}, err
	}
	s.alertBrowser(known, account, started, origin)
	return started, nil
}

// kind returns what the log says of a proof.
func (p Proof) kind() string {
	switch {
	case p.Passkey != "":
		return "passkey"
	case p.RecoveryCode != "":
		return "recovery code"
	}
	return "authenticator app"
}

// confirmed ends a sign-in that waits, if the proof is right. It locks the member's row, as all changes of
// second factors do.
func (s *Service) confirmed(ctx context.Context, tx Tx, secret random.Secret, given Proof) (Account, error) {
	account, err := waiting(ctx, tx.Factors, secret, tx.Now())
	if err != nil {
		return account, err
	}
	ok, err := tx.MarkSignedIn(ctx, account.ID, account.PasswordHash)
	if err != nil {
		return account, err
	}
	if !ok {
		return account, errEnded()
	}
	right, err := s.proves(ctx, tx, account, given)
	if err != nil {
		return account, err
	}
	if !right {
		return account, errWrongProof
	}
	ended, err := tx.Factors.EndPending(ctx, secret.Digest())
	if err == nil && !ended {
		err = errEnded()
	}
	return account, err
}

// proves uses up a proof and reports whether it was right.
func (s *Service) proves(ctx context.Context, tx Tx, account Account, given Proof) (bool, error) {
	if given.answered != nil {
		return given.answered.use(ctx, tx, account.ID)
	}
	if given.RecoveryCode != "" {
		return tx.Factors.UseRecoveryCode(ctx, account.ID, recoveryDigest(account.ID, given.RecoveryCode))
	}
	factors, err := tx.Factors.FactorsOf(ctx, account.ID)
	if err != nil {
		return false, err
	}
	for _, f := range factors {
		if f.Kind != CodeFactor {
			continue
		}
		if right, err := s.useCode(ctx, tx, f.ID, given.Code); err != nil || right {
			return right, err
		}
	}
	return false, nil
}

// miss records a wrong proof.
func (s *Service) miss(ctx context.Context, secret random.Secret, account Account, given Proof, origin actor.Origin) error {
	noted := s.flood.admits(s.store.Now(), origin.IP, account.Email)
	err := s.store.InTx(ctx, actor.Anonymous(origin), func(tx Tx) error {
		if err := errors.Join(given.answered.spend(ctx, tx), tx.Factors.MissPending(ctx, secret.Digest(), PendingMisses)); err != nil || !noted {
			return err
		}
		e, err := failed(ctx, tx, account.Email, account, origin)
		if err != nil {
			return err
		}
		return tx.AppendEvent(ctx, e.Changed("", audit.Fields{"reason": given.reason()}.String()))
	})
	if err != nil {
		return err
	}
	if given.answered != nil {
		return errPasskey(notAccepted)
	}
	return invalid(fault.Field{Path: "code", Message: "Incorrect code. A code works once; an app shows a new one every 30 seconds."})
}
