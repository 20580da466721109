package store

import (
	"context"
	"database/sql"
	"sync"
	"time"

	"latchkey/internal/actor"
)

// EmailKnown reports whether any member, of any organization, has the address.
func (q *queries) EmailKnown(ctx context.Context, email string) (bool, error) {
	n, err := q.number(ctx, `SELECT count(*) FROM members WHERE email = $1`, email)
	return n > 0, err
}

// Replay runs fn with a store that has another clock, and whose transactions are parts of one: what use
// cases do with it is kept together, or not at all if fn fails. The demonstration makes up its history
// in this way: at times that have passed, but by the same code that writes everything else, so that the
// audit log holds true. fn must use that store only, and not after it has returned. A change that
// failed halfway is not undone by itself, so fn must fail then.
func (s *Store) Replay(ctx context.Context, now func() time.Time, fn func(past *Store) error) error {
	return s.InTx(ctx, actor.System(""), func(tx *Tx) error {
		db := tx.db
		if c, ok := db.(*compiling); ok {
			again := &repeating{Tx: c.Tx, compiled: map[string]*sql.Stmt{}}
			defer again.close()
			db = again
		}
		return fn(&Store{queries: queries{db: db, postgres: tx.postgres}, dialect: s.dialect, now: now, replay: &replay{whole: tx}})
	})
}

// replay is the transaction that those of a replaying store are parts of.
type replay struct {
	turn  sync.Mutex
	whole *Tx
}

// try runs fn as a part of the whole transaction, at the time of the replaying store.
func (r *replay) try(ctx context.Context, past *Store, by actor.Caller, fn func(tx *Tx) error) error {
	r.turn.Lock()
	defer r.turn.Unlock()
	tx := &Tx{queries: past.queries, now: past.Now(), show: r.whole.show}
	var err error
	if tx.by, err = tx.standing(ctx, by, tx.now); err != nil {
		return err
	}
	err = fn(tx)
	r.whole.changes = append(r.whole.changes, tx.changes...)
	return err
}

// repeating is a transaction on SQLite that compiles each text once. A replay runs the same few texts a
// thousand times, and would spend most of its time on compiling them.
type repeating struct {
	*sql.Tx
	compiled map[string]*sql.Stmt
}

func (r *repeating) statement(ctx context.Context, query string) (*sql.Stmt, error) {
	s := r.compiled[query]
	if s == nil {
		var err error
		if s, err = r.PrepareContext(ctx, query); err != nil {
			return nil, err
		}
		r.compiled[query] = s
	}
	return s, nil
}

func (r *repeating) close() {
	for _, s := range r.compiled {
		_ = s.Close()
	}
}

// ExecContext and the other methods are those of [sql.Tx].
func (r *repeating) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	s, err := r.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.ExecContext(ctx, args...)
}

func (r *repeating) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	s, err := r.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.QueryContext(ctx, args...)
}

func (r *repeating) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if s, err := r.statement(ctx, query); err == nil {
		return s.QueryRowContext(ctx, args...)
	}
	return r.Tx.QueryRowContext(ctx, query, args...) // and have its error
}
