package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"latchkey/internal/audit"
)

// ErrNotEmpty means that the target of a transfer contains data.
var ErrNotEmpty = errors.New("the target database already contains data; use an empty one")

// Transferred is the result of a transfer.
type Transferred struct {
	Tables []TableRows
	Key    string      // id of the key that seals secrets; "" if the source has none yet
	Audit  audit.State // of the copy, its chain verified
	Signer string      // id of the key that signed the log last; "" if nothing was signed
}

// TableRows is the number of copied rows of a table.
type TableRows struct {
	Table string
	Rows  int64
}

// Transfer copies every row of every table in the SQLite file at from to the PostgreSQL database at
// to. In one transaction it copies, counts the rows and verifies the audit chain of the copy. An
// interrupted transfer leaves nothing and can be run again. The error is [ErrNotEmpty] if the target
// contains data.
//
// Transfer migrates both databases to this program's schema. It reads a snapshot of the source.
// Later writes of a server are not in the copy, so stop the server first.
func Transfer(ctx context.Context, from, to string) (Transferred, error) {
	source, err := Open(ctx, Options{Path: from})
	if err != nil {
		return Transferred{}, err
	}
	target, err := Open(ctx, Options{URL: to})
	if err != nil {
		return Transferred{}, errors.Join(err, source.Close())
	}
	var done Transferred
	err = target.dialect.alone(ctx, target.write, func(db *sql.DB) error {
		done, err = transfer(ctx, source, target.dialect, db)
		return err
	})
	return done, errors.Join(target.dialect.translate(err), source.Close(), target.Close())
}

func transfer(ctx context.Context, source *Store, d dialect, db *sql.DB) (Transferred, error) {
	snapshot, err := source.read.BeginTx(ctx, nil)
	if err != nil {
		return Transferred{}, err
	}
	defer func() { _ = snapshot.Rollback() }()
	conn, err := db.Conn(ctx)
	if err != nil {
		return Transferred{}, err
	}
	defer conn.Close()
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return Transferred{}, err
	}
	defer func() { _ = tx.Rollback() }()
	if err := d.takeTurn(ctx, tx); err != nil {
		return Transferred{}, err
	}
	c := copier{from: &queries{db: snapshot}, to: &queries{db: tx}, conn: conn}
	done, err := c.run(ctx)
	if err != nil {
		return Transferred{}, err
	}
	return done, tx.Commit()
}

// copier copies tables in a transaction of the target.
type copier struct {
	from, to *queries
	conn     *sql.Conn // the transaction's
}

// headTable has one row in a new database. keyTable has one after the first start of a server, which
// says which key seals secrets: the source's is taken over. signedTable has triggers that check new rows against
// events, which may have been pruned.
const (
	headTable   = "audit_head"
	keyTable    = "sealing"
	signedTable = "audit_checkpoints"

	// settledTable has one row in a new database. The source's counts of tokens are for the moment that
	// its row says. They are copied, so tokensTable must not count the copied tokens again.
	settledTable = "token_settled"
	tokensTable  = "tokens"
)

func (c copier) run(ctx context.Context) (Transferred, error) {
	tables, err := c.tables(ctx)
	if err != nil {
		return Transferred{}, err
	}
	for _, table := range tables {
		if err := c.mustBeEmpty(ctx, table); err != nil {
			return Transferred{}, err
		}
	}
	for _, statement := range []string{`DELETE FROM ` + headTable, `DELETE FROM ` + keyTable, `DELETE FROM ` + settledTable,
		`ALTER TABLE ` + signedTable + ` DISABLE TRIGGER USER`, `ALTER TABLE ` + tokensTable + ` DISABLE TRIGGER USER`} {
		if _, err := c.to.db.ExecContext(ctx, statement); err != nil {
			return Transferred{}, err
		}
	}
	var done Transferred
	for _, table := range tables {
		n, err := c.copy(ctx, table)
		if err != nil {
			return Transferred{}, fmt.Errorf("copy the table %s: %w", table, err)
		}
		done.Tables = append(done.Tables, TableRows{table, n})
	}
	for _, table := range []string{signedTable, tokensTable} {
		if _, err := c.to.db.ExecContext(ctx, `ALTER TABLE `+table+` ENABLE TRIGGER USER`); err != nil {
			return Transferred{}, err
		}
	}
	if done.Key, err = c.to.SealingKey(ctx); err != nil {
		return Transferred{}, err
	}
	if done.Audit, err = audit.Verify(ctx, c.to, 1); err != nil {
		return Transferred{}, fmt.Errorf("the copy of the audit log: %w", err)
	}
	signed, _, err := c.to.LastSigned(ctx)
	done.Signer = signed.Key
	return done, err
}

// tables returns the target's tables, each after those that it refers to.
func (c copier) tables(ctx context.Context) ([]string, error) {
	rest, err := all(ctx, c.to, scanText, `SELECT tablename::text FROM pg_tables
		WHERE schemaname = 'public' AND tablename NOT LIKE 'goose%' ORDER BY tablename`)
	if err != nil {
		return nil, err
	}
	references, err := all(ctx, c.to, scanText, `SELECT DISTINCT conrelid::regclass::text || ' ' || confrelid::regclass::text
		FROM pg_constraint WHERE contype = 'f' AND conrelid <> confrelid AND connamespace = 'public'::regnamespace`)
	if err != nil {
		return nil, err
	}
	var ordered []string
	for len(rest) > 0 {
		i := slices.IndexFunc(rest, func(table string) bool {
			return !slices.ContainsFunc(rest, func(other string) bool { return slices.Contains(references, table+" "+other) })
		})
		if i < 0 {
			return nil, fmt.Errorf("the tables %s refer to each other in a cycle", strings.Join(rest, ", "))
		}
		ordered, rest = append(ordered, rest[i]), slices.Delete(rest, i, i+1)
	}
	return ordered, nil
}

func (c copier) mustBeEmpty(ctx context.Context, table string) error {
	condition := ``
	switch table {
	case headTable:
		condition = ` WHERE seq > 0`
	case keyTable, settledTable:
		return nil
	}
	n, err := c.to.number(ctx, `SELECT count(*) FROM (SELECT 1 FROM `+table+condition+` LIMIT 1) AS x`)
	if err == nil && n > 0 {
		return ErrNotEmpty
	}
	return err
}

// column is a column of the target.
type column struct{ name, typ string }

// copy copies one table and checks the number of rows.
func (c copier) copy(ctx context.Context, table string) (int64, error) {
	columns, err := all(ctx, c.to, func(row scanner) (column, error) {
		var col column
		err := row.Scan(&col.name, &col.typ)
		return col, err
	}, `SELECT column_name::text, data_type::text FROM information_schema.columns
		WHERE table_schema = 'public' AND table_name = $1 ORDER BY ordinal_position`, table)
	if err != nil {
		return 0, err
	}
	names := make([]string, len(columns))
	for i, col := range columns {
		names[i] = col.name
	}
	rows, err := c.from.query(ctx, `SELECT `+strings.Join(names, ", ")+` FROM `+table)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	var copied int64
	err = c.conn.Raw(func(driver any) error {
		copied, err = driver.(*stdlib.Conn).Conn().CopyFrom(ctx, pgx.Identifier{table}, names, &tableRows{rows: rows, columns: columns})
		return err
	})
	if err != nil {
		return 0, err
	}
	there, err := c.from.number(ctx, `SELECT count(*) FROM `+table)
	if err == nil && int64(there) != copied {
		err = fmt.Errorf("copied %d rows of %d", copied, there)
	}
	return copied, err
}

// tableRows passes rows from SQLite to PostgreSQL.
type tableRows struct {
	rows    *sql.Rows
	columns []column
}

func (r *tableRows) Next() bool { return r.rows.Next() }
func (r *tableRows) Err() error { return r.rows.Err() }

// Values returns the row with each value in the type of the target column. SQLite has no booleans
// and, in tables that are not strict, no reliable strings.
func (r *tableRows) Values() ([]any, error) {
	values := make([]any, len(r.columns))
	into := make([]any, len(values))
	for i := range values {
		into[i] = &values[i]
	}
	if err := r.rows.Scan(into...); err != nil {
		return nil, err
	}
	for i, col := range r.columns {
		switch v := values[i].(type) {
		case int64:
			if col.typ == "boolean" {
				values[i] = v != 0
			}
		case []byte:
			if col.typ == "text" {
				values[i] = string(v)
			}
		case string:
			if col.typ == "bytea" {
				values[i] = []byte(v)
			}
		}
	}
	return values, nil
}
