package provision

import (
	"context"

	"latchkey/internal/account"
	"latchkey/internal/actor"
)

// User is a member with what the provider keeps here about it.
type User struct {
	account.Member
	Linked   bool   // the provider has written it
	Removed  bool   // the provider has deleted it: it does not exist for SCIM
	Document string // what was sent, as JSON, without what the member itself holds; "" when not linked
}

// Element is one searchable value of a user's document; see [Some].
type Element struct {
	Attribute string
	Value     string // in lower case where letter case does not matter
	Display   string // in lower case
	Kind      string // the element's "type", in lower case
	Primary   bool
}

// Search is a page of a list: the fields are clean.
type Search struct {
	Where      Condition // nil: all
	Sort       Sort
	Descending bool
	Offset     int
	Limit      int // 0: only count
}

// Sort is what a list is sorted by: a field or, with Attribute, a value of users' documents:
// the primary one of several, otherwise the first. The zero Sort is the order of ids. Equal
// ones are in the order of ids.
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
	// UserByName returns the member with an e-mail (lower case), deleted or not; NotFound
	// otherwise.
	UserByName(ctx context.Context, organization, email string) (User, error)
	// FindUsers returns a page of the members that the provider has not deleted, and how
	// many there are on all pages.
	FindUsers(ctx context.Context, organization string, s Search) ([]User, int, error)
	// FindGroups returns a page of the groups, and how many there are on all pages.
	FindGroups(ctx context.Context, organization string, s Search) ([]account.Group, int, error)
	// Group returns NotFound outside the organization.
	Group(ctx context.Context, organization, id string) (account.Group, error)
	// GroupsOfMembers lists, by member, their groups by name.
	GroupsOfMembers(ctx context.Context, organization string, members []string) (map[string][]account.Named, error)
	// MembersByGroup lists, by group, the members that the provider has not deleted, by id.
	MembersByGroup(ctx context.Context, organization string, groups []string) (map[string][]account.Named, error)
	// ProvisionRequests lists the newest recorded requests, those that failed aside or only.
	ProvisionRequests(ctx context.Context, organization string, failed bool, limit int) ([]Request, error)
}

// Store is what the service reads outside a transaction, and the way into one.
type Store interface {
	Reader
	// InTx runs fn in one write transaction of the caller: all or nothing. It is
	// Unauthenticated when the caller is nobody any more.
	InTx(ctx context.Context, by actor.Caller, fn func(Tx) error) error
}

// Tx is what the service does inside a transaction. Members and groups change by the steps
// of package account.
type Tx interface {
	account.Tx
	ProvisionedUser(ctx context.Context, organization, id string) (User, error)
	UserByName(ctx context.Context, organization, email string) (User, error)
	FindUsers(ctx context.Context, organization string, s Search) ([]User, int, error)
	FindGroups(ctx context.Context, organization string, s Search) ([]account.Group, int, error)
	MembersByGroup(ctx context.Context, organization string, groups []string) (map[string][]account.Named, error)
	ProvisionRequests(ctx context.Context, organization string, failed bool, limit int) ([]Request, error)
	// SaveUser links a member and keeps its document, its elements and its external id. The
	// member was changed now.
	SaveUser(ctx context.Context, m account.Member, document string, elements []Element) error
	// ForgetUser notes that the provider has deleted a member, and drops what it kept.
	ForgetUser(ctx context.Context, organization, id string) error
	// SaveGroupLink keeps External and ExternalID of a group.
	SaveGroupLink(ctx context.Context, g account.Group) error
	// EndSessionsOf ends a member's sessions (except "": all of them).
	EndSessionsOf(ctx context.Context, member, except string) ([]string, error)
	// SaveSCIM switches provisioning on or off for the organization.
	SaveSCIM(ctx context.Context, organization string, enabled bool) error
	// RecordRequest keeps a request and drops the oldest of its kind (failed or not) beyond keep.
	RecordRequest(ctx context.Context, r Request, keep int) error
}
