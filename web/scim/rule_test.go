package scim_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/store"
	"latchkey/internal/store/storetest"
	"latchkey/internal/token"
	"latchkey/web/scim"
)

func TestTokens_OnlyTheOrganizationsOwnSpeakSCIM(t *testing.T) {
	w := newWorld(t)
	_, workspace := w.token(token.Token{Kind: token.Workspace, Workspace: w.main, Policy: access.BuiltIn().Everything(), Name: "ci"})
	_, personal := w.token(token.Token{Kind: token.Personal, Owner: w.admin.ID, Workspace: w.main, Scope: access.ScopeAdmin, Name: "old"})
	for name, secret := range map[string]string{"none": "", "nonsense": "lkoat_nonsense", "a workspace token": workspace,
		"an Admin's personal token": personal} {
		for _, path := range []string{"/Users", "/Groups", "/Users/" + w.admin.ID, "/Schemas", "/ServiceProviderConfig", "/nowhere", "/Me"} {
			a := w.askAs(secret, "GET", path, "")
			if a.status != 401 || a.header.Get("WWW-Authenticate") == "" || a.text("status") != "401" {
				t.Errorf("%s for %s: %d %s", name, path, a.status, a.raw)
			}
		}
		if a := w.askAs(secret, "POST", "/Users", oktaUser("x@acme.example", "X", "Y", "1")); a.status != 401 {
			t.Errorf("%s may create: %d", name, a.status)
		}
	}
	if n, err := w.store.CountMembers(w.ctx, w.org); err != nil || n != 1 {
		t.Errorf("%d members, %v", n, err)
	}
}

func TestSwitch_OffOrWithoutThePlanNothingIsAnswered(t *testing.T) {
	w := newWorld(t)
	w.must(w.provision.Enable(w.ctx, w.admin.Caller(), false))
	w.problem(403, "", "GET", "/Users", "")
	w.problem(403, "", "POST", "/Users", oktaUser("x@acme.example", "X", "Y", "1"))
	w.problem(403, "", "GET", "/ServiceProviderConfig", "")
	w.must(w.provision.Enable(w.ctx, w.admin.Caller(), true))
	w.want(200, "GET", "/Users", "")
	want := []string{"organization updated", "organization updated", "organization updated"}
	got := slices.DeleteFunc(w.events(w.admin.ID), func(e string) bool { return !strings.HasPrefix(e, "organization updated") })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events of the switch: %s", diff)
	}
	requests, err := w.provision.Requests(w.ctx, w.admin, true, 10)
	w.must(err)
	if len(requests) != 3 || requests[1].Status != 403 || requests[1].Subject != "" || requests[0].TokenName != "identity provider" {
		t.Errorf("recorded: %+v", requests)
	}
	id := w.want(201, "POST", "/Users", oktaUser("member@acme.example", "X", "Y", "1")).text("id")
	member := storetest.SignIn(t, w.store, id)
	if err := w.provision.Enable(w.ctx, member.Caller(), false); err == nil {
		t.Error("a Member may switch provisioning off")
	}
	if _, err := w.provision.Requests(w.ctx, member, false, 1); err == nil {
		t.Error("a Member may see the requests")
	}
}

func TestCreate_LinksAnExistingMemberOnce(t *testing.T) {
	w := newWorld(t)
	a := w.want(201, "POST", "/Users", oktaUser("ada@acme.example", "Ada", "Byron", "77"))
	if a.text("id") != w.admin.ID || w.member(w.admin.ID).Name != "Ada Byron" ||
		w.member(w.admin.ID).Role != access.RoleAdmin || w.member(w.admin.ID).ExternalID != "77" {
		t.Errorf("linked: %s", a.raw)
	}
	w.problem(409, "uniqueness", "POST", "/Users", oktaUser("ADA@acme.example", "Ada", "Byron", "78"))
	if n, err := w.store.CountMembers(w.ctx, w.org); err != nil || n != 1 {
		t.Errorf("%d members, %v", n, err)
	}
}

// TestCreate_LookAlikesAreNobodyElse holds that who can choose an address in the provider cannot
// become another member by letters that only look like theirs.
func TestCreate_LookAlikesAreNobodyElse(t *testing.T) {
	w := newWorld(t)
	kate := w.want(201, "POST", "/Users", oktaUser("kate.i@acme.example", "Kate", "I", "1"))
	for _, address := range []string{"\u212aate.i@acme.example", "kate.\u0130@acme.example"} {
		if a := w.find("/Users", `userName eq "`+address+`"`); a.get("totalResults") != 0.0 {
			t.Errorf("%+q finds %s", address, a.raw)
		}
		w.problem(400, "invalidValue", "POST", "/Users", oktaUser(address, "Eve", "I", "2"))
		w.problem(400, "invalidValue", "PUT", "/Users/"+kate.text("id"), oktaUser(address, "Eve", "I", "2"))
	}
	for _, address := range []string{"k\u0430te.i@acme.example", "\uff4bate.i@acme.example"} {
		if a := w.want(201, "POST", "/Users", oktaUser(address, "Eve", "I", "2")); a.text("id") == kate.text("id") ||
			a.text("userName") != address {
			t.Errorf("%+q is %s", address, a.raw)
		}
	}
	if a := w.find("/Users", `userName eq "KATE.I@ACME.EXAMPLE"`); a.text("Resources.0.id") != kate.text("id") {
		t.Errorf("not found: %s", a.raw)
	}
}

func TestCreate_WithoutANameKeepsTheMembersOwn(t *testing.T) {
	w := newWorld(t)
	w.want(201, "POST", "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ada@acme.example"}`)
	if name := w.member(w.admin.ID).Name; name != "Ada" {
		t.Errorf("renamed to %q", name)
	}
	a := w.want(201, "POST", "/Users",
		`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"new@acme.example","active":false}`)
	if m := w.member(a.text("id")); m.Name != "new@acme.example" || m.Status != account.Deactivated {
		t.Errorf("made %+v", m)
	}
}

func TestCreate_GivesTheBaselineAndNothingElse(t *testing.T) {
	w := newWorld(t)
	id := w.want(201, "POST", "/Users", oktaUser("x@acme.example", "X", "Y", "1")).text("id")
	s, err := w.policies.Subject(w.ctx, w.org, id)
	w.must(err)
	if len(s.Workspaces) != 2 || s.Principal.Role != access.RoleMember {
		t.Errorf("in %d workspaces as %s", len(s.Workspaces), s.Principal.Role)
	}
	if p := access.EffectivePolicy(access.BuiltIn(), s.Principal, w.main); len(p) != 0 {
		t.Errorf("the new member may %v", p)
	}
}

func TestRename_OfTheMembersOwnLastsUntilTheProviderRenames(t *testing.T) {
	w := newWorld(t)
	id := w.want(201, "POST", "/Users", oktaUser("x@acme.example", "X", "Y", "1")).text("id")
	self := storetest.SignIn(t, w.store, id)
	_, err := w.accounts.Members.Rename(w.ctx, self.Caller(), "Xaver")
	w.must(err)
	if a := w.want(200, "PATCH", "/Users/"+id,
		patch(`{"op":"replace","path":"title","value":"Dr"}`)); a.text("displayName") != "Xaver" || w.member(id).Name != "Xaver" {
		t.Errorf("a change of the title renamed: %s", a.raw)
	}
	w.want(200, "PATCH", "/Users/"+id, patch(`{"op":"replace","path":"displayName","value":"Xenia"}`))
	if w.member(id).Name != "Xenia" {
		t.Errorf("not renamed: %q", w.member(id).Name)
	}
}

func TestLastAdmin_CannotBeLockedOut(t *testing.T) {
	w := newWorld(t)
	w.want(201, "POST", "/Users", oktaUser("ada@acme.example", "Ada", "B", "77"))
	for method, body := range map[string]string{
		"PATCH":  patch(`{"op":"replace","path":"active","value":false}`),
		"PUT":    strings.Replace(oktaUser("ada@acme.example", "Eve", "B", "77"), `"active":true`, `"active":false`, 1),
		"DELETE": "",
	} {
		before := w.log(w.satID)
		w.problem(409, "", method, "/Users/"+w.admin.ID, body)
		got := w.log(w.satID)[len(before):]
		if len(got) != 1 || got[0].Action != audit.Refused || got[0].Target.ID != w.admin.ID ||
			!strings.Contains(got[0].After, "last active Admin") {
			t.Errorf("%s: events %+v", method, got)
		}
		if m := w.member(w.admin.ID); m.Status != account.Active || m.Name != "Ada B" {
			t.Errorf("%s: the Admin is %+v", method, m)
		}
	}
	failed, err := w.provision.Requests(w.ctx, w.admin, true, 10)
	w.must(err)
	if len(failed) != 3 || failed[0].Subject != "ada@acme.example" || !strings.Contains(failed[0].Detail, "last active Admin") {
		t.Errorf("recorded: %+v", failed)
	}
	// With a second Admin it is allowed.
	eve := w.want(201, "POST", "/Users", oktaUser("eve@acme.example", "Eve", "C", "78")).text("id")
	_, err = w.accounts.Members.MakeAdmin(w.ctx, w.admin.Caller(), eve)
	w.must(err)
	w.want(200, "PATCH", "/Users/"+w.admin.ID, patch(`{"op":"replace","path":"active","value":false}`))
}

func TestVersion_ChangesWithTheResourceAndGuardsIt(t *testing.T) {
	w := newWorld(t)
	made := w.want(201, "POST", "/Users", oktaUser("x@acme.example", "X", "Y", "1"))
	path, old := "/Users/"+made.text("id"), made.header.Get("ETag")
	if a := w.ask("GET", path, "", "If-None-Match", old); a.status != http.StatusNotModified || a.raw != "" {
		t.Errorf("If-None-Match: %d %s", a.status, a.raw)
	}
	title := patch(`{"op":"replace","path":"title","value":"Dr"}`)
	changed := w.want(200, "PATCH", path, title, "If-Match", old)
	if changed.header.Get("ETag") == old {
		t.Error("the version stayed")
	}
	w.problem(412, "", "PATCH", path, title, "If-Match", old)
	w.problem(412, "", "PUT", path, oktaUser("x@acme.example", "Z", "Y", "1"), "If-Match", old)
	w.problem(412, "", "DELETE", path, "", "If-Match", old)
	if w.member(made.text("id")).Name != "X Y" {
		t.Error("a refused change was made")
	}
	w.want(200, "PATCH", path, title, "If-Match", `"other", `+changed.header.Get("ETag"))
	group := w.want(201, "POST", "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"G"}`)
	add := patch(`{"op":"add","path":"members","value":[{"value":"` + made.text("id") + `"}]}`)
	w.want(204, "PATCH", "/Groups/"+group.text("id"), add, "If-Match", group.header.Get("ETag"))
	w.problem(412, "", "PATCH", "/Groups/"+group.text("id"), add, "If-Match", group.header.Get("ETag"))
	w.want(204, "DELETE", "/Groups/"+group.text("id"), "", "If-Match", "*")
}

func TestGroups_OneOfTheDashboardIsTakenOverByItsFirstChange(t *testing.T) {
	w := newWorld(t)
	g, err := w.accounts.Groups.Create(w.ctx, w.admin.Caller(), account.GroupSettings{Name: "Ops", Description: "On call"}, []string{w.main})
	w.must(err)
	w.problem(409, "uniqueness", "POST", "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"OPS"}`)
	found := w.find("/Groups", `displayName eq "ops"`)
	if found.text("Resources.0.id") != g.ID {
		t.Fatal(found.raw)
	}
	w.want(204, "PATCH", "/Groups/"+g.ID, patch(`{"op":"add","path":"members","value":[{"value":"`+w.admin.ID+`"}]}`))
	got, err := w.store.Group(w.ctx, w.org, g.ID)
	if err != nil || !got.External || got.Description != "On call" || got.Name != "Ops" {
		t.Errorf("after the change: %+v, %v", got, err)
	}
	linked, err := w.store.WorkspacesOfGroups(w.ctx, w.org)
	if err != nil || len(linked[g.ID]) != 1 {
		t.Errorf("its workspaces: %v, %v", linked, err)
	}
}

func TestDelete_TakesTheUserOutOfProvisionedGroups(t *testing.T) {
	w := newWorld(t)
	id := w.want(201, "POST", "/Users", oktaUser("x@acme.example", "X", "Y", "1")).text("id")
	own, err := w.accounts.Groups.Create(w.ctx, w.admin.Caller(), account.GroupSettings{Name: "Own"}, nil)
	w.must(err)
	_, err = w.accounts.Groups.AddMembers(w.ctx, w.admin.Caller(), account.These(id), []string{own.ID})
	w.must(err)
	theirs := w.want(201, "POST", "/Groups",
		`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Theirs","members":[{"value":"`+id+`"}]}`)
	if theirs.text("members.0.value") != id {
		t.Fatal(theirs.raw)
	}
	w.want(204, "DELETE", "/Users/"+id, "")
	counts, err := w.store.CountGroupMembers(w.ctx, w.org)
	if err != nil || counts[theirs.text("id")] != 0 || counts[own.ID] != 1 {
		t.Errorf("members afterwards: %v, %v", counts, err)
	}
}

// TestGroups_OneBadMemberDoesNotLoseThePush holds that a provider that goes on sending somebody who
// was removed here is not stuck, and that it is told of all ids that were never anybody's at once.
func TestGroups_OneBadMemberDoesNotLoseThePush(t *testing.T) {
	w := newWorld(t)
	var ids []string
	for _, name := range []string{"stays", "deleted", "unassigned", "late"} {
		ids = append(ids, w.want(201, "POST", "/Users", oktaUser(name+"@acme.example", name, "X", name)).text("id"))
	}
	stays, deleted, unassigned, late := ids[0], ids[1], ids[2], ids[3]
	_, err := w.accounts.Members.Delete(w.ctx, w.admin.Caller(), account.These(deleted))
	w.must(err)
	w.want(204, "DELETE", "/Users/"+unassigned, "")
	list := func(ids ...string) string { return `[{"value":"` + strings.Join(ids, `"},{"value":"`) + `"}]` }
	group := func(ids ...string) string { return groupStart + `"displayName":"G","members":` + list(ids...) + `}` }
	id := w.want(201, "POST", "/Groups", group(stays, deleted, unassigned)).text("id")
	members := func() string {
		var got []string
		for _, m := range w.want(200, "GET", "/Groups/"+id, "").get("members").([]any) {
			got = append(got, m.(map[string]any)["value"].(string))
		}
		return strings.Join(got, " ")
	}
	if got := members(); got != stays {
		t.Errorf("POST made a group of %s", got)
	}
	add := func(ids ...string) string { return patch(`{"op":"Add","path":"members","value":` + list(ids...) + `}`) }
	w.want(204, "PATCH", "/Groups/"+id, add(deleted, late, unassigned))
	w.want(204, "PATCH", "/Groups/"+id, add(deleted, late, unassigned)) // for ever
	both := strings.Join(slices.Sorted(slices.Values([]string{stays, late})), " ")
	if got := members(); got != both {
		t.Errorf("PATCH left %s, want %s", got, both)
	}
	w.want(204, "PATCH", "/Groups/"+id, patch(`{"op":"remove","path":"members[value eq \"`+deleted+`\"]"}`))
	w.want(200, "PUT", "/Groups/"+id, group(late, deleted, unassigned))
	if got := members(); got != late {
		t.Errorf("PUT left %s, want %s", got, late)
	}
	for method, body := range map[string]string{"PATCH": add("nobody-1", stays, deleted, "nobody-2", "nobody-1"),
		"PUT": group("nobody-1", stays, deleted, "nobody-2")} {
		a := w.problem(400, "invalidValue", method, "/Groups/"+id, body)
		if detail := a.text("detail"); detail != `These members are not users: "nobody-1", "nobody-2".` {
			t.Errorf("%s says %q", method, detail)
		}
	}
	w.problem(400, "invalidValue", "POST", "/Groups", strings.Replace(group("nobody-1"), `"G"`, `"H"`, 1))
	if got := members(); got != late {
		t.Errorf("a refused change left %s", got)
	}
}

func TestAttributes_AreChosenInAnswers(t *testing.T) {
	w := newWorld(t)
	w.want(201, "POST", "/Users", entraUser)
	for query, want := range map[string][]string{
		"attributes=displayName,name.givenName":     {"displayName", "id", "name", "schemas", "userName"},
		"attributes=" + enterpriseURN:               {"id", "schemas", "userName"},
		"excludedAttributes=name,emails.type,id":    {"active", "displayName", "emails", "externalId", "id", "meta", "schemas", "userName"},
		"attributes=nothing&filter=userName%20pr":   {"id", "schemas", "userName"},
		"attributes=emails.value&sortBy=userName":   {"emails", "id", "schemas", "userName"},
		"excludedAttributes=emails,meta,name.x,a.b": {"active", "displayName", "externalId", "id", "name", "schemas", "userName"},
	} {
		a := w.want(200, "GET", "/Users?sortBy=userName&sortOrder=descending&"+query, "")
		user, _ := a.get("Resources").([]any)
		i := slices.IndexFunc(user, func(v any) bool { return v.(map[string]any)["userName"] == "Larry@acme.example" })
		var got []string
		for key := range user[i].(map[string]any) {
			got = append(got, key)
		}
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", query, diff)
		}
	}
	if a := w.want(200, "GET", "/Users?attributes=name.givenName&filter=userName eq \"larry@acme.example\"",
		""); a.get("Resources.0.name.familyName") != nil || a.text("Resources.0.name.givenName") != "Larry" {
		t.Errorf("sub-attributes: %s", a.raw)
	}
	w.problem(400, "invalidValue", "GET", "/Users?attributes=id&excludedAttributes=name", "")
}

func TestSearch_ByPostAnswersAsByGet(t *testing.T) {
	w := newWorld(t)
	w.want(201, "POST", "/Users", entraUser)
	a := w.want(200, "POST", "/Users/.search", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
		"filter":"userName sw \"larry\"","attributes":["userName"],"startIndex":1,"count":5}`)
	if a.get("totalResults") != 1.0 || a.text("Resources.0.userName") != "Larry@acme.example" || a.get("Resources.0.name") != nil {
		t.Errorf("found %s", a.raw)
	}
	w.problem(400, "invalidSyntax", "POST", "/Groups/.search", `{"filter":"id pr"}`)
}

func TestCreate_OfAHundredAtOnceOneWins(t *testing.T) {
	w := newWorld(t)
	statuses := make([]int, 100)
	var all sync.WaitGroup
	for i := range statuses {
		all.Go(func() {
			statuses[i] = w.ask("POST", "/Users", oktaUser("same@acme.example", "S", fmt.Sprint(i), fmt.Sprint(i))).status
		})
	}
	all.Wait()
	slices.Sort(statuses)
	if statuses[0] != 201 || statuses[1] != 409 || statuses[99] != 409 {
		t.Errorf("statuses: %v", statuses)
	}
	if n, err := w.store.CountMembers(w.ctx, w.org); err != nil || n != 2 {
		t.Errorf("%d members, %v", n, err)
	}
	requests, err := w.provision.Requests(w.ctx, w.admin, false, 1000)
	if err != nil || len(requests) != 100 {
		t.Errorf("%d requests recorded, %v", len(requests), err)
	}
}

func TestRequests_FailuresAreNotPushedOutBySuccesses(t *testing.T) {
	w := newWorld(t)
	w.problem(404, "", "GET", "/Users/nobody", "")
	for range 230 {
		w.want(200, "GET", "/ResourceTypes/User", "")
	}
	requests, err := w.provision.Requests(w.ctx, w.admin, false, 1000)
	w.must(err)
	failed, err := w.provision.Requests(w.ctx, w.admin, true, 1000)
	w.must(err)
	if len(requests) != 201 || len(failed) != 1 || failed[0].Path != "/Users/nobody" || failed[0].Detail == "" {
		t.Errorf("%d kept, failed %+v", len(requests), failed)
	}
}

func TestPlan_WithoutSCIMIsRefused(t *testing.T) {
	w := newWorld(t)
	err := w.store.InTx(w.ctx, actor.System(""), func(tx *store.Tx) error {
		return tx.InsertOrganization(w.ctx, account.Organization{ID: "small", Name: "Small", Plan: access.PlanGrowth,
			SCIMEnabled: true, CreatedAt: tx.Now()})
	})
	w.must(err)
	w.org = "small"
	_, secret := w.token(token.Token{Kind: token.Organization, Name: "small"})
	if a := w.askAs(secret, "GET", "/Users", ""); a.status != 403 || !strings.Contains(a.text("detail"), "plan") {
		t.Errorf("%d %s", a.status, a.raw)
	}
	w.must(w.store.InTx(w.ctx, actor.System("small"), func(tx *store.Tx) error {
		return tx.InsertMember(w.ctx, account.Member{ID: "small-admin", Organization: "small", Email: "admin@small.example", Name: "Sam",
			Role: access.RoleAdmin, Status: account.Active, CreatedAt: tx.Now(), UpdatedAt: tx.Now()}, "")
	}))
	admin := storetest.SignIn(t, w.store, "small-admin")
	w.must(w.provision.Enable(w.ctx, admin.Caller(), false))
	if err := w.provision.Enable(w.ctx, admin.Caller(), true); err == nil {
		t.Error("it can be switched on")
	}
}

func TestOrganizations_SeeNothingOfEachOther(t *testing.T) {
	w := newWorld(t)
	user := w.want(201, "POST", "/Users", entraUser).text("id")
	group := w.want(201, "POST", "/Groups", entraGroup).text("id")
	w.must(w.store.InTx(w.ctx, actor.System(""), func(tx *store.Tx) error {
		return tx.InsertOrganization(w.ctx, account.Organization{ID: "other", Name: "Other", Plan: access.PlanEnterprise,
			SCIMEnabled: true, CreatedAt: tx.Now()})
	}))
	w.org = "other"
	_, w.sat = w.token(token.Token{Kind: token.Organization, Name: "theirs"})
	for _, path := range []string{"/Users/" + user, "/Groups/" + group} {
		w.problem(404, "", "GET", path, "")
		w.problem(404, "", "DELETE", path, "")
		w.problem(404, "", "PATCH", path, patch(`{"op":"replace","path":"externalId","value":"x"}`))
	}
	if a := w.want(200, "GET", "/Users", ""); a.get("totalResults") != 0.0 {
		t.Errorf("users of others: %s", a.raw)
	}
	if a := w.want(200, "GET", "/Groups?filter=members.value eq \""+user+"\"", ""); a.get("totalResults") != 0.0 {
		t.Errorf("groups of others: %s", a.raw)
	}
	w.problem(400, "invalidValue", "POST", "/Groups",
		`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"G","members":[{"value":"`+user+`"}]}`)
}

func TestDiscovery_SaysWhatIsTrue(t *testing.T) {
	w := newWorld(t)
	config := w.want(200, "GET", "/ServiceProviderConfig", "")
	for path, want := range map[string]any{"patch.supported": true, "bulk.supported": false, "filter.supported": true,
		"filter.maxResults": 200.0,
		"sort.supported":    true, "etag.supported": true, "changePassword.supported": false,
		"authenticationSchemes.0.type": "oauthbearertoken"} {
		if got := config.get(path); got != want {
			t.Errorf("%s is %v", path, got)
		}
	}
	types := w.want(200, "GET", "/ResourceTypes", "")
	if types.get("totalResults") != 2.0 || types.text("Resources.0.endpoint") != "/Users" || types.text("Resources.1.endpoint") != "/Groups" {
		t.Errorf("resource types: %s", types.raw)
	}
	schemas := w.want(200, "GET", "/Schemas", "")
	if schemas.get("totalResults") != 3.0 {
		t.Errorf("schemas: %s", schemas.raw)
	}
	for _, id := range []string{"urn:ietf:params:scim:schemas:core:2.0:User", "urn:ietf:params:scim:schemas:core:2.0:Group", enterpriseURN} {
		if a := w.want(200, "GET", "/Schemas/"+id, ""); a.text("id") != id {
			t.Errorf("%s: %s", id, a.raw)
		}
	}
	w.want(200, "GET", "/ResourceTypes/User", "")
	w.problem(404, "", "GET", "/Schemas/urn:x", "")
	w.problem(404, "", "GET", "/ResourceTypes/Device", "")
	w.problem(403, "", "GET", "/Schemas?filter=id pr", "")
	for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
		w.problem(501, "", method, "/Me", "")
		w.problem(501, "", method, "/Bulk", "")
		w.problem(404, "", method, "/Devices", "")
		w.problem(404, "", method, "", "")
	}
}

func TestRoutes_AllAnswerAsSCIM(t *testing.T) {
	w := newWorld(t)
	for _, r := range scim.Routes(scim.New(scim.Deps{})) {
		path := strings.NewReplacer(":id", "none", "*", "none").Replace(strings.TrimPrefix(r.Path, scim.Base))
		if a := w.askAs("", r.Method, path, "{}"); a.status != 401 || a.text("schemas.0") == "" {
			t.Errorf("%s %s for nobody: %d %s", r.Method, path, a.status, a.raw)
		}
	}
}
