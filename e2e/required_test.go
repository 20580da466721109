package e2e

import (
	"net/http"
	"testing"
)

// TestRequireProvider_FromTheTrialToBreakGlass requires single sign-on of the people of a domain, whose provider then fails.
func TestRequireProvider_FromTheTrialToBreakGlass(t *testing.T) {
	t.Parallel()
	const domain, email = "partner.example", "pat@partner.example"
	idp := startIdentityProvider(t)
	data := t.TempDir()
	s := startIn(t, data, "demo", "--provider-allow", "127.0.0.0/8,::1")
	ada := foreign(newPage(t, s))
	signIn(t, ada, adminEmail, demoPassword)
	pat := foreign(joined(t, s, invited(t, ada, email), "Pat Partner"))
	at := idp.addProvider(ada)
	ada.click("button", "Enable")
	ada.click("link", "Edit")
	ada.fill("Email domains optional", domain)
	ada.click("button", "Save")

	// Neither without a trial, nor without an Admin who can still get in.
	ada.seesText("Not required. Try the provider first")
	idp.account("pat", email)
	ada.click("link", "Try it")
	idp.login(ada, "pat")
	ada.seesText("All checks passed.")
	ada.open(at)
	ada.seesText("At least one active Admin outside of the domain needs a password and a second factor")
	ada.open("/settings/security")
	_, codes := enrol(t, ada)
	ada.open(at)
	ada.click("link", "Require "+domain)
	dialog := ada.within("alertdialog", "Require single sign-on for "+domain+"?")
	dialog.seesText("1 session of theirs that began otherwise will end now.")
	dialog.seesText("Ada Admin (" + adminEmail + ") can still sign in.")
	axe(t, ada)
	screenshot(t, ada, "sso-require")
	dialog.click("button", "Yes, require")
	ada.seesText("Single sign-on is required for " + domain + ".")

	// The session by password has ended, and the password leads to the provider.
	pat.open(profilePage)
	pat.reaches("/sign-in")
	pat.fill("Email", email)
	pat.fill("Password", newPass)
	pat.click("button", "Sign in")
	idp.login(pat, "pat")
	pat.seesText(email)
	link := foreign(newPage(t, s, noScript))
	link.open("/sso?domain=" + domain)
	idp.login(link, "pat")
	link.sees("heading", "Home")

	// Nothing strands the Admin who gets in without it.
	ada.open("/settings/security")
	ada.row(phone).click("link", "Remove "+phone)
	ada.fill("Your password", demoPassword)
	ada.click("button", "Remove")
	ada.sees("heading", "This would lock your Admins out when the provider fails")
	ada.seesText("at least one active Admin outside of it needs a password and a second factor")
	ada.tolerate("409")
	axe(t, ada)
	screenshot(t, ada, "factor-needed")
	ada.open("/settings/security")
	ada.seesText(phone)

	// The provider fails, and the server, which knew it, has started anew.
	_ = idp.cmd.Process.Kill()
	_ = idp.cmd.Wait()
	s.Stop()
	s = startIn(t, data, "serve", "--provider-allow", "127.0.0.0/8,::1")
	out := newPage(t, s)
	out.tolerate("503")
	out.open("/sign-in")
	out.fill("Email", email)
	out.fill("Password", newPass)
	out.click("button", "Sign in")
	out.seesText("Acme Login cannot be reached right now. Try again in a minute, or ask an Admin.")
	looksRight(t, out, "sso-down")
	if status := out.open("/sso/oidc/" + at[len(providerPage)+1:] + "/start"); status != http.StatusServiceUnavailable {
		t.Errorf("status %d", status)
	}
	out.open(profilePage)
	out.reaches("/sign-in")

	glass := newPage(t, s)
	byRecoveryCode(glass, adminEmail, codes[0])
	glass.open(at)
	glass.click("link", "Stop requiring "+domain)
	glass.click("button", "Yes, stop requiring")
	glass.seesText("Single sign-on is not required for " + domain + " any more.")
	signIn(t, newPage(t, s), email, newPass)
}
