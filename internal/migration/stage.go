package migration

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/segmentio/ksuid"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/legacy"
	"latchkey/internal/plaintext"
	"latchkey/internal/policy"
	"latchkey/internal/token"
)

// Import mirrors the uploaded export with a strategy and compares it with what exists. It
// may be done again with another strategy: choices stay, edited policies do not. Conflict
// while no file is uploaded, NotFound when the staging area is empty.
func (s *Service) Import(ctx context.Context, by actor.Standing, strategy Strategy) error {
	return s.step(ctx, by, StepStage, func(r *run) error { return s.importWith(ctx, by, strategy, r) })
}

func (s *Service) importWith(ctx context.Context, by actor.Standing, strategy Strategy, r *run) error {
	if strategy != WithPolicies && strategy != Fresh {
		return fault.NewInvalid("Choose how to import.", fault.Field{Path: "strategy", Message: "Choose one of the two."})
	}
	return s.change(ctx, by.Caller(), func(tx Tx, m Migration) error {
		if err := tx.KeepStep(ctx, m.Organization, StepStage); err != nil {
			return err
		}
		keep := m.State == Staged && m.Strategy == strategy
		m.State, m.Strategy = Staged, strategy
		st, err := newStage(ctx, tx, m)
		if err != nil {
			return err
		}
		st.progress = r.tell
		if err := st.save(keep, Kinds()...); err != nil {
			return err
		}
		if err := tx.UpdateMigration(ctx, m); err != nil {
			return err
		}
		return tx.AppendEvent(ctx, m.told(tx.By(), audit.Staged))
	}, Uploaded, Staged)
}

// stage is one pass over the staging area, with what it is compared with.
type stage struct {
	ctx      context.Context
	tx       Tx
	m        Migration
	org      account.Organization
	rules    *legacy.Rules
	progress func(Progress) // may be nil

	workspaces map[string]place // by old id
	byName     map[string]account.Workspace
	byID       map[string]account.Workspace
	names      map[string]bool
	emails     map[string]Present
	present    map[string]Present
	people     map[string]standing
	links      map[Kind]map[string]string
	held       map[string]Held    // of the batch at hand
	located    map[string]Located // of all resources
	moved      map[string]string  // ids of resources that became others in this pass
	groups     landscape
}

// place is where a workspace of the export goes.
type place struct {
	local string
	name  string
}

// standing is what tokens need to know of their owner, and groups of their members.
type standing struct {
	local   string
	name    string
	email   string
	known   bool
	leftOut bool
	stays   bool // a member who is here, with role and policies as they are
	admin   bool
	in      map[string]bool
}

func newStage(ctx context.Context, tx Tx, m Migration) (*stage, error) {
	st := &stage{ctx: ctx, tx: tx, m: m, rules: legacy.NewRules(), workspaces: map[string]place{}, byName: map[string]account.Workspace{},
		byID: map[string]account.Workspace{}, names: map[string]bool{}, emails: map[string]Present{}, present: map[string]Present{},
		people: map[string]standing{}, links: map[Kind]map[string]string{}, located: map[string]Located{}, moved: map[string]string{}}
	org, err := tx.Existing.Organization(ctx, m.Organization)
	if err != nil {
		return nil, err
	}
	st.org = org
	if err := st.newLandscape(); err != nil {
		return nil, err
	}
	list, err := tx.Existing.Workspaces(ctx, m.Organization)
	if err != nil {
		return nil, err
	}
	for _, w := range list {
		st.byName[plaintext.NameKey(w.Name)], st.byID[w.ID], st.names[plaintext.NameKey(w.Name)] = w, w, true
	}
	members, err := tx.Existing.PresentMembers(ctx, m.Organization)
	if err != nil {
		return nil, err
	}
	for _, p := range members {
		st.emails[p.Email], st.present[p.ID] = p, p
	}
	for _, kind := range Kinds() {
		if st.links[kind], err = tx.Existing.Links(ctx, m.Organization, m.Source.ID, kind); err != nil {
			return nil, err
		}
	}
	return st, nil
}

// save compares and mirrors the items of the kinds, keeping choices and (with keep) edited
// policies, and saves those that have changed.
func (st *stage) save(keep bool, kinds ...Kind) error {
	return st.run(kinds, func(i *Item) error {
		before := i.clone()
		if err := st.renew(i, keep); err != nil || i.same(before) {
			return err
		}
		return st.tx.UpdateItem(st.ctx, st.m.ID, *i)
	})
}

// renew compares and mirrors one item.
func (st *stage) renew(i *Item, keep bool) error {
	if err := st.compare(i); err != nil {
		return err
	}
	if err := st.mirror(i, keep); err != nil {
		return err
	}
	i.Rank = i.rank()
	return nil
}

// run hands every item of the kinds to do. They must be in the order of an export, from
// its beginning: what refers to something comes after it.
func (st *stage) run(kinds []Kind, do func(*Item) error) error {
	at := Progress{}
	for _, kind := range kinds {
		at.All += st.m.count(kind)
	}
	for _, kind := range kinds {
		at.Kind, at.Done, at.Total = kind, 0, st.m.count(kind)
		for after := int64(0); ; {
			items, err := st.tx.StagedItems(st.ctx, st.m.ID, kind, after, batch)
			if err != nil {
				return err
			}
			if len(items) == 0 {
				break
			}
			if err := st.prepare(kind, items); err != nil {
				return err
			}
			for n := range items {
				if err := do(&items[n]); err != nil {
					return err
				}
			}
			after = items[len(items)-1].Seq
			at.Done += len(items)
			if at.Whole += len(items); st.progress != nil {
				st.progress(at)
			}
		}
	}
	return nil
}

// count is how many items of a kind the file has.
func (m Migration) count(kind Kind) int {
	n := m.Summary.Counts
	switch kind {
	case Workspaces:
		return n.Workspaces
	case Resources:
		return n.Resources
	case Members:
		return n.Members
	case Groups:
		return n.Groups
	case PersonalTokens:
		return n.PersonalTokens
	case ServiceTokens:
		return n.ServiceTokens
	}
	return 0
}

// clone is the item as it is now: what a pass changes is replaced, never written into.
func (i *Item) clone() Item { return *i }

// same reports whether nothing differs that a pass may change.
func (i *Item) same(o Item) bool {
	return i.Rank == o.Rank && i.Conflict == o.Conflict && i.Choice == o.Choice && i.Known == o.Known && i.Local == o.Local &&
		i.After.Role == o.After.Role && i.After.Joins == o.After.Joins && i.After.NoRoom == o.After.NoRoom && i.After.Here == o.After.Here && sameNotes(i.After.Notes, o.After.Notes) &&
		slices.EqualFunc(i.After.Policies, o.After.Policies, func(p, q Policy) bool {
			return p.Workspace == q.Workspace && p.Before == q.Before && p.Edited == q.Edited && sameNotes(p.Notes, q.Notes) && p.Body.Equal(q.Body)
		})
}

func sameNotes(a, b []legacy.Note) bool {
	return slices.EqualFunc(a, b, func(m, n legacy.Note) bool {
		return m.Effect == n.Effect && m.Text == n.Text && slices.Equal(m.Permissions, n.Permissions)
	})
}

// mirror sets what the item becomes. keep leaves policies that an Admin has edited.
func (st *stage) mirror(i *Item, keep bool) error {
	old := i.After
	i.After = After{}
	switch i.Kind {
	case Workspaces:
		return st.mirrorWorkspace(i)
	case Resources:
		return st.mirrorResource(i)
	case Members:
		if err := st.mirrorMember(i); err != nil {
			return err
		}
	case Groups:
		if err := st.mirrorGroup(i); err != nil {
			return err
		}
	case PersonalTokens:
		return st.mirrorPersonalToken(i)
	case ServiceTokens:
		if err := st.mirrorServiceToken(i); err != nil {
			return err
		}
	}
	if keep {
		i.After.keepEdits(old, st.moved)
	}
	return nil
}

// keepEdits takes over the edited policies of before. A resource that has another id since
// is meant by that one.
func (a *After) keepEdits(before After, moved map[string]string) {
	for _, old := range before.Policies {
		for i := range a.Policies {
			if old.Edited && a.Policies[i].Workspace == old.Workspace {
				old.Body = renamed(old.Body, moved)
				a.Policies[i] = old
			}
		}
	}
}

// renamed is the policy with the ids that resources have now.
func renamed(p access.Policy, moved map[string]string) access.Policy {
	if len(moved) == 0 {
		return p
	}
	out := make(access.Policy, len(p))
	for perm, reach := range p {
		ids := make([]string, len(reach.IDs))
		for i, id := range reach.IDs {
			ids[i] = cmp.Or(moved[id], id)
		}
		switch {
		case reach.Unlimited():
			out[perm] = reach
		case reach.All:
			out[perm] = access.AllBut(ids...)
		default:
			out[perm] = access.Only(ids...)
		}
	}
	return out
}

func (a *After) watch(text string) {
	a.Notes = append(a.Notes, legacy.Note{Effect: legacy.Watch, Text: text})
}

func (a *After) less(text string) {
	a.Notes = append(a.Notes, legacy.Note{Effect: legacy.Less, Text: text})
}

// mirrorWorkspace takes the workspace's rules, and tells where its own baseline gives more
// than the export knows of.
func (st *stage) mirrorWorkspace(i *Item) error {
	w, err := decoded[legacy.Workspace](*i)
	if err != nil {
		return err
	}
	st.rules.AddWorkspace(w)
	st.comesBack(i)
	if _, there := st.byID[i.Local]; !there {
		if name := st.workspaces[i.Ref].name; name != i.Name {
			i.After.watch("It will be named " + name + ".")
		}
		return nil
	}
	baseline, err := st.tx.Existing.Baseline(st.ctx, st.m.Organization, i.Local)
	if err != nil {
		return err
	}
	if i.After.Here = versions(baseline); len(baseline.Body.Permissions()) > 0 {
		i.After.watch("Its baseline gives more than view: it applies to every member and service token that is imported into it.")
	}
	return nil
}

func (st *stage) mirrorResource(i *Item) error {
	x, err := decoded[legacy.Resource](*i)
	if err != nil {
		return err
	}
	st.rules.AddResource(x, i.Local)
	st.comesBack(i)
	if i.Local != i.Ref && !i.Known {
		i.After.watch("Its id is taken: it will be " + i.Local + ".")
	}
	return nil
}

// comesBack tells of what was imported before and is gone.
func (st *stage) comesBack(i *Item) {
	if !i.Known && st.links[i.Kind][i.Ref] != "" {
		i.After.watch("It was imported before and is gone: it comes back.")
	}
}

func (st *stage) mirrorMember(i *Item) error {
	m, err := decoded[legacy.Member](*i)
	if err != nil {
		return err
	}
	who := standing{local: i.Local, name: m.Name, email: m.Email, known: i.Known, leftOut: i.Choice == LeaveOut,
		stays: i.Stays(), admin: m.Admin, in: make(map[string]bool, len(m.Grants))}
	i.After.Role = access.RoleMember
	if m.Admin {
		i.After.Role = access.RoleAdmin
	}
	for _, g := range m.Grants {
		who.in[g.Workspace] = true
		if m.Admin {
			continue // in every workspace with every permission
		}
		p := Policy{Workspace: g.Workspace, Before: g.Describe(), Body: access.Policy{}}
		if st.m.Strategy == WithPolicies {
			mirrored, notes := st.rules.Member(i.Ref, g)
			p.Body, p.Notes = st.within(mirrored, notes)
		}
		i.After.Policies = append(i.After.Policies, p)
	}
	if !m.Active {
		i.After.watch("The member is deactivated: personal tokens are suspended until reactivation.")
	}
	if !m.Admin && len(m.Grants) == 0 {
		i.After.watch("The member is in no workspace and will see none.")
	}
	st.people[i.Ref] = who
	if i.Conflict == SameEmail && !i.Stays() {
		i.After.Here, err = st.today(i.Local)
	}
	return err
}

// today is what a member has who is here, in short: it changes whenever that does.
func (st *stage) today(member string) (string, error) {
	policies, err := st.tx.Existing.PoliciesOf(st.ctx, st.m.Organization, policy.OfMember, member)
	return string(st.present[member].Role) + " " + versions(policies...), err
}

// versions tells policies from what they are after any change.
func versions(policies ...policy.Policy) string {
	out := make([]string, len(policies))
	for i, p := range policies {
		out[i] = p.ID + "@" + strconv.FormatInt(p.Version, 10)
	}
	return strings.Join(out, " ")
}

// within is what of a policy the plan includes.
func (st *stage) within(p access.Policy, notes []legacy.Note) (access.Policy, []legacy.Note) {
	refused := st.org.Plan.Refuses(st.rules.Catalogue(), nil, p)
	if len(refused) == 0 {
		return p, notes
	}
	p = p.Clone()
	left := legacy.Note{Effect: legacy.Less, Text: "The plan has no permissions on personal data: they are left out."}
	for _, f := range refused {
		delete(p, access.Permission(f.Path))
		left.Permissions = append(left.Permissions, access.Permission(f.Path))
	}
	return p, append(append([]legacy.Note{}, notes...), left)
}

func (st *stage) mirrorPersonalToken(i *Item) error {
	t, err := decoded[legacy.PersonalToken](*i)
	if err != nil {
		return err
	}
	owner := st.people[t.Owner]
	if i.Conflict == "" { // there is nothing to choose: it goes where its owner goes
		i.Choice = ""
		if owner.leftOut && !i.Known {
			i.Choice = LeaveOut
		}
	}
	switch {
	case owner.leftOut && !i.Known:
		i.After.less("Its owner is left out, and so is the token.")
	case !owner.admin && !owner.in[t.Workspace]:
		i.After.watch("Its owner is not in its workspace: it is good for nothing, as before.")
	case !owner.admin && t.Scope == access.ScopeAdmin:
		i.After.watch("Its owner is no Admin: it acts as Read-Write.")
	}
	if token.ExpiredAt(t.Secret.ExpiresAt, st.tx.Now()) {
		i.After.watch("It has expired.")
	}
	return nil
}

func (st *stage) mirrorServiceToken(i *Item) error {
	t, err := decoded[legacy.ServiceToken](*i)
	if err != nil {
		return err
	}
	if t.Grant.Workspace == "" {
		return nil
	}
	p := Policy{Workspace: t.Grant.Workspace, Before: t.Grant.Describe()}
	mirrored, notes := st.rules.Token(t)
	p.Body, p.Notes = st.within(mirrored, notes)
	i.After.Policies = []Policy{p}
	return nil
}

// newID is an id of our own.
func newID() string { return ksuid.New().String() }
