package store_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/demo"
	"latchkey/internal/fault"
	"latchkey/internal/registry"
	"latchkey/internal/store"
	"latchkey/internal/store/pgtest"
	"latchkey/internal/store/storetest"
	"latchkey/internal/token"
)

// plainHasher keeps passwords as they are: nobody signs in here.
type plainHasher struct{}

func (plainHasher) Hash(_ context.Context, password string) (string, error) { return password, nil }

// demoFile is a SQLite file with the demonstration in it.
func demoFile(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "latchkey.db")
	s, err := store.Open(t.Context(), store.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(demo.Seed(t.Context(), s, plainHasher{}, registry.Secrets{}), s.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

func openFile(t testing.TB, path string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// content is what a store holds, as far as these tests care.
func content(t *testing.T, s *store.Store) []any {
	t.Helper()
	o, err := s.SoleOrganization(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	kept := []any{o}
	for _, kind := range []token.Kind{token.Workspace, token.Organization} {
		list, err := s.ServiceTokens(t.Context(), o.ID, kind)
		if err != nil {
			t.Fatal(err)
		}
		kept = append(kept, list)
	}
	events, err := s.RecentEvents(t.Context(), o.ID, "", 100)
	if err != nil {
		t.Fatal(err)
	}
	return append(kept, events)
}

func TestTransfer_CopiesEverythingAndVerifiesTheChain(t *testing.T) {
	path, url := demoFile(t), pgtest.Migrated(t)
	done, err := store.Transfer(t.Context(), path, url)
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]int64{}
	for _, table := range done.Tables {
		rows[table.Table] = table.Rows
	}
	if rows["tokens"] < 10 || rows["policies"] < 5 || rows["audit_head"] != 1 ||
		done.Audit.Head.Seq != rows["audit_events"] || done.Audit.Head.Seq == 0 {
		t.Errorf("copied %+v", done)
	}
	source, target := openFile(t, path), openURL(t, url)
	if diff := cmp.Diff(content(t, source), content(t, target)); diff != "" {
		t.Errorf("(-source +copy):\n%s", diff)
	}
	// The copy goes on where the source was.
	err = target.InTx(t.Context(), actor.System(""), func(tx *store.Tx) error {
		return tx.AppendEvent(t.Context(), audit.Did(actor.Standing{}, audit.AddedToOrganization, audit.Target{Type: audit.TargetUser, ID: "u"}))
	})
	if err != nil {
		t.Fatal(err)
	}
	if state, err := audit.Verify(t.Context(), target, 2); err != nil || state.Head.Seq != done.Audit.Head.Seq+1 {
		t.Errorf("the chain of the copy, continued: %+v, %v", state, err)
	}
	if err := source.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Transfer(t.Context(), path, url); !errors.Is(err, store.ErrNotEmpty) {
		t.Errorf("into a database that holds data: %v", err)
	}
}

func TestTransfer_KeepsNothingOfABrokenChainAndMayBeRunAgain(t *testing.T) {
	path, url := demoFile(t), pgtest.Migrated(t)
	spoil := func(statement string) {
		t.Helper()
		s := openFile(t, path)
		if err := errors.Join(s.Exec(t.Context(), statement), s.Close()); err != nil {
			t.Fatal(err)
		}
	}
	spoil(`DROP TRIGGER audit_events_no_update`)
	spoil(`UPDATE audit_events SET actor_name = 'Mallory' WHERE seq = 2`)
	var broken *audit.Broken
	if _, err := store.Transfer(t.Context(), path, url); !errors.As(err, &broken) {
		t.Fatalf("a changed event: %v", err)
	}
	target := openURL(t, url)
	if claimed, err := target.Claimed(t.Context()); err != nil || claimed {
		t.Fatalf("something was kept: %v, %v", claimed, err)
	}
	spoil(`UPDATE audit_events SET actor_name = 'Ada Admin' WHERE seq = 2`)
	if _, err := store.Transfer(t.Context(), path, url); err != nil {
		t.Errorf("run again: %v", err)
	}
}

func TestBackup_IsAWholeDatabaseWhileAnotherWrites(t *testing.T) {
	path := demoFile(t)
	s := openFile(t, path)
	backup := filepath.Join(t.TempDir(), "backup.db")
	ctx, stop := context.WithCancel(t.Context())
	writing := make(chan error, 1)
	go func() {
		for ctx.Err() == nil {
			if err := s.InTx(context.Background(), actor.System(""), func(tx *store.Tx) error {
				return tx.AppendEvent(context.Background(), audit.Did(actor.Standing{}, audit.AddedToOrganization,
					audit.Target{Type: audit.TargetUser, ID: "u"}))
			}); err != nil {
				writing <- err
				return
			}
		}
		writing <- nil
	}()
	err := store.Backup(t.Context(), path, backup)
	stop()
	if err := errors.Join(err, <-writing); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(backup); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the backup's mode: %v, %v", info, err)
	}
	if err := store.Backup(t.Context(), path, backup); !errors.Is(err, os.ErrExist) {
		t.Errorf("over an existing file: %v", err)
	}
	restored := filepath.Join(t.TempDir(), "latchkey.db")
	if err := store.Restore(t.Context(), backup, restored); err != nil {
		t.Fatal(err)
	}
	copied := openFile(t, restored)
	if state, err := audit.Verify(t.Context(), copied, 1); err != nil || state.Head.Seq == 0 {
		t.Errorf("the chain of the backup: %+v, %v", state, err)
	}
	if err := store.Restore(t.Context(), backup, restored); !errors.Is(err, store.ErrInUse) {
		t.Errorf("into a folder that is used: %v", err)
	}
	if err := copied.Close(); err != nil {
		t.Fatal(err)
	}
	if err := store.Restore(t.Context(), backup, restored); !errors.Is(err, os.ErrExist) {
		t.Errorf("over an existing database: %v", err)
	}
}

func TestRestore_SignsEverybodyOut(t *testing.T) {
	b := storetest.NewBed(t, access.PlanEnterprise)
	backup, restored := filepath.Join(t.TempDir(), "backup.db"), filepath.Join(t.TempDir(), "latchkey.db")
	b.Must(store.Backup(t.Context(), b.File, backup))
	b.Must(store.Restore(t.Context(), backup, restored))
	copied := openFile(t, restored)
	err := copied.InTx(t.Context(), b.Admin.Caller(), func(*store.Tx) error { return nil })
	storetest.WantKind(t, err, fault.Unauthenticated)
	b.Must(b.Store.InTx(t.Context(), b.Admin.Caller(), func(*store.Tx) error { return nil })) // here nothing ended
}

// On PostgreSQL the operator deletes by hand what a restore deletes on SQLite.
func TestRestore_TheDocumentsDeleteTheSameOnPostgres(t *testing.T) {
	statements := make([]string, len(store.SignInTables))
	for i, table := range store.SignInTables {
		statements[i] = "DELETE FROM " + table + ";"
	}
	for _, name := range []string{"operations.md", "postgresql.md"} {
		text, err := os.ReadFile(filepath.Join("..", "..", "docs", name))
		if want := "`" + strings.Join(statements, " ") + "`"; err != nil || !strings.Contains(string(text), want) {
			t.Errorf("docs/%s does not say %s, %v", name, want, err)
		}
	}
}

func TestRestore_RefusesWhatIsNoBackupAndLeavesOnlyTheLocksFile(t *testing.T) {
	good := filepath.Join(t.TempDir(), "good.db")
	if err := store.Backup(t.Context(), demoFile(t), good); err != nil {
		t.Fatal(err)
	}
	bytes, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	half := append([]byte{}, bytes[:len(bytes)/2]...)
	for name, text := range map[string][]byte{"text": []byte(strings.Repeat("not a database ", 1000)), "empty": nil, "half": half} {
		folder := t.TempDir()
		file := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := store.Restore(t.Context(), file, filepath.Join(folder, "latchkey.db")); err == nil {
			t.Errorf("%s was restored", name)
		}
		if left, err := os.ReadDir(folder); err != nil || len(left) != 1 || left[0].Name() != "latchkey.lock" {
			t.Errorf("%s left %v, %v", name, left, err)
		}
	}
}
