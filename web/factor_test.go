package web_test

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"latchkey/internal/access"
	"latchkey/internal/demo"
)

// factored is a member with an authenticator app.
type factored struct {
	browser           *browser // in which they are signed in
	member, email, id string
	secret            string
	codes             []string // recovery codes
}

var (
	appPattern      = regexp.MustCompile(`action="/settings/security/authenticator-apps/([0-9A-Za-z]{27})"`)
	keyPattern      = regexp.MustCompile(`<code id="set-up-key"[^>]*>([A-Z2-7 ]+)</code>`)
	recoveryPattern = regexp.MustCompile(`[a-z2-9]{4}(?:-[a-z2-9]{4}){5}`)
)

// app2FA sets up an authenticator app in a browser, and returns its id and its first code.
func (r *rig) app2FA(b *browser) (id, code string) {
	id, secret := r.setUp(b)
	code, err := totp.GenerateCode(secret, r.now())
	r.must(err)
	return id, code
}

func (r *rig) setUp(b *browser) (id, secret string) {
	r.t.Helper()
	page := b.post("/settings/security/authenticator-apps", url.Values{"name": {"Phone"}, "password": {demo.Password}})
	app, key := appPattern.FindStringSubmatch(page.body), keyPattern.FindStringSubmatch(page.body)
	if app == nil || key == nil || page.compressed || !strings.Contains(page.header.Get("Cache-Control"), "no-store") {
		r.t.Fatalf("%d %v %.3000s", page.status, page.compressed, page.body)
	}
	return app[1], strings.ReplaceAll(key[1], " ", "")
}

// factored adds a member with an authenticator app.
func (r *rig) factored() factored {
	r.t.Helper()
	who := r.person(access.RoleMember)
	f := factored{browser: r.signedIn(r.t, who.Email), member: who.ID, email: who.Email}
	f.id, f.secret = r.setUp(f.browser)
	code, err := totp.GenerateCode(f.secret, r.now())
	r.must(err)
	page := f.browser.post("/settings/security/authenticator-apps/"+f.id, url.Values{"code": {code}})
	if f.codes = recoveryPattern.FindAllString(page.body, -1); len(f.codes) != 10 || page.compressed {
		r.t.Fatalf("%d codes: %d %.3000s", len(f.codes), page.status, page.body)
	}
	return f
}

// TestSecondFactor_HalfASignInOpensNothing asks every page with a password alone.
func TestSecondFactor_HalfASignInOpensNothing(t *testing.T) {
	r := newRig(t)
	f := r.factored()
	half := r.browser(t)
	half.post("/sign-in", url.Values{"email": {f.email}, "password": {demo.Password}, "next": {"/settings/profile"}}).
		seeOther(t, "/sign-in/confirm?next=%2Fsettings%2Fprofile")
	half.get("/sign-in/confirm?next=/settings/profile").has(t, "Confirm it&#39;s you", `autocomplete="one-time-code"`,
		`value="/settings/profile"`)
	for _, p := range pages() {
		if p.Gate == 0 || p.Method != http.MethodGet || strings.Contains(p.Path, ":") {
			continue
		}
		if got := half.get(p.Path); got.status == http.StatusOK {
			t.Errorf("%s: %d", p.Path, got.status)
		}
	}
	for _, wrong := range []url.Values{{"code": {"000000"}}, {"recovery_code": {"aaaa-aaaa-aaaa-aaaa"}}, {}} {
		if got := half.post("/sign-in/confirm", wrong); got.status != http.StatusBadRequest || strings.Contains(got.body, "aaaa") {
			t.Errorf("%v: %d", wrong, got.status)
		}
	}
	code, err := totp.GenerateCode(f.secret, r.now().Add(30*time.Second))
	r.must(err)
	half.post("/sign-in/confirm", url.Values{"code": {code}, "next": {"//evil.example"}}).seeOther(t, "/")
	half.get("/settings/security").has(t, "Phone", "10 codes are left.")
	r.newLogin(t, r.caller(t, adminEmail))
	again := half.post("/sign-in/confirm", url.Values{"code": {code}})
	if again.status != http.StatusUnauthorized || !strings.Contains(again.body, "expired") {
		t.Errorf("again: %d", again.status)
	}
	again.has(t, "Continue with Acme")
}

// TestSecondFactor_SecretsAreInOneAnswerAlone looks for them wherever something is kept.
func TestSecondFactor_SecretsAreInOneAnswerAlone(t *testing.T) {
	r := newRig(t)
	f := r.factored()
	for _, secret := range append(slices.Clone(f.codes), f.secret) {
		assertNowhere(t, r.site, "the secret of a factor", secret)
		assertNowhere(t, r.site, "the secret of a factor", strings.ReplaceAll(secret, "-", ""))
	}
	if got := f.browser.get("/settings/security"); strings.Contains(got.body, f.codes[0]) || strings.Contains(got.body, f.secret) {
		t.Error("the page shows a secret")
	}
	other := r.factored()
	for _, path := range []string{"/second-factors/" + f.id + "/remove", "/authenticator-apps/" + f.id} {
		if got := other.browser.post("/settings/security"+path, url.Values{"password": {demo.Password},
			"code": {"000000"}}); got.status != http.StatusNotFound {
			t.Errorf("another member's %s: %d", path, got.status)
		}
	}
}

func TestSecondFactor_AdminsResetIt(t *testing.T) {
	r := newRig(t)
	f := r.factored()
	member := administration + "/users/" + f.member
	r.admin.get(member).has(t, "Reset second factor", "Has 1 second factor.")
	r.admin.get(member+"/reset-second-factor").has(t, "Make sure that Passing has asked for this.")
	r.admin.post(member+"/reset-second-factor", nil).seeOther(t, member)
	if got := r.admin.post(member+"/reset-second-factor", nil); got.status != http.StatusConflict {
		t.Errorf("again: %d", got.status)
	}
	if got := r.admin.get(member); strings.Contains(got.body, "Reset second factor") {
		t.Error("it is still offered")
	}
	r.browser(t).post("/sign-in", url.Values{"email": {f.email}, "password": {demo.Password}}).seeOther(t, "/")
}
