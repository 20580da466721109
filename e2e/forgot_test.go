package e2e

import (
	"strings"
	"testing"
	"time"

	"latchkey/internal/mail/mailtest"
)

// TestForgot_AnswersEveryAddressAlike asks for a link to set a new password. The mail server is never
// reached: what it gets is tested in package web.
func TestForgot_AnswersEveryAddressAlike(t *testing.T) {
	t.Parallel()
	address := freeAddress(t)
	s := start(t, "demo", "--addr", address, "--public-url", "http://"+address, "--smtp-url", "smtp://127.0.0.1:1/?from=latchkey@acme.example")
	for _, opts := range [][]pageOption{{mobile, dark}, {noScript}} {
		p := newPage(t, s, opts...)
		for _, email := range []string{viewerEmail, "nobody@acme.example"} {
			p.open("/sign-in")
			p.click("link", "Forgot password?")
			p.sees("heading", "Forgot password?")
			if !p.noScript {
				fitsEverywhere(t, p, "/forgot-password")
				axe(t, p)
			}
			p.fill("Email", email)
			p.click("button", "Send link")
			p.seesText("If the address belongs to a member, we have sent a link to it.")
			p.lacksText(email)
		}
		p.click("link", "Back to sign-in")
		p.reaches("/sign-in")
	}
}

// TestForgot_IsNotOfferedWithoutMail opens the page of a server that cannot send mail.
func TestForgot_IsNotOfferedWithoutMail(t *testing.T) {
	t.Parallel()
	p := newPage(t, start(t, "demo"))
	p.open("/sign-in")
	p.lacksText("Forgot password?")
	if status := p.open("/forgot-password"); status != 404 {
		t.Errorf("status %d", status)
	}
}

// TestForgot_TheMailLeadsToANewPassword follows the link of the mail, with and without script, and reads the mail
// that says so afterwards.
func TestForgot_TheMailLeadsToANewPassword(t *testing.T) {
	t.Parallel()
	address, mails := freeAddress(t), mailtest.New(t)
	next := func() string {
		t.Helper()
		select {
		case heard := <-mails.Heard:
			return mailtest.Plain(heard)
		case <-time.After(20 * time.Second):
			t.Fatal("no mail came")
			return ""
		}
	}
	s := start(t, "demo", "--addr", address, "--public-url", "http://"+address, "--smtp-url", mails.URL("latchkey@acme.example"))
	for email, opts := range map[string][]pageOption{viewerEmail: {mobile}, editorEmail: {noScript}} {
		p := newPage(t, s, opts...)
		p.open("/sign-in")
		p.click("link", "Forgot password?")
		p.fill("Email", email)
		p.click("button", "Send link")
		link := resetLink.FindString(next())
		p.open(link)
		if p.noScript {
			p.fill("Reset link", s.URL+link)
			p.click("button", "Continue")
		}
		p.fill("New password", newPass)
		p.click("button", "Set password")
		p.reaches("/")
		if mail := next(); !strings.Contains(mail, "reset link") || !strings.Contains(mail, email) || strings.Contains(mail, address) {
			t.Errorf("%s", mail)
		}
	}
	p := admin(t, s)
	p.open("/settings/access-management/sign-in")
	p.uncheck("Somebody signed in from a new device")
	axe(t, p)
	fits(t, p)
	screenshot(t, p, "sign-in-settings")
	p.click("button", "Save")
	p.seesText("The emails to members were saved.")
	if p.isChecked("Somebody signed in from a new device") || !p.isChecked("A reset link was used") {
		t.Error("another choice is shown than was saved")
	}
}
