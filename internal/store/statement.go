package store

import (
	"context"
	"database/sql"
	"errors"
	"sync"
)

// statements keeps the statements of write transactions compiled on SQLite's one writing
// connection. Compiling is most of the work of a short query there: with it kept, finding
// out who acts takes a third of the time (BenchmarkInTx). PostgreSQL's driver keeps its own.
//
// A compiled statement serves one query at a time. The store reads the rows of a query to
// their end before the next one, so that holds within a transaction.
type statements struct {
	db *sql.DB

	mu       sync.Mutex
	compiled map[string]*sql.Stmt
	seen     map[string]bool // texts that ran once: lists of ids make many that never come again
}

// The bounds of memory: how many statements are kept, and how many texts are remembered.
const (
	mostCompiled = 250
	mostSeen     = 1000
)

func newStatements(db *sql.DB) *statements {
	return &statements{db: db, compiled: map[string]*sql.Stmt{}, seen: map[string]bool{}}
}

// in returns what runs the queries of a transaction. Call ended once it has.
func (s *statements) in(tx *sql.Tx) *compiling { return &compiling{Tx: tx, statements: s} }

// of returns the compiled statement of a text, if there is one.
func (s *statements) of(query string) *sql.Stmt {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.compiled[query]
}

// wanted reports whether a text that is not compiled is worth it: when it runs a second time.
func (s *statements) wanted(query string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen[query] {
		return len(s.compiled) < mostCompiled
	}
	if len(s.seen) == mostSeen {
		clear(s.seen)
	}
	s.seen[query] = true
	return false
}

// ended compiles what the transaction would have liked to be compiled, for the next ones.
// It needs the connection, so the transaction must have ended. What does not compile fails
// where it runs.
func (c *compiling) ended() {
	s := c.statements
	for _, query := range c.wants {
		stmt, err := s.db.PrepareContext(context.Background(), query)
		if err != nil {
			return
		}
		s.mu.Lock()
		if s.compiled[query] == nil {
			s.compiled[query], stmt = stmt, nil
		}
		s.mu.Unlock()
		if stmt != nil { // another one was quicker
			_ = stmt.Close()
		}
	}
}

// close forgets every statement.
func (s *statements) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, stmt := range s.compiled {
		errs = append(errs, stmt.Close())
	}
	clear(s.compiled)
	return errors.Join(errs...)
}

// compiling is a transaction whose statements are compiled where they can be.
type compiling struct {
	*sql.Tx
	statements *statements
	wants      []string
}

func (c *compiling) statement(ctx context.Context, query string) *sql.Stmt {
	if stmt := c.statements.of(query); stmt != nil {
		return c.StmtContext(ctx, stmt)
	}
	if c.statements.wanted(query) {
		c.wants = append(c.wants, query)
	}
	return nil
}

// ExecContext is that of [sql.Tx], like the other methods.
func (c *compiling) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if stmt := c.statement(ctx, query); stmt != nil {
		return stmt.ExecContext(ctx, args...)
	}
	return c.Tx.ExecContext(ctx, query, args...)
}

func (c *compiling) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if stmt := c.statement(ctx, query); stmt != nil {
		return stmt.QueryContext(ctx, args...)
	}
	return c.Tx.QueryContext(ctx, query, args...)
}

func (c *compiling) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if stmt := c.statement(ctx, query); stmt != nil {
		return stmt.QueryRowContext(ctx, args...)
	}
	return c.Tx.QueryRowContext(ctx, query, args...)
}
