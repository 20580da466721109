package token

import (
	"context"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
)

// Store is what the service reads outside a transaction, and the way into one.
type Store interface {
	// InTx runs fn in one write transaction of the caller: all or nothing. It is
	// Unauthenticated when the caller is nobody any more.
	InTx(ctx context.Context, by actor.Caller, fn func(Tx) error) error
	// Token returns a token that is not deleted; NotFound otherwise, and when it belongs
	// to another organization.
	Token(ctx context.Context, organization, id string) (Token, error)
	// TokenByDigest returns the token with this digest of its secret, of any organization and
	// deleted or not; NotFound when there never was one.
	TokenByDigest(ctx context.Context, digest [32]byte) (Token, error)
	// PersonalTokens lists a member's tokens that are not deleted, newest first.
	PersonalTokens(ctx context.Context, organization, owner string) ([]Token, error)
	// ServiceTokens lists the organization's tokens of a kind that are not deleted, newest first.
	ServiceTokens(ctx context.Context, organization string, kind Kind) ([]Token, error)
	// ServiceTokensEnding lists up to limit service tokens of both kinds that expire after
	// from and not after until, the soonest first.
	ServiceTokensEnding(ctx context.Context, organization string, from, until time.Time, limit int) ([]Token, error)
	// TokenCounts counts an organization's tokens that are not deleted, as [Token.State]
	// would class them at now.
	TokenCounts(ctx context.Context, organization string, now time.Time) (map[Kind]Counts, error)
	// ExpiredTokens lists up to limit tokens of any organization that are not deleted, expired
	// after since and not after until, and have no event that says so; none of which such an
	// event would have been pruned.
	ExpiredTokens(ctx context.Context, since, until time.Time, limit int) ([]Token, error)
	// TokenKeyUsed reports whether creator has made a token with this idempotency key,
	// deleted ones included.
	TokenKeyUsed(ctx context.Context, creator, key string) (bool, error)
}

// Tx is what the service does inside a transaction.
type Tx interface {
	// By returns who acts, with the rights they have in the transaction.
	By() actor.Standing
	// Now is the moment of the transaction.
	Now() time.Time
	// TokenPlan returns the organization's plan and holds the organization until the
	// transaction ends, so that two that make tokens in it take turns. NotFound when
	// there is no such organization.
	TokenPlan(ctx context.Context, organization string) (access.Plan, error)
	// TokenWorkspace returns the name of a workspace of the organization; NotFound otherwise.
	TokenWorkspace(ctx context.Context, organization, workspace string) (string, error)
	// Token is as in [Store].
	Token(ctx context.Context, organization, id string) (Token, error)
	// TokenNameTaken reports whether t's name is that of another token that is live at now:
	// of the same owner for a personal token; of the same kind in the same workspace for
	// a service token. Names are compared by [plaintext.NameKey].
	TokenNameTaken(ctx context.Context, t Token, now time.Time) (bool, error)
	// ExpiredTokens is as in [Store].
	ExpiredTokens(ctx context.Context, since, until time.Time, limit int) ([]Token, error)
	// TokenKeyUsed is as in [Store].
	TokenKeyUsed(ctx context.Context, creator, key string) (bool, error)
	// ResourceTypes returns, by id, the type of every resource in a workspace of the
	// organization that is of one of the types.
	ResourceTypes(ctx context.Context, organization, workspace string, types []string) (map[string]string, error)
	// InsertToken adds a token under the digest of its secret. Conflict when the id, the
	// digest, or the creator's idempotency key is there already; "" is no key.
	InsertToken(ctx context.Context, t Token, digest [32]byte, key string) error
	// DeleteToken marks a token as deleted at the transaction's moment; NotFound when it
	// is so already. Its digest stays known.
	DeleteToken(ctx context.Context, organization, id string) error
	// AppendEvent adds to the audit log.
	AppendEvent(ctx context.Context, e audit.Event) error
}
