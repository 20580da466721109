package migration

import (
	"context"

	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/policy"
	"latchkey/internal/registry"
	"latchkey/internal/token"
)

// Store is what the service reads outside a transaction, and the way into one.
type Store interface {
	// InTx runs fn in one write transaction for the caller: all or nothing. The error is
	// Unauthenticated if the caller's session or token no longer works.
	InTx(ctx context.Context, by actor.Caller, fn func(Tx) error) error
	viewReader
	stagingReader
	// Deployments lists the deployed migrations, newest first, without their reports.
	Deployments(ctx context.Context, organization string) ([]Migration, error)
	// Migration returns a migration; NotFound outside the organization.
	Migration(ctx context.Context, organization, id string) (Migration, error)
	// FindStaged returns one page of items, and how many there are on all pages.
	FindStaged(ctx context.Context, migration string, q Query) ([]Item, int, error)
	// SoleOrganization returns the installation's organization; NotFound when there is none.
	SoleOrganization(ctx context.Context) (account.Organization, error)
	// AnnounceStep shows to every program on the database that a step of the organization is
	// under way, until release is called or soon after this program is gone.
	AnnounceStep(ctx context.Context, organization string, step Step) (release func(), err error)
	// AnnouncedSteps lists the steps that are shown, this program's own included, that which
	// matters most first.
	AnnouncedSteps(ctx context.Context, organization string) ([]Step, error)
}

// Tx is one transaction, by what is done in it: to the staging area and, when deploying, to what
// is live.
type Tx struct {
	Area
	Existing Existing
	Live     Live
}

// Area is the staging area inside a transaction.
type Area interface {
	account.Tx
	stagingReader
	itemReader
	// AnnounceStep is that of the store until the transaction has ended: until nobody can say
	// any more that nothing was changed.
	AnnounceStep(ctx context.Context, organization string, step Step) error
	// InsertMigration is a Conflict while another one of the organization is not deployed.
	InsertMigration(ctx context.Context, m Migration) error
	// UpdateMigration saves all but who made it and when; NotFound when it is gone.
	UpdateMigration(ctx context.Context, m Migration) error
	// DeleteMigration removes one with its items.
	DeleteMigration(ctx context.Context, organization, id string) error
	// InsertItems adds items of a migration.
	InsertItems(ctx context.Context, migration string, items []Item) error
	// UpdateItem saves what comparison, choices and edits change of an item.
	UpdateItem(ctx context.Context, migration string, i Item) error
	// DeleteItems removes the items of a migration.
	DeleteItems(ctx context.Context, migration string) error
	// SaveLinks notes what elements became, for later migrations from the source.
	SaveLinks(ctx context.Context, organization, source string, links []Link) error
}

// Existing is what there is already, which the staging area is compared with.
type Existing interface {
	viewReader
	// Links returns, by the old id, what elements of a kind became in earlier migrations
	// from the same source.
	Links(ctx context.Context, organization, source string, kind Kind) (map[string]string, error)
	// PresentMembers lists all members of the organization.
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
type Live interface {
	CountMembers(ctx context.Context, organization string) (int, error)
	CountActiveAdmins(ctx context.Context, organization string) (int, error)
	PolicyAt(ctx context.Context, organization string, at policy.Place) (policy.Policy, error)
	InsertWorkspace(ctx context.Context, w account.Workspace) error
	InsertMember(ctx context.Context, m account.Member, passwordHash string) error
	UpdateMember(ctx context.Context, m account.Member) error
	InsertGroup(ctx context.Context, g account.Group) error
	AddToGroup(ctx context.Context, group, member string) error
	InsertPolicy(ctx context.Context, p policy.Policy) error
	UpdatePolicy(ctx context.Context, p policy.Policy) error
	AddResource(ctx context.Context, r registry.Resource) error
	InsertToken(ctx context.Context, t token.Token, digest [32]byte, key string) error
}

// stagingReader finds the staging area.
type stagingReader interface {
	// Staging returns the migration that is not deployed; NotFound when there is none.
	Staging(ctx context.Context, organization string) (Migration, error)
}

// itemReader reads the items of a staging area.
type itemReader interface {
	// StagedItem returns an item; NotFound when there is none.
	StagedItem(ctx context.Context, migration string, seq int64) (Item, error)
	// StagedItems lists up to limit items of a kind that come after seq, in the order of
	// the file.
	StagedItems(ctx context.Context, migration string, kind Kind, after int64, limit int) ([]Item, error)
	// StagedByRef returns the items of a kind with these old ids, in the order of the file.
	StagedByRef(ctx context.Context, migration string, kind Kind, refs []string) ([]Item, error)
	// Tallies counts the items of a migration.
	Tallies(ctx context.Context, migration string) ([]Tally, error)
}

// viewReader reads what an item becomes, and where.
type viewReader interface {
	itemReader
	// Organization returns NotFound for an unknown id.
	Organization(ctx context.Context, id string) (account.Organization, error)
	// Workspaces lists the organization's workspaces by name.
	Workspaces(ctx context.Context, organization string) ([]account.Workspace, error)
	// Baseline returns a workspace's baseline; NotFound outside the organization.
	Baseline(ctx context.Context, organization, workspace string) (policy.Policy, error)
	// Resources lists a workspace's resources by type and name.
	Resources(ctx context.Context, organization, workspace string) ([]policy.Resource, error)
	// Member returns NotFound outside the organization.
	Member(ctx context.Context, organization, id string) (account.Member, error)
	// PoliciesOf lists the policies of one group or member.
	PoliciesOf(ctx context.Context, organization string, kind policy.Kind, subject string) ([]policy.Policy, error)
}
