package store_test

import (
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/store/storetest"
	"latchkey/internal/token"
)

// TestNoteIdle_MissesNoTokenInStepsOfAnySize notes tokens that became idle, and those that no longer are.
func TestNoteIdle_MissesNoTokenInStepsOfAnySize(t *testing.T) {
	for step := 1; step <= 7; step++ {
		b := storetest.NewBed(t, access.PlanEnterprise)
		for range 6 {
			b.PAT(b.Ada.ID)
		}
		noted := func(now time.Time) int {
			t.Helper()
			if err := b.Store.NoteIdleBy(t.Context(), now, step); err != nil {
				t.Fatal(err)
			}
			n, err := b.Store.Text(t.Context(), `SELECT CAST(count(*) AS TEXT) FROM idle_tokens`)
			if err != nil {
				t.Fatal(err)
			}
			return int(n[0] - '0')
		}
		now := b.Clock.Now()
		if n := noted(now); n != 0 {
			t.Errorf("step %d: %d at first", step, n)
		}
		if n := noted(now.Add(token.IdleAfter)); n != 6 {
			t.Errorf("step %d: %d of 6 are idle", step, n)
		}
		if n := noted(now); n != 0 {
			t.Errorf("step %d: %d stay", step, n)
		}
	}
}
