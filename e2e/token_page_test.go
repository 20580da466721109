package e2e

import (
	"net/url"
	"os"
	"strings"
	"testing"
	"time"
)

const patPage = "/settings/personal-access-tokens"

// pageOf opens the page of a token from a list.
func pageOf(t *testing.T, p *page, list, name string) string {
	t.Helper()
	p.open(list)
	p.click("link", name)
	p.arrives("the page of "+name, func(address string) bool { return strings.Contains(address, "/tokens/") })
	return p.path()
}

func TestTokenPage_RenamesDescribesDuplicatesAndDeletes(t *testing.T) {
	t.Parallel()
	for name, options := range map[string][]pageOption{"script": nil, "no script": {noScript}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPage(t, start(t, "demo"), options...)
			p.tolerate("status of 400")
			signIn(t, p, editorEmail, demoPassword)
			p.within("navigation", "Main").click("link", "Personal Access Tokens")
			p.reaches(patPage)
			p.click("link", "Generate new token")
			fillPAT(p, "smoke-test", "Staging").click("button", "Generate")
			revealed(t, p, "lkpat_")
			p.open(patPage)
			at := pageOf(t, p, patPage, "smoke-test")

			p.click("link", "Rename")
			dialog := p.within("dialog", "Rename smoke-test")
			dialog.fill("Token name", "ci-probe")
			dialog.click("button", "Save")
			described(t, dialog, "Token name", "A token with this name already exists. Choose another name.")
			dialog.fill("Token name", "nightly")
			dialog.click("button", "Save")
			p.seesText("The token is now named nightly.")
			p.sees("heading", "nightly")

			p.click("link", "Describe")
			dialog = p.within("dialog", "Describe nightly")
			dialog.fill("Description", "Runs at night.\nAsk Eli.")
			dialog.click("button", "Save")
			p.seesText("The description of nightly was saved.")
			p.seesText("Ask Eli.")

			p.click("link", "Duplicate")
			dialog = p.within("dialog", patDialog)
			dialog.seesText("Filled in like nightly")
			if got := dialog.value("Token name"); got != "nightly copy" {
				t.Errorf("name %q", got)
			}
			if got := dialog.value("Description"); got != "Runs at night.\nAsk Eli." {
				t.Errorf("description %q", got)
			}
			dialog.click("button", "Generate")
			revealed(t, p, "lkpat_")
			p.open(patPage)
			p.row("nightly copy").seesText("Staging")

			p.open(at)
			p.click("link", "Delete")
			p.within("alertdialog", "Delete token nightly?").click("button", "Yes, delete")
			p.reaches(patPage)
			p.seesText("Token nightly was deleted.")
		})
	}
}

func TestTokenLinks_OpenFormsFilledIn(t *testing.T) {
	t.Parallel()
	for name, options := range map[string][]pageOption{"script": nil, "no script": {noScript}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPage(t, start(t, "demo"), options...)
			link := satWizard + "?" + url.Values{"name": {"ci-orders"}, "workspace": {"Staging"}, "grant": {"source:edit", "none:such"},
				"expires": {"90d"}, "description": {"For CI"}}.Encode()
			p.open(link) // signing in leads there
			p.fill("Email", adminEmail)
			p.fill("Password", demoPassword)
			p.click("button", "Sign in")
			p.seesText("A link filled in this form")
			p.seesText(`the permission "none:such", which does not exist`)
			for label, want := range map[string]string{"Token name": "ci-orders", "Description": "For CI", "Expiration": "90d"} {
				if got := p.value(label); got != want {
					t.Errorf("%s: %q, want %q", label, got, want)
				}
			}
			axe(t, p)
			p.click("button", "Next")
			p.seesText("Workspace SAT access policy")
			p.seesText("Staging")
			p.click("button", "Generate")
			revealed(t, p, "lksat_")
			p.open(satWork)
			p.row("ci-orders").seesText("For CI")
			pageOf(t, p, satWork, "ci-orders")
			p.seesText("edit Event Stream Sources")
			p.click("link", "Duplicate")
			p.seesText("Filled in like ci-orders")
			if got := p.value("Token name"); got != "ci-orders copy" {
				t.Errorf("name %q", got)
			}
		})
	}
}

// TestTokenPage_LooksRight opens the pages of tokens of each kind, with the longest name and with uses, in both themes.
func TestTokenPage_LooksRight(t *testing.T) {
	t.Parallel()
	s := start(t, "demo")
	for theme, options := range map[string][]pageOption{"light": nil, "dark": {dark}} {
		p := newPage(t, s, options...)
		signIn(t, p, adminEmail, demoPassword)
		long := strings.Repeat("W", 60) + theme[:4]
		personal := secretPattern.FindString(send(t, p, patPage, map[string]any{"name": long, "workspace": ids(t, p, workspacesPage,
			workspacesPage+`/(\w+)/edit`)[0], "scope": "read_write", "expiration": "7d", "submission": "look" + theme,
			"description": strings.Repeat("W", 100) + "\nsecond line"}))
		for i := range 12 {
			makeSource(t, s, personal, "source "+theme+strings.Repeat("x", i))
		}
		for _, shown := range []struct{ name, list, token string }{{"personal", patPage, long}, {"organization", satOrg, ""},
			{"workspace", satWork, ""}} {
			p.open(shown.list)
			if shown.token == "" {
				shown.token = strings.TrimSpace(p.eval(`() => document.querySelector("main table a[href^='/tokens/']").textContent`).(string))
			}
			pageOf(t, p, shown.list, shown.token)
			axe(t, p)
			pictures(t, p, "token-"+shown.name+"-"+theme)
		}
		for name, path := range map[string]string{"pats": patPage, "profile": profilePage} {
			p.open(path)
			axe(t, p)
			pictures(t, p, name+"-"+theme)
		}
		if theme == "light" {
			showsUses(t, p, long)
		}
	}
}

// showsUses waits for the uses of a token to be saved and takes pictures of its page, if pictures are wanted.
func showsUses(t *testing.T, p *page, name string) {
	t.Helper()
	if os.Getenv("LATCHKEY_SCREENSHOTS") == "" {
		return // TestTokenPage_ShowsHowOftenTheTokenIsUsed in package web reads the numbers
	}
	at := pageOf(t, p, patPage, name)
	for deadline := time.Now().Add(time.Minute); strings.Contains(p.html(), "No requests in") && time.Now().Before(deadline); {
		time.Sleep(time.Second)
		p.open(at)
	}
	p.seesText("12 requests in the last 30 days")
	axe(t, p)
	pictures(t, p, "token-used")
}

// pictures takes a picture of the open page at three widths.
func pictures(t *testing.T, p *page, name string) {
	t.Helper()
	for width, label := range map[int]string{360: "-360", 820: "-820", 1280: "-1280"} {
		if err := p.SetViewportSize(width, 800); err != nil {
			t.Fatal(err)
		}
		screenshot(t, p, name+label)
	}
	if err := p.SetViewportSize(1280, 800); err != nil {
		t.Fatal(err)
	}
}
