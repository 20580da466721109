package e2e

import (
	"encoding/csv"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/playwright-community/playwright-go"
)

const (
	auditPage    = "/settings/audit-logs"
	identifyPage = auditPage + "/identify-token"
)

// variants are the ways in which a page must work alike.
func variants() map[string][]pageOption {
	return map[string][]pageOption{"wide": nil, "dark": {dark}, "phone": {mobile}, "without-script": {noScript, mobile, dark}}
}

func TestAuditLogs_AreReadableEverywhere(t *testing.T) {
	t.Parallel()
	s := start(t, "demo")
	for name, opts := range variants() {
		t.Run(name, func(t *testing.T) {
			p := admin(t, s, opts...)
			p.open(auditPage)
			p.sees("heading", "Audit Logs")
			p.within("table", "Events").seesText("Ada Admin added Vera Viewer to the organization")
			openEvent(t, p, "Added to organization Vera Viewer", func() {
				p.within("table", "Events").seesText("admin@acme.example")
				axe(t, p)
				screenshot(t, p, "audit-logs-"+name)
			})
			dialog := p.within("dialog", "Added to organization")
			dialog.seesText("Ada Admin added Vera Viewer to the organization.")
			dialog.seesText("In the chain")
			if at, err := p.Evaluate(`document.activeElement.tagName`); name != "without-script" && (err != nil || at != "H2") {
				t.Errorf("the focus is on %v, %v: what is to be read may have scrolled away", at, err)
			}
			axe(t, p)
			screenshot(t, p, "audit-event-"+name)
			dialog.click("link", "Close")
			p.open(auditPage + "?q=nobody")
			p.seesText("No event matches this filter.")
			axe(t, p)
			p.open(identifyPage)
			axe(t, p)
			screenshot(t, p, "identify-token-"+name)
		})
	}
}

// openEvent opens the details of an event in the list, calls look, and follows the link to the whole event.
func openEvent(t *testing.T, p *page, what string, look func()) {
	t.Helper()
	if err := p.Page.Locator("#audit summary", playwright.PageLocatorOptions{HasText: "Details " + what}).First().Click(); err != nil {
		t.Fatal(err)
	}
	look()
	p.click("link", "Full event "+what)
}

func TestAuditLogs_TellWhoGaveAndTookWhat(t *testing.T) {
	t.Parallel()
	s := start(t, "demo")
	p := admin(t, s)
	p.open(baselinesPage)
	p.row("Production").click("link", "Production")
	p.check("Edit Destinations")
	p.click("button", "Save")
	p.open(auditPage)
	p.choose("Action", "Policy: updated")
	p.click("button", "Filter")
	p.click("link", "24 h")
	filtered := p.server.URL + auditPage + "?action=policy.updated&last=24h"
	p.arrives(filtered, func(address string) bool { return address == filtered })
	p.within("table", "Events").seesText("Ada Admin changed Production's baseline: gained Edit Destinations")
	screenshot(t, p, "audit-policy-sentence")
	openEvent(t, p, "Updated Production", func() {})
	dialog := p.within("dialog", "Updated")
	dialog.seesText("Gained")
	dialog.seesText("Edit Destinations")
	dialog.lacksText("Lost")
	axe(t, p)
	screenshot(t, p, "audit-policy-change")
	dialog.click("link", "Everything that Ada Admin did")
	p.seesText("Only what Ada Admin did")
	p.click("link", "Show all events")
	p.reaches(auditPage)
	p.row("changed Production's baseline").click("link", "Production")
	p.sees("checkbox", "Edit Destinations")
}

func TestAuditLogs_TheChartFiltersByDay(t *testing.T) {
	t.Parallel()
	p := admin(t, start(t, "demo"))
	p.open(auditPage)
	bar := p.Page.Locator(".audit-chart a").Last()
	label, err := bar.GetAttribute("aria-label")
	if err != nil || !strings.Contains(label, "event") {
		t.Fatalf("a bar says %q, %v", label, err)
	}
	if err := bar.Focus(); err != nil {
		t.Fatal(err)
	}
	p.press("Enter")
	p.arrives("the day of the bar", func(address string) bool { return strings.HasPrefix(address, p.server.URL+auditPage+"?from=") })
	if p.value("From (UTC)") == "" || p.value("From (UTC)") != p.value("To (UTC)") {
		t.Errorf("from %q to %q", p.value("From (UTC)"), p.value("To (UTC)"))
	}
	p.within("table", "Events").seesText("Ada Admin")
	axe(t, p)
}

func TestAuditLogs_PagesLeadBothWays(t *testing.T) {
	t.Parallel()
	server := start(t, "demo")
	vera := newPage(t, server)
	for range 14 { // sign-ins and their ends
		signIn(t, vera, viewerEmail, demoPassword)
		if err := vera.Locator("details.account > summary").Click(); err != nil {
			t.Fatal(err)
		}
		vera.click("button", "Sign out")
		vera.reaches("/sign-in")
	}
	p := admin(t, server)
	p.open(auditPage + "?who=vera")
	p.seesText("1–25 of 28")
	p.click("link", "Next")
	p.seesText("26–28 of 28")
	p.click("link", "Previous")
	p.seesText("1–25 of 28")
}

func TestAuditLogs_ExportWhatIsFiltered(t *testing.T) {
	t.Parallel()
	p := admin(t, start(t, "demo"))
	p.open(auditPage + "?action=added_to_organization&q=vera")
	if err := p.Locator(`summary[aria-label="Export these events"]`).Click(); err != nil {
		t.Fatal(err)
	}
	axe(t, p)
	download, err := p.ExpectDownload(func() error { return p.find("link", "CSV, for spreadsheets").Click() })
	if err != nil {
		t.Fatal(err)
	}
	file, err := download.Path()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	table, marked := strings.CutPrefix(string(text), "\ufeff") // Excel reads é as Ã© without it
	if !marked {
		t.Error("the file does not begin with a byte order mark")
	}
	records, err := csv.NewReader(strings.NewReader(table)).ReadAll()
	if err != nil || len(records) != 2 || records[1][2] != "Ada Admin" || records[1][8] != "Vera Viewer" ||
		download.SuggestedFilename() != "audit-logs.csv" {
		t.Errorf("%s: %v, %v", download.SuggestedFilename(), records, err)
	}
}

// TestAuditLogs_AreVerifiedBesideTheServerAndAfterwards runs the same binary's commands on the
// database of a running server, and on the exported file alone.
func TestAuditLogs_AreVerifiedBesideTheServerAndAfterwards(t *testing.T) {
	t.Parallel()
	server := start(t, "demo")
	admin(t, server)
	binary, err := shared.binary()
	if err != nil {
		t.Fatal(err)
	}
	latchkey := func(args ...string) string {
		t.Helper()
		out, err := exec.Command(binary, args...).CombinedOutput()
		if err != nil {
			t.Errorf("latchkey %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	file := filepath.Join(t.TempDir(), "audit.jsonl")
	exported := latchkey("audit", "export", "--data", server.Data, file)
	admin(t, server) // one more event
	_, head, _ := strings.Cut(exported, "Head: ")
	head, _, _ = strings.Cut(head, "\n")
	for _, args := range [][]string{{"--data", server.Data}, {"--data", server.Data, "--index", "--against", file},
		{"--data", server.Data, "--head", head}, {file}, {file, "--head", head}} {
		if out := latchkey(append([]string{"audit", "verify"}, args...)...); !strings.Contains(out, "The chain holds: ") {
			t.Errorf("%v: %s", args, out)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(string(text), "Vera Viewer", "Vera Admin", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(binary, "audit", "verify", file).CombinedOutput(); err == nil ||
		!strings.Contains(string(out), "is not what was written") {
		t.Errorf("an edited file: %v\n%s", err, out)
	}
}

func TestIdentifyToken_KnowsTheTokenAndKeepsNothing(t *testing.T) {
	t.Parallel()
	server := start(t, "demo")
	p := admin(t, server)
	p.open("/settings/access-management/service-access-tokens/organization/new")
	p.fill("Token name", "found-in-a-log")
	p.click("button", "Generate")
	secret := p.value("Token")
	p.open(identifyPage)
	p.fill("Token or its SHA-256 digest", "  "+secret+"\n")
	p.click("button", "Identify")
	p.seesText("This token still works")
	p.sees("heading", "found-in-a-log")
	p.within("region", "Audit trail").seesText("created the service access token found-in-a-log")
	if strings.Contains(p.html(), secret) || strings.Contains(p.path(), "lkoat_") || p.value("Token or its SHA-256 digest") != "" {
		t.Error("the page repeats the secret")
	}
	axe(t, p)
	screenshot(t, p, "identified-token")
	p.click("link", "Delete token")
	p.within("alertdialog", "Delete token found-in-a-log?").click("button", "Yes, delete")
	if status := presented(t, server, secret); status != http.StatusUnauthorized {
		t.Fatalf("the deleted token opens the API: %d", status)
	}
	p.open(identifyPage)
	p.fill("Token or its SHA-256 digest", secret)
	p.click("button", "Identify")
	p.seesText("This token no longer works")
	p.open(auditPage + "?action=used_after_revocation&q=found-in")
	if _, err := p.WaitForFunction(`async () => (await (await fetch(location.href)).text()).includes("Used after expiry or revocation found")
		|| document.body.innerText.includes("found-in-a-log")`,
		nil, playwright.PageWaitForFunctionOptions{Timeout: playwright.Float(5000)}); err != nil {
		t.Errorf("the use after the end is not in the log: %v", err)
	}
	p.open(identifyPage)
	p.fill("Token or its SHA-256 digest", secret[:40])
	p.click("button", "Identify")
	p.seesText("its checksum is invalid")
	if strings.Contains(server.Logs(), secret) {
		t.Error("the secret is in the log")
	}
}

// presented uses a token on the API and returns the status.
func presented(t *testing.T, server *server, secret string) int {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, server.URL+"/v2/token", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+secret)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode
}
