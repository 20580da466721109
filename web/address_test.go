package web_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/config"
	"latchkey/internal/store/pgtest"
	"latchkey/internal/token"
)

// bearing sends a request with a token and returns the answer.
func (s *site) bearing(t *testing.T, method, path, secret string, body *slowReader) answer {
	t.Helper()
	r, err := http.NewRequest(method, s.URL+path, nil)
	if body != nil {
		r, err = http.NewRequest(method, s.URL+path, body)
		r.ContentLength = int64(len(body.text))
		r.Header.Set("Content-Type", "application/json")
	}
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+secret)
	return s.browser(t).do(r)
}

func (s *site) must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Every door refuses a token from an address that is not allowed, as it refuses an unknown one, and the log
// says from where it was used.
func TestAddresses_EveryDoorRefusesAndTheLogHasTheAddress(t *testing.T) {
	s, ctx := newSite(t), context.Background()
	ada := s.caller(t, adminEmail)
	g, err := s.app.Tokens.GenerateOrganization(ctx, ada.Caller(), token.NewOrganization{Name: "okta"})
	s.must(t, err)
	paths := []string{"/v2/token", "/v2/audit-logs", "/scim/v2/Users", "/auth/verify"}
	for _, path := range paths {
		if got := s.bearing(t, "GET", path, g.Secret.Reveal(), nil); got.status == http.StatusUnauthorized {
			t.Errorf("%s: %d before", path, got.status)
		}
	}
	_, err = s.app.Tokens.SetAddresses(ctx, ada.Caller(), g.ID, "192.0.2.0/24")
	s.must(t, err)
	revoked := s.revokedToken(t)
	for _, path := range paths {
		got, unknown := s.bearing(t, "GET", path, g.Secret.Reveal(), nil), s.bearing(t, "GET", path, revoked, nil)
		if got.status != http.StatusUnauthorized || got.body != unknown.body || got.header.Get("X-Request-Id") == "" ||
			got.header.Get("WWW-Authenticate") != unknown.header.Get("WWW-Authenticate") {
			t.Errorf("%s: %d %s, an unknown one %d %s", path, got.status, got.body, unknown.status, unknown.body)
		}
	}
	s.must(t, s.app.Audit.Flush(ctx))
	events, err := s.app.Store.RecentEvents(ctx, ada.Organization, "", 20)
	s.must(t, err)
	found := 0
	for _, e := range events {
		if e.Action == audit.AccessDenied && e.Target.ID == g.ID && !strings.Contains(e.After, "SCIM") {
			found++
			if e.Origin.IP != "127.0.0.1" || !strings.Contains(e.After, "used from 127.0.0.1, which is not an allowed address") ||
				!strings.Contains(e.After, `"attempts":4`) {
				t.Errorf("event %+v", e)
			}
		}
	}
	if found != 1 {
		t.Errorf("%d events", found)
	}
}

// A body that is held back buys no time.
func TestAddresses_ThatChangeWhileTheBodyComesAreObeyed(t *testing.T) {
	s, ctx := newSite(t), context.Background()
	ada := s.caller(t, adminEmail)
	g, err := s.app.Tokens.GenerateWorkspace(ctx, ada.Caller(), token.NewWorkspace{Name: "ci", Workspace: firstWorkspace(t, s),
		Policy: access.BuiltIn().Everything()})
	s.must(t, err)
	body := &slowReader{text: `{"name":"held","type":"http"}`, keeps: 1, rest: make(chan struct{})}
	answered := make(chan answer, 1)
	go func() { answered <- s.bearing(t, "POST", "/v2/sources", g.Secret.Reveal(), body) }()
	time.Sleep(10 * heldBack)
	s.must(t, s.app.Tokens.SetAllowedAddresses(ctx, ada.Caller(), "192.0.2.0/24"))
	close(body.rest)
	if got := <-answered; got.status != http.StatusUnauthorized {
		t.Errorf("held back: %d %s", got.status, got.body)
	}
	by := actor.Caller{Ref: actor.Ref{Kind: actor.Token, ID: g.ID}, Origin: actor.Origin{IP: "127.0.0.1"}}
	if _, err := s.app.Tokens.Delete(ctx, by, g.ID); err == nil {
		t.Error("the transaction of a token that may not be used from there is committed")
	}
}

// Both nodes obey a change that one of them made.
func TestAddresses_ChangeOnEveryNode(t *testing.T) {
	cfg := config.Config{DatabaseURL: pgtest.Migrated(t), SecretKeyFile: secretKeyFile(t)}
	one, two := newSiteOn(t, cfg), newSiteOn(t, cfg)
	ctx, ada := context.Background(), one.caller(t, adminEmail)
	g, err := one.app.Tokens.GenerateOrganization(ctx, ada.Caller(), token.NewOrganization{Name: "okta"})
	one.must(t, err)
	become := func(what string, want int) {
		t.Helper()
		for end := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
			first, second := one.bearing(t, "GET", "/auth/verify", g.Secret.Reveal(), nil),
				two.bearing(t, "GET", "/auth/verify", g.Secret.Reveal(), nil)
			if first.status != want {
				t.Fatalf("%s: the node that made the change answers %d", what, first.status)
			}
			if second.status == want {
				return
			}
			if time.Now().After(end) {
				t.Fatalf("%s: the other node answers %d", what, second.status)
			}
		}
	}
	become("at first", http.StatusOK)
	for _, step := range []struct {
		own, organization string
		want              int
	}{
		{"192.0.2.0/24", "", 401}, {"127.0.0.0/8", "", 200}, {"127.0.0.0/8", "192.0.2.0/24", 401}, {"127.0.0.0/8", "0.0.0.0/0", 200},
		{"", "::/0", 401}, {"", "", 200},
	} {
		_, err := one.app.Tokens.SetAddresses(ctx, ada.Caller(), g.ID, step.own)
		one.must(t, err)
		one.must(t, one.app.Tokens.SetAllowedAddresses(ctx, ada.Caller(), step.organization))
		become("own "+step.own+", organization "+step.organization, step.want)
	}
}

// The pages take addresses, say what is wrong with them, keep what was typed, and say the visitor's own.
func TestAddresses_AreEditedOnPages(t *testing.T) {
	s, ctx := newSite(t), context.Background()
	b, ada := s.signedIn(t, adminEmail), s.caller(t, adminEmail)
	const list, rules = "/settings/personal-access-tokens", administration + "/token-rules"
	has := func(got answer, status int, texts ...string) {
		t.Helper()
		for _, text := range texts {
			if got.status != status || !strings.Contains(got.body, text) {
				t.Errorf("%d, want %d and %q in %.3000s", got.status, status, text, got.body)
			}
		}
	}
	opened := b.get(list + "/new?addresses=192.0.2.0/24&addresses=10.0.0.0/8,::ffff:10.1.2.3")
	has(opened, 200, "<details class=\"token-more\" open", ">10.0.0.0/8\n192.0.2.0/24</textarea>", "Your address here is 127.0.0.1.")
	has(b.get(list+"/new?addresses=192.0.2.0/24,10.0.0.1/8"), 200, "use 10.0.0.0/8 for the range", "would work from any address")
	form := url.Values{"name": {"probe"}, "workspace": {firstWorkspace(t, s)}, "scope": {"read_only"}, "expiration": {"30d"},
		"addresses": {"192.0.2.7/24\n\u200b10.0.0.0/8"}, "submission": {submission(t, opened)}}
	refused := b.post(list, form)
	has(refused, 400, "use 192.0.2.0/24 for the range, or 192.0.2.7 for the address", ">192.0.2.7/24\n10.0.0.0/8</textarea>")
	form.Set("addresses", "192.0.2.0/24\r\n10.0.0.0/8")
	form.Set("submission", submission(t, refused))
	has(b.post(list, form), 200, "10.0.0.0/8 and 192.0.2.0/24")
	mine, err := s.app.Tokens.Personal(ctx, ada, token.Listing{})
	s.must(t, err)
	page := "/tokens/" + mine.Tokens[0].ID
	has(b.get(page), 200, "This token works only from:", "10.0.0.0/8", page+"/addresses")
	has(b.get(list+"/new?duplicate="+mine.Tokens[0].ID), 200, ">10.0.0.0/8\n192.0.2.0/24</textarea>")
	has(b.get(page+"/addresses"), 200, ">10.0.0.0/8\n192.0.2.0/24</textarea>", "Your address here is 127.0.0.1.")
	has(b.post(page+"/addresses", url.Values{"addresses": {"fe80::1%eth0"}}), 400, "has a zone", ">fe80::1%eth0</textarea>")
	has(b.post(page+"/addresses", url.Values{"addresses": {"192.0.2.9"}}), 303, "")
	has(b.post(rules+"/addresses", url.Values{"addresses": {strings.Repeat("10.0.0.1 11.0.0.1/8 ", 50)}}), 400, "use 11.0.0.0/8")
	has(b.post(rules+"/addresses", url.Values{"addresses": {"10.0.0.0/8"}}), 303, "")
	has(b.get(rules), 200, "Tokens work only from:", "10.0.0.0/8")
	has(b.get(page), 200, "It is refused everywhere", "allows none of these addresses, only 10.0.0.0/8.")
	has(b.post(page+"/addresses", url.Values{"addresses": {""}}), 303, "")
	has(b.get(page), 200, "This token has no addresses of its own.")
	if got := s.signedIn(t, viewerEmail).post(page+"/addresses", url.Values{"addresses": {"::/0"}}); got.status != 404 {
		t.Errorf("another member: %d", got.status)
	}
}
