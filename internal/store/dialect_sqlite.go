package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"runtime"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"latchkey/internal/change"
	"latchkey/internal/fault"
)

// sqliteDialect keeps everything in one file, which one server uses.
type sqliteDialect struct{ path string }

func (d sqliteDialect) goose() goose.Dialect { return goose.DialectSQLite3 }
func (d sqliteDialect) folder() string       { return "migrations/sqlite" }

func (d sqliteDialect) claim() (release func() error, err error) {
	return lockFolder(filepath.Dir(d.path))
}

// Each connection has a cache of pages of its own, in KiB. The system keeps the file's pages
// as well, so small caches cost little time, and large ones would be most of the memory of
// a server with many readers.
const (
	writerCache = "cache_size(-4000)"
	readerCache = "cache_size(-2000)"
)

// dsn names the file with the pragmas that every writing connection must have. Transactions
// take the write lock at once (immediate): two that read first and write later could not
// both go on.
func (d sqliteDialect) dsn() string {
	return d.uri(url.Values{"_txlock": {"immediate"},
		"_pragma": {"foreign_keys(1)", "busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", writerCache}})
}

// readerDSN names the file for connections that only read.
func (d sqliteDialect) readerDSN(mode url.Values) string {
	v := url.Values{"_pragma": {"busy_timeout(10000)", "query_only(1)", readerCache}}
	maps.Copy(v, mode)
	return d.uri(v)
}

func (d sqliteDialect) uri(v url.Values) string {
	return "file:" + (&url.URL{Path: d.path}).EscapedPath() + "?" + v.Encode()
}

// existing does not create a missing file. Where SQLite cannot open the file or its log for
// writing, it opens them for reading.
func existing() url.Values { return url.Values{"mode": {"rw"}} }

// immutable has SQLite read the file alone, without locks and without a file beside it.
func immutable() url.Values { return url.Values{"mode": {"ro"}, "immutable": {"1"}} }

func (d sqliteDialect) open(ctx context.Context) (write, read *sql.DB, err error) {
	if err := d.prepareFile(); err != nil {
		return nil, nil, err
	}
	if write, err = sql.Open("sqlite", d.dsn()); err != nil {
		return nil, nil, err
	}
	write.SetMaxOpenConns(1)
	if err := write.PingContext(ctx); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("open the database %s: %w", d.path, err), write.Close())
	}
	if read, err = d.readers(existing()); err != nil {
		return nil, nil, errors.Join(err, write.Close())
	}
	return write, read, nil
}

func (d sqliteDialect) readers(mode url.Values) (*sql.DB, error) {
	read, err := sql.Open("sqlite", d.readerDSN(mode))
	if err != nil {
		return nil, err
	}
	readers := max(4, runtime.NumCPU())
	read.SetMaxOpenConns(readers)
	read.SetMaxIdleConns(readers)
	return read, nil
}

// openToRead opens the file beside a server that may be using it. In a folder that cannot be
// written, SQLite can read the file together with the log of a server (latchkey.db-wal and
// -shm). Without these files it reads the file as immutable: a server that used it would
// have them open.
func (d sqliteDialect) openToRead(ctx context.Context) (*sql.DB, error) {
	if _, err := os.Stat(d.path); err != nil {
		return nil, err
	}
	read, err := d.readable(ctx, existing())
	if !needsFolder(err) {
		return read, err
	}
	if read, err = d.readable(ctx, immutable()); err != nil {
		return nil, err
	}
	if log, err := os.Stat(d.path + "-wal"); err == nil && log.Size() > 0 {
		return nil, errors.Join(fmt.Errorf("%s-wal holds changes that can only be read in a folder that can be written; copy the folder there", d.path), read.Close())
	}
	return read, nil
}

// readable opens a pool and reads from it once.
func (d sqliteDialect) readable(ctx context.Context, mode url.Values) (*sql.DB, error) {
	read, err := d.readers(mode)
	if err != nil {
		return nil, err
	}
	if err := read.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_schema`).Scan(new(int)); err != nil {
		return nil, errors.Join(fmt.Errorf("open the database %s: %w", d.path, err), read.Close())
	}
	return read, nil
}

// needsFolder reports whether SQLite failed because it could not create a file beside the
// database.
func needsFolder(err error) bool {
	var driver *sqlite.Error
	return errors.As(err, &driver) && (driver.Code() == sqlite3.SQLITE_READONLY_DIRECTORY || driver.Code()&0xff == sqlite3.SQLITE_CANTOPEN)
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

func (d sqliteDialect) alone(_ context.Context, write *sql.DB, do func(*sql.DB) error) error {
	return do(write)
}

// takeTurn has nothing to do: there is one writing connection, and its transactions begin
// with the file's write lock.
func (d sqliteDialect) takeTurn(context.Context, *sql.Tx) error { return nil }

// publish has nobody to tell.
func (d sqliteDialect) publish(context.Context, *sql.Tx, []change.Change) error { return nil }

// follow waits: nobody else changes anything.
func (d sqliteDialect) follow(ctx context.Context, f *Feed) {
	f.alone()
	<-ctx.Done()
}

func (d sqliteDialect) lost(error) bool     { return false }
func (d sqliteDialect) collided(error) bool { return false }

func (d sqliteDialect) translate(err error) error {
	var driver *sqlite.Error
	if !errors.As(err, &driver) {
		return err
	}
	switch driver.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return exists(err)
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		return gone(err)
	}
	switch driver.Code() & 0xff { // what it is about, without the details
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY:
		return fault.NewUnavailable(err)
	}
	return err
}

// exists is the fault of a value that must be unique and is there already.
func exists(cause error) error {
	f := fault.NewConflict("That already exists.")
	f.Cause = cause
	return f
}

// gone is the fault of a reference to what is not there.
func gone(cause error) error {
	f := fault.NewConflict("Something that this refers to is gone.")
	f.Cause = cause
	return f
}
