package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"latchkey/internal/fault"
)

//go:embed migrations
var migrations embed.FS

// dialect is what differs between database engines. Everything else is one SQL text.
type dialect interface {
	// open connects a pool that writes and a pool that reads.
	open(ctx context.Context) (write, read *sql.DB, err error)
	// goose names the engine for the migration library.
	goose() goose.Dialect
	// folder holds the engine's migrations.
	folder() string
	// translate turns driver errors into faults; faults and others pass unchanged.
	translate(err error) error
}

// ErrNewerSchema says that the database was written by a newer Latchkey.
var ErrNewerSchema = errors.New("the database was written by a newer version of Latchkey; upgrade the program")

// migrate brings the schema up to date, forward only.
func migrate(ctx context.Context, db *sql.DB, d dialect) error {
	dir, err := fs.Sub(migrations, d.folder())
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(d.goose(), db, dir)
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	current, err := provider.GetDBVersion(ctx)
	if err != nil {
		return fmt.Errorf("read the schema version: %w", err)
	}
	sources := provider.ListSources()
	if newest := sources[len(sources)-1].Version; current > newest {
		return fmt.Errorf("%w (schema %d, known %d)", ErrNewerSchema, current, newest)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate the database: %w", err)
	}
	return nil
}

// sqliteDialect keeps everything in one file.
type sqliteDialect struct{ path string }

func (d sqliteDialect) goose() goose.Dialect { return goose.DialectSQLite3 }
func (d sqliteDialect) folder() string       { return "migrations/sqlite" }

// dsn names the file with the pragmas that every connection must have. Transactions take the
// write lock at once (immediate): two that read first and write later could not both go on.
func (d sqliteDialect) dsn(readOnly bool) string {
	v := url.Values{}
	for _, pragma := range []string{"foreign_keys(1)", "busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "cache_size(-16000)"} {
		v.Add("_pragma", pragma)
	}
	if readOnly {
		v.Add("_pragma", "query_only(1)")
	} else {
		v.Set("_txlock", "immediate")
	}
	return "file:" + (&url.URL{Path: d.path}).EscapedPath() + "?" + v.Encode()
}

func (d sqliteDialect) open(ctx context.Context) (write, read *sql.DB, err error) {
	if err := d.prepareFile(); err != nil {
		return nil, nil, err
	}
	if write, err = sql.Open("sqlite", d.dsn(false)); err != nil {
		return nil, nil, err
	}
	write.SetMaxOpenConns(1)
	if err := write.PingContext(ctx); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("open the database %s: %w", d.path, err), write.Close())
	}
	if read, err = sql.Open("sqlite", d.dsn(true)); err != nil {
		return nil, nil, errors.Join(err, write.Close())
	}
	readers := max(4, runtime.NumCPU())
	read.SetMaxOpenConns(readers)
	read.SetMaxIdleConns(readers)
	return write, read, nil
}

// prepareFile finds out early what SQLite would only report as "unable to open", and
// makes a new file readable by its owner only: SQLite's own files beside it follow suit.
func (d sqliteDialect) prepareFile() error {
	probe, err := os.CreateTemp(filepath.Dir(d.path), ".latchkey-probe-*")
	if err != nil {
		return fmt.Errorf("the data folder cannot be written: %w", err)
	}
	if err := errors.Join(probe.Close(), os.Remove(probe.Name())); err != nil {
		return err
	}
	file, err := os.OpenFile(d.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("the database cannot be written: %w", err)
	}
	return file.Close()
}

func (d sqliteDialect) translate(err error) error {
	var driver *sqlite.Error
	if !errors.As(err, &driver) {
		return err
	}
	switch code := driver.Code(); code {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		f := fault.NewConflict("That already exists.")
		f.Cause = err
		return f
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		f := fault.NewConflict("Something that this refers to is gone.")
		f.Cause = err
		return f
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY:
		return fault.NewUnavailable(err)
	}
	return err
}

// placeholders writes "$from, $from+1, …" for n arguments.
func placeholders(from, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "$%d", from+i)
	}
	return b.String()
}
