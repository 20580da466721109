package token

import (
	"context"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
)

// Store is what the service reads outside a transaction, and how it begins one.
type Store interface {
	Reads
	// InTx runs fn in one write transaction of the caller, which is committed if fn returns nil.
	// The error is Unauthenticated if the caller's session or token no longer works.
	InTx(ctx context.Context, by actor.Caller, fn func(Tx) error) error
}

// Reads is what the service reads outside of transactions.
type Reads interface {
	// Token returns a token of the organization. The error is NotFound if there is none, also if
	// it was deleted.
	Token(ctx context.Context, organization, id string) (Token, error)
	// TokensByDigest returns the tokens of the organization with these digests of their secrets,
	// by digest, including deleted ones.
	TokensByDigest(ctx context.Context, organization string, digests [][32]byte) (map[[32]byte]Token, error)
	// ListTokens returns a page of the organization's tokens of a kind that are not deleted; of
	// personal tokens, those of an owner.
	ListTokens(ctx context.Context, organization string, kind Kind, owner string, l Listing) (Listed, error)
	// PersonalTokenCounts counts a member's tokens that are not deleted by their [Token.State] at
	// now, as if the member were active.
	PersonalTokenCounts(ctx context.Context, organization, owner string, now time.Time) (Counts, error)
	// PersonalTokensEnding returns a member's tokens that expire after from and not after until.
	// Those that expire first come first.
	PersonalTokensEnding(ctx context.Context, organization, owner string, from, until time.Time) ([]Token, error)
	// ServiceTokensEnding returns up to limit service tokens of both kinds that expire after from
	// and not after until. Those that expire first come first.
	ServiceTokensEnding(ctx context.Context, organization string, from, until time.Time, limit int) ([]Token, error)
	// TokenCounts counts the organization's tokens that are not deleted by their [Token.State] at
	// now.
	TokenCounts(ctx context.Context, organization string, now time.Time) (map[Kind]Counts, error)
	// ExpiredTokens returns up to limit tokens of any organization that are not deleted, have
	// expired after since and not after until, and have no event that says so. It leaves out
	// those whose event would have been pruned.
	ExpiredTokens(ctx context.Context, since, until time.Time, limit int) ([]Token, error)
	// TokenKeyUsed reports whether creator has generated a token with this idempotency key.
	// Deleted tokens count.
	TokenKeyUsed(ctx context.Context, creator, key string) (bool, error)
	// UseDays returns on which days from first to last a token, or the tokens of an organization,
	// were used, oldest first. It leaves out days without a request.
	UseDays(ctx context.Context, subject string, first, last Day) ([]DayCount, error)
	// ForgetUses deletes the counts of days before the given one.
	ForgetUses(ctx context.Context, before Day) error
}

// Tx is what the service does inside a transaction.
type Tx interface {
	// By returns the caller with the rights that they have in the transaction.
	By() actor.Standing
	// Now returns the time of the transaction.
	Now() time.Time
	// TokenPlan returns the organization's plan and locks the organization until the transaction
	// ends, so that two transactions that generate tokens take turns. The error is NotFound if
	// there is no such organization.
	TokenPlan(ctx context.Context, organization string) (access.Plan, error)
	// TokenWorkspace returns the name of a workspace of the organization. The error is NotFound
	// if there is none.
	TokenWorkspace(ctx context.Context, organization, workspace string) (string, error)
	// Token is as in [Store].
	Token(ctx context.Context, organization, id string) (Token, error)
	// TokenNameTaken reports whether another token that is live at now has the name of t. Only
	// tokens of the same owner are compared with a personal token, and tokens of the same kind in
	// the same workspace with a service token. Names are compared by [plaintext.NameKey].
	TokenNameTaken(ctx context.Context, t Token, now time.Time) (bool, error)
	// ExpiredTokens is as in [Store].
	ExpiredTokens(ctx context.Context, since, until time.Time, limit int) ([]Token, error)
	// CountPersonalTokens returns the number of a member's tokens that are not deleted.
	CountPersonalTokens(ctx context.Context, organization, owner string) (int, error)
	// TokenKeyUsed is as in [Store].
	TokenKeyUsed(ctx context.Context, creator, key string) (bool, error)
	// ResourceTypes returns the type of every resource in the workspace that has one of the
	// types, by the id of the resource.
	ResourceTypes(ctx context.Context, organization, workspace string, types []string) (map[string]string, error)
	// InsertToken adds a token with the digest of its secret. The error is Conflict if the id,
	// the digest or the creator's idempotency key is taken. An empty key is none.
	InsertToken(ctx context.Context, t Token, digest [32]byte, key string) error
	// DeleteToken marks a token as deleted at the time of the transaction. Its digest is kept.
	// The error is NotFound if it is already deleted.
	DeleteToken(ctx context.Context, organization, id string) error
	// AppendEvent appends an event to the audit log.
	AppendEvent(ctx context.Context, e audit.Event) error
}
