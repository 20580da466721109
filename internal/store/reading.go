package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/pressly/goose/v3"
)

// ErrOlderSchema means that this version of the program has not used the database yet.
var ErrOlderSchema = errors.New("the database is of an older version of Latchkey; start the server once to bring it up to date")

// OpenToRead opens an existing database for reading. It creates and migrates nothing and takes no
// lock, so it can open a SQLite file that a server is using, and a copy in a read-only folder. The
// database refuses writes through the store. The errors are those of [Open] except [ErrInUse],
// fs.ErrNotExist for a missing file, and [ErrOlderSchema].
func OpenToRead(ctx context.Context, o Options) (*Store, error) { return openExisting(ctx, o, false) }

// OpenBeside opens an existing database for a short change that no server keeps in memory, such as a
// link that sets a password. Unlike [Open] it takes no lock, so a server may be using the database,
// and it creates and migrates nothing. Each writes in its turn: the engines see to that. The errors
// are those of [OpenToRead].
func OpenBeside(ctx context.Context, o Options) (*Store, error) { return openExisting(ctx, o, true) }

// Present returns an error that says what is missing if there is no SQLite file at path.
func Present(path string) error {
	_, err := os.Stat(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	folder := filepath.Dir(path)
	if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) {
		return absent("the folder " + folder + " does not exist; --data names the folder with the database")
	}
	return absent("there is no database " + filepath.Base(path) + " in " + folder + "; --data names the folder with the database")
}

// absent is fs.ErrNotExist in words of its own.
type absent string

func (a absent) Error() string { return string(a) }
func (absent) Unwrap() error   { return fs.ErrNotExist }

func openExisting(ctx context.Context, o Options, writing bool) (*Store, error) {
	d, err := o.dialect()
	if err != nil {
		return nil, err
	}
	db, err := d.openExisting(ctx, writing)
	if err != nil {
		return nil, err
	}
	s := &Store{queries: queries{db: db, outside: d, postgres: isPostgres(d)}, write: db, read: db, dialect: d, now: time.Now}
	if err := sameSchema(ctx, db, d); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// sameSchema checks that the schema is the program's own. It does not ask goose for the version,
// because goose would create its table if it is missing.
func sameSchema(ctx context.Context, db *sql.DB, d dialect) error {
	dir, err := fs.Sub(migrations, d.folder())
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(d.goose(), db, dir)
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	var current, applied int64
	err = db.QueryRowContext(ctx, `SELECT max(version_id), count(DISTINCT version_id) FROM goose_db_version WHERE version_id > 0`).
		Scan(&current, &applied)
	if err != nil {
		return fmt.Errorf("this is not a database of Latchkey, or no server has used it yet: %w", d.translate(err))
	}
	sources := provider.ListSources()
	switch newest := sources[len(sources)-1].Version; {
	case current > newest:
		return fmt.Errorf("%w (schema %d, known %d)", ErrNewerSchema, current, newest)
	case applied < int64(len(sources)): // which need not be the newest
		return fmt.Errorf("%w (schema %d, known %d)", ErrOlderSchema, current, newest)
	}
	return nil
}
