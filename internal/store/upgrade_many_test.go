package store

import (
	"crypto/sha256"
	"database/sql"
	command "flag"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// lastReleased is the last migration of the release before sign-in and rotation (commit 5f9cca5): most tables came after it.
const lastReleased = 21

var manyTokens = command.Int("tokens", 3000, "how many tokens the database of the last release has that is upgraded")

// TestUpgrade_OfTheLastReleaseLosesNothing makes a database as the last release left it, with as many tokens as
// the flag says, and compares every table that it had, row by row, after the upgrade. With 100,000 tokens the
// upgrade must take seconds; `make soak` says how many.
func TestUpgrade_OfTheLastReleaseLosesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "latchkey.db")
	db := at(t, path, lastReleased)
	for _, statement := range lastRelease(*manyTokens) {
		if _, err := db.Exec(statement); err != nil {
			t.Fatalf("%s\n%v", statement, err)
		}
	}
	columns := columnsOf(t, db)
	before := contents(t, db, columns)
	if n := before["tokens"].rows; n != *manyTokens || before["token_uses"].rows == 0 || before["audit_events"].rows != *manyTokens {
		t.Fatalf("made %+v", before)
	}
	closed(t, db)

	begin := time.Now()
	s, err := Open(t.Context(), Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	took := time.Since(begin)
	var ends int
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d tokens were upgraded in %v", *manyTokens, took.Round(time.Millisecond))
	if most := 2*time.Second + time.Duration(*manyTokens)*300*time.Microsecond; took > most {
		t.Errorf("the upgrade took %v, more than %v", took, most)
	}

	db = at(t, path, lastReleased) // it is there already
	defer closed(t, db)
	after := contents(t, db, columns)
	for table, was := range before {
		if after[table] != was && table != "goose_db_version" {
			t.Errorf("%s had %+v and has %+v", table, was, after[table])
		}
	}
	// What is new is filled from what was there: each end that is ahead is watched.
	if err := db.QueryRow(`SELECT count(*) FROM token_ends e 
		JOIN tokens t ON t.id = e.token_id AND t.expires_at = e.ends_at`).Scan(&ends); err != nil ||
		ends == 0 || ends != number(t, db, `SELECT count(*) FROM tokens WHERE expires_at IS NOT NULL AND deleted_at IS NULL`) {
		t.Errorf("%d ends are watched, %v", ends, err)
	}
}

// lastRelease returns statements that fill a database of the last release: one organization, ten workspaces, a
// thousand members with policies, and tokens of each kind, some expired, some deleted, one in three used, each
// with an event.
func lastRelease(tokens int) []string {
	count := func(n int) string {
		return fmt.Sprintf(`WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %d)`, n-1)
	}
	const day, now = "86400000", "1764000000000"
	return []string{
		`INSERT INTO organizations (id, name, plan, created_at) VALUES ('o', 'Acme', 'enterprise', 1)`,
		`INSERT INTO workspaces (id, organization_id, name, environment, region, created_at, updated_at) ` + count(10) +
			`SELECT 'w' || i, 'o', 'Workspace ' || i, 'PRODUCTION', 'US', i, i FROM n`,
		`INSERT INTO members (id, organization_id, email, name, role, status, created_at, updated_at) ` + count(1000) +
			`SELECT 'm' || i, 'o', 'm' || i || '@acme.example', 'Member ' || i, iif(i < 3, 'admin', 'member'),
				iif(i % 50 = 7, 'deactivated', 'active'), i, i FROM n`,
		`INSERT INTO policies (id, organization_id, workspace_id, kind, member_id, body, created_at, updated_at) ` + count(1000) +
			`SELECT 'p' || i, 'o', 'w' || (i % 10), 'member', 'm' || i, '{"source:edit":"all"}', i, i FROM n`,
		`INSERT INTO tokens (id, organization_id, kind, name, name_key, digest, hint, owner_id, workspace_id, scope, policy,
			created_by, created_at,
			expires_at, deleted_at, submission) ` + count(tokens) + `SELECT 't' || i, 'o',
			CASE WHEN i % 10 < 7 THEN 'personal' WHEN i % 10 < 9 THEN 'workspace' ELSE 'organization' END, 'Token ' || i, 'token ' || i,
			randomblob(32), 'lkpat_…' || substr('000' || (i % 10000), -4), iif(i % 10 < 7, 'm' || (i % 1000), ''), iif(i % 10 < 9,
				'w' || (i % 10), ''),
			iif(i % 10 < 7, 'read_write', ''), iif(i % 10 IN (7, 8), '{"source:edit":"all"}', ''), 'm1', ` + now + ` - i,
			CASE WHEN i % 4 > 0 THEN ` + now + ` + (i % 400 - 40) * ` + day + ` END, CASE WHEN i % 9 = 0 THEN ` + now + ` END, 'form ' || i FROM n`,
		`INSERT INTO token_uses (token_id, last_used_at, last_used_from)
			SELECT id, created_at + 5, '[{"ip":"192.0.2.1","at":"2025-11-24T16:00:00Z"}]' FROM tokens WHERE rowid % 3 = 0`,
		`INSERT INTO audit_events (seq, id, at, organization_id, actor_type, action, target_type,
				target_id, target_name, prev_hash, hash)
			SELECT rowid, 'e' || id, created_at, 'o', 'user', 'created', 'personal_access_token', id, name, randomblob(32),
				randomblob(32) FROM tokens`,
	}
}

func closed(t *testing.T, db *sql.DB) {
	t.Helper()
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}

func number(t *testing.T, db *sql.DB, query string) (n int) {
	t.Helper()
	if err := db.QueryRow(query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// content is what a table holds.
type content struct {
	rows   int
	digest [32]byte
}

// columnsOf returns the columns of each table, in the form of a list.
func columnsOf(t *testing.T, db *sql.DB) map[string]string {
	t.Helper()
	list := map[string]string{}
	rows, err := db.Query(`SELECT t.name, c.name FROM sqlite_master t, pragma_table_info(t.name) c 
		WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' ORDER BY t.name, c.cid`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var table, column string
		if err := rows.Scan(&table, &column); err != nil {
			t.Fatal(err)
		}
		list[table] = strings.TrimPrefix(list[table]+", "+column, ", ")
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return list
}

// contents returns what these columns of the tables hold, in whatever order.
func contents(t *testing.T, db *sql.DB, columns map[string]string) map[string]content {
	t.Helper()
	all := map[string]content{}
	for table, list := range columns {
		quoted := "quote(" + strings.ReplaceAll(list, ", ", ") || ' ' || quote(") + ")"
		rows, err := db.Query(`SELECT ` + quoted + ` AS row FROM ` + table + ` ORDER BY row`)
		if err != nil {
			t.Fatal(err)
		}
		hash, c := sha256.New(), content{}
		for rows.Next() {
			var row string
			if err := rows.Scan(&row); err != nil {
				t.Fatal(err)
			}
			fmt.Fprintln(hash, row)
			c.rows++
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		hash.Sum(c.digest[:0])
		all[table] = c
	}
	return all
}
