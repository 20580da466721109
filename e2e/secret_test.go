package e2e

import (
	"testing"
)

// TestSecret_IsNotLostByAKey opens each dialog that shows something once, and leaves it by Esc and by a click outside.
func TestSecret_IsNotLostByAKey(t *testing.T) {
	t.Parallel()
	s := start(t, "demo")
	for _, tt := range []struct {
		name, list string
		opts       []pageOption
		reveal     func(p *page)
	}{
		{"token", profilePage, []pageOption{tablet}, func(p *page) {
			p.open(newPATPage)
			fillPAT(p, "kept", "Production").click("button", "Generate")
		}},
		{"client", clientPage, []pageOption{mobile, dark}, func(p *page) {
			p.open(clientPage + "/new")
			p.fill("Name", "Billing API")
			p.click("button", "Add")
		}},
		{"links", invitationsPage, []pageOption{dark}, func(p *page) {
			p.open(invitationsPage + "/new")
			p.fill("Emails", "one@acme.example\ntwo@acme.example")
			p.check("Production")
			p.click("button", "Invite")
			p.sees("heading", "2 invitation links")
		}},
	} {
		p := admin(t, s, tt.opts...)
		tt.reveal(p)
		const question = "Close without copying?"
		if err := p.Page.Locator("dialog:modal:has([data-secret-once])").WaitFor(); err != nil {
			t.Fatal(err)
		}
		p.press("Escape") // before anything on the page was touched
		ask := p.within("alertdialog", question)
		ask.sees("button", "Keep open")
		if got := p.focused(); got != `- button "Keep open"` {
			t.Errorf("%s: the focus is on %s", tt.name, got)
		}
		axe(t, p)
		screenshot(t, p, "secret-ask-"+tt.name)
		p.press("Enter")
		p.lacks("alertdialog", question)
		outside(t, p)
		ask.sees("link", "Close anyway")
		ask.click("button", "Keep open")
		p.press("Escape", "Escape") // the second one keeps it open
		p.lacks("alertdialog", question)
		copies := p.find("button", "Copy").Or(p.find("button", "Copy link"))
		n, err := copies.Count()
		if err != nil || n == 0 {
			t.Fatalf("%s: %d buttons to copy, %v", tt.name, n, err)
		}
		if err := copies.First().Click(); err != nil {
			t.Fatal(err)
		}
		if tt.name == "links" { // one of two is not enough
			p.press("Escape")
			ask.sees("link", "Close anyway")
			ask.click("button", "Keep open")
			if err := p.find("button", "Copy link").First().Click(); err != nil {
				t.Fatal(err)
			}
		}
		p.press("Escape")
		p.reaches(tt.list)
	}
}

// outside clicks beside the dialog that is open.
func outside(t *testing.T, p *page) {
	t.Helper()
	if err := p.Mouse().Click(4, 4); err != nil {
		t.Fatal(err)
	}
}

func TestSecret_MayBeLeftUncopied(t *testing.T) {
	t.Parallel()
	p := admin(t, start(t, "demo"))
	p.open(newPATPage)
	fillPAT(p, "gone", "Production").click("button", "Generate")
	secret := revealed(t, p, "lkpat_")
	outside(t, p)
	p.within("alertdialog", "Close without copying?").click("link", "Close anyway")
	p.reaches(profilePage)
	nowhere(t, p, secret, profilePage)
}
