package web_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"latchkey/internal/random"
)

// TestRecover_TheLinkSetsAPasswordOnceAndIsNowhere goes the whole way of a link that an Admin makes.
func TestRecover_TheLinkSetsAPasswordOnceAndIsNowhere(t *testing.T) {
	r := newRig(t)
	viewer := r.caller(t, viewerEmail).ID
	elsewhere, replaced := r.signedIn(t, viewerEmail), r.recovery(viewer)
	secret, next := r.recovery(viewer), "an altogether new password"
	nobody := r.browser(t)
	set := func(secret, password string) answer {
		return nobody.post("/recover", url.Values{"secret": {secret}, "password": {password}})
	}
	if got := set(replaced, next); got.status != http.StatusNotFound {
		t.Errorf("a link that was replaced: %d", got.status)
	}
	if got := set(secret, "short"); got.status != http.StatusBadRequest || !strings.Contains(got.body, "Use at least 10 characters.") ||
		!strings.Contains(got.body, `value="`+secret+`"`) || got.compressed || strings.Contains(got.body, `value="short"`) {
		t.Errorf("a short password: %d", got.status)
	}
	if got := nobody.post("/recover/open", url.Values{"secret": {secret}}); !strings.Contains(got.body, secret) || got.compressed {
		t.Errorf("the form: %d, or it is compressed", got.status)
	}
	set(secret, next).seeOther(t, "/")
	if got := nobody.get("/"); got.status != http.StatusOK {
		t.Errorf("the member is not signed in: %d", got.status)
	}
	if got := elsewhere.get("/"); got.status != http.StatusSeeOther {
		t.Errorf("the other session goes on: %d", got.status)
	}
	if got := set(secret, next); got.status != http.StatusNotFound {
		t.Errorf("the used link: %d", got.status)
	}
	again := r.browser(t).post("/sign-in", url.Values{"email": {viewerEmail}, "password": {next}})
	again.seeOther(t, "/")
	seen := r.everywhere(t, r.admin)
	file := seen["the command's file"]
	if !strings.Contains(file, "recovery_created") || !strings.Contains(file, "recovered") {
		t.Error("the log does not tell of it")
	}
	for where, text := range seen {
		if strings.Contains(text, secret) {
			t.Errorf("the secret is in %s", where)
		}
	}
	assertNowhere(t, r.site, "the secret of a reset link", secret)
	assertNowhere(t, r.site, "its digest in hex", fmt.Sprintf("%x", random.Secret(secret).Digest()))
}

// TestRecover_DeactivatedMembersGetNoLink also deactivates somebody who has one.
func TestRecover_DeactivatedMembersGetNoLink(t *testing.T) {
	r := newRig(t)
	member := r.newMember(t, r.caller(t, adminEmail))
	secret := r.recovery(member)
	if _, err := r.app.Accounts.Members.Deactivate(context.Background(), r.caller(t, adminEmail).Caller(), member); err != nil {
		t.Fatal(err)
	}
	got := r.browser(t).post("/recover", url.Values{"secret": {secret}, "password": {"a long enough password"}})
	if got.status != http.StatusNotFound {
		t.Errorf("the link of a deactivated member: %d", got.status)
	}
	page := r.admin.get(administration + "/users/" + member)
	if strings.Contains(page.body, "Send reset link") {
		t.Error("the page of a deactivated member offers a link")
	}
	if got := r.admin.post(administration+"/users/"+member+"/reset-link", nil); got.status != http.StatusConflict ||
		strings.Contains(got.body, "#secret=") {
		t.Errorf("a link for a deactivated member: %d", got.status)
	}
	if got := r.signedIn(t, editorEmail).post(administration+"/users/"+member+"/reset-link", nil); got.status != http.StatusForbidden &&
		got.status != http.StatusNotFound {
		t.Errorf("a Member makes a link: %d", got.status)
	}
}
