package e2e

import (
	"testing"
)

const inventoryPage = "/settings/access-management/tokens"

// TestInventory_FindsTokensAndEndsThem filters the tokens of the organization, shortens one and deletes all
// that match, with and without script.
func TestInventory_FindsTokensAndEndsThem(t *testing.T) {
	t.Parallel()
	s := start(t, "demo")
	for _, look := range []struct {
		name string
		opts []pageOption
	}{{"desktop", nil}, {"phone-plain", []pageOption{mobile, dark, noScript}}} {
		p := admin(t, s, look.opts...)
		p.open(accessPage)
		p.within("navigation", "Access management").within("list", "Tokens").click("link", "Tokens")
		p.reaches(inventoryPage)
		axe(t, p)
		screenshot(t, p, "inventory-"+look.name)

		for _, name := range []string{"sweep 1", "sweep 2", "sweep 3"} {
			p.open(satOrg + "/new")
			p.fill("Token name", name)
			p.choose("Expiration", "1 year")
			p.click("button", "Generate")
			p.click("link", "Close")
		}
		p.open(inventoryPage)
		search := p.within("search", "Filter tokens")
		search.fill("Name, hint or ID", "sweep")
		search.choose("Kind", "Organization service access token")
		search.choose("Expires", "In the next year")
		search.click("button", "Filter")
		p.arrives("the filtered list", func(address string) bool {
			return address == s.URL+inventoryPage+"?expires=1y&kind=organization&q=sweep" ||
				address == s.URL+inventoryPage+"?q=sweep&kind=organization&workspace=&state=&expires=1y&owner=&breaks=&unused=&grants=&resource=&maker=&from=&to="
		})
		p.check("Select sweep 1")
		p.click("button", "Shorten expiration of the selected tokens")
		dialog := p.within("dialog", "Shorten expiration of token sweep 1")
		dialog.seesText("service token of the organization: never used.")
		axe(t, p)
		screenshot(t, p, "inventory-shorten-"+look.name)
		dialog.choose("Expiration", "7 days")
		dialog.click("button", "Shorten expiration")
		p.seesText("1 token expires")
		p.row("sweep 1").seesText("in 7 days")
		p.row("sweep 2").seesText("in 1 year")

		p.check("Select sweep 2")
		p.click("button", "Suspend the selected tokens")
		dialog = p.within("dialog", "Suspend token sweep 2")
		dialog.fill("Reason", "leaked")
		axe(t, p)
		dialog.click("button", "Suspend")
		p.seesText("Token sweep 2 was suspended.")
		p.row("sweep 2").seesText("Suspended")
		p.check("Select sweep 2")
		p.check("Select sweep 3")
		p.click("button", "Delete the selected tokens")
		alert := p.within("alertdialog", "Delete 2 tokens?")
		axe(t, p)
		screenshot(t, p, "inventory-delete-"+look.name)
		alert.click("button", "Yes, delete")
		p.seesText("2 tokens were deleted.")
		p.check("Select sweep 1")
		p.click("button", "Delete the selected tokens")
		p.within("alertdialog", "Delete token sweep 1?").click("button", "Yes, delete")
		p.seesText("No token matches this filter.")
		p.click("link", "Clear")
		p.open(inventoryPage + "?grants=destination:data_access&unused=90d")
		p.seesText("Grants is what a token may do now")
		axe(t, p)
		screenshot(t, p, "inventory-filters-"+look.name)
	}
}
