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

// Import converts the uploaded export with a strategy and compares it with existing data. It can
// be called again with another strategy: choices stay, edited policies do not. The error is
// Conflict while no file is uploaded, and NotFound if the staging area is empty.
func (s *Service) Import(ctx context.Context, by actor.Standing, strategy Strategy) error {
	return s.step(ctx, by, StepStage, func(r *run) error { return s.importWith(ctx, by, strategy, r) })
}

func (s *Service) importWith(ctx context.Context, by actor.Standing, strategy Strategy, r *run) error {
	if strategy != WithPolicies && strategy != Fresh {
		return fault.NewInvalid("Choose how to import.", fault.Field{Path: "strategy", Message: "Choose one of the options."})
	}
	return s.change(ctx, by.Caller(), func(tx Tx, m Migration) error {
		if err := tx.AnnounceStep(ctx, m.Organization, StepStage); err != nil {
			return err
		}
		keep := m.State == Staged && m.Strategy == strategy
		m.State, m.Strategy = Staged, strategy
		st, err := newStage(ctx, tx, m)
		if err != nil {
			return err
		}
		st.progress = r.report
		if err := st.save(keep, Kinds()...); err != nil {
			return err
		}
		if err := tx.UpdateMigration(ctx, m); err != nil {
			return err
		}
		return tx.AppendEvent(ctx, m.event(tx.By(), audit.Staged))
	}, Uploaded, Staged)
}

// stage is one pass over the staging area, with the data that it is compared with.
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
	held       map[string]Held    // of the current batch
	located    map[string]Located // of all resources
	moved      map[string]string  // ids of resources that changed in this pass
	groups     landscape
	tokenRules ruled
}

// place is where a workspace of the export goes.
type place struct {
	local string
	name  string
}

// standing is what tokens need of their owner, and groups of their members.
type standing struct {
	local   string
	name    string
	email   string
	known   bool
	leftOut bool
	stays   bool // an existing member who keeps role and policies
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
	return st, st.readRules()
}

// save compares and converts the items of the kinds and saves those that have changed. It keeps
// choices and, if keep is set, edited policies.
func (st *stage) save(keep bool, kinds ...Kind) error {
	return st.run(kinds, func(i *Item) error {
		before := i.clone()
		if err := st.renew(i, keep); err != nil || i.same(before) {
			return err
		}
		return st.tx.UpdateItem(st.ctx, st.m.ID, *i)
	})
}

// renew compares and converts one item.
func (st *stage) renew(i *Item, keep bool) error {
	if err := st.compare(i); err != nil {
		return err
	}
	if err := st.mirror(i, keep); err != nil {
		return err
	}
	if err := st.noteRules(i); err != nil {
		return err
	}
	i.Rank = i.rank()
	return nil
}

// run calls do for every item of the kinds. The kinds must start with the first of an export and
// be in its order, so that items come before references to them.
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

// count returns the number of items of a kind in the file.
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

// clone returns a copy of the item. A shallow copy is enough, because a pass replaces values and
// never writes into them.
func (i *Item) clone() Item { return *i }

// same reports whether the fields that a pass can change are equal.
func (i *Item) same(o Item) bool {
	return i.Rank == o.Rank && i.Conflict == o.Conflict && i.Choice == o.Choice && i.Imported == o.Imported && i.Local == o.Local &&
		i.After.Role == o.After.Role && i.After.Joins == o.After.Joins && i.After.NoRoom == o.After.NoRoom &&
		i.After.Here == o.After.Here && sameNotes(i.After.Notes, o.After.Notes) &&
		slices.EqualFunc(i.After.Policies, o.After.Policies, func(p, q Policy) bool {
			return p.Workspace == q.Workspace && p.Before == q.Before && p.Edited == q.Edited && sameNotes(p.Notes, q.Notes) && p.Body.Equal(q.Body)
		})
}

func sameNotes(a, b []legacy.Note) bool {
	return slices.EqualFunc(a, b, func(m, n legacy.Note) bool {
		return m.Effect == n.Effect && m.Text == n.Text && slices.Equal(m.Permissions, n.Permissions)
	})
}

// mirror sets i.After. If keep is set, it keeps policies that an Admin has edited.
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

// keepEdits copies the edited policies of before. It replaces ids of resources that have changed
// since.
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

// renamed returns the policy with the current ids of resources.
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

// mirrorWorkspace adds the workspace to the rules, and a note if the baseline of the existing
// workspace grants more than the export.
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
		i.After.watch("Its baseline grants more than view and applies to every member and service token imported into it.")
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
	if i.Local != i.Ref && !i.Imported {
		i.After.watch("Its ID is taken: it will be " + i.Local + ".")
	}
	return nil
}

// comesBack adds a note to an item that was imported before and is gone.
func (st *stage) comesBack(i *Item) {
	if !i.Imported && st.links[i.Kind][i.Ref] != "" {
		i.After.watch("It was imported before and has been deleted since. It will be created again.")
	}
}

func (st *stage) mirrorMember(i *Item) error {
	m, err := decoded[legacy.Member](*i)
	if err != nil {
		return err
	}
	who := standing{local: i.Local, name: m.Name, email: m.Email, known: i.Imported, leftOut: i.Choice == LeaveOut,
		stays: i.Stays(), admin: m.Admin, in: make(map[string]bool, len(m.Grants))}
	i.After.Role = access.RoleMember
	if m.Admin {
		i.After.Role = access.RoleAdmin
	}
	for _, g := range m.Grants {
		who.in[g.Workspace] = true
		if m.Admin {
			continue // an Admin is in every workspace with every permission
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
		i.After.watch("The member has no access to any workspace.")
	}
	st.people[i.Ref] = who
	if i.Conflict == SameEmail && !i.Stays() {
		i.After.Here, err = st.today(i.Local)
	}
	return err
}

// today returns a fingerprint of an existing member's role and policies, which changes whenever
// they do.
func (st *stage) today(member string) (string, error) {
	policies, err := st.tx.Existing.PoliciesOf(st.ctx, st.m.Organization, policy.OfMember, member)
	return string(st.present[member].Role) + " " + versions(policies...), err
}

// versions returns a fingerprint of policies, which changes whenever one of them does.
func versions(policies ...policy.Policy) string {
	out := make([]string, len(policies))
	for i, p := range policies {
		out[i] = p.ID + "@" + strconv.FormatInt(p.Version, 10)
	}
	return strings.Join(out, " ")
}

// within returns the part of a policy that the plan includes.
func (st *stage) within(p access.Policy, notes []legacy.Note) (access.Policy, []legacy.Note) {
	refused := st.org.Plan.Refuses(st.rules.Catalogue(), nil, p)
	if len(refused) == 0 {
		return p, notes
	}
	p = p.Clone()
	left := legacy.Note{Effect: legacy.Less, Text: "Permissions on personal data are left out, because the plan does not include them."}
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
	if i.Conflict == "" { // without a choice it follows its owner
		i.Choice = ""
		if owner.leftOut && !i.Imported {
			i.Choice = LeaveOut
		}
	}
	switch {
	case owner.leftOut && !i.Imported:
		i.After.less("It is left out, because its owner is.")
	case !owner.admin && !owner.in[t.Workspace]:
		i.After.watch("Its owner is not in its workspace, so it has no permissions, as before.")
	case !owner.admin && t.Scope == access.ScopeAdmin:
		i.After.watch("Its owner is not an Admin, so it acts as Read-Write.")
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

// newID returns a new id.
func newID() string { return ksuid.New().String() }
