package e2e

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/playwright-community/playwright-go"
)

const (
	migrationPage = "/settings/access-management/migration"
	stagedMembers = migrationPage + "/staged/members"
)

// oldExport writes the example export where the browser can take it from. Its workspace
// Production is in the demonstration as well; the other one is new.
func oldExport(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../internal/legacy/testdata/acme.json")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "export.json")
	if err := os.WriteFile(path, []byte(strings.Replace(string(text), `"name": "Staging"`, `"name": "Old staging"`, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// uploadExport uploads and imports an export up to the preview.
func uploadExport(t *testing.T, p *page, path, strategy string) {
	t.Helper()
	p.open(migrationPage)
	if err := p.field("Export file").SetInputFiles(path); err != nil {
		t.Fatal(err)
	}
	p.click("button", "Upload")
	p.sees("group", "How to import")
	axe(t, p)
	if err := p.Page.Locator("label", playwright.PageLocatorOptions{HasText: regexp.MustCompile("^" + strategy + "$")}).Click(); err != nil { // the whole box is the label
		t.Fatal(err)
	}
	p.click("button", "Import")
	p.reaches(stagedMembers)
	p.seesText("Preview Mode")
}

// ask asks the server with an old secret and returns the status.
func ask(t *testing.T, s *server, path, secret string) int {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, s.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+secret)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	return answer.StatusCode
}

func TestMigration_PreviewResetConfigureDeploy(t *testing.T) {
	t.Parallel()
	const (
		edSecret  = "old style secret, of ed"
		etlSecret = "legacy-service-secret-0001"
		maySource = "/auth/verify?permission=source:edit&resource="
	)
	srv := start(t, "demo")
	p := newPage(t, srv)
	export := oldExport(t)
	signIn(t, p, adminEmail, demoPassword)
	p.open(accessPage)
	p.within("navigation", "Access management").click("link", "Migration")
	p.reaches(migrationPage)
	p.seesText("live access does not change before you deploy")
	axe(t, p)
	screenshot(t, p, "migration-upload")

	uploadExport(t, p, export, "Import members")
	axe(t, p)
	p.row("Cora").seesText("View only")
	p.click("link", "Reset staging area")
	p.within("alertdialog", "Reset the staging area?").click("button", "Yes, reset")
	p.reaches(migrationPage)
	p.seesText("The staging area was reset.")

	uploadExport(t, p, export, "Import members with policies")
	p.seesText("1 conflict waits for a choice")
	p.row("Ed").seesText("Production: Connections Editor with edit access")
	screenshot(t, p, "migration-preview")
	p.open(migrationPage + "/staged/workspaces")
	p.choose("A workspace of this name exists, 1 time", "The import goes into it.")
	p.click("button", "Choose for all")
	p.seesText("1 conflict was resolved.")
	p.open(stagedMembers)
	p.row("Ed").click("link", "Ed")
	p.seesText("Before and after")
	axe(t, p)
	screenshot(t, p, "migration-item")
	p.click("link", "Edit policy in Production")
	p.check("Create & Delete Audiences")
	p.click("button", "Save")
	p.seesText("The staged policy was saved.")
	if got := ask(t, srv, "/v2/token", edSecret); got != http.StatusUnauthorized {
		t.Errorf("an old token opens the API before it is deployed: %d", got)
	}

	p.open(stagedMembers)
	p.click("link", "Deploy")
	dialog := p.within("alertdialog", "Deploy the migration?")
	dialog.seesText("Members: 4 new.")
	axe(t, p)
	screenshot(t, p, "migration-deploy")
	dialog.fill("Type the name of the organization to confirm", "Acme")
	dialog.click("button", "Yes, deploy")
	p.reaches(migrationPage)
	p.seesText("Tokens of the old system go on working.")
	p.sees("link", "Download it as JSON")
	axe(t, p)
	screenshot(t, p, "migration-deployed")

	for path, want := range map[string]int{"/v2/token": 200, maySource + "src-web": 200, maySource + "src-app": 200, "/auth/verify?permission=audience:create_delete": 200} {
		if got := ask(t, srv, path, edSecret); got != want {
			t.Errorf("Ed's old token, %s: %d, want %d", path, got, want)
		}
	}
	for path, want := range map[string]int{"/v2/token": 200, maySource + "src-web": 200, maySource + "src-app": 403} {
		if got := ask(t, srv, path, etlSecret); got != want {
			t.Errorf("the old service token, %s: %d, want %d", path, got, want)
		}
	}
	p.open(satWork)
	p.row("nightly etl").seesText("…0001")
	for _, secret := range []string{edSecret, etlSecret, "admin-token-of-olga"} {
		nowhere(t, p, secret, migrationPage, satWork)
	}
}

func TestMigration_WorksWithoutScriptAndOnAPhone(t *testing.T) {
	t.Parallel()
	p := newPage(t, start(t, "demo"), noScript, mobile, dark)
	signIn(t, p, adminEmail, demoPassword)
	uploadExport(t, p, oldExport(t), "Import members with policies")
	axe(t, p)
	screenshot(t, p, "migration-phone")
	p.click("link", "Reset staging area")
	p.within("alertdialog", "Reset the staging area?").click("button", "Yes, reset")
	p.sees("button", "Upload")
}

func TestMigration_NamesTheMistakesOfAFile(t *testing.T) {
	t.Parallel()
	p := newPage(t, start(t, "demo"))
	p.tolerate("400")
	path := oldExport(t)
	text, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, []byte(strings.Replace(string(text), "connections_admin", "boss", 1)), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	signIn(t, p, adminEmail, demoPassword)
	p.open(migrationPage)
	if err := p.field("Export file").SetInputFiles(path); err != nil {
		t.Fatal(err)
	}
	p.click("button", "Upload")
	p.seesText("members[1].workspaces[0].role")
	axe(t, p)
	screenshot(t, p, "migration-mistakes")
}
