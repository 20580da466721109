package storetest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"latchkey/internal/store"
)

// migrated is the file of an empty database with the schema. It is made once per process: under
// the race detector the migrations take longer than most tests.
var migrated = sync.OnceValues(func() ([]byte, error) {
	folder, err := os.MkdirTemp("", "latchkey-")
	if err != nil {
		return nil, err
	}
	path := filepath.Join(folder, "latchkey.db")
	s, err := store.Open(context.Background(), store.Options{Path: path})
	if err == nil {
		err = s.Close() // which leaves nothing beside the file
	}
	file, readErr := os.ReadFile(path)
	return file, errors.Join(err, readErr, os.RemoveAll(folder))
})

// Empty returns the path of an empty SQLite database of the test's own, latchkey.db in a folder
// that goes with the test. Opening it runs no migration.
func Empty(t testing.TB) string {
	t.Helper()
	file, err := migrated()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "latchkey.db")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
