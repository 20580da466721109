package signin

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"

	"github.com/segmentio/ksuid"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
	"latchkey/internal/random"
	"latchkey/internal/signin/passkey"
)

// PasskeyFactor is a passkey: a key pair on a device or in a password manager, which answers challenges.
const PasskeyFactor FactorKind = "passkey"

// ChallengeLife is how long a passkey has for its answer.
const ChallengeLife = 5 * time.Minute

// challengeLimits returns how many challenges may wait at a time.
func challengeLimits() ChallengeLimits {
	return ChallengeLimits{Member: 20, Network: 50, Visitors: 10_000}
}

// ChallengeLimits is how many challenges may wait: of one member, of the visitors of one network who are not
// signed in, and of all such visitors.
type ChallengeLimits struct{ Member, Network, Visitors int }

// Passkey is a factor with what its browser said of it.
type Passkey struct {
	Factor
	passkey.Credential
	Party  string // host of the server for which it was made
	Handle []byte // by what its authenticator knows the member
}

// Challenge is a question to a passkey, which waits for the answer.
type Challenge struct {
	Value     []byte // random
	Member    string // id; empty: of a visitor who is not signed in
	Network   string // from where that visitor asked for it
	CreatedAt time.Time
	ExpiresAt time.Time // the first moment at which it no longer works
}

// passkeyReader reads passkeys.
type passkeyReader interface {
	// PasskeysOf returns the passkeys of a member that count, the oldest first.
	PasskeysOf(ctx context.Context, memberID string) ([]Passkey, error)
	// PasskeyByCredential returns the passkey with the id of a credential, if it counts; NotFound
	// otherwise.
	PasskeyByCredential(ctx context.Context, credential []byte) (Passkey, error)
	// Challenge returns the challenge with a digest, also one that has expired; NotFound if there is none.
	Challenge(ctx context.Context, digest []byte) (Challenge, error)
}

// Passkeys is passkeys and challenges, inside a transaction.
type Passkeys interface {
	passkeyReader
	// PasskeyHandle returns by what authenticators know a member: the stored handle, or fresh, which it
	// stores.
	PasskeyHandle(ctx context.Context, memberID string, fresh []byte) ([]byte, error)
	// InsertPasskey adds what a browser said of the passkey that a factor is; Conflict if any member has
	// that credential.
	InsertPasskey(ctx context.Context, p Passkey) error
	// UsePasskey records a use of a member's passkey that counts: the count of its authenticator, in place
	// of was, and whether it is copied. It reports whether the member still has it and the count still was
	// that.
	UsePasskey(ctx context.Context, memberID string, p Passkey, was uint32) (bool, error)
	// RenameFactor renames a confirmed factor of a member and reports whether it existed.
	RenameFactor(ctx context.Context, memberID, id, name string) (bool, error)
	// SaveChallenge stores a challenge under a digest, in place of an earlier one there. It deletes those
	// that expired, and the oldest beyond the limits.
	SaveChallenge(ctx context.Context, c Challenge, digest []byte, limits ChallengeLimits) error
	// EndChallenge deletes a challenge with this value and reports whether it existed.
	EndChallenge(ctx context.Context, digest, value []byte) (bool, error)
	// DropChallenges deletes the challenges that expire at or before a moment, or after the latest at which
	// one can expire, because then the clock was set back.
	DropChallenges(ctx context.Context, expired, latest time.Time) error
}

// WithPasskeys lets members have passkeys, for the server at the address that the function returns.
func WithPasskeys(address func() string) Option { return func(s *Service) { s.address = address } }

// PasskeysOff returns why there are no passkeys on this server, in a sentence; "" if there are.
func (s *Service) PasskeysOff() string {
	_, reason := s.party()
	return reason
}

func (s *Service) party() (passkey.Party, string) {
	if s.address == nil {
		return passkey.Party{}, "Passkeys are off on this server."
	}
	return passkey.NewParty(s.address())
}

// partyID returns the host for which passkeys work; "" on a server without.
func (s *Service) partyID() string {
	party, _ := s.party()
	return party.ID
}

// errOff is the answer to what needs passkeys on a server without.
func errOff(reason string) error { return fault.NewConflict(reason) }

// place is what a challenge is for, and who may answer it.
type place [sha256.Size]byte

func newPlace(purpose string, of ...string) place {
	return sha256.Sum256(fmt.Appendf(nil, "%s %q", purpose, of))
}

// creating, confirming, proving and entering return the place of a challenge: for the new passkey of a session,
// for a sign-in that waits for the second factor, for an act of a session that asks again, and for a browser
// in which nobody is signed in.
func creating(session, factor string) place  { return newPlace("create", session, factor) }
func confirming(waiting random.Secret) place { return newPlace("confirm", string(waiting.Digest())) }
func proving(session string) place           { return newPlace("prove", session) }
func entering(browser random.Secret) place   { return newPlace("enter", string(browser.Digest())) }

// ask stores a new challenge and returns its value.
func ask(ctx context.Context, tx Tx, at place, member, network string) ([]byte, error) {
	c := Challenge{Value: make([]byte, 32), Member: member, Network: network, CreatedAt: tx.Now(), ExpiresAt: tx.Now().Add(ChallengeLife)}
	_, _ = rand.Read(c.Value) // never fails
	return c.Value, tx.Passkeys.SaveChallenge(ctx, c, at[:], challengeLimits())
}

// asked returns the challenge at a place; NotFound if there is none that still counts.
func asked(ctx context.Context, r passkeyReader, at place, now time.Time) (Challenge, error) {
	c, err := r.Challenge(ctx, at[:])
	if err == nil && !counts(c.ExpiresAt, now, ChallengeLife) {
		err = fault.NewNotFound("That challenge")
	}
	return c, err
}

// AddPasskey prepares a passkey for the caller. It counts once [Service.ConfirmPasskey] got what the browser
// created. The errors are those of [Service.SetUpCode], and Conflict on a server without passkeys.
func (s *Service) AddPasskey(ctx context.Context, by actor.Standing, name, password string) (Factor, error) {
	if reason := s.PasskeysOff(); reason != "" {
		return Factor{}, errOff(reason)
	}
	f := Factor{ID: ksuid.New().String(), Kind: PasskeyFactor}
	_, err := s.prepare(ctx, by, &f, name, password, func(context.Context, Tx) (Sealed, error) { return Sealed{}, nil })
	return f, err
}

// prepare stores a factor that does not count yet, for a caller who enters the password. seal returns the
// secret of the factor.
func (s *Service) prepare(ctx context.Context, by actor.Standing, f *Factor, name, password string,
	seal func(context.Context, Tx) (Sealed, error)) (of Account, err error) {
	if f.Name, err = plaintext.Name(name); err != nil {
		return Account{}, invalid(fault.Field{Path: "name", Message: fault.Of(err).Message})
	}
	err = s.again(ctx, by, by.Caller().Enrolling(), password, func(tx Tx, account Account) error {
		others, err := tx.Factors.FactorsOf(ctx, account.ID)
		if err != nil {
			return err
		}
		if err := access.Room(len(others), MaxFactors, "A member", "second factors"); err != nil {
			return err
		}
		sealed, err := seal(ctx, tx)
		if err != nil {
			return err
		}
		of, f.Member, f.CreatedAt = account, account.ID, tx.Now()
		return tx.Factors.InsertFactor(ctx, *f, sealed)
	})
	return of, err
}

// OpenPasskey returns a passkey that the caller prepared within [EnrolLife]. The error is NotFound if there is
// none that waits for the browser.
func (s *Service) OpenPasskey(ctx context.Context, by actor.Standing, id string) (Factor, error) {
	if err := onlyMembers(by); err != nil {
		return Factor{}, err
	}
	return unconfirmedPasskey(ctx, s.store, by.ID, id, s.store.Now())
}

func unconfirmedPasskey(ctx context.Context, r factorReader, memberID, id string, now time.Time) (Factor, error) {
	f, err := unconfirmed(ctx, r, memberID, id, now)
	if err == nil && f.Kind != PasskeyFactor {
		err = errNoFactor()
	}
	return f, err
}

// PasskeyToCreate returns with what a browser is to create a passkey that the caller prepared. The error is
// NotFound for any other factor, and Conflict on a server without passkeys.
func (s *Service) PasskeyToCreate(ctx context.Context, by actor.Caller, id string) (json.RawMessage, error) {
	party, reason := s.party()
	if reason != "" {
		return nil, errOff(reason)
	}
	var options json.RawMessage
	err := s.store.InTx(ctx, by.Enrolling(), func(tx Tx) error {
		account, err := s.locked(ctx, tx)
		if err != nil {
			return err
		}
		if _, err := unconfirmedPasskey(ctx, tx.Factors, account.ID, id, tx.Now()); err != nil {
			return err
		}
		fresh := make([]byte, 32)
		_, _ = rand.Read(fresh) // never fails
		handle, err := tx.Passkeys.PasskeyHandle(ctx, account.ID, fresh)
		if err != nil {
			return err
		}
		others, err := tx.Passkeys.PasskeysOf(ctx, account.ID)
		if err != nil {
			return err
		}
		challenge, err := ask(ctx, tx, creating(tx.By().Ref.ID, id), account.ID, "")
		if err != nil {
			return err
		}
		options, err = party.Creation(challenge, passkey.User{Handle: handle, Email: account.Email, Name: account.Name},
			credentialsOf(others, party))
		return err
	})
	return options, err
}

// credentialsOf returns the credentials that were made for a party.
func credentialsOf(list []Passkey, party passkey.Party) []passkey.Credential {
	var out []passkey.Credential
	for _, p := range list {
		if p.Party == party.ID {
			out = append(out, p.Credential)
		}
	}
	return out
}

// ConfirmPasskey makes a passkey count, given what the browser created. The rest is as for
// [Service.ConfirmCode]. The error is Invalid with the field "passkey" for an answer that is not right.
func (s *Service) ConfirmPasskey(ctx context.Context, by actor.Caller, id, answer string) (Enrolled, error) {
	party, reason := s.party()
	if reason != "" {
		return Enrolled{}, errOff(reason)
	}
	return s.confirmFactor(ctx, by, id, "A passkey was added to your account. It signs in "+
		"without the password, also after a change of the password. All other sessions were ended. If you did not add it, remove it at "+
		"Your Profile > Security.",
		func(tx Tx, f Factor) error {
			if f.Kind != PasskeyFactor {
				return errNoFactor()
			}
			at := creating(tx.By().Ref.ID, id)
			c, err := asked(ctx, tx.Passkeys, at, tx.Now())
			if fault.Is(err, fault.NotFound) {
				return errPasskey("This took too long. Try again.")
			}
			if err != nil {
				return err
			}
			made, err := party.Created(answer, c.Value)
			if err != nil {
				return errPasskey("The browser's answer was not accepted. Try again, or use another passkey.")
			}
			if _, err := tx.Passkeys.EndChallenge(ctx, at[:], c.Value); err != nil {
				return err
			}
			err = tx.Passkeys.InsertPasskey(ctx, Passkey{Factor: f, Credential: made, Party: party.ID})
			if fault.Is(err, fault.Conflict) {
				return errPasskey(fault.Of(err).Message)
			}
			return err
		})
}

func errPasskey(text string) error { return invalid(fault.Field{Path: "passkey", Message: text}) }

// RenameFactor renames a second factor of the caller. The error is Invalid with the field "name", and NotFound
// for a factor that the caller does not have.
func (s *Service) RenameFactor(ctx context.Context, by actor.Caller, id, name string) error {
	name, err := plaintext.Name(name)
	if err != nil {
		return invalid(fault.Field{Path: "name", Message: fault.Of(err).Message})
	}
	return s.store.InTx(ctx, by, func(tx Tx) error {
		account, err := s.locked(ctx, tx)
		if err != nil {
			return err
		}
		list, err := tx.Factors.FactorsOf(ctx, account.ID)
		if err != nil {
			return err
		}
		was := nameOf(list, id)
		if was == "" {
			return errNoFactor()
		}
		if was == name {
			return nil
		}
		if _, err := tx.Passkeys.RenameFactor(ctx, account.ID, id, name); err != nil {
			return err
		}
		return tx.AppendEvent(ctx, audit.Did(tx.By(), audit.FactorRenamed, account.target()).Changed(
			audit.Fields{"factor": was}.String(), audit.Fields{"factor": name}.String()))
	})
}

// nameOf returns the name of one of the factors, or "".
func nameOf(list []Factor, id string) string {
	for _, f := range list {
		if f.ID == id {
			return f.Name
		}
	}
	return ""
}
