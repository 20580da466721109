package e2e

import (
	"net/http"
	"strings"
	"testing"
)

const (
	adminEmail   = "admin@acme.example"
	editorEmail  = "editor@acme.example"
	viewerEmail  = "viewer@acme.example"
	demoPassword = "latchkey-demo"
)

func TestSignIn_WrongPasswordSaysSoAndKeepsTheAddress(t *testing.T) {
	t.Parallel()
	p := newPage(t, start(t, "demo"))
	p.tolerate("401")
	p.open("/sign-in")
	p.fill("Email", adminEmail)
	p.fill("Password", "not the password")
	p.click("button", "Sign in")
	p.seesText("Incorrect email or password.")
	if got := p.value("Email"); got != adminEmail {
		t.Errorf("the address typed is gone: %q", got)
	}
	if got := p.value("Password"); got != "" {
		t.Errorf("the page repeats the password: %q", got)
	}
	axe(t, p)
}

func TestSignIn_LeadsToWhereTheReaderWantedToGo(t *testing.T) {
	t.Parallel()
	p := newPage(t, start(t, "demo"))
	p.open("/settings/profile")
	p.reaches("/sign-in")
	p.fill("Email", viewerEmail)
	p.fill("Password", demoPassword)
	p.press("Enter")
	p.reaches("/settings/profile")
}

func TestSignIn_DemoAccountIsOneClickAndSignOutEndsIt(t *testing.T) {
	t.Parallel()
	for _, variant := range []struct {
		name string
		opts []pageOption
	}{{"with script", nil}, {"without script", []pageOption{noScript}}, {"on a phone", []pageOption{mobile, dark}}} {
		t.Run(variant.name, func(t *testing.T) {
			p := newPage(t, start(t, "demo"), variant.opts...)
			p.open("/sign-in")
			p.click("button", "Use "+editorEmail)
			p.sees("heading", "Home")
			axe(t, p)
			screenshot(t, p, "home-"+strings.ReplaceAll(variant.name, " ", "-"))
			if err := p.Locator("details.account > summary").Click(); err != nil {
				t.Fatal(err)
			}
			p.click("button", "Sign out")
			p.reaches("/sign-in")
			p.open("/")
			p.reaches("/sign-in")
		})
	}
}

func TestSetup_ClaimsTheInstallationInABrowser(t *testing.T) {
	t.Parallel()
	s := start(t, "serve")
	p := newPage(t, s)
	p.tolerate("400")
	p.open("/sign-in")
	p.seesText("This installation is not set up yet.")
	p.lacksText("Demo accounts")
	p.open(strings.TrimPrefix(s.SetupURL(t), s.URL))
	axe(t, p)
	screenshot(t, p, "setup")
	p.fill("Organization name", "Initech")
	p.fill("First workspace", "Production")
	p.fill("Your name", "Bill")
	p.fill("Email", "bill@initech.example")
	p.fill("Password", "too short")
	p.click("button", "Set up Latchkey")
	p.seesText("Use at least 10 characters.")
	if got := p.value("Organization name"); got != "Initech" {
		t.Errorf("what was typed is gone: %q", got)
	}
	axe(t, p)
	p.fill("Password", "long enough now")
	p.click("button", "Set up Latchkey")
	p.sees("heading", "Home")
	p.seesText("Initech")
	if status := p.open(strings.TrimPrefix(s.SetupURL(t), s.URL)); status != http.StatusNotFound {
		t.Errorf("the set-up link again: %d, want 404", status)
	}
}

func TestServe_KeepsItsDataOverARestart(t *testing.T) {
	t.Parallel()
	first := start(t, "serve")
	p := newPage(t, first)
	p.open(strings.TrimPrefix(first.SetupURL(t), first.URL))
	p.fill("Organization name", "Initech")
	p.fill("First workspace", "Production")
	p.fill("Your name", "Bill")
	p.fill("Email", "bill@initech.example")
	p.fill("Password", "long enough now")
	p.click("button", "Set up Latchkey")
	p.sees("heading", "Home")
	first.Stop()
	again := startIn(t, first.Data, "serve")
	if strings.Contains(again.Logs(), "/setup") {
		t.Error("a claimed installation prints a set-up link")
	}
	signIn(t, newPage(t, again), "bill@initech.example", "long enough now")
}
