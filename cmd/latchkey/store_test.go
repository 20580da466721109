package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"latchkey/internal/store/pgtest"
)

// demoFolder is the data folder of a demonstration that runs.
func demoFolder(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	serve(t, exec.Command(binary, "demo", "--addr", "127.0.0.1:0", "--data", folder))
	return folder
}

func TestBackupAndRestore_BringADatabaseBack(t *testing.T) {
	folder := demoFolder(t)
	file := filepath.Join(t.TempDir(), "backup.db")
	if code, out, errOut := run(t, "backup", file, "--data", folder); code != 0 || !strings.Contains(out, file) {
		t.Fatalf("backup: %d %q %q", code, out, errOut)
	}
	if code, _, errOut := run(t, "backup", file, "--data", folder); code != 1 || strings.Count(errOut, "\n") != 1 {
		t.Errorf("over a file: %d %q", code, errOut)
	}
	elsewhere := filepath.Join(t.TempDir(), "new")
	if code, _, errOut := run(t, "restore", file, "--data", elsewhere); code != 0 {
		t.Fatalf("restore: %d %q", code, errOut)
	}
	if code, out, errOut := run(t, "plan", "--data", elsewhere); code != 0 || !strings.Contains(out, "Acme") {
		t.Errorf("what was restored: %d %q %q", code, out, errOut)
	}
	if code, _, errOut := run(t, "restore", file, "--data", elsewhere); code != 1 || !strings.Contains(errOut, "already exists") {
		t.Errorf("over a database: %d %q", code, errOut)
	}
}

func TestMigrateStore_MovesToPostgresOnce(t *testing.T) {
	folder, url := seeded(t), pgtest.URL(t)
	file := filepath.Join(folder, "latchkey.db")
	code, out, errOut := run(t, "migrate-store", "--from", file, "--to", url)
	// Its log was never signed.
	if code != 0 || !strings.Contains(out, "Everything was copied") || strings.Contains(out, "--audit-key-file") {
		t.Fatalf("migrate-store: %d %q %q", code, out, errOut)
	}
	if code, out, errOut := run(t, "plan", "--database-url", url); code != 0 || !strings.Contains(out, "Acme") {
		t.Errorf("what was copied: %d %q %q", code, out, errOut)
	}
	if code, _, errOut := run(t, "migrate-store", "--from", file, "--to", url); code != 1 ||
		!strings.Contains(errOut, "already contains data") {
		t.Errorf("a second time: %d %q", code, errOut)
	}
	if _, err := os.Stat(file); err != nil {
		t.Errorf("the source: %v", err)
	}
}
