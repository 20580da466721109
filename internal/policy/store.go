package policy

import (
	"context"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/token"
)

// Store is what the service reads outside a transaction, and the way into one. Every list takes
// the organization as a required parameter.
type Store interface {
	// InTx runs fn in one write transaction for the caller: all or nothing. The error is
	// Unauthenticated if the caller's session or token no longer works.
	InTx(ctx context.Context, by actor.Caller, fn func(Tx) error) error
	viewReader
	typeReader
	subjectReader
	// PoliciesOf lists the policies of one group or member; of the kind Baseline those of all
	// workspaces.
	PoliciesOf(ctx context.Context, organization string, kind Kind, subject string) ([]Policy, error)
	// Audience counts whom a policy in the place concerns, with the service tokens that
	// are live at now.
	Audience(ctx context.Context, organization string, at Place, now time.Time) (Audience, error)
	// Resources lists a workspace's resources by type and name.
	Resources(ctx context.Context, organization, workspace string) ([]Resource, error)
	// ResourcesIn is Resources of several workspaces, by workspace.
	ResourcesIn(ctx context.Context, organization string, workspaces []string) (map[string][]Resource, error)
	// WorkspaceCounts counts what is in each workspace of the organization, by id, with
	// the tokens that are live at now.
	WorkspaceCounts(ctx context.Context, organization string, now time.Time) (map[string]account.WorkspaceCounts, error)
	// TokenFacts returns what decides about a token; NotFound when it is deleted.
	TokenFacts(ctx context.Context, organization, id string) (TokenFacts, error)
	// FindTokens lists up to limit tokens of any kind that are not deleted and have search
	// in their name or hint, by name.
	FindTokens(ctx context.Context, organization, search string, limit int) ([]account.HeldToken, error)
	// FindMembers returns one page of the members that the query asks for, and how many there
	// are on all pages.
	FindMembers(ctx context.Context, organization string, q account.MemberQuery, now time.Time) ([]account.MemberRow, int, error)
}

// Tx is what the service does inside a transaction.
type Tx interface {
	account.Tx
	viewReader
	typeReader
	eventReader
	// InsertPolicy is a Conflict when the place already holds one.
	InsertPolicy(ctx context.Context, p Policy) error
	// UpdatePolicy saves body and version of a policy that has the version before it;
	// Conflict when it has another.
	UpdatePolicy(ctx context.Context, p Policy) error
	// DeletePolicy takes the group or member out of the workspace.
	DeletePolicy(ctx context.Context, p Policy) error
}

// memberReader reads what applies to a member.
type memberReader interface {
	// Organization returns NotFound for an unknown id.
	Organization(ctx context.Context, id string) (account.Organization, error)
	// Member returns an active or deactivated member; NotFound otherwise.
	Member(ctx context.Context, organization, id string) (account.Member, error)
	// PoliciesOfMember lists, for every workspace of the organization, the baseline, the
	// member's own policy and those of the member's groups.
	PoliciesOfMember(ctx context.Context, organization, member string) ([]Policy, error)
}

// subjectReader reads a [Subject].
type subjectReader interface {
	memberReader
	// Workspaces lists an organization's workspaces by name.
	Workspaces(ctx context.Context, organization string) ([]account.Workspace, error)
}

// viewReader reads a [View].
type viewReader interface {
	memberReader
	// Workspace returns NotFound outside the organization.
	Workspace(ctx context.Context, organization, id string) (account.Workspace, error)
	// Group returns NotFound outside the organization.
	Group(ctx context.Context, organization, id string) (account.Group, error)
	// PolicyAt returns the policy in a place; NotFound when there is none.
	PolicyAt(ctx context.Context, organization string, at Place) (Policy, error)
	// Baseline returns a workspace's baseline policy; NotFound when the workspace is not
	// the organization's.
	Baseline(ctx context.Context, organization, workspace string) (Policy, error)
}

// typeReader reads the types of resources.
type typeReader interface {
	// ResourceTypes returns, by id, the type of every resource in a workspace of the
	// organization that is of one of the types.
	ResourceTypes(ctx context.Context, organization, workspace string, types []string) (map[string]string, error)
}

// eventReader reads what happened to a policy.
type eventReader interface {
	// PolicyEvents lists the newest audit events of one policy, newest first.
	PolicyEvents(ctx context.Context, organization, policy string, limit int) ([]audit.Event, error)
}

// TokenFacts is what decides about a token, to explain it.
type TokenFacts struct {
	ID           string
	Organization string
	Kind         token.Kind
	Name         string
	Hint         string
	Owner        string // personal tokens
	Workspace    string
	Scope        access.Scope
	Policy       access.Policy // workspace tokens: their own
	ExpiresAt    time.Time
}
