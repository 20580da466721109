package request_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"latchkey/web/request"
)

func TestPublic_IsTheConfiguredAddress(t *testing.T) {
	for address, want := range map[string][3]string{
		"https://keys.example.com":             {"https://keys.example.com", "https://keys.example.com", ""},
		"https://Keys.Example.com:443/":        {"https://keys.example.com", "https://keys.example.com", ""},
		"http://keys.example.com:80":           {"http://keys.example.com", "http://keys.example.com", ""},
		"https://keys.example.com:8443":        {"https://keys.example.com:8443", "https://keys.example.com:8443", ""},
		"http://keys.example.com:443":          {"http://keys.example.com:443", "http://keys.example.com:443", ""},
		"https://[2001:db8::1]:443/latchkey/":  {"https://[2001:db8::1]/latchkey", "https://[2001:db8::1]", "/latchkey"},
		"https://example.com/tools/latchkey//": {"https://example.com/tools/latchkey", "https://example.com", "/tools/latchkey"},
		"":                                     {"", "", ""},
	} {
		p := request.NewPublic(address)
		if got := [3]string{p.URL(), p.Origin(), p.Path()}; got != want {
			t.Errorf("%q: %q, want %q", address, got, want)
		}
	}
	var none *request.Public
	if none.URL()+none.Origin()+none.Path() != "" || none.Secure() {
		t.Error("nil has an address")
	}
}

func TestPublic_WithoutOneTheListeningAddressCounts(t *testing.T) {
	for addr, want := range map[string]string{
		"127.0.0.1:8080": "http://127.0.0.1:8080", "[::1]:8080": "http://[::1]:8080", "0.0.0.0:8080": "http://localhost:8080",
		"[::]:8080": "http://localhost:8080", ":8080": "http://localhost:8080", "keys.example.com:80": "http://keys.example.com:80",
	} {
		p := request.NewPublic("")
		p.ListensOn(addr)
		if got := p.URL(); got != want || p.Origin() != "" || p.Secure() {
			t.Errorf("%s: %q, want %q, and no origin", addr, got, want)
		}
	}
	p := request.NewPublic("https://keys.example.com")
	p.ListensOn("127.0.0.1:8080")
	if p.URL() != "https://keys.example.com" {
		t.Errorf("the listening address replaces the public URL: %s", p.URL())
	}
}

func TestPublic_MountTakesItsPathOffAndPutsItBeforeRedirects(t *testing.T) {
	for _, c := range []struct{ target, path, raw, to, location string }{
		{"/latchkey/settings/profile", "/settings/profile", "", "/sign-in", "/latchkey/sign-in"},
		{"/settings/profile", "/settings/profile", "", "/sign-in", "/latchkey/sign-in"}, // the proxy strips
		{"/latchkey", "/", "", "/", "/latchkey/"},
		{"/latchkey/", "/", "", "https://elsewhere.example/", "https://elsewhere.example/"},
		{"/latchkeys/x", "/latchkeys/x", "", "//host", "//host"},
		{"/latchkey/latchkey/x", "/latchkey/x", "", "", ""},
		{"/latchkey/v2/sources/a%2Fb", "/v2/sources/a/b", "/v2/sources/a%2Fb", "", ""},
		{"/v2/sources/a%2Fb", "/v2/sources/a/b", "/v2/sources/a%2Fb", "", ""},
		{"/.well-known/oauth-authorization-server/latchkey", "/.well-known/oauth-authorization-server", "", "", ""},
		{"/latchkey/.well-known/oauth-authorization-server", "/.well-known/oauth-authorization-server", "", "", ""},
	} {
		inner := request.NewPublic("https://example.com/latchkey").Mount(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != c.path || r.URL.RawPath != c.raw {
				t.Errorf("%s arrives as %q, %q", c.target, r.URL.Path, r.URL.RawPath)
			}
			w.Header().Set("Location", c.to)
			w.WriteHeader(http.StatusSeeOther)
			if err := http.NewResponseController(w).Flush(); err != nil {
				t.Error(err)
			}
		}))
		r, w := httptest.NewRequest(http.MethodGet, c.target, nil), httptest.NewRecorder()
		before := r.URL.String()
		inner.ServeHTTP(w, r)
		if got := w.Header().Get("Location"); got != c.location || r.URL.String() != before {
			t.Errorf("%s redirects to %q, want %q; the request became %s", c.target, got, c.location, r.URL)
		}
	}
}
