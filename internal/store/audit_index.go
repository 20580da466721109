package store

import (
	"bytes"
	"cmp"
	"context"
	"slices"

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

// indexOf is the index of the events of one block with numbers from low to high.
func (q queries) indexOf(ctx context.Context, low, high int64) (audit.Index, error) {
	events, err := all(ctx, q, scanIndexed, `SELECT `+indexColumns+` FROM audit_events WHERE seq >= $1 AND seq <= $2 ORDER BY seq`, low, high)
	x := audit.Index{}
	for _, e := range events {
		x.Add(e)
	}
	return x, err
}

// IndexEvents takes the next full block of events into the index, and reports whether there
// was none.
func (s *Store) IndexEvents(ctx context.Context) (done bool, err error) {
	state, indexed, err := s.auditState(ctx)
	if err != nil || state.Head.Seq < indexed+audit.BlockSize {
		return true, s.dialect.translate(err)
	}
	return false, s.InTx(ctx, func(tx *Tx) error {
		_, indexed, err := tx.auditState(ctx)
		if err != nil {
			return err
		}
		// Below the checkpoint there is nothing to index, and nobody searches there.
		x, err := tx.indexOf(ctx, max(indexed+1, state.Checkpoint.Seq+1), indexed+audit.BlockSize)
		if err != nil {
			return err
		}
		if err := tx.putIndex(ctx, audit.BlockOf(indexed+1), x); err != nil {
			return err
		}
		_, err = tx.exec(ctx, `UPDATE audit_head SET indexed = $1 WHERE indexed = $2`, indexed+audit.BlockSize, indexed)
		return err
	})
}

// rowsPerInsert keeps statements short.
const rowsPerInsert = 100

// putIndex writes the index of a block, in the order of its rows.
func (tx *Tx) putIndex(ctx context.Context, block int64, x audit.Index) error {
	for keys := range slices.Chunk(sortedKeys(x), rowsPerInsert) {
		var values bytes.Buffer
		args := make([]any, 0, 4*len(keys))
		for i, k := range keys {
			if i > 0 {
				values.WriteString(", ")
			}
			values.WriteString("(" + placeholders(len(args)+1, 4) + ")")
			args = append(args, k.Organization, k.Term, block, x[k].Encode())
		}
		if _, err := tx.exec(ctx, `INSERT INTO audit_index (organization_id, term, block, bits) VALUES `+values.String()+`
			ON CONFLICT (organization_id, term, block) DO UPDATE SET bits = excluded.bits`, args...); err != nil {
			return err
		}
	}
	return nil
}

func sortedKeys(x audit.Index) []audit.Key {
	keys := make([]audit.Key, 0, len(x))
	for k := range x {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b audit.Key) int {
		return cmp.Or(cmp.Compare(a.Organization, b.Organization), cmp.Compare(a.Term, b.Term))
	})
	return keys
}

// dropIndex removes the rows of a block.
func (tx *Tx) dropIndex(ctx context.Context, block int64, x audit.Index) error {
	for _, k := range sortedKeys(x) {
		if _, err := tx.exec(ctx, `DELETE FROM audit_index WHERE organization_id = $1 AND term = $2 AND block = $3`, k.Organization, k.Term, block); err != nil {
			return err
		}
	}
	return nil
}
