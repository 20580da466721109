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
	Reads
	// InTx runs fn in one write transaction for the caller: all or nothing. The error is
	// Unauthenticated if the caller's session or token no longer works.
	InTx(ctx context.Context, by actor.Caller, fn func(Tx) error) error
}

// Reads is what the service reads, and announces, outside of transactions.
type Reads interface {
	viewReader
	stagingReader
	// Deployments returns the deployed migrations, newest first, without their reports.
	Deployments(ctx context.Context, organization string) ([]Migration, error)
	// Migration returns a migration; NotFound outside the organization.
	Migration(ctx context.Context, organization, id string) (Migration, error)
	// FindStaged returns one page of items, and their number on all pages.
	FindStaged(ctx context.Context, migration string, q Query) ([]Item, int, error)
	// SoleOrganization returns the installation's organization; NotFound if there is none.
	SoleOrganization(ctx context.Context) (account.Organization, error)
	// AnnounceStep shows every program on the database that a step of the organization is
	// running, until release is called or soon after this program ends.
	AnnounceStep(ctx context.Context, organization string, step Step) (release func(), err error)
	// AnnouncedSteps returns the announced steps, including this program's own, the most
	// important first.
	AnnouncedSteps(ctx context.Context, organization string) ([]Step, error)
}

// Tx is one transaction on the staging area and, when deploying, on live data.
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
	// AnnounceStep is Store.AnnounceStep until the transaction has ended, so that no program
	// reports the step as undone before the outcome is certain.
	AnnounceStep(ctx context.Context, organization string, step Step) error
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
}

// Existing is the existing data that the staging area is compared with.
type Existing interface {
	viewReader
	// Links returns, by old id, the new ids of elements of a kind in earlier migrations from
	// the same source.
	Links(ctx context.Context, organization, source string, kind Kind) (map[string]string, error)
	// PresentMembers returns all members of the organization.
	PresentMembers(ctx context.Context, organization string) ([]Present, error)
	// MembersInside returns the members who are in a workspace by their own policy or a
	// group's.
	MembersInside(ctx context.Context, organization, workspace string) (map[string]bool, error)
	// Groups returns the organization's groups, ordered by name.
	Groups(ctx context.Context, organization string) ([]account.Group, error)
	// MembersOfGroups returns, for each group, which of the members are in it.
	MembersOfGroups(ctx context.Context, groups, members []string) (map[string]map[string]bool, error)
	// TokenRules returns the rules of the organization for its tokens.
	TokenRules(ctx context.Context, organization string) (token.Rules, error)
	// HeldDigests returns, by digest, the tokens of any organization with one of the digests,
	// including deleted ones.
	HeldDigests(ctx context.Context, digests [][]byte) (map[string]Held, error)
	// LocatedResources returns, by id, the location of resources with the given ids, in any
	// organization.
	LocatedResources(ctx context.Context, ids []string) (map[string]Located, error)
	// WorkspaceIDsTaken returns which of the ids belong to a workspace of any organization.
	WorkspaceIDsTaken(ctx context.Context, ids []string) (map[string]bool, error)
}

// Live is what deploying changes. The packages that own the data describe the methods.
type Live interface {
	CountMembers(ctx context.Context, organization string) (int, error)
	CountActiveAdmins(ctx context.Context, organization string) (int, error)
	PolicyAt(ctx context.Context, organization string, at policy.Place) (policy.Policy, error)
	InsertWorkspace(ctx context.Context, w account.Workspace) error
	InsertMember(ctx context.Context, m account.Member, passwordHash string) error
	UpdateMember(ctx context.Context, m account.Member) error
	EndCredentials(ctx context.Context, members []account.Member, how account.Ending) (account.Credentials, error)
	InsertGroup(ctx context.Context, g account.Group) error
	AddToGroup(ctx context.Context, group, member string) error
	InsertPolicy(ctx context.Context, p policy.Policy) error
	UpdatePolicy(ctx context.Context, p policy.Policy) error
	AddResource(ctx context.Context, r registry.Resource) error
	InsertToken(ctx context.Context, t token.Token, digest [32]byte, key string) error
}

// stagingReader finds the staging area.
type stagingReader interface {
	// Staging returns the migration that is not deployed yet; NotFound if there is none.
	Staging(ctx context.Context, organization string) (Migration, error)
}

// itemReader reads the items of a staging area.
type itemReader interface {
	// StagedItem returns an item; NotFound if there is none.
	StagedItem(ctx context.Context, migration string, seq int64) (Item, error)
	// StagedItems returns up to limit items of a kind after seq, in the order of the file.
	StagedItems(ctx context.Context, migration string, kind Kind, after int64, limit int) ([]Item, error)
	// StagedByRef returns the items of a kind with the given old ids, in the order of the file.
	StagedByRef(ctx context.Context, migration string, kind Kind, refs []string) ([]Item, error)
	// Tallies counts the items of a migration.
	Tallies(ctx context.Context, migration string) ([]Tally, error)
}

// viewReader reads items and the data that they will be part of.
type viewReader interface {
	itemReader
	// Organization returns NotFound for an unknown id.
	Organization(ctx context.Context, id string) (account.Organization, error)
	// Workspaces returns the organization's workspaces, ordered by name.
	Workspaces(ctx context.Context, organization string) ([]account.Workspace, error)
	// Baseline returns a workspace's baseline; NotFound outside the organization.
	Baseline(ctx context.Context, organization, workspace string) (policy.Policy, error)
	// Resources returns a workspace's resources, ordered by type and name.
	Resources(ctx context.Context, organization, workspace string) ([]policy.Resource, error)
	// Member returns NotFound outside the organization.
	Member(ctx context.Context, organization, id string) (account.Member, error)
	// PoliciesOf returns the policies of one group or member.
	PoliciesOf(ctx context.Context, organization string, kind policy.Kind, subject string) ([]policy.Policy, error)
}
