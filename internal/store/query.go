package store

import (
	"context"
	"database/sql"
	"reflect"
	"time"

	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
)

// runner is what *sql.DB and *sql.Tx have in common.
type runner interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// queries carries every read. It works on the pool of readers or inside a transaction.
type queries struct {
	db runner
	// outside is set outside of transactions, where each query stands for itself: lost
	// connections are replaced and errors translated at once.
	outside dialect
}

// query runs a query. Outside of a transaction a broken connection is replaced once.
func (q queries) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if err := storable(args); err != nil {
		return nil, err
	}
	rows, err := q.db.QueryContext(ctx, query, args...)
	if err != nil && q.outside != nil && q.outside.lost(err) {
		rows, err = q.db.QueryContext(ctx, query, args...)
	}
	if err != nil {
		return nil, q.translate(err)
	}
	return rows, nil
}

// translate turns the error of a query outside of a transaction into a fault. Inside, the
// driver's own errors must reach InTx.
func (q queries) translate(err error) error {
	if err == nil || q.outside == nil {
		return err
	}
	return q.outside.translate(err)
}

// storable refuses texts that not every engine can keep: PostgreSQL takes neither invalid
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
	f := fault.NewInvalid("The text holds characters that cannot be stored.")
	f.Cause = cause
	return f
}

// scanner is what *sql.Row and *sql.Rows have in common.
type scanner interface{ Scan(dest ...any) error }

// one runs a query for a single row. No row is NotFound, naming what.
func one[T any](ctx context.Context, q queries, what string, scan func(scanner) (T, error), query string, args ...any) (T, error) {
	v, found, err := first(ctx, q, scan, query, args...)
	if err == nil && !found {
		err = fault.NewNotFound(what)
	}
	return v, err
}

// first runs a query and scans its first row, if there is one.
func first[T any](ctx context.Context, q queries, scan func(scanner) (T, error), query string, args ...any) (v T, found bool, err error) {
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

// all runs a query and scans every row. No rows is an empty slice.
func all[T any](ctx context.Context, q queries, scan func(scanner) (T, error), query string, args ...any) ([]T, error) {
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

// each runs a query and calls do for every row as it comes. An error of do ends it.
func each(ctx context.Context, q queries, do func(scanner) error, query string, args ...any) error {
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
func (q queries) number(ctx context.Context, query string, args ...any) (int, error) {
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

// exec runs a statement and returns how many rows it changed.
func (tx *Tx) exec(ctx context.Context, query string, args ...any) (int64, error) {
	if err := storable(args); err != nil {
		return 0, err
	}
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
