package signin

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"

	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/random"
	"latchkey/internal/signin/passkey"
)

// answered is what somebody's passkey answered, checked against what is stored. It counts once used.
type answered struct {
	passkey Passkey // with the state after this answer; zero if it is unknown
	was     uint32  // the count before
	at      place
	value   []byte // of the challenge; nil if there is none
	wrong   string // why it is refused, for the log; "" if it is right
}

// check checks the answer to the challenge at a place. verified says whether the authenticator must have
// verified who uses it, by a PIN or a fingerprint. known says whether it is known who
// answers. It changes nothing, so that signatures are checked outside
// of transactions.
func (s *Service) check(ctx context.Context, at place, answer string, verified, known bool) (*answered, error) {
	a := &answered{at: at}
	party, reason := s.party()
	if reason != "" {
		return a, errOff(reason)
	}
	given, err := passkey.Read(answer)
	if err != nil {
		a.wrong = "unreadable passkey answer"
		return a, nil
	}
	c, err := asked(ctx, s.store, at, s.store.Now())
	switch {
	case fault.Is(err, fault.NotFound):
		a.wrong = "passkey answer without a challenge, or too late"
	case err != nil:
		return a, err
	default:
		a.value = c.Value
	}
	stored, err := s.store.PasskeyByCredential(ctx, given.ID())
	if fault.Is(err, fault.NotFound) {
		a.wrong = "unknown passkey"
		return a, nil
	}
	if err != nil {
		return a, err
	}
	a.passkey, a.was = stored, stored.Count
	if a.wrong != "" {
		return a, nil
	}
	if stored.Party != party.ID {
		a.wrong = "passkey of another server"
		return a, nil
	}
	a.passkey.Credential, err = party.Check(given, a.value, stored.Credential, stored.Handle, verified, known)
	if err != nil {
		a.passkey.Credential, a.wrong = stored.Credential, err.Error()
	}
	return a, nil
}

// use makes an answer count for a member, once, and reports whether it was right.
func (a *answered) use(ctx context.Context, tx Tx, memberID string) (bool, error) {
	if a.wrong == "" && a.passkey.Member != memberID {
		a.wrong = "passkey of another member"
	}
	if a.wrong != "" {
		return false, nil
	}
	first, err := tx.Passkeys.EndChallenge(ctx, a.at[:], a.value)
	if err != nil {
		return false, err
	}
	used := false
	if first {
		used, err = tx.Passkeys.UsePasskey(ctx, memberID, a.passkey, a.was)
	}
	if err == nil && !used {
		a.wrong = "passkey answer used before, or passkey removed"
	}
	return used, err
}

// mustUse is use with an error for a wrong answer.
func (a *answered) mustUse(ctx context.Context, tx Tx, memberID string) error {
	right, err := a.use(ctx, tx, memberID)
	if err == nil && !right {
		err = errWrongProof
	}
	return err
}

// spend deletes the challenge of a wrong answer, so that there is no second one to it.
func (a *answered) spend(ctx context.Context, tx Tx) error {
	if a == nil || a.value == nil {
		return nil
	}
	_, err := tx.Passkeys.EndChallenge(ctx, a.at[:], a.value)
	return err
}

// reason returns why the proof was refused, for the log.
func (p Proof) reason() string {
	if p.answered != nil && p.answered.wrong != "" {
		return p.answered.wrong
	}
	return "wrong second factor"
}

// Choices is with what a sign-in that waits can be confirmed, besides a recovery code.
type Choices struct{ Code, Passkey bool }

// Choices returns with what a sign-in that waits can be confirmed. The error is Unauthenticated if there is
// none any more.
func (s *Service) Choices(ctx context.Context, secret random.Secret) (Choices, error) {
	account, err := s.Waiting(ctx, secret)
	if err != nil {
		return Choices{}, err
	}
	factors, err := s.store.FactorsOf(ctx, account.ID)
	if err != nil {
		return Choices{}, err
	}
	var c Choices
	for _, f := range factors {
		c.Code = c.Code || f.Kind == CodeFactor
	}
	party, reason := s.party()
	if reason != "" {
		return c, nil
	}
	list, err := s.store.PasskeysOf(ctx, account.ID)
	c.Passkey = len(credentialsOf(list, party)) > 0
	return c, err
}

// PasskeyToConfirm returns with what a browser is to ask for a passkey that confirms a sign-in that waits. The
// error is Unauthenticated if it has ended, and Conflict if the member has no passkey for this server.
func (s *Service) PasskeyToConfirm(ctx context.Context, secret random.Secret, origin actor.Origin) (json.RawMessage, error) {
	var options json.RawMessage
	err := s.store.InTx(ctx, actor.Anonymous(origin), func(tx Tx) error {
		account, err := waiting(ctx, tx.Factors, secret, tx.Now())
		if err != nil {
			return err
		}
		options, err = s.askFor(ctx, tx, confirming(secret), account.ID, false)
		return err
	})
	return options, err
}

// PasskeyToProve returns with what the browser of a signed-in member is to ask for a passkey of theirs, for
// [Service.AgainByPasskey]. The error is Conflict if the member has no passkey for this server.
func (s *Service) PasskeyToProve(ctx context.Context, by actor.Caller) (json.RawMessage, error) {
	var options json.RawMessage
	err := s.store.InTx(ctx, by, func(tx Tx) error {
		if err := onlyMembers(tx.By()); err != nil {
			return err
		}
		var err error
		options, err = s.askFor(ctx, tx, proving(tx.By().Ref.ID), tx.By().ID, true)
		return err
	})
	return options, err
}

// askFor asks for one of a member's passkeys.
func (s *Service) askFor(ctx context.Context, tx Tx, at place, memberID string, verified bool) (json.RawMessage, error) {
	party, reason := s.party()
	if reason != "" {
		return nil, errOff(reason)
	}
	list, err := tx.Passkeys.PasskeysOf(ctx, memberID)
	if err != nil {
		return nil, err
	}
	credentials := credentialsOf(list, party)
	if len(credentials) == 0 {
		return nil, fault.NewConflict("You have no passkey for this server.")
	}
	challenge, err := ask(ctx, tx, at, memberID, "")
	if err != nil {
		return nil, err
	}
	return party.Request(challenge, credentials, verified)
}

// PasskeyToSignIn returns with what a browser is to ask for any passkey of this server, and a secret for the
// browser to keep until [Service.SignInByPasskey]. The error is Conflict on a server without passkeys, and
// Throttled while this address may not sign in.
func (s *Service) PasskeyToSignIn(ctx context.Context, origin actor.Origin) (json.RawMessage, random.Secret, error) {
	party, reason := s.party()
	if reason != "" {
		return nil, "", errOff(reason)
	}
	try := newAttempt("", origin)
	records, err := s.store.Attempts(ctx, try.address.key)
	if err != nil {
		return nil, "", err
	}
	if err := try.blocked(records, s.store.Now()); err != nil {
		return nil, "", err
	}
	secret := random.NewSecret()
	var options json.RawMessage
	err = s.store.InTx(ctx, actor.Anonymous(origin), func(tx Tx) error {
		challenge, err := ask(ctx, tx, entering(secret), "", origin.Network())
		if err != nil {
			return err
		}
		options, err = party.Request(challenge, nil, true)
		return err
	})
	return options, secret, err
}

// refusedPasskey is the answer to every passkey that does not sign anybody in, whatever the reason.
const refusedPasskey = "This passkey was not accepted. Try again, or sign in with your email and password."

// SignInByPasskey starts a session for the member whose passkey answered the challenge of
// [Service.PasskeyToSignIn], with nothing else. The authenticator must have verified who used it. The rest is
// as for [Service.SignIn]: the error is Unauthenticated with the same text whatever is wrong, or Throttled by
// address and passkey.
func (s *Service) SignInByPasskey(ctx context.Context, secret random.Secret, answer string, from Browser,
	origin actor.Origin) (Started, error) {
	if reason := s.PasskeysOff(); reason != "" {
		return Started{}, errOff(reason)
	}
	given, _ := passkey.Read(answer) // an unreadable answer is refused below, and counts as all others
	try := newAttempt("passkey "+base64.RawURLEncoding.EncodeToString(given.ID()), origin)
	if err := s.reserve(ctx, &try); err != nil {
		return Started{}, s.recordBlock(ctx, try, err, func(ctx context.Context, tx Tx) (audit.Event, error) {
			return failedPasskey(ctx, tx, Account{}, origin)
		})
	}
	a, err := s.check(ctx, entering(secret), answer, true, false)
	if err != nil {
		return Started{}, err
	}
	ctx = context.WithoutCancel(ctx) // record the outcome even if the client disconnects
	started, known := Started{Secret: random.NewSecret().Reveal()}, false
	var account Account
	err = s.store.InTx(ctx, actor.Anonymous(origin), func(tx Tx) error {
		if a.wrong != "" {
			return errWrongProof
		}
		var err error
		if account, err = tx.SignInAccountOf(ctx, a.passkey.Member); err != nil {
			return err
		}
		ok, err := tx.MarkSignedIn(ctx, account.ID, account.PasswordHash)
		if err == nil && !ok {
			a.wrong, err = "deactivated member", errWrongProof
		}
		if err != nil {
			return err
		}
		if err := a.mustUse(ctx, tx, account.ID); err != nil {
			return err
		}
		if err := try.succeeded(ctx, tx); err != nil {
			return err
		}
		known, err = begin(ctx, tx, account, from, origin, &started, actor.ByFactor, audit.Fields{"passkey": a.passkey.Name})
		return err
	})
	if errors.Is(err, errWrongProof) {
		return Started{}, s.refusePasskey(ctx, a, origin)
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

// refusePasskey records a failed sign-in by passkey.
func (s *Service) refusePasskey(ctx context.Context, a *answered, origin actor.Origin) error {
	var of Account
	if a.passkey.Member != "" {
		var err error
		if of, err = s.store.SignInAccountOf(ctx, a.passkey.Member); err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
	}
	noted := s.flood.admits(s.store.Now(), origin.IP, of.Email)
	err := s.store.InTx(ctx, actor.Anonymous(origin), func(tx Tx) error {
		if err := a.spend(ctx, tx); err != nil || !noted {
			return err
		}
		e, err := failedPasskey(ctx, tx, of, origin)
		if err != nil {
			return err
		}
		return tx.AppendEvent(ctx, e.Changed("", audit.Fields{"reason": a.wrong}.String()))
	})
	if err != nil && !fault.Is(err, fault.NotFound) { // before the set-up there is no log
		return err
	}
	return fault.NewUnauthenticated(refusedPasskey)
}

// failedPasskey returns the event of a failed sign-in by passkey.
func failedPasskey(ctx context.Context, tx Tx, of Account, origin actor.Origin) (audit.Event, error) {
	e, err := failed(ctx, tx, "", of, origin)
	if of.ID == "" {
		e.Target.Name = "an unknown account"
	}
	return e, err
}

// AgainByPasskey asks a signed-in member for a passkey, throttled and recorded as a sign-in is, where
// something must be proven again. fn runs in the transaction of the caller, with the member's row locked, if
// the answer to [Service.PasskeyToProve] is right. The error is Invalid with the field "passkey", or Throttled.
func (s *Service) AgainByPasskey(ctx context.Context, by actor.Standing, answer string, fn func(tx Tx, of Account) error) error {
	if err := onlyMembers(by); err != nil {
		return err
	}
	try := newAttempt(by.Email, by.Origin)
	event := audit.Did(by, audit.ConfirmFailed, sessionTarget(by.Ref.ID, Account{Email: by.Email}))
	if err := s.reserve(ctx, &try); err != nil {
		return s.recordBlock(ctx, try, err, func(context.Context, Tx) (audit.Event, error) { return event, nil })
	}
	a, err := s.check(ctx, proving(by.Ref.ID), answer, true, true)
	if err != nil {
		return err
	}
	err = s.store.InTx(ctx, by.Caller(), func(tx Tx) error {
		account, err := s.locked(ctx, tx)
		if err != nil {
			return err
		}
		if err := a.mustUse(ctx, tx, account.ID); err != nil {
			return err
		}
		if err := try.succeeded(ctx, tx); err != nil {
			return err
		}
		return fn(tx, account)
	})
	if !errors.Is(err, errWrongProof) {
		return err
	}
	ctx = context.WithoutCancel(ctx) // record the guess even if the client disconnects
	if err := s.store.InTx(ctx, actor.System(""), func(tx Tx) error {
		return errors.Join(a.spend(ctx, tx), tx.AppendEvent(ctx, event.Changed("", audit.Fields{"reason": a.wrong}.String())))
	}); err != nil {
		return err
	}
	return errPasskey(notAccepted)
}

// notAccepted is what somebody reads whose passkey did not prove who they are.
const notAccepted = "The passkey was not accepted. Try again, or use another way."
