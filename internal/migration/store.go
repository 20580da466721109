package migration

import (
	"context"
	"time"

	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/registry"
	"latchkey/internal/token"
)

// Reader is what the service reads, inside and outside a transaction.
type Reader interface {
	// Organization returns NotFound for an unknown id.
	Organization(ctx context.Context, id string) (account.Organization, error)
	// Workspaces returns the organization's workspaces, ordered by name.
	Workspaces(ctx context.Context, organization string) ([]account.Workspace, error)
	// Baseline returns a workspace's baseline; NotFound outside the organization.
	Baseline(ctx context.Context, organization, workspace string) (account.Policy, error)
	// Resources returns a workspace's resources, ordered by type and name.
	Resources(ctx context.Context, organization, workspace string) ([]account.Resource, error)
	// Staging returns the migration that is not deployed yet; NotFound if there is none.
	Staging(ctx context.Context, organization string) (Migration, error)
	// Deployments returns the deployed migrations, newest first, without their reports.
	Deployments(ctx context.Context, organization string) ([]Migration, error)
	// Migration returns a migration; NotFound outside the organization.
	Migration(ctx context.Context, organization, id string) (Migration, error)
	// StagedItem returns an item; NotFound if there is none.
	StagedItem(ctx context.Context, migration string, seq int64) (Item, error)
	// StagedItems returns up to limit items of a kind after seq, in the order of the file.
	StagedItems(ctx context.Context, migration string, kind Kind, after int64, limit int) ([]Item, error)
	// StagedByRef returns the items of a kind with the given old ids, in the order of the file.
	StagedByRef(ctx context.Context, migration string, kind Kind, refs []string) ([]Item, error)
	// FindStaged returns one page of items, and their number on all pages.
	FindStaged(ctx context.Context, migration string, q Query) ([]Item, int, error)
	// Tallies counts the items of a migration.
	Tallies(ctx context.Context, migration string) ([]Tally, error)
	// Links returns, by old id, the new ids of elements of a kind in earlier migrations from
	// the same source.
	Links(ctx context.Context, organization, source string, kind Kind) (map[string]string, error)
	// Member returns NotFound outside the organization.
	Member(ctx context.Context, organization, id string) (account.Member, error)
	// PoliciesOf returns the policies of one group or member.
	PoliciesOf(ctx context.Context, organization string, kind account.PolicyKind, subject string) ([]account.Policy, error)
	// PresentMembers returns all members of the organization.
	PresentMembers(ctx context.Context, organization string) ([]Present, error)
	// MembersInside returns the members who are in a workspace by their own policy or a
	// group's.
	MembersInside(ctx context.Context, organization, workspace string) (map[string]bool, error)
	// Groups returns the organization's groups, ordered by name.
	Groups(ctx context.Context, organization string) ([]account.Group, error)
	// MembersOfGroups returns, for each group, which of the members are in it.
	MembersOfGroups(ctx context.Context, groups, members []string) (map[string]map[string]bool, error)
	// HeldDigests returns, by digest, the tokens of any organization with one of the digests,
	// including deleted ones.
	HeldDigests(ctx context.Context, digests [][]byte) (map[string]Held, error)
	// LocatedResources returns, by id, the location of resources with the given ids, in any
	// organization.
	LocatedResources(ctx context.Context, ids []string) (map[string]Located, error)
	// WorkspaceIDsTaken returns which of the ids belong to a workspace of any organization.
	WorkspaceIDsTaken(ctx context.Context, ids []string) (map[string]bool, error)
}

// Store is what the service reads outside a transaction, and the way into one.
type Store interface {
	Reader
	// InTx runs fn in one write transaction for the caller: all or nothing. The error is
	// Unauthenticated if the caller's session or token no longer works.
	InTx(ctx context.Context, by actor.Caller, fn func(Tx) error) error
	// SoleOrganization returns the installation's organization; NotFound if there is none.
	SoleOrganization(ctx context.Context) (account.Organization, error)
	// AnnounceStep shows every program on the database that a step of the organization is
	// running, until release is called or soon after this program ends.
	AnnounceStep(ctx context.Context, organization string, step Step) (release func(), err error)
	// AnnouncedSteps returns the announced steps, including this program's own, the most
	// important first.
	AnnouncedSteps(ctx context.Context, organization string) ([]Step, error)
}

// Tx is what the service does inside a transaction.
type Tx interface {
	// By returns the caller with the rights that they have in the transaction.
	By() actor.Standing
	Reader
	// Now returns the time of the transaction.
	Now() time.Time
	// AnnounceStep is Store.AnnounceStep until the transaction has ended, so that no program
	// reports the step as undone before the outcome is certain.
	AnnounceStep(ctx context.Context, organization string, step Step) error
	// HoldOrganization returns the organization and locks its row until the transaction ends,
	// so that changes of one staging area take turns.
	HoldOrganization(ctx context.Context, id string) (account.Organization, error)
	// InsertMigration adds a migration; Conflict while the organization has another one that is
	// not deployed.
	InsertMigration(ctx context.Context, m Migration) error
	// UpdateMigration saves everything except creator and time of creation; NotFound if the
	// migration is gone.
	UpdateMigration(ctx context.Context, m Migration) error
	// DeleteMigration removes a migration with its items.
	DeleteMigration(ctx context.Context, organization, id string) error
	// InsertItems adds items of a migration.
	InsertItems(ctx context.Context, migration string, items []Item) error
	// UpdateItem saves the fields of an item that comparison, choices and edits change.
	UpdateItem(ctx context.Context, migration string, i Item) error
	// DeleteItems removes the items of a migration.
	DeleteItems(ctx context.Context, migration string) error
	// SaveLinks records the new ids of elements, for later migrations from the source.
	SaveLinks(ctx context.Context, organization, source string, links []Link) error

	CountMembers(ctx context.Context, organization string) (int, error)
	CountActiveAdmins(ctx context.Context, organization string) (int, error)
	PolicyAt(ctx context.Context, organization string, at account.Place) (account.Policy, error)
	InsertWorkspace(ctx context.Context, w account.Workspace) error
	InsertMember(ctx context.Context, m account.Member, passwordHash string) error
	UpdateMember(ctx context.Context, m account.Member) error
	InsertGroup(ctx context.Context, g account.Group) error
	AddToGroup(ctx context.Context, group, member string) error
	InsertPolicy(ctx context.Context, p account.Policy) error
	UpdatePolicy(ctx context.Context, p account.Policy) error
	AddResource(ctx context.Context, r registry.Resource) error
	InsertToken(ctx context.Context, t token.Token, digest [32]byte, submission string) error
	AppendEvent(ctx context.Context, e audit.Event) error
}
