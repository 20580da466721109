package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/playwright-community/playwright-go"
)

// TestList_ActsOnASelectionAndStaysAsItWas deletes a selected member of a list that was searched and sorted.
func TestList_ActsOnASelectionAndStaysAsItWas(t *testing.T) {
	t.Parallel()
	p := admin(t, start(t, "demo"), tablet, dark)
	const list = usersPage + "?q=acme&sort=-name"
	p.open(list)
	off := func(want bool) {
		t.Helper()
		for _, name := range []string{"Add to groups the selected members", "Delete the selected members"} {
			if got, err := p.find("button", name).IsDisabled(); err != nil || got != want {
				t.Errorf("%s is off: %v, %v; want %v", name, got, err, want)
			}
		}
	}
	off(true)
	p.check("Select all on this page")
	off(false)
	p.seesText("4 selected")
	p.uncheck("Select all on this page")
	off(true)
	p.check("Select Vera Viewer")
	p.seesText("1 selected")
	axe(t, p)
	screenshot(t, p, "selection")
	p.click("button", "Delete the selected members")
	p.within("alertdialog", "").click("button", "Yes, delete")
	p.seesText("Member Vera Viewer was deleted.")
	if got := p.path(); got != list {
		t.Errorf("after the deletion at %s, not at %s", got, list)
	}
	p.act("Eli Editor", "Delete member") // a dialog that the script fetches
	p.within("alertdialog", "").click("button", "Yes, delete")
	p.seesText("Member Eli Editor was deleted.")
	if got := p.path(); got != list {
		t.Errorf("after an act at %s, not at %s", got, list)
	}
}

// TestList_StaysAsItWasWithoutAScript acts by the menu of a row and by its dialog's page.
func TestList_StaysAsItWasWithoutAScript(t *testing.T) {
	t.Parallel()
	s := start(t, "demo")
	const list = usersPage + "?q=acme&sort=-name"
	for _, opts := range [][]pageOption{{noScript}, nil} {
		p := admin(t, s, opts...)
		p.tolerate("status of 409")
		for _, act := range [][2]string{{"Deactivate", " was deactivated."}, {"Reactivate", " was reactivated."}} {
			p.open(list)
			p.act("Vera Viewer", act[0])
			p.within("alertdialog", "").click("button", act[0])
			p.seesText("Vera Viewer" + act[1])
			if got := p.path(); got != list {
				t.Errorf("after %s at %s, not at %s", act[0], got, list)
			}
		}
		p.act("Vera Viewer", "Delete member")
		p.within("alertdialog", "").click("link", "Cancel")
		p.isAt(list)
		p.act("Ada Admin", "Deactivate") // the last Admin: refused
		p.within("alertdialog", "").click("button", "Deactivate")
		p.within("alertdialog", "").seesText("Admin")
		p.within("alertdialog", "").click("link", "Cancel")
		p.isAt(list)
		p.click("link", "Vera Viewer")
		member := p.path()
		p.click("link", "Make Admin")
		p.within("alertdialog", "").click("button", "Make Admin")
		p.reaches(member)
		p.click("link", "Make Member")
		p.within("alertdialog", "").click("button", "Make Member")
		p.reaches(member)
	}
}

// isAt waits for an address with its query.
func (p *page) isAt(address string) {
	p.t.Helper()
	same := func(u string) bool { return u == p.server.URL+address }
	if err := p.WaitForURL(same, playwright.PageWaitForURLOptions{WaitUntil: playwright.WaitUntilStateCommit}); err != nil {
		p.t.Errorf("at %s, not at %s: %v", p.path(), address, err)
	}
}

// TestList_SelectsWhatIsOnAllPages acts on members of other pages as well, with and without script.
func TestList_SelectsWhatIsOnAllPages(t *testing.T) {
	t.Parallel()
	s := start(t, "demo")
	p := admin(t, s, mobile)
	p.open(satOrg)
	secret := secretPattern.FindString(send(t, p, satOrg, map[string]any{"name": "scim", "expiration": "7d", "submission": "org"}))
	send(t, p, provisioningPage, map[string]any{"switch": "on"})
	for i := range 45 {
		user := fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"many%d@acme.example","displayName":"Many %d"}`, i, i)
		if status := provider(t, s, secret, http.MethodPost, "/Users", user); status != http.StatusCreated {
			t.Fatalf("provision: %d", status)
		}
	}
	const found = usersPage + "?q=many"
	p.open(found)
	box := p.Page.Locator("[data-bulk-pages]")
	if shown, err := box.IsVisible(); err != nil || shown {
		t.Errorf("all pages are offered before this one is selected: %v, %v", shown, err)
	}
	p.check("Select all on this page")
	p.seesText("20 selected")
	p.check("Select all 45 members that match")
	p.seesText("45 selected")
	p.eval(`() => scrollTo(0, 0)`) // else the header covers part of what axe measures
	axe(t, p)
	fits(t, p)
	screenshot(t, p, "selection-all")
	p.click("button", "Add to groups the selected members")
	dialog := p.within("dialog", "Add to groups")
	dialog.seesText("Add 45 members")
	dialog.check("Analysts")
	dialog.click("button", "Add to groups")
	p.seesText("45 memberships were added.")

	plain := admin(t, s, noScript, dark)
	plain.tolerate("status of 409")
	plain.open(found)
	plain.check("Select all 45 members that match")
	axe(t, plain)
	screenshot(t, plain, "selection-all-plain")
	plain.click("button", "Delete the selected members")
	alert := plain.within("alertdialog", "Delete 45 members?")
	if status := provider(t, s, secret, http.MethodPost, "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],`+
		`"userName":"many-late@acme.example","displayName":"Many Late"}`); status != http.StatusCreated {
		t.Fatalf("provision: %d", status)
	}
	alert.click("button", "Yes, delete")
	alert = plain.within("alertdialog", "Delete 46 members?")
	alert.seesText("46 members match now, not 45.")
	alert.click("button", "Yes, delete")
	plain.seesText("46 members were deleted.")
	plain.isAt(found)
}

// TestForm_ThatWasRefusedAsksBeforeItIsLost leaves a refused form without touching it again.
func TestForm_ThatWasRefusedAsksBeforeItIsLost(t *testing.T) {
	t.Parallel()
	p := admin(t, start(t, "demo"))
	p.tolerate("status of 400")
	asked := 0
	p.OnDialog(func(d playwright.Dialog) { asked++; _ = d.Dismiss() })
	p.open(satWizard)
	p.fill("Token name", strings.Repeat("x", 65))
	p.click("button", "Next")
	p.seesText("There is a problem")
	p.click("link", "Home")
	p.sees("textbox", "Token name")
	if asked != 1 {
		t.Errorf("asked %d times, want 1", asked)
	}
}

func TestList_WithoutAScriptSaysThatNothingIsSelected(t *testing.T) {
	t.Parallel()
	p := admin(t, start(t, "demo"), noScript, mobile)
	p.tolerate("status of 400")
	p.open(usersPage)
	p.click("button", "Delete the selected members")
	p.within("alert", "").seesText("Select members first.")
	axe(t, p)
	screenshot(t, p, "selection-none")
}

// TestForm_ForgetsNothingUnasked makes mistakes in a form, mends one, and leaves with the rest.
func TestForm_ForgetsNothingUnasked(t *testing.T) {
	t.Parallel()
	p := admin(t, start(t, "demo"))
	asked := 0
	p.OnDialog(func(d playwright.Dialog) { asked++; _ = d.Dismiss() })
	p.tolerate("status of 400")
	p.open(newPATPage)
	p.within("dialog", patDialog).click("button", "Generate")
	dialog := p.within("dialog", patDialog)
	dialog.seesText("There is a problem")
	if n, err := p.Page.Locator(".error").Count(); err != nil || n != 2 {
		t.Fatalf("%d errors, %v; want 2", n, err)
	}
	dialog.fill("Token name", "x")
	if n, err := p.Page.Locator(".error, .error-summary li").Count(); err != nil || n != 2 {
		t.Errorf("%d errors and lines are left, %v; want 2", n, err)
	}
	if invalid, err := p.field("Token name").GetAttribute("aria-invalid"); err == nil && invalid != "" {
		t.Errorf("the name is still invalid: %s", invalid)
	}
	dialog.choose("Workspace", "Production")
	p.lacks("alert", "")
	axe(t, p)

	p.click("link", "Cancel") // says what it does
	p.reaches(profilePage)
	if asked != 0 {
		t.Error("Cancel asked")
	}
	p.open(satWizard)
	p.fill("Token name", "half done")
	p.click("link", "Home")
	p.sees("textbox", "Token name")
	if got := p.value("Token name"); asked != 1 || got != "half done" {
		t.Errorf("asked %d times, the name is %q", asked, got)
	}
	p.choose("Workspace", "Production")
	p.click("button", "Next") // sends it, so there is nothing to ask
	p.seesText("Workspace SAT access policy")
	p.click("link", "Home")
	p.reaches("/")
	if asked != 1 {
		t.Errorf("asked %d times, want 1", asked)
	}
}

// TestHome_TilesOpenWhatTheyName follows each tile to the list of what it counts.
func TestHome_TilesOpenWhatTheyName(t *testing.T) {
	t.Parallel()
	p := admin(t, start(t, "demo"), mobile)
	for _, state := range []string{"Active", "Expires soon", "Expired", "Suspended"} {
		p.open("/")
		tile := p.within("region", "My personal access tokens").find("link", "").Filter(playwright.LocatorFilterOptions{HasText: state}).First()
		count, err := tile.Locator(".stat-value").TextContent()
		if err != nil {
			t.Fatal(err)
		}
		if err := tile.Click(); err != nil {
			t.Fatal(err)
		}
		p.reaches(profilePage)
		if got := p.value("State"); got != strings.ReplaceAll(strings.ToLower(state), " ", "_") {
			t.Errorf("%s: the list shows %q", state, got)
		}
		rows, err := p.Page.Locator("#tokens tbody tr").Count()
		if err != nil || (rows == 0) != (count == "0") {
			t.Errorf("%s: the tile counts %s, the list has %d rows, %v", state, count, rows, err)
		}
		axe(t, p)
		fits(t, p)
		screenshot(t, p, "tokens-"+state)
	}
}

func TestMigration_DeployWaitsForTheConflict(t *testing.T) {
	t.Parallel()
	p := admin(t, start(t, "demo"), tablet)
	uploadExport(t, p, oldExport(t), "Import members with policies")
	if off, err := p.find("button", "Deploy").IsDisabled(); err != nil || !off {
		t.Errorf("Deploy is off: %v, %v", off, err)
	}
	p.seesText("Resolve 1 conflict first.")
	screenshot(t, p, "migration-conflict")
	p.click("link", "Show 1 conflict")
	p.row("Production").seesText("Conflict")
	p.click("button", "Apply to all")
	p.seesText("1 conflict was resolved.")
	p.sees("link", "Deploy")
	if status := p.open(migrationPage + "/deploy"); status != http.StatusOK {
		t.Errorf("deploy: %d", status)
	}
}
