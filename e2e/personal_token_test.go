package e2e

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/playwright-community/playwright-go"
)

const (
	profilePage = "/settings/profile"
	newPATPage  = "/settings/profile/personal-access-tokens/new"
	patDialog   = "New Personal Access Token"
)

var secretPattern = regexp.MustCompile(`lk[pso]at_[0-9A-Za-z]{49}`)

// revealed is the secret that the page shows in its dialog, having checked that it is one.
func revealed(t *testing.T, p *page, prefix string) string {
	t.Helper()
	p.sees("textbox", "Token")
	secret := p.value("Token")
	if !secretPattern.MatchString(secret) || !strings.HasPrefix(secret, prefix) {
		t.Fatalf("the field Token holds %q", secret)
	}
	return secret
}

// nowhere checks that a secret is in none of the pages, nor in the server's output.
func nowhere(t *testing.T, p *page, secret string, paths ...string) {
	t.Helper()
	for _, path := range paths {
		p.open(path)
		if strings.Contains(p.html(), secret) {
			t.Errorf("%s shows the secret", path)
		}
	}
	if strings.Contains(p.server.Logs(), secret) {
		t.Error("the secret is in the log")
	}
}

// tokenRows counts the rows that name a token.
func tokenRows(t *testing.T, p *page, name string) int {
	t.Helper()
	n, err := p.find("link", "Delete "+name).Count()
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// fillPAT fills the dialog in, wherever it stands.
func fillPAT(p *page, name, workspace string) scope {
	dialog := p.within("dialog", patDialog)
	dialog.fill("Token name", name)
	dialog.choose("Workspace", workspace)
	return dialog
}

func TestPersonalToken_IsGeneratedCopiedAndDeleted(t *testing.T) {
	t.Parallel()
	p := newPage(t, start(t, "demo"))
	signIn(t, p, editorEmail, demoPassword)
	p.open(profilePage)
	p.seesText("Personal access tokens are for development and testing")
	p.seesText("Ask an Admin of Acme for one.")
	axe(t, p)
	p.click("link", "Generate new token")
	dialog := fillPAT(p, "smoke-test", "Staging")
	if got := p.path(); got != profilePage {
		t.Errorf("the dialog was opened with a reload, at %s", got)
	}
	dialog.seesText("Read-Only: view 13 resources; see live events of Event Stream Sources.")
	dialog.choose("Scope", "Read-Write")
	dialog.seesText("edit everything; connect everything")
	dialog.lacksText("Read-Only: view")
	dialog.choose("Expiration", "90 days")
	dialog.seesText("Expires")
	axe(t, p)
	screenshot(t, p, "personal-token-new")
	dialog.click("button", "Generate")

	secret := revealed(t, p, "lkpat_")
	p.seesText("Make sure to copy this token now. You won't be able to see it again.")
	p.seesText(`curl -H "Authorization: Bearer ` + secret + `" ` + p.server.URL + "/v2/token")
	p.click("button", "Copy")
	p.sees("button", "Copied")
	if got := p.clipboard(); got != secret {
		t.Errorf("the clipboard holds %q", got)
	}
	axe(t, p)
	screenshot(t, p, "personal-token-reveal")
	p.click("link", "Close")
	p.reaches(profilePage)
	p.row("smoke-test").seesText("Read-Write")
	p.row("smoke-test").seesText("lkpat_…" + secret[len(secret)-4:])
	p.row("smoke-test").seesText("Never")
	nowhere(t, p, secret, profilePage, newPATPage, "/")
	p.open(profilePage)
	screenshot(t, p, "personal-tokens")

	p.click("link", "Delete smoke-test")
	alert := p.within("alertdialog", "Delete token smoke-test?")
	alert.seesText("Never used.")
	axe(t, p)
	screenshot(t, p, "personal-token-delete")
	alert.click("button", "Yes, delete")
	p.within("status", "").seesText("Token smoke-test was deleted.")
	if n := tokenRows(t, p, "smoke-test"); n != 0 {
		t.Errorf("%d rows after the deletion", n)
	}
	axe(t, p)
}

func TestPersonalToken_EveryErrorStandsBesideItsField(t *testing.T) {
	t.Parallel()
	p := newPage(t, start(t, "demo"))
	signIn(t, p, editorEmail, demoPassword)
	p.open(newPATPage)
	dialog := p.within("dialog", patDialog)
	dialog.choose("Expiration", "Until a date")
	dialog.click("button", "Generate")
	summary := p.within("alert", "")
	summary.seesText("There is a problem")
	if focus := p.focused(); !strings.Contains(focus, "alert") {
		t.Errorf("focus is on %s, not on the summary", focus)
	}
	for label, message := range map[string]string{"Token name": "Enter a name.", "Workspace": "Choose a workspace.",
		"Date": "Enter a date as year-month-day, for example 2031-12-31."} {
		described(t, dialog, label, message)
		summary.click("link", message)
		if got := dialog.field(label); !focusedOn(t, got) {
			t.Errorf("the link %q does not lead to %s", message, label)
		}
	}
	axe(t, p)
	screenshot(t, p, "personal-token-errors")

	fillPAT(p, strings.Repeat("x", 65), "Staging").click("button", "Generate")
	described(t, dialog, "Token name", "Use at most 64 characters.")
	if got := dialog.value("Token name"); len(got) != 65 {
		t.Errorf("what was typed is gone: %q", got)
	}
	dialog.fill("Token name", "CI-Probe")
	dialog.choose("Expiration", "No expiration")
	dialog.click("button", "Generate")
	described(t, dialog, "Token name", "A token with this name already exists. Choose another name.")
	dialog.fill("Token name", "ci-probe-2")
	dialog.click("button", "Generate")
	revealed(t, p, "lkpat_")
	p.seesText("Never expires.")
}

// described checks that a field is marked wrong and that the message is part of its description.
func described(t *testing.T, s scope, label, message string) {
	t.Helper()
	text, err := s.field(label).Evaluate(`e => e.getAttribute("aria-invalid") + ": " + (e.getAttribute("aria-describedby") ?? "")
		.split(" ").filter(Boolean).map(id => document.getElementById(id).textContent.trim()).join(" | ")`, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := text.(string); !strings.HasPrefix(got, "true: ") || !strings.Contains(got, message) {
		t.Errorf("%s is described by %q, not by %q", label, text, message)
	}
}

func focusedOn(t *testing.T, l playwright.Locator) bool {
	t.Helper()
	here, err := l.Evaluate("e => e === document.activeElement", nil)
	if err != nil {
		t.Fatal(err)
	}
	return here == true
}

func TestPersonalToken_BackAndReloadShowNoSecret(t *testing.T) {
	t.Parallel()
	p := newPage(t, start(t, "demo"))
	signIn(t, p, viewerEmail, demoPassword)
	p.open(newPATPage)
	if got := p.within("dialog", patDialog).value("Workspace"); got == "" {
		t.Error("the only workspace is not preselected")
	}
	fillPAT(p, "smoke-test", "Production").click("button", "Generate")
	secret := revealed(t, p, "lkpat_")
	if got := p.path(); got != profilePage {
		t.Errorf("the address of the reveal is %s", got)
	}
	steps := []struct {
		name string
		do   func() error
	}{
		{"reload", func() error { _, err := p.Reload(); return err }},
		{"back", func() error { _, err := p.GoBack(); return err }},
		{"forward", func() error { _, err := p.GoForward(); return err }},
		{"another tab", func() error { p.newTab().open(profilePage); return nil }},
	}
	for _, step := range steps {
		if err := step.do(); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if strings.Contains(p.html(), secret) ||
			strings.Contains(p.eval(`() => [...document.querySelectorAll("input")].map(i => i.value).join()`).(string), secret) {
			t.Errorf("%s shows the secret", step.name)
		}
	}
	p.open(profilePage)
	if n := tokenRows(t, p, "smoke-test"); n != 1 {
		t.Errorf("%d tokens, want one", n)
	}
}

func TestPersonalToken_DoubleSubmitMakesOne(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string][]pageOption{"with script": nil, "without script": {noScript}} {
		t.Run(name, func(t *testing.T) {
			p := newPage(t, start(t, "demo"), opts...)
			signIn(t, p, viewerEmail, demoPassword)
			p.open(newPATPage)
			dialog := fillPAT(p, "smoke-test", "Production")
			if err := dialog.find("button", "Generate").Dblclick(); err != nil {
				t.Fatal(err)
			}
			p.reaches("/settings/profile" + map[bool]string{true: "", false: "/personal-access-tokens"}[opts == nil])
			// The second click may still be on its way: what it leads to would come in between.
			if err := p.WaitForLoadState(playwright.PageWaitForLoadStateOptions{State: playwright.LoadStateNetworkidle}); err != nil {
				t.Fatal(err)
			}
			p.open(profilePage)
			if n := tokenRows(t, p, "smoke-test"); n != 1 {
				t.Errorf("%d tokens, want one", n)
			}
		})
	}
}

func TestPersonalToken_WholeJourneyWithoutScript(t *testing.T) {
	t.Parallel()
	p := newPage(t, start(t, "demo"), noScript)
	signIn(t, p, editorEmail, demoPassword)
	p.open(profilePage)
	p.click("link", "Generate new token")
	p.reaches(newPATPage)
	dialog := p.within("dialog", patDialog)
	for _, text := range []string{"Production", "Staging", "Read-Only: view 13 resources.", "Read-Write: view 13 resources; edit everything"} {
		dialog.seesText(text)
	}
	axe(t, p)
	dialog.click("button", "Generate")
	p.within("alert", "").seesText("Enter a name.")
	axe(t, p)
	fillPAT(p, "smoke-test", "Staging").click("button", "Generate")
	secret := revealed(t, p, "lkpat_")
	p.lacks("button", "Copy")
	axe(t, p)
	screenshot(t, p, "personal-token-reveal-without-script")
	if _, err := p.Reload(); err != nil { // sends the form again
		t.Fatal(err)
	}
	p.seesText("This form was already sent")
	if strings.Contains(p.html(), secret) {
		t.Error("sending the form again shows the secret")
	}
	axe(t, p)
	p.click("link", "See your tokens")
	p.reaches(profilePage)
	p.click("link", "Delete smoke-test")
	p.click("button", "Yes, delete")
	p.reaches(profilePage)
	p.seesText("Token smoke-test was deleted.")
	if n := tokenRows(t, p, "smoke-test"); n != 0 {
		t.Errorf("%d rows after the deletion", n)
	}
}

func TestPersonalToken_WholeJourneyWithTheKeyboard(t *testing.T) {
	t.Parallel()
	p := newPage(t, start(t, "demo"))
	signIn(t, p, viewerEmail, demoPassword)
	p.open(profilePage)
	p.tabTo("link", "Generate new token")
	p.press("Enter")
	p.sees("dialog", patDialog)
	if focus := p.focused(); !strings.Contains(focus, "Token name") {
		t.Errorf("the dialog opens with the focus on %s", focus)
	}
	p.press("Escape")
	p.lacks("dialog", patDialog)
	if focus := p.focused(); !strings.Contains(focus, "Generate new token") {
		t.Errorf("after Esc the focus is on %s", focus)
	}
	p.press("Enter")
	p.sees("dialog", patDialog)
	typed(p, "Token name", "smoke-test")
	p.tabTo("button", "Generate")
	p.press("Enter")
	secret := revealed(t, p, "lkpat_")
	p.tabTo("link", "Close")
	p.press("Enter")
	p.lacksText(secret)
	p.tabTo("link", "Delete smoke-test")
	p.press("Enter")
	p.sees("alertdialog", "Delete token smoke-test?")
	p.tabTo("button", "Yes, delete")
	p.press("Enter")
	p.seesText("Token smoke-test was deleted.")
}

func TestPersonalToken_OnAPhoneInTheDark(t *testing.T) {
	t.Parallel()
	p := newPage(t, start(t, "demo"), mobile, dark)
	signIn(t, p, adminEmail, demoPassword)
	p.open(profilePage)
	fits(t, p)
	axe(t, p)
	screenshot(t, p, "personal-tokens-phone")
	p.row("legacy-admin-script").seesText("Admin (deprecated)")
	p.click("link", "Generate new token")
	dialog := fillPAT(p, "smoke-test", "Production")
	fits(t, p)
	axe(t, p)
	dialog.click("button", "Generate")
	revealed(t, p, "lkpat_")
	fits(t, p)
	axe(t, p)
	screenshot(t, p, "personal-token-reveal-phone")
	p.click("link", "Close")
	p.click("link", "Delete smoke-test")
	p.sees("button", "Yes, delete")
	fits(t, p)
	axe(t, p)
}

// fits checks that nothing makes the page wider than its window. On a phone the window
// grows with such a page, but the screen does not.
func fits(t *testing.T, p *page) {
	t.Helper()
	if wide := p.eval("() => document.documentElement.scrollWidth - Math.min(innerWidth, screen.width)").(int); wide > 0 {
		t.Errorf("%s is %d pixels too wide", p.path(), wide)
	}
}

func TestPersonalToken_OfSomebodyElseIsNotFound(t *testing.T) {
	t.Parallel()
	s := start(t, "demo")
	theirs := newPage(t, s)
	signIn(t, theirs, editorEmail, demoPassword)
	theirs.open(profilePage)
	href, err := theirs.find("link", "Delete ci-probe").GetAttribute("href")
	if err != nil {
		t.Fatal(err)
	}
	for _, email := range []string{viewerEmail, adminEmail} {
		p := newPage(t, s)
		signIn(t, p, email, demoPassword)
		if status := p.open(href); status != http.StatusNotFound {
			t.Errorf("%s asks for it: %d", email, status)
		}
		if status := post(t, p, href, nil); status != http.StatusNotFound {
			t.Errorf("%s deletes it: %d", email, status)
		}
	}
	theirs.open(profilePage)
	if n := tokenRows(t, theirs, "ci-probe"); n != 1 {
		t.Error("the token is gone")
	}
}

// post sends a form past the page, with its cookies, and returns the status.
func post(t *testing.T, p *page, path string, form map[string]any) int {
	t.Helper()
	answer, err := p.Context().Request().Post(p.server.URL+path, playwright.APIRequestContextPostOptions{Form: form,
		MaxRedirects: playwright.Int(0)})
	if err != nil {
		t.Fatalf("post %s: %v", path, err)
	}
	return answer.Status()
}
