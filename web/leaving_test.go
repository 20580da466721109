package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/token"
)

// TestReplace_TheWizardGrantsWhatThePersonalTokenMayDo compares the policy of a token that the filled wizard
// makes with what verification lets the personal token do.
func TestReplace_TheWizardGrantsWhatThePersonalTokenMayDo(t *testing.T) {
	s := newSite(t)
	admin, eve, place := s.signedIn(t, adminEmail), s.caller(t, editorEmail), ""
	for id, effective := range eve.Principal.In {
		if len(effective.Policy()) > len(eve.Principal.In[place].Policy()) {
			place = id
		}
	}
	wizard := satRoot + "/workspace/new"
	for _, scope := range []access.Scope{access.ScopeReadOnly, access.ScopeReadWrite} {
		made, err := s.app.Tokens.GeneratePersonal(t.Context(), eve.Caller(),
			token.NewPersonal{Name: "leaves " + string(scope), Workspace: place, Scope: scope})
		if err != nil {
			t.Fatal(err)
		}
		first := admin.get(wizard + "?replace=" + made.ID + "&return=" + url.QueryEscape(manage+"/users/delete?member="+eve.ID))
		form := fields(first.body)
		if first.status != http.StatusOK || form.Get("return") != manage+"/users/delete?member="+eve.ID {
			t.Fatalf("%d %v", first.status, form)
		}
		form.Set("name", made.Name)
		form.Set("workspace", place)
		form.Set("expiration", "none")
		form.Set("step", "generate") // the first step carries the policy, and the second changes nothing
		reveal := admin.post(wizard, form)
		if reveal.status != http.StatusOK || !strings.Contains(reveal.body, `href="`+manage+`/users/delete?member=`+eve.ID+`"`) {
			t.Fatalf("%d %s", reveal.status, reveal.body)
		}
		standing := access.Principal{Kind: access.PersonalToken, ID: made.ID, Owner: eve.ID, Organization: eve.Organization,
			Role:  eve.Principal.Role,
			Scope: scope, Workspace: place, In: eve.Principal.In}
		want := access.EffectivePolicy(access.BuiltIn(), standing, place)
		if scope == access.ScopeReadWrite && len(want) < 5 {
			t.Fatalf("the editor may do only %s", want)
		}
		listed, err := s.app.Tokens.Services(t.Context(), s.caller(t, adminEmail), token.Workspace, token.Listing{Limit: 1})
		if err != nil || len(listed.Tokens) != 1 || listed.Tokens[0].Name != made.Name {
			t.Fatalf("%+v %v", listed, err)
		}
		baseline, err := s.app.Policies.Baseline(t.Context(), s.caller(t, adminEmail), place)
		if err != nil {
			t.Fatal(err)
		}
		if got := baseline.Body.Union(listed.Tokens[0].Policy); !got.Equal(baseline.Body.Union(want)) {
			t.Errorf("%s: %s, want %s", scope, got, want)
		}
		if still, err := s.app.Tokens.Get(t.Context(), eve, made.ID); err != nil || still.State(s.now()) != token.Active {
			t.Errorf("the personal token: %+v %v", still, err)
		}
	}
}

// TestReplace_LeadsBackToMembersOnly tries addresses of elsewhere, and tokens that cannot be replaced.
func TestReplace_LeadsBackToMembersOnly(t *testing.T) {
	s := newSite(t)
	admin, wizard := s.signedIn(t, adminEmail), satRoot+"/workspace/new"
	for _, to := range []string{"https://evil.example/", "//evil.example" + manage + "/users/", "javascript:alert(1)",
		manage + "/users/../../../sign-out",
		manage + "/usersevil", `\evil.example`, manage + "/users/x#y", "/settings/profile"} {
		for _, body := range []string{admin.get(wizard + "?return=" + url.QueryEscape(to)).body,
			admin.post(wizard, url.Values{"return": {to}, "step": {"back"}}).body} {
			if form := fields(body); form.Get("return") != "" || strings.Contains(body, "Back to the preview") || strings.Contains(body, "evil") {
				t.Errorf("%s: %q", to, form.Get("return"))
			}
		}
	}
	made, err := s.app.Tokens.GenerateOrganization(t.Context(), s.caller(t, adminEmail).Caller(), token.NewOrganization{Name: "secret name"})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{made.ID, "unknown"} {
		if got := admin.get(wizard + "?replace=" + id); !strings.Contains(got.body, "the token to replace was not found") ||
			strings.Contains(got.body, "secret name") {
			t.Errorf("%s: %d", id, got.status)
		}
	}
	if got := s.signedIn(t, editorEmail).get(wizard + "?replace=" + made.ID); got.status != http.StatusForbidden {
		t.Errorf("a Member gets %d", got.status)
	}
}
