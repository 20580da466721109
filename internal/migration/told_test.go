package migration_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/migration"
)

// TestStaging_EachStepLeavesOneEvent holds that the log tells who brought a file, staged it and
// emptied the staging area again, and nothing when nothing was done.
func TestStaging_EachStepLeavesOneEvent(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	b.upload(example(t))
	overview, err := b.Overview(t.Context(), b.admin)
	b.must(err)
	m := overview.Staging
	b.must(b.Import(t.Context(), b.admin, migration.WithPolicies))
	b.must(b.Import(t.Context(), b.admin, migration.Fresh))
	for _, want := range []bool{true, false} { // the second time it is empty
		if did, err := b.Reset(t.Context(), b.admin); err != nil || did != want {
			t.Errorf("reset: %v, %v", did, err)
		}
	}
	if _, err := b.Upload(t.Context(), b.admin, "broken.json", strings.NewReader("{"), nil); err == nil {
		t.Error("a broken file is accepted")
	}
	events, err := b.store.RecentEvents(t.Context(), b.org, "", 100)
	b.must(err)
	var got []string
	for _, e := range events {
		if e.Target.Type == audit.TargetMigration {
			got = append([]string{string(e.Action) + " " + e.After}, got...)
			if e.ActorID != b.admin.ID || e.Target.ID != m.ID || e.Target.Name != m.FileName {
				t.Errorf("the event names another actor or file: %+v", e)
			}
		}
	}
	file := `{"digest":"` + m.Digest + `"`
	want := []string{"uploaded " + file + "}", "staged " + file + `,"strategy":"with-policies"}`, "staged " + file + `,"strategy":"fresh"}`,
		"reset " + file + `,"strategy":"fresh"}`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got)\n%s", diff)
	}
}
