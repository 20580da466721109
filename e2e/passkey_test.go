package e2e

import (
	"net"
	"testing"

	"github.com/playwright-community/playwright-go"
)

// startLocal starts a server whose public address is at localhost: browsers offer passkeys to pages without TLS
// only there.
func startLocal(t *testing.T) *server {
	t.Helper()
	address := freeAddress(t)
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	return start(t, "demo", "--addr", address, "--public-url", "http://localhost:"+port)
}

// authenticator is a virtual authenticator of a page. Its keys can be synced to other devices.
type authenticator struct {
	t   *testing.T
	cdp playwright.CDPSession
	id  any
}

func newAuthenticator(t *testing.T, p *page) authenticator {
	t.Helper()
	cdp, err := p.Context().NewCDPSession(p.Page)
	if err != nil {
		t.Fatal(err)
	}
	a := authenticator{t: t, cdp: cdp}
	a.send("WebAuthn.enable", nil)
	a.id = a.send("WebAuthn.addVirtualAuthenticator", map[string]any{"options": map[string]any{"protocol": "ctap2", "ctap2Version": "ctap2_1",
		"transport": "internal", "hasResidentKey": true, "hasUserVerification": true, "isUserVerified": true,
		"defaultBackupEligibility": true, "defaultBackupState": true}}).(map[string]any)["authenticatorId"]
	return a
}

func (a authenticator) send(method string, params map[string]any) any {
	a.t.Helper()
	if a.id != nil {
		params["authenticatorId"] = a.id
	}
	answer, err := a.cdp.Send(method, params)
	if err != nil {
		a.t.Fatalf("%s: %v", method, err)
	}
	return answer
}

// refuses makes the authenticator fail to recognize its user, or recognize them again.
func (a authenticator) refuses(yes bool) {
	a.t.Helper()
	a.send("WebAuthn.setUserVerified", map[string]any{"isUserVerified": !yes})
}

// TestPasskey_FromItsCreationToItsEnd adds a passkey, signs in with it alone and as second factor, renames and
// removes it.
func TestPasskey_FromItsCreationToItsEnd(t *testing.T) {
	t.Parallel()
	s := startLocal(t)
	p := newPage(t, s, mobile)
	key := newAuthenticator(t, p)
	signIn(t, p, viewerEmail, demoPassword)
	p.open("/settings/security")
	p.click("link", "Add passkey")
	p.fill("Passkey name", phone)
	p.fill("Your password", demoPassword)
	looksRight(t, p, "passkey-new")
	p.click("button", "Continue")
	looksRight(t, p, "passkey-create")
	key.refuses(true)
	p.click("button", "Create passkey")
	p.seesText("You cancelled, or it took too long.")
	looksRight(t, p, "passkey-cancelled")
	key.refuses(false)
	p.click("button", "Create passkey")
	p.seesText("Save these codes now.")
	codes := recoveryCodePattern.FindAllString(p.html(), -1)
	if len(codes) != 10 {
		t.Fatalf("recovery codes %q", codes)
	}
	p.click("link", "I have saved them")
	p.seesText("Passkey, synced or backed up")
	looksRight(t, p, "security-passkey")

	p.click("link", "Add passkey")
	p.fill("Passkey name", "The same again")
	p.fill("Your password", demoPassword)
	p.click("button", "Continue")
	p.click("button", "Create passkey")
	p.seesText("This passkey is registered already.")

	p.signOut()
	looksRight(t, p, "sign-in-passkey")
	p.click("button", "Sign in with a passkey")
	p.reaches("/")
	p.signOut()
	half(p, viewerEmail)
	looksRight(t, p, "confirm-passkey")
	p.click("button", "Use a passkey")
	p.reaches("/")
	p.open("/settings/security")
	p.row(phone).click("link", "Rename "+phone)
	p.fill("Name", "Laptop")
	looksRight(t, p, "factor-rename")
	p.click("button", "Rename")
	p.seesText("The second factor was renamed.")

	without := newPage(t, s, noScript)
	without.open("/sign-in")
	without.seesText("Passkeys need JavaScript, which is off in this browser.")
	half(without, viewerEmail)
	without.seesText("Turn it on, or use a recovery code.")
	without.click("link", "Use a recovery code")
	without.fill("Recovery code", codes[0])
	without.click("button", "Confirm")
	without.open("/settings/security")
	without.row("Laptop").click("link", "Remove Laptop")
	without.fill("Your password", demoPassword)
	without.click("button", "Remove")
	without.seesText("Laptop was removed.")

	p.signOut()
	p.click("button", "Sign in with a passkey")
	p.seesText("This passkey was not accepted.")
	looksRight(t, p, "sign-in-passkey-refused")
	signIn(t, p, viewerEmail, demoPassword)
}

// signOut signs out by the account menu and waits for the sign-in page.
func (p *page) signOut() {
	p.t.Helper()
	p.open("/")
	if err := p.Locator("details.account > summary").Click(); err != nil {
		p.t.Fatal(err)
	}
	p.click("button", "Sign out")
	p.reaches("/sign-in")
}
