package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"latchkey/internal/actor"
	"latchkey/internal/store"
	"latchkey/internal/store/storetest"
)

func TestOpen_OneStoreAFolder(t *testing.T) {
	path := storetest.Empty(t)
	first := openFile(t, path)
	for _, name := range []string{"latchkey.db", "another.db"} {
		if s, err := store.Open(t.Context(), store.Options{Path: filepath.Join(filepath.Dir(path), name)}); !errors.Is(err, store.ErrInUse) {
			t.Errorf("%s beside an open store: %v, %v", name, s, err)
		}
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Errorf("a second time: %v", err)
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(path), "another.db")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a refused store made a file: %v", err)
	}
	openFile(t, path)
}

func TestOpen_GivesTheFolderBackWhenItFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "latchkey.db")
	if err := os.WriteFile(path, []byte(strings.Repeat("not a database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if s, err := store.Open(t.Context(), store.Options{Path: path}); err == nil || errors.Is(err, store.ErrInUse) {
			t.Errorf("a text: %v, %v", s, err)
		}
	}
}

func TestOpen_SaysThatTheFolderIsUsedWhenTheHolderIsUnknown(t *testing.T) {
	path := storetest.Empty(t)
	openFile(t, path)
	for name, text := range map[string]string{"nothing": "", "half of it": "4711"} {
		if err := os.WriteFile(filepath.Join(filepath.Dir(path), "latchkey.lock"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := store.Open(t.Context(), store.Options{Path: path})
		if !errors.Is(err, store.ErrInUse) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s in the lock's file: %v", name, err)
		}
	}
}

func TestOpen_IsNotHinderedByTheLockFileOfAProcessThatIsGone(t *testing.T) {
	path := storetest.Empty(t)
	lock := filepath.Join(filepath.Dir(path), "latchkey.lock")
	stale := fmt.Sprintf("%d 2020-01-02T03:04:05Z and more than is written today\n", os.Getppid())
	if err := os.WriteFile(lock, []byte(stale), 0o600); err != nil {
		t.Fatal(err)
	}
	before := time.Now().UTC().Truncate(time.Second)
	s := openFile(t, path)
	var pid int
	var moment string
	text, err := os.ReadFile(lock)
	if _, scanErr := fmt.Sscanf(string(text), "%d %s\n", &pid, &moment); err != nil || scanErr != nil ||
		strings.Count(string(text), " ") != 1 {
		t.Fatalf("the lock's file holds %q: %v, %v", text, err, scanErr)
	}
	if since, err := time.Parse(time.RFC3339, moment); pid != os.Getpid() || err != nil || since.Before(before) || since.After(time.Now()) {
		t.Errorf("the lock's file holds %q, want process %d and a time since %v", text, os.Getpid(), before)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(lock); err != nil || len(text) > 0 {
		t.Errorf("afterwards it holds %q, %v", text, err)
	}
}

// A process that was started meanwhile does not keep the folder when it lives longer.
func TestClose_GivesTheFolderBackThoughAChildLives(t *testing.T) {
	path := storetest.Empty(t)
	s := openFile(t, path)
	child := exec.Command("sleep", "60")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = errors.Join(child.Process.Kill(), child.Wait()) }()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	openFile(t, path)
}

func TestOpen_AsRootLeavesTheLockFileToTheFoldersOwner(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root opens what belongs to others")
	}
	path := storetest.Empty(t)
	if err := os.Chown(filepath.Dir(path), 65534, 65534); err != nil {
		t.Fatal(err)
	}
	openFile(t, path)
	info, err := os.Stat(filepath.Join(filepath.Dir(path), "latchkey.lock"))
	if err != nil {
		t.Fatal(err)
	}
	if owner := info.Sys().(*syscall.Stat_t); owner.Uid != 65534 || owner.Gid != 65534 {
		t.Errorf("the lock's file belongs to %d:%d", owner.Uid, owner.Gid)
	}
}

func TestOpenToRead_LooksAtWhatAServerUsesAndWritesNothing(t *testing.T) {
	path := storetest.Empty(t)
	s := openFile(t, path)
	reader, err := store.OpenToRead(t.Context(), store.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	const statement = `INSERT INTO organizations (id, name, plan, created_at) VALUES ('acme', 'Acme', 'free', 1)`
	do := func(tx *store.Tx) error { return tx.Exec(context.Background(), statement) }
	if err := reader.InTx(t.Context(), actor.System(""), do); err == nil {
		t.Error("a store that was opened to read wrote")
	}
	if err := s.InTx(t.Context(), actor.System(""), do); err != nil {
		t.Fatal(err)
	}
	if n, err := reader.Count(t.Context(), `SELECT count(*) FROM organizations`); err != nil || n != 1 {
		t.Errorf("the reader sees %d rows, %v", n, err)
	}
}
