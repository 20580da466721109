package store

import (
	"context"
	"database/sql"
	"io/fs"
	"path/filepath"
	"testing"
	"time"

	"github.com/pressly/goose/v3"
)

// at opens a SQLite file whose schema is an older one.
func at(t *testing.T, path string, version int64) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", sqliteDialect{path: path}.dsn(false))
	if err != nil {
		t.Fatal(err)
	}
	dir, err := fs.Sub(migrations, sqliteDialect{}.folder())
	if err != nil {
		t.Fatal(err)
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.UpTo(context.Background(), version); err != nil {
		t.Fatal(err)
	}
	return db
}

func TestUpgrade_KeepsWhenTokensWereUsed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "latchkey.db")
	db := at(t, path, 8)
	for _, statement := range []string{
		`INSERT INTO organizations (id, name, plan, created_at) VALUES ('o', 'Acme', 'enterprise', 1)`,
		`INSERT INTO tokens (id, organization_id, kind, name, name_key, digest, hint, created_at, last_used_at, last_used_from)
			VALUES ('used', 'o', 'organization', 'A', 'a', 'a', 'a', 1, 1700000000000, '[{"ip":"10.0.0.1","at":"2023-11-14T22:13:20Z"}]')`,
		`INSERT INTO tokens (id, organization_id, kind, name, name_key, digest, hint, created_at) VALUES ('unused', 'o', 'organization', 'B', 'b', 'b', 'b', 1)`,
	} {
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := Open(context.Background(), Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	used, err := s.Token(context.Background(), "o", "used")
	if err != nil || !used.LastUsedAt.Equal(time.UnixMilli(1700000000000)) || len(used.LastUsedFrom) != 1 || used.LastUsedFrom[0].IP != "10.0.0.1" {
		t.Errorf("%v from %v, %v", used.LastUsedAt, used.LastUsedFrom, err)
	}
	unused, err := s.Token(context.Background(), "o", "unused")
	if err != nil || !unused.LastUsedAt.IsZero() || len(unused.LastUsedFrom) != 0 {
		t.Errorf("%v from %v, %v", unused.LastUsedAt, unused.LastUsedFrom, err)
	}
}
