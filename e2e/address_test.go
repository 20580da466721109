package e2e

import (
	"net/http"
	"testing"

	"github.com/playwright-community/playwright-go"
)

const rulesPage = "/settings/access-management/token-rules"

func TestAddresses_LimitFromWhereATokenWorks(t *testing.T) {
	t.Parallel()
	for name, options := range map[string][]pageOption{"script": nil, "no script, phone": {noScript, mobile}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := start(t, "demo")
			p := newPage(t, srv, options...)
			p.tolerate("status of 400")
			signIn(t, p, adminEmail, demoPassword)
			p.open(patPage + "/new")
			dialog := fillPAT(p, "smoke-test", "Staging")
			if err := p.Page.Locator("summary", playwright.PageLocatorOptions{HasText: "More options"}).Click(); err != nil {
				t.Fatal(err)
			}
			dialog.fill("Allowed addresses", "192.0.2.7/24")
			dialog.click("button", "Generate")
			described(t, dialog, "Allowed addresses", `"192.0.2.7/24" is an address inside of a range: use 192.0.2.0/24 for the range, or 192.0.2.7 for the address.`+
				` | One range a line, such as 192.0.2.0/24 or 2001:db8::/32. Leave this empty to allow any address. Your address here is 127.0.0.1.`)
			axe(t, p)
			screenshot(t, p, "addresses-form-"+name)
			dialog.fill("Allowed addresses", "192.0.2.0/24\n2001:db8::/32")
			dialog.click("button", "Generate")
			secret := revealed(t, p, "lkpat_")
			if status := tokenStatus(t, srv, secret); status != http.StatusUnauthorized {
				t.Errorf("from here: %d", status)
			}
			p.open(patPage)
			at := pageOf(t, p, patPage, "smoke-test")
			p.seesText("This token works only from:")
			axe(t, p)
			screenshot(t, p, "addresses-token-"+name)
			p.click("link", "Edit addresses")
			dialog = p.within("dialog", "Allowed addresses of smoke-test")
			axe(t, p)
			screenshot(t, p, "addresses-edit-"+name)
			dialog.fill("Allowed addresses", "127.0.0.1")
			dialog.click("button", "Save")
			p.seesText("The allowed addresses of smoke-test were saved.")
			p.reaches(at)
			if status := tokenStatus(t, srv, secret); status != http.StatusOK {
				t.Errorf("from here, where it is allowed: %d", status)
			}
			p.open(rulesPage)
			p.seesText("Tokens work from any address.")
			axe(t, p)
			p.click("link", "Edit addresses")
			dialog = p.within("dialog", "Allowed addresses")
			axe(t, p)
			dialog.fill("Allowed addresses", "10.0.0.0/8")
			dialog.click("button", "Save")
			p.reaches(rulesPage)
			p.seesText("Tokens work only from:")
			screenshot(t, p, "addresses-rules-"+name)
			if status := tokenStatus(t, srv, secret); status != http.StatusUnauthorized {
				t.Errorf("from here, where the organization allows it no more: %d", status)
			}
			p.open(at)
			p.seesText("It is refused everywhere")
			axe(t, p)
			screenshot(t, p, "addresses-refused-"+name)
		})
	}
}

// tokenStatus returns how the API answers a token.
func tokenStatus(t *testing.T, srv *server, secret string) int {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, srv.URL+"/v2/token", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+secret)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	return answer.StatusCode
}
