package store

import (
	"context"
	"database/sql"
	"errors"
	"sync"
)

// statements caches the compiled statements of write transactions on SQLite's one writing
// connection. Compiling is most of the work of a short query there: with cached statements,
// loading the caller takes a third of the time (BenchmarkInTx). PostgreSQL's driver has its own
// cache.
//
// A compiled statement serves one query at a time. That is enough within a transaction, because the
// store reads all rows of a query before it runs the next one.
type statements struct {
	db *sql.DB

	mu       sync.Mutex
	compiled map[string]*sql.Stmt
	seen     map[string]bool // texts that ran once; those with lists of ids often do not repeat
}

// Limits of the memory: the number of cached statements and of seen texts.
const (
	mostCompiled = 250
	mostSeen     = 1000
)

func newStatements(db *sql.DB) *statements {
	return &statements{db: db, compiled: map[string]*sql.Stmt{}, seen: map[string]bool{}}
}

// in returns a runner for the queries of a transaction. Call ended after the transaction has ended.
func (s *statements) in(tx *sql.Tx) *compiling { return &compiling{Tx: tx, statements: s} }

// of returns the compiled statement of a text, or nil.
func (s *statements) of(query string) *sql.Stmt {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.compiled[query]
}

// wanted reports whether a text should be compiled: if it runs a second time.
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

// ended compiles the texts that the transaction wanted, for later transactions. It needs the
// connection, so the transaction must have ended. It ignores errors, which occur again when the
// text runs.
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
		if stmt != nil { // compiled by another transaction in the meantime
			_ = stmt.Close()
		}
	}
}

// close closes all statements.
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

// compiling is a transaction that uses compiled statements if there are any.
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

// ExecContext and the other methods are those of [sql.Tx].
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

// repeated is a pool of readers that keeps the compiled statements of what it is asked, for the few texts by which
// verification reads a token, its secret and its holder. After each change of a token, compiling took most of the time
// of reading it again. PostgreSQL's driver has its own cache.
type repeated struct {
	*sql.DB

	mu       sync.Mutex
	compiled map[string]*sql.Stmt
}

// QueryContext is that of [sql.DB].
func (r *repeated) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	stmt, err := r.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	return stmt.QueryContext(ctx, args...)
}

func (r *repeated) statement(ctx context.Context, query string) (*sql.Stmt, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	stmt := r.compiled[query]
	if stmt != nil {
		return stmt, nil
	}
	stmt, err := r.PrepareContext(ctx, query)
	if err == nil {
		r.compiled[query] = stmt
	}
	return stmt, err
}
