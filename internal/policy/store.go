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

// Store is what the service reads outside a transaction, and how it begins one. Every method
// reads one organization only.
type Store interface {
	Reads
	// InTx runs fn in one write transaction of the caller, which is committed if fn returns nil.
	// The error is Unauthenticated if the caller's session or token no longer works.
	InTx(ctx context.Context, by actor.Caller, fn func(Tx) error) error
}

// Reads is what the service reads outside of transactions.
type Reads interface {
	viewReader
	typeReader
	subjectReader
	eventReader
	// Groups returns the groups of the organization, sorted by name.
	Groups(ctx context.Context, organization string) ([]account.Group, error)
	// PoliciesOf returns the policies of a group or a member, or the baselines of all workspaces.
	PoliciesOf(ctx context.Context, organization string, kind Kind, subject string) ([]Policy, error)
	// Audience counts what a policy at the place affects. Service tokens count if they are live
	// at now.
	Audience(ctx context.Context, organization string, at Place, now time.Time) (Audience, error)
	// Resources returns the resources of a workspace, sorted by type and name.
	Resources(ctx context.Context, organization, workspace string) ([]Resource, error)
	// ResourcesIn returns the resources of several workspaces, by the id of the workspace.
	ResourcesIn(ctx context.Context, organization string, workspaces []string) (map[string][]Resource, error)
	// WorkspaceCounts returns the counts of each workspace of the organization, by the id of the
	// workspace. Tokens count if they are live at now.
	WorkspaceCounts(ctx context.Context, organization string, workspaces []string, now time.Time) (map[string]account.WorkspaceCounts, error)
	// TokenFacts returns what decides about a token. The error is NotFound if there is none, also
	// if it was deleted.
	TokenFacts(ctx context.Context, organization, id string) (TokenFacts, error)
	// FindTokens returns up to limit tokens of the kinds that are not deleted and have search in
	// their name or hint, sorted by name.
	FindTokens(ctx context.Context, organization, search string, limit int, kinds ...token.Kind) ([]account.HeldToken, error)
	// FindMembers returns one page of the members that the query asks for, and the number of
	// members on all pages.
	FindMembers(ctx context.Context, organization string, q account.MemberQuery, now time.Time) ([]account.MemberRow, int, error)
}

// Tx is what the service does inside a transaction.
type Tx interface {
	account.Tx
	viewReader
	typeReader
	eventReader
	// InsertPolicy adds a policy. The error is Conflict if there is already one at the place.
	InsertPolicy(ctx context.Context, p Policy) error
	// UpdatePolicy saves the body and the version of a policy. The error is Conflict unless the
	// stored version is the one before it.
	UpdatePolicy(ctx context.Context, p Policy) error
	// DeletePolicy deletes a policy, which takes the group or member out of the workspace.
	DeletePolicy(ctx context.Context, p Policy) error
}

// memberReader reads what applies to a member.
type memberReader interface {
	// Organization returns an organization. The error is NotFound for an unknown id.
	Organization(ctx context.Context, id string) (account.Organization, error)
	// Member returns an active or deactivated member. The error is NotFound if there is none.
	Member(ctx context.Context, organization, id string) (account.Member, error)
	// PoliciesOfMember returns, for every workspace of the organization, the baseline, the
	// member's own policy and those of the member's groups.
	PoliciesOfMember(ctx context.Context, organization, member string) ([]Policy, error)
}

// subjectReader reads a [Subject].
type subjectReader interface {
	memberReader
	// Workspaces returns the organization's workspaces, sorted by name.
	Workspaces(ctx context.Context, organization string) ([]account.Workspace, error)
}

// viewReader reads a [View].
type viewReader interface {
	memberReader
	// Workspace returns a workspace. The error is NotFound if it is not in the organization.
	Workspace(ctx context.Context, organization, id string) (account.Workspace, error)
	// Group returns a group. The error is NotFound if it is not in the organization.
	Group(ctx context.Context, organization, id string) (account.Group, error)
	// PolicyAt returns the policy at a place. The error is NotFound if there is none.
	PolicyAt(ctx context.Context, organization string, at Place) (Policy, error)
	// Baseline returns the baseline policy of a workspace. The error is NotFound if the workspace
	// is not in the organization.
	Baseline(ctx context.Context, organization, workspace string) (Policy, error)
}

// typeReader reads the types of resources.
type typeReader interface {
	// ResourceTypes returns the type of every resource in the workspace that has one of the
	// types, by the id of the resource.
	ResourceTypes(ctx context.Context, organization, workspace string, types []string) (map[string]string, error)
}

// eventReader reads the history of a policy.
type eventReader interface {
	// PolicyEvents returns up to limit audit events of a policy, newest first.
	PolicyEvents(ctx context.Context, organization, policy string, limit int) ([]audit.Event, error)
}

// TokenFacts is what decides what a token may do.
type TokenFacts struct {
	ID           string
	Organization string
	Kind         token.Kind
	Name         string
	Hint         string
	Owner        string // only of a personal token
	Workspace    string
	Scope        access.Scope
	Policy       access.Policy // own policy of a workspace token
	ExpiresAt    time.Time
	Suspended    bool // by somebody, not with its owner
}
