package web_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"latchkey/internal/account"
)

// hiddenPattern finds the hidden fields of a form.
var hiddenPattern = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)"`)

// TestSelectAll_ActsOnNobodyThatTheDialogDidNotCount confirms the deletion of all that match, after one of them has
// left the search and another has come into it.
func TestSelectAll_ActsOnNobodyThatTheDialogDidNotCount(t *testing.T) {
	s := newSite(t)
	admin, ada := s.signedIn(t, adminEmail), s.caller(t, adminEmail)
	leaves := s.newMember(t, ada)
	s.newMember(t, ada)
	const path = administration + "/users/delete"
	dialog := admin.getDialog(path + "?all=1&q=throw+away")
	form := url.Values{}
	for _, f := range hiddenPattern.FindAllStringSubmatch(dialog.body, -1) {
		form.Add(f[1], f[2])
	}
	if form.Get("count") != "2" {
		t.Fatalf("%d: %v", dialog.status, form)
	}
	if _, err := s.app.Accounts.Members.Delete(t.Context(), ada.Caller(), account.These(leaves)); err != nil {
		t.Fatal(err)
	}
	comes := s.newMember(t, ada)
	got := admin.post(path, form)
	if got.status != http.StatusConflict || !strings.Contains(got.body, "other members match now") {
		t.Errorf("%d", got.status)
	}
	if page := admin.get(administration + "/users/" + comes); page.status != http.StatusOK {
		t.Errorf("the member that came: %d", page.status)
	}
	form = url.Values{}
	for _, f := range hiddenPattern.FindAllStringSubmatch(got.body, -1) {
		form.Add(f[1], f[2])
	}
	admin.post(path, form).seeOther(t, administration+"/users?q=throw+away")
}
