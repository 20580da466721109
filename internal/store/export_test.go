package store

import (
	"context"
	"database/sql"
	"sync/atomic"
	"time"
)

// CountQueries makes the store count what is sent to the database outside of transactions
// from now on. The result says how many statements there were so far.
func (s *Store) CountQueries() func() int64 {
	c := &countingRunner{runner: s.db}
	s.db = c
	return c.n.Load
}

type countingRunner struct {
	runner
	n atomic.Int64
}

func (c *countingRunner) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	c.n.Add(1)
	return c.runner.QueryContext(ctx, query, args...)
}

func (c *countingRunner) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	c.n.Add(1)
	return c.runner.QueryRowContext(ctx, query, args...)
}

// Exec runs any statement in the transaction: for tests of the engine.
func (tx *Tx) Exec(ctx context.Context, statement string, args ...any) error {
	_, err := tx.exec(ctx, statement, args...)
	return err
}

// Text runs a query for one text on the pool of readers.
func (s *Store) Text(ctx context.Context, query string, args ...any) (string, error) {
	return one(ctx, &s.queries, "That row", scanText, query, args...)
}

// Texts runs a query for many.
func (s *Store) Texts(ctx context.Context, query string, args ...any) ([]string, error) {
	return all(ctx, &s.queries, scanText, query, args...)
}

// Exec runs a statement as somebody with access to the database can.
func (s *Store) Exec(ctx context.Context, statement string) error {
	_, err := s.write.ExecContext(ctx, statement)
	return err
}

// Count runs a query for one integer.
func (s *Store) Count(ctx context.Context, query string) (int, error) { return s.number(ctx, query) }

// CountStatements makes the transaction count its statements from now on.
func (tx *Tx) CountStatements() func() int64 {
	c := &countingRunner{runner: tx.db}
	tx.db = c
	return c.n.Load
}

func (c *countingRunner) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	c.n.Add(1)
	return c.runner.ExecContext(ctx, query, args...)
}

// NoteIdleBy is NoteIdle in steps of another size.
func (s *Store) NoteIdleBy(ctx context.Context, now time.Time, step int) error {
	return s.noteIdle(ctx, now, step)
}

// DropReaders closes the connections that read and are idle, so that what is read next needs a new one.
func (s *Store) DropReaders() {
	s.read.SetMaxIdleConns(0)
	s.read.SetMaxIdleConns(readers())
}

// SignInTables is what a restore deletes.
var SignInTables = signInTables
