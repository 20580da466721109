package e2e

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// recorder is a proxy in front of a server that keeps what a log of it would hold.
type recorder struct {
	*server
	mu    sync.Mutex
	lines []string
}

func record(t *testing.T, s *server) *recorder {
	t.Helper()
	back, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	rec := &recorder{}
	proxy := httputil.NewSingleHostReverseProxy(back)
	// Its own connections: another test that closes its server closes idle ones of the default transport.
	own := &http.Transport{}
	proxy.Transport = own
	t.Cleanup(own.CloseIdleConnections)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec.mu.Lock()
		rec.lines = append(rec.lines, r.Method+" "+r.URL.String()+" Referer: "+r.Referer())
		rec.mu.Unlock()
		// A server that answers before all of the body was passed on would have it closed on the way, and the answer with it.
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	rec.server = &server{URL: front.URL}
	return rec
}

// lacks fails if a request had the text in its address or in its Referer.
func (rec *recorder) lacks(t *testing.T, secret string) {
	t.Helper()
	rec.mu.Lock()
	defer rec.mu.Unlock()
	files := 0
	for _, line := range rec.lines {
		if strings.Contains(line, "/static/") {
			files++
		}
		if strings.Contains(line, secret) {
			t.Errorf("the secret is in a request: %s", line)
		}
	}
	if files == 0 {
		t.Error("no static file was asked for, so no Referer was seen")
	}
}

// at returns the part of a link after the address of its server.
func at(t *testing.T, link string) string {
	t.Helper()
	i := strings.Index(link, "/accept-invitation#secret=")
	if i < 0 {
		t.Fatalf("a link without a fragment: %s", link)
	}
	return link[i:]
}

// TestInvitation_TheSecretStaysInTheFragment accepts an invitation by its link, and by pasting the
// link where no script takes it up. No request has the secret in its address or in its Referer.
func TestInvitation_TheSecretStaysInTheFragment(t *testing.T) {
	t.Parallel()
	s := start(t, "demo")
	ada := admin(t, s)
	for _, variant := range []struct {
		name, email string
		opts        []pageOption
		paste       bool
	}{
		{"with script", "one@acme.example", nil, false},
		{"on a phone", "two@acme.example", []pageOption{mobile, dark}, false},
		{"without script", "three@acme.example", []pageOption{noScript, mobile}, true},
	} {
		t.Run(variant.name, func(t *testing.T) {
			link := at(t, invited(t, ada, variant.email))
			_, secret, _ := strings.Cut(link, "#secret=")
			rec := record(t, s)
			p := newPage(t, rec.server, variant.opts...)
			p.open(link)
			if variant.paste {
				p.sees("heading", "Accept an invitation")
				axe(t, p)
				fits(t, p)
				screenshot(t, p, "invitation-paste")
				p.tolerate("404")
				p.fill("Invitation link", s.URL+"/accept-invitation#secret=mistyped")
				p.click("button", "Continue")
				p.seesText("This invitation link is invalid or has been replaced.")
				axe(t, p)
				p.fill("Invitation link", " "+s.URL+link+"\n")
				p.click("button", "Continue")
			}
			p.sees("heading", "Join Acme")
			if strings.Contains(p.path(), secret) {
				t.Errorf("the secret is left in the address bar: %s", p.path())
			}
			axe(t, p)
			p.fill("Your name", "Nora New")
			p.fill("Password", newPass)
			p.click("button", "Join")
			p.reaches("/")
			rec.lacks(t, secret)
		})
	}
	if strings.Contains(s.Logs(), "secret=") {
		t.Error("the server's log has a secret")
	}
}

// TestInvitation_ASecondLinkInTheSameTabIsTakenUp changes nothing but the fragment of the address.
func TestInvitation_ASecondLinkInTheSameTabIsTakenUp(t *testing.T) {
	t.Parallel()
	s := start(t, "demo")
	link := at(t, invited(t, admin(t, s), newcomer))
	p := newPage(t, s)
	p.open("/accept-invitation")
	p.sees("heading", "Accept an invitation")
	p.open(link)
	p.sees("heading", "Join Acme")
}
