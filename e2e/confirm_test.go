package e2e

import (
	"database/sql"
	"errors"
	"path/filepath"
	"testing"
)

const signInPage = "/settings/access-management/sign-in"

// age makes every session look as if its member had proven 16 minutes ago who they are.
func age(t *testing.T, s *server) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(s.Data, "latchkey.db")+"?_txlock=immediate&_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.Exec("UPDATE sessions SET proven_at = proven_at - 16 * 60 * 1000")
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}

// byRecoveryCode signs in with a password and a recovery code.
func byRecoveryCode(p *page, email, code string) {
	p.t.Helper()
	p.open("/sign-in")
	half(p, email)
	p.click("link", "Use a recovery code")
	p.fill("Recovery code", code)
	p.click("button", "Confirm")
	p.reaches("/")
}

// generates fills in the form of a service token, which is too late to be sent without a proof.
func generates(t *testing.T, p *page, name string) {
	t.Helper()
	p.open(satOrg)
	p.click("link", "Generate new token")
	age(t, p.server)
	dialog := p.within("dialog", "New Organization Service Access Token")
	dialog.fill("Token name", name)
	dialog.choose("Expiration", "1 year")
	dialog.click("button", "Generate")
	p.sees("heading", "Confirm it's you")
	p.seesText("What you have filled in is kept for 15 minutes.")
}

// generated wants the token to be made as it was filled in, once.
func generated(t *testing.T, p *page, name string) {
	t.Helper()
	revealed(t, p, "lkoat_")
	p.click("link", "Close")
	p.reaches(satOrg)
	p.row(name).seesText("in 1 year")
	if n := tokenRows(t, p, name); n != 1 {
		t.Errorf("%d tokens %s", n, name)
	}
}

// TestConfirm_TheFilledFormSurvivesTheQuestion generates a service token in a session that was proven long ago, with and
// without script.
func TestConfirm_TheFilledFormSurvivesTheQuestion(t *testing.T) {
	t.Parallel()
	s := start(t, "demo")
	first := newPage(t, s, noScript)
	_, codes := setUpApp(t, first, adminEmail)
	second := newPage(t, s)
	byRecoveryCode(second, adminEmail, codes[0])
	for _, c := range []struct {
		name string
		*page
	}{{"plain", first}, {"scripted", second}} {
		name, p := c.name, c.page
		generates(t, p, name)
		looksRight(t, p, "confirm-act-"+name)
		p.fill("Your password", "not the password")
		p.fill("Code", codes[1])
		p.click("button", "Confirm")
		p.seesText("Incorrect password.")
		if got := p.value("Your password"); got != "" {
			t.Errorf("the page repeats the password: %q", got)
		}
		p.fill("Your password", demoPassword)
		p.fill("Code", "000000")
		p.click("button", "Confirm")
		p.seesText("Incorrect code.")
		p.fill("Your password", demoPassword)
		p.fill("Code", codes[1])
		p.click("button", "Confirm")
		generated(t, p, name)
		codes = codes[1:]
	}
}

// vouches is an identity provider with accounts and a form for signing in.
type vouches interface {
	account(name, email string, groups ...string)
	login(p *page, name string)
}

// provesAgain signs the Admin in with a provider, which is asked again about a service token: it knows them still, and must
// all the same show its form. wrong signs in there first, if that is not empty.
func provesAgain(t *testing.T, s *server, idp vouches, name, wrong string) {
	t.Helper()
	idp.account("ada", adminEmail)
	idp.account("eve", "eve@acme.example")
	p := foreign(newPage(t, s))
	p.tolerate("403")
	p.open("/sign-in")
	p.click("link", "Continue with "+name)
	idp.login(p, "ada")
	p.reaches("/")
	generates(t, p, "vouched")
	axe(t, p)
	screenshot(t, p, "confirm-act-provider")
	if wrong != "" {
		p.click("link", "Continue with "+name)
		idp.login(p, wrong)
		p.seesText("You signed in there with another account.")
		axe(t, p)
		screenshot(t, p, "confirm-act-refused")
	}
	p.click("link", "Continue with "+name)
	idp.login(p, "ada")
	p.seesText("You have confirmed that it's you.")
	axe(t, p)
	screenshot(t, p, "confirm-act-continue")
	p.click("button", "Continue")
	generated(t, p, "vouched")
}

func TestConfirm_AsksTheProviderOfOpenIDConnectAgain(t *testing.T) {
	t.Parallel()
	idp := startIdentityProvider(t)
	s := start(t, "demo", "--provider-allow", "127.0.0.0/8,::1")
	ada := foreign(newPage(t, s))
	signIn(t, ada, adminEmail, demoPassword)
	idp.addProvider(ada)
	ada.click("button", "Enable")
	ada.seesText("Acme Login was enabled.")
	provesAgain(t, s, idp, "Acme Login", "") // another account ends the first one's session there, and so here
}

func TestConfirm_AsksTheProviderOfSAMLAgain(t *testing.T) {
	t.Parallel()
	idp := startSAMLProvider(t)
	s := start(t, "demo", "--provider-allow", "127.0.0.0/8,::1")
	ada := foreign(newPage(t, s))
	signIn(t, ada, adminEmail, demoPassword)
	idp.addProvider(ada, "Refuse")
	ada.click("button", "Enable")
	ada.seesText("Acme SAML was enabled.")
	provesAgain(t, s, idp, "Acme SAML", "eve")
}

// TestRequireFactor_OpensEverythingOnceOneIsAdded requires a second factor of everyone from now on.
func TestRequireFactor_OpensEverythingOnceOneIsAdded(t *testing.T) {
	t.Parallel()
	s := start(t, "demo")
	ada := newPage(t, s, noScript)
	setUpApp(t, ada, adminEmail)
	before := newPage(t, s, noScript)
	signIn(t, before, viewerEmail, demoPassword)
	ada.open(signInPage)
	ada.choose("Who needs one", "Everyone")
	ada.click("button", "Save rule")
	ada.seesText("The rule for second factors was saved.")
	before.open(profilePage) // the rule holds for sessions that go on as well
	before.reaches("/settings/security")

	p := newPage(t, s, mobile)
	signIn(t, p, editorEmail, demoPassword)
	for _, path := range []string{"/", profilePage, "/settings/personal-access-tokens"} {
		p.open(path)
		p.reaches("/settings/security")
	}
	p.seesText("Your organization requires a second factor.")
	p.seesText("Until then you can only open this page and sign out.")
	looksRight(t, p, "security-required")
	enrol(t, p)
	p.lacksText("Until then you can only open this page")
	p.open(profilePage)
	p.reaches(profilePage)
	p.open("/")
	p.sees("heading", "Home")
	ada.open(signInPage)
	ada.reaches(signInPage)
}
