package e2e

import (
	"net/http"
	"strings"
	"testing"
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
			p.click("button", "Switch on")
			p.seesText("SCIM provisioning is switched on.")

			p.click("link", "Generate organization token")
			p.fill("Token name", "okta")
			p.click("button", "Generate")
			secret := revealed(t, p, "lkoat_")
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
			p.click("button", "Switch off")
			p.seesText("SCIM provisioning is switched off.")
			if got := provider(t, s, secret, http.MethodGet, "/Users", ""); got != http.StatusForbidden {
				t.Errorf("while it is off: %d", got)
			}
		})
	}
}
