package store

import (
	"context"
	"slices"

	"latchkey/internal/audit"
	"latchkey/internal/metric"
)

const headColumns = `number, seq, hash, at, key_id, next_key, signature`

// numberedHead is a signed head with its place in the order of signing.
type numberedHead struct {
	audit.SignedHead
	number int64
}

func scanHead(row scanner) (numberedHead, error) {
	var h numberedHead
	var at int64
	var next []byte
	err := row.Scan(&h.number, &h.Seq, &h.Hash, &at, &h.Key, &next, &h.Signature)
	h.Time, h.Next = moment(at), next
	return h, err
}

// SignedHeads returns up to limit signed heads in the order of signing, and where to go on after
// them; 0 is the beginning.
func (q *queries) SignedHeads(ctx context.Context, after int64, limit int) (heads []audit.SignedHead, last int64, err error) {
	rows, err := all(ctx, q, scanHead, `SELECT `+headColumns+` FROM audit_heads WHERE number > $1 ORDER BY number LIMIT $2`, after, limit)
	for _, h := range rows {
		heads, last = append(heads, h.SignedHead), h.number
	}
	return heads, last, err
}

// NewestHead returns the newest head that a key has signed, and whether there is one.
func (q *queries) NewestHead(ctx context.Context, key string) (audit.SignedHead, bool, error) {
	h, found, err := first(ctx, q, scanHead, `SELECT `+headColumns+` FROM audit_heads WHERE key_id = $1 ORDER BY seq DESC LIMIT 1`, key)
	return h.SignedHead, found, err
}

// HashesOf returns the hashes of events by number, without those that are missing.
func (q *queries) HashesOf(ctx context.Context, seqs []int64) (map[int64][]byte, error) {
	hashes := map[int64][]byte{}
	for chunk := range slices.Chunk(seqs, idsPerQuery) {
		args := make([]any, len(chunk))
		for i, seq := range chunk {
			args[i] = seq
		}
		err := each(ctx, q, func(row scanner) error {
			var seq int64
			var hash []byte
			err := row.Scan(&seq, &hash)
			hashes[seq] = hash
			return err
		}, `SELECT seq, hash FROM audit_events WHERE seq IN (`+placeholders(1, len(chunk))+`)`, args...)
		if err != nil {
			return nil, err
		}
	}
	return hashes, nil
}

// InsertHead stores a signed head.
func (tx *Tx) InsertHead(ctx context.Context, h audit.SignedHead) error {
	var next any // NULL
	if h.Next != nil {
		next = []byte(h.Next)
	}
	_, err := tx.exec(ctx, `INSERT INTO audit_heads (`+headColumns+`)
		VALUES ((SELECT coalesce(max(number), 0) + 1 FROM audit_heads), $1, $2, $3, $4, $5, $6)`,
		h.Seq, h.Hash, millis(h.Time), h.Key, next, h.Signature)
	return err
}

// dropPrunedHeads deletes the signed heads of events that are pruned, except those that name the
// next key: who knows only an old key needs them to find the new one.
func (tx *Tx) dropPrunedHeads(ctx context.Context, upTo int64) error {
	_, err := tx.exec(ctx, `DELETE FROM audit_heads WHERE number IN (
		SELECT number FROM audit_heads WHERE seq <= $1 AND next_key IS NULL ORDER BY number LIMIT $2)`, upTo, eventsPerTx)
	return err
}

// HeadMetrics returns how far the audit log is signed.
func (q *queries) HeadMetrics(ctx context.Context) (metric.Heads, error) {
	newest, signed, err := q.LastSigned(ctx)
	if err != nil || !signed {
		return metric.Heads{}, err
	}
	state, err := q.AuditState(ctx)
	return metric.Heads{SignedAt: newest.Time, Unsigned: max(0, state.Head.Seq-newest.Seq)}, err
}

// LastSigned returns the head that was signed last, and whether there is one.
func (q *queries) LastSigned(ctx context.Context) (audit.SignedHead, bool, error) {
	h, found, err := first(ctx, q, scanHead, `SELECT `+headColumns+` FROM audit_heads ORDER BY number DESC LIMIT 1`)
	return h.SignedHead, found, err
}
