package account

import (
	"context"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
)

// Reader is everything that the service reads, inside and outside a transaction. It is put
// together from what the use cases of each aggregate need; the parts stand beside them.
// Every list takes the organization as a required parameter.
type Reader interface {
	SubjectStore
	WorkspaceReader
	MemberReader
	GroupReader
	PolicyReader
	InvitationReader
	TokenReader
}

// Store is what the service reads outside a transaction, and the way into one.
type Store interface {
	Reader
	// InTx runs fn in one write transaction of the caller: all or nothing. It is
	// Unauthenticated when the caller is nobody any more.
	InTx(ctx context.Context, by actor.Caller, fn func(Tx) error) error
	// Claimed reports whether an organization exists.
	Claimed(ctx context.Context) (bool, error)
	// SoleOrganization returns the installation's organization; NotFound when there is none.
	SoleOrganization(ctx context.Context) (Organization, error)
	// RecentEvents lists the newest audit events, of one actor or (actor "") of all but what
	// identity providers ask.
	RecentEvents(ctx context.Context, organization, actor string, limit int) ([]audit.Event, error)
}

// Tx is what the service does inside a transaction.
type Tx interface {
	// By returns who acts, with the rights they have in the transaction.
	By() actor.Standing
	Reader
	WorkspaceWriter
	MemberWriter
	GroupWriter
	PolicyWriter
	InvitationWriter
	// Now is the moment of the transaction.
	Now() time.Time
	Claimed(ctx context.Context) (bool, error)
	InsertOrganization(ctx context.Context, o Organization) error
	SetPlan(ctx context.Context, organization string, plan access.Plan) error
	// HoldOrganization returns the organization and keeps its row until the transaction
	// ends: two changes of one organization take turns, so that what one has read (who is
	// an Admin, how many groups there are) is still true when it writes. NotFound when
	// there is no such organization.
	HoldOrganization(ctx context.Context, id string) (Organization, error)
	// TombstoneTokens marks the tokens as deleted now; those that are so already stay.
	TombstoneTokens(ctx context.Context, organization string, ids []string) error
	AppendEvent(ctx context.Context, e audit.Event) error
}

// TokenReader is the little that account administration must know of tokens: whose they
// are, to say what breaks, to end them with their owner, and to explain decisions.
type TokenReader interface {
	// TokenFacts returns what decides about a token; NotFound when it is deleted.
	TokenFacts(ctx context.Context, organization, id string) (TokenFacts, error)
	// TokensOfMembers lists the members' personal tokens that are not deleted, expired
	// ones included; the last used first.
	TokensOfMembers(ctx context.Context, organization string, members []string) ([]HeldToken, error)
	// TokensOfWorkspace lists the tokens of both kinds of a workspace that are not
	// deleted, expired ones included.
	TokensOfWorkspace(ctx context.Context, organization, workspace string) ([]HeldToken, error)
	// FindTokens lists up to limit tokens of any kind that are not deleted and have search
	// in their name or hint, by name.
	FindTokens(ctx context.Context, organization, search string, limit int) ([]HeldToken, error)
}
