package web_test

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/internal/app"
)

// dialogPattern is a dialog as it stands in a page.
var dialogPattern = regexp.MustCompile(`(?s)<dialog\b.*?</dialog>`)

// dialogPaths are the addresses of every dialog that an Admin can open by a link.
func (s *site) dialogPaths(t *testing.T, b *browser) []string {
	t.Helper()
	if got := b.upload(legacyExport(t)); got.status != http.StatusSeeOther {
		t.Fatalf("upload: %d", got.status)
	}
	b.stage("with-policies") // there is something to deploy
	admin := s.caller(t, adminEmail)
	var paths []string
	for _, p := range pages() {
		if p.Method != http.MethodGet {
			continue
		}
		path := s.fill(t, p.Path)
		if strings.Contains(path, "/tokens/:token/") {
			path = "/settings/access-management/users/" + admin.ID + "/tokens/" + s.anyPersonalToken(t, admin) + "/delete"
		}
		path += "?member=" + s.newMember(t, admin) // for acts on chosen members
		if got := b.get(path); got.status == http.StatusOK && dialogPattern.MatchString(got.body) {
			paths = append(paths, path)
		}
	}
	if len(paths) < 31 {
		t.Fatalf("only %d dialogs were found: %v", len(paths), paths)
	}
	return paths
}

// getDialog asks for a dialog as the script does.
func (b *browser) getDialog(path string) answer {
	b.t.Helper()
	r, err := http.NewRequest(http.MethodGet, b.site.URL+path, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Latchkey-Dialog", "1")
	return b.do(r)
}

// withoutKey is a form without its one-time key, which every showing has of its own.
func withoutKey(body string) string { return submissionPattern.ReplaceAllString(body, "") }

func TestDialogs_AScriptGetsTheDialogAloneEverybodyElseThePage(t *testing.T) {
	now := time.Now()
	s := newSite(t, func(o *app.Options) { o.Now = func() time.Time { return now } })
	b := s.signedIn(t, adminEmail)
	for _, path := range s.dialogPaths(t, b) {
		alone, page := b.getDialog(path), b.get(path)
		if alone.status != http.StatusOK || !strings.HasPrefix(alone.body, "<dialog ") || !strings.HasSuffix(alone.body, "</dialog>") {
			t.Errorf("%s: %d %.200s", path, alone.status, alone.body)
		}
		for _, text := range []string{"<nav", "<html", "<main", "<h1"} {
			if strings.Contains(alone.body, text) || !strings.Contains(page.body, text) {
				t.Errorf("%s: %s stands in the dialog, or not in the page", path, text)
			}
		}
		if withoutKey(dialogPattern.FindString(page.body)) != withoutKey(alone.body) {
			t.Errorf("%s: the dialog is another one than in the page", path)
		}
		for _, got := range []answer{alone, page} {
			if !slices.Contains(got.header.Values("Vary"), "Latchkey-Dialog") || got.header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s: %v", path, got.header)
			}
		}
	}
}
