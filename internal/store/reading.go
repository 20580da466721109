package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/pressly/goose/v3"
)

// ErrOlderSchema means that this version of the program has not used the database yet.
var ErrOlderSchema = errors.New("the database is of an older version of Latchkey; start the server once to bring it up to date")

// OpenToRead opens an existing database for reading. It creates and migrates nothing and takes no
// lock, so it can open a SQLite file that a server is using, and a copy in a read-only folder. The
// database refuses writes through the store. The errors are those of [Open] except [ErrInUse],
// fs.ErrNotExist for a missing file, and [ErrOlderSchema].
func OpenToRead(ctx context.Context, o Options) (*Store, error) {
	d, err := o.dialect()
	if err != nil {
		return nil, err
	}
	read, err := d.openToRead(ctx)
	if err != nil {
		return nil, err
	}
	s := &Store{queries: queries{db: read, outside: d}, write: read, read: read, dialect: d, now: time.Now}
	if err := sameSchema(ctx, read, d); err != nil {
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
