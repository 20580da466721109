package web_test

import (
	"net/http"
	"strings"
	"testing"
)

// TestLists_SayThatAPageIsPastTheEnd asks for a page that a list does not have. Nothing was searched, so nothing
// is said of a search.
func TestLists_SayThatAPageIsPastTheEnd(t *testing.T) {
	s := newSite(t)
	b := s.signedIn(t, adminEmail)
	s.newInvitation(t, s.caller(t, adminEmail))
	for _, path := range []string{
		manage + "/users?per_page=5&page=2", manage + "/groups?page=99",
		manage + "/invitations?page=2", manage + "/baseline-policies?page=2", satRoot + "/workspace?page=4", satRoot + "/organization?page=2",
		"/settings/profile?page=2", "/settings/workspaces?page=2", "/workspaces/" + firstWorkspace(t, s) + "/resources?page=2",
		manage + "/users/" + s.caller(t, editorEmail).ID + "?page=2", "/needs-attention?page=2",
	} {
		got := b.get(path)
		if got.status != http.StatusOK || !strings.Contains(got.body, "There is no page ") || strings.Contains(got.body, " matches this ") {
			t.Errorf("%s: status %d, and the page does not say it", path, got.status)
		}
	}
}
