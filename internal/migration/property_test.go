package migration_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/legacy"
	"latchkey/internal/migration"
)

// The old system, as its documentation tells of it, with nothing of the rules that are
// tested: what somebody had, and so what they may have at most and must have at least.

type oldSystem struct {
	workspaces []string
	private    map[string][]string // on a workspace's Data Privacy list
	resources  []oldResource
	members    []oldMember
	groups     []oldGroup
	personal   []oldPersonal
	service    []oldService
}

type oldResource struct {
	id, workspace, typ string
	locked             bool
	allowed            []string
}

type oldRole struct {
	name       string
	editAccess bool
}

type oldMember struct {
	id            string
	admin, active bool
	roles         map[string]oldRole // by workspace
}

type oldGroup struct {
	id                  string
	members, workspaces []string
}

type oldPersonal struct {
	id, owner, workspace, scope string
	expired                     bool
}

type oldService struct {
	id, workspace string // no workspace: of the organization
	role          oldRole
}

// could says what a role let somebody do with a type of resource, locks aside.
func (r oldRole) could(typ, action string) bool {
	script := typ == "transformation" || typ == "transformation_library"
	switch r.name {
	case "read_write":
		return true
	case "connections_admin":
		return action == "connect" || !script || r.editAccess
	case "connections_editor":
		if script {
			return action == "connect" || r.editAccess
		}
		return action != "create_delete"
	case "connections_viewer":
		return script && r.editAccess && action != "connect"
	}
	return false
}

// had says whether the holder of a role had a permission on a resource of a workspace.
func (o oldSystem) had(who string, r oldRole, workspace string, perm access.Permission, resource string) bool {
	typ, action := perm.Type(), perm.Action()
	switch action {
	case "edit", "connect", "create_delete":
	default: // seeing personal data
		return slices.Contains(o.private[workspace], who) && slices.Contains([]string{"source", "destination", "transformation"}, typ)
	}
	if action == "edit" {
		for _, x := range o.resources {
			if x.id == resource && x.locked && !slices.Contains(x.allowed, who) {
				return false
			}
		}
	}
	return r.could(typ, action)
}

// memberHad is had for a member, whatever they are.
func (o oldSystem) memberHad(m oldMember, workspace string, perm access.Permission, resource string) bool {
	r, in := m.roles[workspace]
	return m.admin || in && o.had(m.id, r, workspace, perm, resource)
}

func (o oldSystem) memberIn(m oldMember, workspace string) bool {
	_, in := m.roles[workspace]
	return m.admin || in
}

func (o oldSystem) member(id string) oldMember {
	return o.members[slices.IndexFunc(o.members, func(m oldMember) bool { return m.id == id })]
}

// randomSystem makes an organization in which much that can be is.
func randomSystem(random *rand.Rand) oldSystem {
	o := oldSystem{private: map[string][]string{}}
	some := func(prefix string, n int) []string {
		out := []string{}
		for i := range n {
			if random.IntN(2) == 0 {
				out = append(out, fmt.Sprint(prefix, i))
			}
		}
		return out
	}
	who := func() []string { return append(some("m", 7), some("s", 6)...) }
	role := func() oldRole {
		roles := []string{"read_write", "connections_admin", "connections_editor", "connections_viewer", "read_only"}
		return oldRole{roles[random.IntN(len(roles))], random.IntN(2) == 0}
	}
	for w := range 3 {
		id := fmt.Sprint("w", w)
		o.workspaces, o.private[id] = append(o.workspaces, id), who()
		for _, row := range access.BuiltIn().Types(access.SectionResources) {
			for n := range 2 {
				o.resources = append(o.resources, oldResource{fmt.Sprintf("%s-%s-%d", row.Type, id, n), id, row.Type, random.IntN(3) == 0, who()})
			}
		}
	}
	for n := range 7 {
		m := oldMember{id: fmt.Sprint("m", n), admin: random.IntN(6) == 0, active: random.IntN(5) > 0, roles: map[string]oldRole{}}
		for _, w := range some("w", 3) {
			m.roles[w] = role()
		}
		o.members = append(o.members, m)
		for _, scope := range []string{"read_only", "read_write", "admin"} {
			o.personal = append(o.personal, oldPersonal{fmt.Sprint("p", n, scope), m.id, fmt.Sprint("w", random.IntN(3)), scope,
				random.IntN(6) == 0})
		}
	}
	for n := range 4 {
		o.groups = append(o.groups, oldGroup{fmt.Sprint("g", n), some("m", 7), some("w", 3)})
	}
	for n := range 6 {
		o.service = append(o.service, oldService{fmt.Sprint("s", n), fmt.Sprint("w", random.IntN(3)), role()})
	}
	o.service = append(o.service, oldService{id: "s6"})
	return o
}

// secretOf is the secret of the token with an id.
func secretOf(id string) string { return "the legacy secret of " + id }

// export writes the system as an export.
func (o oldSystem) export(t testing.TB) string {
	t.Helper()
	type object = map[string]any
	subjects := func(who []string) object {
		members, tokens := []string{}, []string{}
		for _, id := range who {
			if id[0] == 'm' {
				members = append(members, id)
			} else {
				tokens = append(tokens, id)
			}
		}
		return object{"members": members, "tokens": tokens}
	}
	var workspaces, resources, members, groups, personal, service []object
	for _, w := range o.workspaces {
		workspaces = append(workspaces, object{"id": w, "name": "Workspace " + w, "data_privacy": subjects(o.private[w])})
	}
	for _, x := range o.resources {
		out := object{"id": x.id, "workspace": x.workspace, "type": x.typ, "name": x.id}
		if x.locked {
			out["lock"] = subjects(x.allowed)
		}
		resources = append(resources, out)
	}
	for _, m := range o.members {
		roles := []object{}
		for w, r := range m.roles {
			roles = append(roles, object{"workspace": w, "role": r.name, "grant_edit_access": r.editAccess})
		}
		members = append(members, object{"id": m.id, "email": m.id + "@old.example",
			"org_role": map[bool]string{true: "admin", false: "member"}[m.admin],
			"status":   map[bool]string{true: "active", false: "deactivated"}[m.active], "workspaces": roles})
	}
	for _, g := range o.groups {
		groups = append(groups, object{"id": g.id, "name": "Group " + g.id, "members": g.members, "workspaces": g.workspaces})
	}
	for _, p := range o.personal {
		out := object{"id": p.id, "name": p.id, "owner": p.owner, "workspace": p.workspace, "scope": p.scope,
			"created_at": "2024-01-01T00:00:00Z", "secret": secretOf(p.id)}
		if p.expired {
			out["expires_at"] = "2025-01-01T00:00:00Z"
		}
		personal = append(personal, out)
	}
	for _, s := range o.service {
		out := object{"id": s.id, "name": s.id, "created_at": "2024-01-01T00:00:00Z", "secret": secretOf(s.id), "level": "organization"}
		if s.workspace != "" {
			out["level"], out["workspace"], out["role"], out["grant_edit_access"] = "workspace", s.workspace, s.role.name, s.role.editAccess
		}
		service = append(service, out)
	}
	parts := ""
	for _, s := range []struct {
		name string
		list []object
	}{{"workspaces", workspaces}, {"resources", resources}, {"members", members}, {"groups", groups}, {"personal_tokens",
		personal}, {"service_tokens", service}} {
		text, err := json.Marshal(s.list)
		if err != nil {
			t.Fatal(err)
		}
		parts += fmt.Sprintf(",%q:%s", s.name, text)
	}
	return `{"format":"latchkey-legacy-export","version":1,"organization":{"id":"old","name":"Old"}` + parts + `}`
}

// migrated is an old system brought over, with what the preview said of losses.
type migrated struct {
	*bed
	old   oldSystem
	fresh bool
	lost  map[string]bool // "m1 w1 source:edit"
	local map[string]string
	seen  map[string]int // how often the comparison met what it is there for
}

func bring(t *testing.T, o oldSystem, plan access.Plan, strategy migration.Strategy) migrated {
	t.Helper()
	m := migrated{bed: newBed(t, plan), old: o, fresh: strategy == migration.Fresh, lost: map[string]bool{},
		local: map[string]string{}, seen: map[string]int{}}
	m.upload(o.export(t))
	m.must(m.Import(t.Context(), m.admin, strategy))
	for _, kind := range []migration.Kind{migration.Members, migration.ServiceTokens} {
		items, _, err := m.Find(t.Context(), m.admin, migration.Query{Kind: kind, Limit: 100})
		m.must(err)
		for _, i := range items {
			m.local[i.Ref] = i.Local
			for _, p := range i.After.Policies {
				for _, n := range p.Notes {
					for _, perm := range n.Permissions {
						if n.Effect == legacy.Less {
							m.lost[i.Ref+" "+p.Workspace+" "+string(perm)] = true
						}
					}
				}
			}
		}
	}
	m.deploy()
	return m
}

// compare checks a holder of power against what the old system allowed, for every permission
// on every resource of a workspace, those to come included. told says whether a loss was.
func (m migrated) compare(who string, p access.Principal, workspace string, had func(access.Permission, string) bool,
	told func(access.Permission) bool) {
	m.t.Helper()
	for _, perm := range access.BuiltIn().Permissions() {
		ids := []string{"yet to come"}
		for _, x := range m.old.resources {
			if x.workspace == workspace && x.typ == perm.Type() {
				ids = append(ids, x.id)
			}
		}
		for _, id := range ids {
			resource := access.Resource{Organization: m.org, Workspace: workspace, Type: perm.Type(), ID: id}
			before, after := had(perm, id), access.Decide(access.BuiltIn(), p, perm, resource).Allowed
			switch {
			case after && !before:
				m.t.Fatalf("%s in %s: %s on %s is more than before", who, workspace, perm, id)
			case before && !after && !told(perm):
				m.t.Fatalf("%s in %s: %s on %s is less than before, and nothing tells", who, workspace, perm, id)
			case before && !after:
				m.seen["less, as told"]++
			case before:
				m.seen["kept"]++
			default:
				m.seen["never had"]++
			}
		}
	}
}

// untold is told where nothing may be lost.
func untold(access.Permission) bool { return false }

// toldOf is told by the preview.
func (m migrated) toldOf(ref, workspace string) func(access.Permission) bool {
	return func(perm access.Permission) bool { return m.lost[ref+" "+workspace+" "+string(perm)] }
}

// memberKeeps is what a member is to have: what they had, but nothing after starting fresh.
func (m migrated) memberKeeps(old oldMember, workspace string, perm access.Permission, resource string) bool {
	return (old.admin || !m.fresh) && m.old.memberHad(old, workspace, perm, resource)
}

func (m migrated) checkMembers() {
	for _, old := range m.old.members {
		s, err := m.policies.Subject(m.t.Context(), m.org, m.local[old.id])
		m.must(err)
		p := s.Principal
		for _, w := range m.old.workspaces {
			if p.IsIn(w) != m.old.memberIn(old, w) {
				m.t.Fatalf("%s is in %s: %v, and was: %v", old.id, w, p.IsIn(w), m.old.memberIn(old, w))
			}
			told := m.toldOf(old.id, w)
			if old.admin {
				told = untold
			}
			m.compare(old.id, p, w, func(perm access.Permission, id string) bool { return m.memberKeeps(old, w, perm, id) }, told)
		}
		if p.IsIn(m.main) != old.admin {
			m.t.Fatalf("%s is in the workspace that was here: %v", old.id, p.IsIn(m.main))
		}
	}
}

func (m migrated) checkPersonal() {
	for _, old := range m.old.personal {
		owner := m.old.member(old.owner)
		v, err := m.verify.Verify(m.t.Context(), secretOf(old.id))
		if good := owner.active && !old.expired && m.old.memberIn(owner, old.workspace); (err == nil) != good {
			m.t.Fatalf("%s of %+v: %v, want good %v", old.id, owner, err, good)
		}
		if err != nil {
			m.seen["token refused"]++
			continue
		}
		had := func(perm access.Permission, id string) bool {
			reads := perm.Action() != "edit" && perm.Action() != "connect" && perm.Action() != "create_delete"
			return (reads || old.scope != "read_only") && m.memberKeeps(owner, old.workspace, perm, id)
		}
		told := m.toldOf(owner.id, old.workspace)
		if owner.admin {
			told = untold
		}
		for _, w := range m.old.workspaces {
			if w == old.workspace {
				m.compare(old.id, v.Principal(), w, had, told)
			} else {
				m.compare(old.id, v.Principal(), w, func(access.Permission, string) bool { return false }, untold)
			}
		}
		administers := access.Decide(access.BuiltIn(), v.Principal(), access.ManageMembers, access.Resource{Organization: m.org}).Allowed
		if administers != (owner.admin && old.scope == "admin") {
			m.t.Fatalf("%s of %+v administers: %v", old.id, owner, administers)
		}
	}
}

func (m migrated) checkService() {
	for _, old := range m.old.service {
		v, err := m.verify.Verify(m.t.Context(), secretOf(old.id))
		m.must(err)
		for _, w := range m.old.workspaces {
			had := func(perm access.Permission, id string) bool {
				return w == old.workspace && m.old.had(old.id, old.role, w, perm, id)
			}
			m.compare(old.id, v.Principal(), w, had, m.toldOf(old.id, w))
		}
		if scim := access.Decide(access.BuiltIn(), v.Principal(), access.UseSCIM,
			access.Resource{Organization: m.org}).Allowed; scim != (old.workspace == "") {
			m.t.Fatalf("%s provisions: %v", old.id, scim)
		}
	}
}

func TestDeploy_GivesNobodyMoreAndNobodyLessThanItTells(t *testing.T) {
	exports := 4
	if testing.Short() {
		exports = 2
	}
	random := rand.New(rand.NewPCG(20, 26))
	seen := map[string]int{}
	begun := time.Now()
	for n := range exports {
		o := randomSystem(random)
		for _, strategy := range []migration.Strategy{migration.WithPolicies, migration.Fresh} {
			plan := access.PlanEnterprise
			if n%4 == 3 {
				plan = access.PlanGrowth
			}
			m := bring(t, o, plan, strategy)
			m.checkMembers()
			m.checkPersonal()
			m.checkService()
			for what, times := range m.seen {
				seen[what+", "+string(strategy)] += times
			}
		}
	}
	t.Logf("%v in %v", seen, time.Since(begun))
	for _, what := range []string{"kept", "never had", "less, as told", "token refused"} {
		for _, strategy := range []migration.Strategy{migration.WithPolicies, migration.Fresh} {
			if seen[what+", "+string(strategy)] == 0 {
				t.Errorf("the exports never met: %s, %s", what, strategy)
			}
		}
	}
}
