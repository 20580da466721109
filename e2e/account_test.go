package e2e

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

const (
	usersPage       = "/settings/access-management/users"
	invitationsPage = "/settings/access-management/invitations"
	groupsPage      = "/settings/access-management/groups"
	baselinesPage   = "/settings/access-management/baseline-policies"
	explainPage     = "/settings/access-management/explain"
	workspacesPage  = "/settings/workspaces"

	newcomer = "nora@acme.example"
	newPass  = "a long enough password"
)

// admin is a page on which the demonstration's Admin is signed in.
func admin(t *testing.T, s *server, opts ...pageOption) *page {
	t.Helper()
	p := newPage(t, s, opts...)
	signIn(t, p, adminEmail, demoPassword)
	return p
}

// act opens a row's menu and picks an item.
func (p *page) act(who, item string) {
	p.t.Helper()
	if err := p.root.Locator(`summary[aria-label="Actions for ` + who + `"]`).Click(); err != nil {
		p.t.Fatalf("menu of %s on %s: %v", who, p.path(), err)
	}
	p.row(who).click("link", item)
}

// invited makes an invitation into Production and returns its link.
func invited(t *testing.T, p *page, email string) string {
	t.Helper()
	p.open(invitationsPage)
	p.click("link", "Invite users")
	dialog := p.within("dialog", "Invite users")
	dialog.fill("Emails", email)
	dialog.check("Production")
	dialog.click("button", "Invite")
	p.sees("heading", "1 invitation link")
	link, err := p.Page.Locator("#link-0").TextContent()
	if err != nil {
		t.Fatal(err)
	}
	p.click("link", "Close")
	p.reaches(invitationsPage)
	return link
}

// joined accepts an invitation in a browser of its own.
func joined(t *testing.T, s *server, link, name string) *page {
	t.Helper()
	p := newPage(t, s)
	p.open(link)
	p.fill("Your name", name)
	p.fill("Password", newPass)
	p.click("button", "Join")
	p.reaches("/")
	return p
}

func TestAccount_FromInvitationToDeletion(t *testing.T) {
	t.Parallel()
	s := start(t, "demo")
	ada := admin(t, s)
	link := invited(t, ada, newcomer)
	ada.row(newcomer).seesText("Pending")
	nora := joined(t, s, link, "Nora New")
	nora.open(profilePage)
	nora.within("region", "Access Policy").seesText("View only")
	axe(t, nora)

	// A used link says so and grants nothing.
	late := newPage(t, s)
	late.open(link)
	late.seesText("This invitation has already been used")

	// A token that can only view, as its owner can.
	nora.open(profilePage)
	nora.click("link", "Generate new token")
	dialog := nora.within("dialog", "New Personal Access Token")
	dialog.fill("Token name", "noras-probe")
	dialog.choose("Scope", "Read-Write")
	dialog.click("button", "Generate")
	secret := revealed(t, nora, "lkpat_")
	nora.click("link", "Close")
	explains(t, ada, "noras-probe", "Edit Tables", "Not allowed")
	checks(t, s, secret, http.StatusOK, `"permissions":["workspace:view"]`)

	ada.open(usersPage)
	ada.act("Nora New", "Add to groups")
	dialog = ada.within("dialog", "Add to groups")
	dialog.check("Analysts")
	dialog.click("button", "Add to groups")
	ada.seesText("1 membership was added.")
	nora.open(profilePage)
	nora.within("region", "Access Policy").seesText("See live events of SQL Models and Audiences")

	checks(t, s, secret, http.StatusOK, `"sql_model:live_events"`)
	gainsTables(t, ada)
	explains(t, ada, "noras-probe", "Edit Tables", "Allowed")
	checks(t, s, secret, http.StatusOK, `"table:edit"`)
	nora.open(profilePage)
	nora.within("region", "Access Policy").seesText("Edit Tables")

	changes(ada, "Nora New", "Deactivate", "Nora New was deactivated.")
	nora.open(profilePage)
	nora.reaches("/sign-in")
	explains(t, ada, "noras-probe", "Edit Tables", "Not allowed")
	checks(t, s, secret, http.StatusUnauthorized, "")
	changes(ada, "Nora New", "Reactivate", "Nora New was reactivated.")
	nora.open(profilePage) // the session has ended
	nora.reaches("/sign-in")
	signIn(t, nora, newcomer, newPass)
	nora.open(profilePage)
	nora.sees("heading", "Your Profile")
	explains(t, ada, "noras-probe", "Edit Tables", "Allowed")
	checks(t, s, secret, http.StatusOK, `"table:edit"`)

	ada.open(usersPage)
	ada.act("Nora New", "Delete member")
	alert := ada.within("alertdialog", "Delete member Nora New?")
	alert.seesText("noras-probe")
	alert.seesText("used")
	alert.seesText("service access token")
	axe(t, ada)
	alert.click("button", "Yes, delete")
	ada.seesText("Member Nora New was deleted.")
	ada.lacksText(newcomer)
	nora.open(profilePage)
	nora.reaches("/sign-in")
	checks(t, s, secret, http.StatusUnauthorized, "")
}

// checks presents a token to the API, which answers what it may do at this moment.
func checks(t *testing.T, s *server, secret string, status int, holds string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/v2/token", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+secret)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != status || !strings.Contains(string(body), holds) {
		t.Errorf("the token's check answers %d %s, %v; want %d with %s", answer.StatusCode, body, err, status, holds)
	}
}

// gainsTables lets Nora edit tables in Production, and reads what the editor says about it.
func gainsTables(t *testing.T, ada *page) {
	t.Helper()
	ada.open(usersPage)
	ada.click("link", "Nora New")
	ada.sees("heading", "Nora New")
	axe(t, ada)
	ada.within("region", "Member Workspace Policies").click("link", "Edit Production")
	ada.sees("heading", "Nora New in Production")
	ada.seesText("Inherited: group Analysts")
	ada.seesText("No changes yet.")
	ada.check("Edit Tables")
	ada.seesText("Adds: edit Tables.")
	ada.seesText("Affects Nora New only")
	axe(t, ada)
	ada.click("button", "Save")
	ada.seesText("The policy of Nora New in Production was saved.")
}

// changes picks an item of a member's menu and confirms it.
func changes(p *page, who, item, done string) {
	p.t.Helper()
	p.open(usersPage)
	p.act(who, item)
	p.within("alertdialog", "").click("button", item)
	p.seesText(done)
}

// explains asks whether a token may do something in Production.
func explains(t *testing.T, p *page, token, action, answer string) {
	t.Helper()
	p.open(explainPage)
	p.choose("Workspace", "Production")
	p.fill("Member or token", token)
	p.click("button", "Continue")
	if err := p.Page.Locator(".plain-list a").First().Click(); err != nil {
		t.Fatal(err)
	}
	p.choose("Action", action)
	p.click("button", "Explain")
	title := p.Page.Locator(".notice-title").First()
	if err := p.expect.Locator(title).ToHaveText(answer); err != nil {
		t.Errorf("may %s %s? %v", token, action, err)
	}
	p.sees("table", "Layers")
	axe(t, p)
	screenshot(t, p, "explain")
}

func TestAccount_TheSecondOfTwoAdminsIsToldWhatChanged(t *testing.T) {
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
	eli.seesText("1 group and 1 service access token")
	eli.click("button", "Save")
	eli.reaches(baselinesPage)

	ada.check("Connect Destinations")
	ada.click("button", "Save")
	ada.seesText("Eli Editor changed this policy while you were editing it. Added: Edit Tables.")
	ada.seesText("Your changes were not saved.")
	axe(t, ada)
	if !ada.isChecked("Connect Destinations") {
		t.Error("what Ada chose is lost")
	}
	ada.seesText("Removes: edit Tables.")
	ada.click("link", "Discard my changes and reload")
	ada.sees("heading", "Production")
	if !ada.isChecked("Edit Tables") || ada.isChecked("Connect Destinations") {
		t.Error("that is not the policy as it is")
	}
	ada.tolerate("409")
}

func TestAccount_TheLastAdminIsSafe(t *testing.T) {
	t.Parallel()
	ada := admin(t, start(t, "demo"))
	ada.tolerate("409")
	for item, confirm := range map[string]string{"Make Member": "Make Member", "Deactivate": "Deactivate", "Delete member": "Yes, delete"} {
		ada.open(usersPage)
		ada.act("Ada Admin", item)
		ada.within("alertdialog", "").click("button", confirm)
		ada.seesText("This is the last active Admin")
		axe(t, ada)
	}
	ada.open(usersPage)
	ada.row("Ada Admin").seesText("Admin")
}

func TestAccount_GroupsAreMadeInTwoSteps(t *testing.T) {
	t.Parallel()
	ada := admin(t, start(t, "demo"))
	ada.open(groupsPage)
	axe(t, ada)
	ada.click("link", "Create group")
	dialog := ada.within("dialog", "Create group")
	dialog.click("button", "Next")
	described(t, dialog, "Group name", "Enter a name.")
	dialog.fill("Group name", "analysts")
	dialog.click("button", "Next")
	described(t, dialog, "Group name", "Another group has this name.")
	axe(t, ada)
	dialog.fill("Group name", "Engineers")
	dialog.fill("Description optional", "They build.")
	dialog.click("button", "Next")
	dialog.check("Staging")
	dialog.click("button", "Back")
	if got := dialog.value("Group name"); got != "Engineers" {
		t.Errorf("the name is %q after Back", got)
	}
	dialog.click("button", "Next")
	if !dialog.isChecked("Staging") {
		t.Error("the workspace is lost by Back")
	}
	axe(t, ada)
	dialog.click("button", "Create")
	ada.seesText("Group Engineers was created.")
	ada.within("region", "Group Workspace Policies").seesText("Staging")
	axe(t, ada)
	ada.click("link", "Add members")
	ada.check("Eli Editor")
	ada.check("Vera Viewer")
	axe(t, ada)
	ada.click("button", "Add members")
	ada.seesText("2 members were added.")
	ada.check("Select Vera Viewer")
	ada.click("button", "Remove from group the selected members")
	ada.within("alertdialog", "Remove Vera Viewer from Engineers?").click("button", "Yes, remove")
	ada.seesText("1 member was removed from Engineers.")
	ada.click("link", "Delete group")
	ada.within("alertdialog", "Delete group Engineers?").click("button", "Yes, delete")
	ada.reaches(groupsPage)
	ada.lacksText("They build.")
}

func TestAccount_InvitationErrorsStandBesideTheirFields(t *testing.T) {
	t.Parallel()
	s := start(t, "demo")
	ada := admin(t, s)
	ada.open(invitationsPage)
	ada.click("link", "Invite users")
	dialog := ada.within("dialog", "Invite users")
	dialog.fill("Emails", "one@acme.example, two\nthree@acme.example")
	dialog.click("button", "Invite")
	described(t, dialog, "Emails", "This does not look like an email address: two")
	dialog.seesText("Choose at least one group or workspace.")
	axe(t, ada)
	if got := dialog.value("Emails"); !strings.Contains(got, "three@acme.example") {
		t.Errorf("the list is %q afterwards", got)
	}
	dialog.fill("Emails", "one@acme.example, admin@acme.example\nthree@acme.example")
	dialog.check("Analysts")
	dialog.click("button", "Invite")
	ada.sees("heading", "2 invitation links")
	ada.seesText("admin@acme.example: already a member.")
	axe(t, ada)
	link, err := ada.Page.Locator("#link-1").TextContent()
	if err != nil {
		t.Fatal(err)
	}
	ada.click("link", "Close")
	ada.reaches(invitationsPage)
	if strings.Contains(ada.html(), link) || strings.Contains(s.Logs(), link[strings.Index(link, "=")+1:]) {
		t.Error("the link is in the list or in the log")
	}
	ada.act("three@acme.example", "Delete invitation")
	ada.within("alertdialog", "").click("button", "Yes, delete")
	ada.seesText("The invitation for three@acme.example was deleted.")
	p := newPage(t, s)
	p.open(link)
	p.seesText("This invitation was deleted")
	axe(t, p)
}

func TestAccount_AcceptingReportsWhatIsWrong(t *testing.T) {
	t.Parallel()
	s := start(t, "demo")
	link := invited(t, admin(t, s), newcomer)
	p := newPage(t, s, mobile)
	p.open(link)
	axe(t, p)
	fits(t, p)
	p.fill("Password", "short")
	p.click("button", "Join")
	described(t, p.scope, "Your name", "Enter a name.")
	described(t, p.scope, "Password", "Use at least 10 characters.")
	axe(t, p)
	p.fill("Your name", "Nora New")
	p.fill("Password", newPass)
	p.click("button", "Join")
	p.reaches("/")
}

func TestAccount_WorkspacesAreMadeRenamedAndDeleted(t *testing.T) {
	t.Parallel()
	ada := admin(t, start(t, "demo"))
	ada.open(workspacesPage)
	axe(t, ada)
	ada.click("link", "Create workspace")
	dialog := ada.within("dialog", "Create workspace")
	dialog.fill("Name", "staging")
	dialog.click("button", "Create")
	described(t, dialog, "Name", "Another workspace has this name.")
	axe(t, ada)
	dialog.fill("Name", "Sandbox")
	dialog.choose("Environment", "Development")
	dialog.click("button", "Create")
	ada.seesText("Workspace Sandbox was created.")
	ada.act("Sandbox", "Rename")
	dialog = ada.within("dialog", "Rename workspace")
	dialog.fill("Name", "Playground")
	dialog.click("button", "Save")
	ada.seesText("Workspace Playground was saved.")
	ada.act("Playground", "Delete workspace")
	alert := ada.within("alertdialog", "Delete workspace Playground?")
	alert.fill("Type the name of the workspace to confirm", "Sandbox")
	alert.click("button", "Yes, delete")
	ada.seesText("Type the name of the workspace exactly: Playground")
	axe(t, ada)
	alert.fill("Type the name of the workspace to confirm", "Playground")
	alert.click("button", "Yes, delete")
	ada.seesText("Workspace Playground was deleted.")
}

func TestAccount_WithoutScript(t *testing.T) {
	t.Parallel()
	ada := admin(t, start(t, "demo"), noScript)
	ada.open(usersPage)
	ada.check("Select Eli Editor")
	ada.check("Select Vera Viewer")
	ada.click("button", "Add to groups the selected members")
	dialog := ada.within("dialog", "Add to groups")
	dialog.seesText("Add Eli Editor and Vera Viewer to one or more groups.")
	dialog.click("button", "Add to groups")
	dialog.seesText("Choose at least one group.")
	dialog.check("Analysts")
	dialog.click("button", "Add to groups")
	ada.seesText("1 membership was added.")

	ada.open(baselinesPage)
	ada.click("link", "Edit the baseline of Production")
	ada.check("Edit Tables")
	ada.click("button", "Update summary")
	ada.seesText("Adds: edit Tables.")
	ada.click("button", "Save")
	ada.seesText("The policy of Production was saved.")

	ada.open(usersPage)
	ada.fill("Name or email", "vera")
	ada.within("main", "").click("button", "Search")
	ada.lacksText("Eli Editor")
	ada.click("link", "Vera Viewer")
	ada.click("link", "Add workspace policy")
	ada.within("dialog", "Add workspace policy").click("button", "Next")
	ada.sees("heading", "Vera Viewer in Staging")
	ada.seesText("Saving adds Vera Viewer to the workspace Staging.")
	ada.click("button", "Save")
	ada.seesText("The policy of Vera Viewer in Staging was saved.")
}

func TestAccount_WithTheKeyboard(t *testing.T) {
	t.Parallel()
	ada := admin(t, start(t, "demo"))
	ada.open(usersPage)
	menu := ada.root.Locator(`summary[aria-label="Actions for Vera Viewer"]`)
	if err := menu.Focus(); err != nil {
		t.Fatal(err)
	}
	ada.press("Enter")
	ada.tabTo("link", "Deactivate")
	ada.press("Enter")
	ada.sees("alertdialog", "Deactivate Vera Viewer?")
	ada.press("Escape")
	ada.lacks("alertdialog", "")
	// The dialog is gone before the focus is back: wait for it.
	if err := ada.expect.Locator(menu).ToBeFocused(); err != nil {
		t.Errorf("focus is on %s: %v", ada.focused(), err)
	}
}

func TestAccount_OnAPhoneInTheDark(t *testing.T) {
	t.Parallel()
	ada := admin(t, start(t, "demo"), mobile, dark)
	for _, path := range []string{usersPage, usersPage + "/add-to-groups?member=none", invitationsPage + "/new", groupsPage,
		groupsPage + "/new",
		baselinesPage, explainPage, workspacesPage, workspacesPage + "/new"} {
		if status := ada.open(path); status == http.StatusNotFound {
			continue
		}
		axe(t, ada)
		fits(t, ada)
		screenshot(t, ada, "phone"+strings.NewReplacer("/", "-", "?", "-").Replace(path))
	}
	ada.open(usersPage)
	ada.click("link", "Vera Viewer")
	for _, link := range []string{"Details of Production", "Edit Production"} {
		axe(t, ada)
		fits(t, ada)
		here := ada.path()
		ada.click("link", link)
		axe(t, ada)
		fits(t, ada)
		ada.open(here)
	}
}

func TestAccount_AMemberSeesNoTabAndIsRefused(t *testing.T) {
	t.Parallel()
	p := newPage(t, start(t, "demo"))
	signIn(t, p, "viewer@acme.example", demoPassword)
	p.open(accessPage)
	for _, tab := range []string{"Users", "Invitations", "Groups", "Baseline Workspace Policies", "Explain"} {
		p.lacks("link", tab)
	}
	p.lacks("link", "Workspaces")
	for _, path := range []string{usersPage, invitationsPage, groupsPage, baselinesPage, explainPage, workspacesPage} {
		if status := p.open(path); status != http.StatusForbidden {
			t.Errorf("%s answers %d", path, status)
		}
	}
	p.open(profilePage)
	p.click("link", "Details of Production")
	p.sees("heading", "Access Policy")
	p.seesText("From group Analysts")
	axe(t, p)
}
