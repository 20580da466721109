package store

import (
	"context"
	"database/sql"
	"time"

	"latchkey/internal/actor"
	"latchkey/internal/signin"
)

const factorColumns = `f.id, f.member_id, f.kind, f.name, f.created_at, f.confirmed_at, f.last_used_at`

// scanFactor scans factorColumns and further columns.
func scanFactor(row scanner, more ...any) (signin.Factor, error) {
	var f signin.Factor
	var created int64
	var confirmed, used sql.NullInt64
	err := row.Scan(append([]any{&f.ID, &f.Member, &f.Kind, &f.Name, &created, &confirmed, &used}, more...)...)
	f.CreatedAt, f.ConfirmedAt, f.LastUsedAt = moment(created), maybeMoment(confirmed), maybeMoment(used)
	return f, err
}

func scanOneFactor(row scanner) (signin.Factor, error) { return scanFactor(row) }

// FactorsOf returns the confirmed factors of a member, the oldest first.
func (q *queries) FactorsOf(ctx context.Context, memberID string) ([]signin.Factor, error) {
	return all(ctx, q, scanOneFactor, `SELECT `+factorColumns+` FROM factors f
		WHERE f.member_id = $1 AND f.confirmed_at IS NOT NULL ORDER BY f.created_at, f.id`, memberID)
}

// Unconfirmed returns a factor of a member that is not confirmed; NotFound otherwise.
func (q *queries) Unconfirmed(ctx context.Context, memberID, id string) (signin.Factor, error) {
	return one(ctx, q, "That second factor", scanOneFactor, `SELECT `+factorColumns+` FROM factors f
		WHERE f.id = $1 AND f.member_id = $2 AND f.confirmed_at IS NULL`, id, memberID)
}

// FactorSecret returns the secret of a factor; NotFound if it has none.
func (q *queries) FactorSecret(ctx context.Context, id string) (signin.Sealed, error) {
	return one(ctx, q, "That second factor", func(row scanner) (signin.Sealed, error) {
		var s signin.Sealed
		err := row.Scan(&s.Path, &s.Key, &s.Value)
		return s, err
	}, `SELECT path, key_id, sealed FROM factor_secrets WHERE factor_id = $1`, id)
}

// RecoveryCodesLeft returns how many recovery codes a member has not used.
func (q *queries) RecoveryCodesLeft(ctx context.Context, memberID string) (int, error) {
	return q.number(ctx, `SELECT count(*) FROM recovery_codes WHERE member_id = $1`, memberID)
}

// PendingByDigest returns the waiting sign-in with a digest, also one that has expired, and its member in any
// state; NotFound if there is none.
func (q *queries) PendingByDigest(ctx context.Context, digest []byte) (signin.Pending, signin.Account, error) {
	var a signin.Account
	p, err := one(ctx, q, "That sign-in", func(row scanner) (signin.Pending, error) {
		var p signin.Pending
		var created, expires int64
		err := row.Scan(append([]any{&p.Member, &created, &expires}, signInFields(&a)...)...)
		p.CreatedAt, p.ExpiresAt = moment(created), moment(expires)
		return p, err
	}, `SELECT p.member_id, p.created_at, p.expires_at, `+signInColumns+` FROM pending_sign_ins p JOIN members m ON m.id = p.member_id
		WHERE p.digest = $1`, digest)
	return p, a, err
}

// InsertFactor adds a factor that is not confirmed, in place of the member's earlier ones that are not. The
// zero secret is none.
func (tx *Tx) InsertFactor(ctx context.Context, f signin.Factor, secret signin.Sealed) error {
	if _, err := tx.exec(ctx, `DELETE FROM factors WHERE member_id = $1 AND confirmed_at IS NULL`, f.Member); err != nil {
		return err
	}
	if _, err := tx.exec(ctx, `INSERT INTO factors (id, member_id, kind, name, created_at) VALUES ($1, $2, $3, $4, $5)`,
		f.ID, f.Member, f.Kind, f.Name, millis(f.CreatedAt)); err != nil {
		return err
	}
	if secret.Path == "" {
		return nil
	}
	return tx.saveFactorSecret(ctx, f.ID, secret)
}

func (tx *Tx) saveFactorSecret(ctx context.Context, id string, secret signin.Sealed) error {
	_, err := tx.exec(ctx, `INSERT INTO factor_secrets (factor_id, path, key_id, sealed) VALUES ($1, $2, $3, $4)`,
		id, secret.Path, secret.Key, secret.Value)
	return err
}

// ConfirmFactor makes a factor of a member count, and reports whether it did not before.
func (tx *Tx) ConfirmFactor(ctx context.Context, memberID, id string) (bool, error) {
	n, err := tx.exec(ctx, `UPDATE factors SET confirmed_at = $1 WHERE id = $2 AND member_id = $3 AND confirmed_at IS NULL`,
		millis(tx.now), id, memberID)
	return n > 0, err
}

// UseStep records that the code of a step was accepted, and reports whether it is later than the last one
// that was. A last one after latest is from before the clock was set back, and does not count.
func (tx *Tx) UseStep(ctx context.Context, factorID string, step, latest int64) (bool, error) {
	n, err := tx.exec(ctx, `UPDATE factors SET last_step = $1, last_used_at = $2
		WHERE id = $3 AND (last_step < $1 OR last_step > $4)`, step, millis(tx.now), factorID, latest)
	return n > 0, err
}

// DeleteFactor deletes a factor of a member and reports whether it existed.
func (tx *Tx) DeleteFactor(ctx context.Context, memberID, id string) (bool, error) {
	if err := tx.mayStrand(ctx); err != nil {
		return false, err
	}
	n, err := tx.exec(ctx, `DELETE FROM factors WHERE id = $1 AND member_id = $2`, id, memberID)
	return n > 0, err
}

// EndFactors deletes all factors and recovery codes of a member, the sign-ins that wait, and the challenges. It
// returns the number of confirmed factors. The member's sessions lose the assurance that the factors gave, and
// their proof.
func (tx *Tx) EndFactors(ctx context.Context, memberID string) (int, error) {
	if err := tx.mayStrand(ctx); err != nil {
		return 0, err
	}
	for _, table := range []string{"recovery_codes", "pending_sign_ins", "passkey_challenges"} {
		if _, err := tx.exec(ctx, `DELETE FROM `+table+` WHERE member_id = $1`, memberID); err != nil {
			return 0, err
		}
	}
	if _, err := tx.exec(ctx, `UPDATE sessions SET proven_by = $1, proven_at = 0 WHERE member_id = $2 AND proven_by = $3`,
		actor.ByPassword, memberID, actor.ByFactor); err != nil {
		return 0, err
	}
	n, err := tx.exec(ctx, `DELETE FROM factors WHERE member_id = $1 AND confirmed_at IS NOT NULL`, memberID)
	if err != nil {
		return 0, err
	}
	_, err = tx.exec(ctx, `DELETE FROM factors WHERE member_id = $1`, memberID)
	return int(n), err
}

// SaveRecoveryCodes replaces a member's recovery codes.
func (tx *Tx) SaveRecoveryCodes(ctx context.Context, memberID string, digests [][]byte) error {
	if _, err := tx.exec(ctx, `DELETE FROM recovery_codes WHERE member_id = $1`, memberID); err != nil {
		return err
	}
	for _, digest := range digests {
		if _, err := tx.exec(ctx, `INSERT INTO recovery_codes (member_id, digest) VALUES ($1, $2)`, memberID, digest); err != nil {
			return err
		}
	}
	return nil
}

// UseRecoveryCode deletes a recovery code and reports whether it existed.
func (tx *Tx) UseRecoveryCode(ctx context.Context, memberID string, digest []byte) (bool, error) {
	n, err := tx.exec(ctx, `DELETE FROM recovery_codes WHERE member_id = $1 AND digest = $2`, memberID, digest)
	return n > 0, err
}

// InsertPending adds a waiting sign-in under the digest of its secret.
func (tx *Tx) InsertPending(ctx context.Context, p signin.Pending, digest []byte) error {
	_, err := tx.exec(ctx, `INSERT INTO pending_sign_ins (digest, member_id, created_at, expires_at) VALUES ($1, $2, $3, $4)`,
		digest, p.Member, millis(p.CreatedAt), millis(p.ExpiresAt))
	return err
}

// MissPending counts a wrong code. The one that reaches most ends the sign-in.
func (tx *Tx) MissPending(ctx context.Context, digest []byte, most int) error {
	if _, err := tx.exec(ctx, `UPDATE pending_sign_ins SET misses = misses + 1 WHERE digest = $1`, digest); err != nil {
		return err
	}
	_, err := tx.exec(ctx, `DELETE FROM pending_sign_ins WHERE digest = $1 AND misses >= $2`, digest, most)
	return err
}

// EndPending deletes a waiting sign-in and reports whether it existed.
func (tx *Tx) EndPending(ctx context.Context, digest []byte) (bool, error) {
	n, err := tx.exec(ctx, `DELETE FROM pending_sign_ins WHERE digest = $1`, digest)
	return n > 0, err
}

// DropPending deletes the sign-ins that expired at or before a moment.
func (tx *Tx) DropPending(ctx context.Context, expired time.Time) error {
	_, err := tx.exec(ctx, `DELETE FROM pending_sign_ins WHERE expires_at <= $1`, millis(expired))
	return err
}
