package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"

	"latchkey/internal/token"
)

func TestSearch_FindsWithoutScript(t *testing.T) {
	t.Parallel()
	p := newPage(t, start(t, "demo"), noScript)
	signIn(t, p, editorEmail, demoPassword)
	p.click("button", "Search")
	p.reaches("/search")
	p.fill("Search tokens, people and pages", "profile")
	p.click("button", "Find")
	p.arrives("the results", func(address string) bool { return strings.HasSuffix(address, "/search?q=profile") })
	p.within("main", "").sees("link", "Your Profile Settings")
	axe(t, p)
	p.fill("Search tokens, people and pages", "lkpat_"+strings.Repeat("a1B2c3D", 7))
	p.click("button", "Find")
	p.seesText("This looks like a token")
	if html := p.html(); strings.Contains(html, "a1B2c3D") || strings.Contains(html, "Identify token") {
		t.Error("the page has the secret, or a link that a Member may not open")
	}
	axe(t, p)
	p.open("/help/keyboard-shortcuts")
	p.seesText("Shortcuts need JavaScript")
	axe(t, p)
}

// TestSearch_KeepsWhatIsTypedBeforeTheDialogIsThere types at once, over a slow network.
func TestSearch_KeepsWhatIsTypedBeforeTheDialogIsThere(t *testing.T) {
	t.Parallel()
	p := admin(t, start(t, "demo"))
	p.open("/")
	err := p.Route("**/search", func(r playwright.Route) {
		time.AfterFunc(500*time.Millisecond, func() { _ = r.Continue() })
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"/", "a", "u", "d", "?", "Shift+I", "t"} {
		p.press(key)
	}
	dialog := p.within("dialog", "Search")
	if got := dialog.value("Search tokens, people and pages"); got != "aud?It" {
		t.Errorf("the field has %q", got)
	}
	dialog.seesText("Nothing matches")
}

func TestSearch_ListsResultsWhileOneTypes(t *testing.T) {
	t.Parallel()
	s := start(t, "demo")
	p := admin(t, s)
	var asked []string
	p.OnRequest(func(r playwright.Request) { asked = append(asked, r.URL()) })
	p.open("/settings/profile")
	p.press("/")
	dialog := p.within("dialog", "Search")
	dialog.fill("Search tokens, people and pages", "audit")
	p.sees("option", "Audit Logs Settings")
	axe(t, p)
	p.press("ArrowDown")
	p.press("ArrowUp")
	p.press("ArrowDown")
	if active := p.eval(`() => document.activeElement.getAttribute("aria-activedescendant")`); active != "search-hit-0" &&
		active != "search-hit-1" {
		t.Errorf("active: %v", active)
	}
	screenshot(t, p, "search-dialog")
	asked = nil
	secret := "lksat_" + strings.Repeat("a1B2c3D", 7)
	dialog.fill("Search tokens, people and pages", secret)
	dialog.seesText("This looks like a token")
	dialog.sees("link", "Identify token")
	dialog.click("button", "Find")
	axe(t, p)
	screenshot(t, p, "search-secret")
	for _, address := range asked {
		t.Errorf("asked for %s", address)
	}
	p.press("Escape")
	if focus := p.eval(`() => document.activeElement.textContent.includes("Search")`); focus != true {
		t.Error("the focus did not return to the button")
	}
	p.press("Control+k")
	dialog = p.within("dialog", "Search")
	dialog.fill("Search tokens, people and pages", "audit")
	p.sees("option", "Audit Logs Settings")
	for p.eval(`() => document.querySelector("[role=option][aria-selected=true] bdi")?.textContent`) != "Audit Logs" {
		p.press("ArrowDown")
	}
	p.press("Enter")
	p.reaches("/settings/audit-logs")
	p.sees("heading", "Audit Logs")
	p.open("/settings/personal-access-tokens")
	p.press("?")
	dialog = p.within("dialog", "Keyboard shortcuts")
	axe(t, p)
	screenshot(t, p, "shortcuts")
	dialog.uncheck("Use single-key shortcuts")
	dialog.click("link", "Close")
	p.press("/")
	p.press("?")
	if open := p.eval(`() => !!document.querySelector("dialog:modal")`); open != false {
		t.Error("a single key opens a dialog although it is switched off")
	}
	p.press("Control+k")
	p.within("dialog", "Search").seesText("Search tokens, people and pages")
}

// TestSearch_KnowsSecretsAsTheServerDoes compares the rule of the script with token.LooksSecret.
func TestSearch_KnowsSecretsAsTheServerDoes(t *testing.T) {
	t.Parallel()
	p := admin(t, start(t, "demo"))
	p.open("/help")
	for _, text := range secretTexts() {
		got, err := p.Evaluate(`async (text) => (await import(document.querySelector("script[type=module]").src.replace(/app\.js.*$/, "search.js"))).looksSecret(text)`, text)
		if err != nil || got != token.LooksSecret(text) {
			t.Errorf("%+q: %v in the script, %v at the server, %v", text, got, token.LooksSecret(text), err)
		}
	}
}

func secretTexts() []string {
	body := "0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1wX2yZ3aB4cD5eF6"
	return []string{"lkpat_" + body, "Bearer lksat_" + body, "lkoat_" + body[:20], "lkoat_" + body[:7],
		"lkpat_" + body[:5] + "\u200b" + body[5:],
		"lkpat_" + body[:5] + " " + body[5:], "lkpat_" + body[:5] + "\u00ad" + body[5:], "\ufefflkpat_" + body, body, body[:43], body[:39],
		body[:20] + "-" + body[20:42], "lkacs_x", "whsec_x", "", "lkpat_…abcd", "ci-probe", "2abCDefGHijKLmnOPqrSTuvWXyz",
		strings.Repeat("W", 64),
		strings.Repeat("شركة", 16), "Production baseline policy of the Shop in Europe 2"}
}
