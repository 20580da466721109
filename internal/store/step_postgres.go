package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// A sign is an advisory lock that a transaction shares. Nobody waits for it; others see it
// among the locks. Unlike a row with a time in it, it needs no turn to write, no clocks
// that agree, and nobody who clears it away.

// signEvery is how often a sign is confirmed: well within idleTimeout, after which the
// database takes it from a program that stands still.
const signEvery = 2 * time.Second

func (d postgresDialect) show(ctx context.Context, tx *sql.Tx, s sign) error {
	_, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock_shared($1::int, $2::int)`, s.step, s.of)
	return err
}

// keep shows a sign in a transaction of its own, which does nothing else.
func (d postgresDialect) keep(ctx context.Context, read *sql.DB, s sign) (release func(), err error) {
	tx, err := d.shown(ctx, read, s)
	if err != nil {
		return nil, err
	}
	ctx, end := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		d.confirm(ctx, tx, read, s)
	}()
	return func() { end(); <-ended }, nil
}

// shown begins a transaction that shows a sign. It lives until it is rolled back: its
// context must not end it behind our back.
func (d postgresDialect) shown(ctx context.Context, read *sql.DB, s sign) (*sql.Tx, error) {
	tx, err := read.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		return nil, fmt.Errorf("show that work is under way: %w", err)
	}
	if err := d.show(ctx, tx, s); err != nil {
		_ = tx.Rollback()
		return nil, fmt.Errorf("show that work is under way: %w", err)
	}
	return tx, nil
}

// confirm keeps the transaction from being idle until ctx ends, and begins another one when
// it was lost.
func (d postgresDialect) confirm(ctx context.Context, tx *sql.Tx, read *sql.DB, s sign) {
	every := time.NewTicker(signEvery)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			if tx != nil {
				_ = tx.Rollback()
			}
			return
		case <-every.C:
		}
		if tx != nil {
			if _, err := tx.ExecContext(ctx, `SELECT 1`); err == nil {
				continue
			}
			_ = tx.Rollback()
		}
		tx, _ = d.shown(ctx, read, s) // nil when it cannot be: tried again at the next turn
	}
}

// signs are those shown for an organization.
func (d postgresDialect) signs(ctx context.Context, q queries, of int32) (map[int32]bool, error) {
	out := map[int32]bool{}
	_, err := all(ctx, q, func(row scanner) (struct{}, error) {
		var step int64
		err := row.Scan(&step)
		out[int32(step)] = true
		return struct{}{}, err
	}, `SELECT l.classid::bigint FROM pg_locks l JOIN pg_database d ON d.oid = l.database
		WHERE d.datname = current_database() AND l.locktype = 'advisory' AND l.objsubid = 2 AND l.granted AND l.objid::bigint = $1`, of)
	return out, err
}
