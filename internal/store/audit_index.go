package store

import (
	"context"
	"slices"
	"strings"

	"latchkey/internal/actor"
	"latchkey/internal/audit"
)

// indexColumns is what the index is made of.
const indexColumns = `seq, organization_id, workspace_id, actor_type, actor_id, actor_name, actor_email,
	token_id, action, target_type, target_id, target_name, ip`

func scanIndexed(row scanner) (audit.Event, error) {
	var e audit.Event
	err := row.Scan(&e.Seq, &e.Organization, &e.Workspace, &e.ActorType, &e.ActorID, &e.ActorName, &e.ActorEmail,
		&e.TokenID, &e.Action, &e.Target.Type, &e.Target.ID, &e.Target.Name, &e.Origin.IP)
	return e, err
}

// auditBlocks lists the indexed blocks that hold numbers from low to high, in their order.
func (q queries) auditBlocks(ctx context.Context, low, high int64) ([]audit.Block, error) {
	return all(ctx, q, func(row scanner) (audit.Block, error) {
		var b audit.Block
		err := row.Scan(&b.First, &b.Size)
		return b, err
	}, `SELECT first, size FROM audit_blocks WHERE first + size > $1 AND first <= $2 ORDER BY first`, low, high)
}

// readAtOnce is how many events are read into memory to be indexed.
const readAtOnce = 1024

// indexOf is the index of the events of a block that come after another.
func (q queries) indexOf(ctx context.Context, b audit.Block, after int64) (*audit.Index, error) {
	x := audit.NewIndex(b)
	for after = max(after, b.First-1); after < b.Last(); after += readAtOnce {
		events, err := all(ctx, q, scanIndexed, `SELECT `+indexColumns+` FROM audit_events WHERE seq > $1 AND seq <= $2 ORDER BY seq`,
			after, min(after+readAtOnce, b.Last()))
		if err != nil {
			return nil, err
		}
		for _, e := range events {
			x.Add(e)
		}
	}
	return x, nil
}

// rowsPerTx bounds how long others wait for the writer, and rowsPerInsert keeps statements short.
const (
	rowsPerTx     = 2000
	rowsPerInsert = 100
)

// IndexEvents takes the next full block of events into the index, and reports whether there
// was none. A block counts once all its rows are written, so that they can be written in
// several transactions, and by several nodes at once without harm.
func (s *Store) IndexEvents(ctx context.Context) (done bool, err error) {
	state, err := s.AuditState(ctx)
	if err != nil {
		return false, err
	}
	blocks, err := s.auditBlocks(ctx, 1, state.Head.Seq)
	if err != nil {
		return false, err
	}
	block, replaced, more := audit.NextBlock(blocks, state.Checkpoint.Seq, state.Head.Seq)
	if !more {
		return true, nil
	}
	x, err := s.indexOf(ctx, block, state.Checkpoint.Seq)
	if err != nil {
		return false, err
	}
	for keys := range slices.Chunk(x.Keys(), rowsPerTx) {
		if err := s.InTx(ctx, actor.System(""), func(tx *Tx) error { return tx.putIndex(ctx, block, x, keys) }); err != nil {
			return false, err
		}
	}
	if err := s.InTx(ctx, actor.System(""), func(tx *Tx) error { return tx.switchBlocks(ctx, block, replaced) }); err != nil {
		return false, err
	}
	for _, old := range replaced {
		if err := s.InTx(ctx, actor.System(""), func(tx *Tx) error { return tx.dropIndex(ctx, old) }); err != nil {
			return false, err
		}
	}
	return false, nil
}

// putIndex writes some rows of the index of a block.
func (tx *Tx) putIndex(ctx context.Context, block audit.Block, x *audit.Index, keys []audit.Key) error {
	for some := range slices.Chunk(keys, rowsPerInsert) {
		var values strings.Builder
		args := make([]any, 0, 5*len(some))
		for i, k := range some {
			if i > 0 {
				values.WriteString(", ")
			}
			values.WriteString("(" + placeholders(len(args)+1, 5) + ")")
			args = append(args, block.Size, block.First, k.Organization, k.Term, x.Stored(k))
		}
		if _, err := tx.exec(ctx, `INSERT INTO audit_index (size, first, organization_id, term, bits) VALUES `+values.String()+`
			ON CONFLICT (size, first, organization_id, term) DO UPDATE SET bits = excluded.bits`, args...); err != nil {
			return err
		}
	}
	return nil
}

// switchBlocks makes a block count in place of others.
func (tx *Tx) switchBlocks(ctx context.Context, block audit.Block, replaced []audit.Block) error {
	for _, old := range replaced {
		if _, err := tx.exec(ctx, `DELETE FROM audit_blocks WHERE first = $1 AND size = $2`, old.First, old.Size); err != nil {
			return err
		}
	}
	_, err := tx.exec(ctx, `INSERT INTO audit_blocks (first, size) VALUES ($1, $2) ON CONFLICT (first) DO NOTHING`, block.First, block.Size)
	return err
}

// dropIndex removes the rows of a block.
func (tx *Tx) dropIndex(ctx context.Context, b audit.Block) error {
	_, err := tx.exec(ctx, `DELETE FROM audit_index WHERE size = $1 AND first = $2`, b.Size, b.First)
	return err
}

// CheckIndex compares the index with the events that it was made of. The error is a
// [*audit.Broken] that names the first event which is found otherwise than it was written. It
// may run beside a server.
func (s *Store) CheckIndex(ctx context.Context) error {
	state, err := s.AuditState(ctx)
	if err != nil {
		return err
	}
	blocks, err := s.auditBlocks(ctx, 1, state.Head.Seq)
	if err != nil {
		return err
	}
	for _, b := range blocks {
		var differs int64
		err := s.snapshot(ctx, func(q queries) (err error) {
			differs, err = q.checkBlock(ctx, b)
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

// checkBlock is the first event of a block that its index shows otherwise; 0 when there is
// none, or no such block any more.
func (q queries) checkBlock(ctx context.Context, b audit.Block) (int64, error) {
	found, err := q.number(ctx, `SELECT count(*) FROM audit_blocks WHERE first = $1 AND size = $2`, b.First, b.Size)
	if err != nil || found == 0 {
		return 0, err
	}
	stored := map[audit.Key][]byte{}
	err = each(ctx, q, func(row scanner) error {
		var k audit.Key
		var bits []byte
		err := row.Scan(&k.Organization, &k.Term, &bits)
		stored[k] = bits
		return err
	}, `SELECT organization_id, term, bits FROM audit_index WHERE size = $1 AND first = $2`, b.Size, b.First)
	if err != nil {
		return 0, err
	}
	state, err := q.AuditState(ctx)
	if err != nil {
		return 0, err
	}
	x, err := q.indexOf(ctx, b, state.Checkpoint.Seq)
	if err != nil {
		return 0, err
	}
	differs := x.Differs(stored)
	if differs > 0 && b.First <= state.Checkpoint.Seq {
		// While pruning goes on, a block may still have what is about to go.
		if x, err = q.indexOf(ctx, b, 0); err == nil && x.Differs(stored) == 0 {
			differs = 0
		}
	}
	return differs, err
}
