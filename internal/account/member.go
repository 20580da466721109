package account

import (
	"context"
	"slices"
	"strings"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
)

// Members is the use cases of members. All of them except [Members.Rename] and
// [Members.ChooseTimeZone] are for Admins.
type Members struct {
	store     MemberStore
	catalogue *access.Catalogue
	now       func() time.Time
}

// MemberStore is what [Members] reads, and how it begins a transaction.
type MemberStore interface {
	MemberReads
	// InTx runs fn in one write transaction of the caller, which is committed if fn returns nil.
	// The error is Unauthenticated if the caller's session or token no longer works.
	InTx(ctx context.Context, by actor.Caller, fn func(MemberTx) error) error
}

// MemberReads is what [Members] reads outside of transactions.
type MemberReads interface {
	memberReader
	// FindMembers returns one page of the members that the query asks for, each with the number
	// of tokens that are live at now. It also returns the number of members on all pages.
	FindMembers(ctx context.Context, organization string, q MemberQuery, now time.Time) ([]MemberRow, int, error)
	// WorkspacesOfMembers returns the workspaces that each member is in by an own policy or by
	// one of a group, by the id of the member, sorted by name. It does not list those that an
	// Admin is in by that role.
	WorkspacesOfMembers(ctx context.Context, organization string, members []string) (map[string][]Named, error)
}

// MemberTx is what [Members] does inside a transaction.
type MemberTx interface {
	Tx
	memberReader
	memberUpdater
	adminCounter
	resetter
	// DeleteMembers deletes the members with their group memberships and policies. It does not
	// delete their tokens: see EndCredentials.
	DeleteMembers(ctx context.Context, organization string, ids []string) error
}

// memberLister loads members by their ids.
type memberLister interface {
	// Members returns the members with these ids, sorted by name. It leaves out ids that are not
	// in the organization.
	Members(ctx context.Context, organization string, ids []string) ([]Member, error)
	// MatchingMembers returns the members on all pages of the query, sorted by name, but no more than
	// limit of them.
	MatchingMembers(ctx context.Context, organization string, q MemberQuery, limit int) ([]Member, error)
}

// memberReader reads members, their groups and their tokens.
type memberReader interface {
	memberLister
	memberGroups
	// Member returns an active or deactivated member. The error is NotFound if there is none.
	Member(ctx context.Context, organization, id string) (Member, error)
	// TokensOfMembers returns the members' personal tokens that are not deleted, including
	// expired ones. The last used comes first.
	TokensOfMembers(ctx context.Context, organization string, members []string) ([]HeldToken, error)
	// OutstandingInvitations returns the invitations that can be accepted at now and end with the
	// access of the members: those to their addresses, and the Admin invitations that they made.
	OutstandingInvitations(ctx context.Context, organization string, members []Member, now time.Time) ([]OpenInvitation, error)
}

// memberGroups reads which groups members are in.
type memberGroups interface {
	// GroupsOfMembers returns the groups of each member, by the id of the member, sorted by name.
	GroupsOfMembers(ctx context.Context, organization string, members []string) (map[string][]Named, error)
}

// memberUpdater changes members.
type memberUpdater interface {
	credentialEnder
	// UpdateMember saves the name, the role, the status and until when the member was an Admin.
	UpdateMember(ctx context.Context, m Member) error
}

// emailUpdater changes the addresses of members.
type emailUpdater interface {
	memberUpdater
	// UpdateEmail saves the email address. The error is Conflict if another member has it.
	UpdateEmail(ctx context.Context, m Member) error
}

// adminCounter counts Admins.
type adminCounter interface {
	// CountActiveAdmins returns the number of active Admins.
	CountActiveAdmins(ctx context.Context, organization string) (int, error)
}

// resetter takes away what a member has beyond the baselines.
type resetter interface {
	recorder
	entrance
	workspaceLister
	memberGroups
	// ResetMember deletes the member's own policies and group memberships. It keeps those in
	// external groups unless external is true.
	ResetMember(ctx context.Context, organization, id string, external bool) error
}

func (s *Members) change(ctx context.Context, by actor.Caller, fn func(MemberTx, Organization) error) error {
	return Change(ctx, s.store.InTx, s.catalogue, by, access.ManageMembers, fn)
}

// MemberSort is the order of a list of members.
type MemberSort string

// The orders. Members that are equal in the order are sorted by name.
const (
	ByName     MemberSort = "name"
	ByEmail    MemberSort = "email"
	ByRole     MemberSort = "role"
	ByLastSeen MemberSort = "last_seen"
	ByTokens   MemberSort = "tokens"
)

// Sizes of the pages of a list.
const (
	DefaultPage = 20
	MaxPage     = 100
)

// MemberQuery asks for one page of the members. The zero value asks for the first page of all
// members, sorted by name.
type MemberQuery struct {
	Search     string // part of the name or email address, in any letter case
	Sort       MemberSort
	Descending bool
	Limit      int    // 1 to MaxPage; DefaultPage if out of range
	Offset     int    // number of members to skip
	InGroup    string // only members of this group
	NotInGroup string // only members who are not in this group
}

func (q MemberQuery) clean() MemberQuery {
	q.Search = strings.TrimSpace(q.Search)
	q.Limit, q.Offset = PageBounds(q.Limit, q.Offset)
	switch q.Sort {
	case ByName, ByEmail, ByRole, ByLastSeen, ByTokens:
	default:
		q.Sort = ByName
	}
	return q
}

// PageBounds returns the limit and the offset of a page. A limit that is out of range becomes
// DefaultPage, and a negative offset becomes 0.
func PageBounds(limit, offset int) (int, int) {
	if limit < 1 || limit > MaxPage {
		limit = DefaultPage
	}
	return limit, max(offset, 0)
}

// MemberRow is a member as lists show it.
type MemberRow struct {
	Member
	Workspaces []Named // that the member is in; empty for an Admin, who is in every one
	Groups     []Named
	LiveTokens int // personal access tokens that are neither deleted nor expired
}

// MemberPage is one page of a list of members.
type MemberPage struct {
	Rows  []MemberRow
	Total int // on all pages
	Query MemberQuery
}

// Target returns the member as the target of an event.
func (m Member) Target() audit.Target {
	return audit.Target{Type: audit.TargetUser, ID: m.ID, Name: m.Name}
}

// State returns what an event records about the member.
func (m Member) State() audit.Fields {
	return audit.Fields{"name": m.Name, "email": m.Email, "role": m.Role, "status": m.Status}
}

// Find returns one page of the members, in a fixed number of queries. The error is Denied unless
// the caller is an Admin.
func (s *Members) Find(ctx context.Context, by actor.Standing, q MemberQuery) (MemberPage, error) {
	if err := May(s.catalogue, by, access.ManageMembers); err != nil {
		return MemberPage{}, err
	}
	page := MemberPage{Query: q.clean()}
	var err error
	if page.Rows, page.Total, err = s.store.FindMembers(ctx, by.Organization, page.Query, s.now()); err != nil {
		return MemberPage{}, err
	}
	ids := make([]string, len(page.Rows))
	for i, row := range page.Rows {
		ids[i] = row.ID
	}
	workspaces, err := s.store.WorkspacesOfMembers(ctx, by.Organization, ids)
	if err != nil {
		return MemberPage{}, err
	}
	groups, err := s.store.GroupsOfMembers(ctx, by.Organization, ids)
	if err != nil {
		return MemberPage{}, err
	}
	for i := range page.Rows {
		row := &page.Rows[i]
		row.Groups = groups[row.ID]
		if row.Role != access.RoleAdmin {
			row.Workspaces = workspaces[row.ID]
		}
	}
	return page, nil
}

// ByID returns the members with these ids, sorted by name. The error is NotFound if one of them
// is not in the organization, and Denied unless the caller is an Admin.
func (s *Members) ByID(ctx context.Context, by actor.Standing, ids []string) ([]Member, error) {
	return s.Chosen(ctx, by, These(ids...))
}

// Chosen returns the members of a selection, sorted by name. The errors are those of [Members.ByID].
func (s *Members) Chosen(ctx context.Context, by actor.Standing, sel Selection) ([]Member, error) {
	if err := May(s.catalogue, by, access.ManageMembers); err != nil {
		return nil, err
	}
	return sel.members(ctx, s.store, by.Organization)
}

// MemberDetails is a member with their groups. Package policy explains what the member may do and
// why.
type MemberDetails struct {
	Member
	Groups []Named
}

// Details returns a member. The error is NotFound if they are not in the organization, and Denied
// unless the caller is an Admin.
func (s *Members) Details(ctx context.Context, by actor.Standing, id string) (MemberDetails, error) {
	if err := May(s.catalogue, by, access.ManageMembers); err != nil {
		return MemberDetails{}, err
	}
	m, err := s.store.Member(ctx, by.Organization, id)
	if err != nil {
		return MemberDetails{}, err
	}
	groups, err := s.store.GroupsOfMembers(ctx, by.Organization, []string{id})
	return MemberDetails{m, groups[id]}, err
}

// Impact is what stops working when members are deleted or deactivated.
type Impact struct {
	Members []Member // sorted by name
	// Credentials are the live personal tokens, the last used first, and the open invitations that
	// end with the members' access. These end with the role Admin as well.
	Credentials
}

// Impact returns what stops working when members are deleted or deactivated. The error is NotFound
// if one of the members is not in the organization, and Denied unless the caller is an Admin.
func (s *Members) Impact(ctx context.Context, by actor.Standing, sel Selection) (Impact, error) {
	if err := May(s.catalogue, by, access.ManageMembers); err != nil {
		return Impact{}, err
	}
	found, err := sel.members(ctx, s.store, by.Organization)
	if err != nil {
		return Impact{}, err
	}
	tokens, err := s.store.TokensOfMembers(ctx, by.Organization, idsOf(found))
	if err != nil {
		return Impact{}, err
	}
	live := slices.DeleteFunc(tokens, func(t HeldToken) bool { return !t.Live(s.now()) })
	invitations, err := s.store.OutstandingInvitations(ctx, by.Organization, found, s.now())
	return Impact{found, Credentials{Invitations: invitations, Tokens: live}}, err
}
