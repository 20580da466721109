package e2e

import (
	"net/http"
	"strings"
	"testing"
)

func TestStart_DemoServesASignInPageAndStopsOnSigterm(t *testing.T) {
	t.Parallel()
	s := start(t, "demo")
	p := newPage(t, s)
	if status := p.open("/sign-in"); status != http.StatusOK {
		t.Errorf("/sign-in answered %d", status)
	}
	p.sees("button", "Sign in")
	axe(t, p)
	screenshot(t, p, "sign-in")
	if code := s.Stop(); code != 0 {
		t.Errorf("exit code %d after SIGTERM, want 0", code)
	}
}

func TestStart_ServePrintsTheSetupLinkOnAnEmptyDatabase(t *testing.T) {
	t.Parallel()
	s := start(t, "serve")
	if link := s.SetupURL(t); !strings.HasPrefix(link, s.URL+"/setup") || len(link) < len(s.URL)+len("/setup")+20 {
		t.Errorf("set-up link %q: no secret in it", link)
	}
}
