package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/pressly/goose/v3"
)

// ErrOlderSchema says that the database has not been used by this version of the program yet.
var ErrOlderSchema = errors.New("the database is of an older version of Latchkey; start the server once to bring it up to date")

// OpenToRead opens a database that is there, as it is: it makes nothing and migrates nothing,
// so that it can look at what a server is using. Do not write with it. The errors are those of
// [Open], fs.ErrNotExist for a file that is not there, and [ErrOlderSchema].
func OpenToRead(ctx context.Context, o Options) (*Store, error) {
	d, err := o.dialect()
	if err != nil {
		return nil, err
	}
	if o.URL == "" {
		if _, err := os.Stat(o.Path); err != nil {
			return nil, err
		}
	}
	write, read, err := d.open(ctx)
	if err != nil {
		return nil, err
	}
	s := &Store{queries: queries{db: read, outside: d}, write: write, read: read, dialect: d, now: time.Now}
	if err := sameSchema(ctx, read, d); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// sameSchema checks that the schema is the program's own.
func sameSchema(ctx context.Context, db *sql.DB, d dialect) error {
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
		return fmt.Errorf("read the schema version: %w", d.translate(err))
	}
	sources := provider.ListSources()
	switch newest := sources[len(sources)-1].Version; {
	case current > newest:
		return fmt.Errorf("%w (schema %d, known %d)", ErrNewerSchema, current, newest)
	case current < newest:
		return fmt.Errorf("%w (schema %d, known %d)", ErrOlderSchema, current, newest)
	}
	return nil
}
