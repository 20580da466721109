package store

import (
	"context"
	"fmt"

	"latchkey/internal/identity"
)

// KeptRequest returns a request that a provider answers across sites; NotFound if there is none.
func (q *queries) KeptRequest(ctx context.Context, id string) (identity.Kept, error) {
	return one(ctx, q, "That sign-in", func(row scanner) (identity.Kept, error) {
		k := identity.Kept{ID: id}
		var made, expires int64
		err := row.Scan(&k.Provider, &k.Browser, &k.Next, &k.Session, &k.Form, &k.Network, &k.Proof, &made, &expires)
		k.MadeAt, k.ExpiresAt = moment(made), moment(expires)
		return k, err
	}, `SELECT provider_id, browser, next_path, session_id, form, network, proof, made_at, expires_at
		FROM provider_requests WHERE id = $1`, id)
}

// KeepRequest stores a request. It forgets those that have expired, and the oldest beyond the limits.
func (tx *Tx) KeepRequest(ctx context.Context, k identity.Kept, limits identity.RequestLimits) error {
	if _, err := tx.exec(ctx, `DELETE FROM provider_requests WHERE expires_at <= $1`, millis(tx.now)); err != nil {
		return err
	}
	_, err := tx.exec(ctx, `INSERT INTO provider_requests (id, provider_id, browser, next_path, session_id, form, network, made_at, expires_at)
		VALUES (`+placeholders(1, 9)+`)`, k.ID, k.Provider, k.Browser, k.Next, k.Session, k.Form, k.Network,
		millis(k.MadeAt), millis(k.ExpiresAt))
	if err != nil {
		return err
	}
	// Those of one moment stay together.
	const beyond = `DELETE FROM provider_requests WHERE %[1]s AND expires_at < (SELECT expires_at FROM provider_requests
		WHERE %[1]s ORDER BY expires_at DESC LIMIT 1 OFFSET $1)`
	if k.Session != "" {
		_, err := tx.exec(ctx, fmt.Sprintf(beyond, `session_id = $2`), limits.Session-1, k.Session)
		return err
	}
	if _, err := tx.exec(ctx, fmt.Sprintf(beyond, `session_id = '' AND network = $2`), limits.Network-1, k.Network); err != nil {
		return err
	}
	_, err = tx.exec(ctx, fmt.Sprintf(beyond, `session_id = ''`), limits.Visitors-1)
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
