package api_test

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/access"
	"latchkey/internal/token"
)

func basicAuth(user, password string) []string {
	return []string{"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))}
}

func TestCredential_BearerAndBasicAreTheOnlyWays(t *testing.T) {
	w := newWorld(t)
	_, secret := w.service(nil)
	for name, c := range map[string]struct {
		headers []string
		path    string
		want    int
	}{
		"bearer":                   {bearer(secret), "", 200},
		"bearer, other case":       {[]string{"Authorization", "bEARER " + secret}, "", 200},
		"bearer, more spaces":      {[]string{"Authorization", "Bearer   " + secret}, "", 200},
		"basic with an email":      {basicAuth("ada@example.com", secret), "", 200},
		"basic without user":       {basicAuth("", secret), "", 200},
		"basic, token as the user": {basicAuth(secret, ""), "", 401},
		"basic, not base64":        {[]string{"Authorization", "Basic ???"}, "", 401},
		"another scheme":           {[]string{"Authorization", "Token " + secret}, "", 401},
		"no scheme":                {[]string{"Authorization", secret}, "", 401},
		"two credentials":          {append(bearer(secret), bearer(secret)...), "", 401},
		"a cookie":                 {[]string{"Cookie", "session=" + secret + "; access_token=" + secret}, "", 401},
		"the query":                {nil, "?access_token=" + secret + "&token=" + secret, 401},
		"nothing":                  {nil, "", 401},
		"a newline inside":         {[]string{"Authorization", "Bearer " + secret + "\t"}, "", 200},
	} {
		if got := w.ask("GET", "/v2/token"+c.path, "", c.headers...); got.status != c.want {
			t.Errorf("%s: %d, want %d: %s", name, got.status, c.want, got.body)
		}
	}
}

func TestBearer_RefusesEveryBadTokenAlike(t *testing.T) {
	w := newWorld(t)
	for name, secret := range w.badSecrets() {
		got := w.ask("GET", "/v2/token", "", bearer(secret)...)
		want := `{"error":"The access token is not valid: it may be mistyped, expired, revoked, suspended or not allowed from this address.",` +
			`"message":"The access token is not valid: it may be mistyped, expired, revoked, suspended or not allowed from this address.","code":"UNAUTHORIZED"}` + "\n"
		challenge := `Bearer realm="Latchkey", error="invalid_token", error_description="The access token is not valid here"`
		if got.status != 401 || got.body != want || got.header.Get("WWW-Authenticate") != challenge {
			t.Errorf("%s: %d %s %v", name, got.status, got.body, got.header)
		}
	}
	got := w.ask("GET", "/v2/token", "")
	if c := got.header.Get("WWW-Authenticate"); got.status != 401 || c != `Bearer realm="Latchkey"` {
		t.Errorf("without a credential: %d, challenge %s", got.status, c)
	}
	if len(w.refused) != 4 { // not: malformed, unknown
		t.Errorf("told of %d refusals: %v", len(w.refused), w.refused)
	}
}

func TestWhoAmI_OfAPersonalToken(t *testing.T) {
	w := newWorld(t)
	eve := w.member("eve", access.Policy{"source:edit": access.Only("s1"), "source:live_events": access.Everywhere(),
		"destination:edit": access.Everywhere()})
	tok, secret := w.insert(token.Token{Kind: token.Personal, Name: `a "quoted" <name> ü`, Owner: eve.ID, Workspace: w.main,
		Scope: access.ScopeReadWrite, ExpiresAt: w.now().Add(time.Hour)})
	got := w.ask("GET", "/v2/token", "", bearer(secret)...)
	want := map[string]any{"token": map[string]any{
		"id": tok.ID, "kind": "personal", "name": `a "quoted" <name> ü`, "hint": tok.Hint, "scope": "read_write",
		"owner":        map[string]any{"id": eve.ID, "name": "eve", "email": "eve@example.com"},
		"workspace":    map[string]any{"id": w.main, "name": "Main"},
		"organization": map[string]any{"id": w.org, "name": "Acme"},
		"createdAt":    "2026-03-01T12:00:00.000Z", "expiresAt": "2026-03-01T13:00:00.000Z",
		"permissions":        []any{"workspace:view", "destination:edit", "source:live_events"},
		"limitedPermissions": map[string]any{"source:edit": map[string]any{"all": false, "ids": []any{"s1"}}},
	}}
	if d := cmp.Diff(want, w.object(got)); got.status != 200 || d != "" {
		t.Errorf("%d %s", got.status, d)
	}
	if h := got.header; h.Get("Latchkey-Token-Expires") != "2026-03-01T13:00:00Z" || h.Get("Cache-Control") != "no-store" {
		t.Errorf("headers: %v", h)
	}
	if strings.Contains(got.body, secret) {
		t.Error("the answer holds the secret")
	}
	w.expire(time.Hour - time.Millisecond)
	if got := w.ask("GET", "/v2/token", "", bearer(secret)...); got.status != 200 {
		t.Errorf("a millisecond before its end: %d", got.status)
	}
	w.expire(time.Millisecond)
	if got := w.ask("GET", "/v2/token", "", bearer(secret)...); got.status != 401 {
		t.Errorf("at its end: %d", got.status)
	}
}

func TestWhoAmI_OfServiceTokens(t *testing.T) {
	w := newWorld(t)
	for kind, want := range map[token.Kind][]any{
		token.Organization: {"audit_log:read", "usage:read", "scim:use"},
		token.Workspace:    {"workspace:view", "invoice:refund"},
	} {
		tok := token.Token{Kind: kind}
		if kind == token.Workspace {
			tok.Workspace, tok.Policy = w.main, access.Policy{"invoice:refund": access.Everywhere(), "gone:edit": access.Everywhere()}
		}
		_, secret := w.insert(tok)
		answer := w.ask("GET", "/v2/token", "", bearer(secret)...)
		got := w.object(answer)["token"].(map[string]any)
		if d := cmp.Diff(want, got["permissions"]); d != "" || got["kind"] != string(kind) || got["scope"] != nil || got["owner"] != nil ||
			got["expiresAt"] != nil || (got["workspace"] == nil) != (kind == token.Organization) {
			t.Errorf("%s: %v%s", kind, got, d)
		}
		if _, there := answer.header["Latchkey-Token-Expires"]; there {
			t.Errorf("%s: an end is announced for a token that has none", kind)
		}
	}
}

func TestFailures_AreLimitedPerAddressAndGoodTokensPass(t *testing.T) {
	w := newWorld(t, few, trust("127.0.0.1/32"))
	_, good := w.service(nil)
	from := func(addr, secret string) []string { return append(bearer(secret), "X-Forwarded-For", addr) }
	for i := range 3 {
		if got := w.ask("GET", "/v2/token", "", from("203.0.113.1", "wrong")...); got.status != 401 {
			t.Fatalf("failure %d: %d", i, got.status)
		}
	}
	got := w.ask("GET", "/v2/token", "", from("203.0.113.1", "wrong")...)
	if got.status != 429 || got.header.Get("Retry-After") != "60" || w.object(got)["code"] != "TOO_MANY_REQUESTS" {
		t.Errorf("after three failures: %d %v %s", got.status, got.header, got.body)
	}
	for name, c := range map[string]struct {
		headers []string
		path    string
		want    int
	}{
		"a good token from there":     {from("203.0.113.1", good), "/v2/token", 200},
		"a bad one from elsewhere":    {from("203.0.113.2", "wrong"), "/v2/token", 401},
		"no token from there":         {[]string{"X-Forwarded-For", "203.0.113.1"}, "/v2/token", 401},
		"forward-auth answers 401":    {from("203.0.113.1", "wrong"), "/auth/verify", 401},
		"forward-auth with good ones": {from("203.0.113.1", good), "/auth/verify", 200},
	} {
		if got := w.ask("GET", c.path, "", c.headers...); got.status != c.want {
			t.Errorf("%s: %d, want %d", name, got.status, c.want)
		}
	}
	w.expire(time.Hour)
	if got := w.ask("GET", "/v2/token", "", from("203.0.113.1", "wrong")...); got.status != 401 {
		t.Errorf("an hour later: %d", got.status)
	}
}

func TestUse_IsNotedWithTheClientsAddress(t *testing.T) {
	w := newWorld(t, trust("127.0.0.0/8"), trust("10.0.0.0/8"))
	c := w.client()
	for name, test := range map[string]struct {
		path, forwarded, want string
	}{
		"api":                   {"/v2/token", "203.0.113.1", "203.0.113.1"},
		"forward-auth":          {"/auth/verify", "203.0.113.2", "203.0.113.2"},
		"behind two proxies":    {"/auth/verify", "198.51.100.9, 203.0.113.3, 10.1.2.3", "203.0.113.3"},
		"what a client made up": {"/auth/verify", "203.0.113.4, <script>", "127.0.0.1"},
		"all trusted":           {"/auth/verify", "10.0.0.7", "10.0.0.7"},
		"introspection":         {"/oauth2/introspect", "", ""},
	} {
		tok, secret := w.service(nil)
		w.expire(time.Second)
		if test.path == "/oauth2/introspect" {
			w.ask("POST", test.path, "token="+secret, basicAuth(c.ID, c.Secret.Reveal())...)
		} else {
			w.ask("GET", test.path, "", append(bearer(secret), "X-Forwarded-For", test.forwarded)...)
		}
		w.must(w.verify.Flush(w.ctx))
		got, err := w.store.Token(w.ctx, w.org, tok.ID)
		w.must(err)
		from := ""
		if len(got.LastUsedFrom) > 0 {
			from = got.LastUsedFrom[0].IP
		}
		if from != test.want || !got.LastUsedAt.Equal(w.now()) {
			t.Errorf("%s: used from %q at %v, want %q", name, from, got.LastUsedAt, test.want)
		}
	}
}

func TestForwardedFor_IsNotBelievedWithoutANamedProxy(t *testing.T) {
	w := newWorld(t)
	tok, secret := w.service(nil)
	w.ask("GET", "/auth/verify", "", append(bearer(secret), "X-Forwarded-For", "203.0.113.1")...)
	w.must(w.verify.Flush(w.ctx))
	got, err := w.store.Token(w.ctx, w.org, tok.ID)
	w.must(err)
	if len(got.LastUsedFrom) != 1 || got.LastUsedFrom[0].IP != "127.0.0.1" {
		t.Errorf("used from %v", got.LastUsedFrom)
	}
}

func TestMetadata_NamesTheEndpoints(t *testing.T) {
	w := newWorld(t)
	got := w.object(w.ask("GET", "/.well-known/oauth-authorization-server", ""))
	if got["issuer"] != "https://latchkey.example.com" || got["introspection_endpoint"] != "https://latchkey.example.com/oauth2/introspect" ||
		got["revocation_endpoint"] != "https://latchkey.example.com/oauth2/revoke" {
		t.Errorf("metadata: %v", got)
	}
	for _, endpoint := range []string{"introspection_endpoint", "revocation_endpoint"} {
		u, err := url.Parse(got[endpoint].(string))
		w.must(err)
		if a := w.ask("POST", u.Path, "token=x"); a.status != http.StatusUnauthorized {
			t.Errorf("%s without credentials: %d", u.Path, a.status)
		}
	}
}
