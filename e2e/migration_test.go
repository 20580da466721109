package e2e

import (
	"database/sql"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/playwright-community/playwright-go"
	_ "modernc.org/sqlite"
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
	if err := p.Page.Locator("label", playwright.PageLocatorOptions{HasText: regexp.MustCompile("^" + strategy +
		"$")}).Click(); err != nil { // the whole box is the label
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
		edSecret   = "old style secret, of ed"
		etlSecret  = "legacy-service-secret-0001"
		olgaSecret = "2Jq0Tz-admin-token-of-olga"
		maySource  = "/auth/verify?permission=source:edit&resource="
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
	p.seesText("1 conflict to resolve")
	p.row("Ed").seesText("Production: Connections Editor with edit access")
	screenshot(t, p, "migration-preview")
	p.open(migrationPage + "/staged/workspaces")
	p.choose("A workspace of this name exists, 1 time", "Its contents are imported into the existing one.")
	p.click("button", "Apply to all")
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

	configuresGroup(t, p)

	p.open(stagedMembers)
	p.click("link", "Deploy")
	dialog := p.within("alertdialog", "Deploy the migration?")
	dialog.seesText("Members: 4 new.")
	axe(t, p)
	screenshot(t, p, "migration-deploy")
	dialog.fill("Type the name of the organization to confirm", "Acme")
	dialog.click("button", "Yes, deploy")
	p.reaches(migrationPage)
	p.seesText("Tokens of the old system keep working.")
	p.sees("link", "Download it as JSON")
	axe(t, p)
	screenshot(t, p, "migration-deployed")

	for path, want := range map[string]int{"/v2/token": 200, maySource + "src-web": 200, maySource + "src-app": 200,
		"/auth/verify?permission=audience:create_delete":  200,
		"/auth/verify?permission=sql_model:create_delete": 200, "/auth/verify?permission=table:create_delete": 403} {
		if got := ask(t, srv, path, edSecret); got != want {
			t.Errorf("Ed's old token, %s: %d, want %d", path, got, want)
		}
	}
	for path, want := range map[string]int{"/v2/token": 200, maySource + "src-web": 200, maySource + "src-app": 403} {
		if got := ask(t, srv, path, etlSecret); got != want {
			t.Errorf("the old service token, %s: %d, want %d", path, got, want)
		}
	}
	findsWhatCame(t, p, olgaSecret)
	for _, secret := range []string{edSecret, etlSecret, olgaSecret} {
		nowhere(t, p, secret, migrationPage, satWork)
	}
}

// configuresGroup looks at the staged groups and gives one of them something.
func configuresGroup(t *testing.T, p *page) {
	t.Helper()
	p.open(migrationPage + "/staged/groups")
	p.row("Everybody").seesText("Review")
	p.row("Data team").seesText("Production: View only")
	axe(t, p)
	screenshot(t, p, "migration-groups")
	p.row("Data team").click("link", "Data team")
	p.seesText("Cora and Ed")
	p.click("link", "Edit policy in Production")
	p.check("Create & Delete SQL Models")
	p.click("button", "Save")
	p.seesText("The staged policy was saved.")
}

// findsWhatCame looks at what was deployed: a service token, a group, an old Admin token.
func findsWhatCame(t *testing.T, p *page, olgaSecret string) {
	t.Helper()
	p.open(satWork)
	p.row("nightly etl").seesText("…0001")
	p.row("nightly etl").click("link", "nightly etl")
	p.seesText("cannot be edited")
	p.open("/settings/access-management/groups")
	p.row("Data team").seesText("Production")
	p.open("/settings/access-management/users")
	p.row("Olga").click("link", "Olga")
	p.row("olga's admin").seesText("Admin (deprecated)")
	if got := ask(t, p.server, "/v2/token", olgaSecret); got != http.StatusOK {
		t.Errorf("the old Admin token: %d", got)
	}
}

func TestMigration_WorksWithoutScriptAndOnAPhone(t *testing.T) {
	t.Parallel()
	p := newPage(t, start(t, "demo"), noScript, mobile, dark)
	signIn(t, p, adminEmail, demoPassword)
	p.open(migrationPage)
	fits(t, p)
	screenshot(t, p, "migration-phone-upload")
	uploadExport(t, p, oldExport(t), "Import members with policies")
	axe(t, p)
	fits(t, p)
	screenshot(t, p, "migration-phone")
	for _, kind := range []string{"groups", "service-access-tokens", "personal-access-tokens", "workspaces", "resources"} {
		p.open(migrationPage + "/staged/" + kind)
		fits(t, p)
	}
	p.open(migrationPage + "/staged/groups")
	p.row("Data team").click("link", "Data team")
	fits(t, p)
	p.click("link", "Edit policy in Production")
	fits(t, p)
	p.open(stagedMembers)
	p.click("link", "Reset staging area")
	p.within("alertdialog", "Reset the staging area?").click("button", "Yes, reset")
	p.sees("button", "Upload")
}

// holdChanges keeps the server from changing anything until the result is called: it holds
// the file's write lock, past the lock of the folder.
func holdChanges(t *testing.T, s *server) (release func()) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(s.Data, "latchkey.db")+"?_txlock=immediate&_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	held, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := errors.Join(held.Rollback(), db.Close()); err != nil {
			t.Error(err)
		}
	}
}

func TestMigration_ShowsWhatTakesLongUntilItIsDone(t *testing.T) {
	t.Parallel()
	srv := start(t, "demo")
	p := newPage(t, srv)
	signIn(t, p, adminEmail, demoPassword)
	p.open(migrationPage)
	if err := p.field("Export file").SetInputFiles(oldExport(t)); err != nil {
		t.Fatal(err)
	}
	p.click("button", "Upload")
	p.reaches(migrationPage)
	p.sees("group", "How to import")
	release := holdChanges(t, srv)
	p.click("button", "Import")
	p.sees("heading", "Preparing the preview")
	axe(t, p)
	screenshot(t, p, "migration-progress")
	release()
	p.reaches(stagedMembers)
	p.seesText("The import is staged.")
}

func TestMigration_AServerThatDiesWhileItDeploysLeavesThePreview(t *testing.T) {
	t.Parallel()
	srv := start(t, "demo")
	p := newPage(t, srv)
	signIn(t, p, adminEmail, demoPassword)
	uploadExport(t, p, oldExport(t), "Import members")
	p.open(migrationPage + "/staged/workspaces")
	p.click("button", "Apply to all")
	p.open(stagedMembers)
	p.click("link", "Deploy")
	release := holdChanges(t, srv)
	dialog := p.within("alertdialog", "Deploy the migration?")
	dialog.fill("Type the name of the organization to confirm", "Acme")
	dialog.click("button", "Yes, deploy")
	p.sees("heading", "Deploying the migration")
	p.open("/") // whoever looks on would see errors of the network
	srv.kill()
	release()

	again := newPage(t, startIn(t, srv.Data, "serve"))
	signIn(t, again, adminEmail, demoPassword)
	again.open(migrationPage + "?after=deploy")
	again.reaches(stagedMembers)
	again.seesText("the server stopped before it finished")
	again.seesText("Preview Mode")
	if got := ask(t, again.server, "/v2/token", "old style secret, of ed"); got != http.StatusUnauthorized {
		t.Errorf("a token of the broken deployment: %d", got)
	}
	again.click("link", "Reset staging area")
	again.within("alertdialog", "Reset the staging area?").click("button", "Yes, reset")
	again.seesText("The staging area was reset.")
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
	p.reaches(migrationPage) // a reload asks for the file anew
	axe(t, p)
	screenshot(t, p, "migration-mistakes")
}
