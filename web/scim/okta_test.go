package scim_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/token"
)

// The sequences are those that the provider documents for its SCIM 2.0 client.

func TestOkta_AssignUpdateUnassignAndReassign(t *testing.T) {
	w := newWorld(t)
	const email = "Test.User@acme.example"

	// Assign: look first, then create.
	if a := w.find("/Users", `userName eq "`+email+`"`); a.get("totalResults") != 0.0 || len(a.get("Resources").([]any)) != 0 {
		t.Fatalf("somebody is there already: %s", a.raw)
	}
	made := w.want(201, "POST", "/Users", oktaUser(email, "Test", "User", "00ujl29u0le5T6Aj10h7"))
	id := made.text("id")
	for path, want := range map[string]any{"userName": email, "name.givenName": "Test", "name.familyName": "User", "displayName": "Test User",
		"emails.0.value": email, "emails.0.primary": true, "emails.0.type": "work", "locale": "en-US", "externalId": "00ujl29u0le5T6Aj10h7",
		"active": true, "meta.resourceType": "User", "meta.location": "https://keys.example/scim/v2/Users/" + id} {
		if got := made.get(path); got != want {
			t.Errorf("the answer says %v for %s, want %v", got, path, want)
		}
	}
	if strings.Contains(made.raw, "1mz050nq") || made.header.Get("Location") != made.text("meta.location") ||
		made.header.Get("ETag") != made.text("meta.version") {
		t.Errorf("headers %v, body %s", made.header, made.raw)
	}
	m := w.member(id)
	if m.Email != strings.ToLower(email) || m.Name != "Test User" || m.Role != access.RoleMember || m.ExternalID != "00ujl29u0le5T6Aj10h7" {
		t.Errorf("the member is %+v", m)
	}

	// Update: read, then send everything back with a change.
	read := w.want(200, "GET", "/Users/"+id, "")
	if diff := cmp.Diff(made.body, read.body); diff != "" {
		t.Errorf("what is read is not what was answered: %s", diff)
	}
	updated := w.want(200, "PUT", "/Users/"+id, strings.NewReplacer(`"displayName":"Test User"`, `"displayName":"Another Excited User"`,
		`"givenName":"Test"`, `"givenName":"Another","middleName":"Excited"`).Replace(read.raw))
	if updated.text("name.middleName") != "Excited" || w.member(id).Name != "Another Excited User" {
		t.Errorf("not updated: %s", updated.raw)
	}

	// Unassign and reassign.
	_, pat := w.token(token.Token{Kind: token.Personal, Owner: id, Workspace: w.main, Scope: access.ScopeReadOnly, Name: "pat"})
	w.session(id)
	if _, err := w.verify.Verify(w.ctx, pat); err != nil || w.sessions(id) != 1 {
		t.Fatalf("the member's token is not good: %v; %d sessions", err, w.sessions(id))
	}
	off := w.want(200, "PATCH", "/Users/"+id, patch(`{"op":"replace","value":{"active":false}}`))
	if off.get("active") != false || w.member(id).Status != account.Deactivated || w.sessions(id) != 0 {
		t.Errorf("not deactivated: %s, %d sessions", off.raw, w.sessions(id))
	}
	if _, err := w.verify.Verify(w.ctx, pat); err == nil {
		t.Error("the token of the deactivated member is good")
	}
	again := w.find("/Users", `userName eq "`+strings.ToUpper(email)+`"`)
	if again.get("totalResults") != 1.0 || again.text("Resources.0.id") != id {
		t.Fatalf("a deactivated user is not found: %s", again.raw)
	}
	w.want(200, "PUT", "/Users/"+id, oktaUser(email, "Test", "User", "00ujl29u0le5T6Aj10h7"))
	if _, err := w.verify.Verify(w.ctx, pat); err != nil || w.member(id).Status != account.Active || w.sessions(id) != 0 {
		t.Errorf("not reactivated: %v", err)
	}
	want := []string{"user added_to_organization", "user profile_updated", "user deactivated", "user profile_updated", "user reactivated"}
	if diff := cmp.Diff(want, w.events(w.satID)); diff != "" {
		t.Errorf("events: %s", diff)
	}
}

func TestOkta_PushesGroupsAndTheirMembers(t *testing.T) {
	w := newWorld(t)
	ann := w.want(201, "POST", "/Users", oktaUser("ann@acme.example", "Ann", "Lee", "1")).text("id")
	bob := w.want(201, "POST", "/Users", oktaUser("bob@acme.example", "Bob", "Ray", "2")).text("id")

	made := w.want(201, "POST", "/Groups",
		`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Test SCIMv2","members":[]}`)
	id := made.text("id")
	if made.text("displayName") != "Test SCIMv2" || len(made.get("members").([]any)) != 0 {
		t.Errorf("the answer is %s", made.raw)
	}
	g, err := w.store.Group(w.ctx, w.org, id)
	if err != nil || !g.External {
		t.Fatalf("the group is %+v, %v", g, err)
	}

	w.want(204, "PATCH", "/Groups/"+id, patch(`{"op":"replace","value":{"id":"`+id+`","displayName":"Test SCIMv20"}}`))
	w.want(204, "PATCH", "/Groups/"+id, patch(`{"op":"add","path":"members","value":[{"value":"`+ann+`","display":"ann@acme.example"}]}`))
	w.want(204, "PATCH", "/Groups/"+id, patch(`{"op":"remove","path":"members[value eq \"`+ann+`\"]"}`,
		`{"op":"add","path":"members","value":[{"value":"`+bob+`","display":"bob@acme.example"}]}`))
	read := w.want(200, "GET", "/Groups/"+id, "")
	if read.text("displayName") != "Test SCIMv20" || read.text("members.0.value") != bob || read.get("members.1") != nil ||
		read.text("members.0.display") != "Bob Ray" {
		t.Errorf("the group is %s", read.raw)
	}
	w.want(204, "PATCH", "/Groups/"+id, patch(`{"op":"replace","path":"members","value":[{"value":"`+ann+`"},{"value":"`+bob+`"}]}`))
	if a := w.want(200, "GET", "/Users/"+ann, ""); a.text("groups.0.value") != id || a.text("groups.0.display") != "Test SCIMv20" {
		t.Errorf("the user's groups: %s", a.raw)
	}

	// An integration of the wizard's kind sends the whole group.
	w.want(200, "PUT", "/Groups/"+id,
		`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"id":"`+id+`","displayName":"Analysts","members":[{"value":"`+bob+`"}]}`)
	counts, err := w.store.CountGroupMembers(w.ctx, w.org)
	if err != nil || counts[id] != 1 {
		t.Errorf("%d members, %v", counts[id], err)
	}
	if _, err := w.accounts.Groups.AddMembers(w.ctx, w.admin.Caller(), account.These(ann), []string{id}); err == nil {
		t.Error("the dashboard may change the members of a provisioned group")
	}
	w.want(204, "DELETE", "/Groups/"+id, "")
	w.problem(404, "", "GET", "/Groups/"+id, "")
	groupEvents := slices.DeleteFunc(w.events(w.satID), func(e string) bool { return !strings.HasPrefix(e, "group") })
	want := []string{"group created", "group updated", "group member_added", "group member_removed", "group member_added",
		"group member_added", "group updated", "group member_removed", "group deleted"}
	if diff := cmp.Diff(want, groupEvents); diff != "" {
		t.Errorf("events: %s", diff)
	}
}

func TestOkta_ImportsPageByPage(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"b", "c", "d"} {
		w.want(201, "POST", "/Users", oktaUser(name+"@acme.example", name, "x", name))
	}
	seen := map[string]bool{}
	for _, page := range []string{"startIndex=1&count=2", "startIndex=3&count=2"} {
		a := w.want(200, "GET", "/Users?"+page, "")
		if a.get("totalResults") != 4.0 || a.get("itemsPerPage") != 2.0 {
			t.Errorf("%s: %s", page, a.raw)
		}
		for _, r := range a.get("Resources").([]any) {
			seen[r.(map[string]any)["userName"].(string)] = true
		}
	}
	if len(seen) != 4 || !seen["ada@acme.example"] {
		t.Errorf("seen: %v", seen)
	}
	if a := w.want(200, "GET", "/Users?startIndex=9&count=2", ""); a.get("itemsPerPage") != 0.0 || a.get("startIndex") != 9.0 {
		t.Errorf("behind the last page: %s", a.raw)
	}
	if a := w.want(200, "GET", "/Users?count=0", ""); a.get("totalResults") != 4.0 || a.get("itemsPerPage") != 0.0 {
		t.Errorf("only counting: %s", a.raw)
	}
}
