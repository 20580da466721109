package web_test

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/store"
)

// TestAuditTrails_StandOnThePageOfWhatTheyAreAbout writes one event about each kind of thing and
// looks for it where it belongs, and nowhere else.
func TestAuditTrails_StandOnThePageOfWhatTheyAreAbout(t *testing.T) {
	s := newSite(t)
	ctx, ada, eli, workspace := context.Background(), s.caller(t, adminEmail), s.caller(t, editorEmail), firstWorkspace(t, s)
	service := s.anyServiceToken(t, ada)
	if err := s.app.Store.InTx(ctx, actor.System(""), func(tx *store.Tx) error {
		for _, target := range []audit.Target{{Type: audit.TargetUser, ID: eli.ID, Name: "about-eli"},
			{Type: audit.TargetServiceToken, ID: service, Name: "about-token"},
			{Type: audit.TargetSource, ID: "some-source", Name: "about-workspace", Workspace: workspace}} {
			action := audit.Deleted
			if target.Type == audit.TargetUser {
				action = audit.ProfileUpdated
			}
			if err := tx.AppendEvent(ctx, audit.Did(ada, action, target)); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	b := s.signedIn(t, adminEmail)
	for path, want := range map[string]string{
		"/settings/access-management/users/" + eli.ID: "updated the profile of about-eli",
		satRoot + "/" + service:                       "deleted the service access token about-token",
		"/workspaces/" + workspace + "/resources":     "deleted the source about-workspace",
	} {
		got := b.get(path)
		_, trail, found := strings.Cut(got.body, `id="audit-trail`)
		text := strings.Join(strings.Fields(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(trail, "")), " ")
		if got.status != http.StatusOK || !found || !strings.Contains(text, want) {
			t.Errorf("%s: %d, without %q", path, got.status, want)
		}
		if strings.Count(trail, "about-") != 1 {
			t.Errorf("%s tells of other things: %.3000s", path, trail)
		}
	}
	// In the workspace of the event, and yet no Admin.
	if got := s.signedIn(t, editorEmail).get("/workspaces/" + workspace + "/resources"); got.status != http.StatusOK ||
		strings.Contains(got.body, "Audit trail") || strings.Contains(got.body, "about-workspace") {
		t.Errorf("a member's page: %d, with the trail of the workspace", got.status)
	}
}
