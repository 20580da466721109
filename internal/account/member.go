package account

import (
	"context"
	"strings"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
)

// Members is the use cases of members. All but [Members.Rename] are for Admins.
type Members struct {
	store     MemberStore
	catalogue *access.Catalogue
	now       func() time.Time
}

// MemberStore is what [Members] reads, and the way into a transaction.
type MemberStore interface {
	// InTx runs fn in one write transaction for the caller: all or nothing. The error is
	// Unauthenticated if the caller's session or token no longer works.
	InTx(ctx context.Context, by actor.Caller, fn func(MemberTx) error) error
	memberReader
	// FindMembers returns one page of the members that the query asks for, each with the
	// number of tokens that are live at now, and how many there are on all pages.
	FindMembers(ctx context.Context, organization string, q MemberQuery, now time.Time) ([]MemberRow, int, error)
	// WorkspacesOfMembers lists, by member, the workspaces that a policy of their own or of
	// a group puts them into, by name. Admins are in every one without being listed.
	WorkspacesOfMembers(ctx context.Context, organization string, members []string) (map[string][]Named, error)
}

// MemberTx is what [Members] does inside a transaction.
type MemberTx interface {
	Tx
	memberReader
	memberUpdater
	adminCounter
	resetter
	tokenEnder
	// DeleteMembers removes the members with their sessions, group memberships and
	// policies. Their tokens stay: see TombstoneTokens.
	DeleteMembers(ctx context.Context, organization string, ids []string) error
}

// memberLister loads members by their ids.
type memberLister interface {
	// Members returns the members with these ids, by name; those that are not the
	// organization's are left out.
	Members(ctx context.Context, organization string, ids []string) ([]Member, error)
}

// memberReader reads what is to be known of members.
type memberReader interface {
	memberLister
	memberGroups
	// Member returns an active or deactivated member; NotFound otherwise.
	Member(ctx context.Context, organization, id string) (Member, error)
	// TokensOfMembers lists the members' personal tokens that are not deleted, expired
	// ones included; the last used first.
	TokensOfMembers(ctx context.Context, organization string, members []string) ([]HeldToken, error)
}

// memberGroups says which groups members are in.
type memberGroups interface {
	// GroupsOfMembers lists, by member, their groups by name.
	GroupsOfMembers(ctx context.Context, organization string, members []string) (map[string][]Named, error)
}

// memberUpdater changes members.
type memberUpdater interface {
	recorder
	// UpdateMember saves name, role and status.
	UpdateMember(ctx context.Context, m Member) error
}

// adminCounter counts Admins.
type adminCounter interface {
	// CountActiveAdmins counts the active Admins.
	CountActiveAdmins(ctx context.Context, organization string) (int, error)
}

// resetter takes from members what they have beyond baselines.
type resetter interface {
	recorder
	entrance
	workspaceLister
	memberGroups
	// ResetMember removes the member's own policies and group memberships; those of
	// external groups only if told to.
	ResetMember(ctx context.Context, organization, id string, external bool) error
}

func (s *Members) change(ctx context.Context, by actor.Caller, fn func(MemberTx, Organization) error) error {
	return Change(ctx, s.store.InTx, s.catalogue, by, access.ManageMembers, fn)
}

// MemberSort is what a list of members is sorted by.
type MemberSort string

// The orders. Equal ones are in the order of names.
const (
	ByName     MemberSort = "name"
	ByEmail    MemberSort = "email"
	ByRole     MemberSort = "role"
	ByLastSeen MemberSort = "last_seen"
	ByTokens   MemberSort = "tokens"
)

// The size of a page of a list.
const (
	DefaultPage = 20
	MaxPage     = 100
)

// MemberQuery asks for one page of the members. The zero value asks for the first page
// of all, by name.
type MemberQuery struct {
	Search     string // part of the name or e-mail, in any letter case
	Sort       MemberSort
	Descending bool
	Limit      int    // 1 to MaxPage; DefaultPage when out of range
	Offset     int    // how many to skip
	InGroup    string // only members of this group
	NotInGroup string // only those who are not members of this group
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

// PageBounds returns the limit and the offset of a page, or the nearest that may be asked for:
// DefaultPage for a limit that is out of range.
func PageBounds(limit, offset int) (int, int) {
	if limit < 1 || limit > MaxPage {
		limit = DefaultPage
	}
	return limit, max(offset, 0)
}

// MemberRow is a member as lists show it.
type MemberRow struct {
	Member
	Workspaces []Named // that the member is in; an Admin is in every one, and the list is empty
	Groups     []Named
	LiveTokens int // personal access tokens, neither deleted nor expired
}

// MemberPage is one page of a list of members.
type MemberPage struct {
	Rows  []MemberRow
	Total int // on all pages
	Query MemberQuery
}

// Target is what the audit log says of a member.
func (m Member) Target() audit.Target {
	return audit.Target{Type: audit.TargetUser, ID: m.ID, Name: m.Name}
}

// State is what the audit log keeps of a member.
func (m Member) State() audit.Fields {
	return audit.Fields{"name": m.Name, "email": m.Email, "role": m.Role, "status": m.Status}
}

// Find returns one page of the members, in a fixed number of queries. Denied to all
// but Admins.
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

// ByID returns the members with these ids, by name; NotFound when one of them is
// not the organization's. Denied to all but Admins.
func (s *Members) ByID(ctx context.Context, by actor.Standing, ids []string) ([]Member, error) {
	if err := May(s.catalogue, by, access.ManageMembers); err != nil {
		return nil, err
	}
	return allMembers(ctx, s.store, by.Organization, ids)
}

// MemberDetails is a member with the groups that they are in. What the member may do and why,
// package policy says.
type MemberDetails struct {
	Member
	Groups []Named
}

// Details returns a member to Admins; NotFound when it is not the organization's.
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

// Impact lists the live personal tokens of members, the last used first: what stops
// working when they are deleted or deactivated. Denied to all but Admins; NotFound when
// one of the members is not the organization's.
func (s *Members) Impact(ctx context.Context, by actor.Standing, members []string) ([]HeldToken, error) {
	if err := May(s.catalogue, by, access.ManageMembers); err != nil {
		return nil, err
	}
	if _, err := allMembers(ctx, s.store, by.Organization, members); err != nil {
		return nil, err
	}
	tokens, err := s.store.TokensOfMembers(ctx, by.Organization, members)
	if err != nil {
		return nil, err
	}
	live := make([]HeldToken, 0, len(tokens))
	for _, t := range tokens {
		if t.Live(s.now()) {
			live = append(live, t)
		}
	}
	return live, nil
}

// maxBulk is how many members one change may name.
const maxBulk = 1000

// allMembers loads every one of the ids; NotFound when one is missing, Invalid when there
// are none or too many.
func allMembers(ctx context.Context, r memberLister, organization string, ids []string) ([]Member, error) {
	ids = unique(ids)
	if len(ids) == 0 || len(ids) > maxBulk {
		return nil, fault.NewInvalid("Some fields need your attention.",
			fault.Field{Path: "members", Message: "Choose between 1 and 1,000 members."})
	}
	members, err := r.Members(ctx, organization, ids)
	if err == nil && len(members) != len(ids) {
		return nil, fault.NewNotFound("That member")
	}
	return members, err
}
