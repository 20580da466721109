package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"latchkey/internal/change"

	"github.com/pressly/goose/v3"
)

//go:embed migrations
var migrations embed.FS

// dialect is what differs between database engines. Everything else is one SQL text.
type dialect interface {
	// claim takes what only one program may use until release is called.
	claim() (release func() error, err error)
	// open connects a pool that writes and a pool that reads.
	open(ctx context.Context) (write, read *sql.DB, err error)
	// openToRead connects a pool that reads a database that is there.
	openToRead(ctx context.Context) (*sql.DB, error)
	// alone runs do on a connection that may migrate, while no other program does so.
	alone(ctx context.Context, write *sql.DB, do func(db *sql.DB) error) error
	// goose names the engine for the migration library.
	goose() goose.Dialect
	// folder holds the engine's migrations.
	folder() string
	// takeTurn is the first thing in a write transaction: it waits until no other writes.
	takeTurn(ctx context.Context, tx *sql.Tx) error
	// keep shows a sign to the other programs on the database until release is called.
	keep(ctx context.Context, read *sql.DB, s sign) (release func(), err error)
	// show shows a sign until the transaction ends.
	show(ctx context.Context, tx *sql.Tx, s sign) error
	// signs are those that any program shows for an organization.
	signs(ctx context.Context, q queries, of int32) (map[int32]bool, error)
	// publish tells other nodes of changes, as a part of the transaction that makes them.
	publish(ctx context.Context, tx *sql.Tx, changes []change.Change) error
	// follow keeps a follower informed of what other nodes change until ctx ends.
	follow(ctx context.Context, f *Feed)
	// lost reports whether the connection broke, so that another one may do better.
	lost(err error) bool
	// collided reports whether the engine gave a transaction up for the sake of another
	// one, so that it will do when it is run again.
	collided(err error) bool
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
