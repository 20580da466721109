package main_test

import (
	"crypto/sha256"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	_ "modernc.org/sqlite"

	"latchkey/internal/store/pgtest"
)

func TestCheck_FindsNothingBesideAServerAndOnPostgres(t *testing.T) {
	folder := demoFolder(t)
	if code, out, errOut := run(t, "check", "--data", folder); code != 0 || out != "The database is as it should be.\n" {
		t.Errorf("beside a server: %d %q %q", code, out, errOut)
	}
	if code, out, errOut := run(t, "check", "--json", "--data", folder); code != 0 || out != "[]\n" {
		t.Errorf("as JSON: %d %q %q", code, out, errOut)
	}
	url := pgtest.URL(t)
	if code, out, errOut := run(t, "migrate-store", "--from", filepath.Join(seeded(t), "latchkey.db"), "--to", url); code != 0 {
		t.Fatalf("migrate-store: %d %q %q", code, out, errOut)
	}
	if code, out, errOut := run(t, "check", "--database-url", url); code != 0 {
		t.Errorf("on PostgreSQL: %d %q %q", code, out, errOut)
	}
}

// TestCheck_FindsFlippedBits flips one bit at a time, at bytes that are not zero: those between the
// rows of a page are. What a flip leaves as it was, or changes without contradicting anything, is
// not found; the test holds the share. Which bytes are hit changes with every migration, so it leaves room.
func TestCheck_FindsFlippedBits(t *testing.T) {
	const flips, least = 40, 24
	path := filepath.Join(seeded(t), "latchkey.db")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, r := contents(t, path), rand.New(rand.NewPCG(17, 7))
	found, harmless := 0, 0
	for range flips {
		at := r.IntN(len(whole))
		for whole[at] == 0 {
			at = r.IntN(len(whole))
		}
		damaged := slices.Clone(whole)
		bit := r.IntN(8)
		damaged[at] ^= 1 << bit
		folder := t.TempDir()
		file := filepath.Join(folder, "latchkey.db")
		if err := os.WriteFile(file, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		code, out, errOut := run(t, "check", "--data", folder)
		switch {
		case code == 1 && out+errOut != "":
			found++
		case code != 0:
			t.Errorf("byte %d: status %d, %q %q", at, code, out, errOut)
		case contents(t, file) == before:
			harmless++
		default:
			t.Logf("not found: bit %d of byte %d: %q", bit, at, around(damaged, at))
		}
	}
	t.Logf("of %d flipped bits %d were found, and %d changed nothing", flips, found, harmless)
	if found < least {
		t.Errorf("of %d flipped bits only %d were found", flips, found)
	}
}

// around returns the bytes around one.
func around(file []byte, at int) []byte { return file[max(0, at-12):min(len(file), at+12)] }

// contents returns a digest of all rows of a file.
func contents(t *testing.T, path string) string {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?mode=ro&immutable=1")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	sum := sha256.New()
	for _, table := range append(texts(t, db, `SELECT name FROM sqlite_schema WHERE type = 'table'`), "sqlite_schema") {
		columns := texts(t, db, `SELECT 'quote("' || name || '")' FROM pragma_table_info('`+table+`')`)
		for _, row := range texts(t, db, `SELECT `+strings.Join(columns, ` || ',' || `)+` AS row FROM "`+table+`" ORDER BY row`) {
			fmt.Fprintln(sum, table, row)
		}
	}
	return string(sum.Sum(nil))
}

// texts runs a query for texts. What cannot be read, it leaves out.
func texts(t *testing.T, db *sql.DB, query string) (list []string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		return nil
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if rows.Scan(&text) == nil {
			list = append(list, text)
		}
	}
	return list
}

// TestCommands_SayThatThereIsNoDatabase runs what needs a database without one, and makes none.
func TestCommands_SayThatThereIsNoDatabase(t *testing.T) {
	empty := t.TempDir()
	none := filepath.Join(empty, "none")
	for _, args := range [][]string{{"check"}, {"recover", "ada@acme.example"}, {"plan"}, {"key", "rotate"}, {"audit", "verify"},
		{"audit", "export", filepath.Join(empty, "x.jsonl")}, {"backup", filepath.Join(empty, "x.db")},
		{"import", "--strategy", "fresh", export(t, "", "")}} {
		for folder, want := range map[string]string{empty: "there is no database latchkey.db in " + empty,
			none: "the folder " + none + " does not exist"} {
			want = "latchkey: " + want + "; --data names the folder with the database\n"
			if code, _, got := run(t, append(args, "--data", folder)...); code != 1 || got != want {
				t.Errorf("%q: %d %q, want %q", args, code, got, want)
			}
		}
	}
	if left, err := os.ReadDir(empty); len(left) != 0 || err != nil {
		t.Errorf("there is now %v, %v", left, err)
	}
}
