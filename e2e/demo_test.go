package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/playwright-community/playwright-go"
)

// TestDemo_HasALife looks at the demo with its history: as an Admin with script, on every page when pictures are
// wanted, and as a Member on a phone without.
func TestDemo_HasALife(t *testing.T) {
	t.Parallel()
	s := start(t, "demo", withHistory)
	if strings.Contains(s.log.String(), "level=") {
		t.Errorf("the demo complains: %s", s.log)
	}
	p := admin(t, s)
	p.open("/")
	attention := p.within("region", "Needs attention")
	for _, text := range []string{"Tokens that expire soon", "dashboard-export", "nightly-import", "mateo@acme.example"} {
		attention.seesText(text)
	}
	p.lacksText("No requests in the last 30 days.")
	p.within("region", "Recent activity").seesText("Olga Petrenko")
	axe(t, p)
	fitsEverywhere(t, p, "/")
	p.open(auditPage + "?range=24h")
	p.seesText("deploy-pipeline")
	axe(t, p)
	p.open(leadsTo(p, notificationPage, "https://hooks.acme.example"))
	p.seesText("It answered with status 503.")
	axe(t, p)
	showsOff(t, p)

	vera := newPage(t, s, mobile, dark, noScript)
	signIn(t, vera, viewerEmail, demoPassword)
	pageOf(t, vera, patPage, "notebook")
	vera.lacksText("No requests in the last 30 days.")
	axe(t, vera)
}

// leadsTo returns where the first link on a page with a text leads.
func leadsTo(p *page, path, text string) string {
	p.t.Helper()
	p.open(path)
	return p.eval(`text => [...document.querySelectorAll("main a")].find(a => a.textContent.includes(text)).getAttribute("href")`, text).(string)
}

// showsOff takes pictures of the lists and of pages in them, if pictures are wanted: README's in the size of a
// window, and each in both colour schemes and three widths.
func showsOff(t *testing.T, p *page) {
	t.Helper()
	folder := os.Getenv("LATCHKEY_SCREENSHOTS")
	if folder == "" {
		return
	}
	if err := p.SetViewportSize(1280, 860); err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{"personal-access-tokens": patPage, "users": usersPage, "home": "/"} {
		p.open(path)
		if _, err := p.Screenshot(playwright.PageScreenshotOptions{Path: playwright.String(filepath.Join(folder, name+".png"))}); err != nil {
			t.Fatal(err)
		}
	}
	pages := map[string]string{"home": "/", "profile": profilePage, "personal": patPage, "users": usersPage, "invitations": invitationsPage,
		"groups": groupsPage, "baselines": baselinesPage, "organization": satOrg, "workspace": satWork, "clients": clientPage,
		"provisioning": provisioningPage, "notifications": notificationPage, "workspaces": workspacesPage, "audit": auditPage,
		"audit-24h": auditPage + "?range=24h", "access": "/settings/profile/access-policy", "attention": "/needs-attention?show=unused",
		"refused": "/needs-attention?show=refused-often"}
	for name, of := range map[string][2]string{"token": {satWork, "deploy-pipeline"}, "token-refused": {satWork, "staging-sync"},
		"token-scim": {satOrg, "okta-scim"}, "member": {usersPage, "Jonas Weber"}, "group": {groupsPage, "Data Engineering"},
		"webhook": {notificationPage, "hooks.acme.example"}} {
		pages[name] = leadsTo(p, of[0], of[1])
	}
	for scheme, value := range map[string]*playwright.ColorScheme{"light": playwright.ColorSchemeLight, "dark": playwright.ColorSchemeDark} {
		if err := p.EmulateMedia(playwright.PageEmulateMediaOptions{ColorScheme: value}); err != nil {
			t.Fatal(err)
		}
		for name, path := range pages {
			p.open(path)
			pictures(t, p, "demo-"+name+"-"+scheme)
		}
	}
}
