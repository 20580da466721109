package store

import (
	"context"
	"database/sql"
	"reflect"
	"strings"
	"time"

	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
)

// runner is implemented by *sql.DB and *sql.Tx.
type runner interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// queries implements every read, on the pool of readers or inside a transaction. All methods have
// pointer receivers: with others, the program would contain each for Store and Tx besides *Store and
// *Tx.
type queries struct {
	db runner
	// outside is set outside of transactions. There each query is independent, so lost
	// connections are replaced and errors translated immediately.
	outside  dialect
	postgres bool // whether the engine is PostgreSQL: see position and unhinted
}

// unhinted returns a query as the engine should plan it. A condition on an expression, as hints has them, is
// a hint for SQLite: it uses no index for it. PostgreSQL weighs its indexes by statistics, and has none of
// expressions: it would expect that one row in 200 meets such a condition, and plan for a single row where there are
// 100,000, which took it 20 seconds. So it gets the bare columns.
func (q *queries) unhinted(query string) string {
	if q.postgres {
		return hints.Replace(query)
	}
	return query
}

// hints are what makes a column an expression.
var hints = strings.NewReplacer(` || ''`, ``, ` + 0`, ``)

// query runs a query. Outside of a transaction it retries once on a new connection if the
// connection is broken.
func (q *queries) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if err := storable(args); err != nil {
		return nil, err
	}
	query = q.unhinted(query)
	rows, err := q.db.QueryContext(ctx, query, args...)
	if err != nil && q.outside != nil && q.outside.lost(err) {
		rows, err = q.db.QueryContext(ctx, query, args...)
	}
	if err != nil {
		return nil, q.translate(err)
	}
	return rows, nil
}

// translate turns an error outside of a transaction into a fault. Inside, InTx needs the driver's
// own errors.
func (q *queries) translate(err error) error {
	if err == nil || q.outside == nil {
		return err
	}
	return q.outside.translate(err)
}

// storable refuses strings that not every engine can store: PostgreSQL accepts neither invalid
// UTF-8 nor the NUL character.
func storable(args []any) error {
	for _, arg := range args {
		v := reflect.ValueOf(arg)
		if v.Kind() == reflect.String && !plaintext.Storable(v.String()) {
			return unstorable(nil)
		}
	}
	return nil
}

func unstorable(cause error) error {
	f := fault.NewInvalid("The text contains characters that cannot be stored.")
	f.Cause = cause
	return f
}

// scanner is implemented by *sql.Row and *sql.Rows.
type scanner interface{ Scan(dest ...any) error }

// one runs a query for a single row. Without a row the error is NotFound about what.
func one[T any](ctx context.Context, q *queries, what string, scan func(scanner) (T, error), query string, args ...any) (T, error) {
	v, found, err := first(ctx, q, scan, query, args...)
	if err == nil && !found {
		err = fault.NewNotFound(what)
	}
	return v, err
}

// scanWith scans one additional column at the end.
type scanWith struct {
	scanner
	last any
}

// Scan is that of the row.
func (s scanWith) Scan(dest ...any) error { return s.scanner.Scan(append(dest, s.last)...) }

// first runs a query and scans its first row, if there is one.
func first[T any](ctx context.Context, q *queries, scan func(scanner) (T, error), query string, args ...any) (v T, found bool, err error) {
	rows, err := q.query(ctx, query, args...)
	if err != nil {
		return v, false, err
	}
	defer rows.Close()
	if !rows.Next() {
		return v, false, q.translate(rows.Err())
	}
	if v, err = scan(rows); err != nil {
		return v, false, q.translate(err)
	}
	return v, true, q.translate(rows.Close())
}

// all runs a query and scans every row. Without rows the slice is empty.
func all[T any](ctx context.Context, q *queries, scan func(scanner) (T, error), query string, args ...any) ([]T, error) {
	list := []T{}
	err := each(ctx, q, func(row scanner) error {
		v, err := scan(row)
		list = append(list, v)
		return err
	}, query, args...)
	if err != nil {
		return nil, err
	}
	return list, nil
}

// each runs a query and calls do for every row as it is read, until do returns an error.
func each(ctx context.Context, q *queries, do func(scanner) error, query string, args ...any) error {
	rows, err := q.query(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := do(rows); err != nil {
			return q.translate(err)
		}
	}
	return q.translate(rows.Err())
}

// number runs a query for one integer.
func (q *queries) number(ctx context.Context, query string, args ...any) (int, error) {
	n, found, err := first(ctx, q, func(row scanner) (int, error) {
		var n int
		err := row.Scan(&n)
		return n, err
	}, query, args...)
	if err == nil && !found {
		err = sql.ErrNoRows
	}
	return n, err
}

// exec runs a statement and returns the number of changed rows.
func (tx *Tx) exec(ctx context.Context, query string, args ...any) (int64, error) {
	if err := storable(args); err != nil {
		return 0, err
	}
	result, err := tx.db.ExecContext(ctx, tx.unhinted(query), args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// execOne runs a statement that must change exactly one row. If it changes none, the error is
// NotFound about what.
func (tx *Tx) execOne(ctx context.Context, what, query string, args ...any) error {
	n, err := tx.exec(ctx, query, args...)
	if err == nil && n == 0 {
		return fault.NewNotFound(what)
	}
	return err
}

// millis returns a time as it is stored. The zero time is NULL.
func millis(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMilli()
}

// moment converts a stored time.
func moment(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// maybeMoment converts a stored time that may be NULL, which becomes the zero time.
func maybeMoment(ms sql.NullInt64) time.Time {
	if !ms.Valid {
		return time.Time{}
	}
	return moment(ms.Int64)
}

// orNever converts a stored time that is 0 for never, which becomes the zero time.
func orNever(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return moment(ms)
}

// never converts a time to store, for a column where 0 is the zero time.
func never(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}
