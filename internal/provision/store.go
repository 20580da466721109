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
	// Organization returns NotFound for an unknown id.
	Organization(ctx context.Context, id string) (account.Organization, error)
	// ProvisionedUser returns a member that the provider has not deleted; NotFound otherwise.
	ProvisionedUser(ctx context.Context, organization, id string) (User, error)
	// UserByName returns the member with an email (lower case), deleted or not; NotFound
	// otherwise.
	UserByName(ctx context.Context, organization, email string) (User, error)
	// FindUsers returns a page of the members that the provider has not deleted, and their
	// number on all pages.
	FindUsers(ctx context.Context, organization string, s Search) ([]User, int, error)
	// FindGroups returns a page of the groups, and their number on all pages.
	FindGroups(ctx context.Context, organization string, s Search) ([]account.Group, int, error)
	// Group returns NotFound outside the organization.
	Group(ctx context.Context, organization, id string) (account.Group, error)
	// GroupsOfMembers returns the groups of each member, ordered by name.
	GroupsOfMembers(ctx context.Context, organization string, members []string) (map[string][]account.Named, error)
	// MembersByGroup returns the members of each group that the provider has not deleted,
	// ordered by id.
	MembersByGroup(ctx context.Context, organization string, groups []string) (map[string][]account.Named, error)
	// ProvisionRequests returns the newest recorded requests: those that failed, or those that
	// did not.
	ProvisionRequests(ctx context.Context, organization string, failed bool, limit int) ([]Request, error)
}

// Store is what the service reads outside a transaction, and the way into one.
type Store interface {
	Reader
	// InTx runs fn in one write transaction for the caller: all or nothing. The error is
	// Unauthenticated if the caller's session or token no longer works.
	InTx(ctx context.Context, by actor.Caller, fn func(Tx) error) error
}

// Tx is what the service does inside a transaction. The steps of package account change members
// and groups.
type Tx interface {
	account.Tx
	ProvisionedUser(ctx context.Context, organization, id string) (User, error)
	UserByName(ctx context.Context, organization, email string) (User, error)
	FindUsers(ctx context.Context, organization string, s Search) ([]User, int, error)
	FindGroups(ctx context.Context, organization string, s Search) ([]account.Group, int, error)
	MembersByGroup(ctx context.Context, organization string, groups []string) (map[string][]account.Named, error)
	ProvisionRequests(ctx context.Context, organization string, failed bool, limit int) ([]Request, error)
	// SaveUser links a member and stores its document, its elements and its external id. It
	// sets the member's time of change to now.
	SaveUser(ctx context.Context, m account.Member, document string, elements []Element) error
	// ForgetUser records that the provider has deleted a member, and removes its document.
	ForgetUser(ctx context.Context, organization, id string) error
	// SaveGroupLink saves External and ExternalID of a group.
	SaveGroupLink(ctx context.Context, g account.Group) error
	// EndSessionsOf ends a member's sessions except one ("" for none).
	EndSessionsOf(ctx context.Context, member, except string) ([]string, error)
	// SaveSCIM switches provisioning on or off for the organization.
	SaveSCIM(ctx context.Context, organization string, enabled bool) error
	// RecordRequest stores a request and deletes the oldest of its kind (failed or not) beyond
	// keep.
	RecordRequest(ctx context.Context, r Request, keep int) error
}
