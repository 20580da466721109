package e2e

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
)

// phone is the name of an authenticator app, as long as names may be.
var phone = strings.Repeat("W", 64)

var recoveryCodePattern = regexp.MustCompile(`[a-z2-9]{4}(?:-[a-z2-9]{4}){5}`)

// TestSecondFactor_FromSetUpToReset sets up an authenticator app, signs in with its code and with a recovery
// code, and has an Admin reset it, with and without script.
func TestSecondFactor_FromSetUpToReset(t *testing.T) {
	t.Parallel()
	s := start(t, "demo")
	for email, opts := range map[string][]pageOption{viewerEmail: {mobile, dark}, editorEmail: {noScript}} {
		p := newPage(t, s, opts...)
		secret, codes := setUpApp(t, p, email)
		p.seesText("10 codes are left.")
		looksRight(t, p, "security")

		q := newPage(t, s, opts...)
		q.open("/settings/security")
		half(q, email)
		looksRight(t, q, "confirm")
		q.fill("Code", "000000")
		q.click("button", "Confirm")
		q.seesText("Incorrect code.")
		looksRight(t, q, "confirm-wrong")
		code, err := totp.GenerateCode(secret, time.Now().Add(30*time.Second)) // the step of now was used to set it up
		if err != nil {
			t.Fatal(err)
		}
		q.fill("Code", code)
		q.click("button", "Confirm")
		q.reaches("/settings/security")

		r := newPage(t, s, opts...)
		r.open("/sign-in")
		half(r, email)
		r.click("link", "Use a recovery code")
		looksRight(t, r, "confirm-recovery")
		r.fill("Recovery code", strings.ToUpper(codes[3]))
		r.click("button", "Confirm")
		r.open("/settings/security")
		r.seesText("9 codes are left.")
		r.click("link", "New recovery codes")
		r.fill("Your password", demoPassword)
		r.click("button", "Generate")
		r.seesText("You won't be able to see them again.")
		if fresh := recoveryCodePattern.FindAllString(r.html(), -1); len(fresh) != 10 || fresh[0] == codes[0] {
			t.Errorf("new codes %q", fresh)
		}
		r.open("/settings/security")
		r.row(phone).click("link", "Remove "+phone)
		r.seesText("Remove " + phone + "?")
		looksRight(t, r, "factor-remove")
	}
	a := admin(t, s)
	a.open("/settings/access-management/users")
	a.click("link", "Vera Viewer")
	a.click("link", "Reset second factor")
	looksRight(t, a, "factor-reset")
	a.click("button", "Reset second factor")
	a.seesText("The second factor was reset.")
	p := newPage(t, s)
	signIn(t, p, viewerEmail, demoPassword)
}

// setUpApp signs a member in and sets up an authenticator app.
func setUpApp(t *testing.T, p *page, email string) (secret string, codes []string) {
	t.Helper()
	signIn(t, p, email, demoPassword)
	p.open("/settings/profile")
	p.click("link", "Security")
	p.reaches("/settings/security")
	looksRight(t, p, "security-empty")
	return enrol(t, p)
}

// enrol sets up an authenticator app, from the page "Security".
func enrol(t *testing.T, p *page) (secret string, codes []string) {
	t.Helper()
	p.click("link", "Set up authenticator app")
	p.fill("Name", phone)
	p.fill("Your password", demoPassword)
	looksRight(t, p, "factor-new")
	p.click("button", "Continue")
	p.seesText("Scan the QR code")
	looksRight(t, p, "factor-qr")
	found := regexp.MustCompile(`id="set-up-key"[^>]*>([A-Z2-7 ]+)<`).FindStringSubmatch(p.html())
	if found == nil {
		t.Fatal("no key is shown")
	}
	secret = strings.ReplaceAll(found[1], " ", "")
	p.fill("Code", "000000")
	p.click("button", "Confirm")
	p.seesText("Incorrect code.")
	code, err := totp.GenerateCode(secret, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	p.fill("Code", code)
	p.click("button", "Confirm")
	p.seesText("Save these codes now.")
	looksRight(t, p, "recovery-codes")
	if codes = recoveryCodePattern.FindAllString(p.html(), -1); len(codes) != 10 {
		t.Fatalf("recovery codes %q", codes)
	}
	p.click("link", "I have saved them")
	p.reaches("/settings/security")
	return secret, codes
}

// half enters the email and the password.
func half(p *page, email string) {
	p.fill("Email", email)
	p.fill("Password", demoPassword)
	p.click("button", "Sign in")
	p.sees("heading", "Confirm it's you")
}

// looksRight takes a picture of a page and checks it for accessibility and at every width.
func looksRight(t *testing.T, p *page, name string) {
	t.Helper()
	if p.noScript {
		return
	}
	screenshot(t, p, name)
	axe(t, p)
	fitsEverywhere(t, p, name)
	if err := p.SetViewportSize(360, 740); err != nil {
		t.Fatal(err)
	}
}
