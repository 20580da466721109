package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"latchkey/internal/demo"
)

func TestProfile_ANewPasswordEndsTheOtherSessionsAndReplacesTheOld(t *testing.T) {
	s := newSite(t)
	here, elsewhere := s.signedIn(t, editorEmail), s.signedIn(t, editorEmail)
	change := func(current, next string) answer {
		return here.post("/settings/profile/password", url.Values{"current": {current}, "new": {next}})
	}
	if got := change("not it", "a new long password"); got.status != http.StatusBadRequest ||
		!strings.Contains(got.body, "Incorrect current password.") {
		t.Errorf("with a wrong current password: %d", got.status)
	}
	if got := change(demo.Password, "short"); got.status != http.StatusBadRequest || strings.Contains(got.body, demo.Password) {
		t.Errorf("with a short new password: %d, and nothing typed may come back", got.status)
	}
	if got := elsewhere.get("/"); got.status != http.StatusOK {
		t.Fatalf("refused changes ended a session: %d", got.status)
	}
	if got := change(demo.Password, "a new long password"); got.status != http.StatusSeeOther {
		t.Fatalf("the change: %d %s", got.status, got.body)
	}
	if got := elsewhere.get("/"); got.status != http.StatusSeeOther {
		t.Errorf("the other session goes on: %d", got.status)
	}
	if got := here.get("/settings/profile"); got.status != http.StatusOK || !strings.Contains(got.body, "Your password was changed.") {
		t.Errorf("this session ended, or nothing is said: %d", got.status)
	}
	for password, want := range map[string]int{demo.Password: http.StatusUnauthorized, "a new long password": http.StatusSeeOther} {
		if got := s.browser(t).post("/sign-in", url.Values{"email": {editorEmail}, "password": {password}}); got.status != want {
			t.Errorf("sign-in with %q: %d, want %d", password, got.status, want)
		}
	}
}

func TestProfile_SessionsCanBeEndedOneByOneAndAllAtOnce(t *testing.T) {
	s := newSite(t)
	here, second, third, foreign := s.signedIn(t, editorEmail), s.signedIn(t, editorEmail), s.signedIn(t,
		editorEmail), s.signedIn(t, viewerEmail)
	page := here.get("/settings/profile").body
	if n := strings.Count(page, "/end\""); n != 2 {
		t.Fatalf("%d sessions to end on the page, want the two others", n)
	}
	path := page[strings.Index(page, "/settings/profile/sessions/"):]
	path = path[:strings.Index(path, `"`)]
	if got := foreign.post(path, nil); got.status != http.StatusNotFound {
		t.Errorf("somebody else's session: %d, want 404", got.status)
	}
	if got := here.post(path, nil); got.status != http.StatusSeeOther {
		t.Errorf("one's own: %d", got.status)
	}
	alive := 0
	for _, b := range []*browser{second, third} {
		if b.get("/").status == http.StatusOK {
			alive++
		}
	}
	if alive != 1 {
		t.Errorf("%d other sessions live, want 1", alive)
	}
	if got := here.post("/settings/profile/sessions/end-others", nil); got.status != http.StatusSeeOther {
		t.Errorf("all others: %d", got.status)
	}
	for _, b := range []*browser{second, third} {
		if got := b.get("/"); got.status != http.StatusSeeOther {
			t.Errorf("another session goes on: %d", got.status)
		}
	}
	if here.get("/").status != http.StatusOK || foreign.get("/").status != http.StatusOK {
		t.Error("this session, or somebody else's, ended as well")
	}
}

func TestProfile_ANameIsCheckedAndShown(t *testing.T) {
	s := newSite(t)
	b := s.signedIn(t, editorEmail)
	for _, bad := range []string{"", strings.Repeat("x", 65), "a\x07b"} {
		if got := b.post("/settings/profile/name", url.Values{"name": {bad}}); got.status != http.StatusBadRequest ||
			!strings.Contains(got.body, `href="#profile-name"`) {
			t.Errorf("name %q: %d, and the summary must lead to the field", bad, got.status)
		}
	}
	if got := b.post("/settings/profile/name", url.Values{"name": {"Élise <b>"}}); got.status != http.StatusSeeOther {
		t.Fatalf("a good name: %d", got.status)
	}
	if page := b.get("/").body; !strings.Contains(page, "Élise &lt;b&gt;") || strings.Contains(page, "Élise <b>") {
		t.Error("the new name is not shown, or not escaped")
	}
}
