package store

import (
	"context"
	"fmt"
	"time"

	"latchkey/internal/actor"
	"latchkey/internal/signin"
)

const recoveryColumns = `r.member_id, r.made_by, r.created_at, r.expires_at, r.clears_factors`

// scanRecovery scans recoveryColumns and further columns.
func scanRecovery(row scanner, more ...any) (signin.Recovery, error) {
	var r signin.Recovery
	var created, expires int64
	err := row.Scan(append([]any{&r.Member, &r.MadeBy, &created, &expires, &r.ClearsFactors}, more...)...)
	r.CreatedAt, r.ExpiresAt = moment(created), moment(expires)
	return r, err
}

// RecoveryByDigest returns the link with a digest, also one that has expired, and its member in any
// state; NotFound if there is none.
func (q *queries) RecoveryByDigest(ctx context.Context, digest []byte) (signin.Recovery, signin.Account, error) {
	var a signin.Account
	r, err := one(ctx, q, "That link", func(row scanner) (signin.Recovery, error) {
		return scanRecovery(row, signInFields(&a)...)
	}, `SELECT `+recoveryColumns+`, `+signInColumns+` FROM recoveries r JOIN members m ON m.id = r.member_id WHERE r.digest = $1`, digest)
	return r, a, err
}

// SaveRecovery stores a link under the digest of its secret, in place of the member's earlier one.
func (tx *Tx) SaveRecovery(ctx context.Context, r signin.Recovery, digest []byte) error {
	_, err := tx.putRecovery(ctx, r, digest, "")
	return err
}

// AddRecovery stores a link unless the member has one that works, and reports whether it did. One that
// would end later than one of any node was made before the clock was set back, and does not work.
func (tx *Tx) AddRecovery(ctx context.Context, r signin.Recovery, digest []byte) (bool, error) {
	n, err := tx.putRecovery(ctx, r, digest,
		fmt.Sprintf(` WHERE recoveries.expires_at <= excluded.created_at OR recoveries.expires_at > excluded.expires_at + %d`,
			actor.ClockSkew.Milliseconds()))
	return n > 0, err
}

// putRecovery stores a link, in place of an earlier one that a condition allows to replace.
func (tx *Tx) putRecovery(ctx context.Context, r signin.Recovery, digest []byte, condition string) (int64, error) {
	return tx.exec(ctx, `INSERT INTO recoveries (member_id, digest, made_by, created_at, expires_at, clears_factors)
		VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (member_id) DO UPDATE SET digest = excluded.digest, made_by = excluded.made_by, created_at = excluded.created_at,
			expires_at = excluded.expires_at, clears_factors = excluded.clears_factors`+condition,
		r.Member, digest, r.MadeBy, millis(r.CreatedAt), millis(r.ExpiresAt), r.ClearsFactors)
}

// DropRecovery deletes the link with a digest, if there is one.
func (tx *Tx) DropRecovery(ctx context.Context, digest []byte) error {
	_, err := tx.exec(ctx, `DELETE FROM recoveries WHERE digest = $1`, digest)
	return err
}

// EndRecovery deletes a member's link, if there is one.
func (tx *Tx) EndRecovery(ctx context.Context, memberID string) error {
	_, err := tx.exec(ctx, `DELETE FROM recoveries WHERE member_id = $1`, memberID)
	return err
}

// DropEndedRecoveries deletes the links that expired at or before a moment.
func (tx *Tx) DropEndedRecoveries(ctx context.Context, expired time.Time) error {
	_, err := tx.exec(ctx, `DELETE FROM recoveries WHERE expires_at <= $1`, millis(expired))
	return err
}
