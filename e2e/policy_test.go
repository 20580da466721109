package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"
)

// grants are the boxes of the editor that are checked, inherited ones aside.
func grants(p *page) int {
	return int(number(p.eval(`() => document.querySelectorAll("input[name=grant]:checked").length`)))
}

// offered are the boxes that can be checked.
func offered(p *page) int {
	return int(number(p.eval(`() => document.querySelectorAll("input[name=grant]:not(:disabled)").length`)))
}

func number(v any) float64 {
	switch n := v.(type) {
	case int:
		return float64(n)
	case float64:
		return n
	}
	return -1
}

func TestPolicyEditor_FillsInWithOneChoice(t *testing.T) {
	t.Parallel()
	p := admin(t, start(t, "demo"))
	p.open(baselinesPage)
	p.click("link", "Production")
	p.sees("heading", "Production")
	p.choose("Preset", "Full access")
	p.seesText("Preset Full access applied. Nothing is saved yet.")
	if got, all := grants(p), offered(p); got != all || all < 40 {
		t.Errorf("Full access checks %d of %d", got, all)
	}
	p.seesText("Adds: edit everything.")
	axe(t, p)
	p.choose("Preset", "View only")
	p.seesText("Preset View only applied.")
	if got := grants(p); got != 0 {
		t.Errorf("View only checks %d", got)
	}
	p.lacksText("Adds: connect everything.")
	p.click("button", "Select all Connect")
	p.seesText("Adds: connect everything.")
	if focused := p.focused(); !strings.Contains(focused, "Select all Connect") {
		t.Errorf("the focus is on %q", focused)
	}
	p.click("button", "Select row Tables")
	p.fill("Preset name", "Connectors")
	p.click("button", "Save as preset")
	p.seesText("Preset Connectors was saved. The policy is not saved yet.")
	p.click("button", "Save as preset")
	p.seesText("Enter a name.")
	axe(t, p)
	p.choose("Resource type", "Tables")
	if rows := number(p.eval(`() => [...document.querySelectorAll(".policy-row")].filter((r) => r.offsetParent).length`)); rows != 2 {
		t.Errorf("%v rows of Tables", rows)
	}
	p.fill("Copy from", "eli")
	p.click("button", "Find")
	axe(t, p)
	p.click("button", "Eli Editor editor@acme.example")
	p.seesText("Copied from Eli Editor. Nothing is saved yet.")
	p.choose("Resource type", "All types")
	p.choose("Preset", "Connectors")
	p.seesText("Preset Connectors applied.")
	p.click("button", "Save")
	p.reaches(baselinesPage)
	axe(t, p)
	p.row("Connectors").click("link", "Delete Connectors")
	p.within("alertdialog", "Delete preset Connectors?").click("button", "Yes, delete")
	p.seesText("Preset Connectors was deleted.")
	p.tolerate("400")
}

// TestPolicyEditor_LosesNothingWhileAnAnswerIsOnItsWay presses, types and checks without waiting for a slow server.
func TestPolicyEditor_LosesNothingWhileAnAnswerIsOnItsWay(t *testing.T) {
	t.Parallel()
	p := admin(t, start(t, "demo"))
	p.open(baselinesPage)
	p.click("link", "Production")
	err := p.Route("**/baseline-policies/*", func(r playwright.Route) {
		time.AfterFunc(500*time.Millisecond, func() { _ = r.Continue() })
	})
	if err != nil {
		t.Fatal(err)
	}
	p.click("button", "Select row Tables")
	p.fill("Preset name", "Hasty")
	p.check("Edit Audiences")
	p.click("button", "Save as preset")
	p.check("Connect Destinations")
	p.seesText("Preset Hasty was saved. The policy is not saved yet.")
	for _, grant := range []string{"table:edit", "audience:edit", "destination:connect"} {
		if on := p.eval(`(g) => document.querySelector('input[name=grant][value="' + g + '"]').checked`, grant); on != true {
			t.Errorf("%s is checked: %v", grant, on)
		}
	}
	p.choose("Preset", "View only")
	p.choose("Preset", "Hasty")
	p.seesText("Preset Hasty applied.")
	if got := grants(p); got < 2 {
		t.Errorf("the preset checks %d", got)
	}
}

func TestPolicyEditor_FillsInWithoutScript(t *testing.T) {
	t.Parallel()
	p := admin(t, start(t, "demo"), noScript)
	toPolicy(p, "deploy")
	p.choose("Preset", "Full access")
	p.click("button", "Use preset")
	p.seesText("Preset Full access applied. Nothing is saved yet.")
	p.seesText("Edit everything.")
	p.click("button", "Select all Edit")
	if p.isChecked("Edit Tables") || !p.isChecked("Connect Tables") {
		t.Error("the column was not cleared")
	}
	p.choose("Resource type", "Tables")
	p.click("button", "Filter")
	if err := p.expect.Locator(p.find("checkbox", "Connect Destinations")).Not().ToBeVisible(); err != nil {
		t.Error(err)
	}
	p.click("button", "Select row Tables")
	p.click("button", "Find")
	p.click("button", "Baseline of Production")
	p.seesText("Copied from the baseline of Production (Production).")
	axe(t, p)
	p.click("button", "Generate")
	p.sees("dialog", "Your new token")
}

func TestPolicyEditor_AppliesOneChangeOnTopOfTheOther(t *testing.T) {
	t.Parallel()
	s := start(t, "demo")
	ada := admin(t, s)
	changes(ada, "Eli Editor", "Make Admin", "Eli Editor is now an Admin.")
	eli := newPage(t, s)
	signIn(t, eli, "editor@acme.example", demoPassword)
	for _, p := range []*page{ada, eli} {
		p.open(baselinesPage)
		p.click("link", "Production")
		p.sees("heading", "Production")
	}
	eli.check("Edit Tables")
	eli.click("button", "Save")
	eli.reaches(baselinesPage)
	ada.check("Connect Destinations")
	ada.click("button", "Save")
	ada.seesText("What they changed")
	ada.seesText("Adds: connect Destinations.")
	axe(t, ada)
	screenshot(t, ada, "conflict")
	ada.click("button", "Apply mine on top")
	ada.seesText("Your changes are on top of the current policy")
	if !ada.isChecked("Edit Tables") || !ada.isChecked("Connect Destinations") {
		t.Error("one of the changes is lost")
	}
	axe(t, ada)
	ada.click("button", "Save")
	ada.reaches(baselinesPage)
	ada.click("link", "Production")
	if !ada.isChecked("Edit Tables") || !ada.isChecked("Connect Destinations") {
		t.Error("not both changes were saved")
	}
	ada.tolerate("409")
}

func TestPolicyEditor_Looks(t *testing.T) {
	t.Parallel()
	s := start(t, "demo")
	for name, opts := range map[string][]pageOption{"phone": {mobile}, "phone-dark": {mobile, dark},
		"tablet": {tablet}, "tablet-dark": {tablet, dark},
		"desktop": nil, "desktop-dark": {dark}} {
		p := admin(t, s, opts...)
		toPolicy(p, "look-"+name)
		p.choose("Preset", "Editor")
		p.seesText("Preset Editor applied.")
		p.fill("Copy from", "a")
		p.click("button", "Find")
		p.sees("button", "Baseline of Staging")
		axe(t, p)
		screenshot(t, p, "editor-"+name)
	}
}
