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
	"latchkey/internal/verify"

	"github.com/pressly/goose/v3"
)

//go:embed migrations
var migrations embed.FS

// dialect is what differs between database engines. All other SQL is shared.
type dialect interface {
	// claim locks what only one program may use until release is called.
	claim() (release func() error, err error)
	// open connects a pool that writes and a pool that reads.
	open(ctx context.Context) (write, read *sql.DB, err error)
	// openExisting connects a pool that reads, and perhaps writes, an existing database, which a server
	// may be using.
	openExisting(ctx context.Context, writing bool) (*sql.DB, error)
	// alone runs do with a connection for migrating, while no other program does so.
	alone(ctx context.Context, write *sql.DB, do func(db *sql.DB) error) error
	// goose returns the engine's name in the migration library.
	goose() goose.Dialect
	// folder returns the folder of the engine's migrations.
	folder() string
	// inspector returns what looks at the schema and at the pages.
	inspector() inspector
	// takeTurn begins a write transaction: it waits until no other one is writing.
	takeTurn(ctx context.Context, tx *sql.Tx) error
	// announce makes an announcement to the other programs on the database until release is called.
	announce(ctx context.Context, read *sql.DB, s announcement) (release func(), err error)
	// announceIn makes an announcement until the transaction ends.
	announceIn(ctx context.Context, tx *sql.Tx, s announcement) error
	// announced returns the steps that programs announce for an organization.
	announced(ctx context.Context, q *queries, of int32) (map[int32]bool, error)
	// publish notifies other nodes of changes, as part of the transaction that makes them.
	publish(ctx context.Context, tx *sql.Tx, changes []change.Change) error
	// follow applies the changes of other nodes until ctx ends.
	follow(ctx context.Context, f *Feed)
	// overwrite overwrites the parts of the database that are not used any more.
	overwrite(ctx context.Context, write *sql.DB) error
	// lost reports whether err means a broken connection, so that a new one may work.
	lost(err error) bool
	// collided reports whether the engine aborted a transaction because of another one, so
	// that it may succeed if it is run again.
	collided(err error) bool
	// probe tries to write something that leaves no trace.
	probe(ctx context.Context, write *sql.DB) error
	// probeReading tries to read from the database itself, not from memory. afresh says that something
	// failed before: what is in memory may be wrong.
	probeReading(ctx context.Context, write, read *sql.DB, afresh bool) error
	// broken says whether err means a broken disk or database, so that others will fail as well.
	broken(err error) broken
	// translate turns driver errors into faults. It returns other errors unchanged.
	translate(err error) error
}

// inspector looks at the schema of a database and at how its rows lie.
type inspector interface {
	// shape returns a query for the columns of each table and the definition of each index, as
	// pairs of a name and one of these.
	shape() string
	// tables returns the tables in an order of their names, without those of the migration library.
	tables(ctx context.Context, q *queries) ([]checkedTable, error)
	// tokenPart calls read with what to select and with conditions on the rows t of the tokens, which together choose the
	// part. Each row that is selected is one text: liveText and the digest of one token or several.
	tokenPart(ctx context.Context, q *queries, p verify.Part, read readTexts) error
	// checkPages looks for damage below the rows.
	checkPages(ctx context.Context, c *checker) error
}

func (d *sqliteDialect) inspector() inspector  { return d }
func (d postgresDialect) inspector() inspector { return d }

// ErrNewerSchema means that the database was written by a newer Latchkey.
var ErrNewerSchema = errors.New("the database was written by a newer version of Latchkey; upgrade the program")

// migrate brings the schema up to date, forward only.
func migrate(ctx context.Context, db *sql.DB, d dialect) error {
	dir, err := fs.Sub(migrations, d.folder())
	if err != nil {
		return err
	}
	// Branches that were merged late added smaller numbers than some databases had by then.
	provider, err := goose.NewProvider(d.goose(), db, dir, goose.WithAllowOutofOrder(true))
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
	if err := mend(ctx, db, d); err != nil {
		return fmt.Errorf("mend the schema of an early version: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate the database: %w", err)
	}
	return nil
}

// placeholders returns "$from, $from+1, …" for n arguments.
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
