package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"latchkey/internal/demo"
)

// A password of somebody whose domain requires a provider leads there, and then to where they wanted to go.
func TestRequireProvider_APasswordLeadsToTheProvider(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	at := strings.Split(r.requirable(), "/")
	provider, domain := at[len(at)-4], at[len(at)-2]
	_, err := r.app.Identity.Require(t.Context(), r.caller(t, adminEmail).Caller(), provider, domain)
	r.must(err)
	for next, want := range map[string]string{"": "/start", "/settings/profile": "/start?next=%2Fsettings%2Fprofile"} {
		b := r.browser(t)
		got := b.post("/sign-in", url.Values{"email": {"somebody@" + domain}, "password": {demo.Password}, "next": {next}})
		if got.status != http.StatusSeeOther || !strings.HasPrefix(got.header.Get("Location"), "/sso?") {
			t.Fatalf("%d %s", got.status, got.header.Get("Location"))
		}
		if on := b.get(got.header.Get("Location")); on.header.Get("Refresh") != "0; url=/sso/saml/"+provider+want {
			t.Errorf("%q leads on to %d %q", next, on.status, on.header.Get("Refresh"))
		}
	}
}
