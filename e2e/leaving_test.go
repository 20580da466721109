package e2e

import (
	"strings"
	"testing"
)

// TestLeaving_AServiceTokenTakesOver replaces the personal token of somebody who leaves, from the preview of
// the deletion and back to it, with and without script.
func TestLeaving_AServiceTokenTakesOver(t *testing.T) {
	t.Parallel()
	for _, look := range []struct {
		name string
		opts []pageOption
	}{{"desktop", nil}, {"phone-plain", []pageOption{mobile, dark, noScript}}} {
		s := start(t, "demo")
		p := admin(t, s, look.opts...)
		p.open(usersPage)
		p.act("Eli Editor", "Delete member")
		alert := p.within("alertdialog", "Delete member Eli Editor?")
		alert.seesText("ci-probe")
		alert.seesText("The personal token keeps working until you confirm this.")
		axe(t, p)
		screenshot(t, p, "leaving-preview-"+look.name)
		alert.click("link", "Replace with a service token instead of ci-probe")

		p.reaches(satWizard)
		p.seesText("Filled in to replace ci-probe")
		if got := p.value("Token name"); got != "ci-probe" {
			t.Errorf("the name is %q", got)
		}
		axe(t, p)
		screenshot(t, p, "leaving-wizard-"+look.name)
		p.click("button", "Next")
		p.sees("heading", "Workspace SAT access policy")
		p.seesText("Staging")
		p.click("button", "Back")
		p.click("button", "Next")
		p.click("button", "Generate")
		secret := revealed(t, p, "lksat_")
		if !strings.HasPrefix(secret, "lksat_") {
			t.Errorf("the secret is %q", secret)
		}
		p.click("link", "Close")
		alert = p.within("alertdialog", "Delete member Eli Editor?")
		alert.seesText("ci-probe")
		alert.click("button", "Yes, delete")
		p.seesText("Member Eli Editor was deleted.")
		p.open(satWork)
		p.row("ci-probe").seesText("Active")
	}
}
