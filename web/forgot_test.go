package web_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/config"
	"latchkey/internal/mail/mailtest"
	"latchkey/internal/store/storetest"
)

// TestForgot_TheSameAnswerAndALinkInTheMailAlone asks for a member and for nobody.
func TestForgot_TheSameAnswerAndALinkInTheMailAlone(t *testing.T) {
	server := mailtest.New(t)
	s := newSiteOn(t, config.Config{Data: filepath.Dir(storetest.Empty(t)), PublicURL: "http://keys.acme.example",
		SMTPURL: server.URL("latchkey@acme.example")})
	nobody := s.browser(t)
	nobody.get("/sign-in").has(t, `href="/forgot-password"`, "Forgot password?")
	nobody.get("/forgot-password").has(t, `name="email"`, "Send link")
	known := nobody.post("/forgot-password", url.Values{"email": {viewerEmail}})
	unknown := nobody.post("/forgot-password", url.Values{"email": {"nobody@acme.example"}})
	known.has(t, "If the address belongs to a member, we have sent a link to it.")
	nonces := regexp.MustCompile(`nonce[-="]+[^"' ]+`)
	if known.status != http.StatusOK || unknown.status != known.status ||
		nonces.ReplaceAllString(known.body, "") != nonces.ReplaceAllString(unknown.body, "") {
		t.Errorf("%d and %d:\n%s\n%s", known.status, unknown.status, known.body, unknown.body)
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	s.app.SignIn.RunMail(stopped, slog.New(slog.DiscardHandler))
	mail := mailtest.Plain(<-server.Heard)
	m := regexp.MustCompile(`http://keys\.acme\.example/recover#secret=([A-Za-z0-9_-]{43})`).FindStringSubmatch(mail)
	if m == nil || !strings.Contains(mail, "RCPT TO:<"+viewerEmail+">") || len(server.Heard) > 0 {
		t.Fatalf("%d more mails, %s", len(server.Heard), mail)
	}
	assertNowhere(t, s, "the secret of the link", m[1])
	nobody.post("/recover", url.Values{"secret": {m[1]}, "password": {"an altogether new password"}}).seeOther(t, "/")
}

// TestForgot_ABodyThatIsHeldBackCountsWhenItComes asks for a member who is deactivated before the last byte.
func TestForgot_ABodyThatIsHeldBackCountsWhenItComes(t *testing.T) {
	server := mailtest.New(t)
	r := newRigOn(t, newSiteOn(t, config.Config{Data: filepath.Dir(storetest.Empty(t)), PublicURL: "http://keys.acme.example",
		SMTPURL: server.URL("latchkey@acme.example")}))
	ask := func(away bool) answer {
		m := r.person(access.RoleMember)
		q := r.browser(t).form("/forgot-password", "email", m.Email)
		body := &slowReader{text: q.body, keeps: 1, rest: make(chan struct{})}
		answered := make(chan answer, 1)
		go func() { answered <- r.sendFrom(q, body) }()
		time.Sleep(heldBack)
		if away {
			_, err := r.app.Accounts.Members.Deactivate(t.Context(), r.caller(t, adminEmail).Caller(), m.ID)
			r.must(err)
		}
		close(body.rest)
		got := <-answered
		stopped, stop := context.WithCancel(t.Context())
		stop()
		r.app.SignIn.RunMail(stopped, slog.New(slog.DiscardHandler))
		return got
	}
	if got := ask(true); got.status != http.StatusOK || len(server.Heard) != 0 {
		t.Errorf("deactivated: %d, %d mails", got.status, len(server.Heard))
	}
	if got := ask(false); got.status != http.StatusOK || len(server.Heard) != 1 {
		t.Errorf("active: %d, %d mails", got.status, len(server.Heard))
	}
}

func TestForgot_WithoutMailThereIsNoPage(t *testing.T) {
	nobody := newSite(t).browser(t)
	if got := nobody.get("/sign-in"); strings.Contains(got.body, "Forgot") {
		t.Error("it is offered")
	}
	for _, got := range []answer{nobody.get("/forgot-password"), nobody.post("/forgot-password", url.Values{"email": {viewerEmail}})} {
		if got.status != http.StatusNotFound {
			t.Errorf("%d", got.status)
		}
	}
}
