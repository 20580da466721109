package provision

import (
	"context"

	"latchkey/internal/account"
	"latchkey/internal/actor"
)

// User is a member with the provider's data about it.
type User struct {
	account.Member
	Linked   bool   // the provider has created or changed it
	Removed  bool   // the provider has deleted it, so it does not exist for SCIM
	Document string // the provider's data as JSON, except what the member itself has; "" if not linked
}

// Presence tells a user from one who existed once and from an id of nobody.
type Presence int

// The presences.
const (
	Unknown Presence = iota // there never was such a user
	There
	Gone // the provider or an Admin has removed the user
)

// Element is one searchable value of a user's document; see [Some].
type Element struct {
	Attribute string
	Value     string // in lower case if letter case does not matter
	Display   string // in lower case
	Kind      string // the element's "type", in lower case
	Primary   bool
}

// Search is a validated query for a page of a list.
type Search struct {
	Where      Condition // nil: all
	Sort       Sort
	Descending bool
	Offset     int
	Limit      int // 0: return only the total
}

// Sort is the order of a list: by a field or, with Attribute, by a value in users' documents
// (the primary one of several, otherwise the first). Ties, and the zero Sort, are ordered by
// id.
type Sort struct {
	Field     Field
	Attribute string
}

// Reader is what the service reads.
type Reader interface {
	reader
	userFinder
	groupFinder
	// Organization returns NotFound for an unknown id.
	Organization(ctx context.Context, id string) (account.Organization, error)
	// FindUsers returns a page of the members that the provider has not deleted, and their
	// number on all pages.
	FindUsers(ctx context.Context, organization string, s Search) ([]User, int, error)
	// FindGroups returns a page of the groups, and their number on all pages.
	FindGroups(ctx context.Context, organization string, s Search) ([]account.Group, int, error)
	// ProvisionRequests returns the newest recorded requests: all, or only those that failed.
	ProvisionRequests(ctx context.Context, organization string, failed bool, limit int) ([]Request, error)
}

// Store is what the service reads outside a transaction, and the ways into one.
type Store interface {
	Reader
	// InTx runs fn in one write transaction for the caller: all or nothing. The error is
	// Unauthenticated if the caller's session or token no longer works.
	InTx(ctx context.Context, by actor.Caller, fn func(Tx) error) error
	// InUserTx is InTx for a change of users.
	InUserTx(ctx context.Context, by actor.Caller, fn func(UserTx) error) error
	// InGroupTx is InTx for a change of groups.
	InGroupTx(ctx context.Context, by actor.Caller, fn func(GroupTx) error) error
}

// userFinder finds a user.
type userFinder interface {
	// ProvisionedUser returns a member that the provider has not deleted; NotFound otherwise.
	ProvisionedUser(ctx context.Context, organization, id string) (User, error)
}

// groupFinder finds a group.
type groupFinder interface {
	// Group returns a group; NotFound outside the organization.
	Group(ctx context.Context, organization, id string) (account.Group, error)
}

// Tx is what the service does inside a transaction about provisioning itself.
type Tx interface {
	account.Tx
	// SaveSCIM switches provisioning on or off for the organization.
	SaveSCIM(ctx context.Context, organization string, enabled bool) error
	// SaveSCIMAddresses sets whether the provider cannot change the addresses of members.
	SaveSCIMAddresses(ctx context.Context, organization string, fixed bool) error
	// RecordRequest stores a request and deletes the oldest of its kind (failed or not) beyond
	// keep.
	RecordRequest(ctx context.Context, r Request, keep int) error
}

// UserTx is what the service does inside a transaction about users.
type UserTx struct {
	MemberTx
	LinkTx
}

// MemberTx is what the steps of package account need, which change members; it describes the methods
// without a comment here.
type MemberTx interface {
	account.Tx
	// GroupsOfMembers returns the groups of each member, ordered by name.
	GroupsOfMembers(ctx context.Context, organization string, members []string) (map[string][]account.Named, error)
	groupFinder

	InsertMember(ctx context.Context, m account.Member, passwordHash string) error
	UpdateMember(ctx context.Context, m account.Member) error
	UpdateEmail(ctx context.Context, m account.Member) error
	EndCredentials(ctx context.Context, members []account.Member, how account.Ending) (account.Credentials, error)
	CountMembers(ctx context.Context, organization string) (int, error)
	CountActiveAdmins(ctx context.Context, organization string) (int, error)
	ResetMember(ctx context.Context, organization, id string, external bool) error
	Workspaces(ctx context.Context, organization string) ([]account.Workspace, error)
	InsertEntry(ctx context.Context, e account.Entry) error
	RemoveFromGroup(ctx context.Context, group, member string) error
}

// LinkTx is what the provider has about members.
type LinkTx interface {
	userFinder
	// MembersByGroup returns the members of each group that the provider has not deleted,
	// ordered by id.
	MembersByGroup(ctx context.Context, organization string, groups []string) (map[string][]account.Named, error)
	// UserByName returns the member with an email (lower case), deleted or not; NotFound
	// otherwise.
	UserByName(ctx context.Context, organization, email string) (User, error)
	// SaveUser links a member and stores its document, its elements and its external id. It
	// sets the member's time of change to now.
	SaveUser(ctx context.Context, m account.Member, document string, elements []Element) error
	// ForgetUser records that the provider has deleted a member, and removes its document.
	ForgetUser(ctx context.Context, organization, id string) error
}

// GroupTx is what the service does inside a transaction about groups. The steps of package
// account change groups; it describes the methods without a comment here.
type GroupTx interface {
	account.Tx
	reader
	userFinder
	groupFinder
	// UsersAmong returns the presence of each id. Ids of nobody are not in the result.
	UsersAmong(ctx context.Context, organization string, ids []string) (map[string]Presence, error)
	// SaveGroupLink saves External and ExternalID of a group.
	SaveGroupLink(ctx context.Context, g account.Group) error

	Groups(ctx context.Context, organization string) ([]account.Group, error)
	InsertGroup(ctx context.Context, g account.Group) error
	UpdateGroup(ctx context.Context, g account.Group) error
	DeleteGroup(ctx context.Context, organization, id string) error
	AddToGroup(ctx context.Context, group, member string) error
	RemoveFromGroup(ctx context.Context, group, member string) error
}
