package main_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"latchkey/internal/store"
	"latchkey/internal/store/pgtest"
	"latchkey/internal/store/storetest"
)

// server is a server on a data folder.
func server(folder string) *exec.Cmd {
	return exec.Command(binary, "serve", "--addr", "127.0.0.1:0", "--data", folder)
}

// writers are the commands that need a data folder for themselves. backup is a file to restore.
func writers(t *testing.T, folder, backup string) [][]string {
	t.Helper()
	file, err := filepath.Abs(exampleExport)
	if err != nil {
		t.Fatal(err)
	}
	return [][]string{
		{"serve", "--addr", "127.0.0.1:0", "--data", folder},
		{"demo", "--addr", "127.0.0.1:0", "--data", folder},
		{"import", file, "--strategy", "fresh", "--data", folder},
		{"import", file, "--strategy", "fresh", "--dry-run", "--data", folder},
		{"plan", "--data", folder},
		{"plan", "free", "--data", folder},
		{"restore", backup, "--data", folder},
		{"key", "rotate", "--data", folder},
		{"migrate-store", "--from", filepath.Join(folder, "latchkey.db"), "--to", "postgres://nobody@127.0.0.1:1/none"},
	}
}

var inUse = regexp.MustCompile(`^latchkey: (.*) is used by latchkey \(process (\d+), since (\S+Z)\)\n$`)

// refused runs a command that must end because the process pid has used the folder since a
// moment after began.
func refused(t *testing.T, folder string, pid int, began time.Time, args ...string) {
	t.Helper()
	code, out, errOut := run(t, args...)
	found := inUse.FindStringSubmatch(errOut)
	if code != 1 || out != "" || found == nil {
		t.Errorf("%v: exit %d, %q, %q", args, code, out, errOut)
		return
	}
	since, err := time.Parse(time.RFC3339, found[3])
	if found[1] != folder || found[2] != strconv.Itoa(pid) || err != nil || since.Before(began.Truncate(time.Second)) ||
		since.After(time.Now()) {
		t.Errorf("%v: %q; want the folder %s, process %d and a time since %v", args, errOut, folder, pid, began)
	}
}

func TestLock_AServerHasItsFolderForItself(t *testing.T) {
	folder, backup := seeded(t), filepath.Join(t.TempDir(), "backup.db")
	began, first := time.Now(), server(folder)
	serve(t, first)
	if code, _, errOut := run(t, "backup", backup, "--data", folder); code != 0 {
		t.Fatalf("a backup beside the server: %d %q", code, errOut)
	}
	for _, args := range writers(t, folder, backup) {
		refused(t, folder, first.Process.Pid, began, args...)
	}
	file := filepath.Join(t.TempDir(), "audit.jsonl")
	if code, out, errOut := run(t, "audit", "export", file, "--data", folder); code != 0 {
		t.Errorf("an export beside the server: %d %q %q", code, out, errOut)
	}
	if code, out, errOut := run(t, "audit", "verify", "--data", folder, "--against", file); code != 0 {
		t.Errorf("verifying beside the server: %d %q %q", code, out, errOut)
	}
}

// Nothing else in the folder is looked at: here it would be a mistake of another kind.
func TestLock_ComesBeforeEverythingElseInTheFolder(t *testing.T) {
	folder, backup, began := t.TempDir(), storetest.Empty(t), time.Now()
	holder, err := store.Open(t.Context(), store.Options{Path: filepath.Join(folder, "another.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = holder.Close() })
	for _, name := range []string{"latchkey.db", "latchkey.db-wal"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte("not a database"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range writers(t, folder, backup) {
		refused(t, folder, os.Getpid(), began, args...)
	}
}

func TestLock_EndsWithTheProcess(t *testing.T) {
	folder := seeded(t)
	lock := filepath.Join(folder, "latchkey.lock")
	first := server(folder)
	launch(t, first)
	kill(t, first)
	if left, err := os.ReadFile(lock); err != nil || !strings.HasPrefix(string(left), fmt.Sprintf("%d ", first.Process.Pid)) {
		t.Errorf("a killed server leaves %q, %v", left, err)
	}
	began, second := time.Now(), server(folder)
	launch(t, second)
	refused(t, folder, second.Process.Pid, began, "plan", "--data", folder)
	stop(t, second)
	if left, err := os.ReadFile(lock); err != nil || len(left) != 0 {
		t.Errorf("a stopped server leaves %q, %v", left, err)
	}
	if code, out, errOut := run(t, "plan", "--data", folder); code != 0 {
		t.Errorf("afterwards: %d %q %q", code, out, errOut)
	}
}

func TestLock_IsNotTakenWithPostgres(t *testing.T) {
	used, unused := seeded(t), t.TempDir()
	serve(t, server(used))
	url := pgtest.URL(t)
	for _, folder := range []string{used, unused} {
		if code, _, errOut := run(t, "plan", "--data", folder, "--database-url", url); code != 1 || !strings.Contains(errOut, "was not found") {
			t.Errorf("plan on an empty PostgreSQL database: %d %q", code, errOut)
		}
	}
	if left, err := os.ReadDir(unused); err != nil || len(left) != 0 {
		t.Errorf("the data folder got %v, %v", left, err)
	}
}

// shared is a folder of the test's own that every user can reach.
func shared(t *testing.T, mode os.FileMode) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "latchkey-shared-")
	if err == nil {
		err = os.Chmod(folder, mode)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = errors.Join(os.Chmod(folder, 0o700), os.RemoveAll(folder)) })
	return folder
}

// readOnlyCopy copies files of a data folder to where they can only be read.
func readOnlyCopy(t *testing.T, from string, names ...string) string {
	t.Helper()
	folder := shared(t, 0o700)
	for _, name := range names {
		content, err := os.ReadFile(filepath.Join(from, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, name), content, 0o444)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(folder, 0o555); err != nil {
		t.Fatal(err)
	}
	return folder
}

// runUnprivileged is run as a user who is not root.
func runUnprivileged(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	cmd := exec.Command(binary, args...)
	cmd.Dir = shared(t, 0o755)
	if os.Getuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	return finish(t, cmd)
}

func TestAudit_ReadsACopyThatCannotBeWritten(t *testing.T) {
	stopped, killed := seeded(t), filepath.Dir(storetest.Empty(t))
	demo := exec.Command(binary, "demo", "--addr", "127.0.0.1:0", "--data", killed)
	launch(t, demo)
	kill(t, demo) // its events are in the write-ahead log only
	part := readOnlyCopy(t, killed, "latchkey.db", "latchkey.db-wal")
	for name, c := range map[string]struct{ folder, copied string }{
		"of a server that stopped": {stopped, readOnlyCopy(t, stopped, "latchkey.db")},
		"of one that was killed":   {killed, readOnlyCopy(t, killed, "latchkey.db", "latchkey.db-wal", "latchkey.db-shm")},
	} {
		code, out, errOut := runUnprivileged(t, "audit", "verify", "--index", "--data", c.copied)
		if _, want, _ := run(t, "audit", "verify", "--index", "--data", c.folder); code != 0 || out != want ||
			!strings.HasPrefix(out, "The chain holds") {
			t.Errorf("verify, %s: %d %q %q, want %q", name, code, out, errOut, want)
		}
		file := filepath.Join(shared(t, 0o777), "audit.jsonl")
		if code, out, errOut := runUnprivileged(t, "audit", "export", file, "--data", c.copied); code != 0 ||
			!strings.HasPrefix(out, "Exported up to event") {
			t.Errorf("export, %s: %d %q %q", name, code, out, errOut)
		}
	}
	if code, _, errOut := runUnprivileged(t, "audit", "verify", "--data", part); code != 1 ||
		!strings.Contains(errOut, "latchkey.db-wal has changes") {
		t.Errorf("a log that cannot be read: %d %q", code, errOut)
	}
}

func TestAudit_ReadsOnlyTheProgramsOwnSchema(t *testing.T) {
	older, foreign := seeded(t), t.TempDir()
	behind(t, older, `DELETE FROM goose_db_version WHERE version_id = (SELECT max(version_id) FROM goose_db_version)`)
	behind(t, foreign, `CREATE TABLE notes (text TEXT)`)
	for folder, want := range map[string]string{older: "older version of Latchkey",
		newerDatabase(t): "newer version of Latchkey", foreign: "not a database of Latchkey"} {
		if code, _, errOut := run(t, "audit", "verify", "--data", folder); code != 1 || !strings.Contains(errOut, want) ||
			strings.Count(errOut, "\n") != 1 {
			t.Errorf("%d %q, want %q", code, errOut, want)
		}
		folder = readOnlyCopy(t, folder, "latchkey.db")
		if code, _, errOut := runUnprivileged(t, "audit", "verify", "--data", folder); code != 1 ||
			!strings.Contains(errOut, want) || strings.Count(errOut, "\n") != 1 {
			t.Errorf("a copy that cannot be written: %d %q, want %q", code, errOut, want)
		}
	}
}
