package e2e

import "testing"

const rulePage = "/settings/access-management/token-rules"

// TestTokenRules_AskAboutTheTokensThatBreakThem sets a rule that tokens break, answers what happens to them, and
// sees the rule in the form of a token, with and without script.
func TestTokenRules_AskAboutTheTokensThatBreakThem(t *testing.T) {
	t.Parallel()
	for _, look := range []struct {
		name string
		opts []pageOption
	}{{"desktop", nil}, {"phone-plain", []pageOption{mobile, dark, noScript}}} {
		s := start(t, "demo")
		p := admin(t, s, look.opts...)
		p.open(accessPage)
		p.within("navigation", "Access management").within("list", "Tokens").click("link", "Token rules")
		p.reaches(rulePage)
		axe(t, p)
		screenshot(t, p, "token-rules-"+look.name)
		p.fill("Longest lifetime of service access tokens", "many")
		p.click("button", "Save")
		p.seesText("Enter a whole number, or leave this empty.")
		axe(t, p)
		screenshot(t, p, "token-rules-wrong-"+look.name)
		p.fill("Longest lifetime of service access tokens", "20")
		p.click("button", "Save")
		dialog := p.within("dialog", "3 tokens break the new rules")
		dialog.seesText("The rules are not saved yet.")
		axe(t, p)
		screenshot(t, p, "token-rules-ask-"+look.name)
		dialog.check("Shorten them")
		dialog.fill("Days until shortened tokens expire", "10")
		dialog.click("button", "Apply")
		p.seesText("The token rules were saved.")
		p.seesText("shortened.")
		p.open(inventoryPage + "?breaks=1")
		p.seesText("No token matches this filter.")
		axe(t, p)

		p.open(satOrg + "/new")
		p.fill("Token name", "within the rules")
		p.choose("Expiration", "20 days")
		screenshot(t, p, "token-rules-form-"+look.name)
		p.click("button", "Generate")
		p.click("link", "Close")
		p.row("within the rules").seesText("in 20 days")
		p.open("/settings/audit-logs")
		p.seesText("changed the token rules: longest lifetime of service access tokens from unlimited to 20 days")
	}
}
