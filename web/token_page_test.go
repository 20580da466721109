package web_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/store"
	"latchkey/internal/token"
	"latchkey/internal/verify"
)

// TestTokenPage_IsForItsOwnerAndAdmins opens the page of a member's token and that of a service access token as
// each kind of visitor.
func TestTokenPage_IsForItsOwnerAndAdmins(t *testing.T) {
	s := newSite(t)
	own, err := every(s.app.Tokens.Personal(t.Context(), s.caller(t, viewerEmail), token.Listing{}))
	if err != nil || len(own) == 0 {
		t.Fatalf("the viewer has no token: %v", err)
	}
	personal, service := "/tokens/"+own[0].ID, "/tokens/"+s.anyServiceToken(t, s.caller(t, adminEmail))
	for _, c := range []struct {
		who, path string
		status    int
	}{
		{viewerEmail, personal, http.StatusOK},
		{adminEmail, personal, http.StatusOK},
		{editorEmail, personal, http.StatusNotFound},
		{adminEmail, service, http.StatusOK},
		{viewerEmail, service, http.StatusNotFound},
		{adminEmail, "/tokens/none", http.StatusNotFound},
	} {
		got := s.signedIn(t, c.who).get(c.path)
		if got.status != c.status {
			t.Errorf("%s opens %s: %d, want %d", c.who, c.path, got.status, c.status)
		}
		if shows := strings.Contains(got.body, "Copy ID"); shows != (c.status == http.StatusOK) {
			t.Errorf("%s opens %s: the facts are shown: %v", c.who, c.path, shows)
		}
	}
	page := s.signedIn(t, viewerEmail).get(personal).body
	for _, part := range []string{"<title>" + own[0].Name, ">Facts<", ">Grants<", ">Usage<", own[0].Hint, own[0].ID, "You and Admins",
		"/settings/personal-access-tokens/" + own[0].ID + "/delete", personal + "/rename", personal + "/describe",
		"/settings/personal-access-tokens/new?duplicate=" + own[0].ID, "No requests in the last 30 days."} {
		if !strings.Contains(page, part) {
			t.Errorf("the owner's page lacks %q", part)
		}
	}
	if strings.Contains(page, ">Activity<") {
		t.Error("a member reads the audit log")
	}
	if admin := s.signedIn(t, adminEmail).get(service).body; !strings.Contains(admin, ">Activity<") ||
		!strings.Contains(admin, "All permissions") {
		t.Error("an Admin's page lacks the events or the permissions")
	}
}

// TestTokenPage_ShowsHowOftenTheTokenIsUsed saves uses as the server does, and reads them from the page.
func TestTokenPage_ShowsHowOftenTheTokenIsUsed(t *testing.T) {
	s := newSite(t)
	ada := s.caller(t, adminEmail)
	id := s.anyServiceToken(t, ada)
	err := s.app.Store.SaveUses(t.Context(), []string{id}, func(map[string]verify.Use) []verify.Use {
		return []verify.Use{{Token: id, Organization: ada.Organization, At: s.now(), From: []token.Use{{IP: "192.0.2.77", At: s.now()}},
			Requests: 1234, Refusals: 5}}
	})
	if err != nil {
		t.Fatal(err)
	}
	page := s.signedIn(t, adminEmail).get("/tokens/" + id).body
	for _, part := range []string{"1,234 requests in the last 30 days, 5 refused", "192.0.2.77", "Requests and refusals per day (UTC)"} {
		if !strings.Contains(page, part) {
			t.Errorf("the page lacks %q", part)
		}
	}
	other := s.signedIn(t, adminEmail).get("/tokens/" + s.anyPersonalToken(t, ada)).body
	if strings.Contains(other, "1,234") {
		t.Error("the page of another token has these numbers")
	}
}

// TestTokenPage_TextsAreChangedThere renames and describes a token as its owner, as an Admin and as somebody else.
func TestTokenPage_TextsAreChangedThere(t *testing.T) {
	s := newSite(t)
	own, err := every(s.app.Tokens.Personal(t.Context(), s.caller(t, viewerEmail), token.Listing{}))
	if err != nil || len(own) == 0 {
		t.Fatalf("the viewer has no token: %v", err)
	}
	at := "/tokens/" + own[0].ID
	viewer, admin := s.signedIn(t, viewerEmail), s.signedIn(t, adminEmail)
	viewer.post(at+"/rename", url.Values{"name": {"nightly <b>"}}).seeOther(t, at)
	admin.post(at+"/describe", url.Values{"description": {"Line one\r\nline two"}}).seeOther(t, at)
	page := viewer.get(at).body
	for _, part := range []string{"<title>nightly &lt;b&gt;", "Line one\nline two"} {
		if !strings.Contains(page, part) {
			t.Errorf("the page lacks %q", part)
		}
	}
	if list := viewer.get("/settings/personal-access-tokens").body; !strings.Contains(list, "Line one line two") {
		t.Error("the list lacks the description")
	}
	for path, form := range map[string]url.Values{"/rename": {"name": {strings.Repeat("x", 65)}},
		"/describe": {"description": {strings.Repeat("x", 201)}}} {
		if got := viewer.post(at+path, form); got.status != http.StatusBadRequest || !strings.Contains(got.body, "Use at most") ||
			!strings.Contains(got.body, strings.Repeat("x", 65)) {
			t.Errorf("%s: %d", path, got.status)
		}
		if got := s.signedIn(t, editorEmail).post(at+path, form); got.status != http.StatusNotFound {
			t.Errorf("%s by another member: %d", path, got.status)
		}
	}
}

// TestTokenPage_SuspendsAndResumes suspends a token as its owner and resumes it as an Admin, and asks for both once more.
func TestTokenPage_SuspendsAndResumes(t *testing.T) {
	s := newSite(t)
	made, err := s.app.Tokens.GeneratePersonal(t.Context(), s.caller(t, editorEmail).Caller(),
		token.NewPersonal{Name: "ci", Workspace: s.workspaceNamed(t, "Staging"), Scope: access.ScopeReadOnly})
	if err != nil {
		t.Fatal(err)
	}
	at := "/tokens/" + made.ID
	editor, admin := s.signedIn(t, editorEmail), s.signedIn(t, adminEmail)
	if got := s.signedIn(t, viewerEmail).post(at+"/suspend", nil); got.status != http.StatusNotFound {
		t.Errorf("suspended by another member: %d", got.status)
	}
	if got := editor.post(at+"/suspend", url.Values{"reason": {strings.Repeat("x", 201)}}); got.status != http.StatusBadRequest ||
		!strings.Contains(got.body, "Use at most 200") {
		t.Errorf("a long reason: %d", got.status)
	}
	editor.post(at+"/suspend", url.Values{"reason": {"seen in a log <b>"}}).seeOther(t, at)
	for _, b := range []*browser{editor, admin} {
		page := b.get(at).body
		for _, part := range []string{"Suspended by Eli Editor", "seen in a log &lt;b&gt;", at + "/resume"} {
			if !strings.Contains(page, part) {
				t.Errorf("the page lacks %q", part)
			}
		}
	}
	if list := editor.get("/settings/personal-access-tokens?state=suspended").body; !strings.Contains(list, made.ID) {
		t.Error("the list of suspended tokens lacks it")
	}
	if _, err := s.app.Verify.Verify(t.Context(), made.Secret.Reveal()); err == nil {
		t.Error("the token is accepted")
	}
	if got := editor.post(at+"/suspend", nil); got.status != http.StatusConflict {
		t.Errorf("suspended again: %d", got.status)
	}
	admin.post(at+"/resume", nil).seeOther(t, at)
	if _, err := s.app.Verify.Verify(t.Context(), made.Secret.Reveal()); err != nil {
		t.Errorf("the token is refused: %v", err)
	}
	if got := admin.post(at+"/resume", nil); got.status != http.StatusConflict {
		t.Errorf("resumed again: %d", got.status)
	}
}

// TestTokenPage_RotatesAndShowsBothValues rotates a token as its owner, sends the form twice, and ends the old value.
func TestTokenPage_RotatesAndShowsBothValues(t *testing.T) {
	s := newSite(t)
	made, err := s.app.Tokens.GeneratePersonal(t.Context(), s.caller(t, editorEmail).Caller(),
		token.NewPersonal{Name: "ci", Workspace: s.workspaceNamed(t, "Staging"), Scope: access.ScopeReadOnly})
	if err != nil {
		t.Fatal(err)
	}
	at, old := "/tokens/"+made.ID, made.Secret.Reveal()
	editor, admin := s.signedIn(t, editorEmail), s.signedIn(t, adminEmail)
	if got := admin.get(at + "/rotate"); got.status != http.StatusForbidden {
		t.Errorf("an Admin opens the dialog for a member's token: %d", got.status)
	}
	if got := admin.post(at+"/rotate", url.Values{"overlap": {"1h"}, "expiration": {"same"}}); got.status != http.StatusForbidden ||
		strings.Contains(got.body, "lkpat_") {
		t.Errorf("an Admin rotates a member's token: %d", got.status)
	}
	if page := admin.get(at).body; strings.Contains(page, at+"/rotate") || !strings.Contains(page, at+"/suspend") {
		t.Error("what an Admin is offered")
	}
	dialog := editor.get(at + "/rotate").body
	revision := regexp.MustCompile(`name="revision" value="([^"]+)"`).FindStringSubmatch(dialog)
	if revision == nil || !strings.Contains(dialog, `value="24h" selected`) || !strings.Contains(dialog, `value="same" selected`) {
		t.Fatalf("the dialog: %s", dialog)
	}
	for field, form := range map[string]url.Values{
		"at most 720":      {"overlap": {"custom"}, "hours": {"721"}, "expiration": {"same"}},
		"Choose how long":  {"overlap": {"soon"}, "expiration": {"same"}},
		"Choose at most":   {"overlap": {"721h"}, "expiration": {"same"}},
		"token-date-error": {"overlap": {"1h"}, "expiration": {"date"}, "date": {"1999-01-01"}},
	} {
		if got := editor.post(at+"/rotate", form); got.status != http.StatusBadRequest || !strings.Contains(got.body, field) {
			t.Errorf("%v: %d lacks %q", form, got.status, field)
		}
	}
	form := url.Values{"overlap": {"custom"}, "hours": {"48"}, "expiration": {"same"}, "revision": {revision[1]}}
	revealed := editor.post(at+"/rotate", form)
	value := regexp.MustCompile(`lkpat_[0-9A-Za-z]{49}`).FindString(revealed.body)
	if revealed.status != http.StatusOK || value == "" || value == old || !strings.Contains(revealed.header.Get("Cache-Control"), "no-store") {
		t.Fatalf("the reveal: %d %v", revealed.status, revealed.header)
	}
	if again := editor.post(at+"/rotate", form); again.status != http.StatusConflict || strings.Contains(again.body, value) {
		t.Errorf("the form once more: %d", again.status)
	}
	for _, secret := range []string{old, value} {
		if _, err := s.app.Verify.Verify(t.Context(), secret); err != nil {
			t.Errorf("%s: %v", token.Hint(secret), err)
		}
	}
	for _, b := range []*browser{editor, admin} {
		page := b.get(at).body
		for _, part := range []string{token.Hint(old), token.Hint(value), "Previous", "Still used by", "Not safe to end yet",
			at + "/end-previous"} {
			if !strings.Contains(page, part) {
				t.Errorf("the page lacks %q", part)
			}
		}
		if part := b.get(at + "/secrets?quiet=10m0s"); part.status != http.StatusOK || strings.Contains(part.body, "<html") ||
			!strings.Contains(part.body, "data-poll=") {
			t.Errorf("the part: %d %s", part.status, part.body)
		}
	}
	if got := s.signedIn(t, viewerEmail).get(at + "/secrets"); got.status != http.StatusNotFound {
		t.Errorf("the part for another member: %d", got.status)
	}
	if dialog := editor.get(at + "/rotate").body; !strings.Contains(dialog, "An old value still works") {
		t.Error("the dialog does not say that the old value ends")
	}
	admin.post(at+"/end-previous", nil).seeOther(t, at)
	if _, err := s.app.Verify.Verify(t.Context(), old); err == nil {
		t.Error("the old value is accepted")
	}
	if got := editor.get(at + "/secrets"); got.status != http.StatusNoContent {
		t.Errorf("the part without two values: %d", got.status)
	}
	if got := admin.post(at+"/end-previous", nil); got.status != http.StatusConflict {
		t.Errorf("ended again: %d", got.status)
	}
}

// TestTokenLinks_FillInWhatIsAllowed opens the forms by links. It compares the fields, and what the notice says was left out.
func TestTokenLinks_FillInWhatIsAllowed(t *testing.T) {
	s := newSite(t)
	ada := s.caller(t, adminEmail)
	staging := s.workspaceNamed(t, "Staging")
	const personal, workspace, organization = "/settings/personal-access-tokens/new", satForms + "/workspace/new",
		satForms + "/organization/new"
	for _, c := range []struct {
		who, link   string
		has, hasNot []string
	}{
		{viewerEmail, personal, []string{`name="name"`}, []string{"filled in", "Left out"}},
		{adminEmail, personal + "?name=+ci%E2%80%8B-probe%0A&workspace=staging&scope=read_write&expires=90d&description=For+CI",
			[]string{`value="ci-probe"`, `value="` + staging + `" selected`, `value="read_write" selected`, `value="90d" selected`, ">For CI<",
				"A link filled in this form"}, []string{"Left out"}},
		{adminEmail, personal + "?name=" + strings.Repeat("W", 70), []string{`value="` + strings.Repeat("W", 64) + `"`}, []string{"Left out"}},
		{editorEmail, personal + "?workspace=none&scope=admin&expires=1999-01-01&grant=source:edit", []string{
			"Left out: the workspace &#34;none&#34;, which is not one of yours; the scope &#34;admin&#34;, which new tokens cannot have; ",
			"the expiration &#34;1999-01-01&#34;, which cannot be chosen; the permissions, which only workspace tokens have.",
			`value="read_only" selected`, `value="30d" selected`}, nil},
		{adminEmail, workspace + "?name=deploy&workspace=" + staging + "&grant=source:edit&grant=source:connect&grant=none:such&expires=none",
			[]string{`name="grant" value="source:edit"`, `name="reach.source:edit" value="all"`, `name="grant" value="source:connect"`,
				`name="drawn" value="` + staging + `"`, "the permission &#34;none:such&#34;, which does not exist.", `value="none" selected`}, nil},
		{adminEmail, organization + "?name=siem&workspace=" + staging + "&scope=read_only",
			[]string{`value="siem"`, "the workspace, because an organization token has none; the scope, which only personal access tokens have."}, nil},
		{adminEmail, organization + "?duplicate=" + s.anyServiceToken(t, ada), []string{"the token to duplicate was not found."},
			[]string{"copy"}},
		{viewerEmail, personal + "?duplicate=" + s.anyPersonalToken(t, ada), []string{"the token to duplicate was not found."},
			[]string{" copy"}},
		{adminEmail, personal + "?duplicate=" + s.anyPersonalToken(t, ada), []string{" copy&#34;", "Filled in like "}, []string{"was not found"}},
	} {
		got := s.signedIn(t, c.who).get(c.link)
		body := strings.ReplaceAll(got.body, ` copy"`, " copy&#34;")
		for _, part := range c.has {
			if got.status != http.StatusOK || !strings.Contains(body, part) {
				t.Errorf("%s for %s: %d, without %s", c.link, c.who, got.status, part)
			}
		}
		for _, part := range c.hasNot {
			if strings.Contains(body, part) {
				t.Errorf("%s for %s: with %s", c.link, c.who, part)
			}
		}
	}
}

// TestTokenLinks_GrantNothing sends the form of a link as it came: a link in the address of the POST adds nothing to it.
func TestTokenLinks_GrantNothing(t *testing.T) {
	s := newSite(t)
	admin := s.signedIn(t, adminEmail)
	count := func() int {
		listed, err := s.app.Tokens.Services(t.Context(), s.caller(t, adminEmail), token.Workspace, token.Listing{})
		if err != nil {
			t.Fatal(err)
		}
		return listed.Total
	}
	before, link := count(), satForms+"/workspace/new?name=x&step=generate&grant=source:edit&workspace="+s.workspaceNamed(t, "Staging")
	admin.get(link)
	if got := admin.post(link, url.Values{"submission": {"s"}, "step": {"generate"}}); got.status != http.StatusBadRequest {
		t.Errorf("an empty form sent to the link: %d", got.status)
	}
	if after := count(); after != before {
		t.Errorf("%d tokens were made", after-before)
	}
}

// TestTokenLinks_SayWhichResourcesAreGone duplicates a token that is limited to a resource which was deleted since.
func TestTokenLinks_SayWhichResourcesAreGone(t *testing.T) {
	s := newSite(t)
	ada, staging := s.caller(t, adminEmail), s.workspaceNamed(t, "Staging")
	sources := s.resourcesOf(t, staging, "source")
	made, err := s.app.Tokens.GenerateWorkspace(t.Context(), ada.Caller(), token.NewWorkspace{Name: "deploy", Workspace: staging,
		Policy: access.Policy{"source:edit": access.Only(sources[0], sources[1])}})
	if err != nil {
		t.Fatal(err)
	}
	link := satForms + "/workspace/new?duplicate=" + made.ID
	if page := s.signedIn(t, adminEmail).get(link).body; strings.Contains(page, "Left out") ||
		!strings.Contains(page, `name="only.source:edit" value="`+sources[0]+`"`) {
		t.Error("a whole policy was not carried over")
	}
	if err := s.app.Store.InTx(t.Context(), actor.System(""),
		func(tx *store.Tx) error { return tx.RemoveResource(t.Context(), staging, sources[0]) }); err != nil {
		t.Fatal(err)
	}
	page := s.signedIn(t, adminEmail).get(link).body
	if !strings.Contains(page, "1 resource of Edit Event Stream Sources, no longer in the workspace.") ||
		strings.Contains(page, sources[0]) || !strings.Contains(page, `name="only.source:edit" value="`+sources[1]+`"`) {
		t.Error("the page does not say that a resource is gone, or still has it")
	}
}
