package web_test

import (
	"context"
	"crypto/rand"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/internal/app"
	"latchkey/internal/config"
	"latchkey/internal/demo"
	"latchkey/internal/signin"
	"latchkey/internal/store/storetest"
	"latchkey/web"
	"latchkey/web/ui"
	"latchkey/web/ui/kit"
)

// site is a whole server on a fresh SQLite file with the demonstration's data.
type site struct {
	*httptest.Server
	app       *app.App
	data      string // folder of the database
	setupCode string
	now       func() time.Time
	logs      *lockedText
	cut       bool // the test itself closes the database
}

// lockedText is a log that requests write while the test reads.
type lockedText struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lockedText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lockedText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// newSite starts a seeded server on a file of its own; change may adapt its options.
func newSite(t testing.TB, change ...func(*app.Options)) *site {
	t.Helper()
	return newSiteOn(t, config.Config{Data: filepath.Dir(storetest.Empty(t))}, change...)
}

// newSiteOn is newSite on the database that cfg names.
func newSiteOn(t testing.TB, cfg config.Config, change ...func(*app.Options)) *site {
	t.Helper()
	cfg.Addr = "localhost:0"                    // where browsers offer passkeys without TLS
	cfg.ProviderAllow = []string{"127.0.0.0/8"} // where identity providers of tests are
	s := &site{data: cfg.Data, setupCode: rand.Text(), logs: &lockedText{}, now: time.Now}
	o := app.Options{Log: s.logs, Demo: app.DemoAccounts(), Cost: signin.Cost{MemoryKiB: 64, Iterations: 1}, SetupCode: s.setupCode}
	for _, f := range change {
		f(&o)
	}
	if o.Now != nil {
		s.now = o.Now
	}
	var err error
	s.app, err = app.New(context.Background(), cfg, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.app.Close(); err != nil && !s.cut {
			t.Error(err)
		}
	})
	if o.Demo != nil {
		if err := demo.Seed(context.Background(), s.app.Store, s.app.Hasher, s.app.Secrets); err != nil {
			t.Fatal(err)
		}
	}
	s.Server = httptest.NewServer(s.app.Handler)
	t.Cleanup(s.Server.Close)
	return s
}

// secretKeyFile makes the key that servers on PostgreSQL share.
func secretKeyFile(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret.key")
	if _, err := app.NewKeyFile(path); err != nil {
		t.Fatal(err)
	}
	return path
}

// withoutDemo leaves the database empty.
// pages is the table of every HTML route, of a dashboard without services.
func pages() []kit.Page { return web.Pages(ui.New(ui.Deps{})) }

func withoutDemo(o *app.Options) { o.Demo = (*ui.Demo)(nil) }

// browser is one visitor: it keeps cookies and follows no redirect.
type browser struct {
	secure []*http.Cookie // of the last start of a sign-in by SAML, see answerTo
	t      testing.TB
	site   *site
	http.Client
}

func (s *site) browser(t testing.TB) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t: t, site: s, Client: http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}}
}

// signedIn is a browser in which somebody of the demonstration has signed in.
func (s *site) signedIn(t testing.TB, email string) *browser {
	t.Helper()
	b := s.browser(t)
	if got := b.post("/sign-in", url.Values{"email": {email}, "password": {demo.Password}}); got.status != http.StatusSeeOther {
		t.Fatalf("sign-in of %s: %d %s", email, got.status, got.body)
	}
	return b
}

// answer is a response whose body has been read.
type answer struct {
	status     int
	header     http.Header
	body       string
	compressed bool // when it came
}

func (b *browser) do(r *http.Request) answer {
	b.t.Helper()
	resp, err := b.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(body), resp.Uncompressed}
}

// cookies are what the browser would send.
func (b *browser) cookies() []*http.Cookie {
	b.t.Helper()
	u, err := url.Parse(b.site.URL)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.Jar.Cookies(u)
}

func (b *browser) get(path string) answer {
	b.t.Helper()
	r, err := http.NewRequest(http.MethodGet, b.site.URL+path, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.do(r)
}

func (b *browser) post(path string, form url.Values) answer {
	b.t.Helper()
	r, err := http.NewRequest(http.MethodPost, b.site.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return b.do(r)
}
