package account

import (
	"context"
	"slices"

	"github.com/segmentio/ksuid"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
)

// Groups is the use cases of groups. All of them are for Admins.
type Groups struct {
	store     GroupStore
	catalogue *access.Catalogue
}

// GroupStore is what [Groups] reads, and how it begins a transaction.
type GroupStore interface {
	GroupReads
	// InTx runs fn in one write transaction of the caller, which is committed if fn returns nil.
	// The error is Unauthenticated if the caller's session or token no longer works.
	InTx(ctx context.Context, by actor.Caller, fn func(GroupTx) error) error
}

// GroupReads is what [Groups] reads outside of transactions.
type GroupReads interface {
	groupLister
	// Organization returns an organization. The error is NotFound for an unknown id.
	Organization(ctx context.Context, id string) (Organization, error)
	// Group returns a group. The error is NotFound if it is not in the organization.
	Group(ctx context.Context, organization, id string) (Group, error)
	// CountGroupMembers returns the number of members of each group, by the id of the group.
	CountGroupMembers(ctx context.Context, organization string) (map[string]int, error)
	// WorkspacesOfGroups returns the workspaces that each group is in, by the id of the group,
	// sorted by name.
	WorkspacesOfGroups(ctx context.Context, organization string) (map[string][]Named, error)
}

// GroupTx is what [Groups] does inside a transaction.
type GroupTx interface {
	Tx
	groupLister
	groupInserter
	groupUpdater
	groupDeleter
	enroller
	withdrawer
	memberLister
	workspaceLister
	entrance
	// Group returns a group. The error is NotFound if it is not in the organization.
	Group(ctx context.Context, organization, id string) (Group, error)
	// MembersOfGroups returns which of the members are in which of the groups, by group and
	// member.
	MembersOfGroups(ctx context.Context, groups, members []string) (map[string]map[string]bool, error)
}

// groupLister lists groups.
type groupLister interface {
	// Groups returns the organization's groups, sorted by name.
	Groups(ctx context.Context, organization string) ([]Group, error)
}

// groupInserter adds groups.
type groupInserter interface {
	recorder
	groupLister
	// InsertGroup adds a group. The error is Conflict if the name is taken.
	InsertGroup(ctx context.Context, g Group) error
}

// groupUpdater changes groups.
type groupUpdater interface {
	recorder
	groupLister
	// UpdateGroup saves the name and the description. The error is Conflict if the name is taken.
	UpdateGroup(ctx context.Context, g Group) error
}

// groupDeleter deletes groups.
type groupDeleter interface {
	recorder
	// DeleteGroup deletes a group with its memberships and policies.
	DeleteGroup(ctx context.Context, organization, id string) error
}

// enroller adds members to groups.
type enroller interface {
	recorder
	// AddToGroup adds a member to a group. It does nothing if the member is in it.
	AddToGroup(ctx context.Context, group, member string) error
}

// withdrawer removes members from groups.
type withdrawer interface {
	recorder
	// RemoveFromGroup ends a membership. The error is NotFound if there is none.
	RemoveFromGroup(ctx context.Context, group, member string) error
}

func (s *Groups) change(ctx context.Context, by actor.Caller, fn func(GroupTx, Organization) error) error {
	return Change(ctx, s.store.InTx, s.catalogue, by, access.ManageGroups, fn)
}

// GroupSettings is what an Admin chooses for a group.
type GroupSettings struct {
	Name        string
	Description string
}

// clean returns the settings as they are stored. The error is Invalid with the fields "name" and
// "description".
func (f GroupSettings) clean() (GroupSettings, error) {
	var p fault.Problems
	f.Name = newName(&p, "name", f.Name)
	description, err := plaintext.Description(f.Description)
	addIf(&p, "description", err)
	f.Description = description
	return f, p.Err("Some fields need your attention.")
}

// GroupRow is a group as lists show it.
type GroupRow struct {
	Group
	Locked     bool // only the identity provider may change who is in it
	Members    int
	Workspaces []Named // that it is in, sorted by name
}

// Target returns the group as the target of an event.
func (g Group) Target() audit.Target {
	return audit.Target{Type: audit.TargetGroup, ID: g.ID, Name: g.Name}
}

// State returns what an event records about the group.
func (g Group) State() audit.Fields {
	return audit.Fields{"name": g.Name, "description": g.Description}
}

// membershipEvent returns the event of a member who was added to a group or removed from it.
func membershipEvent(by actor.Standing, action audit.Action, g Group, m Member) audit.Event {
	what := audit.Fields{"member": m.ID, "name": m.Name, "email": m.Email}.String()
	if action == audit.MemberAdded {
		return audit.Did(by, action, g.Target()).Changed("", what)
	}
	return audit.Did(by, action, g.Target()).Changed(what, "")
}

// List returns the organization's groups, sorted by name, in a fixed number of queries. The error
// is Denied unless the caller is an Admin.
func (s *Groups) List(ctx context.Context, by actor.Standing) ([]GroupRow, error) {
	if err := May(s.catalogue, by, access.ManageGroups); err != nil {
		return nil, err
	}
	org, err := s.store.Organization(ctx, by.Organization)
	if err != nil {
		return nil, err
	}
	groups, err := s.store.Groups(ctx, org.ID)
	if err != nil {
		return nil, err
	}
	members, err := s.store.CountGroupMembers(ctx, by.Organization)
	if err != nil {
		return nil, err
	}
	workspaces, err := s.store.WorkspacesOfGroups(ctx, by.Organization)
	if err != nil {
		return nil, err
	}
	rows := make([]GroupRow, len(groups))
	for i, g := range groups {
		rows[i] = GroupRow{g, org.Locks(g), members[g.ID], workspaces[g.ID]}
	}
	return rows, nil
}

// Get returns a group. The error is NotFound if it is not in the organization, and Denied unless
// the caller is an Admin. [Members.Find] returns its members, and package policy its policies.
func (s *Groups) Get(ctx context.Context, by actor.Standing, id string) (GroupRow, error) {
	if err := May(s.catalogue, by, access.ManageGroups); err != nil {
		return GroupRow{}, err
	}
	org, err := s.store.Organization(ctx, by.Organization)
	if err != nil {
		return GroupRow{}, err
	}
	g, err := s.store.Group(ctx, org.ID, id)
	if err != nil {
		return GroupRow{}, err
	}
	members, err := s.store.CountGroupMembers(ctx, org.ID)
	if err != nil {
		return GroupRow{}, err
	}
	workspaces, err := s.store.WorkspacesOfGroups(ctx, org.ID)
	return GroupRow{g, org.Locks(g), members[id], workspaces[id]}, err
}

// Check reports what is wrong with a new group before its workspaces are chosen. The error is
// Denied if the plan has no room for it, and otherwise as for [Groups.Create].
func (s *Groups) Check(ctx context.Context, by actor.Standing, in GroupSettings) error {
	if err := May(s.catalogue, by, access.ManageGroups); err != nil {
		return err
	}
	org, err := s.store.Organization(ctx, by.Organization)
	if err != nil {
		return err
	}
	_, err = newGroup(ctx, s.store, org, in)
	return err
}

// newGroup returns the group to create, after it has checked the plan and the settings.
func newGroup(ctx context.Context, r groupLister, org Organization, in GroupSettings) (Group, error) {
	groups, err := r.Groups(ctx, org.ID)
	if err != nil {
		return Group{}, err
	}
	if limit, limited := org.Plan.GroupLimit(); limited && len(groups) >= limit {
		return Group{}, fault.NewDenied(access.UpgradeText)
	}
	if err := access.Room(len(groups), access.MaxGroups, "An organization", "groups"); err != nil {
		return Group{}, err
	}
	if in, err = in.clean(); err != nil {
		return Group{}, err
	}
	g := Group{ID: ksuid.New().String(), Organization: org.ID, Name: in.Name, Description: in.Description}
	return g, groupNameFree(groups, g)
}

// groupNameFree returns an error if another of groups has the name of g.
func groupNameFree(groups []Group, g Group) error {
	if slices.ContainsFunc(groups, func(other Group) bool { return other.ID != g.ID && plaintext.SameName(other.Name, g.Name) }) {
		return nameTaken("Another group has this name.")
	}
	return nil
}

// Create adds a group and puts it into workspaces. The error is Denied if the plan has no room
// for another group, there are [access.MaxGroups], or the caller is not an Admin. It is Invalid with the fields "name" (also if
// it is taken), "description" and "workspaces".
func (s *Groups) Create(ctx context.Context, by actor.Caller, in GroupSettings, workspaces []string) (Group, error) {
	var g Group
	err := s.change(ctx, by, func(tx GroupTx, org Organization) error {
		var err error
		if g, err = newGroup(ctx, tx, org, in); err != nil {
			return err
		}
		chosen, err := ChooseWorkspaces(ctx, tx, org.ID, workspaces)
		if err != nil {
			return err
		}
		g.CreatedAt, g.UpdatedAt = tx.Now(), tx.Now()
		if err := tx.InsertGroup(ctx, g); err != nil {
			return err
		}
		for _, w := range chosen {
			if err := tx.InsertEntry(ctx, newEntry(tx, tx.By(), Entry{Organization: org.ID, Workspace: w.ID, Group: g.ID})); err != nil {
				return err
			}
		}
		after := g.State()
		after["workspaces"] = names(chosen)
		return tx.AppendEvent(ctx, audit.Did(tx.By(), audit.Created, g.Target()).Changed("", after.String()))
	})
	return g, err
}

// ChooseWorkspaces returns the workspaces with these ids. The error is Invalid with the field
// "workspaces" for an unknown id.
func ChooseWorkspaces(ctx context.Context, r workspaceLister, organization string, ids []string) ([]Workspace, error) {
	list, err := r.Workspaces(ctx, organization)
	if err != nil {
		return nil, err
	}
	ids = unique(ids)
	chosen := slices.DeleteFunc(list, func(w Workspace) bool { return !slices.Contains(ids, w.ID) })
	if len(chosen) != len(ids) {
		return nil, fault.NewInvalid("Some fields need your attention.",
			fault.Field{Path: "workspaces", Message: "One of the workspaces no longer exists."})
	}
	return chosen, nil
}

func names(list []Workspace) []string {
	out := make([]string, len(list))
	for i, w := range list {
		out[i] = w.Name
	}
	return out
}

// Update changes the name and the description of a group. The error is NotFound if it is not in
// the organization, Invalid with the fields "name" and "description", and Denied unless the
// caller is an Admin.
func (s *Groups) Update(ctx context.Context, by actor.Caller, id string, in GroupSettings) (Group, error) {
	var g Group
	err := s.change(ctx, by, func(tx GroupTx, org Organization) error {
		old, err := tx.Group(ctx, org.ID, id)
		if err != nil {
			return err
		}
		in, err := in.clean()
		if err != nil {
			return err
		}
		g = old
		if g.Name, g.Description = in.Name, in.Description; g == old {
			return nil
		}
		groups, err := tx.Groups(ctx, org.ID)
		if err != nil {
			return err
		}
		if err := groupNameFree(groups, g); err != nil {
			return err
		}
		g.UpdatedAt = tx.Now()
		if err := tx.UpdateGroup(ctx, g); err != nil {
			return err
		}
		return tx.AppendEvent(ctx, audit.Did(tx.By(), audit.Updated, g.Target()).Changed(old.State().String(), g.State().String()))
	})
	return g, err
}

// Delete deletes a group, so its members lose what it granted. The error is NotFound if it is not
// in the organization, and Denied unless the caller is an Admin.
func (s *Groups) Delete(ctx context.Context, by actor.Caller, id string) (Group, error) {
	var g Group
	err := s.change(ctx, by, func(tx GroupTx, org Organization) error {
		var err error
		if g, err = tx.Group(ctx, org.ID, id); err != nil {
			return err
		}
		if err := tx.DeleteGroup(ctx, org.ID, g.ID); err != nil {
			return err
		}
		return tx.AppendEvent(ctx, audit.Did(tx.By(), audit.Deleted, g.Target()).Changed(g.State().String(), ""))
	})
	return g, err
}

// AddMembers adds every one of the members to every one of the groups, and returns the number of
// new memberships. A member who is already in a group is not an error. After an error nothing is
// changed.
//
// The error is Denied for a group whose members the identity provider manages, or if the caller
// is not an Admin. It is NotFound for a member or group that is not in the organization, and
// Invalid with the field "groups" or "members" if there are none or too many.
func (s *Groups) AddMembers(ctx context.Context, by actor.Caller, members Selection, groups []string) (int, error) {
	var added int
	err := s.change(ctx, by, func(tx GroupTx, org Organization) error {
		added = 0 // the transaction may run again
		who, in, err := membersAndGroups(ctx, tx, org, members, groups)
		if err != nil {
			return err
		}
		present, err := tx.MembersOfGroups(ctx, unique(groups), idsOf(who))
		if err != nil {
			return err
		}
		for _, g := range in {
			for _, m := range who {
				if present[g.ID][m.ID] {
					continue
				}
				if err := Enroll(ctx, tx, tx.By(), g, m); err != nil {
					return err
				}
				added++
			}
		}
		return nil
	})
	return added, err
}

// membersAndGroups loads the members and groups that AddMembers was called with.
func membersAndGroups(ctx context.Context, tx GroupTx, org Organization, members Selection,
	groups []string) ([]Member, []Group, error) {
	if len(unique(groups)) == 0 {
		return nil, nil, fault.NewInvalid("Some fields need your attention.",
			fault.Field{Path: "groups", Message: "Choose at least one group."})
	}
	who, err := members.members(ctx, tx, org.ID)
	if err != nil {
		return nil, nil, err
	}
	in, err := ChooseGroups(ctx, tx, org, groups)
	if err == nil && len(who)*len(in) > maxMemberships {
		err = fault.NewInvalid("Some fields need your attention.",
			fault.Field{Path: "groups", Message: "At most 20,000 memberships can be added at once. Choose fewer groups or members."})
	}
	return who, in, err
}

// maxMemberships bounds how long one change keeps all others waiting: each membership is a row and an event.
const maxMemberships = 20_000

// ChooseGroups returns the groups with these ids. The error is NotFound for an unknown id, and
// Denied if the identity provider manages the members of one of them.
func ChooseGroups(ctx context.Context, r groupLister, org Organization, ids []string) ([]Group, error) {
	list, err := r.Groups(ctx, org.ID)
	if err != nil {
		return nil, err
	}
	ids = unique(ids)
	chosen := slices.DeleteFunc(list, func(g Group) bool { return !slices.Contains(ids, g.ID) })
	if len(chosen) != len(ids) {
		return nil, fault.NewNotFound("That group")
	}
	for _, g := range chosen {
		if err := org.checkUnlocked(g); err != nil {
			return nil, err
		}
	}
	return chosen, nil
}

// checkUnlocked returns an error if the identity provider manages the members of the group. It
// would undo any change.
func (o Organization) checkUnlocked(g Group) error {
	if o.Locks(g) {
		return fault.NewDenied("The members of the group " + g.Name + " are managed by the identity provider.")
	}
	return nil
}

// RemoveMembers removes members from a group, and returns how many. With All, those of the selection
// are members of the group. After an error nothing is changed. The error is
// NotFound if the group or one of the memberships does not exist. It is Denied if the identity
// provider manages the members of the group, or if the caller is not an Admin.
func (s *Groups) RemoveMembers(ctx context.Context, by actor.Caller, group string, members Selection) (Group, int, error) {
	var g Group
	removed := 0
	members.InGroup = group
	err := s.change(ctx, by, func(tx GroupTx, org Organization) error {
		var err error
		if g, err = tx.Group(ctx, org.ID, group); err != nil {
			return err
		}
		if err := org.checkUnlocked(g); err != nil {
			return err
		}
		who, err := members.members(ctx, tx, org.ID)
		if err != nil {
			return err
		}
		for _, m := range who {
			if err := tx.RemoveFromGroup(ctx, g.ID, m.ID); err != nil {
				return err
			}
			if err := tx.AppendEvent(ctx, membershipEvent(tx.By(), audit.MemberRemoved, g, m)); err != nil {
				return err
			}
		}
		removed = len(who)
		return nil
	})
	return g, removed, err
}
