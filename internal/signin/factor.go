package signin

import (
	"context"
	"time"

	"latchkey/internal/actor"
)

// FactorKind is a kind of second factor.
type FactorKind string

// CodeFactor is an authenticator app, which shows one-time codes.
const CodeFactor FactorKind = "code"

// Factor is what proves who signs in besides the password. A factor counts once it is confirmed.
type Factor struct {
	ID          string
	Member      string // id
	Kind        FactorKind
	Name        string
	CreatedAt   time.Time
	ConfirmedAt time.Time // zero: not yet
	LastUsedAt  time.Time // zero: never
}

// Sealed is the secret of a factor, encrypted with the key of the installation.
type Sealed struct {
	Path  string
	Key   string // id of the key
	Value []byte
}

// Pending is a sign-in with the right password that waits for the second factor. It is no session.
type Pending struct {
	Member    string // id
	CreatedAt time.Time
	ExpiresAt time.Time // the first moment at which it no longer works
}

// factorReader reads second factors.
type factorReader interface {
	// FactorsOf returns the confirmed factors of a member, the oldest first.
	FactorsOf(ctx context.Context, memberID string) ([]Factor, error)
	// Unconfirmed returns a factor of a member that is not confirmed; NotFound otherwise.
	Unconfirmed(ctx context.Context, memberID, id string) (Factor, error)
	// FactorSecret returns the secret of a factor; NotFound if it has none.
	FactorSecret(ctx context.Context, id string) (Sealed, error)
	// RecoveryCodesLeft returns how many recovery codes a member has not used.
	RecoveryCodesLeft(ctx context.Context, memberID string) (int, error)
	// PendingByDigest returns the waiting sign-in with a digest, also one that has expired, and its member,
	// even an inactive one; NotFound otherwise.
	PendingByDigest(ctx context.Context, digest []byte) (Pending, Account, error)
}

// Factors is second factors, recovery codes and waiting sign-ins, inside a transaction.
type Factors interface {
	factorReader
	// SealingKey returns the id of the key that the installation seals with.
	SealingKey(ctx context.Context) (string, error)
	// InsertFactor adds a factor that is not confirmed, in place of the member's earlier ones that are not.
	// The zero secret is none.
	InsertFactor(ctx context.Context, f Factor, secret Sealed) error
	// ConfirmFactor makes a factor of a member count, and reports whether it did not before.
	ConfirmFactor(ctx context.Context, memberID, id string) (bool, error)
	// UseStep records that the code of a step was accepted, and reports whether it is later than the last one
	// that was. A last one after latest is from before the clock was set back, and does not count.
	UseStep(ctx context.Context, factorID string, step, latest int64) (bool, error)
	// DeleteFactor deletes a factor of a member and reports whether it existed.
	DeleteFactor(ctx context.Context, memberID, id string) (bool, error)
	// EndFactors deletes all factors and recovery codes of a member, the sign-ins that wait, and the
	// challenges. It returns the number of confirmed factors.
	EndFactors(ctx context.Context, memberID string) (int, error)
	// SaveRecoveryCodes replaces a member's recovery codes.
	SaveRecoveryCodes(ctx context.Context, memberID string, digests [][]byte) error
	// UseRecoveryCode deletes a recovery code and reports whether it existed.
	UseRecoveryCode(ctx context.Context, memberID string, digest []byte) (bool, error)
	// InsertPending adds a waiting sign-in under the digest of its secret.
	InsertPending(ctx context.Context, p Pending, digest []byte) error
	// MissPending counts a wrong code. The one that reaches most ends the sign-in.
	MissPending(ctx context.Context, digest []byte, most int) error
	// EndPending deletes a waiting sign-in and reports whether it existed.
	EndPending(ctx context.Context, digest []byte) (bool, error)
	// DropPending deletes the sign-ins that expired at or before a moment.
	DropPending(ctx context.Context, expired time.Time) error
}

// Security is what a member has besides the password.
type Security struct {
	Factors       []Factor
	RecoveryCodes int // that are left
	Passkeys      []OwnPasskey
}

// OwnPasskey is a passkey as its member sees it.
type OwnPasskey struct {
	Passkey
	Works bool // at the address of this server
}

// Security returns what the caller has besides the password. The error is Denied for a caller who is not a
// signed-in member.
func (s *Service) Security(ctx context.Context, by actor.Standing) (Security, error) {
	if err := onlyMembers(by); err != nil {
		return Security{}, err
	}
	return s.security(ctx, by.ID)
}

// SecurityOf returns what a member has besides the password. The error is NotFound for a member of another
// organization, and Denied unless the caller is an Admin.
func (s *Service) SecurityOf(ctx context.Context, by actor.Standing, memberID string) (Security, error) {
	if _, err := s.managed(ctx, s.store, by, memberID); err != nil {
		return Security{}, err
	}
	return s.security(ctx, memberID)
}

func (s *Service) security(ctx context.Context, memberID string) (Security, error) {
	factors, err := s.store.FactorsOf(ctx, memberID)
	if err != nil || len(factors) == 0 {
		return Security{}, err
	}
	left, err := s.store.RecoveryCodesLeft(ctx, memberID)
	if err != nil {
		return Security{}, err
	}
	passkeys, err := s.store.PasskeysOf(ctx, memberID)
	has, party := Security{Factors: factors, RecoveryCodes: left}, s.partyID()
	for _, p := range passkeys {
		has.Passkeys = append(has.Passkeys, OwnPasskey{p, p.Party == party})
	}
	return has, err
}
