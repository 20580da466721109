package store

import (
	"context"
	"time"

	"latchkey/internal/actor"
	"latchkey/internal/signin"
)

// HeldForm returns the form of a session with a digest, also one that has expired; NotFound if there is none.
func (q *queries) HeldForm(ctx context.Context, session string, digest []byte) (signin.Held, error) {
	return one(ctx, q, "That form", func(row scanner) (signin.Held, error) {
		var h signin.Held
		var created, expires int64
		err := row.Scan(&h.Session, &h.Path, &h.Act, &h.Key, &h.Sealed, &created, &expires)
		h.CreatedAt, h.ExpiresAt = moment(created), moment(expires)
		return h, err
	}, `SELECT session_id, path, act, key_id, sealed, created_at, expires_at FROM held_forms WHERE digest = $1
		AND session_id = $2`, digest, session)
}

// HoldForm stores a form under a digest. It deletes those of the session beyond the number that came last, and
// those that only a clock that was set back can have made.
func (tx *Tx) HoldForm(ctx context.Context, h signin.Held, digest []byte, most int) error {
	if _, err := tx.exec(ctx, `INSERT INTO held_forms (digest, session_id, path, act, key_id, sealed, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, digest, h.Session, h.Path, h.Act, h.Key, h.Sealed, millis(h.CreatedAt),
		millis(h.ExpiresAt)); err != nil {
		return err
	}
	_, err := tx.exec(ctx, `DELETE FROM held_forms WHERE session_id = $1 AND digest <> $2 AND (expires_at > $4 OR digest NOT IN (
		SELECT digest FROM held_forms WHERE session_id = $1 AND digest <> $2 ORDER BY created_at DESC, digest LIMIT $3))`,
		h.Session, digest, most-1, millis(h.ExpiresAt.Add(actor.ClockSkew)))
	return err
}

// TakeForm deletes a form of a session and reports whether it existed.
func (tx *Tx) TakeForm(ctx context.Context, session string, digest []byte) (bool, error) {
	n, err := tx.exec(ctx, `DELETE FROM held_forms WHERE digest = $1 AND session_id = $2`, digest, session)
	return n > 0, err
}

// DropHeld deletes the forms that expire at or before a moment, or after the latest at which one can expire, because
// then the clock was set back.
func (tx *Tx) DropHeld(ctx context.Context, expired, latest time.Time) error {
	_, err := tx.exec(ctx, `DELETE FROM held_forms WHERE expires_at <= $1 OR expires_at > $2`, millis(expired), millis(latest))
	return err
}
