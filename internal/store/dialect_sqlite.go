package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"latchkey/internal/change"
	"latchkey/internal/fault"
)

// sqliteDialect stores everything in one file, which one server uses.
type sqliteDialect struct {
	path string
	// held reads the database file beside SQLite. It stays open as long as the folder is claimed: closing
	// any descriptor of the file would end SQLite's locks on it in this process (POSIX).
	held    *os.File
	claimed bool
}

func (d *sqliteDialect) goose() goose.Dialect { return goose.DialectSQLite3 }
func (d *sqliteDialect) folder() string       { return "migrations/sqlite" }

func (d *sqliteDialect) shape() string {
	return `SELECT t.name, c.name FROM sqlite_master AS t JOIN pragma_table_info(t.name) AS c WHERE t.type = 'table'
		UNION ALL SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL`
}

func (d *sqliteDialect) claim() (release func() error, err error) {
	unlock, err := lockFolder(filepath.Dir(d.path))
	if err != nil {
		return nil, err
	}
	d.claimed = true
	return sync.OnceValue(func() error { // it may be released again, also at the same time
		var err error
		if d.held != nil {
			err = d.held.Close()
		}
		return errors.Join(err, unlock())
	}), nil
}

// Sizes of the page cache of each connection, in KiB. The system caches the file's pages too, so
// small caches cost little time, and large ones would be most of the memory of a server with many
// readers.
const (
	writerCache = "cache_size(-4000)"
	readerCache = "cache_size(-2000)"
)

// dsn returns the file's name with the pragmas of writing connections. Transactions take the
// write lock when they begin (immediate): of two that read first and write later, one would fail.
func (d *sqliteDialect) dsn() string { return d.uri(d.writing()) }

func (d *sqliteDialect) writing() url.Values {
	return url.Values{"_txlock": {"immediate"},
		"_pragma": {"foreign_keys(1)", "busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", writerCache,
			fmt.Sprintf("journal_size_limit(%d)", walKept)}}
}

func (d *sqliteDialect) openExisting(ctx context.Context, writing bool) (*sql.DB, error) {
	if writing {
		return d.openBeside(ctx)
	}
	return d.openToRead(ctx)
}

// openBeside opens the file without the lock of the folder. The writer of a server and this one wait
// for each other by SQLite's own lock.
func (d *sqliteDialect) openBeside(ctx context.Context) (*sql.DB, error) {
	if err := Present(d.path); err != nil {
		return nil, err
	}
	v := d.writing()
	maps.Copy(v, existing())
	db, err := sql.Open("sqlite", d.uri(v))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open the database %s: %w", d.path, err), db.Close())
	}
	return db, nil
}

// readerDSN returns the file's name with the pragmas of connections that only read.
func (d *sqliteDialect) readerDSN(mode url.Values) string {
	v := url.Values{"_pragma": {"busy_timeout(10000)", "query_only(1)", readerCache}}
	maps.Copy(v, mode)
	return d.uri(v)
}

func (d *sqliteDialect) uri(v url.Values) string {
	return "file:" + (&url.URL{Path: d.path}).EscapedPath() + "?" + v.Encode()
}

// existing returns parameters for an existing file. If SQLite cannot open the file or its log for
// writing, it opens them for reading.
func existing() url.Values { return url.Values{"mode": {"rw"}} }

// immutable returns parameters with which SQLite reads only this file, without locks and without
// other files beside it.
func immutable() url.Values { return url.Values{"mode": {"ro"}, "immutable": {"1"}} }

func (d *sqliteDialect) open(ctx context.Context) (write, read *sql.DB, err error) {
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

func (d *sqliteDialect) readers(mode url.Values) (*sql.DB, error) {
	read, err := sql.Open("sqlite", d.readerDSN(mode))
	if err != nil {
		return nil, err
	}
	read.SetMaxOpenConns(readers())
	read.SetMaxIdleConns(readers())
	return read, nil
}

// readers returns how many connections read at the same time.
func readers() int { return max(4, runtime.NumCPU()) }

// openToRead opens the file, which a server may be using. In a read-only folder, SQLite can read
// the file together with a server's log (latchkey.db-wal and -shm). Without these files it opens
// the file as immutable: if a server were using it, they would exist.
func (d *sqliteDialect) openToRead(ctx context.Context) (*sql.DB, error) {
	if err := Present(d.path); err != nil {
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
		return nil, errors.Join(fmt.Errorf("%s-wal has changes that can only be read in a writable folder; copy the folder to one",
			d.path), read.Close())
	}
	return read, nil
}

// readable opens a pool and reads from it once.
func (d *sqliteDialect) readable(ctx context.Context, mode url.Values) (*sql.DB, error) {
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

// prepareFile returns clear errors for problems that SQLite only reports as "unable to open". It
// creates a new file readable by its owner only; SQLite gives its other files the same
// permissions.
func (d *sqliteDialect) prepareFile() error {
	probe, err := os.CreateTemp(filepath.Dir(d.path), ".latchkey-probe-*")
	if err != nil {
		return fmt.Errorf("cannot write to the data folder: %w", err)
	}
	if err := errors.Join(probe.Close(), os.Remove(probe.Name()), d.room()); err != nil {
		return err
	}
	file, err := os.OpenFile(d.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("cannot write to the database: %w", err)
	}
	if d.claimed {
		d.held = file
		return nil
	}
	return file.Close()
}

func (d *sqliteDialect) alone(ctx context.Context, write *sql.DB, do func(*sql.DB) error) error {
	if err := do(write); err != nil {
		return err
	}
	_, err := write.ExecContext(ctx, undoInMemory)
	return err
}

// Where the writing connection keeps what would undo a statement that fails halfway. SQLite makes a file for each
// statement that changes 16 pages or more, which was a quarter of the time of generating a token. What sorts or copies
// all that there is, as migrations and VACUUM do, uses files.
const (
	undoInMemory = `PRAGMA temp_store = MEMORY`
	undoInFiles  = `PRAGMA temp_store = FILE`
)

// takeTurn does nothing: there is one writing connection, and its transactions begin with the
// file's write lock.
func (d *sqliteDialect) takeTurn(context.Context, *sql.Tx) error { return nil }

// publish does nothing, because there are no other nodes.
func (d *sqliteDialect) publish(context.Context, *sql.Tx, []change.Change) error { return nil }

// follow waits for ctx to end, because no other node changes anything.
func (d *sqliteDialect) follow(ctx context.Context, f *Feed) {
	f.alone()
	<-ctx.Done()
}

// overwrite writes the whole file again, and then empties the log beside it. In the pages of the file
// that no row uses, and between rows, SQLite leaves what was there before.
func (d *sqliteDialect) overwrite(ctx context.Context, write *sql.DB) error {
	for _, statement := range []string{undoInFiles, `VACUUM`, undoInMemory} {
		if _, err := write.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	var busy, frames, moved int
	if err := write.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &frames, &moved); err != nil {
		return err
	}
	if busy != 0 {
		return errors.New("somebody is reading the database")
	}
	return nil
}

func (d *sqliteDialect) lost(error) bool     { return false }
func (d *sqliteDialect) collided(error) bool { return false }

// probeSize is how much room a probe needs, in bytes: more than most transactions.
const probeSize = 1 << 20

// probe writes a file beside the database, because the write-ahead log often has room left on
// a full disk. Then it writes to the database: setting user_version, which nothing uses,
// writes its first page.
func (d *sqliteDialect) probe(ctx context.Context, write *sql.DB) error {
	if err := d.room(); err != nil {
		return err
	}
	_, err := write.ExecContext(ctx, `PRAGMA user_version = 0`)
	return err
}

// room returns an error if the folder has no room for a file of probeSize.
func (d *sqliteDialect) room() error {
	file, err := os.OpenFile(filepath.Join(filepath.Dir(d.path), ".latchkey-probe"), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("cannot write to the data folder: %w", err)
	}
	filled := make([]byte, probeSize)
	for i := range filled {
		filled[i] = byte(i * i >> 7) // some file systems store zeros without taking room
	}
	_, err = file.Write(filled)
	if err := errors.Join(err, file.Close(), os.Remove(file.Name())); err != nil {
		return fmt.Errorf("cannot write to the data folder: %w", err)
	}
	return nil
}

// probeReading compares the size of the file with what its header says, because most of what is read comes
// from SQLite's memory. Then it reads from a table.
func (d *sqliteDialect) probeReading(ctx context.Context, write, read *sql.DB, afresh bool) error {
	if err := d.complete(ctx); err != nil {
		return err
	}
	if afresh { // the pages of a file that was too short are in memory as zeros
		if _, err := write.ExecContext(ctx, `PRAGMA shrink_memory`); err != nil {
			return err
		}
		read.SetMaxIdleConns(0) // closes those that are idle
		read.SetMaxIdleConns(readers())
	}
	var n int
	return read.QueryRowContext(ctx, `SELECT count(*) FROM (SELECT 1 FROM organizations LIMIT 1)`).Scan(&n)
}

// How often the file is looked at when it is too short: while the log's pages are moved into it, its header
// may be there before its last page.
const (
	looks    = 4
	lookWait = 50 * time.Millisecond
)

// complete returns an error if the database file is shorter than it must be, or has no header.
func (d *sqliteDialect) complete(ctx context.Context) error {
	if d.held == nil {
		return nil
	}
	for look := 1; ; look++ {
		err := wholeFile(d.held)
		if err == nil || look == looks {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(lookWait):
		}
	}
}

// wholeFile looks at the header of a database file (https://www.sqlite.org/fileformat.html, section 1.3).
func wholeFile(file *os.File) error {
	const magic = "SQLite format 3\x00"
	var header [100]byte
	if _, err := file.ReadAt(header[:], 0); err != nil || string(header[:len(magic)]) != magic {
		return fmt.Errorf("the database file has no header: %w", cmp.Or(err, errDamaged))
	}
	page := int64(binary.BigEndian.Uint16(header[16:]))
	if page == 1 {
		page = 65536
	}
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if pages := int64(binary.BigEndian.Uint32(header[28:])); info.Size() < pages*page {
		return fmt.Errorf("the database file has %d bytes of %d: %w", info.Size(), pages*page, errDamaged)
	}
	return nil
}

var errDamaged = errors.New("it was cut short or overwritten")

func (d *sqliteDialect) broken(err error) broken {
	var driver *sqlite.Error
	if !errors.As(err, &driver) {
		return unbroken
	}
	switch driver.Code() {
	case sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ, sqlite3.SQLITE_IOERR_CORRUPTFS:
		return unreadable
	}
	switch driver.Code() & 0xff {
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return unreadable
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY:
		return unwritable
	}
	return unbroken
}

func (d *sqliteDialect) translate(err error) error {
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
	switch {
	case driver.Code()&0xff == sqlite3.SQLITE_BUSY, d.broken(err) != unbroken:
		return fault.NewUnavailable(err)
	case driver.Code()&0xff == sqlite3.SQLITE_INTERRUPT: // by the end of the caller's context only
		return fmt.Errorf("%w: %w", context.Canceled, err)
	}
	return err
}

// exists returns the fault for a duplicate of a unique value.
func exists(cause error) error {
	f := fault.NewConflict("That already exists.")
	f.Cause = cause
	return f
}

// gone returns the fault for a reference to a missing row.
func gone(cause error) error {
	f := fault.NewConflict("Something that this refers to no longer exists.")
	f.Cause = cause
	return f
}
