package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"latchkey/internal/actor"
	"latchkey/internal/audit"
)

// PrunePoint returns the last event before the given time, and how many events the log loses if it
// is pruned up to there; 0 if there is no such event.
func (q *queries) PrunePoint(ctx context.Context, before time.Time) (audit.Checkpoint, int64, error) {
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

// displaced is the condition that an event's time for people is that of the clock. An index has the same one.
const displaced = `at - clock_at > 5000`

// AnyEvent reports whether the log has an event whose [audit.Event.When] is between from and until.
func (q *queries) AnyEvent(ctx context.Context, from, until time.Time) (bool, error) {
	for _, query := range []string{
		`SELECT seq FROM audit_events WHERE at >= $1 AND at <= $2 AND (clock_at IS NULL OR NOT ` + displaced + `) LIMIT 1`,
		`SELECT seq FROM audit_events WHERE clock_at >= $1 AND clock_at <= $2 AND ` + displaced + ` LIMIT 1`,
	} {
		if _, found, err := first(ctx, q, scanNumber, query, from.UnixMilli(), until.UnixMilli()); err != nil || found {
			return found, err
		}
	}
	return false, nil
}

// Postponed reports whether an event of the organization says that pruning was postponed between from and
// until by the clock.
func (q *queries) Postponed(ctx context.Context, organization string, from, until time.Time) (bool, error) {
	_, found, err := first(ctx, q, scanNumber, `SELECT seq FROM audit_events WHERE organization_id = $1 AND target_id = $1 AND action = $2
		AND clock_at >= $3 AND clock_at <= $4 LIMIT 1`, organization, audit.Postponed, from.UnixMilli(), until.UnixMilli())
	return found, err
}

// Prune makes the log begin after c. The event appended last signs for it. Only now do the triggers
// let [Store.DropPruned] delete the events up to c.
func (tx *Tx) Prune(ctx context.Context, c audit.Checkpoint) error {
	_, err := tx.exec(ctx, `INSERT INTO audit_checkpoints (seq, at, hash, signed_by, signed_at)
		VALUES ($1, $2, $3, (SELECT seq FROM audit_head), $4)`, c.Seq, millis(c.Time), c.Hash, millis(tx.now))
	return err
}

// eventsPerTx is how many events a transaction deletes.
const eventsPerTx = 2000

// DropPruned deletes some of the events up to the checkpoint. It is done if there were none. Its
// transaction is short, so that nobody waits long for it: before it deletes events, it removes the
// blocks of the search index with them one by one.
func (s *Store) DropPruned(ctx context.Context) (done bool, err error) {
	err = s.InTx(ctx, actor.System(""), func(tx *Tx) error {
		done = false // it may be tried again
		state, err := tx.AuditState(ctx)
		if err != nil {
			return err
		}
		left, err := tx.number(ctx, `SELECT count(*) FROM (SELECT 1 FROM audit_events WHERE seq <= $1 LIMIT 1) AS one`, state.Checkpoint.Seq)
		if err != nil || left == 0 {
			done = err == nil
			return err
		}
		if dropped, err := tx.dropPrunedBlock(ctx, state.Checkpoint.Seq); err != nil || dropped {
			return err
		}
		if err := tx.dropPrunedHeads(ctx, state.Checkpoint.Seq); err != nil {
			return err
		}
		_, err = tx.exec(ctx, `DELETE FROM audit_events WHERE seq IN (
			SELECT seq FROM audit_events WHERE seq <= $1 ORDER BY seq LIMIT $2)`, state.Checkpoint.Seq, eventsPerTx)
		return err
	})
	return done, err
}
