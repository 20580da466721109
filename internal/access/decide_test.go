package access

import (
	"strings"
	"testing"

	"latchkey/internal/fault"
)

const (
	acme       = "acme"
	production = "production"
	staging    = "staging"
)

// member is a Member of Acme with one effective policy in production.
func member(layers ...Layer) Principal {
	return Principal{
		Kind: Member, ID: "m1", Organization: acme, Role: RoleMember,
		In: map[string]*Effective{production: Combine(layers...)},
	}
}

func admin() Principal {
	return Principal{Kind: Member, ID: "boss", Organization: acme, Role: RoleAdmin}
}

// tokenOf is a personal token of owner in production.
func tokenOf(owner Principal, scope Scope) Principal {
	return Principal{
		Kind: PersonalToken, ID: "pat-" + owner.ID, Owner: owner.ID, Organization: owner.Organization,
		Role: owner.Role, Scope: scope, Workspace: production, In: owner.In,
	}
}

func workspaceToken(layers ...Layer) Principal {
	return Principal{
		Kind: WorkspaceToken, ID: "sat1", Organization: acme, Workspace: production,
		In: map[string]*Effective{production: Combine(layers...)},
	}
}

func organizationToken() Principal {
	return Principal{Kind: OrganizationToken, ID: "oat1", Organization: acme}
}

func baseline(p Policy) Layer { return Layer{Kind: LayerBaseline, Policy: p} }

// in is a resource of Acme's production workspace.
func in(typ, id string) Resource {
	return Resource{Organization: acme, Workspace: production, Type: typ, ID: id}
}

func perms(names ...string) Policy {
	p := Policy{}
	for _, name := range names {
		p[Permission(name)] = Everywhere()
	}
	return p
}

func expect(t *testing.T, name string, d Decision, want bool) {
	t.Helper()
	if d.Allowed != want {
		t.Errorf("%s: allowed = %v, want %v (%s)", name, d.Allowed, want, d.Reason.Text())
	}
}

func expectReason(t *testing.T, name string, d Decision, hide bool, code ReasonCode) {
	t.Helper()
	if d.Allowed || d.Hide != hide || d.Reason.Code != code {
		t.Errorf("%s: %+v, want a refusal with hide %v and code %v", name, d, hide, code)
	}
}

func TestDecide_WorkedExampleOfTheBaseline(t *testing.T) {
	c := BuiltIn()
	p := member(baseline(Policy{
		"source:edit":         Only("S1", "S2"),
		"destination:edit":    Only("D1", "D2"),
		"source:connect":      Everywhere(),
		"destination:connect": Everywhere(),
		"source:live_events":  Only("S1"),
	}))
	sources, destinations := []string{"S1", "S2", "S3"}, []string{"D1", "D2", "D3"}
	for i, id := range sources {
		expect(t, "edit "+id, Decide(c, p, "source:edit", in("source", id)), i < 2)
		expect(t, "live events "+id, Decide(c, p, "source:live_events", in("source", id)), i == 0)
		expect(t, "view "+id, Decide(c, p, ViewWorkspace, in("source", id)), true)
	}
	for i, id := range destinations {
		expect(t, "edit "+id, Decide(c, p, "destination:edit", in("destination", id)), i < 2)
		expect(t, "live events "+id, Decide(c, p, "destination:live_events", in("destination", id)), false)
		expect(t, "failure samples "+id, Decide(c, p, "destination:failure_samples", in("destination", id)), false)
	}
	for i, s := range sources {
		for j, d := range destinations {
			from, to := in("source", s), in("destination", d)
			want := i < 2 && j < 2
			expect(t, "connect "+s+"-"+d, DecideConnection(c, p, from, to), want)
			expect(t, "connect "+d+"-"+s, DecideConnection(c, p, to, from), want)
		}
	}
}

func TestDecide_PersonalTokenOfEditorWithTransformations(t *testing.T) {
	c := BuiltIn()
	owner := editor(c)
	for perm, reach := range perms("transformation:edit", "transformation:create_delete",
		"transformation_library:edit", "source:live_events", "destination:failure_samples") {
		owner[perm] = reach
	}
	m := member(baseline(nil), Layer{Kind: LayerMember, Policy: owner})
	readOnly, readWrite := tokenOf(m, ScopeReadOnly), tokenOf(m, ScopeReadWrite)

	expect(t, "read-only views", Decide(c, readOnly, ViewWorkspace, in("source", "S1")), true)
	for _, perm := range c.Permissions() {
		r := in(perm.Type(), "x")
		privacy := perm == "source:live_events" || perm == "destination:failure_samples"
		expect(t, "read-only "+string(perm), Decide(c, readOnly, perm, r), privacy)

		want := privacy
		switch perm.Action() {
		case "edit", "connect":
			want = true
		case "create_delete":
			want = perm.Type() == "transformation" // libraries: their edit covers it
		}
		expect(t, "read-write "+string(perm), Decide(c, readWrite, perm, r), want)
	}
}

func TestDecide_PersonalTokenOfEditorWithoutTransformations(t *testing.T) {
	c := BuiltIn()
	m := member(baseline(nil), Layer{Kind: LayerMember, Policy: editor(c)})
	readWrite := tokenOf(m, ScopeReadWrite)
	for _, perm := range c.Permissions() {
		want := false
		switch perm.Action() {
		case "edit":
			want = !strings.HasPrefix(perm.Type(), "transformation")
		case "connect":
			want = true
		}
		expect(t, string(perm), Decide(c, readWrite, perm, in(perm.Type(), "x")), want)
	}
}

// editor is the legacy role Connections Editor without transformation edit: Edit and
// Connect on everything except editing transformations and libraries.
func editor(c *Catalogue) Policy {
	p := Policy{}
	for _, perm := range c.Permissions() {
		if a := perm.Action(); a == "edit" || a == "connect" {
			p[perm] = Everywhere()
		}
	}
	delete(p, "transformation:edit")
	delete(p, "transformation_library:edit")
	return p
}

func TestDecide_ReadWriteTokenOfViewerIsViewOnly(t *testing.T) {
	c := BuiltIn()
	p := tokenOf(member(baseline(nil)), ScopeReadWrite)
	expect(t, "view", Decide(c, p, ViewWorkspace, in("", "")), true)
	for _, perm := range c.Permissions() {
		expectReason(t, string(perm), Decide(c, p, perm, in(perm.Type(), "x")), false, Missing)
	}
}

func TestDecide_AdminScopeFollowsTheOwnersRoleOfToday(t *testing.T) {
	c := BuiltIn()
	org := Resource{Organization: acme}
	asAdmin := tokenOf(admin(), ScopeAdmin)
	asMember := tokenOf(member(baseline(perms("source:edit"))), ScopeAdmin)
	for _, perm := range SystemActs() {
		if systemAct(perm) != actOrganization {
			continue
		}
		closed := perm == ReadAuditLog || perm == UseSCIM
		expect(t, "owner Admin "+string(perm), Decide(c, asAdmin, perm, org), !closed)
		expect(t, "owner Member "+string(perm), Decide(c, asMember, perm, org), false)
		expect(t, "Read-Write of Admin "+string(perm), Decide(c, tokenOf(admin(), ScopeReadWrite), perm, org), false)
		if closed {
			expectReason(t, string(perm), Decide(c, asAdmin, perm, org), false, WrongTokenLevel)
		}
	}
	expect(t, "as read-write: edit", Decide(c, asMember, "source:edit", in("source", "S1")), true)
	expect(t, "as read-write: no more", Decide(c, asMember, "source:connect", in("source", "S1")), false)
	expect(t, "policy of another workspace", Decide(c, asAdmin, ManagePolicies,
		Resource{Organization: acme, Workspace: staging}), true)
	expectReason(t, "resource of another workspace", Decide(c, asAdmin, "source:edit",
		Resource{Organization: acme, Workspace: staging, Type: "source"}), true, NotInWorkspace)
}

func TestDecide_TokenOfAnOwnerWhoLeftTheWorkspaceIsUseless(t *testing.T) {
	c := BuiltIn()
	left := member()
	left.In = map[string]*Effective{staging: Combine(baseline(c.Everything()))}
	for _, scope := range []Scope{ScopeReadOnly, ScopeReadWrite, ScopeAdmin} {
		p := tokenOf(left, scope)
		for _, workspace := range []string{production, staging} {
			r := Resource{Organization: acme, Workspace: workspace, Type: "source", ID: "S1"}
			expectReason(t, "edit", Decide(c, p, "source:edit", r), true, NotInWorkspace)
			expectReason(t, "view", Decide(c, p, ViewWorkspace, r), true, NotInWorkspace)
			expectReason(t, "manage", Decide(c, p, ManagePolicies, r), true, NotInWorkspace)
		}
		expectReason(t, "organization", Decide(c, p, ManageMembers, Resource{Organization: acme}), true, NotInWorkspace)
		if got := EffectivePolicy(c, p, production); len(got) != 0 {
			t.Errorf("effective policy %v, want none", got)
		}
	}
}

func TestDecide_WorkspaceTokenHasItsPolicyAndTheBaseline(t *testing.T) {
	c := BuiltIn()
	p := workspaceToken(
		baseline(perms("source:edit")),
		Layer{Kind: LayerToken, Policy: perms("destination:edit")},
	)
	expect(t, "own policy", Decide(c, p, "destination:edit", in("destination", "D1")), true)
	expect(t, "baseline", Decide(c, p, "source:edit", in("source", "S1")), true)
	expect(t, "view", Decide(c, p, ViewWorkspace, in("source", "S1")), true)
	expectReason(t, "more", Decide(c, p, "table:edit", in("table", "T1")), false, Missing)
	p.In = nil
	expect(t, "view without any policy", Decide(c, p, ViewWorkspace, in("source", "S1")), true)
	expectReason(t, "edit without any policy", Decide(c, p, "source:edit", in("source", "S1")), false, Missing)
}

func TestDecide_ServiceTokensHaveNoRole(t *testing.T) {
	c := BuiltIn()
	for _, p := range []Principal{workspaceToken(baseline(nil)), organizationToken()} {
		p.Role, p.Scope = RoleAdmin, ScopeAdmin
		expect(t, p.Kind.String()+" edits", Decide(c, p, "source:edit", in("source", "S1")), false)
		expect(t, p.Kind.String()+" manages", Decide(c, p, ManageMembers, Resource{Organization: acme}), false)
		if got := EffectivePolicy(c, p, production); len(got) != 0 {
			t.Errorf("%s: effective policy %v", p.Kind, got)
		}
	}
}

func TestDecide_WorkspaceTokenIsClosedToTheOrganization(t *testing.T) {
	c := BuiltIn()
	p := workspaceToken(baseline(c.Everything()))
	for _, perm := range SystemActs() {
		if systemAct(perm) != actOrganization {
			continue
		}
		d := Decide(c, p, perm, Resource{Organization: acme})
		expectReason(t, string(perm), d, false, WrongTokenLevel)
		if err := d.Err("It"); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("%s: %v, want unauthenticated", perm, err)
		}
	}
	elsewhere := Resource{Organization: acme, Workspace: staging, Type: "source", ID: "S1"}
	expectReason(t, "other workspace", Decide(c, p, "source:edit", elsewhere), true, NotInWorkspace)
	expectReason(t, "other workspace's policies", Decide(c, p, ManagePolicies, elsewhere), true, NotInWorkspace)
}

func TestDecide_OrganizationTokenIsGoodForExactlyThreeThings(t *testing.T) {
	c := BuiltIn()
	p := organizationToken()
	p.In = map[string]*Effective{production: Combine(baseline(c.Everything()))} // must not matter
	for _, perm := range append(SystemActs(), c.Permissions()...) {
		want := perm == UseSCIM || perm == ReadAuditLog || perm == ReadUsage
		for _, workspace := range []string{"", production} {
			r := Resource{Organization: acme, Workspace: workspace}
			expect(t, string(perm), Decide(c, p, perm, r), want)
		}
	}
	d := Decide(c, p, "source:edit", in("source", "S1"))
	expectReason(t, "in a workspace", d, false, WrongTokenLevel)
	if got := fault.Of(d.Err("It")).Message; got != d.Reason.Text() {
		t.Errorf("message %q", got)
	}
}

func TestDecide_NobodyMayDoNothing(t *testing.T) {
	c := BuiltIn()
	nobodies := map[string]Principal{
		"zero":            {},
		"no kind":         {ID: "m1", Organization: acme, Role: RoleAdmin},
		"kind from later": {Kind: OrganizationToken + 1, Organization: acme, Role: RoleAdmin},
		"no organization": {Kind: Member, ID: "m1", Role: RoleAdmin},
		"no scope":        tokenOf(admin(), ""),
		"unknown scope":   tokenOf(admin(), "owner"),
		"no workspace":    {Kind: WorkspaceToken, ID: "sat1", Organization: acme},
	}
	for name, p := range nobodies {
		for _, perm := range append(SystemActs(), c.Permissions()...) {
			for _, r := range []Resource{{}, in("", ""), {Organization: acme, Owner: "m1"}} {
				expectReason(t, name+" "+string(perm), Decide(c, p, perm, r), true, NoPrincipal)
			}
		}
	}
}

func TestDecide_AnotherOrganizationIsHiddenFromEverybody(t *testing.T) {
	c := BuiltIn()
	full := baseline(c.Everything())
	for _, p := range []Principal{
		admin(), member(full), tokenOf(admin(), ScopeAdmin), workspaceToken(full), organizationToken(),
	} {
		for _, perm := range append(SystemActs(), c.Permissions()...) {
			r := Resource{Organization: "rival", Workspace: production, Owner: p.ID}
			expectReason(t, p.Kind.String()+" "+string(perm), Decide(c, p, perm, r), true, OtherOrganization)
			r.Organization = ""
			expectReason(t, p.Kind.String()+" "+string(perm), Decide(c, p, perm, r), true, OtherOrganization)
		}
	}
}

func TestDecide_MemberSeesOnlyWorkspacesThatTheyAreIn(t *testing.T) {
	c := BuiltIn()
	p := member(baseline(nil))
	there := Resource{Organization: acme, Workspace: staging, Type: "source", ID: "S1"}
	for _, perm := range append(c.Permissions(), ViewWorkspace, ManagePolicies, ReadAuditLog, "no:thing") {
		there.Type = perm.Type()
		expectReason(t, string(perm), Decide(c, p, perm, there), true, NotInWorkspace)
	}
	expect(t, "own workspace", Decide(c, p, ViewWorkspace, in("source", "S1")), true)
	expectReason(t, "lacks permission", Decide(c, p, "source:edit", in("source", "S1")), false, Missing)
	expectReason(t, "unknown permission", Decide(c, p, "no:thing", in("", "")), false, UnknownPermission)
	expect(t, "Admin is in all", Decide(c, admin(), ViewWorkspace, there), true)
}

func TestDecide_BeingInAWorkspaceShowsNothingThatAdminsManage(t *testing.T) {
	c := BuiltIn()
	for _, typ := range []string{"member", "policy", "group", "service_access_token", "audit_log", "personal_access_token"} {
		expectReason(t, typ, Decide(c, member(baseline(nil)), ViewWorkspace, in(typ, "x")), false, WrongType)
	}
	for _, typ := range []string{"", "workspace", "source", "connection"} {
		expect(t, typ, Decide(c, member(baseline(nil)), ViewWorkspace, in(typ, "x")), true)
	}
}

func TestDecide_AdminMayNotUseUnknownPermissions(t *testing.T) {
	c := BuiltIn()
	for _, perm := range []Permission{"", ":", "source", "source:", ":edit", "source:edit ", "Source:edit",
		"invoice:refund", "data_catalog:connect"} {
		expectReason(t, string(perm), Decide(c, admin(), perm, in("", "")), false, UnknownPermission)
		expect(t, "without catalogue", Decide(nil, admin(), perm, in("", "")), false)
	}
}

func TestDecide_PermissionMustBeOfTheResourcesType(t *testing.T) {
	c := BuiltIn()
	p := member(baseline(perms("source:edit")))
	expectReason(t, "edit a destination with source:edit", Decide(c, p, "source:edit", in("destination", "D1")), false, WrongType)
	expectReason(t, "Admin", Decide(c, admin(), "source:edit", in("destination", "D1")), false, WrongType)
	expect(t, "no type given", Decide(c, p, "source:edit", in("", "S1")), true)
	expectReason(t, "no workspace given", Decide(c, admin(), "source:edit", Resource{Organization: acme}), false, NoWorkspace)
}

func TestDecide_LimitedPermissionSaysThatItIsLimited(t *testing.T) {
	c := BuiltIn()
	p := member(baseline(Policy{"source:edit": AllBut("S3")}))
	expect(t, "future resource", Decide(c, p, "source:edit", in("source", "never seen")), true)
	expectReason(t, "exception", Decide(c, p, "source:edit", in("source", "S3")), false, NotCovered)
	expect(t, "type-wide", Decide(c, p, "source:edit", in("source", "")), true)
	few := member(baseline(Policy{"source:edit": Only("S1")}))
	expectReason(t, "type-wide, limited", Decide(c, few, "source:edit", in("source", "")), false, NotCovered)
}

func TestDecide_LimitWhereNoneMayBeGrantsNothing(t *testing.T) {
	c := BuiltIn()
	p := member(baseline(Policy{"source:connect": Only("S1"), "source:edit": Everywhere()}))
	expectReason(t, "connect", Decide(c, p, "source:connect", in("source", "S1")), false, NotCovered)
	if _, has := EffectivePolicy(c, p, production)["source:connect"]; has {
		t.Error("the effective policy has it")
	}
}

func TestDecide_PersonalTokensAreOnesOwn(t *testing.T) {
	c := BuiltIn()
	own := Resource{Organization: acme, Workspace: staging, Type: "personal_access_token", ID: "t1", Owner: "m1"}
	others := own
	others.Owner = "m2"
	p := member(baseline(c.Everything()))
	expect(t, "own, of a workspace that one has left", Decide(c, p, ManagePersonalToken, own), true)
	expectReason(t, "somebody else's", Decide(c, p, ManagePersonalToken, others), true, NotOwner)
	expect(t, "Admin", Decide(c, admin(), ManagePersonalToken, others), true)
	nameless := p
	nameless.ID = ""
	expectReason(t, "no ids", Decide(c, nameless, ManagePersonalToken, Resource{Organization: acme}), true, NotOwner)
	for _, token := range []Principal{
		tokenOf(p, ScopeAdmin), tokenOf(admin(), ScopeAdmin), workspaceToken(baseline(c.Everything())), organizationToken(),
	} {
		expect(t, token.Kind.String(), Decide(c, token, ManagePersonalToken, own), false)
		expect(t, token.Kind.String(), Decide(c, token, ManagePersonalToken, others), false)
	}
}

func TestDecide_NobodyMakesPersonalTokensForSomebodyElse(t *testing.T) {
	c := BuiltIn()
	create := func(p Principal, owner, workspace string) Decision {
		return Decide(c, p, CreatePersonalToken, Resource{Organization: acme, Workspace: workspace, Owner: owner})
	}
	p := member(baseline(nil))
	expect(t, "own", create(p, "m1", production), true)
	expectReason(t, "own, elsewhere", create(p, "m1", staging), true, NotInWorkspace)
	expectReason(t, "own, nowhere", create(p, "m1", ""), false, NoWorkspace)
	expectReason(t, "another's", create(p, "m2", production), false, NotOwner)
	expect(t, "Admin's own, anywhere", create(admin(), "boss", staging), true)
	expectReason(t, "by an Admin for a member", create(admin(), "m1", production), false, NotOwner)
	expectReason(t, "by a token", create(tokenOf(admin(), ScopeAdmin), "boss", production), false, NotForTokens)
}

func TestDecide_MembersDoNotAdministerAndAdminsDo(t *testing.T) {
	c := BuiltIn()
	for _, perm := range SystemActs() {
		if systemAct(perm) != actOrganization {
			continue
		}
		r := Resource{Organization: acme, Workspace: production}
		expect(t, "member "+string(perm), Decide(c, member(baseline(c.Everything())), perm, r), false)
		expect(t, "Admin "+string(perm), Decide(c, admin(), perm, r), perm != UseSCIM)
	}
}

func TestDecide_NamesTheLayerThatGives(t *testing.T) {
	c := BuiltIn()
	p := member(
		baseline(Policy{"source:edit": Only("S1")}),
		Layer{Kind: LayerGroup, ID: "g1", Name: "Analysts", Policy: Policy{"source:edit": Only("S2")}},
		Layer{Kind: LayerMember, Policy: perms("table:edit")},
	)
	first := member(baseline(perms("table:edit")), Layer{Kind: LayerMember, Policy: perms("table:edit")})
	if got := Decide(c, first, "table:edit", in("table", "T1")).Reason.Layer; got != LayerBaseline {
		t.Errorf("of two layers %s is named, want the first", got)
	}
	cases := map[string]Decision{
		"Baseline Workspace Policy": Decide(c, p, "source:edit", in("source", "S1")),
		"group Analysts":            Decide(c, p, "source:edit", in("source", "S2")),
		"Member Workspace Policy":   Decide(c, p, "table:edit", in("table", "T1")),
		"organization role Admin":   Decide(c, admin(), "table:edit", in("table", "T1")),
	}
	for want, d := range cases {
		if got := d.Reason.Source(); got != want || !strings.Contains(d.Reason.Text(), want) {
			t.Errorf("source %q in %q, want %q", got, d.Reason.Text(), want)
		}
	}
}

func TestDecideConnection_NeedsBothPermissionsOnBothEnds(t *testing.T) {
	c := BuiltIn()
	needed := []Permission{"source:edit", "source:connect", "transformation:edit", "transformation:connect"}
	all := Policy{}
	for _, perm := range needed {
		all[perm] = Everywhere()
	}
	from, to := in("source", "S1"), in("transformation", "X1")
	expect(t, "all four", DecideConnection(c, member(baseline(all)), from, to), true)
	for _, missing := range needed {
		p := all.Clone()
		delete(p, missing)
		d := DecideConnection(c, member(baseline(p)), from, to)
		expectReason(t, "without "+string(missing), d, false, Missing)
		if d.Reason.Permission != missing {
			t.Errorf("names %s, want %s", d.Reason.Permission, missing)
		}
	}
	expect(t, "a type without Connect", DecideConnection(c, admin(), from, in("data_catalog", "x")), false)
	expect(t, "no types", DecideConnection(c, admin(), in("", "a"), in("", "b")), false)
}

func TestDecideConnection_EndsAreInOneWorkspace(t *testing.T) {
	c := BuiltIn()
	there := Resource{Organization: acme, Workspace: staging, Type: "destination", ID: "D1"}
	expectReason(t, "Admin", DecideConnection(c, admin(), in("source", "S1"), there), false, DifferentWorkspaces)
	// The end that one may not know of decides, even when the other is refused first.
	expectReason(t, "member", DecideConnection(c, member(baseline(nil)), in("source", "S1"), there), true, NotInWorkspace)
}

func TestDecideAll_NeedsEveryPermissionAndAtLeastOne(t *testing.T) {
	c := BuiltIn()
	p := member(baseline(perms("source:edit")))
	r := in("source", "S1")
	expect(t, "one", DecideAll(c, p, []Permission{"source:edit", ViewWorkspace}, r), true)
	expectReason(t, "two", DecideAll(c, p, []Permission{"source:edit", "source:connect"}, r), false, Missing)
	expectReason(t, "none", DecideAll(c, admin(), nil, r), false, Unasked)
	expectReason(t, "no decisions", AllOf(), false, Unasked)
	yes, no, hidden := Decision{Allowed: true}, Decision{}, Decision{Hide: true}
	if got := AllOf(yes, no, hidden, yes); got != hidden {
		t.Errorf("AllOf = %+v, want the hidden one", got)
	}
}

func TestDecisionErr_SpeaksInFaultKinds(t *testing.T) {
	c := BuiltIn()
	p := member(baseline(nil))
	if err := Decide(c, p, ViewWorkspace, in("", "")).Err("It"); err != nil {
		t.Errorf("allowed: %v", err)
	}
	hidden := Decide(c, p, ViewWorkspace, Resource{Organization: "rival"}).Err("That workspace")
	if !fault.Is(hidden, fault.NotFound) || fault.Of(hidden).Message != "That workspace was not found." {
		t.Errorf("hidden: %v", hidden)
	}
	denied := Decide(c, p, "source:edit", in("source", "S1")).Err("It")
	if !fault.Is(denied, fault.Denied) || !strings.Contains(fault.Of(denied).Message, "source:edit") {
		t.Errorf("denied: %v", denied)
	}
	if !fault.Is(Decision{}.Err("It"), fault.Denied) {
		t.Error("the zero decision must refuse")
	}
}

func TestReasonText_NeverRepeatsWhatIsNoPermission(t *testing.T) {
	evil := Permission("<script>\r\nX: y")
	text := Decide(BuiltIn(), admin(), evil, in("", "")).Reason.Text()
	if strings.ContainsAny(text, "<\r\n") {
		t.Errorf("text %q", text)
	}
}

func TestReasonText_HasASentenceForEveryCode(t *testing.T) {
	seen := map[string]ReasonCode{}
	for code := ByRole; code <= NotForTokens; code++ {
		r := Reason{Code: code, Permission: "source:edit", Scope: ScopeReadOnly, Layer: LayerBaseline}
		text := r.Text()
		if !strings.HasSuffix(text, ".") || strings.Contains(text, "nothing was asked") || code.String() == "unasked" {
			t.Errorf("code %d (%v): %q", code, code, text)
		}
		if other, dup := seen[code.String()]; dup {
			t.Errorf("codes %d and %d have one name", other, code)
		}
		seen[code.String()] = code
	}
	if got := (NotForTokens + 1).String(); got != "unasked" {
		t.Errorf("code from later: %q", got)
	}
}

func TestReason_AMissingPermissionNamesThePoliciesThatCouldGrantIt(t *testing.T) {
	for kind, want := range map[Kind]string{
		Member:         "no policy in this workspace grants it.",
		PersonalToken:  "no policy of the token's owner in this workspace grants it.",
		WorkspaceToken: "neither this service access token's own policy nor the workspace's baseline grants it.",
	} {
		text := Reason{Code: Missing, Permission: "source:edit", Kind: kind}.Text()
		if want = "Not allowed: the permission source:edit is missing: " + want; text != want {
			t.Errorf("%v: %q, want %q", kind, text, want)
		}
	}
}
