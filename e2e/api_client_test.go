package e2e

import (
	"net/http"
	"strings"
	"testing"
)

const clientPage = "/settings/access-management/api-clients"

func TestAPIClient_IsAddedAsksAndIsDeleted(t *testing.T) {
	t.Parallel()
	srv := start(t, "demo")
	p := newPage(t, srv)
	signIn(t, p, adminEmail, demoPassword)
	p.open(accessPage)
	p.within("navigation", "Access management").click("link", "API Clients")
	p.reaches(clientPage)
	p.seesText("No API clients yet")
	axe(t, p)
	screenshot(t, p, "api-clients-empty")
	p.click("link", "Add API client")
	dialog := p.within("dialog", "New API Client")
	dialog.click("button", "Add")
	described(t, dialog, "Name", "Enter a name.")
	axe(t, p)
	dialog.fill("Name", "Billing API")
	dialog.click("button", "Add")
	reveal := p.within("dialog", "Your new API client")
	secret := reveal.value("Secret")
	if !strings.HasPrefix(secret, "lkacs_") {
		t.Fatalf("the secret is %q", secret)
	}
	axe(t, p)
	p.click("link", "Close")
	p.reaches(clientPage)
	nowhere(t, p, secret, clientPage)
	p.row("Billing API").seesText("by Ada Admin")
	axe(t, p)
	screenshot(t, p, "api-clients")
	p.row("Billing API").click("link", "Delete Billing API")
	p.within("alertdialog", "Delete API client Billing API?").click("button", "Yes, delete")
	p.reaches(clientPage)
	p.seesText("API client Billing API was deleted.")
}

func TestForwardAuth_OfTheRealProgram(t *testing.T) {
	t.Parallel()
	srv := start(t, "demo")
	resp, err := http.Get(srv.URL + "/auth/verify")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusUnauthorized || resp.Header.Get("WWW-Authenticate") != `Bearer realm="Latchkey"` {
		t.Errorf("%d %v", resp.StatusCode, resp.Header)
	}
}
