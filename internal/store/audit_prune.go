package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/audit/search"
)

// PrunePoint is the last event older than the moment, and how many events the log would lose
// with it.
func (q queries) PrunePoint(ctx context.Context, before time.Time) (audit.Checkpoint, int64, error) {
	state, err := q.AuditState(ctx)
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

// eventsPerTx is how many events one transaction deletes.
const eventsPerTx = 2000

// DropPruned deletes some of what lies before the checkpoint, and reports whether there was
// nothing left: in small transactions, so that nobody waits for long. A block of the index that
// holds such events goes first; what is left of it is indexed anew later.
func (s *Store) DropPruned(ctx context.Context) (done bool, err error) {
	err = s.InTx(ctx, actor.System(""), func(tx *Tx) error {
		done = false // it may be tried again
		state, err := tx.AuditState(ctx)
		if err != nil {
			return err
		}
		left, err := tx.number(ctx, `SELECT count(*) FROM (SELECT 1 FROM audit_events WHERE seq <= $1 LIMIT 1) AS one`, state.Checkpoint.Seq)
		if err != nil || left == 0 {
			done = left == 0
			return err
		}
		blocks, err := tx.auditBlocks(ctx, search.Range{High: state.Checkpoint.Seq})
		if err != nil {
			return err
		}
		if len(blocks) > 0 {
			return tx.dropBlock(ctx, blocks[0].Number)
		}
		_, err = tx.exec(ctx, `DELETE FROM audit_events WHERE seq IN (
			SELECT seq FROM audit_events WHERE seq <= $1 ORDER BY seq LIMIT $2)`, state.Checkpoint.Seq, eventsPerTx)
		return err
	})
	return done, err
}
