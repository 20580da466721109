package store_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"latchkey/internal/actor"
	"latchkey/internal/migration"
	"latchkey/internal/store"
	"latchkey/internal/store/pgtest"
)

// steps is what a store sees of an organization's steps.
func steps(t *testing.T, s *store.Store, organization string) string {
	t.Helper()
	list, err := s.AnnouncedSteps(t.Context(), organization)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(list)
}

func TestAnnounceStep_IsSeenByOtherNodesUntilItIsReleased(t *testing.T) {
	url := pgtest.Migrated(t)
	a, b := openURL(t, url), openURL(t, url)
	var releases []func()
	for _, step := range []migration.Step{migration.StepRead, migration.StepStage, migration.StepDeploy} {
		release, err := a.AnnounceStep(t.Context(), "o", step)
		if err != nil {
			t.Fatal(err)
		}
		releases = append(releases, release)
	}
	if got := steps(t, b, "o"); got != "[deploy stage read]" || steps(t, b, "another") != "[]" {
		t.Errorf("the other node sees %s, and %s of another organization", got, steps(t, b, "another"))
	}
	for i, want := range []string{"[deploy stage]", "[deploy]", "[]"} {
		if releases[i](); steps(t, b, "o") != want {
			t.Errorf("after %d releases it sees %s, want %s", i+1, steps(t, b, "o"), want)
		}
	}
	err := a.InTx(t.Context(), actor.System(""), func(tx *store.Tx) error {
		if err := tx.AnnounceStep(t.Context(), "o", migration.StepDeploy); err != nil {
			return err
		}
		return errors.New("sees " + steps(t, b, "o"))
	})
	if err == nil || err.Error() != "sees [deploy]" || steps(t, b, "o") != "[]" {
		t.Errorf("of a transaction it %v, and afterwards %s", err, steps(t, b, "o"))
	}
}

func TestAnnounceStep_IsShownAgainAfterItsConnectionWasLost(t *testing.T) {
	url := pgtest.Migrated(t)
	a, b := openURL(t, url), openURL(t, url)
	release, err := a.AnnounceStep(t.Context(), "o", migration.StepRead)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	inTxExec(t, b, `SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2`)
	eventually(t, "it is shown again", 10*time.Second, func() bool { return steps(t, b, "o") == "[read]" })
}

func TestAnnounceStep_IsTakenFromANodeThatStandsStill(t *testing.T) {
	url := pgtest.Migrated(t)
	join := "?"
	if strings.Contains(url, "?") {
		join = "&"
	}
	// Shorter than the break between two confirmations: to the database this node stands still.
	still, b := openURL(t, url+join+"idle_in_transaction_session_timeout=100ms"), openURL(t, url)
	release, err := still.AnnounceStep(t.Context(), "o", migration.StepDeploy)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	eventually(t, "the sign is gone", 2*time.Second, func() bool { return steps(t, b, "o") == "[]" })
}

func inTxExec(t *testing.T, s *store.Store, statement string) {
	t.Helper()
	if err := s.InTx(t.Context(), actor.System(""), func(tx *store.Tx) error { return tx.Exec(t.Context(), statement) }); err != nil {
		t.Fatal(err)
	}
}

func TestAnnounceStep_OnSQLiteShowsNothing(t *testing.T) {
	s := openSQLite(t)
	release, err := s.AnnounceStep(t.Context(), "o", migration.StepDeploy)
	if err != nil || steps(t, s, "o") != "[]" {
		t.Errorf("%s, %v", steps(t, s, "o"), err)
	}
	release()
}
