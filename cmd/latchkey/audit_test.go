package main_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/app"
	"latchkey/internal/audit"
	"latchkey/internal/audit/search"
	"latchkey/internal/config"
	"latchkey/internal/demo"
	"latchkey/internal/store"
	"latchkey/internal/store/storetest"
)

// seeded is a folder with the demonstration's database, whose server has stopped.
func seeded(t *testing.T) string {
	t.Helper()
	folder := filepath.Dir(storetest.Empty(t))
	a, err := app.New(context.Background(), config.Config{Addr: "127.0.0.1:0", Data: folder}, app.Options{Demo: app.DemoAccounts()})
	if err != nil {
		t.Fatal(err)
	}
	if err := demo.Seed(context.Background(), a.Store, a.Hasher, a.Secrets); err != nil {
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
	for _, statement := range append([]string{"DROP TRIGGER IF EXISTS audit_events_no_update",
		"DROP TRIGGER IF EXISTS audit_events_no_delete"}, statements...) {
		if _, err := db.Exec(statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

func TestAudit_VerifiesTheDatabaseAndItsExport(t *testing.T) {
	folder, file := seeded(t), filepath.Join(t.TempDir(), "audit.jsonl")
	if code, out, errOut := run(t, "audit", "verify", "--data", folder); code != 0 ||
		!strings.HasPrefix(out, "The chain holds: 4 events, from event 1 to event 4.\nHead: 4 ") {
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
		"garbled":   {"UPDATE audit_events SET at = 'noon' WHERE seq = 3", "event 3 ("},
		"twice":     {"UPDATE audit_events SET at = 'noon', hash = x'00' WHERE seq >= 2", "event 2 ("},
	} {
		folder := seeded(t)
		behind(t, folder, tamper.statement)
		code, out, errOut := run(t, "audit", "verify", "--data", folder)
		if code != 1 || out != "" ||
			!strings.HasPrefix(errOut, "latchkey: the chain of the audit log does not hold: "+tamper.want) || strings.Count(errOut, "\n") != 1 {
			t.Errorf("%s: %d %q %q", name, code, out, errOut)
		}
	}
}

func TestAudit_ACutThatHidesItselfShowsAgainstTheLastExport(t *testing.T) {
	folder, file := seeded(t), filepath.Join(t.TempDir(), "audit.jsonl")
	if code, _, errOut := run(t, "audit", "export", "--data", folder, file); code != 0 {
		t.Fatal(errOut)
	}
	behind(t, folder, "DELETE FROM audit_events WHERE seq > 2",
		"UPDATE audit_head SET seq = 2, hash = (SELECT hash FROM audit_events WHERE seq = 2)")
	if code, _, errOut := run(t, "audit", "verify", "--data", folder); code != 0 {
		t.Fatalf("by itself nothing shows: %q", errOut)
	}
	if code, _, errOut := run(t, "audit", "verify", "--data", folder, "--against", file); code != 1 ||
		!strings.Contains(errOut, "event 3 is missing") {
		t.Errorf("against the export: %d %q", code, errOut)
	}
	shorter := filepath.Join(t.TempDir(), "shorter.jsonl")
	if code, _, errOut := run(t, "audit", "export", "--data", folder, shorter); code != 0 {
		t.Fatal(errOut)
	}
	if code, _, errOut := run(t, "audit", "verify", shorter, "--against", file); code != 1 ||
		!strings.Contains(errOut, "event 4 is not the event that was exported before") {
		t.Errorf("the shorter file against the first: %d %q", code, errOut)
	}
}

// headOf is the head that a command has printed.
func headOf(t *testing.T, out string) string {
	t.Helper()
	_, rest, found := strings.Cut(out, "Head: ")
	if !found {
		t.Fatalf("no head in %q", out)
	}
	return strings.TrimSpace(strings.Split(rest, "\n")[0])
}

func TestAudit_APrintedHeadIsAsGoodAsTheFile(t *testing.T) {
	folder, file := seeded(t), filepath.Join(t.TempDir(), "audit.jsonl")
	_, out, _ := run(t, "audit", "export", "--data", folder, file)
	head := headOf(t, out)
	for _, args := range [][]string{{"--data", folder}, {file}} {
		if code, _, errOut := run(t, append([]string{"audit", "verify", "--head", head}, args...)...); code != 0 {
			t.Errorf("%v: %d %q", args, code, errOut)
		}
		another := "3 " + strings.Fields(head)[1]
		if code, _, errOut := run(t, append([]string{"audit", "verify", "--head", another}, args...)...); code != 1 ||
			!strings.Contains(errOut, "event 3 is") {
			t.Errorf("%v, another head: %d %q", args, code, errOut)
		}
	}
	behind(t, folder, "DELETE FROM audit_events WHERE seq > 2",
		"UPDATE audit_head SET seq = 2, hash = (SELECT hash FROM audit_events WHERE seq = 2)")
	if code, _, errOut := run(t, "audit", "verify", "--data", folder, "--head", head); code != 1 ||
		!strings.Contains(errOut, "event 3 is missing") {
		t.Errorf("after a cut: %d %q", code, errOut)
	}
	for _, nonsense := range []string{"x", "4", "4 abc", "0 " + strings.Fields(head)[1], "-4 " + strings.Fields(head)[1]} {
		if code, _, errOut := run(t, "audit", "verify", "--data", folder, "--head="+nonsense); code != 1 ||
			strings.Count(errOut, "\n") != 1 || !strings.Contains(errOut, "--head: ") {
			t.Errorf("%q: %d %q", nonsense, code, errOut)
		}
	}
}

// pruned lets a year pass on a folder's server with a retention, and the week after which it believes the clock.
func pruned(t *testing.T, folder string, retention time.Duration) {
	t.Helper()
	days := 0
	a, err := app.New(context.Background(), config.Config{Addr: "127.0.0.1:0", Data: folder, AuditRetention: retention},
		app.Options{Now: func() time.Time { return time.Now().AddDate(1, 0, days) }})
	if err != nil {
		t.Fatal(err)
	}
	err = a.Audit.Prune(context.Background())
	days = 8
	if err := errors.Join(err, a.Audit.Prune(context.Background()), a.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestAudit_APrunedLogHoldsFromItsCheckpoint(t *testing.T) {
	folder, before, after := seeded(t), filepath.Join(t.TempDir(), "before.jsonl"), filepath.Join(t.TempDir(), "after.jsonl")
	if code, _, errOut := run(t, "audit", "export", "--data", folder, before); code != 0 {
		t.Fatal(errOut)
	}
	pruned(t, folder, 90*24*time.Hour)
	code, out, errOut := run(t, "audit", "verify", "--data", folder)
	if code != 0 || !strings.HasPrefix(out, "The chain holds: 2 events, from event 5 to event 6.\n") ||
		!strings.Contains(out, "as recorded in event 6") {
		t.Errorf("verify: %d %q %q", code, out, errOut)
	}
	if code, _, errOut := run(t, "audit", "verify", "--data", folder, "--against", before); code != 0 {
		t.Errorf("against an export up to the checkpoint: %d %q", code, errOut)
	}
	if code, _, errOut := run(t, "audit", "export", "--data", folder, after); code != 0 {
		t.Fatal(errOut)
	}
	if code, out, errOut := run(t, "audit", "verify", after); code != 0 ||
		!strings.HasPrefix(out, "The chain holds: 2 events, from event 5 to event 6.") {
		t.Errorf("its export: %d %q %q", code, out, errOut)
	}
	// Somebody pretends that more was pruned than was.
	behind(t, folder, "DROP TRIGGER IF EXISTS audit_checkpoints_are_signed", "DROP TRIGGER audit_checkpoints_no_update",
		"UPDATE audit_checkpoints SET hash = zeroblob(32)")
	if code, _, errOut := run(t, "audit", "verify", "--data", folder); code != 1 || !strings.Contains(errOut, "event 5 (") {
		t.Errorf("a checkpoint with another hash: %d %q", code, errOut)
	}
}

func TestAudit_ABeginningThatIsGoneNeedsASignature(t *testing.T) {
	folder, file := seeded(t), filepath.Join(t.TempDir(), "audit.jsonl")
	behind(t, folder, "DROP TRIGGER audit_checkpoints_are_signed",
		"INSERT INTO audit_checkpoints (seq, at, hash, signed_by, signed_at) SELECT seq, at, hash, 4, 0 FROM audit_events WHERE seq = 2", "DELETE FROM audit_events WHERE seq <= 2")
	if code, _, errOut := run(t, "audit", "verify", "--data", folder); code != 1 ||
		!strings.Contains(errOut, "event 4 does not sign for the checkpoint") {
		t.Errorf("verify: %d %q", code, errOut)
	}
	if code, _, errOut := run(t, "audit", "export", "--data", folder, file); code != 0 {
		t.Fatal(errOut)
	}
	if code, _, errOut := run(t, "audit", "verify", file); code != 1 || !strings.Contains(errOut, "event 3 is where the file begins") {
		t.Errorf("its export: %d %q", code, errOut)
	}
}

func TestAudit_AnEventThatIsHiddenFromTheSearchIsNamed(t *testing.T) {
	folder := t.TempDir()
	st, err := store.Open(context.Background(), store.Options{Path: filepath.Join(folder, "latchkey.db")})
	if err != nil {
		t.Fatal(err)
	}
	by := actor.Standing{Principal: access.Principal{Kind: access.Member, ID: "ada", Organization: "acme"}, Name: "Ada"}
	err = st.InTx(context.Background(), actor.System(""), func(tx *store.Tx) error {
		var failed error
		for range 2*search.MinStep + 10 {
			failed = errors.Join(failed, tx.AppendEvent(context.Background(),
				audit.Did(by, audit.Created, audit.Target{Type: audit.TargetGroup, ID: "g", Name: "G"})))
		}
		return failed
	})
	for done := err != nil; !done && err == nil; {
		done, err = st.IndexEvents(context.Background())
	}
	if err := errors.Join(err, st.Close()); err != nil {
		t.Fatal(err)
	}
	if code, _, errOut := run(t, "audit", "verify", "--index", "--data", folder); code != 0 {
		t.Fatalf("as it was written: %q", errOut)
	}
	row := func(low, high int64) string {
		x := search.NewIndex(search.Range{Low: low, High: high})
		for seq := low; seq <= high; seq++ {
			x.Add(seq, "acme", []string{"term"})
		}
		row, err := x.Row(search.Key{Organization: "acme", Term: "term"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("x'%x'", row)
	}
	for _, step := range []struct{ statement, want string }{
		{"UPDATE audit_index SET events = " + row(1, 1034) + " WHERE term = ''", "event 1035 is not found"},
		{"UPDATE audit_index SET events = " + row(1, 2*search.MinStep+10) + " WHERE term = ''", ""},
		{"INSERT INTO audit_index VALUES (0, 'acme', 'actor:eve', " + row(1030, 1040) + ")", "event 1030 is not found"},
		{"DELETE FROM audit_index WHERE term = 'actor:ada'", "event 1 is not found"},
	} {
		behind(t, folder, step.statement)
		code, _, errOut := run(t, "audit", "verify", "--index", "--data", folder)
		if (code == 0) != (step.want == "") || !strings.Contains(errOut, step.want) {
			t.Errorf("%s: %d %q, want %q", step.statement, code, errOut, step.want)
		}
	}
	if code, _, errOut := run(t, "audit", "verify", "--data", folder); code != 0 {
		t.Errorf("the chain by itself: %q", errOut)
	}
}

func TestAudit_MistakesAreOneLine(t *testing.T) {
	empty := t.TempDir()
	notes := filepath.Join(empty, "notes.txt")
	if err := os.WriteFile(notes, []byte("hello\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{"no database": {"audit", "verify", "--data", empty},
		"another file": {"audit", "verify", notes},
		"no folder":    {"audit", "export", "--data", empty, filepath.Join(empty, "x.jsonl")}} {
		if code, _, errOut := run(t, args...); code != 1 || strings.Count(errOut, "\n") != 1 || !strings.HasPrefix(errOut, "latchkey: ") {
			t.Errorf("%s: %d %q", name, code, errOut)
		}
	}
	if _, err := os.Stat(filepath.Join(empty, "latchkey.db")); err == nil {
		t.Error("looking has made a database")
	}
}
