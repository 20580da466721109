package web_test

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"latchkey/internal/invitation"
)

const userPages = "/settings/access-management/users"

func TestMemberPages_AnAdminMayGoWhenAnotherStays(t *testing.T) {
	for _, act := range []string{"make-member", "deactivate", "delete"} {
		s := newSite(t)
		ada, eli := s.caller(t, adminEmail), s.caller(t, editorEmail)
		if _, err := s.app.Accounts.Members.MakeAdmin(context.Background(), ada.Caller(), eli.ID); err != nil {
			t.Fatal(err)
		}
		b := s.signedIn(t, adminEmail)
		target, form := userPages+"/"+ada.ID+"/"+act, url.Values{}
		if act == "delete" {
			target, form = userPages+"/delete", url.Values{"member": {ada.ID}}
		}
		if got := b.post(target, form); got.status != http.StatusSeeOther {
			t.Fatalf("%s oneself: %d %.300s", act, got.status, got.body)
		}
		home := b.get("/")
		if signedIn := home.status == http.StatusOK; signedIn != (act == "make-member") {
			t.Errorf("after %s of oneself / answers %d", act, home.status)
		}
		if got := b.get(userPages); got.status == http.StatusOK {
			t.Errorf("after %s of oneself the users are still shown", act)
		}
	}
}

func TestMemberPages_KnowOnlyTheirChanges(t *testing.T) {
	s := newSite(t)
	b := s.signedIn(t, adminEmail)
	at := userPages + "/" + s.caller(t, viewerEmail).ID
	for path, want := range map[string]int{
		at + "/make-king": http.StatusNotFound, at + "/tokens/none/delete": http.StatusNotFound, at + "/policies/none": http.StatusNotFound,
		at + "/access-policy/none": http.StatusNotFound, userPages + "/none": http.StatusNotFound, userPages +
			"/none/deactivate": http.StatusNotFound,
		userPages + "/delete?member=none": http.StatusNotFound, userPages + "/delete": http.StatusBadRequest, userPages +
			"?sort=nonsense&page=7": http.StatusOK,
	} {
		if got := b.get(path); got.status != want {
			t.Errorf("GET %s: %d, want %d", path, got.status, want)
		}
	}
}

func TestPolicyPages_RefuseAStaleFormAndKeepWhatWasChosen(t *testing.T) {
	s := newSite(t)
	ctx, ada := context.Background(), s.caller(t, adminEmail)
	b := s.signedIn(t, adminEmail)
	workspace := firstWorkspace(t, s)
	at := "/settings/access-management/baseline-policies/" + workspace
	p, err := s.app.Policies.Baseline(ctx, ada, workspace)
	if err != nil {
		t.Fatal(err)
	}
	form := url.Values{"step": {"save"}, "policy_id": {p.ID}, "version": {"1"}, "grant": {"table:connect"}}
	if got := b.post(at, form); got.status != http.StatusSeeOther {
		t.Fatalf("first save: %d %.500s", got.status, got.body)
	}
	form["grant"] = []string{"audience:connect"}
	got := b.post(at, form)
	if got.status != http.StatusConflict ||
		!strings.Contains(got.body, "Ada Admin changed this policy while you were editing it. Added: Connect Tables.") {
		t.Fatalf("second save: %d %.2000s", got.status, got.body)
	}
	if !strings.Contains(got.body, `value="audience:connect" aria-label="Connect Audiences" checked`) ||
		!strings.Contains(got.body, `name="version" value="1"`) || !strings.Contains(got.body, "Apply mine on top") {
		t.Error("the choice is lost, or saving it again would drop what the other one did")
	}
	form["grant"] = []string{"table:fly"}
	form["version"] = []string{"2"}
	if got := b.post(at, form); got.status != http.StatusBadRequest || !strings.Contains(got.body, "There is no such permission.") {
		t.Errorf("an unknown permission: %d", got.status)
	}
}

func TestInvitationPages_ShowALinkOnceAndStoreNoSecret(t *testing.T) {
	s := newSite(t)
	b := s.signedIn(t, adminEmail)
	const invitations = "/settings/access-management/invitations"
	got := b.post(invitations+"/new", url.Values{"emails": {"nora@acme.example"}, "role": {"member"}, "workspaces": {firstWorkspace(t, s)}})
	_, rest, found := strings.Cut(got.body, "/accept-invitation#secret=")
	if got.status != http.StatusOK || !found || got.header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%d, %q, %.300s", got.status, got.header.Get("Cache-Control"), got.body)
	}
	secret := rest[:43]
	nobody := s.browser(t)
	if page := nobody.post("/accept-invitation/open", url.Values{"secret": {secret}}); page.status != http.StatusOK || page.compressed ||
		page.header.Get("Cache-Control") != "no-store" {
		t.Errorf("the link answers %d", page.status)
	}
	joined := nobody.post("/accept-invitation", url.Values{"secret": {secret}, "name": {"Nora"}, "password": {"a long enough password"}})
	if joined.status != http.StatusSeeOther || nobody.get("/").status != http.StatusOK {
		t.Errorf("joining answers %d %.300s", joined.status, joined.body)
	}
	if again := nobody.post("/accept-invitation/open", url.Values{"secret": {secret}}); again.status != http.StatusConflict {
		t.Errorf("the used link answers %d", again.status)
	}
	if strings.Contains(s.logs.String(), secret) || strings.Contains(b.get(invitations).body, secret) {
		t.Error("the secret is in the log or in the list")
	}
	page, err := s.app.Invitations.Find(context.Background(), s.caller(t, adminEmail), invitation.Query{State: invitation.Accepted})
	if err != nil || page.Total != 1 {
		t.Errorf("%+v, %v", page, err)
	}
}

// TestSecrets_AreInNoURL holds for the links that Latchkey makes: the query of an address is in the
// logs of proxies and in Referer, the fragment is sent to nobody.
func TestSecrets_AreInNoURL(t *testing.T) {
	r := newRig(t)
	secret := r.invited("emails", "nora@acme.example", "role", "member", "workspaces", firstWorkspace(t, r.site))
	nobody := r.browser(t)
	ask := nobody.get("/accept-invitation")
	ask.has(t, `data-fragment="secret"`, `action="/accept-invitation/open"`, "Invitation link")
	if strings.Contains(ask.body, `name="referrer"`) || ask.header.Get("Referrer-Policy") != "same-origin" {
		t.Error("the page overrides the header Referrer-Policy")
	}
	for pasted, want := range map[string]int{"": http.StatusBadRequest, " \u200b": http.StatusBadRequest, "nonsense": http.StatusNotFound,
		strings.Repeat("A", 43): http.StatusNotFound, "https://keys.example.com/accept-invitation#secret=" +
			secret: http.StatusOK, secret: http.StatusOK} {
		if got := nobody.post("/accept-invitation/open", url.Values{"secret": {pasted}}); got.status != want ||
			(want == http.StatusOK) != strings.Contains(got.body, `value="`+secret+`"`) {
			t.Errorf("%q: %d, want %d", pasted, got.status, want)
		}
	}
	nobody.get("/accept-invitation?secret="+secret).seeOther(t, "/accept-invitation#secret="+secret) // an older link
	reset := r.recovery(r.newMember(t, r.caller(t, adminEmail)))
	nobody.get("/recover").has(t, `data-fragment="secret"`, `action="/recover/open"`, "Reset link")
	for pasted, want := range map[string]int{"": http.StatusBadRequest, "nonsense": http.StatusNotFound, secret: http.StatusNotFound,
		"https://keys.example.com/recover#secret=" + reset: http.StatusOK, reset: http.StatusOK} {
		if got := nobody.post("/recover/open", url.Values{"secret": {pasted}}); got.status != want ||
			(want == http.StatusOK) != strings.Contains(got.body, `value="`+reset+`"`) || got.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%q: %d, want %d", pasted, got.status, want)
		}
	}
	inQuery := regexp.MustCompile(`(\?|&amp;)(secret|code|token|password)=`)
	for _, p := range pages() {
		if p.Method == http.MethodGet {
			if found := inQuery.FindString(r.admin.get(r.fill(t, p.Path)).body); found != "" {
				t.Errorf("%s has an address with %s", p.Path, found)
			}
		}
	}
}
