package web_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

var headingPattern = regexp.MustCompile(`<h1[^>]*>(?:<bdi>)?([^<]*)<`)

// TestProblem_KeepsTheFrame asks for what is not there, not theirs or in the way. Only a signed-in member gets the
// navigation, with the way on to a list that is theirs.
func TestProblem_KeepsTheFrame(t *testing.T) {
	s := newSite(t)
	admin, editor, nobody := s.signedIn(t, adminEmail), s.signedIn(t, editorEmail), s.browser(t)
	const navigation = `aria-label="Main"`
	for _, tt := range []struct {
		who        *browser
		path       string
		status     int
		title, way string
		framed     bool
	}{
		{admin, "/settings/access-management/users/nobody", 404, "That member was not found", `href="/settings/access-management/users"`, true},
		{admin, "/settings/access-management/groups/none/edit", 404, "That group was not found",
			`href="/settings/access-management/groups"`, true},
		{admin, "/settings/workspaces/none/edit", 404, "That workspace was not found", `href="/settings/workspaces"`, true},
		{admin, "/settings/audit-logs/none", 404, "That event was not found", `href="/settings/audit-logs"`, true},
		{admin, "/settings/access-management/migration/items/1", 409, "Nothing is staged", `href="/settings/access-management/migration"`, true},
		{admin, "/nowhere", 404, "This page was not found", `Go to Home`, true},
		{editor, "/settings/access-management/users", 403, "Only Admins can open this page", `Go to Home`, true},
		{editor, "/settings/access-management/users/nobody", 403, "Only Admins can open this page", `Go to Home`, true},
		{editor, "/settings/profile/personal-access-tokens/none/delete", 404, "That token was not found", `Back to Your Profile`, true},
		{nobody, "/nowhere", 404, "This page was not found", `Go to Home`, false},
		{nobody, "/setup", 404, "This page was not found", `Go to Home`, false},
	} {
		got := tt.who.get(tt.path)
		title := headingPattern.FindStringSubmatch(got.body)
		if got.status != tt.status || title == nil || title[1] != tt.title || !strings.Contains(got.body, tt.way) {
			t.Errorf("%s: %d %q, want %d %q with %s", tt.path, got.status, title, tt.status, tt.title, tt.way)
		}
		if framed := strings.Contains(got.body, navigation); framed != tt.framed {
			t.Errorf("%s: navigation %v, want %v", tt.path, framed, tt.framed)
		}
	}
}

// TestProblem_AnswersTheSameForSomebodyElsesAndForNothing compares the pages of a token that is somebody else's and of
// one that does not exist.
func TestProblem_AnswersTheSameForSomebodyElsesAndForNothing(t *testing.T) {
	s := newSite(t)
	editor := s.signedIn(t, editorEmail)
	theirs := s.anyPersonalToken(t, s.caller(t, adminEmail))
	const at = "/settings/profile/personal-access-tokens/"
	one, none := editor.get(at+theirs+"/delete"), editor.get(at+"none/delete")
	if one.status != http.StatusNotFound || one.status != none.status || one.body != none.body {
		t.Errorf("%d and %d, or another page", one.status, none.status)
	}
}
