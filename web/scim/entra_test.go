package scim_test

import (
	"testing"

	"latchkey/internal/account"
)

const (
	entraUser = `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
		"externalId":"0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef","userName":"Larry@acme.example","active":true,
		"emails":[{"primary":true,"type":"work","value":"Larry@acme.example"}],"meta":{"resourceType":"User"},
		"name":{"formatted":"Larry Harris","familyName":"Harris","givenName":"Larry"},"roles":[]}`
	entraGroup = `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group","http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],
		"externalId":"8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159","displayName":"Finance","meta":{"resourceType":"Group"}}`
	enterpriseURN = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
)

// The sequences are those that the provider documents, without and with its flag for
// requests that keep to the RFC.

func TestEntra_AssignUpdateDisableAndDelete(t *testing.T) {
	w := newWorld(t)
	// The connection test asks for somebody who cannot be there.
	if a := w.find("/Users", `userName eq "9f8b3fd5-0c9a-4a4c-9b6a-3a6bd1b1b3c3"`); a.get("totalResults") != 0.0 {
		t.Fatal(a.raw)
	}
	made := w.want(201, "POST", "/Users", entraUser)
	id := made.text("id")
	if made.text("externalId") != "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef" ||
		made.text("name.formatted") != "Larry Harris" || w.member(id).Name != "Larry Harris" {
		t.Errorf("made %s", made.raw)
	}
	for _, filter := range []string{`externalId eq "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef"`,
		`emails[type eq "work"].value eq "larry@acme.example"`,
		`emails[type eq "work" and value eq "LARRY@acme.example"]`} {
		if a := w.find("/Users", filter); a.text("Resources.0.id") != id || a.get("totalResults") != 1.0 {
			t.Errorf("%s finds %s", filter, a.raw)
		}
	}
	// Capitalised operations, several at once, attributes of the extension.
	w.want(200, "PATCH", "/Users/"+id, patch(
		`{"op":"Replace","path":"displayName","value":"Larry H."}`,
		`{"op":"Add","path":"nickName","value":"Babs"}`,
		`{"op":"Replace","path":"name.familyName","value":"Hart"}`,
		`{"op":"Add","path":"phoneNumbers[type eq \"work\"].value","value":"555 0100"}`,
		`{"op":"Replace","path":"`+enterpriseURN+`:employeeNumber","value":"E 7"}`,
		`{"op":"Add","path":"`+enterpriseURN+`:manager","value":"00000000-0000-0000-0000-000000000001"}`))
	read := w.want(200, "GET", "/Users/"+id, "")
	extension, _ := read.body[enterpriseURN].(map[string]any)
	manager, _ := extension["manager"].(map[string]any)
	if read.text("displayName") != "Larry H." || read.text("nickName") != "Babs" ||
		read.text("name.familyName") != "Hart" || read.text("name.givenName") != "Larry" ||
		read.text("phoneNumbers.0.value") != "555 0100" || read.text("phoneNumbers.0.type") != "work" ||
		extension["employeeNumber"] != "E 7" || manager["value"] != "00000000-0000-0000-0000-000000000001" {
		t.Errorf("after the update: %s", read.raw)
	}
	if w.member(id).Name != "Larry H." {
		t.Errorf("the member is called %q", w.member(id).Name)
	}
	// With the flag: no path, and paths as names.
	w.want(200, "PATCH", "/Users/"+id,
		patch(`{"op":"replace","value":{"displayName":"Bjfe","name.givenName":"Kkom","name.familyName":"Unua","`+
			enterpriseURN+`:employeeNumber":"Aklq"}}`))
	read = w.want(200, "GET", "/Users/"+id, "")
	extension, _ = read.body[enterpriseURN].(map[string]any)
	if read.text("name.givenName") != "Kkom" || read.text("displayName") != "Bjfe" || extension["employeeNumber"] != "Aklq" {
		t.Errorf("after the update with the flag: %s", read.raw)
	}
	// Disable and restore, with texts for booleans.
	if a := w.want(200, "PATCH", "/Users/"+id, patch(`{"op":"Replace","path":"active","value":"False"}`)); a.get("active") != false {
		t.Errorf("not disabled: %s", a.raw)
	}
	if a := w.want(200, "PATCH", "/Users/"+id, patch(`{"op":"Add","path":"active","value":"True"}`)); a.get("active") != true {
		t.Errorf("not restored: %s", a.raw)
	}
	// Deleting deactivates; for the provider the user is gone, and may be made anew.
	w.want(204, "DELETE", "/Users/"+id, "")
	w.problem(404, "", "GET", "/Users/"+id, "")
	w.problem(404, "", "DELETE", "/Users/"+id, "")
	if w.member(id).Status != account.Deactivated || w.find("/Users", `userName eq "larry@acme.example"`).get("totalResults") != 0.0 {
		t.Error("the deleted user is still there")
	}
	back := w.want(201, "POST", "/Users", entraUser)
	if back.text("id") != id || back.get("active") != true || w.member(id).Status != account.Active || back.get("nickName") != nil {
		t.Errorf("made anew: %s", back.raw)
	}
}

func TestEntra_GroupsAndTheirMembers(t *testing.T) {
	w := newWorld(t)
	user := w.want(201, "POST", "/Users", entraUser).text("id")
	if a := w.find("/Groups", `displayName eq "Finance"`); a.get("totalResults") != 0.0 {
		t.Fatal(a.raw)
	}
	made := w.want(201, "POST", "/Groups", entraGroup)
	id := made.text("id")
	found := w.want(200, "GET", "/Groups?excludedAttributes=members&filter=displayName eq \"finance\"", "")
	if found.text("Resources.0.id") != id || found.get("Resources.0.members") != nil ||
		found.text("Resources.0.externalId") != "8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159" {
		t.Errorf("found %s", found.raw)
	}
	w.want(204, "PATCH", "/Groups/"+id, patch(`{"op":"Replace","path":"displayName","value":"Treasury"}`))
	add := patch(`{"op":"Add","path":"members","value":[{"$ref":null,"value":"` + user + `"}]}`)
	w.want(204, "PATCH", "/Groups/"+id, add)
	w.want(204, "PATCH", "/Groups/"+id, add) // repeated after a lost answer
	// "Is this user in that group?"
	for filter, want := range map[string]float64{`id eq "` + id + `" and members eq "` + user + `"`: 1,
		`members[value eq "` + user + `"]`: 1, `members.value eq "nobody"`: 0} {
		if a := w.find("/Groups", filter); a.get("totalResults") != want {
			t.Errorf("%s: %s", filter, a.raw)
		}
	}
	remove := patch(`{"op":"Remove","path":"members","value":[{"$ref":null,"value":"` + user + `"}]}`)
	w.want(204, "PATCH", "/Groups/"+id, remove)
	w.want(204, "PATCH", "/Groups/"+id, remove)
	if a := w.want(200, "GET", "/Groups/"+id+"?excludedAttributes=members", ""); a.get("members") != nil ||
		a.text("displayName") != "Treasury" {
		t.Errorf("without members: %s", a.raw)
	}
	if a := w.want(200, "GET", "/Groups/"+id, ""); len(a.get("members").([]any)) != 0 {
		t.Errorf("the member is still there: %s", a.raw)
	}
	// With the flag.
	w.want(204, "PATCH", "/Groups/"+id, add)
	w.want(204, "PATCH", "/Groups/"+id, patch(`{"op":"remove","path":"members[value eq \"`+user+`\"]"}`))
	w.want(204, "DELETE", "/Groups/"+id, "")
	w.problem(404, "", "PATCH", "/Groups/"+id, add)
}

// TestEntra_AMailboxThatComesLater is a person whose sign-in name is not the address of the
// mailbox, which the provider adds when there is one.
func TestEntra_AMailboxThatComesLater(t *testing.T) {
	w := newWorld(t)
	id := w.want(201, "POST", "/Users",
		userStart+`"userName":"larry@acme.onmicrosoft.example","active":true,"displayName":"Larry"}`).text("id")
	add := func(address string) string {
		return patch(`{"op":"Add","path":"emails[type eq \"work\"].value","value":"` + address + `"}`)
	}
	if a := w.want(200, "PATCH", "/Users/"+id,
		add("larry.harris@acme.example")); a.text("emails.0.value") != "larry.harris@acme.example" ||
		a.text("userName") != "larry@acme.onmicrosoft.example" {
		t.Errorf("added: %s", a.raw)
	}
	if w.member(id).Email != "larry@acme.onmicrosoft.example" {
		t.Errorf("the member's address became %q", w.member(id).Email)
	}
	if a := w.want(200, "PATCH", "/Users/"+id, add("other@acme.example")); a.text("emails.0.value") != "other@acme.example" {
		t.Errorf("changed: %s", a.raw)
	}
	if w.member(id).Email != "larry@acme.onmicrosoft.example" {
		t.Errorf("the member's address became %q", w.member(id).Email)
	}
}
