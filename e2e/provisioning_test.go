package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/playwright-community/playwright-go"
)

const provisioningPage = "/settings/access-management/provisioning"

// provider sends one SCIM request and returns its status.
func provider(t *testing.T, s *server, secret, method, path, body string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+"/scim/v2"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+secret)
	r.Header.Set("Content-Type", "application/scim+json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := answer.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode
}

// provisions switches SCIM on, on its page, and returns the token that it leads to.
func provisions(t *testing.T, p *page, name string) string {
	t.Helper()
	p.click("button", "Switch on")
	p.seesText("SCIM provisioning is switched on.")
	p.click("link", "Generate organization token")
	p.fill("Token name", name)
	p.click("button", "Generate")
	return revealed(t, p, "lkoat_")
}

// TestProvisioning_IsSwitchedOnUsedAndExplained walks an Admin from the switch to the reason
// why a request failed.
func TestProvisioning_IsSwitchedOnUsedAndExplained(t *testing.T) {
	t.Parallel()
	for _, variant := range []struct {
		name string
		opts []pageOption
	}{{"with script", nil}, {"without script", []pageOption{noScript}}, {"on a phone", []pageOption{mobile, dark}}} {
		t.Run(variant.name, func(t *testing.T) {
			s := start(t, "demo")
			p := newPage(t, s, variant.opts...)
			signIn(t, p, adminEmail, demoPassword)
			p.open(accessPage)
			p.within("navigation", "Access management").click("link", "Provisioning")
			p.reaches(provisioningPage)
			p.seesText("No requests yet")
			p.seesText(s.URL + "/scim/v2")
			axe(t, p)
			secret := provisions(t, p, "okta")
			user := `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"grace@acme.example","displayName":"Grace Hopper"}`
			for i, want := range []int{http.StatusCreated, http.StatusConflict} {
				if got := provider(t, s, secret, http.MethodPost, "/Users", user); got != want {
					t.Errorf("request %d: %d, want %d", i, got, want)
				}
			}

			p.open(provisioningPage)
			p.row("201 Done").seesText("grace@acme.example")
			axe(t, p)
			screenshot(t, p, "provisioning-"+strings.ReplaceAll(variant.name, " ", "-"))
			p.within("navigation", "Requests").click("link", "Failed")
			p.row("409 Failed").seesText("The user grace@acme.example is provisioned already.")
			p.lacksText("201 Done")
			p.open("/settings/access-management/users?q=grace")
			p.seesText("Grace Hopper")

			p.open(provisioningPage)
			p.click("button", "Stop address changes")
			p.seesText("The identity provider may not change email addresses.")
			p.seesText("Not allowed")
			axe(t, p)
			screenshot(t, p, "provisioning-addresses-"+strings.ReplaceAll(variant.name, " ", "-"))
			p.click("button", "Allow address changes")
			p.seesText("The identity provider may change email addresses.")
			p.click("button", "Switch off")
			p.seesText("SCIM provisioning is switched off.")
			if got := provider(t, s, secret, http.MethodGet, "/Users", ""); got != http.StatusForbidden {
				t.Errorf("while it is off: %d", got)
			}
		})
	}
}

// TestProvisioning_FailuresAreExplainedAndAudited provisions as a provider does on its first day,
// and looks for the reasons of what failed where an Admin would.
func TestProvisioning_FailuresAreExplainedAndAudited(t *testing.T) {
	t.Parallel()
	const schema = `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":`
	for _, variant := range []struct {
		name string
		opts []pageOption
	}{{"light", nil}, {"dark", []pageOption{dark}}, {"phone", []pageOption{mobile}}} {
		t.Run(variant.name, func(t *testing.T) {
			s := start(t, "demo")
			p := newPage(t, s, variant.opts...)
			signIn(t, p, adminEmail, demoPassword)
			p.open(provisioningPage)
			screenshot(t, p, "provisioning-empty-"+variant.name)
			secret := provisions(t, p, "Microsoft Entra ID")
			for _, r := range []struct {
				method, path, body string
				want               int
			}{
				{"GET", "/Users?filter=userName%20eq%20%229f8b3fd5-0c9a-4a4c-9b6a-3a6bd1b1b3c3%22", "", 200},
				{"POST", "/Users", schema +
					`"amelia.featherstonehaugh-cholmondeley@research.acme.example","displayName":"Amelia Featherstonehaugh-Cholmondeley"}`, 201},
				{"POST", "/Users", schema + `"jdoe","displayName":"J. Doe"}`, 400},
				{"GET", "/Users?filter=emails%5Btype%20eq%20%22work%22%5D.value%20eq%20%22amelia.featherstonehaugh-cholmondeley@research.acme.example%22", "", 200},
				{"DELETE", "/Users/2aBcDeFgHiJkLmNoPqRsTuVwXyZ", "", 404},
				{"POST", "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"` +
					strings.Repeat("All of Finance ", 5) + `"}`, 400},
				{"POST", "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Finance"}`, 201},
				{"GET", "/ServiceProviderConfig", "", 200},
			} {
				if got := provider(t, s, secret, r.method, r.path, r.body); got != r.want {
					t.Errorf("%s %s: %d, want %d", r.method, r.path, got, r.want)
				}
			}

			p.open(provisioningPage)
			if err := p.Page.Locator("summary", playwright.PageLocatorOptions{HasText: "Connect Microsoft Entra ID"}).Click(); err != nil {
				t.Fatal(err)
			}
			p.seesText("Map externalId to objectId.")
			axe(t, p)
			screenshot(t, p, "provisioning-requests-"+variant.name)
			p.within("navigation", "Requests").click("link", "Failed")
			p.row("jdoe").seesText("The attribute userName must be an email address.")
			p.lacksText("201 Done")
			screenshot(t, p, "provisioning-failed-"+variant.name)

			p.row("jdoe").click("link", "Microsoft Entra ID")
			p.row("POST /Users jdoe").seesText("Was refused over SCIM")
			p.row("Amelia").seesText("Added to organization")
			screenshot(t, p, "provisioning-audit-"+variant.name)
			openEvent(t, p, "Was refused over SCIM POST /Users jdoe", func() {})
			dialog := p.within("dialog", "Was refused over SCIM")
			dialog.lacksText("Before")
			dialog.seesText("The attribute userName must be an email address.")
			screenshot(t, p, "provisioning-event-"+variant.name)
		})
	}
}

// TestProvisioning_APushedGroupIsLockedAndItsPoliciesAreNot looks at a group that a provider
// manages: its members are decided there, its workspaces here.
func TestProvisioning_APushedGroupIsLockedAndItsPoliciesAreNot(t *testing.T) {
	t.Parallel()
	for _, variant := range []struct {
		name string
		opts []pageOption
	}{{"light", nil}, {"phone", []pageOption{mobile, dark}}} {
		t.Run(variant.name, func(t *testing.T) {
			s := start(t, "demo")
			p := newPage(t, s, variant.opts...)
			signIn(t, p, adminEmail, demoPassword)
			p.open(provisioningPage)
			secret := provisions(t, p, "okta")
			if got := provider(t, s, secret, "POST", "/Groups",
				`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Pushed"}`); got != http.StatusCreated {
				t.Fatalf("the group: %d", got)
			}
			p.open(accessPage + "/groups")
			p.row("Pushed").click("link", "Pushed")
			p.seesText("Managed by the identity provider")
			p.lacks("link", "Add members")
			p.lacks("button", "Filter")
			axe(t, p)
			screenshot(t, p, "provisioning-group-"+variant.name)
			p.click("link", "Add workspace policy")
			p.within("dialog", "Add workspace policy").click("button", "Next")
			p.click("button", "Save")
			p.seesText("The policy of Pushed in Production was saved.")
			group := p.path()
			p.open(accessPage + "/groups")
			screenshot(t, p, "provisioning-groups-"+variant.name)

			p.open(provisioningPage)
			p.click("button", "Switch off")
			p.open(group)
			p.seesText("Provisioning is off")
			p.lacksText("Managed by the identity provider")
			axe(t, p)
			screenshot(t, p, "provisioning-group-off-"+variant.name)
			p.click("link", "Add members")
			p.check("Eli Editor")
			p.click("button", "Add members")
			p.seesText("1 member was added.")
		})
	}
}

// TestProvisioning_AMemberOfTheProviderGetsInByAnInvitation follows a person from the provider
// to the first page.
func TestProvisioning_AMemberOfTheProviderGetsInByAnInvitation(t *testing.T) {
	t.Parallel()
	s := start(t, "demo")
	ada := admin(t, s)
	ada.open(provisioningPage)
	secret := provisions(t, ada, "okta")
	body := `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"grace@acme.example","displayName":"Grace Hopper"}`
	if got := provider(t, s, secret, http.MethodPost, "/Users", body); got != http.StatusCreated {
		t.Fatalf("the user: %d", got)
	}
	grace := joined(t, s, invited(t, ada, "grace@acme.example"), "Grace Hopper")
	grace.open("/settings/profile")
	grace.seesText("Grace Hopper")
	grace.sees("link", "Generate new token")
}
