package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"latchkey/internal/plaintext"
)

// mendedVersion is the migration since which files are never edited. It does nothing: a database
// that has it needs no mending.
const mendedVersion = 16

// mend gives a database what the files of its migrations say by now. Before they were released some
// were edited, so a database that was made earlier lacks something although it has their numbers. It
// goes before migrations, which fail on what they do not find. It also gives tokens the keys that their
// names have by now. On other databases it changes nothing.
func mend(ctx context.Context, db *sql.DB, d dialect) (err error) {
	var mended int
	err = db.QueryRowContext(ctx, `SELECT count(*) FROM goose_db_version WHERE version_id = $1`, mendedVersion).Scan(&mended)
	if err != nil || mended > 0 {
		return err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, tx.Rollback())
		}
	}()
	now, err := readShape(ctx, tx, d)
	if err != nil {
		return err
	}
	for _, r := range repairs() {
		if !r.needed(now) {
			continue
		}
		for _, statement := range r.statements {
			if _, err := tx.ExecContext(ctx, statement); err != nil {
				return fmt.Errorf("%s: %w", r.name, err)
			}
		}
	}
	if now.has("tokens") {
		if err := fillNameKeys(ctx, tx); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// shape is what a database consists of: the columns of each table, and the definition of each index.
type shape map[string][]string

func readShape(ctx context.Context, tx *sql.Tx, d dialect) (s shape, err error) {
	rows, err := tx.QueryContext(ctx, d.inspector().shape())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	s = shape{}
	for rows.Next() {
		var name, part string
		if err := rows.Scan(&name, &part); err != nil {
			return nil, err
		}
		s[name] = append(s[name], part)
	}
	return s, rows.Err()
}

// has reports whether there is a table or an index.
func (s shape) has(name string) bool { return len(s[name]) > 0 }

func (s shape) column(table, column string) bool { return slices.Contains(s[table], column) }

// index reports whether there is an index on a list of columns, and on all rows.
func (s shape) index(name, columns string) bool {
	return s.has(name) && strings.HasSuffix(s[name][0], "("+columns+")")
}

// repair is what databases need that were made with an earlier text of a migration.
type repair struct {
	name       string
	needed     func(shape) bool
	statements []string
}

// repairs returns one for each text that a migration had. The number is the migration's.
func repairs() []repair {
	const ofOwner, ofProvider = "organization_id, kind, owner_id, deleted_at", "organization_id, external_id"
	return []repair{
		{"00001: names of tokens", lacksNameKeys, []string{
			`ALTER TABLE tokens ADD COLUMN name_key TEXT NOT NULL DEFAULT ''`,
			`CREATE INDEX tokens_name ON tokens (organization_id, kind, owner_id, name_key) WHERE deleted_at IS NULL`,
		}},
		{"00001: tokens of an owner", func(s shape) bool { return s.has("tokens") && !s.index("tokens_owner", ofOwner) }, []string{
			`DROP INDEX IF EXISTS tokens_owner`,
			`CREATE INDEX tokens_owner ON tokens (` + ofOwner + `)`,
		}},
		// The index itself is not converted: 00011 makes another one in its place.
		{"00004: blocks of the audit log's index", func(s shape) bool { return s.column("audit_head", "indexed") }, []string{
			`ALTER TABLE audit_head DROP COLUMN indexed`,
			`CREATE TABLE audit_blocks (first BIGINT PRIMARY KEY, size BIGINT NOT NULL)`,
		}},
		{"00005: members of a provider", func(s shape) bool {
			return s.has("members_external") && !s.index("members_external", ofProvider)
		}, []string{
			`DROP INDEX members_external`,
			`CREATE INDEX members_external ON members (` + ofProvider + `)`,
		}},
		// The server builds the index again in the background.
		{"00011: ranges of the audit log's index", func(s shape) bool { return s.column("audit_blocks", "complete") }, []string{
			`DROP TABLE audit_blocks`,
			`CREATE TABLE audit_blocks (block BIGINT PRIMARY KEY, low BIGINT NOT NULL, high BIGINT NOT NULL)`,
			`DELETE FROM audit_index`,
		}},
		{"00015: fixed addresses", func(s shape) bool {
			return s.has("removed_members") && !s.column("organizations", "scim_fixed_addresses")
		}, []string{
			`ALTER TABLE organizations ADD COLUMN scim_fixed_addresses BOOLEAN NOT NULL DEFAULT FALSE`,
		}},
	}
}

// lacksNameKeys reports whether tokens are stored without the keys of their names.
func lacksNameKeys(s shape) bool { return s.has("tokens") && !s.column("tokens", "name_key") }

// fillNameKeys computes the keys of names, also where there is another one: an earlier version kept
// variation selectors in them. SQL cannot: engines differ in what a letter is.
func fillNameKeys(ctx context.Context, tx *sql.Tx) error {
	rows, err := tx.QueryContext(ctx, `SELECT id, name, name_key FROM tokens`)
	if err != nil {
		return err
	}
	keys := map[string]string{}
	for rows.Next() {
		var id, name, stored string
		if err := rows.Scan(&id, &name, &stored); err != nil {
			return errors.Join(err, rows.Close())
		}
		if key := plaintext.NameKey(name); key != stored {
			keys[id] = key
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for id, key := range keys {
		if _, err := tx.ExecContext(ctx, `UPDATE tokens SET name_key = $1 WHERE id = $2`, key, id); err != nil {
			return err
		}
	}
	return nil
}
