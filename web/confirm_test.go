package web_test

import (
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/app"
	"latchkey/internal/audit"
	"latchkey/internal/demo"
	"latchkey/internal/fault"
	"latchkey/internal/signin"
	"latchkey/internal/store/storetest"
	"latchkey/web/ui/kit"
)

var heldPattern = regexp.MustCompile(`name="confirm_form" value="([^"]+)"`)

// asked returns the name of the form that the page of a question holds.
func asked(t *testing.T, got answer) string {
	t.Helper()
	m := heldPattern.FindStringSubmatch(got.body)
	if got.status != http.StatusForbidden || m == nil || got.compressed {
		t.Fatalf("not asked: %d %.1500s", got.status, got.body)
	}
	return m[1]
}

func confirmation(held, password, code string) url.Values {
	return url.Values{"confirm_form": {held}, "confirm_password": {password}, "confirm_code": {code}}
}

// TestConfirm_AsksBeforeTheActsOfTheList tries each act in a session that is 16 minutes old: it asks, and is done after
// the answer.
func TestConfirm_AsksBeforeTheActsOfTheList(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock(time.Now())
	s := newSite(t, func(o *app.Options) { o.Now = clock.Now })
	r := newRigOn(t, s)
	const users, clients, sats = administration + "/users/", administration + "/api-clients", administration + "/service-access-tokens"
	ada := r.caller(t, adminEmail)
	member := func() string { return r.newMember(t, r.caller(t, adminEmail)) }
	workspace, rotating := firstWorkspace(t, s), "/tokens/"+r.madeToken("rotating")+"/rotate"
	for _, a := range []struct {
		path string
		form url.Values
	}{
		{sats + "/organization", url.Values{"name": {"siem"}, "expiration": {"30d"}, "submission": {"one"}}},
		{clients, url.Values{"name": {"Billing"}, "submission": {"two"}}},
		{users + member() + "/make-admin", url.Values{}},
		{users + "delete", url.Values{"member": {member(), member()}}},
		{users + member() + "/sessions/end-all", url.Values{}},
		{users + member() + "/reset-link", url.Values{}},
		{"/settings/profile/sessions/end-others", url.Values{}},
		{"/settings/workspaces/" + workspace + "/delete", url.Values{"name": {"wrong name"}}},
		{administration + "/invitations/new", url.Values{"emails": {"boss@new.example"}, "role": {"admin"}, "submission": {"three"}}},
		{rotating, url.Values{"overlap": {"24h"}, "expiration": {"same"}}},
		{rulePath, pairsOf(ruleForm("revision", "0", "most_personal", "7"))},
		{administration + "/sign-in/second-factor", url.Values{"who": {"nobody"}}},
	} {
		clock.Pass(16 * time.Minute)
		head := r.head()
		held := asked(t, r.admin.post(a.path, a.form))
		if r.head() != head {
			t.Errorf("%s: asking left events", a.path)
		}
		done := r.admin.post(a.path, confirmation(held, demo.Password, ""))
		want := http.StatusSeeOther
		if strings.HasPrefix(a.path, sats) || a.path == clients || strings.HasSuffix(a.path, "reset-link") ||
			strings.HasSuffix(a.path, "/invitations/new") || a.path == rotating {
			want = http.StatusOK
		}
		if a.form.Has("name") && a.form.Get("name") == "wrong name" {
			want = http.StatusBadRequest // the form arrived, and is refused for what it says
		}
		if done.status != want {
			t.Errorf("%s: after the answer %d %.800s", a.path, done.status, done.body)
		}
		events := r.eventsAfter(head)
		if len(events) == 0 || events[0].Action != audit.Confirmed || events[0].ActorID != ada.ID {
			t.Errorf("%s: %+v", a.path, events)
		}
		if again := r.admin.post(a.path, confirmation(held, demo.Password, "")); again.status != http.StatusConflict {
			t.Errorf("%s: a second time %d", a.path, again.status)
		}
	}
}

// TestConfirm_AttacksGainNothing tries what somebody may do who has a session and nothing else.
func TestConfirm_AttacksGainNothing(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock(time.Now())
	s := newSite(t, func(o *app.Options) { o.Now = clock.Now })
	r := newRigOn(t, s)
	const path = administration + "/api-clients"
	form := url.Values{"name": {"Secret <name>"}, "submission": {"one"}}
	other := s.signedIn(t, adminEmail)
	clock.Pass(16 * time.Minute)
	page := r.admin.post(path, form)
	held := asked(t, page)
	if strings.Contains(page.body, "Secret") {
		t.Error("the page holds what was filled in")
	}
	assertNowhere(t, s, "the form", "Secret <name>")
	assertNowhere(t, s, "the form", url.QueryEscape("Secret <name>"))
	head := r.head()
	for name, got := range map[string]answer{
		"no password":      r.admin.post(path, confirmation(held, "", "")),
		"a wrong password": r.admin.post(path, confirmation(held, "wrong password", "")),
		"another session":  other.post(path, confirmation(held, demo.Password, "")),
		"another path":     r.admin.post("/settings/profile/name", confirmation(held, demo.Password, "")),
		"an unknown form":  r.admin.post(path, confirmation("unknown", demo.Password, "")),
		"nobody":           s.browser(t).post(path, confirmation(held, demo.Password, "")),
	} {
		if got.status == http.StatusOK || strings.Contains(got.body, "Secret &lt;name&gt;") {
			t.Errorf("%s: %d", name, got.status)
		}
	}
	failed := 0
	for _, e := range r.eventsAfter(head) {
		if e.Action != audit.ConfirmFailed {
			t.Errorf("%s", e.Action)
		}
		failed++
	}
	if failed != 1 {
		t.Errorf("%d failures were recorded, want that of the wrong password", failed)
	}
	// The form expires, and a clock that was set forward and back makes no proof fresh.
	clock.Pass(15 * time.Minute)
	if got := r.admin.post(path, confirmation(held, demo.Password, "")); got.status != http.StatusConflict {
		t.Errorf("an expired form: %d", got.status)
	}
	held = asked(t, r.admin.post(path, form))
	if got := r.admin.post(path, confirmation(held, demo.Password, "")); got.status != http.StatusOK {
		t.Fatalf("%d %.800s", got.status, got.body)
	}
	clock.Pass(-10 * time.Minute)
	asked(t, r.admin.post(path, url.Values{"name": {"Other"}, "submission": {"two"}}))
	for range 6 {
		r.admin.post(path, confirmation(asked(t, r.admin.post(path, form)), "wrong password", ""))
	}
	held = asked(t, r.admin.post(path, form))
	if got := r.admin.post(path, confirmation(held, demo.Password, "")); got.status != http.StatusTooManyRequests {
		t.Errorf("guessing is not throttled: %d", got.status)
	}
	r.admin.get("/settings/profile").has(t, "Your Profile")
}

// TestConfirm_TakesACodeOnce asks a member with an authenticator app for both.
func TestConfirm_TakesACodeOnce(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock(time.Now())
	s := newSite(t, func(o *app.Options) { o.Now = clock.Now })
	r := newRigOn(t, s)
	f := r.factored()
	const path = "/settings/profile/sessions/end-others"
	clock.Pass(16 * time.Minute)
	held := asked(t, f.browser.post(path, nil))
	code, err := totp.GenerateCode(f.secret, r.now())
	r.must(err)
	if got := f.browser.post(path, confirmation(held, demo.Password, "000000")); got.status != http.StatusBadRequest {
		t.Errorf("a wrong code: %d", got.status)
	}
	f.browser.post(path, confirmation(held, demo.Password, code)).seeOther(t, "/settings/profile")
	clock.Pass(20 * time.Second)
	r.exec(`UPDATE sessions SET proven_at = 0`)
	held = asked(t, f.browser.post(path, nil))
	if got := f.browser.post(path, confirmation(held, demo.Password, code)); got.status != http.StatusBadRequest {
		t.Errorf("a replayed code: %d", got.status)
	}
	f.browser.post(path, confirmation(held, demo.Password, f.codes[0])).seeOther(t, "/settings/profile")
}

// TestRequireFactor_OpensNothingButAddingOne asks every page without the second factor that the organization requires.
func TestRequireFactor_OpensNothingButAddingOne(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock(time.Now())
	s := newSite(t, func(o *app.Options) { o.Now = clock.Now })
	r := newRigOn(t, s)
	const rule, settings = administration + "/sign-in/second-factor", administration + "/sign-in"
	if got := r.admin.post(rule, url.Values{"who": {"admins"}}); got.status != http.StatusBadRequest ||
		!strings.Contains(got.body, "lock you out") {
		t.Fatalf("an Admin without a factor: %d", got.status)
	}
	who := r.person(access.RoleMember)
	b := s.signedIn(t, who.Email)
	paths := map[string]string{}
	for _, p := range pages() {
		paths[p.Path] = s.fill(t, p.Path)
	}
	r.exec(`UPDATE sessions SET proven_by = 'factor' WHERE member_id = '` + r.caller(t, adminEmail).ID + `'`)
	from := clock.Now().UTC().AddDate(0, 0, 3).Format("2006-01-02")
	r.admin.post(rule, url.Values{"who": {"everyone"}, "date": {from}}).seeOther(t, settings)
	b.get("/settings/profile").has(t, "Your organization requires a second factor.", "Add a second factor")
	clock.Pass(4 * 24 * time.Hour)
	b = s.signedIn(t, who.Email)
	for _, p := range pages() {
		path := paths[p.Path]
		if p.Gate != kit.Member {
			continue
		}
		if got := b.request(p.Method, path); got.status != http.StatusSeeOther || got.header.Get("Location") != "/settings/security" {
			t.Errorf("%s %s: %d %s", p.Method, path, got.status, got.header.Get("Location"))
		}
	}
	// The use cases refuse as well, whatever the gate does.
	list, err := s.app.Store.SessionsOf(t.Context(), who.ID, signin.Limits{Idle: clock.Now().Add(-time.Hour),
		Absolute: clock.Now().Add(-time.Hour)})
	r.must(err)
	by := actor.Caller{Ref: actor.Ref{Kind: actor.Session, ID: list[0].ID}}
	if _, err := s.app.Accounts.Members.Rename(t.Context(), by, "Somebody"); !errors.Is(err, fault.ErrNoFactor) {
		t.Errorf("a use case let it pass: %v", err)
	}
	b.get("/settings/security").has(t, "Until then you can only open this page and sign out.")
	id, code := r.app2FA(b)
	b.post("/settings/security/authenticator-apps/"+id, url.Values{"code": {code}}).has(t, "Recovery codes")
	b.get("/settings/profile").has(t, "Your Profile")
	// Without the factor, the session is as weak as before.
	b.post("/settings/security/second-factors/"+id+"/remove", url.Values{"password": {demo.Password}})
	b.get("/settings/profile").seeOther(t, "/settings/security")
	b.post("/sign-out", nil).seeOther(t, "/sign-in")
}

// pairsOf returns the form of names and values in turn.
func pairsOf(list []string) url.Values {
	form := url.Values{}
	for i := 0; i < len(list); i += 2 {
		form.Set(list[i], list[i+1])
	}
	return form
}
