package migration

import (
	"encoding/json"
	"fmt"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/audit"
	"latchkey/internal/legacy"
	"latchkey/internal/plaintext"
	"latchkey/internal/policy"
)

// A group of the old system granted nothing. Two things keep it so: its policies are empty at
// first, and it is linked only to workspaces that all of its members are in without it.

// noRights describes what a group had in a workspace before.
const noRights = "No rights of its own"

// landscape holds the existing groups, and what is taken or still free.
type landscape struct {
	byID   map[string]account.Group
	byName map[string]account.Group
	names  map[string]bool
	room   int                        // number of new groups that there is room for
	full   string                     // why there is no more
	named  map[string]string          // names of imported groups, by old id
	inside map[string]map[string]bool // members of a workspace before this pass changed anything
}

// newLandscape loads the groups of the organization.
func (st *stage) newLandscape() error {
	groups, err := st.tx.Existing.Groups(st.ctx, st.org.ID)
	if err != nil {
		return err
	}
	l := landscape{byID: map[string]account.Group{}, byName: map[string]account.Group{}, names: map[string]bool{},
		named: map[string]string{}}
	for _, g := range groups {
		l.byID[g.ID], l.byName[plaintext.NameKey(g.Name)], l.names[plaintext.NameKey(g.Name)] = g, g, true
	}
	l.room, l.full = access.MaxGroups-len(groups), fmt.Sprintf("an organization can have at most %d groups", access.MaxGroups)
	if limit, limited := st.org.Plan.GroupLimit(); limited {
		l.room, l.full = limit-len(groups), "the plan has no room for another group"
	}
	st.groups = l
	return nil
}

func (st *stage) compareGroup(i *Item) Conflict {
	if g, here := st.groups.byID[st.links[Groups][i.Ref]]; here {
		i.Imported, i.Local = true, g.ID
		return ""
	}
	switch other, taken := st.groups.byName[plaintext.NameKey(i.Name)]; {
	case taken && st.org.Locks(other):
		return ManagedGroup
	case taken:
		return SameGroup
	}
	return ""
}

// settleGroup decides which group the item becomes.
func (st *stage) settleGroup(i *Item) {
	switch _, here := st.groups.byID[i.Local]; {
	case i.Imported:
	case i.Conflict == SameGroup && i.Choice == Use:
		i.Local = st.groups.byName[plaintext.NameKey(i.Name)].ID
	case here || i.Local == "" || i.Local == st.links[Groups][i.Ref]:
		i.Local = newID()
	}
}

// mirrorGroup determines who joins the group and where it can be linked.
func (st *stage) mirrorGroup(i *Item) error {
	if i.LeftOut() {
		return nil
	}
	g, err := decoded[legacy.Group](*i)
	if err != nil {
		return err
	}
	st.comesBack(i)
	joins := st.joins(g)
	i.After.Joins = len(joins)
	if n := len(g.Members) - len(joins); n > 0 {
		i.After.watch(fmt.Sprintf("%d of its members do not join it: they are left out, or keep their current access.", n))
	}
	if i.Conflict == SameGroup && i.Choice == Use { // its members get what that one gives
		policies, err := st.tx.Existing.PoliciesOf(st.ctx, st.m.Organization, policy.OfGroup, i.Local)
		i.After.Here = versions(policies...)
		return err
	}
	if i.Open() {
		st.linkGroup(i, g, joins)
		return nil
	}
	if st.groups.room <= 0 {
		i.After.NoRoom = true
		i.After.less("It is left out, because " + st.groups.full + ".")
		return nil
	}
	st.groups.room--
	name := freeName(i.Name, st.groups.names)
	st.groups.named[i.Ref] = name
	if name != i.Name {
		i.After.watch("It will be named " + name + ".")
	}
	st.linkGroup(i, g, joins)
	return nil
}

// joins returns the members who join the group. Existing members who keep their current access
// do not.
func (st *stage) joins(g legacy.Group) []standing {
	var out []standing
	for _, ref := range g.Members {
		if p, ok := st.people[ref]; ok && !p.leftOut && !p.stays {
			out = append(out, p)
		}
	}
	return out
}

// linkGroup gives the group an empty policy in each of its workspaces, except where that would
// let somebody in.
func (st *stage) linkGroup(i *Item, g legacy.Group, joins []standing) {
	for _, workspace := range g.Workspaces {
		strangers := 0
		for _, p := range joins {
			if !st.isIn(p, workspace) {
				strangers++
			}
		}
		if strangers > 0 {
			i.After.watch(fmt.Sprintf("It is not linked to %s, because that would give access to %d of its members who had none. You can link it after deploying.",
				st.workspaces[workspace].name, strangers))
			continue
		}
		i.After.Policies = append(i.After.Policies, Policy{Workspace: workspace, Before: noRights, Body: access.Policy{}})
	}
}

// isIn reports whether a member will be in a workspace of the export without any group of the
// export. A member who was imported before is where they are now.
func (st *stage) isIn(p standing, workspace string) bool {
	if !p.known {
		return p.admin || p.in[workspace]
	}
	return st.present[p.local].Role == access.RoleAdmin || st.groups.inside[st.workspaces[workspace].local][p.local]
}

// lookInside loads the members of the groups' workspaces before any member or group is applied.
// Otherwise members who get in that way would seem to have been there before.
func (st *stage) lookInside() error {
	return each(st.ctx, st.tx, st.m.ID, Groups, func(i *Item) error {
		g, err := decoded[legacy.Group](*i)
		if err != nil {
			return err
		}
		for _, workspace := range g.Workspaces {
			local := st.workspaces[workspace].local
			if _, here := st.byID[local]; !here || st.groups.inside[local] != nil {
				continue
			}
			if st.groups.inside[local], err = st.tx.Existing.MembersInside(st.ctx, st.m.Organization, local); err != nil {
				return err
			}
		}
		return nil
	})
}

// addGroup creates the group, or adds its members to the existing one.
func (d *deployment) addGroup(i Item) error {
	g, err := decoded[legacy.Group](i)
	if err != nil {
		return err
	}
	joins := d.joins(g)
	if i.Conflict == SameGroup && i.Choice == Use {
		return d.joinGroup(d.groups.byID[i.Local], joins)
	}
	d.added.other++
	made := account.Group{ID: i.Local, Organization: d.org.ID, Name: d.groups.named[i.Ref], Description: g.Description,
		CreatedAt: d.tx.Now(), UpdatedAt: d.tx.Now()}
	if err := d.tx.Live.InsertGroup(d.ctx, made); err != nil {
		return err
	}
	names := []string{}
	for _, p := range i.After.Policies {
		place := d.workspaces[p.Workspace]
		if err := d.tx.Live.InsertPolicy(d.ctx, d.policy(policy.Place{Kind: policy.OfGroup, Workspace: place.local,
			Subject: made.ID}, p.Body)); err != nil {
			return err
		}
		names = append(names, place.name)
	}
	for _, p := range joins {
		if err := d.tx.Live.AddToGroup(d.ctx, made.ID, p.local); err != nil {
			return err
		}
	}
	event := audit.Did(d.tx.By(), audit.Created, audit.Target{Type: audit.TargetGroup, ID: made.ID, Name: made.Name})
	return d.tx.AppendEvent(d.ctx, event.Changed("", stateOf(map[string]any{"name": made.Name, "description": made.Description,
		"workspaces": names, "members": len(joins)})))
}

// joinGroup adds members to an existing group, with an event for each, because they get what it
// grants.
func (d *deployment) joinGroup(g account.Group, joins []standing) error {
	for _, p := range joins {
		there, err := d.tx.Existing.MembersOfGroups(d.ctx, []string{g.ID}, []string{p.local})
		if err != nil {
			return err
		}
		if there[g.ID][p.local] {
			continue
		}
		d.added.other++
		if err := d.tx.Live.AddToGroup(d.ctx, g.ID, p.local); err != nil {
			return err
		}
		event := audit.Did(d.tx.By(), audit.MemberAdded, audit.Target{Type: audit.TargetGroup, ID: g.ID, Name: g.Name})
		if err := d.tx.AppendEvent(d.ctx, event.Changed("", stateOf(map[string]any{"member": p.local, "name": p.name,
			"email": p.email}))); err != nil {
			return err
		}
	}
	return nil
}

// stateOf returns fields as JSON for the audit log.
func stateOf(fields map[string]any) string {
	text, err := json.Marshal(fields)
	if err != nil { // never happens: strings, numbers and lists of them always marshal
		return "{}"
	}
	return string(text)
}
