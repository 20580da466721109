package api_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/access"
	"latchkey/internal/token"
)

func TestIntrospect_DescribesAnActiveToken(t *testing.T) {
	w := newWorld(t)
	c := w.client()
	as := basicAuth(c.ID, c.Secret.Reveal())
	eve := w.member("eve", access.Policy{"source:edit": access.Only("s1"), "destination:edit": access.Everywhere()})
	tok, secret := w.insert(token.Token{Kind: token.Personal, Name: `"<ü>"`, Owner: eve.ID, Workspace: w.main,
		Scope: access.ScopeReadWrite, ExpiresAt: w.now().Add(time.Hour)})
	got := w.ask("POST", "/oauth2/introspect", "token_type_hint=x&token="+secret, as...)
	want := map[string]any{
		"active": true, "scope": "workspace:view destination:edit", "client_id": tok.ID, "sub": eve.ID, "token_type": "Bearer",
		"exp": float64(w.now().Add(time.Hour).Unix()), "iat": float64(w.now().Unix()), "iss": "https://latchkey.example.com", "jti": tok.ID,
		"username": "eve@example.com", "token_scope": "read_write", "token_kind": "personal", "token_name": `"<ü>"`,
		"workspace_id": w.main, "workspace_name": "Main", "organization_id": w.org, "organization_name": "Acme",
		"limited_permissions": map[string]any{"source:edit": map[string]any{"all": false, "ids": []any{"s1"}}},
	}
	if d := cmp.Diff(want, w.object(got)); got.status != 200 || d != "" || got.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v %s", got.status, got.header, d)
	}
	sat, secret := w.service(access.Policy{"invoice:refund": access.Everywhere()})
	got = w.ask("POST", "/oauth2/introspect", "token="+secret, as...)
	want = map[string]any{
		"active": true, "scope": "workspace:view invoice:refund", "client_id": sat.ID, "sub": sat.ID, "token_type": "Bearer",
		"iat": float64(w.now().Unix()), "iss": "https://latchkey.example.com", "jti": sat.ID, "token_kind": "workspace", "token_name": sat.Name,
		"workspace_id": w.main, "workspace_name": "Main", "organization_id": w.org, "organization_name": "Acme",
	}
	if d := cmp.Diff(want, w.object(got)); got.status != 200 || d != "" {
		t.Errorf("%d %s", got.status, d)
	}
}

func TestIntrospect_SaysInactiveAndNothingElse(t *testing.T) {
	w := newWorld(t)
	c := w.client()
	for name, secret := range w.badSecrets() {
		got := w.ask("POST", "/oauth2/introspect", "token="+secret, basicAuth(c.ID, c.Secret.Reveal())...)
		if got.status != 200 || got.body != `{"active":false}` || got.header.Get("Content-Type") != "application/json" ||
			got.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %v %q", name, got.status, got.header, got.body)
		}
	}
}

func TestIntrospect_NeedsAnAPIClient(t *testing.T) {
	w := newWorld(t, few)
	c := w.client()
	_, secret := w.service(nil)
	form := "token=" + secret
	for name, headers := range map[string][]string{
		"nothing": nil, "the token itself": bearer(secret), "an unknown client": basicAuth("nobody",
			"x"), "not base64": {"Authorization", "Basic ?"},
	} {
		got := w.ask("POST", "/oauth2/introspect", form, headers...)
		if got.status != 401 || !strings.HasPrefix(got.header.Get("WWW-Authenticate"), "Basic ") || w.object(got)["error"] != "invalid_client" {
			t.Errorf("%s: %d %v %s", name, got.status, got.header, got.body)
		}
	}
	w.ask("POST", "/oauth2/introspect", form, basicAuth(c.ID, "wrong")...) // the third failure
	got := w.ask("POST", "/oauth2/introspect", form, basicAuth(c.ID, "wrong")...)
	if got.status != 429 || got.header.Get("Retry-After") != "60" {
		t.Errorf("after three failures: %d %v", got.status, got.header)
	}
	if got := w.ask("POST", "/oauth2/introspect", form, basicAuth(c.ID, c.Secret.Reveal())...); got.status != 200 {
		t.Errorf("a good client from the same address: %d", got.status)
	}
	_, err := w.clients.Delete(w.ctx, w.admin.Caller(), c.ID)
	w.must(err)
	if got := w.ask("POST", "/oauth2/introspect", form, basicAuth(c.ID, c.Secret.Reveal())...); got.status == 200 {
		t.Error("a deleted client is answered")
	}
}

func TestIntrospect_RefusesRequestsThatAreNone(t *testing.T) {
	w := newWorld(t)
	c := w.client()
	as := basicAuth(c.ID, c.Secret.Reveal())
	_, secret := w.service(nil)
	for name, test := range map[string]struct {
		method, path, body string
		headers            []string
		want               int
	}{
		"no token":            {"POST", "", "tokens=x", nil, 400},
		"an empty token":      {"POST", "", "token=", nil, 400},
		"twice":               {"POST", "", "token=" + secret + "&token=" + secret, nil, 400},
		"twice, once encoded": {"POST", "", "token=" + secret + "&%74oken=" + secret, nil, 400},
		"in the query":        {"POST", "?token=" + secret, "a=b", nil, 400},
		"bad encoding":        {"POST", "", "token=%zz", nil, 400},
		"huge":                {"POST", "", "token=" + strings.Repeat("x", 1<<17), nil, 400},
		"JSON":                {"POST", "", "", []string{"Content-Type", "application/json"}, 400},
		"no type":             {"POST", "", "", nil, 400},
		"GET":                 {"GET", "?token=" + secret, "", nil, 405},
		"encoded name":        {"POST", "", "%74oken=" + secret, nil, 200},
	} {
		got := w.ask(test.method, "/oauth2/introspect"+test.path, test.body, append(test.headers, as...)...)
		if got.status != test.want || w.object(got)["active"] != nil != (test.want == 200) {
			t.Errorf("%s: %d %s, want %d", name, got.status, got.body, test.want)
		}
	}
}

func TestRevoke_EndsTheTokenForEverybody(t *testing.T) {
	w := newWorld(t)
	c := w.client()
	_, byClient := w.service(nil)
	_, bySelf := w.service(nil)
	_, other := w.service(nil)
	as := basicAuth(c.ID, c.Secret.Reveal())
	if got := w.ask("POST", "/oauth2/revoke", "token="+byClient, as...); got.status != 200 || got.body != "" {
		t.Errorf("by a client: %d %q", got.status, got.body)
	}
	if got := w.ask("POST", "/oauth2/revoke", "token="+other, bearer(bySelf)...); got.status != 403 {
		t.Errorf("another token: %d %s", got.status, got.body)
	}
	if got := w.ask("POST", "/oauth2/revoke", "token="+bySelf, bearer(bySelf)...); got.status != 200 {
		t.Errorf("by itself: %d %s", got.status, got.body)
	}
	for secret, want := range map[string]int{byClient: 401, bySelf: 401, other: 200} {
		if got := w.ask("GET", "/v2/token", "", bearer(secret)...); got.status != want {
			t.Errorf("afterwards: %d, want %d", got.status, want)
		}
	}
	for name, secret := range w.badSecrets() {
		if got := w.ask("POST", "/oauth2/revoke", "token="+secret, as...); got.status != 200 || got.body != "" {
			t.Errorf("%s: %d %q", name, got.status, got.body)
		}
	}
	for name, got := range map[string]answer{
		"no client": w.ask("POST", "/oauth2/revoke", "token="+other), "dead token": w.ask("POST", "/oauth2/revoke",
			"token="+bySelf, bearer(bySelf)...),
	} {
		if got.status != 401 || got.header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: %d %v", name, got.status, got.header)
		}
	}
	if got := w.ask("POST", "/oauth2/revoke", "x=y", as...); got.status != 400 {
		t.Errorf("no token: %d", got.status)
	}
}

func TestRevoke_IsAuditedAgainstWhoDidIt(t *testing.T) {
	w := newWorld(t)
	eve := w.member("eve", nil)
	tok, secret := w.personal(eve, access.ScopeReadOnly)
	w.ask("POST", "/oauth2/revoke", "token="+secret, append(bearer(secret), "User-Agent", "ci/1.0")...)
	events, err := w.store.RecentEvents(w.ctx, w.org, "", 1)
	w.must(err)
	e := events[0]
	if e.Action != "deleted" || e.Target.ID != tok.ID || e.ActorID != eve.ID || e.TokenID != tok.ID ||
		e.Origin.IP != "127.0.0.1" || e.Origin.UserAgent != "ci/1.0" {
		t.Errorf("event: %+v", e)
	}
	if strings.Contains(e.Before+e.After, secret) {
		t.Error("the event holds the secret")
	}
}
