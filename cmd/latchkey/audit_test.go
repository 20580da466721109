package main_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"latchkey/internal/app"
	"latchkey/internal/config"
	"latchkey/internal/demo"
)

// seeded is a folder with the demonstration's database, whose server has stopped.
func seeded(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	a, err := app.New(context.Background(), config.Config{Addr: "127.0.0.1:0", Data: folder}, app.Options{Demo: app.DemoAccounts()})
	if err != nil {
		t.Fatal(err)
	}
	if err := demo.Seed(context.Background(), a.Store, a.Hasher); err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	return folder
}

// behind runs statements on the database as somebody with the file can.
func behind(t *testing.T, folder string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(folder, "latchkey.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range append([]string{"DROP TRIGGER IF EXISTS audit_events_no_update", "DROP TRIGGER IF EXISTS audit_events_no_delete"}, statements...) {
		if _, err := db.Exec(statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

func TestAudit_VerifiesTheDatabaseAndItsExport(t *testing.T) {
	folder, file := seeded(t), filepath.Join(t.TempDir(), "audit.jsonl")
	if code, out, errOut := run(t, "audit", "verify", "--data", folder); code != 0 || !strings.HasPrefix(out, "The chain holds: 4 events, from event 1 to event 4.\nHead: 4 ") {
		t.Fatalf("verify: %d %q %q", code, out, errOut)
	}
	if code, out, errOut := run(t, "audit", "export", "--data", folder, file); code != 0 || !strings.Contains(out, "Exported up to event 4") {
		t.Fatalf("export: %d %q %q", code, out, errOut)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file: %v %v", info, err)
	}
	if code, out, errOut := run(t, "audit", "verify", file); code != 0 || !strings.HasPrefix(out, "The chain holds: 4 events") {
		t.Errorf("the file by itself: %d %q %q", code, out, errOut)
	}
	for _, args := range [][]string{{"--data", folder}, {file}} {
		if code, out, errOut := run(t, append([]string{"audit", "verify", "--against", file}, args...)...); code != 0 {
			t.Errorf("%v against the export: %d %q %q", args, code, out, errOut)
		}
	}
	if code, _, errOut := run(t, "audit", "export", "--data", folder, file); code != 1 || !strings.Contains(errOut, "exists") {
		t.Errorf("a second export over the first: %d %q", code, errOut)
	}
}

func TestAudit_TamperingIsOneLineThatNamesTheEvent(t *testing.T) {
	for name, tamper := range map[string]struct{ statement, want string }{
		"edited":    {"UPDATE audit_events SET target_name = 'Eve' WHERE seq = 3", "event 3 ("},
		"removed":   {"DELETE FROM audit_events WHERE seq = 2", "event 2 is missing"},
		"truncated": {"DELETE FROM audit_events WHERE seq = 4", "event 4 is missing"},
	} {
		folder := seeded(t)
		behind(t, folder, tamper.statement)
		code, out, errOut := run(t, "audit", "verify", "--data", folder)
		if code != 1 || out != "" || !strings.HasPrefix(errOut, "latchkey: the chain of the audit log does not hold: "+tamper.want) || strings.Count(errOut, "\n") != 1 {
			t.Errorf("%s: %d %q %q", name, code, out, errOut)
		}
	}
}

func TestAudit_ACutThatHidesItselfShowsAgainstTheLastExport(t *testing.T) {
	folder, file := seeded(t), filepath.Join(t.TempDir(), "audit.jsonl")
	if code, _, errOut := run(t, "audit", "export", "--data", folder, file); code != 0 {
		t.Fatal(errOut)
	}
	behind(t, folder, "DELETE FROM audit_events WHERE seq > 2", "UPDATE audit_head SET seq = 2, hash = (SELECT hash FROM audit_events WHERE seq = 2)")
	if code, _, errOut := run(t, "audit", "verify", "--data", folder); code != 0 {
		t.Fatalf("by itself nothing shows: %q", errOut)
	}
	if code, _, errOut := run(t, "audit", "verify", "--data", folder, "--against", file); code != 1 || !strings.Contains(errOut, "event 3 is missing") {
		t.Errorf("against the export: %d %q", code, errOut)
	}
	shorter := filepath.Join(t.TempDir(), "shorter.jsonl")
	if code, _, errOut := run(t, "audit", "export", "--data", folder, shorter); code != 0 {
		t.Fatal(errOut)
	}
	if code, _, errOut := run(t, "audit", "verify", shorter, "--against", file); code != 1 || !strings.Contains(errOut, "event 4 is not as it was exported before") {
		t.Errorf("the shorter file against the first: %d %q", code, errOut)
	}
}

func TestAudit_MistakesAreOneLine(t *testing.T) {
	empty := t.TempDir()
	notes := filepath.Join(empty, "notes.txt")
	if err := os.WriteFile(notes, []byte("hello\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{"no database": {"audit", "verify", "--data", empty}, "another file": {"audit", "verify", notes},
		"no folder": {"audit", "export", "--data", empty, filepath.Join(empty, "x.jsonl")}} {
		if code, _, errOut := run(t, args...); code != 1 || strings.Count(errOut, "\n") != 1 || !strings.HasPrefix(errOut, "latchkey: ") {
			t.Errorf("%s: %d %q", name, code, errOut)
		}
	}
	if _, err := os.Stat(filepath.Join(empty, "latchkey.db")); err == nil {
		t.Error("looking has made a database")
	}
}
