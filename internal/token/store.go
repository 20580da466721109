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
	// InRuleTx is like InTx, for what applies to all tokens of the organization.
	InRuleTx(ctx context.Context, by actor.Caller, fn func(RuleTx) error) error
}

// Reads is what the service reads outside of transactions.
type Reads interface {
	// Token returns a token of the organization. The error is NotFound if there is none, also if
	// it was deleted.
	Token(ctx context.Context, organization, id string) (Token, error)
	// TokensByDigest returns the tokens of the organization with these digests of their secrets,
	// by digest, including deleted ones.
	TokensByDigest(ctx context.Context, organization string, digests [][32]byte) (map[[32]byte]Token, error)
	// TokenSecrets returns the current secret of a token, and after it the last few previous ones. Those
	// that nobody ended come first, and then the newest.
	TokenSecrets(ctx context.Context, t Token) ([]SecretState, error)
	// SecretCounts returns how often the secrets of a token were used up to a slot, by digest.
	SecretCounts(ctx context.Context, t Token, now int64) (map[[32]byte]SecretCount, error)
	// UsedAfterEnd returns the latest refused use of a previous secret of a token after its end, if
	// there is an event about one since then.
	UsedAfterEnd(ctx context.Context, t Token, since time.Time) (use SecretUse, found bool, err error)
	// ListTokens returns a page of the organization's tokens of a kind that are not deleted; of
	// personal tokens, those of an owner.
	ListTokens(ctx context.Context, organization string, kind Kind, owner string, l Listing) (Listed, error)
	// PersonalTokenCounts counts a member's tokens that are not deleted by their [Token.State] at
	// now, as if the member were active.
	PersonalTokenCounts(ctx context.Context, organization, owner string, now time.Time) (Counts, error)
	// EndingTokens returns a part of the tokens that work and expire after from and not after
	// until, the soonest first: of an owner, or of the organization if owner is empty.
	EndingTokens(ctx context.Context, organization, owner string, from, until time.Time, limit, offset int) ([]Token, error)
	// RefusedTokens is like EndingTokens for tokens that were refused often, by [RefusedOften], on
	// the days from first to last. The latest refused come first, and of these the most refused.
	RefusedTokens(ctx context.Context, organization, owner string, first, last Day, limit, offset int) ([]Refused, error)
	// IdleTokens is like EndingTokens for tokens that NoteIdle has noted and that are still idle at
	// now. Those that are for longest come first.
	IdleTokens(ctx context.Context, organization, owner string, now time.Time, limit, offset int) ([]Token, error)
	// NoteIdle notes which tokens work and were neither generated nor used in the [IdleAfter]
	// before now.
	NoteIdle(ctx context.Context, now time.Time) error
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
	// UseDays returns on which days from first to last a token, or the tokens of a member or an
	// organization, were used, oldest first. It leaves out days without a request.
	UseDays(ctx context.Context, subject string, first, last Day) ([]DayCount, error)
	// AllowedAddresses returns the addresses that tokens of the organization may be used from.
	AllowedAddresses(ctx context.Context, organization string) (actor.Ranges, error)
	// TokenRules returns the rules of an organization; the zero Rules if it has none.
	TokenRules(ctx context.Context, organization string) (Rules, error)
	// ForgetUses deletes the counts of days before the given one, and those of secrets that are older than
	// a day.
	ForgetUses(ctx context.Context, before Day) error
}

// ruleReader reads the rules of an organization.
type ruleReader interface {
	// TokenRules returns the rules of an organization; the zero Rules if it has none.
	TokenRules(ctx context.Context, organization string) (Rules, error)
	// Making returns what the rules need to know of a member who generates personal tokens.
	Making(ctx context.Context, organization, member string, now time.Time) (Making, error)
}

// Making is what rules need to know of a member who generates personal tokens.
type Making struct {
	Groups []string // ids
	Tokens int      // personal ones that are neither deleted nor expired
}

// Tx is what the service does inside a transaction.
type Tx interface {
	ruleReader
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
	// SaveTokenTexts saves the name and the description of a token. The error is NotFound if it is
	// deleted.
	SaveTokenTexts(ctx context.Context, t Token) error
	// SaveTokenAddresses saves the allowed addresses of a token. The error is NotFound if it is deleted.
	SaveTokenAddresses(ctx context.Context, t Token) error
	// SaveTokenSuspension saves by whom and why a token is suspended, or that it is not. The error is
	// NotFound if it is deleted.
	SaveTokenSuspension(ctx context.Context, t Token) error
	// LockTokenSecrets is like TokenSecrets in [Store]. A first use that is noted meanwhile waits for
	// the end of the transaction.
	LockTokenSecrets(ctx context.Context, t Token) ([]SecretState, error)
	// SaveTokenSecrets saves new secrets and when previous ones end. If the current secret is among
	// them, it also saves the end of the token.
	SaveTokenSecrets(ctx context.Context, t Token, secrets []SecretState) error
	// DeleteToken marks a token as deleted at the time of the transaction. Its digest is kept.
	// The error is NotFound if it is already deleted.
	DeleteToken(ctx context.Context, organization, id string) error
	// AppendEvent appends an event to the audit log.
	AppendEvent(ctx context.Context, e audit.Event) error
}

// RuleTx is what the service does inside a transaction that changes what applies to all tokens of an
// organization.
type RuleTx interface {
	// By returns the caller with the rights that they have in the transaction.
	By() actor.Standing
	// OrganizationName returns the name of an organization, and locks it until the transaction ends, so that
	// changes of its rules take turns.
	OrganizationName(ctx context.Context, organization string) (string, error)
	// AllowedAddresses is as in [Reads].
	AllowedAddresses(ctx context.Context, organization string) (actor.Ranges, error)
	// SaveAllowedAddresses saves the addresses that tokens of the organization may be used from.
	SaveAllowedAddresses(ctx context.Context, organization string, r actor.Ranges) error
	// AppendEvent appends an event to the audit log.
	AppendEvent(ctx context.Context, e audit.Event) error
}
