package web_test

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"latchkey/internal/change"
	"latchkey/internal/config"
	"latchkey/internal/store/storetest"
)

const invitationForms = "/settings/access-management/invitations"

// newCutSite starts a site whose database is gone right after the first commit that follows the
// call of cut: when the store tells of the change, or when the e-mail is sent that follows it.
func newCutSite(t *testing.T) (s *site, cut func()) {
	t.Helper()
	mails, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = mails.Close() })
	s = newSiteOn(t, config.Config{Data: filepath.Dir(storetest.Empty(t)),
		PublicURL: "http://keys.acme.example", SMTPURL: "smtp://" + mails.Addr().String() + "?from=latchkey@acme.example"})
	s.cut = true
	var armed atomic.Bool
	go func() {
		for {
			conn, err := mails.Accept()
			if err != nil {
				return
			}
			if armed.Load() {
				_ = s.app.Store.Close()
			}
			_ = conn.Close()
		}
	}()
	return s, func() {
		armed.Store(true)
		s.app.Store.OnCommit(func(ctx context.Context, changes []change.Change) {
			_ = s.app.Store.Close()
			s.app.Verify.Apply(ctx, changes)
			s.app.Clients.Apply(ctx, changes)
		})
	}
}

// TestReveal_ShowsTheSecretAlthoughTheDatabaseIsGone cuts the database right after the commit of
// every act that shows something once.
func TestReveal_ShowsTheSecretAlthoughTheDatabaseIsGone(t *testing.T) {
	invitation := func(emails string) func(*testing.T, *site, *browser) (string, url.Values) {
		return func(t *testing.T, s *site, _ *browser) (string, url.Values) {
			return invitationForms + "/new", url.Values{"emails": {emails}, "role": {"member"}, "workspaces": {firstWorkspace(t, s)}}
		}
	}
	keyed := func(path, form string, pairs ...string) func(*testing.T, *site, *browser) (string, url.Values) {
		return func(t *testing.T, s *site, b *browser) (string, url.Values) {
			return path, with(url.Values{"submission": {submission(t, b.get(form))}, "workspace": {firstWorkspace(t, s)}}, pairs...)
		}
	}
	for name, c := range map[string]struct {
		ask  func(*testing.T, *site, *browser) (path string, form url.Values)
		want string // what the answer must show
		n    int    // how often
	}{
		"personal token":     {keyed(patForm, patForm+"/new", "name", "x", "scope", "read_only"), `value="lkpat_[0-9A-Za-z]{49}"`, 1},
		"organization token": {keyed(satForms+"/organization", satForms+"/organization/new", "name", "x"), `value="lkoat_[0-9A-Za-z]{49}"`, 1},
		"workspace token": {func(t *testing.T, s *site, b *browser) (string, url.Values) {
			return satForms + "/workspace/new", wizardForm(t, s, b)
		}, `value="lksat_[0-9A-Za-z]{49}"`, 1},
		"API client":          {keyed(clientForms, clientForms+"/new", "name", "x"), `value="lkacs_[0-9A-Z]+"`, 1},
		"invitation":          {invitation("new@acme.example"), `accept-invitation#secret=[\w-]+`, 1},
		"several invitations": {invitation("a@acme.example, b@acme.example\nc@acme.example"), `accept-invitation#secret=[\w-]+`, 3},
		"resent invitation": {func(t *testing.T, s *site, _ *browser) (string, url.Values) {
			return invitationForms + "/" + s.newInvitation(t, s.caller(t, adminEmail)) + "/resend", nil
		}, `accept-invitation#secret=[\w-]+`, 1},
	} {
		t.Run(name, func(t *testing.T) {
			s, cut := newCutSite(t)
			b := s.signedIn(t, adminEmail)
			path, form := c.ask(t, s, b)
			cut()
			got := b.post(path, form)
			if shown := regexp.MustCompile(c.want).FindAllString(got.body, -1); got.status != http.StatusOK || len(shown) != c.n {
				t.Errorf("%d, %d secrets are shown, want %d: %.500s", got.status, len(shown), c.n, got.body)
			}
			if got.header.Get("Cache-Control") != "no-store" || !strings.Contains(got.body, ">Close</a>") {
				t.Errorf("Cache-Control %q, or no way on", got.header.Get("Cache-Control"))
			}
			if got.compressed {
				t.Error("an answer with a secret is compressed")
			}
			if s.app.Store.Ping(context.Background()) == nil {
				t.Error("the database was there all the time: the test shows nothing")
			}
		})
	}
}
