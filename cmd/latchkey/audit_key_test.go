package main_test

import (
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"latchkey/internal/app"
	"latchkey/internal/audit"
	"latchkey/internal/config"
	"latchkey/internal/demo"
	"latchkey/internal/store"
	"latchkey/internal/store/pgtest"
	"latchkey/internal/store/storetest"
	"latchkey/internal/witness"
)

// signed is a folder with the demonstration's database, whose server has signed its log and
// stopped. heads is the file that it appended signed heads to, public the file of its public key.
func signed(t *testing.T) (folder, heads, public string) {
	t.Helper()
	folder = filepath.Dir(storetest.Empty(t))
	heads = filepath.Join(t.TempDir(), "heads.jsonl")
	open := func(seed bool) {
		a, err := app.New(t.Context(), config.Config{Addr: "127.0.0.1:0", Data: folder, MakeAuditKey: true, AuditHeadTo: heads},
			app.Options{Demo: app.DemoAccounts()})
		if err != nil {
			t.Fatal(err)
		}
		if seed {
			err = demo.Seed(t.Context(), a.Store, a.Hasher, a.Secrets)
		}
		if err := errors.Join(err, a.Close()); err != nil {
			t.Fatal(err)
		}
	}
	open(true)
	open(false) // nothing is new, so nothing is signed again
	return folder, heads, publicKey(t, folder)
}

// publicKey writes the public key of a folder to a file elsewhere.
func publicKey(t *testing.T, folder string) string {
	t.Helper()
	code, out, errOut := run(t, "audit", "key", "show", "--data", folder)
	if code != 0 || strings.Contains(out, "PRIVATE") {
		t.Fatalf("key show: %d %q %q", code, out, errOut)
	}
	path := filepath.Join(t.TempDir(), "audit.pub")
	if err := os.WriteFile(path, []byte(out), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// keyIn returns the id of the key that signs the log of a folder.
func keyIn(t *testing.T, folder string) string {
	t.Helper()
	key, err := witness.LoadKey(filepath.Join(folder, "audit.key"))
	if err != nil {
		t.Fatal(err)
	}
	return key.ID()
}

// forge rewrites the chain in a folder with SQL: it changes event 2, and computes all hashes again.
func forge(t *testing.T, folder string) {
	t.Helper()
	st, err := store.OpenToRead(t.Context(), store.Options{Path: filepath.Join(folder, "latchkey.db")})
	if err != nil {
		t.Fatal(err)
	}
	events, err := st.EventsAfter(t.Context(), 0, 1000)
	if err := errors.Join(err, st.Close()); err != nil {
		t.Fatal(err)
	}
	behind(t, folder)
	db, err := sql.Open("sqlite", filepath.Join(folder, "latchkey.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	prev := audit.Genesis()
	for _, e := range events {
		if e.Seq == 2 {
			e.Target.Name = "Nothing happened"
		}
		e.PrevHash = prev
		e.Hash = e.Sum()
		prev = e.Hash
		if _, err := db.Exec(`UPDATE audit_events SET target_name = $1, prev_hash = $2, hash = $3 WHERE seq = $4`,
			e.Target.Name, e.PrevHash, e.Hash, e.Seq); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.Exec(`UPDATE audit_head SET hash = $1`, prev); err != nil {
		t.Fatal(err)
	}
}

func TestAudit_AForgedChainShowsWithThePublicKeyAlone(t *testing.T) {
	folder, heads, public := signed(t)
	for _, args := range [][]string{{}, {"--public-key", public}, {"--public-key", public, "--heads", heads}} {
		if code, out, errOut := run(t, append([]string{"audit", "verify", "--data", folder}, args...)...); code != 0 ||
			!strings.Contains(out, "\nSigned: all of it, with key ") {
			t.Fatalf("as it was written, %v: %d %q %q", args, code, out, errOut)
		}
	}
	text, err := os.ReadFile(heads)
	if err != nil || strings.Count(string(text), "\n") != 1 {
		t.Errorf("the file of heads holds %q, %v; want one line", text, err)
	}
	forge(t, folder)
	alone := t.TempDir() // the database without the key beside it
	copyTo(t, filepath.Join(folder, "latchkey.db"), filepath.Join(alone, "latchkey.db"))
	if code, _, errOut := run(t, "audit", "verify", "--data", alone); code != 0 {
		t.Fatalf("without any key nothing shows: %q", errOut)
	}
	dropHeads := []string{"DROP TRIGGER audit_heads_no_delete", "DELETE FROM audit_heads"}
	for _, step := range []struct {
		statements []string
		want       string
	}{
		{nil, "event 4 is not the event whose head was signed on "},
		{dropHeads, "no head that is signed with the given key"},
	} {
		behind(t, folder, step.statements...)
		behind(t, alone, step.statements...)
		if code, out, errOut := run(t, "audit", "verify", "--data", alone, "--public-key", public); code != 1 || out != "" ||
			!strings.Contains(errOut, step.want) || strings.Count(errOut, "\n") != 1 {
			t.Errorf("with the public key: %d %q %q, want %q", code, out, errOut, step.want)
		}
		for _, args := range [][]string{{"--data", folder}, {"--data", alone, "--heads", heads}} {
			if code, _, errOut := run(t, append([]string{"audit", "verify"}, args...)...); code != 1 ||
				!strings.Contains(errOut, "event 4 is not the event whose head") {
				t.Errorf("%v: %d %q", args, code, errOut)
			}
		}
		// Nobody gets a signature for it: neither by an export nor by a start of the server.
		if code, _, errOut := run(t, "audit", "export", "--data", folder, filepath.Join(t.TempDir(), "x.jsonl")); code != 1 ||
			!strings.Contains(errOut, "event 4 is not the event whose head") {
			t.Errorf("export: %d %q", code, errOut)
		}
		if code, _, errOut := run(t, "audit", "key", "rotate", "--data", folder); code != 1 || !strings.Contains(errOut, "event 4 is not") {
			t.Errorf("rotate: %d %q", code, errOut)
		}
		restart(t, folder)
		if code, _, errOut := run(t, "audit", "verify", "--data", folder, "--public-key", public); code != 1 {
			t.Errorf("after a restart: %d %q", code, errOut)
		}
	}
}

// restart starts the server of a folder and stops it, which signs what it would.
func restart(t *testing.T, folder string) {
	t.Helper()
	a, err := app.New(context.Background(), config.Config{Addr: "127.0.0.1:0", Data: folder, MakeAuditKey: true}, app.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
}

func copyTo(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestAudit_ACutWithItsHeadsShowsInTheHeadsKeptElsewhere(t *testing.T) {
	folder, heads, public := signed(t)
	behind(t, folder, "DROP TRIGGER audit_heads_no_delete", "DELETE FROM audit_heads", "DELETE FROM audit_events WHERE seq > 2",
		"UPDATE audit_head SET seq = 2, hash = (SELECT hash FROM audit_events WHERE seq = 2)")
	for _, args := range [][]string{nil, {"--heads", heads}, {"--public-key", public, "--heads", heads}} {
		if code, _, errOut := run(t, append([]string{"audit", "verify", "--data", folder}, args...)...); code != 1 ||
			!strings.Contains(errOut, "event 4 is missing: a head of it was signed on ") {
			t.Errorf("%v: %d %q", args, code, errOut)
		}
	}
}

func TestAudit_AnExportIsSigned(t *testing.T) {
	folder, heads, public := signed(t)
	file := filepath.Join(t.TempDir(), "audit.jsonl")
	if code, out, errOut := run(t, "audit", "export", "--data", folder, file); code != 0 || !strings.Contains(out, "\nSigned: with key ") {
		t.Fatalf("%d %q %q", code, out, errOut)
	}
	for _, args := range [][]string{{"--public-key", public}, {"--public-key", public, "--heads", heads}} {
		if code, out, errOut := run(t, append([]string{"audit", "verify", file}, args...)...); code != 0 ||
			!strings.Contains(out, "Signed: all of it") {
			t.Errorf("%v: %d %q %q", args, code, out, errOut)
		}
	}
	if code, out, _ := run(t, "audit", "verify", file); code != 0 || !strings.Contains(out, "Signatures were not checked") {
		t.Errorf("without a key: %d %q", code, out)
	}
	other, _, otherKey := signed(t)
	_ = other
	if code, _, errOut := run(t, "audit", "verify", file, "--public-key", otherKey); code != 1 ||
		!strings.Contains(errOut, "no head that is signed") {
		t.Errorf("with another key: %d %q", code, errOut)
	}
	// A signature says nothing about another log.
	theirs := filepath.Join(t.TempDir(), "theirs.jsonl")
	if code, _, errOut := run(t, "audit", "export", "--data", other, theirs); code != 0 {
		t.Fatal(errOut)
	}
	ours, _ := os.ReadFile(file)
	text, _ := os.ReadFile(theirs)
	ourFirst, _, _ := strings.Cut(string(ours), "\n")
	_, rest, _ := strings.Cut(string(text), "\n")
	if err := os.WriteFile(theirs, []byte(ourFirst+"\n"+rest), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, errOut := run(t, "audit", "verify", theirs, "--public-key", public); code != 1 ||
		!strings.Contains(errOut, "event 4 is not the event whose head") {
		t.Errorf("our signature on their log: %d %q", code, errOut)
	}
}

func TestAudit_RotatesTheKey(t *testing.T) {
	folder, _, old := signed(t)
	before, err := os.ReadFile(filepath.Join(folder, "audit.key"))
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(folder, "audit.key")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key: %v, %v", info.Mode(), err)
	}
	for round := 1; round <= 2; round++ {
		if code, out, errOut := run(t, "audit", "key", "rotate", "--data", folder); code != 0 ||
			!strings.Contains(out, fmt.Sprintf("is replaced as of event %d.", 4+round)) {
			t.Fatalf("rotate: %d %q %q", code, out, errOut)
		}
	}
	after, err := os.ReadFile(filepath.Join(folder, "audit.key"))
	if err != nil || string(after) == string(before) {
		t.Errorf("the key is the same, %v", err)
	}
	if left, err := filepath.Glob(filepath.Join(folder, "*audit.key*")); err != nil || len(left) != 2 {
		t.Errorf("the folder holds %v, %v; want the key and its last head", left, err)
	}
	restart(t, folder)
	file := filepath.Join(t.TempDir(), "audit.jsonl")
	if code, _, errOut := run(t, "audit", "export", "--data", folder, file); code != 0 {
		t.Fatal(errOut)
	}
	for _, public := range []string{old, publicKey(t, folder)} {
		for _, args := range [][]string{{"--data", folder}, {file}} {
			if code, out, errOut := run(t, append([]string{"audit", "verify", "--public-key", public}, args...)...); code != 0 ||
				!strings.Contains(out, "Signed: all of it") {
				t.Errorf("%v: %d %q %q", args, code, out, errOut)
			}
		}
	}
	if code, _, errOut := run(t, "audit", "verify", "--data", folder); code != 0 {
		t.Error(errOut)
	}
}

func TestAudit_ARestoredBackupIsSignedOn(t *testing.T) {
	folder, _, public := signed(t)
	backup := filepath.Join(t.TempDir(), "backup.db")
	if code, _, errOut := run(t, "backup", "--data", folder, backup); code != 0 {
		t.Fatal(errOut)
	}
	if code, _, errOut := run(t, "plan", "--data", folder, "growth"); code != 0 { // an event, which plan signs
		t.Fatal(errOut)
	}
	if err := os.Remove(filepath.Join(folder, "latchkey.db")); err != nil {
		t.Fatal(err)
	}
	if code, out, errOut := run(t, "restore", "--data", folder, backup); code != 0 || !strings.Contains(out, "audit.key.head.") {
		t.Fatalf("%d %q %q", code, out, errOut)
	}
	if code, _, errOut := run(t, "plan", "--data", folder, "starter"); code != 0 {
		t.Fatal(errOut)
	}
	if code, out, errOut := run(t, "audit", "verify", "--data", folder, "--public-key", public); code != 0 ||
		!strings.Contains(out, "Signed: all of it") {
		t.Errorf("%d %q %q", code, out, errOut)
	}
}

func TestAudit_KeysOfOthersAreRefused(t *testing.T) {
	folder, _, _ := signed(t)
	key := filepath.Join(folder, "audit.key")
	if err := os.Chmod(key, 0o644); err != nil {
		t.Fatal(err)
	}
	if code, _, errOut := run(t, "audit", "export", "--data", folder, filepath.Join(t.TempDir(), "x")); code != 1 ||
		!strings.Contains(errOut, "can be used by others (mode 0644)") {
		t.Errorf("a key that everybody can read: %d %q", code, errOut)
	}
	if code, _, errOut := run(t, "audit", "key", "new", key); code != 1 || !strings.Contains(errOut, "already exists") {
		t.Errorf("over an existing one: %d %q", code, errOut)
	}
	if code, _, errOut := run(t, "audit", "verify", "--data", folder, "--public-key", key); code != 1 ||
		!strings.Contains(errOut, "holds a private key") {
		t.Errorf("a private key as a public one: %d %q", code, errOut)
	}
	made := filepath.Join(t.TempDir(), "made.key")
	if code, out, errOut := run(t, "audit", "key", "new", made); code != 0 || !strings.Contains(out, "BEGIN PUBLIC KEY") {
		t.Fatalf("%d %q %q", code, out, errOut)
	}
	if info, err := os.Stat(made); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the new key: %v, %v", info.Mode(), err)
	}
	if openssl, err := exec.LookPath("openssl"); err == nil {
		if out, err := exec.Command(openssl, "pkey", "-in", made, "-noout", "-text").CombinedOutput(); err != nil ||
			!strings.Contains(string(out), "ED25519") {
			t.Errorf("openssl reads %q, %v", out, err)
		}
	}
}

// TestAudit_TheDatabaseHoldsNoPrivateKey looks for the private key in every form in the files of the
// database.
func TestAudit_TheDatabaseHoldsNoPrivateKey(t *testing.T) {
	folder, _, _ := signed(t)
	text, err := os.ReadFile(filepath.Join(folder, "audit.key"))
	if err != nil {
		t.Fatal(err)
	}
	body := strings.Split(string(text), "\n")[1]
	der, err := base64.StdEncoding.DecodeString(body)
	if err != nil || len(der) < 32 {
		t.Fatal(err)
	}
	seed := string(der[len(der)-32:])
	for _, name := range []string{"latchkey.db", "latchkey.db-wal", "audit.key.head"} {
		content, err := os.ReadFile(filepath.Join(folder, name))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil || strings.Contains(string(content), seed) || strings.Contains(string(content), body) {
			t.Errorf("%s holds the private key, or %v", name, err)
		}
	}
}

// TestAudit_SignsOnPostgresWithTheSameKey moves a signed log to PostgreSQL, where the key is a file of
// its own.
func TestAudit_SignsOnPostgresWithTheSameKey(t *testing.T) {
	folder, heads, public := signed(t)
	url, key := pgtest.URL(t), filepath.Join(t.TempDir(), "audit.key")
	code, out, errOut := run(t, "migrate-store", "--from", filepath.Join(folder, "latchkey.db"), "--to", url)
	if code != 0 {
		t.Fatal(errOut)
	}
	for _, word := range []string{"--audit-key-file", keyIn(t, folder), filepath.Join(folder, "audit.key") + " ",
		filepath.Join(folder, "audit.key.head")} {
		if !strings.Contains(out, word) {
			t.Errorf("migrate-store does not name %s: %q", word, out)
		}
	}
	verify := []string{"audit", "verify", "--database-url", url, "--public-key", public, "--heads", heads}
	if code, out, errOut := run(t, verify...); code != 0 || !strings.Contains(out, "Signed: all of it") {
		t.Errorf("what was copied: %d %q %q", code, out, errOut)
	}
	copyTo(t, filepath.Join(folder, "audit.key"), key)
	if code, _, errOut := run(t, "plan", "growth", "--database-url", url); code != 0 { // without the key
		t.Fatal(errOut)
	}
	if code, out, errOut := run(t, verify...); code != 0 || !strings.Contains(out, "Signed: up to event 4") {
		t.Errorf("an event without the key: %d %q %q", code, out, errOut)
	}
	for _, step := range [][]string{{"plan", "starter"}, {"audit", "key", "rotate"}, {"plan", "growth"}} {
		if code, _, errOut := run(t, append(step, "--database-url", url, "--audit-key-file", key)...); code != 0 {
			t.Fatalf("%v: %q", step, errOut)
		}
		if code, out, errOut := run(t, verify...); code != 0 || !strings.Contains(out, "Signed: all of it") {
			t.Errorf("after %v: %d %q %q", step, code, out, errOut)
		}
	}
	if code, _, errOut := run(t, "audit", "key", "show", "--database-url", url); code != 1 || !strings.Contains(errOut, "no key here") {
		t.Errorf("without the file: %d %q", code, errOut)
	}
}

func TestAudit_AsRootLeavesWhatItWritesToTheFoldersOwner(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root opens what belongs to others")
	}
	folder, _, _ := signed(t)
	files := func() []string {
		t.Helper()
		list, err := filepath.Glob(filepath.Join(folder, "*"))
		if err != nil || len(list) == 0 {
			t.Fatal(list, err)
		}
		return list
	}
	for _, path := range append(files(), folder) {
		if err := os.Chown(path, 65534, 65534); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{{"plan", "growth"}, {"audit", "key", "rotate"}, {"plan", "starter"}, {"key", "rotate"}} {
		if code, _, errOut := run(t, append(args, "--data", folder)...); code != 0 {
			t.Fatalf("%v: %d %q", args, code, errOut)
		}
		for _, path := range files() {
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			if owner := info.Sys().(*syscall.Stat_t); owner.Uid != 65534 || owner.Gid != 65534 {
				t.Errorf("after %v %s belongs to %d:%d", args, path, owner.Uid, owner.Gid)
			}
		}
	}
}
