package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"latchkey/internal/seal"
	"latchkey/internal/store/pgtest"
)

// keysIn returns the ids of the keys in a file, the newest first.
func keysIn(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	ring, err := seal.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return ring.IDs()
}

// newKeyFile makes a key file with the command.
func newKeyFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "k")
	if code, _, errOut := run(t, "key", "new", path); code != 0 {
		t.Fatalf("key new: %d %q", code, errOut)
	}
	return path
}

// refusedStart wants a start to exit with 1 and one line that has all the words.
func refusedStart(t *testing.T, args []string, words ...string) {
	t.Helper()
	code, _, errOut := run(t, append(args, "--addr", "127.0.0.1:0")...)
	line := strings.TrimSpace(errOut)
	if code != 1 || strings.Contains(line, "\n") || !strings.HasPrefix(line, "latchkey: ") {
		t.Errorf("%v: exit %d, %q", args, code, errOut)
	}
	for _, word := range words {
		if !strings.Contains(line, word) {
			t.Errorf("%v does not say %q: %q", args, word, line)
		}
	}
}

func TestKeyNew_MakesAFileOfItsOwnerAndOverwritesNone(t *testing.T) {
	path := newKeyFile(t)
	before, err := os.ReadFile(path)
	if info, statErr := os.Stat(path); err != nil || statErr != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v, %v", info.Mode(), err, statErr)
	}
	if code, _, errOut := run(t, "key", "new", path); code != 1 || !strings.Contains(errOut, "already exists") {
		t.Errorf("over a file: %d %q", code, errOut)
	}
	if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
		t.Errorf("the file changed, %v", err)
	}
	old := keysIn(t, path)
	code, out, _ := run(t, "key", "new", "--add", path)
	if now := keysIn(t, path); code != 0 || len(now) != 2 || now[1] != old[0] || !strings.Contains(out, now[0]) {
		t.Errorf("--add: %d %q, keys %q", code, out, now)
	}
	secret := strings.Fields(string(before))
	if strings.Contains(out, secret[len(secret)-1]) {
		t.Error("the command prints the key")
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
		t.Errorf("the folder has %v, %v", left, err)
	}
	if code, _, errOut := run(t, "key", "new", "--add", filepath.Join(t.TempDir(), "none")); code != 1 || !strings.Contains(errOut, "no such file") {
		t.Errorf("--add to nothing: %d %q", code, errOut)
	}
}

func TestServe_OnSQLiteMakesItsKeyOnceAndNeedsItAfterwards(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "secret.key")
	first := exec.Command(binary, "serve", "--addr", "127.0.0.1:0", "--data", folder)
	launch(t, first)
	stop(t, first)
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("the key file: %v, %v", info, err)
	}
	key := keysIn(t, file)[0]
	again := exec.Command(binary, "serve", "--addr", "127.0.0.1:0", "--data", folder)
	launch(t, again)
	stop(t, again)
	if now := keysIn(t, file); len(now) != 1 || now[0] != key {
		t.Errorf("a second start: %q", now)
	}
	kept := filepath.Join(t.TempDir(), "copy")
	if err := os.Rename(file, kept); err != nil {
		t.Fatal(err)
	}
	refusedStart(t, []string{"serve", "--data", folder}, file, "missing", key, "--discard-secrets")
	if _, err := os.Stat(file); err == nil {
		t.Error("a refused start made a new key")
	}
	other := newKeyFile(t)
	refusedStart(t, []string{"serve", "--data", folder, "--secret-key-file", other}, other, key, keysIn(t, other)[0])
	damaged := filepath.Join(t.TempDir(), "damaged")
	if err := os.WriteFile(damaged, []byte("-----BEGIN PRIVATE KEY-----\nMC4CAQ\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	refusedStart(t, []string{"serve", "--data", folder, "--secret-key-file", damaged}, damaged, "line 1")
	refusedStart(t, []string{"serve", "--data", folder, "--secret-key-file", kept + "-none"}, "is missing", key)
	refusedStart(t, []string{"serve", "--data", t.TempDir(), "--secret-key-file", kept + "-none"}, "does not exist", "latchkey key new")
	if code, _, errOut := run(t, "plan", "--data", folder); code != 1 || !strings.Contains(errOut, "was not found") {
		t.Errorf("a command that needs no key: %d %q", code, errOut)
	}
	serve(t, exec.Command(binary, "serve", "--addr", "127.0.0.1:0", "--data", folder, "--secret-key-file", kept))
}

func TestServe_OnPostgresNeedsTheSameKeyOnEveryServer(t *testing.T) {
	url := pgtest.URL(t)
	refusedStart(t, []string{"serve", "--data", t.TempDir(), "--database-url", url}, "--secret-key-file", "latchkey key new FILE")
	refusedStart(t, []string{"demo", "--database-url", url}, "--secret-key-file", "latchkey key new FILE")
	one, two := newKeyFile(t), newKeyFile(t)
	node := exec.Command(binary, "serve", "--addr", "127.0.0.1:0", "--database-url", url, "--secret-key-file", one)
	launch(t, node)
	refusedStart(t, []string{"serve", "--database-url", url, "--secret-key-file", two}, two, keysIn(t, one)[0], "same file on every server")
	same := exec.Command(binary, "serve", "--addr", "127.0.0.1:0", "--database-url", url)
	same.Env = append(os.Environ(), "LATCHKEY_SECRET_KEY_FILE="+one)
	launch(t, same)
	rotate := []string{"key", "rotate", "--database-url", url, "--secret-key-file"}
	if code, _, errOut := run(t, append(rotate, one)...); code != 1 || !strings.Contains(errOut, "latchkey key new --add") {
		t.Errorf("rotating before the servers have the key: %d %q", code, errOut)
	}
	if code, _, errOut := run(t, "key", "new", "--add", one); code != 0 {
		t.Fatalf("key new --add: %d %q", code, errOut)
	}
	if code, out, errOut := run(t, append(rotate, one)...); code != 0 || !strings.Contains(out, keysIn(t, one)[0]) {
		t.Errorf("rotating beside servers: %d %q %q", code, out, errOut)
	}
	stop(t, node)
	stop(t, same)
}

func TestKeyRotate_OnSQLiteKeepsEverythingAndOldBackups(t *testing.T) {
	folder := seeded(t)
	file, database := filepath.Join(folder, "secret.key"), filepath.Join(folder, "latchkey.db")
	old := keysIn(t, file)[0]
	backup := filepath.Join(t.TempDir(), "backup.db")
	if code, out, errOut := run(t, "backup", backup, "--data", folder); code != 0 || !strings.Contains(out, old) || !strings.Contains(out, file) {
		t.Errorf("a backup does not say that it needs the key: %d %q %q", code, out, errOut)
	}
	for i := range 2 {
		code, out, errOut := run(t, "key", "rotate", "--data", folder)
		keys := keysIn(t, file)
		if code != 0 || len(keys) != i+2 || keys[len(keys)-1] != old || !strings.Contains(out, "2 secrets are sealed with the key "+keys[0]) {
			t.Fatalf("rotation %d: %d %q %q, keys %q", i, code, out, errOut, keys)
		}
	}
	serve(t, server(folder))
	if code, _, errOut := run(t, "key", "rotate", "--data", folder); code != 1 || !strings.Contains(errOut, "used by latchkey") {
		t.Errorf("beside a server: %d %q", code, errOut)
	}
	if keys := keysIn(t, file); len(keys) != 3 {
		t.Errorf("a refused rotation changed the file: %q", keys)
	}
	restored := t.TempDir()
	if code, out, errOut := run(t, "restore", backup, "--data", restored); code != 0 || !strings.Contains(out, old) || !strings.Contains(out, "secret.key") {
		t.Errorf("restore does not say which key it needs: %d %q %q", code, out, errOut)
	}
	serve(t, exec.Command(binary, "serve", "--addr", "127.0.0.1:0", "--data", restored, "--secret-key-file", file))
	if _, err := os.Stat(database); err != nil {
		t.Error(err)
	}
}

// An interrupted rotation has written the file and not changed the database.
func TestKeyRotate_InterruptedGoesOnWhereItWas(t *testing.T) {
	folder := seeded(t)
	file := filepath.Join(folder, "secret.key")
	old := keysIn(t, file)[0]
	if code, _, errOut := run(t, "key", "new", "--add", file); code != 0 {
		t.Fatal(errOut)
	}
	next := keysIn(t, file)[0]
	between := server(folder)
	launch(t, between)
	stop(t, between)
	code, out, errOut := run(t, "key", "rotate", "--data", folder)
	if keys := keysIn(t, file); code != 0 || len(keys) != 2 || keys[0] != next || keys[1] != old || !strings.Contains(out, next) {
		t.Errorf("%d %q %q, keys %q", code, out, errOut, keys)
	}
}

func TestKeyRotate_DiscardsOnlyWhatALostKeyHasSealed(t *testing.T) {
	folder := seeded(t)
	file := filepath.Join(folder, "secret.key")
	if code, _, errOut := run(t, "key", "rotate", "--data", folder, "--discard-secrets"); code != 1 || !strings.Contains(errOut, "nothing needs to be discarded") {
		t.Errorf("with the key: %d %q", code, errOut)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if code, _, errOut := run(t, "key", "rotate", "--data", folder); code != 1 || !strings.Contains(errOut, "--discard-secrets") {
		t.Errorf("without the key: %d %q", code, errOut)
	}
	if code, out, errOut := run(t, "key", "rotate", "--data", folder, "--discard-secrets"); code != 0 || !strings.Contains(out, "2 secrets were discarded") {
		t.Errorf("%d %q %q", code, out, errOut)
	}
	serve(t, server(folder))
}

func TestMigrateStore_TakesSecretsAndSaysWhichKeyTheyNeed(t *testing.T) {
	folder, url := seeded(t), pgtest.URL(t)
	file := filepath.Join(folder, "secret.key")
	code, out, errOut := run(t, "migrate-store", "--from", filepath.Join(folder, "latchkey.db"), "--to", url)
	if code != 0 || !strings.Contains(out, keysIn(t, file)[0]) || !strings.Contains(out, "--secret-key-file") {
		t.Fatalf("%d %q %q", code, out, errOut)
	}
	refusedStart(t, []string{"serve", "--database-url", url, "--secret-key-file", newKeyFile(t)}, keysIn(t, file)[0])
	serve(t, exec.Command(binary, "serve", "--addr", "127.0.0.1:0", "--database-url", url, "--secret-key-file", file))
}
