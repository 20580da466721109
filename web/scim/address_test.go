package scim_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/invitation"
	"latchkey/internal/store"
	"latchkey/internal/store/storetest"
	"latchkey/internal/token"
)

// setting is a new value of an attribute, as JSON.
type setting struct{ attribute, value string }

// ways returns the requests that make the same change: a PATCH by path, one without a path and a
// PUT. The PUT is what was read, with the change in it.
func (w *world) ways(id string, change []setting) map[string][2]string {
	w.Helper()
	doc := w.want(200, "GET", "/Users/"+id, "").body
	var byPath []string
	value := map[string]json.RawMessage{}
	for _, c := range change {
		byPath = append(byPath, fmt.Sprintf(`{"op":"replace","path":%q,"value":%s}`, c.attribute, c.value))
		value[c.attribute] = json.RawMessage(c.value)
		doc[c.attribute] = json.RawMessage(c.value)
	}
	whole, err := json.Marshal(doc)
	w.must(err)
	object, err := json.Marshal(value)
	w.must(err)
	return map[string][2]string{"by path": {"PATCH", patch(byPath...)}, "without a path": {"PATCH", patch(`{"op":"replace","value":` + string(object) + `}`)},
		"PUT": {"PUT", string(whole)}}
}

// TestAddresses_ObeyOneRuleHoweverTheyAreChanged holds that the userName is the address, that no
// other attribute is, and that it does not matter which request says so.
func TestAddresses_ObeyOneRuleHoweverTheyAreChanged(t *testing.T) {
	emails := func(address string) setting {
		return setting{"emails", `[{"value":"` + address + `","type":"work","primary":true}]`}
	}
	for name, c := range map[string]struct {
		fixed   bool
		change  []setting
		status  int
		typ     string
		address string // afterwards
		email   string
	}{
		"the userName":                   {false, []setting{{"userName", `"new@acme.example"`}}, 200, "", "new@acme.example", "x@acme.example"},
		"the userName in capitals":       {false, []setting{{"userName", `"X@ACME.example"`}}, 200, "", "x@acme.example", "x@acme.example"},
		"the mail":                       {false, []setting{emails("other@acme.example")}, 200, "", "x@acme.example", "other@acme.example"},
		"the mail to that of another":    {false, []setting{emails("ada@acme.example")}, 200, "", "x@acme.example", "ada@acme.example"},
		"the mail to no address":         {false, []setting{emails("none")}, 200, "", "x@acme.example", "none"},
		"no mail":                        {false, []setting{{"emails", `[]`}}, 200, "", "x@acme.example", "x@acme.example"},
		"both":                           {false, []setting{{"userName", `"new@acme.example"`}, emails("new@acme.example")}, 200, "", "new@acme.example", "new@acme.example"},
		"both, differently":              {false, []setting{{"userName", `"new@acme.example"`}, emails("n@acme.example")}, 200, "", "new@acme.example", "n@acme.example"},
		"the userName to that of Ada":    {false, []setting{{"userName", `"ADA@acme.example"`}}, 409, "uniqueness", "", ""},
		"the userName to that of a user": {false, []setting{{"userName", `"gone@acme.example"`}}, 409, "uniqueness", "", ""},
		"the userName to no address":     {false, []setting{{"userName", `"jdoe"`}}, 400, "invalidValue", "", ""},
		"the userName to nothing":        {false, []setting{{"userName", `""`}}, 400, "invalidValue", "", ""},
		"the userName when it is fixed":  {true, []setting{{"userName", `"new@acme.example"`}}, 400, "mutability", "", ""},
		"the mail when it is fixed":      {true, []setting{emails("other@acme.example")}, 200, "", "x@acme.example", "other@acme.example"},
		"capitals when it is fixed":      {true, []setting{{"userName", `"X@acme.example"`}}, 200, "", "x@acme.example", "x@acme.example"},
	} {
		for _, way := range []string{"by path", "without a path", "PUT"} {
			t.Run(strings.ReplaceAll(name+" "+way, " ", "_"), func(t *testing.T) {
				w := newWorld(t)
				w.must(w.provision.AllowAddresses(w.ctx, w.admin.Caller(), !c.fixed))
				gone := w.want(201, "POST", "/Users", oktaUser("gone@acme.example", "G", "Y", "2")).text("id")
				w.want(204, "DELETE", "/Users/"+gone, "") // the member still has the address
				id := w.want(201, "POST", "/Users", oktaUser("x@acme.example", "X", "Y", "1")).text("id")
				before := w.want(200, "GET", "/Users/"+id, "").raw
				request := w.ways(id, c.change)[way]
				if c.status != 200 {
					w.problem(c.status, c.typ, request[0], "/Users/"+id, request[1])
					if after := w.want(200, "GET", "/Users/"+id, "").raw; after != before || w.member(id).Email != "x@acme.example" {
						t.Errorf("changed to %s", after)
					}
					return
				}
				a := w.want(200, request[0], "/Users/"+id, request[1])
				if w.member(id).Email != c.address || !strings.EqualFold(a.text("userName"), c.address) || a.text("emails.0.value") != c.email {
					t.Errorf("the address is %q: %s", w.member(id).Email, a.raw)
				}
				if c.change[0].attribute == "userName" && `"`+a.text("userName")+`"` != c.change[0].value {
					t.Errorf("the answer does not echo the userName: %s", a.raw)
				}
				if got := w.find("/Users", `userName eq "`+c.address+`"`).text("Resources.0.id"); got != id {
					t.Errorf("found %q", got)
				}
			})
		}
	}
}

// TestAddress_ChangesTheAddressAndNothingElse holds that tokens and sessions stay, and that the log
// has both addresses.
func TestAddress_ChangesTheAddressAndNothingElse(t *testing.T) {
	w := newWorld(t)
	id := w.want(201, "POST", "/Users", oktaUser("x@acme.example", "X", "Y", "1")).text("id")
	_, pat := w.token(token.Token{Kind: token.Personal, Owner: id, Workspace: w.main, Scope: access.ScopeReadOnly, Name: "pat"})
	w.session(id)
	if v, err := w.verify.Verify(w.ctx, pat); err != nil || v.Email() != "x@acme.example" {
		t.Fatal(err)
	}
	w.want(200, "PATCH", "/Users/"+id, patch(`{"op":"replace","path":"userName","value":"new@acme.example"}`))
	v, err := w.verify.Verify(w.ctx, pat)
	if err != nil || v.Email() != "new@acme.example" || w.sessions(id) != 1 {
		t.Errorf("the token is %v, %v; %d sessions", v, err, w.sessions(id))
	}
	log := w.log(w.satID)
	last := log[len(log)-1]
	if last.Action != audit.ProfileUpdated || last.Target.ID != id || !strings.Contains(last.Before, `"email":"x@acme.example"`) ||
		!strings.Contains(last.After, `"email":"new@acme.example"`) {
		t.Errorf("told %+v", last)
	}
	// The old address is free now.
	if other := w.want(201, "POST", "/Users", oktaUser("x@acme.example", "O", "T", "2")); other.text("id") == id {
		t.Errorf("the same member: %s", other.raw)
	}
	w.problem(409, "uniqueness", "PATCH", "/Users/"+id, patch(`{"op":"replace","path":"userName","value":"x@acme.example"}`))
}

// TestAddress_EndsInvitationsToBoth holds that a link to one of the addresses, which somebody else may
// have, does not set the password of the member, and makes no second one.
func TestAddress_EndsInvitationsToBoth(t *testing.T) {
	w := newWorld(t)
	id := w.want(201, "POST", "/Users", oktaUser("x@acme.example", "X", "Y", "1")).text("id")
	w.must(w.store.InTx(w.ctx, actor.System(""), func(tx *store.Tx) error {
		for _, name := range []string{"x", "new", "other"} {
			i := invitation.Invitation{ID: name, Organization: w.org, Email: name + "@acme.example", Role: access.RoleAdmin,
				CreatedAt: tx.Now(), ExpiresAt: tx.Now().Add(time.Hour)}
			if err := tx.InsertInvitation(w.ctx, i, []byte(name)); err != nil {
				return err
			}
		}
		return nil
	}))
	w.want(200, "PATCH", "/Users/"+id, patch(`{"op":"replace","path":"userName","value":"new@acme.example"}`))
	pending, err := w.store.OutstandingInvitations(w.ctx, w.org, []account.Member{{Email: "x@acme.example"}, {Email: "new@acme.example"},
		{Email: "other@acme.example"}}, w.store.Now())
	if err != nil || len(pending) != 1 || pending[0].ID != "other" {
		t.Errorf("pending: %v, %v", pending, err)
	}
	want := []string{"user added_to_organization", "user_invitation deleted", "user_invitation deleted", "user profile_updated"}
	if diff := cmp.Diff(want, w.events(w.satID)); diff != "" {
		t.Errorf("events: %s", diff)
	}
}

// TestAddress_WithoutMailsFollowsTheUserName holds that an address which Latchkey gave in place of
// one is not stored as if the provider had sent it.
func TestAddress_WithoutMailsFollowsTheUserName(t *testing.T) {
	w := newWorld(t)
	id := w.want(201, "POST", "/Users", userStart+`"userName":"x@acme.example"}`).text("id")
	w.want(200, "PATCH", "/Users/"+id, patch(`{"op":"add","path":"title","value":"Dr"}`))
	a := w.want(200, "PATCH", "/Users/"+id, patch(`{"op":"replace","path":"userName","value":"new@acme.example"}`))
	if a.text("emails.0.value") != "new@acme.example" {
		t.Errorf("not followed: %s", a.raw)
	}
	if got := w.find("/Users", `emails[type eq "work"].value eq "new@acme.example"`).text("Resources.0.id"); got != id {
		t.Errorf("found %q", got)
	}
	sent := w.want(200, "PATCH", "/Users/"+id, patch(`{"op":"replace","value":{"userName":"third@acme.example",
		"emails":[{"value":"new@acme.example","type":"work","primary":true}]}}`))
	if sent.text("emails.0.value") != "new@acme.example" || sent.text("userName") != "third@acme.example" {
		t.Errorf("what was sent is not given back: %s", sent.raw)
	}
}

func TestAddressSwitch_IsForAdminsAndAudited(t *testing.T) {
	w := newWorld(t)
	id := w.want(201, "POST", "/Users", oktaUser("member@acme.example", "X", "Y", "1")).text("id")
	if err := w.provision.AllowAddresses(w.ctx, storetest.SignIn(t, w.store, id).Caller(), false); err == nil {
		t.Error("a Member may switch it")
	}
	for _, allowed := range []bool{true, false, false, true} {
		w.must(w.provision.AllowAddresses(w.ctx, w.admin.Caller(), allowed))
	}
	var got []string
	for _, e := range w.log(w.admin.ID) {
		if e.Target.Type == audit.TargetOrganization && strings.Contains(e.After, "scimAddressChanges") {
			got = append(got, e.Before+" "+e.After)
		}
	}
	want := []string{`{"scimAddressChanges":true} {"scimAddressChanges":false}`, `{"scimAddressChanges":false} {"scimAddressChanges":true}`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestMembersOfTheDashboard_HaveAName is what a provider's tests of a server insist on in a list.
func TestMembersOfTheDashboard_HaveAName(t *testing.T) {
	w := newWorld(t)
	for name, want := range map[string][2]string{"Ada": {"Ada", "Ada"}, "Ada Lovelace": {"Ada", "Lovelace"},
		"Ada King  Lovelace": {"Ada King", "Lovelace"}} {
		_, err := w.accounts.Members.Rename(w.ctx, w.admin.Caller(), name)
		w.must(err)
		for _, a := range []answer{w.want(200, "GET", "/Users/"+w.admin.ID, ""), {body: w.find("/Users", "id pr").get("Resources.0").(map[string]any)}} {
			if a.text("name.givenName") != want[0] || a.text("name.familyName") != want[1] {
				t.Errorf("%s: %v", name, a.body)
			}
		}
	}
	// A change of something else leaves the name to follow the member's; one of a part keeps the other.
	w.want(200, "PATCH", "/Users/"+w.admin.ID, patch(`{"op":"add","path":"title","value":"Dr"}`))
	_, err := w.accounts.Members.Rename(w.ctx, w.admin.Caller(), "Ada Byron")
	w.must(err)
	if a := w.want(200, "GET", "/Users/"+w.admin.ID, ""); a.text("name.familyName") != "Byron" || a.text("displayName") != "Ada Byron" {
		t.Errorf("the name stayed: %s", a.raw)
	}
	for _, operation := range []string{`{"op":"replace","path":"displayName","value":"Ada Noel"}`,
		`{"op":"replace","value":{"` + userURN + `":{"displayName":"Ada Noel Byron"}}}`} {
		a := w.want(200, "PATCH", "/Users/"+w.admin.ID, patch(operation))
		if want := w.member(w.admin.ID).Name; a.text("name.givenName")+" "+a.text("name.familyName") != want || want == "Ada Byron" {
			t.Errorf("the name did not follow %q: %s", want, a.raw)
		}
	}
	a := w.want(200, "PATCH", "/Users/"+w.admin.ID, patch(`{"op":"replace","path":"name.givenName","value":"A."}`))
	if a.text("name.givenName") != "A." || a.text("name.familyName") != "Byron" {
		t.Errorf("a part was lost: %s", a.raw)
	}
	// A member that the provider named by parts is renamed by parts.
	id := w.want(201, "POST", "/Users", userStart+`"userName":"bob@acme.example"}`).text("id")
	w.want(200, "PATCH", "/Users/"+id, patch(`{"op":"add","path":"name.givenName","value":"Bob"}`))
	if got := w.member(id).Name; got != "Bob" {
		t.Errorf("called %q", got)
	}
	if names := slices.Sorted(slices.Values(keys(w.want(200, "GET", "/Users/"+id, "").get("name")))); !slices.Equal(names, []string{"givenName"}) {
		t.Errorf("the name has %v", names)
	}
}

func keys(v any) []string {
	var list []string
	m, _ := v.(map[string]any)
	for key := range m {
		list = append(list, key)
	}
	return list
}
