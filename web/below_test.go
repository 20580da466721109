package web_test

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"latchkey/internal/config"
	"latchkey/internal/demo"
	"latchkey/internal/store/storetest"
	"latchkey/web"
	"latchkey/web/ui"
)

// below is a server at https://example.com/latchkey behind a proxy with TLS that rewrites Host.
type below struct {
	*rig
	front *httptest.Server
}

// newBelow starts both; strips says whether the proxy takes the path off.
func newBelow(t *testing.T, strips bool) *below {
	t.Helper()
	s := newSiteOn(t, config.Config{Data: filepath.Dir(storetest.Empty(t)), PublicURL: "https://example.com/latchkey/",
		TrustedProxies: []string{"127.0.0.1"}})
	back, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	// Its own connections: another test that closes its server closes idle ones of the default transport.
	own := &http.Transport{}
	t.Cleanup(own.CloseIdleConnections)
	proxy := &httputil.ReverseProxy{Transport: own, Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = back.Scheme, back.Host, "backend.internal"
		r.SetXForwarded()
		r.Out.Host = "backend.internal"
		if strips {
			r.Out.URL.Path = strings.TrimPrefix(r.Out.URL.Path, "/latchkey")
			r.Out.URL.RawPath = strings.TrimPrefix(r.Out.URL.RawPath, "/latchkey")
		}
	}}
	front := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/latchkey" && !strings.HasPrefix(r.URL.Path, "/latchkey/") {
			t.Errorf("a request leaves the path: %s", r.URL)
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	return &below{newRigOn(t, s), front}
}

// visitor is a browser in front of the proxy; paths are those that the address bar shows.
func (b *below) visitor(t *testing.T) *browser {
	t.Helper()
	outside := *b.site
	outside.Server = &httptest.Server{URL: b.front.URL}
	v := outside.browser(t)
	v.Transport = b.front.Client().Transport
	return v
}

func TestBelow_EverythingIsBelowThePathOfThePublicURL(t *testing.T) {
	for name, strips := range map[string]bool{"the proxy strips the path": true, "the proxy leaves the path": false} {
		t.Run(name, func(t *testing.T) {
			b := newBelow(t, strips)
			v := b.visitor(t)
			first := v.get("/latchkey")
			first.seeOther(t, "/latchkey/sign-in")
			if first.header.Get("Strict-Transport-Security") == "" {
				t.Error("no HSTS behind https")
			}
			v.get("/latchkey/settings/profile").seeOther(t, "/latchkey/sign-in?next=%2Fsettings%2Fprofile")
			checkBelow(t, v, "/sign-in", true)
			b.signInBelow(t, v)
			b.pagesBelow(t, v)
			b.linksBelow(t, v)
			b.apiBelow(t)
		})
	}
}

// signInBelow signs in as an old browser does, which sends Origin but no Sec-Fetch-Site.
func (b *below) signInBelow(t *testing.T, v *browser) {
	t.Helper()
	form := url.Values{"email": {adminEmail}, "password": {demo.Password}, "next": {"/settings/profile"}}.Encode()
	for origin, want := range map[string]int{"https://example.com": http.StatusSeeOther, "https://evil.example": http.StatusForbidden,
		"http://example.com": http.StatusForbidden} {
		r, err := http.NewRequest(http.MethodPost, b.front.URL+"/latchkey/sign-in", strings.NewReader(form))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", formKind)
		r.Header.Set("Origin", origin)
		got := v.do(r)
		if got.status != want {
			t.Errorf("a form from %s: %d, want %d", origin, got.status, want)
		}
		if want != http.StatusSeeOther {
			continue
		}
		got.seeOther(t, "/latchkey/settings/profile")
		cookies := got.header.Values("Set-Cookie")
		if !slices.ContainsFunc(cookies, func(c string) bool { return strings.HasPrefix(c, "__Secure-latchkey_session=") }) {
			t.Errorf("no session in %q", cookies)
		}
		for _, cookie := range cookies {
			if !strings.HasPrefix(cookie, "__Secure-latchkey_") || !strings.Contains(cookie, "; Path=/latchkey;") ||
				!strings.Contains(cookie, "; Secure") {
				t.Errorf("cookie %q", cookie)
			}
		}
	}
}

// pagesBelow opens every page and follows the static files of one.
func (b *below) pagesBelow(t *testing.T, v *browser) {
	t.Helper()
	seen := 0
	for _, p := range pages() {
		if p.Method == http.MethodGet && checkBelow(t, v, b.fill(t, p.Path), seen == 0) {
			seen++
		}
	}
	if seen < 20 {
		t.Errorf("only %d pages seen", seen)
	}
}

// checkBelow fails on an address on the page that leaves the path. It reports whether it was a page.
func checkBelow(t *testing.T, v *browser, path string, files bool) bool {
	t.Helper()
	got := v.get("/latchkey" + path)
	// An identity provider is elsewhere, and must send people back below the path.
	back := "redirect_uri=" + url.QueryEscape("https://example.com/latchkey/")
	if to := got.header.Get("Location"); to != "" && !strings.HasPrefix(to, "/latchkey/") && !strings.Contains(to, back) &&
		!strings.HasPrefix(answerAddress(to), "https://example.com/latchkey/") {
		t.Errorf("%s redirects to %s", path, to)
	}
	if got.status != http.StatusOK || !strings.HasPrefix(got.header.Get("Content-Type"), "text/html") {
		return false
	}
	doc, err := html.Parse(strings.NewReader(got.body))
	if err != nil {
		t.Fatal(err)
	}
	for n := range doc.Descendants() {
		for _, a := range n.Attr {
			// A hidden field is for the server, which does not know the path.
			if a.Key == "value" || !strings.HasPrefix(a.Val, "/") {
				continue
			}
			if !strings.HasPrefix(a.Val, "/latchkey/") || strings.HasPrefix(a.Val, "/latchkey/latchkey") {
				t.Errorf("%s: <%s %s=%q>", path, n.Data, a.Key, a.Val)
			}
			if files && strings.HasPrefix(a.Val, "/latchkey/static/") {
				if file := v.get(a.Val); file.status != http.StatusOK {
					t.Errorf("%s: %s: %d", path, a.Val, file.status)
				}
			}
		}
	}
	return true
}

// linksBelow makes an invitation and a token, whose links and lines to copy are absolute.
func (b *below) linksBelow(t *testing.T, v *browser) {
	t.Helper()
	invited := v.post("/latchkey"+administration+"/invitations/new", url.Values{"emails": {"new@acme.example"}, "role": {"member"},
		"workspaces": {firstWorkspace(t, b.site)}})
	invited.has(t, "https://example.com/latchkey/accept-invitation")
	v.get("/latchkey"+administration+"/provisioning").has(t, "https://example.com/latchkey/scim/v2")
}

// apiBelow asks the API, forward-auth, SCIM and the documents for programs.
func (b *below) apiBelow(t *testing.T) {
	t.Helper()
	for path, want := range map[string]string{
		"/v2/token":                               `"kind"`,
		"/v2/sources?per_page=1":                  `"next":"/v2/sources?`, // clients append it to the base URL
		"/auth/verify?permission=source:edit":     "",
		"/auth/verify/any/path":                   "",
		"/v2/openapi.json":                        `"servers":[{"url":"/latchkey"}]`,
		"/.well-known/oauth-authorization-server": `"introspection_endpoint":"https://example.com/latchkey/oauth2/introspect"`,
		"/healthz":                                "ok",
	} {
		r, err := http.NewRequest(http.MethodGet, b.front.URL+"/latchkey"+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+b.workspace)
		if got := b.visitor(t).do(r); got.status != http.StatusOK || !strings.Contains(got.body, want) {
			t.Errorf("%s: %d %.300s, want %s in it", path, got.status, got.body, want)
		}
	}
	r, err := http.NewRequest(http.MethodGet, b.front.URL+"/latchkey/scim/v2/Users?count=1", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+b.organization)
	b.visitor(t).do(r).has(t, `"location":"https://example.com/latchkey/scim/v2/Users/`)
}

// TestLinks_NeverComeFromTheHostHeader asks as an attacker who chooses the host.
func TestLinks_NeverComeFromTheHostHeader(t *testing.T) {
	for name, cfg := range map[string]config.Config{
		"without a public URL": {},
		"with a public URL":    {PublicURL: "http://keys.example.com"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg.Data = filepath.Dir(storetest.Empty(t))
			r := newRigOn(t, newSiteOn(t, cfg))
			form := url.Values{"emails": {"new@acme.example"}, "role": {"member"}, "workspaces": {firstWorkspace(t, r.site)}}
			asked := []*http.Request{}
			for _, p := range pages() {
				if p.Method == http.MethodGet {
					asked = append(asked, r.evil(http.MethodGet, r.fill(t, p.Path), nil))
				}
			}
			asked = append(asked, r.evil(http.MethodPost, administration+"/invitations/new", form),
				r.evil(http.MethodGet, "/.well-known/oauth-authorization-server", nil), r.evil(http.MethodGet, "/v2/openapi.json", nil),
				r.evil(http.MethodGet, "/nowhere", nil), r.evil(http.MethodGet, "/favicon.ico", nil))
			provider := r.evil(http.MethodGet, "/scim/v2/Users", nil)
			provider.Header.Set("Authorization", "Bearer "+r.organization)
			for _, q := range append(asked, provider) {
				if got := r.admin.do(q); strings.Contains(got.body+fmt.Sprint(got.header), "evil.example") {
					t.Errorf("%s %s repeats the Host header", q.Method, q.URL.Path)
				}
			}
		})
	}
}

// evil returns a request with another host, which a browser that has the cookie does not send.
func (r *rig) evil(method, path string, form url.Values) *http.Request {
	r.t.Helper()
	q, err := http.NewRequest(method, r.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		r.t.Fatal(err)
	}
	q.Host = "evil.example"
	q.Header.Set("X-Forwarded-Host", "evil.example")
	q.Header.Set("Content-Type", formKind)
	q.Header.Set("Sec-Fetch-Site", "same-origin")
	return q
}

// TestPublicURL_CannotBeginLikeAPathOfTheServer compares the list of the configuration with the
// route table: behind a proxy that strips the path, the two could not be told apart.
func TestPublicURL_CannotBeginLikeAPathOfTheServer(t *testing.T) {
	segment := regexp.MustCompile(`^/([^/:*]+)`)
	checked := map[string]bool{}
	for _, row := range append(web.Rows(web.Deps{Pages: ui.New(ui.Deps{})}), web.Row{Path: "/auth/verify"},
		web.Row{Path: "/oauth2/introspect"}) {
		m := segment.FindStringSubmatch(row.Path)
		if m == nil || checked[m[1]] {
			continue
		}
		checked[m[1]] = true
		c := config.Config{Addr: "127.0.0.1:0", Data: "data", PublicURL: "https://example.com/" + m[1]}
		if c.Validate() == nil {
			t.Errorf("--public-url https://example.com/%s is accepted", m[1])
		}
	}
	if len(checked) < 10 {
		t.Errorf("only %d paths", len(checked))
	}
}

// answerAddress returns where the answer to a request of SAML goes, which an address holds; "" if it holds none.
func answerAddress(to string) string {
	u, err := url.Parse(to)
	if err != nil {
		return ""
	}
	packed, err := base64.StdEncoding.DecodeString(u.Query().Get("SAMLRequest"))
	if err != nil {
		return ""
	}
	text, _ := io.ReadAll(flate.NewReader(bytes.NewReader(packed))) // of what is no request, nothing
	_, after, _ := strings.Cut(string(text), `AssertionConsumerServiceURL="`)
	address, _, _ := strings.Cut(after, `"`)
	return address
}
