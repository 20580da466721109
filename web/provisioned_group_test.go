package web_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// TestProvisionedGroup_IsLockedWhileTheProviderCanReachIt holds what an Admin sees of a group that
// an identity provider has pushed, with provisioning on and off.
func TestProvisionedGroup_IsLockedWhileTheProviderCanReachIt(t *testing.T) {
	r := newRig(t)
	made := r.send(r.provide(http.MethodPost, "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Pushed"}`))
	var pushed struct{ ID string }
	if err := json.Unmarshal([]byte(made.body), &pushed); err != nil || pushed.ID == "" {
		t.Fatalf("%d %s", made.status, made.body)
	}
	at := administration + "/groups/" + pushed.ID
	see := func(path, want, not string) {
		t.Helper()
		if got := r.admin.get(path); got.status != http.StatusOK || !strings.Contains(got.body, want) || strings.Contains(got.body, not) {
			t.Errorf("GET %s: %d; want %q and not %q", path, got.status, want, not)
		}
	}
	const managed, off, add = "Managed by the identity provider", "Provisioning is off", ">Add members<"
	see(at, managed, add)
	const locked = `</svg>Identity provider`
	see(administration+"/groups", locked, off)
	if got := r.admin.post(administration+"/provisioning", url.Values{"switch": {"off"}}); got.status != http.StatusSeeOther {
		t.Fatalf("switching off: %d", got.status)
	}
	see(at, off, managed)
	see(at, add, managed)
	see(administration+"/groups", "Identity provider", locked)
}
