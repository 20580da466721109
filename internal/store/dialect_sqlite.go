package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
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

// Each connection has a cache of pages of its own, in KiB. The system keeps the file's pages
// as well, so small caches cost little time, and large ones would be most of the memory of
// a server with many readers.
const (
	writerCache = "cache_size(-4000)"
	readerCache = "cache_size(-2000)"
)

// dsn names the file with the pragmas that every connection must have. Transactions take the
// write lock at once (immediate): two that read first and write later could not both go on.
func (d sqliteDialect) dsn(readOnly bool) string {
	v := url.Values{}
	for _, pragma := range []string{"foreign_keys(1)", "busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)"} {
		v.Add("_pragma", pragma)
	}
	if readOnly {
		v.Add("_pragma", "query_only(1)")
		v.Add("_pragma", readerCache)
	} else {
		v.Set("_txlock", "immediate")
		v.Add("_pragma", writerCache)
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
