package store

import (
	"context"
	"math"
	"slices"
	"strings"

	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/audit/search"
)

// indexColumns are the columns that the index is made of.
const indexColumns = `seq, organization_id, workspace_id, actor_type, actor_id, actor_name, actor_email,
	token_id, action, target_type, target_id, target_name, ip`

func scanIndexed(row scanner) (audit.Event, error) {
	var e audit.Event
	err := row.Scan(&e.Seq, &e.Organization, &e.Workspace, &e.ActorType, &e.ActorID, &e.ActorName, &e.ActorEmail,
		&e.TokenID, &e.Action, &e.Target.Type, &e.Target.ID, &e.Target.Name, &e.Origin.IP)
	return e, err
}

// indexedRanges returns the range that is indexed in each of the blocks of the given events, in
// ascending order.
func (q *queries) indexedRanges(ctx context.Context, events search.Range) ([]search.Range, error) {
	return all(ctx, q, func(row scanner) (search.Range, error) {
		var r search.Range
		err := row.Scan(&r.Low, &r.High)
		return r, err
	}, `SELECT low, high FROM audit_blocks WHERE block >= $1 AND block <= $2 ORDER BY block`,
		search.BlockOf(events.Low), search.BlockOf(events.High))
}

// nextToIndex returns the events to index next, and reports whether there are any.
func (q *queries) nextToIndex(ctx context.Context) (search.Range, bool, error) {
	state, err := q.AuditState(ctx)
	if err != nil {
		return search.Range{}, false, err
	}
	log := search.Range{Low: state.Checkpoint.Seq + 1, High: state.Head.Seq}
	indexed, err := q.indexedRanges(ctx, log)
	if err != nil {
		return search.Range{}, false, err
	}
	next, ok := search.Next(indexed, log)
	return next, ok, nil
}

// eventsPerRead is how many events are read at a time to be indexed.
const eventsPerRead = 1024

// indexOf returns the index of the first of the given events: of as many as it takes to have
// about maxRows rows, or of all. The second result says which ones.
func (q *queries) indexOf(ctx context.Context, events search.Range, maxRows int) (*search.Index, search.Range, error) {
	x := search.NewIndex(events)
	indexed := search.Range{Low: events.Low, High: events.Low - 1}
	for indexed.High < events.High && x.Len() < maxRows {
		some := search.Range{Low: indexed.High + 1, High: min(indexed.High+eventsPerRead, events.High)}
		err := each(ctx, q, func(row scanner) error {
			e, err := scanIndexed(row)
			if err == nil {
				x.Add(e.Seq, e.Organization, e.Terms())
			}
			return err
		}, `SELECT `+indexColumns+` FROM audit_events WHERE seq >= $1 AND seq <= $2 ORDER BY seq`, some.Low, some.High)
		if err != nil {
			return nil, indexed, err
		}
		indexed.High = some.High
	}
	return x, indexed, nil
}

const (
	rowsPerStep      = 100_000 // bounds the memory of a step
	rowsPerTx        = 2000    // bounds how long other writers wait
	rowsPerStatement = 100
)

// IndexEvents takes one step of indexing, and reports whether there was nothing to do.
//
// The rows of a step are written in several transactions. Only the last one extends the indexed
// range; until then a search reads the events themselves. A step that is interrupted, or taken by
// two nodes at once, does no harm: rows are only added to.
func (s *Store) IndexEvents(ctx context.Context) (done bool, err error) {
	next, ok, err := s.nextToIndex(ctx)
	if err != nil || !ok {
		return !ok, err
	}
	x, step, err := s.indexOf(ctx, next, rowsPerStep)
	if err != nil {
		return false, err
	}
	for keys := range slices.Chunk(x.Keys(), rowsPerTx) {
		err := s.inStep(ctx, step, func(tx *Tx) error { return tx.addToIndex(ctx, x, search.BlockOf(step.Low), keys) })
		if err != nil {
			return false, err
		}
	}
	return false, s.inStep(ctx, step, func(tx *Tx) error {
		_, err := tx.exec(ctx, `INSERT INTO audit_blocks (block, low, high) VALUES ($1, $2, $3)
			ON CONFLICT (block) DO UPDATE SET high = excluded.high`, search.BlockOf(step.Low), step.Low, step.High)
		return err
	})
}

// inStep runs fn in a write transaction, unless another node has taken the step or its events were
// pruned meanwhile.
func (s *Store) inStep(ctx context.Context, step search.Range, fn func(*Tx) error) error {
	return s.InTx(ctx, actor.System(""), func(tx *Tx) error {
		next, ok, err := tx.nextToIndex(ctx)
		if err != nil || !ok || next.Low != step.Low {
			return err
		}
		return fn(tx)
	})
}

// addToIndex adds to the rows of a block what x has under some keys.
func (tx *Tx) addToIndex(ctx context.Context, x *search.Index, block int64, keys []search.Key) error {
	for some := range slices.Chunk(keys, rowsPerStatement) {
		stored, err := tx.indexRows(ctx, block, some)
		if err != nil {
			return err
		}
		var values strings.Builder
		args := make([]any, 0, 4*len(some))
		for i, k := range some {
			row, err := x.Row(k, stored[k])
			if err != nil {
				return err
			}
			if i > 0 {
				values.WriteString(", ")
			}
			values.WriteString("(" + placeholders(len(args)+1, 4) + ")")
			args = append(args, block, k.Organization, k.Term, row)
		}
		if _, err := tx.exec(ctx, `INSERT INTO audit_index (block, organization_id, term, events) VALUES `+values.String()+`
			ON CONFLICT (block, organization_id, term) DO UPDATE SET events = excluded.events`, args...); err != nil {
			return err
		}
	}
	return nil
}

// indexRows returns the rows of a block that are stored under some keys.
func (q *queries) indexRows(ctx context.Context, block int64, keys []search.Key) (map[search.Key][]byte, error) {
	var values strings.Builder
	args := []any{block}
	for i, k := range keys {
		if i > 0 {
			values.WriteString(", ")
		}
		values.WriteString("(" + placeholders(len(args)+1, 2) + ")")
		args = append(args, k.Organization, k.Term)
	}
	// The cross join makes SQLite look up key by key. For a list of pairs some versions read the whole block.
	return q.scanIndexRows(ctx, `SELECT i.organization_id, i.term, i.events FROM (VALUES `+values.String()+`) AS k CROSS JOIN audit_index i
		WHERE i.block = $1 AND i.organization_id = k.column1 AND i.term = k.column2`, args...)
}

func (q *queries) scanIndexRows(ctx context.Context, query string, args ...any) (map[search.Key][]byte, error) {
	rows := map[search.Key][]byte{}
	err := each(ctx, q, func(row scanner) error {
		var k search.Key
		var events []byte
		err := row.Scan(&k.Organization, &k.Term, &events)
		rows[k] = events
		return err
	}, query, args...)
	return rows, err
}

// dropPrunedBlock removes a block from the index that holds events up to seq, and reports whether
// there was one. The other events of the block are indexed again later.
func (tx *Tx) dropPrunedBlock(ctx context.Context, seq int64) (dropped bool, err error) {
	block, found, err := first(ctx, &tx.queries, scanNumber, `SELECT block FROM audit_blocks WHERE low <= $1 ORDER BY block LIMIT 1`, seq)
	if err != nil || !found {
		return false, err
	}
	if _, err := tx.exec(ctx, `DELETE FROM audit_blocks WHERE block = $1`, block); err != nil {
		return false, err
	}
	_, err = tx.exec(ctx, `DELETE FROM audit_index WHERE block = $1`, block)
	return true, err
}

// CheckIndex compares the index with the events that it was made of. The error is a
// [*audit.Broken] that names the first event which a search does not find as it was written. It
// may run beside a server.
func (s *Store) CheckIndex(ctx context.Context) error {
	return s.checkIndex(ctx, func() {})
}

// checkIndex is [Store.CheckIndex], which calls rest before each block.
func (s *Store) checkIndex(ctx context.Context, rest func()) error {
	indexed, err := s.indexedRanges(ctx, search.Range{High: math.MaxInt64})
	if err != nil {
		return err
	}
	for _, r := range indexed {
		rest()
		var differs int64
		err := s.snapshot(ctx, func(q *queries) (err error) {
			differs, err = q.checkBlock(ctx, search.BlockOf(r.Low))
			return err
		})
		if err != nil {
			return err
		}
		if differs > 0 {
			return &audit.Broken{Seq: differs, Why: "is not found by a search as it was written"}
		}
	}
	return nil
}

// checkBlock returns the first event of a block that is in other rows of the index than it
// should be; 0 when there is none.
func (q *queries) checkBlock(ctx context.Context, block int64) (int64, error) {
	state, err := q.AuditState(ctx)
	if err != nil {
		return 0, err
	}
	blockStart := block * search.BlockSize
	indexed, err := q.indexedRanges(ctx, search.Range{Low: blockStart, High: blockStart})
	if err != nil || len(indexed) == 0 {
		return 0, err // without a range it was pruned meanwhile
	}
	events := search.Range{Low: max(indexed[0].Low, state.Checkpoint.Seq+1), High: indexed[0].High}
	x, _, err := q.indexOf(ctx, events, math.MaxInt)
	if err != nil {
		return 0, err
	}
	stored, err := q.scanIndexRows(ctx, `SELECT organization_id, term, events FROM audit_index WHERE block = $1`, block)
	if err != nil {
		return 0, err
	}
	return x.FirstDifference(stored), nil
}
