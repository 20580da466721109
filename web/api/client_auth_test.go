package api_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// encoded encodes every byte as a form may, also those that need no encoding.
func encoded(s string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, "%%%02X", s[i])
	}
	return b.String()
}

// TestClientAuth_TakesThePairFromTheHeaderOrTheForm sends an API client's id and secret in every
// way that RFC 6749, section 2.3.1, allows, and in some that it does not, to both endpoints.
func TestClientAuth_TakesThePairFromTheHeaderOrTheForm(t *testing.T) {
	w := newWorld(t)
	c, other := w.client(), w.client()
	id, secret := c.ID, c.Secret.Reveal()
	post := func(id, secret string) string {
		return url.Values{"client_id": {id}, "client_secret": {secret}}.Encode()
	}
	_, personal := w.service(nil)
	for name, test := range map[string]struct {
		form    string
		headers []string
		want    int
	}{
		"basic":                                {"", basicAuth(id, secret), 200},
		"basic, form-encoded":                  {"", basicAuth(strings.ReplaceAll(id, "a", "%61"), strings.ReplaceAll(secret, "_", "%5F")), 200},
		"basic, every byte encoded":            {"", basicAuth(encoded(id), encoded(secret)), 200},
		"basic, lower-case escapes":            {"", basicAuth(id, strings.ReplaceAll(secret, "_", "%5f")), 200},
		"basic, encoded twice":                 {"", basicAuth(id, strings.ReplaceAll(secret, "_", "%255F")), 401},
		"basic, bad escape":                    {"", basicAuth(id, secret+"%zz"), 401},
		"form":                                 {post(id, secret), nil, 200},
		"form, names encoded":                  {"%63lient_id=" + id + "&client%5Fsecret=" + secret, nil, 200},
		"form, wrong secret":                   {post(id, "wrong"), nil, 401},
		"form, unknown client":                 {post("nobody", secret), nil, 401},
		"form, another client's":               {post(other.ID, secret), nil, 401},
		"form, id only":                        {"client_id=" + id, nil, 401},
		"form, secret only":                    {"client_secret=" + secret, nil, 401},
		"form, empty":                          {"client_id=&client_secret=", nil, 401},
		"form, secret twice":                   {post(id, secret) + "&client_secret=" + secret, nil, 401},
		"form, id twice":                       {post(id, secret) + "&client_id=" + id, nil, 401},
		"form, bad escape":                     {post(id, secret) + "%zz", nil, 401},
		"both, the same":                       {post(id, secret), basicAuth(id, secret), 200},
		"both, the same, one encoded":          {post(id, secret), basicAuth(encoded(id), encoded(secret)), 200},
		"both, the id alone in the form":       {"client_id=" + id, basicAuth(id, secret), 200},
		"both, empty in the form":              {"client_id=&client_secret=", basicAuth(id, secret), 200},
		"both, another id in the form":         {"client_id=" + other.ID, basicAuth(id, secret), 401},
		"both, another secret in the form":     {"client_secret=" + other.Secret.Reveal(), basicAuth(id, secret), 401},
		"both, each good but another's":        {post(other.ID, other.Secret.Reveal()), basicAuth(id, secret), 401},
		"both, wrong in the header":            {post(id, secret), basicAuth(id, "wrong"), 401},
		"both, wrong in the form":              {post(id, "wrong"), basicAuth(id, secret), 401},
		"both, not base64 in the header":       {post(id, secret), []string{"Authorization", "Basic ?"}, 401},
		"both, twice in the form":              {post(id, secret) + "&client_secret=" + secret, basicAuth(id, secret), 401},
		"both, another scheme in the header":   {post(id, secret), []string{"Authorization", "Negotiate x"}, 401},
		"both, a token in the header":          {post(id, secret), bearer(personal), 401},
		"two headers":                          {"", append(basicAuth(id, secret), basicAuth(id, secret)...), 401},
		"two headers, the first of somebody":   {"", append(basicAuth("x", "y"), basicAuth(id, secret)...), 401},
		"in the query":                         {"", nil, 401},
		"an empty header and the pair in form": {post(id, secret), []string{"Authorization", ""}, 401},
	} {
		for _, path := range []string{"/oauth2/introspect", "/oauth2/revoke"} {
			_, token := w.service(nil)
			at := path
			if name == "in the query" {
				at += "?" + post(id, secret)
			}
			got := w.ask("POST", at, "token="+token+"&"+test.form, test.headers...)
			if got.status != test.want {
				t.Errorf("%s: %s: %d %s, want %d", path, name, got.status, got.body, test.want)
			}
			if test.want == http.StatusUnauthorized &&
				(w.object(got)["error"] != "invalid_client" || !strings.HasPrefix(got.header.Get("WWW-Authenticate"), "Basic ")) {
				t.Errorf("%s: %s: %v %s", path, name, got.header, got.body)
			}
			after := w.ask("GET", "/v2/token", "", bearer(token)...).status
			if revoked := path == "/oauth2/revoke" && test.want == 200; revoked != (after == 401) {
				t.Errorf("%s: %s: the token answers %d afterwards", path, name, after)
			}
		}
	}
}

func TestClientAuth_CountsFailuresOfTheForm(t *testing.T) {
	w := newWorld(t, few)
	c := w.client()
	form := url.Values{"token": {"x"}, "client_id": {c.ID}, "client_secret": {"wrong"}}.Encode()
	for range 3 {
		w.ask("POST", "/oauth2/introspect", form)
	}
	if got := w.ask("POST", "/oauth2/introspect", form); got.status != 429 || got.header.Get("Retry-After") == "" {
		t.Errorf("after three failures: %d %v", got.status, got.header)
	}
}

func TestMetadata_ListsHowAClientMayAuthenticate(t *testing.T) {
	w := newWorld(t)
	got := w.object(w.ask("GET", "/.well-known/oauth-authorization-server", ""))
	for _, name := range []string{"introspection_endpoint_auth_methods_supported", "revocation_endpoint_auth_methods_supported"} {
		if fmt.Sprint(got[name]) != "[client_secret_basic client_secret_post]" {
			t.Errorf("%s: %v", name, got[name])
		}
	}
}
