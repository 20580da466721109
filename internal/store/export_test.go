package store

import (
	"context"
	"database/sql"
	"sync/atomic"
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
