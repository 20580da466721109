package web_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/demo"
	"latchkey/internal/signin/passkey/passkeytest"
)

// keyed is a member with a passkey.
type keyed struct {
	*passkeytest.Key
	browser   *browser // in which they are signed in
	email, id string
}

var passkeyPattern = regexp.MustCompile(`action="(/settings/security/passkeys/([0-9A-Za-z]{27}))"`)

// newKey prepares a passkey in a browser, and returns its id and its key's answer.
func (r *rig) newKey(b *browser) (k *passkeytest.Key, id, answer string) {
	r.t.Helper()
	page := b.post("/settings/security/passkeys", url.Values{"name": {"Laptop"}, "password": {demo.Password}})
	found := passkeyPattern.FindStringSubmatch(page.body)
	if found == nil {
		r.t.Fatalf("%d %.3000s", page.status, page.body)
	}
	asked := b.post(found[1]+"/options", nil)
	if asked.status != http.StatusOK || !strings.Contains(asked.header.Get("Cache-Control"), "no-store") {
		r.t.Fatalf("%d %s", asked.status, asked.body)
	}
	k = passkeytest.New("localhost", "http://localhost:0")
	return k, found[2], k.Create([]byte(asked.body))
}

// keyed adds a member with a passkey.
func (r *rig) keyed() keyed {
	r.t.Helper()
	who := r.person(access.RoleMember)
	k := keyed{browser: r.signedIn(r.t, who.Email), email: who.Email}
	var answer string
	k.Key, k.id, answer = r.newKey(k.browser)
	page := k.browser.post("/settings/security/passkeys/"+k.id, url.Values{"passkey": {answer}})
	if codes := recoveryPattern.FindAllString(page.body, -1); len(codes) != 10 || page.compressed {
		r.t.Fatalf("%d codes: %d %.3000s", len(codes), page.status, page.body)
	}
	return k
}

// passkeyActs are what members do with passkeys.
func passkeyActs() []act {
	const security = "/settings/security"
	return []act{
		{"POST /sign-in/passkey", func(r *rig) sent {
			k, b := r.keyed(), r.browser(r.t)
			return b.form("/sign-in/passkey", "passkey", k.Get([]byte(b.post("/sign-in/passkey/options", nil).body)))
		}, "session.signed_in"},
		{"POST " + security + "/passkeys/:id", func(r *rig) sent {
			b := r.signedIn(r.t, r.person(access.RoleMember).Email)
			_, id, answer := r.newKey(b)
			return b.form(security+"/passkeys/"+id, "passkey", answer)
		}, "user.second_factor_added"},
		{"POST " + security + "/second-factors/:id/rename", func(r *rig) sent {
			f := r.factored()
			return f.browser.form(security+"/second-factors/"+f.id+"/rename", "name", "Old phone")
		}, "user.second_factor_renamed"},
	}
}

func TestPasskey_SignsInAndConfirms(t *testing.T) {
	r := newRig(t)
	k := r.keyed()
	b := r.browser(t)
	b.get("/sign-in?next=/settings/profile").has(t, "Sign in with a passkey", `action="/sign-in/passkey"`)
	answer := k.Get([]byte(b.post("/sign-in/passkey/options", nil).body))
	if got := r.browser(t).post("/sign-in/passkey", url.Values{"passkey": {answer}}); got.status != http.StatusUnauthorized {
		t.Errorf("in another browser: %d", got.status)
	}
	in := url.Values{"passkey": {answer}, "next": {"/settings/profile"}}
	b.post("/sign-in/passkey", in).seeOther(t, "/settings/profile")
	b.get("/settings/security").has(t, "Laptop", "Passkey, synced or backed up")
	if got := b.post("/sign-in/passkey", in); got.status != http.StatusUnauthorized {
		t.Errorf("again: %d", got.status)
	}
	half := r.browser(t)
	half.post("/sign-in", url.Values{"email": {k.email}, "password": {demo.Password}}).seeOther(t, "/sign-in/confirm?next=%2F")
	page := half.get("/sign-in/confirm?next=/help")
	page.has(t, "Use a passkey", "Use a recovery code", `value="/help"`)
	if strings.Contains(page.body, "one-time-code") {
		t.Error("a code is asked for that there is not")
	}
	half.get("/sign-in/confirm?with=recovery").has(t, `name="recovery_code"`, "Use a passkey")
	if got := half.post("/sign-in/confirm", url.Values{"passkey": {"{}"}}); got.status != http.StatusBadRequest {
		t.Errorf("nonsense: %d", got.status)
	}
	answer = k.Get([]byte(half.post("/sign-in/confirm/options", nil).body))
	half.post("/sign-in/confirm", url.Values{"passkey": {answer}, "next": {"/help"}}).seeOther(t, "/help")
	stranger := r.browser(t)
	if got := stranger.post("/sign-in/confirm/options", nil); got.status != http.StatusUnauthorized ||
		strings.Contains(got.body, "challenge") {
		t.Errorf("nobody: %d %s", got.status, got.body)
	}
}
