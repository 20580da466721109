package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"latchkey/internal/audit"
)

// PrunePoint is the last event older than the moment, and how many events the log would lose
// with it.
func (q queries) PrunePoint(ctx context.Context, before time.Time) (audit.Checkpoint, int64, error) {
	state, _, err := q.auditState(ctx)
	if err != nil {
		return audit.Checkpoint{}, 0, err
	}
	var c audit.Checkpoint
	var at int64
	err = q.db.QueryRowContext(ctx, `SELECT seq, at, hash FROM audit_events WHERE at < $1 AND seq > $2 ORDER BY at DESC, seq DESC LIMIT 1`,
		before.UnixMilli(), state.Checkpoint.Seq).Scan(&c.Seq, &at, &c.Hash)
	if errors.Is(err, sql.ErrNoRows) {
		return c, 0, nil
	}
	c.Time = moment(at)
	return c, c.Seq - state.Checkpoint.Seq, err
}

// Prune records the checkpoint, signed by the event appended last. Only then do the triggers
// let the events up to it be deleted.
func (tx *Tx) Prune(ctx context.Context, c audit.Checkpoint) error {
	_, err := tx.exec(ctx, `INSERT INTO audit_checkpoints (seq, at, hash, signed_by, signed_at)
		VALUES ($1, $2, $3, (SELECT seq FROM audit_head), $4)`, c.Seq, millis(c.Time), c.Hash, millis(tx.now))
	return err
}

// DropPruned deletes the events of one block that lie before the checkpoint, with their rows
// of the index, and reports whether there were none: in small transactions, so that nobody
// waits for long.
func (s *Store) DropPruned(ctx context.Context) (done bool, err error) {
	err = s.InTx(ctx, func(tx *Tx) error {
		done = false
		state, indexed, err := tx.auditState(ctx)
		if err != nil {
			return err
		}
		var first int64
		err = tx.db.QueryRowContext(ctx, `SELECT seq FROM audit_events WHERE seq <= $1 ORDER BY seq LIMIT 1`, state.Checkpoint.Seq).Scan(&first)
		if errors.Is(err, sql.ErrNoRows) {
			done = true
			return nil
		}
		if err != nil {
			return err
		}
		return tx.dropPruned(ctx, audit.BlockOf(first), state.Checkpoint.Seq, indexed)
	})
	return done, err
}

func (tx *Tx) dropPruned(ctx context.Context, block, until, indexed int64) error {
	start, end := audit.BlockStart(block), audit.BlockStart(block+1)-1
	if end > indexed {
		_, err := tx.exec(ctx, `DELETE FROM audit_events WHERE seq >= $1 AND seq <= $2`, start, min(end, until))
		return err
	}
	// The terms are those of the events, so these are read before they go.
	x, err := tx.indexOf(ctx, start, end)
	if err != nil {
		return err
	}
	if err := tx.dropIndex(ctx, block, x); err != nil {
		return err
	}
	if _, err := tx.exec(ctx, `DELETE FROM audit_events WHERE seq >= $1 AND seq <= $2`, start, min(end, until)); err != nil {
		return err
	}
	if x, err = tx.indexOf(ctx, until+1, end); err != nil {
		return err
	}
	return tx.putIndex(ctx, block, x)
}
