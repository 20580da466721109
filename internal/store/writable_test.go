package store_test

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/fault"
	"latchkey/internal/store"
	"latchkey/internal/store/pgtest"
	"latchkey/internal/store/storetest"
)

// untilProbed waits until Writable asks the database again.
func untilProbed() { time.Sleep(1100 * time.Millisecond) }

func TestWritable_IsUnavailableWhileTheDiskIsFull(t *testing.T) {
	folder := t.TempDir()
	s, err := store.Open(t.Context(), store.Options{Path: filepath.Join(folder, "latchkey.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	probe := filepath.Join(folder, ".latchkey-probe")
	if err := os.Symlink("/dev/full", probe); err != nil {
		t.Fatal(err)
	}
	if err := s.Writable(t.Context()); !fault.Is(err, fault.Unavailable) {
		t.Errorf("no room for a file: %v", err)
	}
	untilProbed() // the link is gone: there is room again
	if err := s.Writable(t.Context()); err != nil {
		t.Errorf("with room again: %v", err)
	}
	if left, err := filepath.Glob(filepath.Join(folder, "*probe*")); err != nil || len(left) != 0 {
		t.Errorf("the probe leaves %v %v", left, err)
	}
}

func TestWritable_WaitsForNoDiskThatHangs(t *testing.T) {
	folder := t.TempDir()
	s, err := store.Open(t.Context(), store.Options{Path: filepath.Join(folder, "latchkey.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	pipe := filepath.Join(folder, ".latchkey-probe")
	if out, err := exec.Command("mkfifo", pipe).CombinedOutput(); err != nil { // opening it to write waits for a reader
		t.Fatalf("%v %s", err, out)
	}
	begun := time.Now()
	var asking sync.WaitGroup
	for range 5 {
		asking.Go(func() {
			if err := s.Writable(t.Context()); !fault.Is(err, fault.Unavailable) {
				t.Errorf("while the disk hangs: %v", err)
			}
		})
	}
	asking.Wait()
	if took := time.Since(begun); took > 10*time.Second {
		t.Errorf("it took %v to say so", took)
	}
	reader, err := os.Open(pipe)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, reader); err != nil {
		t.Error(err)
	}
	if err := reader.Close(); err != nil {
		t.Error(err)
	}
	untilProbed()
	if err := s.Writable(t.Context()); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestWritable_IsUnavailableAfterATransactionFoundNoRoom(t *testing.T) {
	s := openSQLite(t)
	if err := s.Exec(t.Context(), `PRAGMA max_page_count = 1`); err != nil {
		t.Fatal(err)
	}
	err := s.InTx(t.Context(), actor.System(""), func(tx *store.Tx) error {
		return tx.Exec(t.Context(), `CREATE TABLE large AS WITH RECURSIVE n(i, b) AS (SELECT 1, randomblob(4000) UNION ALL
			SELECT i + 1, randomblob(4000) FROM n WHERE i < 1000) SELECT b FROM n`)
	})
	if !fault.Is(err, fault.Unavailable) {
		t.Fatalf("a full database: %v", err)
	}
	if err := s.Writable(t.Context()); !fault.Is(err, fault.Unavailable) {
		t.Errorf("afterwards: %v", err)
	}
}

func TestWritable_IsUnavailableOnADatabaseThatIsReadOnly(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) {
		s := openSQLite(t)
		refuses(t, s, func() {
			if err := s.Exec(t.Context(), `PRAGMA query_only = 1`); err != nil {
				t.Fatal(err)
			}
		})
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		url := pgtest.Migrated(t)
		s := openURL(t, url)
		t.Cleanup(func() {
			pgtest.Exec(t, url, `BEGIN READ WRITE;
				DO $$ BEGIN EXECUTE 'ALTER DATABASE ' || quote_ident(current_database()) || ' RESET default_transaction_read_only'; END $$;
				COMMIT`)
		})
		refuses(t, s, func() {
			pgtest.Exec(t, url, `DO $$ BEGIN EXECUTE 'ALTER DATABASE ' || quote_ident(current_database()) ||
				' SET default_transaction_read_only = on'; END $$;
				SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
		})
		err := s.InTx(t.Context(), actor.System(""), func(tx *store.Tx) error {
			return tx.InsertOrganization(t.Context(), account.Organization{ID: "o", Name: "Acme", Plan: access.PlanFree,
				CreatedAt: time.UnixMilli(1)})
		})
		if !fault.Is(err, fault.Unavailable) {
			t.Errorf("a transaction: %v", err)
		}
	})
}

// refuses makes the database read-only and asks before and after.
func refuses(t *testing.T, s *store.Store, readOnly func()) {
	t.Helper()
	if err := s.Writable(t.Context()); err != nil {
		t.Fatalf("before: %v", err)
	}
	readOnly()
	untilProbed()
	if err := s.Writable(t.Context()); !fault.Is(err, fault.Unavailable) {
		t.Errorf("afterwards: %v", err)
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("reading: %v", err)
	}
}

// TestReadable_OfADamagedFileIsSaidByANewConnectionToo cuts a database short. Under load a question needs a
// connection of its own, which cannot even be opened then.
func TestReadable_OfADamagedFileIsSaidByANewConnectionToo(t *testing.T) {
	path := storetest.Empty(t)
	s, err := store.Open(t.Context(), store.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if err := os.Truncate(path, 8192); err != nil {
		t.Fatal(err)
	}
	s.DropReaders()
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("it answers, but: %v", err)
	}
	if err := s.Readable(t.Context()); !fault.Is(err, fault.Unavailable) {
		t.Errorf("it can be read: %v", err)
	}
}
