package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// An announcement is a shared advisory lock of a transaction. Nobody waits for it; others see it in
// the list of locks. Unlike a row with a time, it needs no write transaction, no synchronized
// clocks and no cleanup.

// announceEvery is how often an announcement is confirmed: well within idleTimeout, after which the
// database drops that of a program that hangs.
const announceEvery = 2 * time.Second

func (d postgresDialect) announceIn(ctx context.Context, tx *sql.Tx, s announcement) error {
	_, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock_shared($1::int, $2::int)`, s.step, s.of)
	return err
}

// announce makes an announcement in a transaction that does nothing else.
func (d postgresDialect) announce(ctx context.Context, read *sql.DB, s announcement) (release func(), err error) {
	tx, err := d.beginAnnouncement(ctx, read, s)
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

// beginAnnouncement begins a transaction with an announcement, which lasts until the rollback.
// ctx does not end it.
func (d postgresDialect) beginAnnouncement(ctx context.Context, read *sql.DB, s announcement) (*sql.Tx, error) {
	tx, err := read.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		return nil, fmt.Errorf("announce a step: %w", err)
	}
	if err := d.announceIn(ctx, tx, s); err != nil {
		_ = tx.Rollback()
		return nil, fmt.Errorf("announce a step: %w", err)
	}
	return tx, nil
}

// confirm keeps the transaction from being idle until ctx ends, and begins a new one if it is lost.
func (d postgresDialect) confirm(ctx context.Context, tx *sql.Tx, read *sql.DB, s announcement) {
	every := time.NewTicker(announceEvery)
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
		tx, _ = d.beginAnnouncement(ctx, read, s) // nil if that fails; tried again in the next round
	}
}

// announced returns the steps announced for an organization.
func (d postgresDialect) announced(ctx context.Context, q *queries, of int32) (map[int32]bool, error) {
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
