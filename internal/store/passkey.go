package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"latchkey/internal/actor"
	"latchkey/internal/fault"
	"latchkey/internal/signin"
)

const passkeyColumns = factorColumns + `, k.credential, k.public_key, k.party, k.sign_count, k.may_be_copied, k.is_copied,
	k.transports, u.handle`

const passkeyTables = `passkeys k JOIN factors f ON f.id = k.factor_id AND f.confirmed_at IS NOT NULL
	JOIN passkey_users u ON u.member_id = f.member_id`

func scanPasskey(row scanner) (signin.Passkey, error) {
	var p signin.Passkey
	var transports string
	f, err := scanFactor(row, &p.Credential.ID, &p.PublicKey, &p.Party, &p.Count, &p.MayBeCopied, &p.IsCopied, &transports, &p.Handle)
	if err != nil {
		return p, err
	}
	p.Factor = f
	if err := json.Unmarshal([]byte(transports), &p.Transports); err != nil {
		return p, fmt.Errorf("the transports of passkey %s: %w", f.ID, err)
	}
	return p, nil
}

// PasskeysOf returns the passkeys of a member that count, the oldest first.
func (q *queries) PasskeysOf(ctx context.Context, memberID string) ([]signin.Passkey, error) {
	return all(ctx, q, scanPasskey, `SELECT `+passkeyColumns+` FROM `+passkeyTables+`
		WHERE f.member_id = $1 ORDER BY f.created_at, f.id`, memberID)
}

// PasskeyByCredential returns the passkey with the id of a credential, if it counts; NotFound otherwise.
func (q *queries) PasskeyByCredential(ctx context.Context, credential []byte) (signin.Passkey, error) {
	return one(ctx, q, "That passkey", scanPasskey, `SELECT `+passkeyColumns+` FROM `+passkeyTables+` WHERE k.credential = $1`, credential)
}

// Challenge returns the challenge with a digest, also one that has expired; NotFound if there is none.
func (q *queries) Challenge(ctx context.Context, digest []byte) (signin.Challenge, error) {
	return one(ctx, q, "That challenge", func(row scanner) (signin.Challenge, error) {
		var c signin.Challenge
		var created, expires int64
		err := row.Scan(&c.Value, &c.Member, &c.Network, &created, &expires)
		c.CreatedAt, c.ExpiresAt = moment(created), moment(expires)
		return c, err
	}, `SELECT challenge, COALESCE(member_id, ''), network, created_at, expires_at FROM passkey_challenges WHERE digest = $1`, digest)
}

// PasskeyHandle returns by what authenticators know a member: the stored handle, or fresh, which it stores.
func (tx *Tx) PasskeyHandle(ctx context.Context, memberID string, fresh []byte) ([]byte, error) {
	if _, err := tx.exec(ctx, `INSERT INTO passkey_users (member_id, handle) VALUES ($1, $2) ON CONFLICT (member_id) DO NOTHING`,
		memberID, fresh); err != nil {
		return nil, err
	}
	return one(ctx, &tx.queries, "That member", func(row scanner) ([]byte, error) {
		var handle []byte
		err := row.Scan(&handle)
		return handle, err
	}, `SELECT handle FROM passkey_users WHERE member_id = $1`, memberID)
}

// InsertPasskey adds what a browser said of the passkey that a factor is; Conflict if any member has that
// credential.
func (tx *Tx) InsertPasskey(ctx context.Context, p signin.Passkey) error {
	transports, err := json.Marshal(append([]string{}, p.Transports...))
	if err != nil {
		return err
	}
	n, err := tx.exec(ctx, `INSERT INTO passkeys (factor_id, credential, public_key, party, sign_count, may_be_copied, is_copied, transports)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (credential) DO NOTHING`,
		p.Factor.ID, p.Credential.ID, p.PublicKey, p.Party, int64(p.Count), p.MayBeCopied, p.IsCopied, string(transports))
	if err == nil && n == 0 {
		err = fault.NewConflict("This passkey is registered already.")
	}
	return err
}

// UsePasskey records a use of a member's passkey that counts: the count of its authenticator, in place of
// was, and whether it is copied. It reports whether the member still has it and the count still was that.
func (tx *Tx) UsePasskey(ctx context.Context, memberID string, p signin.Passkey, was uint32) (bool, error) {
	n, err := tx.exec(ctx, `UPDATE passkeys SET sign_count = $1, is_copied = $2 WHERE factor_id = $3 AND sign_count = $4
		AND EXISTS (SELECT 1 FROM factors f WHERE f.id = factor_id AND f.member_id = $5 AND f.confirmed_at IS NOT NULL)`,
		int64(p.Count), p.IsCopied, p.Factor.ID, int64(was), memberID)
	if err != nil || n == 0 {
		return false, err
	}
	_, err = tx.exec(ctx, `UPDATE factors SET last_used_at = $1 WHERE id = $2`, millis(tx.now), p.Factor.ID)
	return true, err
}

// RenameFactor renames a confirmed factor of a member and reports whether it existed.
func (tx *Tx) RenameFactor(ctx context.Context, memberID, id, name string) (bool, error) {
	n, err := tx.exec(ctx, `UPDATE factors SET name = $1 WHERE id = $2 AND member_id = $3 AND confirmed_at IS NOT NULL`, name, id, memberID)
	return n > 0, err
}

// SaveChallenge stores a challenge under a digest, in place of an earlier one there. It deletes those that
// expired, and the oldest ones beyond what limits allow: of the member, or of visitors who are not signed in.
func (tx *Tx) SaveChallenge(ctx context.Context, c signin.Challenge, digest []byte, limits signin.ChallengeLimits) error {
	if err := tx.DropChallenges(ctx, tx.now, c.ExpiresAt.Add(actor.ClockSkew)); err != nil {
		return err
	}
	var member any
	if c.Member != "" {
		member = c.Member
	}
	if _, err := tx.exec(ctx, `INSERT INTO passkey_challenges (digest, challenge, member_id, network, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (digest) DO UPDATE SET challenge = excluded.challenge, member_id = excluded.member_id,
			network = excluded.network, created_at = excluded.created_at, expires_at = excluded.expires_at`,
		digest, c.Value, member, c.Network, millis(c.CreatedAt), millis(c.ExpiresAt)); err != nil {
		return err
	}
	// Those of one moment stay together.
	const beyond = `DELETE FROM passkey_challenges WHERE %[1]s AND created_at < (SELECT created_at FROM passkey_challenges
		WHERE %[1]s ORDER BY created_at DESC LIMIT 1 OFFSET $1)`
	if c.Member != "" {
		_, err := tx.exec(ctx, fmt.Sprintf(beyond, `member_id = $2`), limits.Member-1, c.Member)
		return err
	}
	if _, err := tx.exec(ctx, fmt.Sprintf(beyond, `network = $2`), limits.Network-1, c.Network); err != nil {
		return err
	}
	_, err := tx.exec(ctx, fmt.Sprintf(beyond, `member_id IS NULL`), limits.Visitors-1)
	return err
}

// EndChallenge deletes a challenge with this value and reports whether it existed.
func (tx *Tx) EndChallenge(ctx context.Context, digest, value []byte) (bool, error) {
	n, err := tx.exec(ctx, `DELETE FROM passkey_challenges WHERE digest = $1 AND challenge = $2`, digest, value)
	return n > 0, err
}

// DropChallenges deletes the challenges that expire at or before a moment, or after the latest at which one
// can expire, because then the clock was set back.
func (tx *Tx) DropChallenges(ctx context.Context, expired, latest time.Time) error {
	_, err := tx.exec(ctx, `DELETE FROM passkey_challenges WHERE expires_at <= $1 OR expires_at > $2`, millis(expired), millis(latest))
	return err
}
