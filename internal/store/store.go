// Package store holds all SQL: it opens the database, brings its schema up to date and
// gives each aggregate its queries, one file per aggregate.
//
// Reads hang on queries and so work inside and outside a transaction; writes hang on
// [Tx] and exist only inside one. What a domain package needs it declares itself as a
// small interface; the adapters here ([Tokens], [Accounts], …) satisfy them. Driver errors become
// fault kinds in this package and nowhere else. It holds no rule: callers decide first.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"latchkey/internal/fault"
	"latchkey/internal/verify"
)

// Store is an open database. It is safe for concurrent use.
type Store struct {
	queries
	write   *sql.DB // one connection on SQLite: writers queue in the program
	read    *sql.DB
	dialect dialect
	now     func() time.Time
	commit  func(ctx context.Context, changes []verify.Change)
}

// Options says which database to open.
type Options struct {
	// Path of the SQLite file; it is created when missing, its folder is not.
	Path string
	// Now is the clock; time.Now when nil.
	Now func() time.Time
}

// Open opens the database and migrates it. The error says in one line what is wrong: a
// folder that cannot be written, a file that is no database, a schema that is newer
// than the program ([ErrNewerSchema]).
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	d := sqliteDialect{path: o.Path}
	write, read, err := d.open(ctx)
	if err != nil {
		return nil, err
	}
	s := &Store{queries: queries{db: read}, write: write, read: read, dialect: d, now: o.Now}
	if err := migrate(ctx, write, d); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Close closes every connection.
func (s *Store) Close() error { return errors.Join(s.read.Close(), s.write.Close()) }

// Now is the store's clock, cut to the precision that the database keeps.
func (s *Store) Now() time.Time { return s.now().UTC().Truncate(time.Millisecond) }

// Ping asks the database whether it answers.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.read.PingContext(ctx); err != nil {
		return fault.NewUnavailable(err)
	}
	return nil
}

// OnCommit registers who is told what a transaction changed: after its commit and before
// InTx returns. Register once, before the first transaction.
func (s *Store) OnCommit(tell func(ctx context.Context, changes []verify.Change)) { s.commit = tell }

// Tx is one write transaction. Its clock stands still: everything in it happens at Now.
type Tx struct {
	queries
	now     time.Time
	changes []verify.Change
}

// changed notes what a write changed, for those who keep it in memory. Every write that
// bears on what a token may do calls it.
func (tx *Tx) changed(kind verify.ChangeKind, id string) {
	tx.changes = append(tx.changes, verify.Change{Kind: kind, ID: id})
}

// Now is the moment of the transaction: UTC, whole milliseconds.
func (tx *Tx) Now() time.Time { return tx.now }

// InTx runs fn in a write transaction: all of it is kept, or nothing when fn fails or
// panics. Within fn use tx, never the Store.
func (s *Store) InTx(ctx context.Context, fn func(tx *Tx) error) error {
	sqlTx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return s.dialect.translate(fmt.Errorf("begin: %w", err))
	}
	// After a successful commit the rollback does nothing; on every other way out,
	// panics included, it leaves no trace of the transaction.
	defer func() { _ = sqlTx.Rollback() }()
	tx := &Tx{queries: queries{db: sqlTx}, now: s.Now()}
	if err := fn(tx); err != nil {
		return s.dialect.translate(err)
	}
	if err := sqlTx.Commit(); err != nil {
		return s.dialect.translate(fmt.Errorf("commit: %w", err))
	}
	if s.commit != nil && len(tx.changes) > 0 {
		// The change is made: those who keep a copy must hear of it even when the
		// request that made it was cancelled meanwhile.
		s.commit(context.WithoutCancel(ctx), tx.changes)
	}
	return nil
}

// runner is what *sql.DB and *sql.Tx have in common.
type runner interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// queries carries every read. It works on the pool of readers or inside a transaction.
type queries struct{ db runner }

// scanner is what *sql.Row and *sql.Rows have in common.
type scanner interface{ Scan(dest ...any) error }

// one runs a query for a single row. No row is NotFound, naming what.
func one[T any](ctx context.Context, q queries, what string, scan func(scanner) (T, error), query string, args ...any) (T, error) {
	v, err := scan(q.db.QueryRowContext(ctx, query, args...))
	if errors.Is(err, sql.ErrNoRows) {
		var zero T
		return zero, fault.NewNotFound(what)
	}
	return v, err
}

// all runs a query and scans every row. No rows is an empty slice.
func all[T any](ctx context.Context, q queries, scan func(scanner) (T, error), query string, args ...any) ([]T, error) {
	rows, err := q.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	list := []T{}
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, rows.Err()
}

// number runs a query for one integer.
func (q queries) number(ctx context.Context, query string, args ...any) (int, error) {
	var n int
	err := q.db.QueryRowContext(ctx, query, args...).Scan(&n)
	return n, err
}

// exec runs a statement and returns how many rows it changed.
func (tx *Tx) exec(ctx context.Context, query string, args ...any) (int64, error) {
	result, err := tx.db.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// execOne runs a statement that must change exactly one row; none is NotFound, naming what.
func (tx *Tx) execOne(ctx context.Context, what, query string, args ...any) error {
	n, err := tx.exec(ctx, query, args...)
	if err == nil && n == 0 {
		return fault.NewNotFound(what)
	}
	return err
}

// millis is how a time is stored; the zero time is NULL.
func millis(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMilli()
}

// moment reads a stored time.
func moment(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// maybeMoment reads a time that may be NULL: then it is the zero time.
func maybeMoment(ms sql.NullInt64) time.Time {
	if !ms.Valid {
		return time.Time{}
	}
	return moment(ms.Int64)
}
