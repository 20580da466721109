package store

import (
	"context"

	"latchkey/internal/identity"
)

// KeptRequest returns a request that a provider answers across sites; NotFound if there is none.
func (q *queries) KeptRequest(ctx context.Context, id string) (identity.Kept, error) {
	return one(ctx, q, "That sign-in", func(row scanner) (identity.Kept, error) {
		k := identity.Kept{ID: id}
		var made, expires int64
		err := row.Scan(&k.Provider, &k.Browser, &k.Next, &k.Session, &k.Form, &k.Proof, &made, &expires)
		k.MadeAt, k.ExpiresAt = moment(made), moment(expires)
		return k, err
	}, `SELECT provider_id, browser, next_path, session_id, form, proof, made_at, expires_at FROM provider_requests WHERE id = $1`, id)
}

// KeepRequest stores a request. It forgets those that have expired, and the oldest beyond the newest most.
func (tx *Tx) KeepRequest(ctx context.Context, k identity.Kept, most int) error {
	if _, err := tx.exec(ctx, `DELETE FROM provider_requests WHERE expires_at <= $1`, millis(tx.now)); err != nil {
		return err
	}
	if _, err := tx.exec(ctx, `DELETE FROM provider_requests WHERE expires_at <= (SELECT r.expires_at FROM provider_requests r
		ORDER BY r.expires_at DESC LIMIT 1 OFFSET $1)`, most-1); err != nil {
		return err
	}
	_, err := tx.exec(ctx, `INSERT INTO provider_requests (id, provider_id, browser, next_path, session_id, form, made_at, expires_at)
		VALUES (`+placeholders(1, 8)+`)`, k.ID, k.Provider, k.Browser, k.Next, k.Session, k.Form, millis(k.MadeAt), millis(k.ExpiresAt))
	return err
}

// AnswerRequest stores what the answer to a request said, and reports whether it was the first one.
func (tx *Tx) AnswerRequest(ctx context.Context, id, proof string) (bool, error) {
	n, err := tx.exec(ctx, `UPDATE provider_requests SET proof = $1 WHERE id = $2 AND proof = ''`, proof, id)
	return n > 0, err
}

// DropRequests deletes the requests of a provider.
func (tx *Tx) DropRequests(ctx context.Context, provider string) error {
	_, err := tx.exec(ctx, `DELETE FROM provider_requests WHERE provider_id = $1`, provider)
	return err
}

// EndRequest deletes a request and reports whether it existed.
func (tx *Tx) EndRequest(ctx context.Context, id string) (bool, error) {
	n, err := tx.exec(ctx, `DELETE FROM provider_requests WHERE id = $1`, id)
	return n > 0, err
}
