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

// MemberReader is what the use cases of members read.
type MemberReader interface {
	// Members returns the members with these ids, by name; those that are not the
	// organization's are left out.
	Members(ctx context.Context, organization string, ids []string) ([]Member, error)
	// FindMembers returns one page of the members that the query asks for, each with the
	// number of tokens that are live at now, and how many there are on all pages.
	FindMembers(ctx context.Context, organization string, q MemberQuery, now time.Time) ([]MemberRow, int, error)
	// WorkspacesOfMembers lists, by member, the workspaces that a policy of their own or of
	// a group puts them into, by name. Admins are in every one without being listed.
	WorkspacesOfMembers(ctx context.Context, organization string, members []string) (map[string][]Named, error)
	// GroupsOfMembers lists, by member, their groups by name.
	GroupsOfMembers(ctx context.Context, organization string, members []string) (map[string][]Named, error)
	// CountMembers counts the organization's members, deactivated ones included.
	CountMembers(ctx context.Context, organization string) (int, error)
	// CountActiveAdmins counts the active Admins.
	CountActiveAdmins(ctx context.Context, organization string) (int, error)
	// EmailsKnown returns which of the addresses (lower case) belong to a member who is not
	// to be invited: who has a password, or is deactivated.
	EmailsKnown(ctx context.Context, organization string, emails []string) (map[string]bool, error)
}

// MemberWriter is how the use cases change members.
type MemberWriter interface {
	// InsertMember is a Conflict when the e-mail is taken.
	InsertMember(ctx context.Context, m Member, passwordHash string) error
	// ClaimMember gives the active member with an address (lower case) a first password;
	// NotFound when there is none who has none.
	ClaimMember(ctx context.Context, organization, email, passwordHash string) (Member, error)
	// UpdateMember saves name, role and status.
	UpdateMember(ctx context.Context, m Member) error
	// DeleteMembers removes the members with their sessions, group memberships and
	// policies. Their tokens stay: see TombstoneTokens.
	DeleteMembers(ctx context.Context, organization string, ids []string) error
	// ResetMember removes the member's own policies and group memberships; those of
	// external groups only if told to.
	ResetMember(ctx context.Context, organization, id string, external bool) error
}

// Named is something by its id and its name as it is today.
type Named struct{ ID, Name string }

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
	q.Limit, q.Offset = pageBounds(q.Limit, q.Offset)
	switch q.Sort {
	case ByName, ByEmail, ByRole, ByLastSeen, ByTokens:
	default:
		q.Sort = ByName
	}
	return q
}

func pageBounds(limit, offset int) (int, int) {
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

func (m Member) target() audit.Target {
	return audit.Target{Type: audit.TargetUser, ID: m.ID, Name: m.Name}
}

func (m Member) state() state {
	return state{"name": m.Name, "email": m.Email, "role": m.Role, "status": m.Status}
}

// FindMembers returns one page of the members, in a fixed number of queries. Denied to all
// but Admins.
func (s *Service) FindMembers(ctx context.Context, by actor.Standing, q MemberQuery) (MemberPage, error) {
	if err := s.may(by, access.ManageMembers); err != nil {
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

// MembersByID returns the members with these ids, by name; NotFound when one of them is
// not the organization's. Denied to all but Admins.
func (s *Service) MembersByID(ctx context.Context, by actor.Standing, ids []string) ([]Member, error) {
	if err := s.may(by, access.ManageMembers); err != nil {
		return nil, err
	}
	return allMembers(ctx, s.store, by.Organization, ids)
}

// MemberDetails is all that there is to administer about one member.
type MemberDetails struct {
	Subject
	Groups   []Named
	Policies []PlacedPolicy // the member's own, by workspace
	Outside  []Workspace    // those without a policy of the member's own, by name
}

// PlacedPolicy is a policy with the workspace that it applies to.
type PlacedPolicy struct {
	Policy
	WorkspaceName string
}

// MemberDetails returns a member to Admins; NotFound when it is not the organization's.
func (s *Service) MemberDetails(ctx context.Context, by actor.Standing, id string) (MemberDetails, error) {
	if err := s.may(by, access.ManageMembers); err != nil {
		return MemberDetails{}, err
	}
	subject, err := LoadSubject(ctx, s.store, by.Organization, id)
	if err != nil {
		return MemberDetails{}, err
	}
	d := MemberDetails{Subject: subject}
	groups, err := s.store.GroupsOfMembers(ctx, by.Organization, []string{id})
	if err != nil {
		return MemberDetails{}, err
	}
	d.Groups = groups[id]
	d.Policies, d.Outside, err = s.placed(ctx, by.Organization, MemberPolicy, id)
	return d, err
}

// placed lists the policies of a group or member by the name of their workspace, and the
// workspaces without one.
func (s *Service) placed(ctx context.Context, organization string, kind PolicyKind, subject string) ([]PlacedPolicy, []Workspace, error) {
	workspaces, err := s.store.Workspaces(ctx, organization)
	if err != nil {
		return nil, nil, err
	}
	policies, err := s.store.PoliciesOf(ctx, organization, kind, subject)
	if err != nil {
		return nil, nil, err
	}
	in := make(map[string]Policy, len(policies))
	for _, p := range policies {
		in[p.Workspace] = p
	}
	var placed []PlacedPolicy
	var outside []Workspace
	for _, w := range workspaces {
		if p, ok := in[w.ID]; ok {
			placed = append(placed, PlacedPolicy{p, w.Name})
		} else {
			outside = append(outside, w)
		}
	}
	return placed, outside, nil
}

// Impact lists the live personal tokens of members, the last used first: what stops
// working when they are deleted or deactivated. Denied to all but Admins; NotFound when
// one of the members is not the organization's.
func (s *Service) Impact(ctx context.Context, by actor.Standing, members []string) ([]HeldToken, error) {
	if err := s.may(by, access.ManageMembers); err != nil {
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
func allMembers(ctx context.Context, r MemberReader, organization string, ids []string) ([]Member, error) {
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
