package legacy_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/legacy"
)

// power is what the legacy system allowed, written down without a look at the rules: the
// oracle of the tests below.
type power struct {
	grant   legacy.Grant
	token   bool
	id      string
	privacy legacy.Subjects
	locks   map[string]legacy.Subjects // by resource
}

func (p power) named(s legacy.Subjects) bool {
	list := s.Members
	if p.token {
		list = s.Tokens
	}
	for _, id := range list {
		if id == p.id {
			return true
		}
	}
	return false
}

// may says whether the subject had a permission on a resource.
func (p power) may(perm access.Permission, resource string) bool {
	typ, action := perm.Type(), perm.Action()
	scripts := typ == "transformation" || typ == "transformation_library"
	switch action {
	case "live_events", "failure_samples", "data_access", "violations":
		return p.named(p.privacy) && (typ == "source" || typ == "destination" || typ == "transformation")
	}
	var role bool
	switch p.grant.Role {
	case legacy.ReadOnly:
		return false
	case legacy.ReadWrite:
		role = true
	case legacy.ConnectionsViewer:
		role = scripts && p.grant.EditAccess && action != "connect"
	case legacy.ConnectionsEditor:
		role = action == "connect" || action == "edit" && !scripts || scripts && p.grant.EditAccess
	case legacy.ConnectionsAdmin:
		role = !scripts || action == "connect" || p.grant.EditAccess
	}
	lock, locked := p.locks[resource]
	return role && (action != "edit" || !locked || p.named(lock))
}

// decides says what the new system allows the holder of a policy, a baseline that is view
// only beside it.
func decides(kind access.Kind, scope access.Scope, role access.Role, policy access.Policy) func(access.Permission, string) bool {
	p := access.Principal{Kind: kind, ID: "id", Owner: "m", Organization: "org", Workspace: "w", Role: role, Scope: scope,
		In: map[string]*access.Effective{"w": access.Combine(access.Layer{Kind: access.LayerMember, Policy: policy})}}
	catalogue := access.BuiltIn()
	return func(perm access.Permission, resource string) bool {
		return access.Decide(catalogue, p, perm, access.Resource{Organization: "org", Workspace: "w", Type: perm.Type(), ID: resource}).Allowed
	}
}

// less reports whether a note says that the permission got less.
func less(notes []legacy.Note, perm access.Permission) bool {
	for _, n := range notes {
		for _, p := range n.Permissions {
			if n.Effect == legacy.Less && p == perm {
				return true
			}
		}
	}
	return false
}

// resourcesOf are those of a type in the tests: two that may be locked and one to come.
func resourcesOf(typ string) []string { return []string{typ + "-1", typ + "-2", typ + "-future"} }

func TestRules_NeverGiveMoreAndNeverLessThanTheyTell(t *testing.T) {
	random := rand.New(rand.NewPCG(8, 9))
	lessSeen, lockSeen := 0, 0
	for range 400 {
		rules, p := randomPower(random)
		var policy access.Policy
		var notes []legacy.Note
		if p.token {
			policy, notes = rules.Token(legacy.ServiceToken{ID: p.id, Grant: p.grant})
		} else {
			policy, notes = rules.Member(p.id, p.grant)
		}
		if problems := access.BuiltIn().Check(policy); problems != nil {
			t.Fatalf("%+v: the policy is not valid: %v", p, problems)
		}
		kind := access.Member
		if p.token {
			kind = access.WorkspaceToken
		}
		may := decides(kind, "", access.RoleMember, policy)
		for _, perm := range access.BuiltIn().Permissions() {
			for _, resource := range resourcesOf(perm.Type()) {
				before, after := p.may(perm, resource), may(perm, resource)
				switch {
				case after && !before:
					t.Fatalf("%+v: %s on %s is more than before", p, perm, resource)
				case before && !after && !less(notes, perm):
					t.Fatalf("%+v: %s on %s is less than before, and no note tells", p, perm, resource)
				case before && !after:
					lessSeen++
				case !before && p.locks[resource].Members != nil:
					lockSeen++
				}
			}
		}
	}
	if lessSeen == 0 || lockSeen == 0 {
		t.Errorf("the cases never met a loss (%d) or a lock (%d)", lessSeen, lockSeen)
	}
}

// randomPower makes a workspace with locks and somebody in it.
func randomPower(random *rand.Rand) (*legacy.Rules, power) {
	some := func() legacy.Subjects {
		s := legacy.Subjects{Members: []string{"other"}, Tokens: []string{"other"}}
		if random.IntN(2) == 0 {
			s.Members = append(s.Members, "x")
		}
		if random.IntN(2) == 0 {
			s.Tokens = append(s.Tokens, "x")
		}
		return s
	}
	p := power{id: "x", token: random.IntN(2) == 0, locks: map[string]legacy.Subjects{}, privacy: some(),
		grant: legacy.Grant{Workspace: "w", Role: legacy.Roles()[random.IntN(5)], EditAccess: random.IntN(2) == 0}}
	rules := legacy.NewRules()
	rules.AddWorkspace(legacy.Workspace{ID: "w", Privacy: p.privacy})
	for _, row := range access.BuiltIn().Types(access.SectionResources) {
		for _, id := range resourcesOf(row.Type)[:2] {
			x := legacy.Resource{ID: id, Workspace: "w", Type: row.Type}
			if random.IntN(3) == 0 {
				lock := some()
				x.Lock, p.locks[id] = &lock, lock
			}
			rules.AddResource(x, id)
		}
	}
	return rules, p
}

func TestRules_MirrorEveryRoleOfTheTable(t *testing.T) {
	const scripts, everything = "transformation transformation_library", "source destination table tracking_plan audience sql_model profile"
	toggles := "data_catalog alert_override bot_management credential_store warehouse_sync"
	for _, tt := range []struct {
		role       legacy.Role
		editAccess bool
		has, lacks map[string]string // types by action
	}{
		{legacy.ConnectionsAdmin, false, map[string]string{"edit": everything + " " + toggles, "connect": everything +
			" transformation", "create_delete": everything},
			map[string]string{"edit": scripts, "create_delete": "transformation"}},
		{legacy.ConnectionsAdmin, true, map[string]string{"edit": everything + " " + scripts, "connect": everything +
			" transformation", "create_delete": everything + " transformation"}, nil},
		{legacy.ConnectionsEditor, false, map[string]string{"edit": everything + " " + toggles, "connect": everything + " transformation"},
			map[string]string{"edit": scripts, "create_delete": everything + " transformation"}},
		{legacy.ConnectionsEditor, true, map[string]string{"edit": everything + " " + scripts, "connect": everything +
			" transformation", "create_delete": "transformation"},
			map[string]string{"create_delete": everything}},
		{legacy.ConnectionsViewer, false, nil, map[string]string{"edit": everything + " " + scripts + " " + toggles,
			"connect": everything, "create_delete": everything}},
		{legacy.ConnectionsViewer, true, map[string]string{"edit": scripts, "create_delete": "transformation"},
			map[string]string{"edit": everything, "connect": "transformation"}},
		{legacy.ReadOnly, true, nil, map[string]string{"edit": everything + " " + scripts + " " + toggles,
			"connect": everything, "create_delete": everything}},
		{legacy.ReadWrite, false, map[string]string{"edit": everything + " " + scripts + " " + toggles,
			"connect": everything + " transformation", "create_delete": everything + " transformation"}, nil},
	} {
		t.Run(fmt.Sprint(tt.role, tt.editAccess), func(t *testing.T) {
			rules := legacy.NewRules()
			rules.AddWorkspace(legacy.Workspace{ID: "w"})
			policy, notes := rules.Member("m", legacy.Grant{Workspace: "w", Role: tt.role, EditAccess: tt.editAccess})
			check := func(types map[string]string, want bool) {
				for action, list := range types {
					for _, typ := range strings.Fields(list) {
						perm := access.NewPermission(typ, action)
						if policy[perm].Unlimited() != want || policy[perm].Empty() == want {
							t.Errorf("%s: %+v, want given %v", perm, policy[perm], want)
						}
					}
				}
			}
			check(tt.has, true)
			check(tt.lacks, false)
			for _, perm := range policy.Permissions() {
				if access.BuiltIn().SectionOf(perm) == access.SectionPII {
					t.Errorf("%s is given to somebody who is on no privacy list", perm)
				}
			}
			if notes != nil {
				t.Errorf("notes %+v where nothing is to say", notes)
			}
		})
	}
}

func TestRules_ALockLimitsEditingToTheAllowed(t *testing.T) {
	rules := legacy.NewRules()
	rules.AddWorkspace(legacy.Workspace{ID: "w"})
	lock := func(members, tokens string) *legacy.Subjects {
		return &legacy.Subjects{Members: strings.Fields(members), Tokens: strings.Fields(tokens)}
	}
	rules.AddResource(legacy.Resource{ID: "s1", Workspace: "w", Type: "source", Lock: lock("ann", "etl")}, "s1")
	rules.AddResource(legacy.Resource{ID: "s2", Workspace: "w", Type: "source", Lock: lock("bob", "")}, "renamed")
	rules.AddResource(legacy.Resource{ID: "s3", Workspace: "w", Type: "source"}, "s3")
	grant := legacy.Grant{Workspace: "w", Role: legacy.ConnectionsEditor}
	edit := func(p access.Policy, _ []legacy.Note) access.Reach { return p["source:edit"] }
	for name, got := range map[string]struct{ reach, want access.Reach }{
		"ann":      {edit(rules.Member("ann", grant)), access.AllBut("renamed")},
		"bob":      {edit(rules.Member("bob", grant)), access.AllBut("s1")},
		"cy":       {edit(rules.Member("cy", grant)), access.AllBut("renamed", "s1")},
		"etl":      {edit(rules.Token(legacy.ServiceToken{ID: "etl", Grant: grant})), access.AllBut("renamed")},
		"etl, cys": {edit(rules.Member("etl", grant)), access.AllBut("renamed", "s1")}, // a member of a token's name
	} {
		if !got.reach.Equal(got.want) {
			t.Errorf("%s edits %+v, want %+v", name, got.reach, got.want)
		}
	}
}

func TestRules_SayWhenALockTakesMoreOrKeepsLess(t *testing.T) {
	rules := legacy.NewRules()
	rules.AddWorkspace(legacy.Workspace{ID: "w"})
	for _, typ := range []string{"transformation_library", "source"} {
		rules.AddResource(legacy.Resource{ID: typ, Workspace: "w", Type: typ, Lock: &legacy.Subjects{Members: []string{"ann"}}}, typ)
	}
	grant := legacy.Grant{Workspace: "w", Role: legacy.ConnectionsAdmin, EditAccess: true}
	policy, notes := rules.Member("bob", grant)
	if !policy["transformation_library:edit"].Empty() || !less(notes, "transformation_library:edit") {
		t.Errorf("library %+v, notes %+v; a lock that cannot be mirrored must hold and be told", policy["transformation_library:edit"], notes)
	}
	if !policy["source:create_delete"].Unlimited() || len(notes) != 2 || notes[0].Effect != legacy.Watch {
		t.Errorf("create and delete %+v, notes %+v; want it kept, with a word", policy["source:create_delete"], notes)
	}
	if _, notes := rules.Member("ann", grant); notes != nil {
		t.Errorf("notes %+v for somebody whom the locks allow", notes)
	}
}

func TestRules_APrivacyListGivesPersonalDataOfThreeTypes(t *testing.T) {
	rules := legacy.NewRules()
	rules.AddWorkspace(legacy.Workspace{ID: "w", Privacy: legacy.Subjects{Members: []string{"ann"}, Tokens: []string{"etl"}}})
	viewer := legacy.Grant{Workspace: "w", Role: legacy.ConnectionsViewer}
	want := access.Policy{}
	for _, perm := range []access.Permission{"source:live_events", "destination:live_events",
		"destination:failure_samples", "destination:data_access",
		"transformation:live_events", "transformation:failure_samples"} {
		want[perm] = access.Everywhere()
	}
	for _, tt := range []struct {
		name string
		got  access.Policy
		want access.Policy
	}{
		{"ann", first(rules.Member("ann", viewer)), want},
		{"bob", first(rules.Member("bob", viewer)), access.Policy{}},
		{"etl", first(rules.Token(legacy.ServiceToken{ID: "etl", Grant: viewer})), want},
	} {
		if !tt.got.Equal(tt.want) {
			t.Errorf("%s has %s, want %s", tt.name, tt.got, tt.want)
		}
	}
}

func first(p access.Policy, _ []legacy.Note) access.Policy { return p }

func TestRules_APersonalTokenFollowsItsMigratedOwner(t *testing.T) {
	rules := legacy.NewRules()
	rules.AddWorkspace(legacy.Workspace{ID: "w", Privacy: legacy.Subjects{Members: []string{"with"}}})
	with := first(rules.Member("with", legacy.Grant{Workspace: "w", Role: legacy.ConnectionsEditor, EditAccess: true}))
	without := first(rules.Member("without", legacy.Grant{Workspace: "w", Role: legacy.ConnectionsEditor}))
	viewer := first(rules.Member("viewer", legacy.Grant{Workspace: "w", Role: legacy.ConnectionsViewer}))
	for _, tt := range []struct {
		name       string
		scope      access.Scope
		role       access.Role
		policy     access.Policy
		has, lacks string
	}{
		{"Read-Only of an Editor with edit access", access.ScopeReadOnly, access.RoleMember, with,
			"source:live_events destination:data_access transformation:failure_samples",
			"source:edit source:connect transformation:edit transformation:create_delete transformation_library:edit table:live_events"},
		{"Read-Write of an Editor with edit access", access.ScopeReadWrite, access.RoleMember, with,
			"source:edit destination:connect transformation:edit transformation:connect transformation:create_delete transformation_library:edit source:live_events",
			"source:create_delete destination:create_delete tracking_plan:create_delete"},
		{"Read-Write of an Editor without", access.ScopeReadWrite, access.RoleMember, without,
			"source:edit tracking_plan:edit data_catalog:edit source:connect transformation:connect",
			"transformation:edit transformation_library:edit transformation:create_delete source:create_delete source:live_events"},
		{"Read-Write of a Viewer", access.ScopeReadWrite, access.RoleMember, viewer, "",
			"source:edit source:connect source:create_delete transformation:edit"},
		{"Admin scope of an Admin", access.ScopeAdmin, access.RoleAdmin, nil, "source:create_delete member:manage", "scim:use audit_log:read"},
		{"Admin scope of one who is none", access.ScopeAdmin, access.RoleMember, without, "source:edit", "member:manage source:create_delete"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			may := decides(access.PersonalToken, tt.scope, tt.role, tt.policy)
			p := access.Principal{Kind: access.PersonalToken, Owner: "m", Organization: "org", Workspace: "w", Scope: tt.scope, Role: tt.role}
			check := func(list string, want bool) {
				for _, word := range strings.Fields(list) {
					perm := access.Permission(word)
					got := may(perm, "some")
					if perm.Action() == "manage" || perm.Type() == "scim" || perm.Type() == "audit_log" {
						p.In = map[string]*access.Effective{"w": access.Combine()}
						got = access.Decide(access.BuiltIn(), p, perm, access.Resource{Organization: "org"}).Allowed
					}
					if got != want {
						t.Errorf("%s: %v, want %v", perm, got, want)
					}
				}
			}
			check(tt.has, true)
			check(tt.lacks, false)
		})
	}
}
