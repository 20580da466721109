package e2e

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"latchkey/internal/actor"
	"latchkey/internal/demo"
	"latchkey/internal/policy"
	"latchkey/internal/registry"
	"latchkey/internal/signin"
	"latchkey/internal/store"
	"latchkey/internal/store/storetest"
)

const (
	accessPage  = "/settings/access-management"
	satOrg      = "/settings/access-management/service-access-tokens/organization"
	satWork     = "/settings/access-management/service-access-tokens/workspace"
	satWizard   = "/settings/access-management/service-access-tokens/workspace/new"
	wizardTitle = "New workspace service access token"
)

func TestServiceToken_OrganizationIsGeneratedAndDeleted(t *testing.T) {
	t.Parallel()
	p := newPage(t, start(t, "demo"))
	signIn(t, p, adminEmail, demoPassword)
	p.open(accessPage)
	p.within("navigation", "Access management").click("link", "Service Access Tokens")
	p.reaches(satOrg)
	p.seesText("For SCIM, the Audit Logs API and organization usage.")
	axe(t, p)
	screenshot(t, p, "service-tokens-organization")
	p.click("link", "Generate new token")
	dialog := p.within("dialog", "New Organization Service Access Token")
	dialog.lacksText("Workspace:")
	dialog.click("button", "Generate")
	described(t, dialog, "Token name", "Enter a name.")
	axe(t, p)
	dialog.fill("Token name", "OKTA-SCIM")
	dialog.click("button", "Generate")
	described(t, dialog, "Token name", "A token with this name already exists. Choose another name.")
	dialog.fill("Token name", "entra-scim")
	dialog.choose("Expiration", "1 year")
	dialog.click("button", "Generate")
	secret := revealed(t, p, "lkoat_")
	axe(t, p)
	p.click("link", "Close")
	p.reaches(satOrg)
	nowhere(t, p, secret, satOrg, satWork)
	p.open(satOrg)
	p.row("entra-scim").seesText("by Ada Admin")
	p.click("link", "entra-scim")
	p.seesText("For SCIM, the Audit Logs API and organization usage.")
	axe(t, p)
	p.click("link", "Delete")
	p.within("alertdialog", "Delete token entra-scim?").click("button", "Yes, delete")
	p.reaches(satOrg)
	p.seesText("Token entra-scim was deleted.")
	if n := tokenRows(t, p, "entra-scim"); n != 0 {
		t.Errorf("%d rows after the deletion", n)
	}
}

// toPolicy walks to the second step of the wizard.
func toPolicy(p *page, name string) {
	p.open(satWizard)
	p.fill("Token name", name)
	p.choose("Workspace", "Staging")
	p.click("button", "Next")
	p.sees("heading", "Workspace SAT access policy")
}

// selects says that a permission is limited, and leads to the part of the page that limits it.
func (s scope) selects(permission string) scope {
	s.t.Helper()
	s.check(permission)
	limit := s.within("group", permission+": which resources")
	limit.check("Selected resources")
	return limit
}

func TestServiceToken_WizardGoesThereAndBack(t *testing.T) {
	t.Parallel()
	p := newPage(t, start(t, "demo"))
	signIn(t, p, adminEmail, demoPassword)
	p.open(satWork)
	p.click("link", "Generate new token")
	p.sees("heading", wizardTitle)
	p.seesText("Step 1 of 2")
	axe(t, p)
	p.click("button", "Next")
	described(t, p.scope, "Token name", "Enter a name.")
	described(t, p.scope, "Workspace", "Choose a workspace.")
	axe(t, p)
	p.fill("Token name", "deploy")
	p.choose("Workspace", "Staging")
	p.choose("Expiration", "60 days")
	p.click("button", "Next")

	p.seesText("Step 2 of 2")
	p.seesText("The policy cannot be edited afterwards")
	locked := p.find("checkbox", "Live events of Event Stream Sources")
	if err := p.expect.Locator(locked).ToBeDisabled(); err != nil || !p.isChecked("Live events of Event Stream Sources") {
		t.Errorf("what the baseline gives is not locked and checked: %v", err)
	}
	p.seesText("Inherited: baseline")
	axe(t, p)
	limit := p.selects("Edit Destinations")
	limit.check("Amplitude")
	p.check("Connect Destinations")
	p.check("Edit Tables")
	for _, line := range []string{"View 13 resources.", "Edit Tables.", "Edit 1 of 3 Destinations (Amplitude).", "Connect Destinations."} {
		p.seesText(line)
	}
	axe(t, p)
	screenshot(t, p, "service-token-wizard")

	p.click("button", "Back")
	p.seesText("Step 1 of 2")
	if got := p.value("Token name"); got != "deploy" {
		t.Errorf("the name is %q after Back", got)
	}
	p.seesText("Expires")
	p.fill("Token name", "deploy-2")
	p.click("button", "Next")
	for _, permission := range []string{"Edit Destinations", "Connect Destinations", "Edit Tables", "Amplitude"} {
		if !p.isChecked(permission) {
			t.Errorf("%s is lost by Back", permission)
		}
	}
	p.uncheck("Edit Tables")
	p.lacksText("Edit Tables.")
	p.click("button", "Generate")
	secret := revealed(t, p, "lksat_")
	p.seesText("Expires")
	axe(t, p)
	p.click("link", "Close")
	p.reaches(satWork)
	nowhere(t, p, secret, satWork, satWizard)
	readsPolicy(t, p)
}

// readsPolicy looks at the policy of deploy-2 and deletes the token.
func readsPolicy(t *testing.T, p *page) {
	t.Helper()
	p.open(satWork)
	p.click("link", "deploy-2")
	p.sees("heading", "deploy-2")
	p.eval(`() => { document.querySelector("#grants details").open = true }`)
	for _, text := range []string{"cannot be edited", "Edit 1 of 3 Destinations (Amplitude).", "Connect Destinations.",
		"Inherited: baseline"} {
		p.seesText(text)
	}
	p.lacks("checkbox", "")
	p.lacksText("Edit Tables.")
	axe(t, p)
	screenshot(t, p, "service-token-policy")
	p.click("link", "Delete")
	p.click("button", "Yes, delete")
	p.reaches(satWork)
	p.seesText("Token deploy-2 was deleted.")
}

func TestServiceToken_WizardErrorsStandWhereTheyBelong(t *testing.T) {
	t.Parallel()
	p := newPage(t, start(t, "demo"))
	signIn(t, p, adminEmail, demoPassword)
	toPolicy(p, "Staging-Sync")
	p.selects("Edit Event Stream Sources")
	p.seesText("Edit Event Stream Sources: no resource is chosen yet.")
	p.click("button", "Generate")
	p.within("alert", "").seesText("Edit Event Stream Sources: Choose at least one resource, or all resources.")
	p.within("group", "Edit Event Stream Sources: which resources").seesText("Choose at least one resource, or all resources.")
	axe(t, p)
	limit := p.within("group", "Edit Event Stream Sources: which resources")
	limit.check("Select all 3")
	if !limit.isChecked("Web shop") {
		t.Error("Select all did not select")
	}
	limit.uncheck("Web shop")
	if limit.isChecked("Select all 3") {
		t.Error("Select all stays on although one is left out")
	}
	limit.check("Include all future resources")
	p.seesText("Edit Event Stream Sources except Web shop, future ones included.")
	p.click("button", "Generate")
	p.seesText("Step 1 of 2") // the name is taken
	described(t, p.scope, "Token name", "A token with this name already exists. Choose another name.")
	p.fill("Token name", "other-sync")
	p.click("button", "Next")
	p.seesText("Edit Event Stream Sources except Web shop, future ones included.")
	p.click("button", "Back")
	p.choose("Workspace", "Production")
	p.click("button", "Next")
	p.seesText("The workspace was changed")
	p.seesText("Choose the resources again for Edit Event Stream Sources.")
	axe(t, p)
	limit.check("iOS app")
	limit.uncheck("Include all future resources")
	p.click("button", "Generate")
	revealed(t, p, "lksat_")
}

func TestServiceToken_WizardWithoutScript(t *testing.T) {
	t.Parallel()
	p := newPage(t, start(t, "demo"), noScript)
	signIn(t, p, adminEmail, demoPassword)
	toPolicy(p, "deploy")
	axe(t, p)
	limit := p.selects("Edit Event Stream Sources")
	limit.check("Web shop")
	p.click("button", "Update summary")
	p.seesText("Edit 1 of 3 Event Stream Sources (Web shop).")
	limit.check("iOS app")
	p.click("button", "Update summary")
	p.seesText("Edit 2 of 3 Event Stream Sources")
	axe(t, p)
	p.click("button", "Back")
	p.click("button", "Next")
	if !limit.isChecked("Web shop") || !limit.isChecked("iOS app") {
		t.Error("Back lost the choice")
	}
	p.click("button", "Generate")
	secret := revealed(t, p, "lksat_")
	axe(t, p)
	if _, err := p.Reload(); err != nil { // sends the form again
		t.Fatal(err)
	}
	p.seesText("This form was already sent")
	p.lacksText(secret)
	p.open(satWork)
	if n := tokenRows(t, p, "deploy"); n != 1 {
		t.Errorf("%d tokens, want one", n)
	}
}

func TestServiceToken_WizardWithTheKeyboard(t *testing.T) {
	t.Parallel()
	p := newPage(t, start(t, "demo"))
	signIn(t, p, adminEmail, demoPassword)
	p.open(satWizard)
	typed(p, "Token name", "deploy")
	p.tabTo("combobox", "Workspace")
	p.press("ArrowDown", "ArrowDown")
	p.tabTo("button", "Next")
	p.press("Enter")
	p.sees("heading", "Workspace SAT access policy")
	p.tabTo("checkbox", "Connect Destinations")
	p.press("Space")
	p.seesText("Connect Destinations.")
	p.tabTo("button", "Generate")
	p.press("Enter")
	revealed(t, p, "lksat_")
	p.tabTo("link", "Close")
	p.press("Enter")
	p.reaches(satWork)
}

// typed types into the field that the page gives the focus: once it has it.
func typed(p *page, label, text string) {
	p.t.Helper()
	if err := p.expect.Locator(p.field(label)).ToBeFocused(); err != nil {
		p.t.Fatalf("%q has no focus, %s has: %v", label, p.focused(), err)
	}
	if err := p.Keyboard().Type(text); err != nil {
		p.t.Fatal(err)
	}
}

func TestServiceToken_OnAPhoneInTheDark(t *testing.T) {
	t.Parallel()
	p := newPage(t, start(t, "demo"), mobile, dark)
	signIn(t, p, adminEmail, demoPassword)
	for _, path := range []string{satOrg, satWork, satWizard} {
		p.open(path)
		fits(t, p)
		axe(t, p)
	}
	toPolicy(p, "deploy")
	p.selects("Edit Destinations").check("Amplitude")
	fits(t, p)
	axe(t, p)
	screenshot(t, p, "service-token-wizard-phone")
	p.click("button", "Generate")
	revealed(t, p, "lksat_")
	fits(t, p)
	p.click("link", "Close")
	p.click("link", "deploy")
	p.seesText("Edit 1 of 3 Destinations (Amplitude).")
	fits(t, p)
	axe(t, p)
}

func TestServiceToken_ManyResourcesAreSearchedInPlace(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	seedResources(t, data, 400)
	p := newPage(t, startIn(t, data, "demo"))
	signIn(t, p, adminEmail, demoPassword)
	toPolicy(p, "deploy")
	limit := p.selects("Edit Tables")
	limit.sees("checkbox", "table number 001") // the beginning of the list comes by itself
	limit.check("table number 001")
	limit.fill("Search resources: Edit Tables", "number 37")
	limit.click("button", "Search")
	limit.check("table number 377")
	limit.lacks("checkbox", "table number 001")
	if focus := p.eval("() => scrollY > 0"); focus != true {
		t.Error("searching led back to the top of the page")
	}
	p.seesText("Edit 2 of 401 Tables (table number 001 and table number 377).")
	axe(t, p)
	p.click("button", "Generate")
	revealed(t, p, "lksat_")
}

// seedResources makes the demonstration's data with more tables in every workspace.
func seedResources(t *testing.T, data string, n int) {
	t.Helper()
	ctx := context.Background()
	st, err := store.Open(ctx, store.Options{Path: filepath.Join(data, "latchkey.db"), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	if err := demo.Seed(ctx, st, signin.NewArgon2(signin.DefaultCost()), registry.Secrets{}); err != nil {
		t.Fatal(err)
	}
	admin, err := st.SignInAccount(ctx, adminEmail)
	if err != nil {
		t.Fatal(err)
	}
	workspaces, err := st.Workspaces(ctx, admin.Organization)
	if err != nil {
		t.Fatal(err)
	}
	err = st.InTx(ctx, actor.System(""), func(tx *store.Tx) error {
		for i := range n * len(workspaces) {
			w, number := workspaces[i%len(workspaces)], i/len(workspaces)
			r := policy.Resource{ID: fmt.Sprintf("table-%s-%d", w.ID, number), Type: "table", Name: fmt.Sprintf("table number %03d", number)}
			if err := storetest.InsertResource(ctx, tx, w.ID, r); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestServiceToken_AMemberSeesNoTabAndIsRefused(t *testing.T) {
	t.Parallel()
	s := start(t, "demo")
	admin, member := newPage(t, s), newPage(t, s)
	signIn(t, admin, adminEmail, demoPassword)
	signIn(t, member, editorEmail, demoPassword)
	admin.open(satWork)
	admin.within("navigation", "Access management").sees("link", "Service Access Tokens")
	page, err := admin.find("link", "deploy-pipeline").GetAttribute("href")
	if err != nil {
		t.Fatal(err)
	}
	if status := member.open(page); status != http.StatusNotFound {
		t.Errorf("a member opens %s: %d", page, status)
	}
	view := strings.Replace(page, "/tokens", "/settings/access-management/service-access-tokens", 1)
	for _, path := range []string{"/", profilePage, accessPage} {
		admin.open(path)
		member.open(path)
		if !strings.Contains(admin.html(), "service-access-tokens") {
			t.Errorf("%s does not lead an Admin to service access tokens", path)
		}
		if html := strings.ToLower(member.html()); strings.Contains(html, "service-access-tokens") ||
			strings.Contains(html, "service access tokens</a>") {
			t.Errorf("%s leads a member to service access tokens", path)
		}
	}
	member.open(accessPage)
	member.seesText("Ask an Admin of Acme")
	axe(t, member)
	screenshot(t, member, "access-management-member")
	for _, path := range []string{satOrg, satOrg + "/new", satWork, satWizard, view, view + "/delete"} {
		if status := member.open(path); status != http.StatusForbidden {
			t.Errorf("a member opens %s: %d", path, status)
		}
		member.sees("heading", "Only Admins can open this page")
	}
	axe(t, member)
	form := map[string]any{"name": "stolen", "expiration": "30d", "submission": "key", "step": "generate"}
	for _, path := range []string{satOrg, satWizard, satWork + "/summary", view + "/delete"} {
		if status := post(t, member, path, form); status != http.StatusForbidden {
			t.Errorf("a member posts to %s: %d", path, status)
		}
	}
	admin.open(satWork)
	admin.sees("link", "deploy-pipeline")
	admin.open(satOrg)
	admin.lacksText("stolen")
}
