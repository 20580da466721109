package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"
)

func TestRotation_SuspendsRotatesWatchesAndEndsTheOldToken(t *testing.T) {
	t.Parallel()
	for name, options := range map[string][]pageOption{"script": nil, "no script, phone": {noScript, mobile}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := start(t, "demo")
			p := newPage(t, srv, options...)
			signIn(t, p, editorEmail, demoPassword)
			p.open(patPage + "/new")
			fillPAT(p, "nightly", "Staging").click("button", "Generate")
			old := revealed(t, p, "lkpat_")
			p.open(patPage)
			at := pageOf(t, p, patPage, "nightly")
			suspendsAndResumes(t, p, old)
			fresh := rotates(t, p, at, old)
			answers(t, srv, old, http.StatusOK)
			waitsForUses(t, p, at, "Nothing has used the old token")
			p.seesText("The new token was not used yet.")
			answers(t, srv, fresh, http.StatusOK)
			waitsForUses(t, p, at, "The new token was not used yet.")
			p.seesText("The old token must be silent for 1 hour")
			p.within("table", "Values of the token").row("Previous").seesText(old[len(old)-4:])
			axe(t, p)
			look(t, p, "watch")
			p.click("link", "End the old token now")
			dialog := p.within("alertdialog", "End the old token of nightly?")
			axe(t, p)
			look(t, p, "end")
			dialog.click("button", "Yes, end it")
			p.reaches(at)
			p.seesText("The old token of nightly no longer works.")
			p.lacksText("Still used by")
			answers(t, srv, old, http.StatusUnauthorized)
			answers(t, srv, fresh, http.StatusOK)
			waitsFor(t, p, at, func(html string) bool { return strings.Contains(html, "was used after its end") })
			axe(t, p)
			look(t, p, "alarm")
			nowhere(t, p, fresh, at, patPage)
		})
	}
}

// suspendsAndResumes suspends the token nightly, whose page is open, and resumes it.
func suspendsAndResumes(t *testing.T, p *page, secret string) {
	t.Helper()
	p.click("link", "Suspend")
	dialog := p.within("dialog", "Suspend nightly")
	axe(t, p)
	look(t, p, "suspend")
	dialog.fill("Reason", "The build server is being replaced.")
	dialog.click("button", "Suspend")
	p.seesText("Token nightly is suspended.")
	p.seesText("The build server is being replaced.")
	answers(t, p.server, secret, http.StatusUnauthorized)
	axe(t, p)
	look(t, p, "suspended")
	p.click("link", "Resume")
	dialog = p.within("alertdialog", "Resume token nightly?")
	dialog.seesText("The build server is being replaced.")
	axe(t, p)
	dialog.click("button", "Yes, resume")
	p.seesText("Token nightly is no longer suspended.")
	answers(t, p.server, secret, http.StatusOK)
}

// rotates rotates the token nightly, once with a mistake, and returns its new secret.
func rotates(t *testing.T, p *page, at, old string) string {
	t.Helper()
	p.tolerate("status of 400")
	p.click("link", "Rotate")
	dialog := p.within("dialog", "Rotate nightly")
	if got := dialog.value("Keep the old token working for"); got != "24h" {
		t.Errorf("overlap %q", got)
	}
	axe(t, p)
	dialog.choose("Keep the old token working for", "Custom")
	dialog.fill("Hours", "721")
	dialog.click("button", "Rotate")
	described(t, dialog, "Hours", `Enter a number of hours, at most 720 (30 days). | 0 to 720 (30 days).`)
	axe(t, p)
	look(t, p, "rotate")
	dialog.choose("Keep the old token working for", "7 days")
	dialog.click("button", "Rotate")
	fresh := revealed(t, p, "lkpat_")
	if fresh == old {
		t.Error("the value is the old one")
	}
	axe(t, p)
	look(t, p, "reveal")
	p.open(at)
	p.seesText("Still used by")
	return fresh
}

// answers fails the test unless the API answers the token with the status.
func answers(t *testing.T, s *server, secret string, want int) {
	t.Helper()
	if got := tokenStatus(t, s, secret); got != want {
		t.Errorf("the API answers the token with %d, not %d", got, want)
	}
}

// waitsForUses waits until the page at the path, which notes uses within half a minute, does not have the text any more.
func waitsForUses(t *testing.T, p *page, at, text string) {
	t.Helper()
	waitsFor(t, p, at, func(html string) bool { return !strings.Contains(html, text) })
}

// waitsFor waits for the page to refresh itself, or opens it again and again where it has no script.
func waitsFor(t *testing.T, p *page, at string, ready func(html string) bool) {
	t.Helper()
	// The alarm is not part of what is refreshed once one value is left.
	reload := p.noScript || !strings.Contains(p.html(), "data-poll=")
	for deadline := time.Now().Add(time.Minute); !ready(p.html()); time.Sleep(time.Second) {
		if time.Now().After(deadline) {
			t.Fatalf("%s does not show it", at)
		}
		if reload {
			p.open(at)
		}
	}
}

// look takes pictures of the page as it is, on a phone and on a desk and in both themes, if pictures are wanted.
func look(t *testing.T, p *page, name string) {
	t.Helper()
	if os.Getenv("LATCHKEY_SCREENSHOTS") == "" {
		return
	}
	name = "rotation-" + name + map[bool]string{true: "-plain"}[p.noScript]
	before := p.ViewportSize()
	for theme, scheme := range map[string]*playwright.ColorScheme{"light": playwright.ColorSchemeLight, "dark": playwright.ColorSchemeDark} {
		if err := p.EmulateMedia(playwright.PageEmulateMediaOptions{ColorScheme: scheme}); err != nil {
			t.Fatal(err)
		}
		for _, width := range []int{360, 1280} {
			if err := p.SetViewportSize(width, 800); err != nil {
				t.Fatal(err)
			}
			screenshot(t, p, fmt.Sprintf("%s-%s-%d", name, theme, width))
		}
	}
	if err := errors.Join(p.SetViewportSize(before.Width, before.Height),
		p.EmulateMedia(playwright.PageEmulateMediaOptions{ColorScheme: playwright.ColorSchemeLight})); err != nil {
		t.Fatal(err)
	}
}
