package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/change"
	"latchkey/internal/fault"
	"latchkey/internal/token"
	"latchkey/internal/verify"
)

// maxSecrets is how many secrets of a token are read at once: all that may work, and a few before them.
const maxSecrets = 10

const secretColumns = `s.digest, s.hint, s.legacy, s.made_at, s.first_used_at, s.last_used_at, s.last_used_from,
	s.own_end_at, s.ends_at, s.ended_at`

func scanSecret(row scanner) (token.SecretState, error) {
	var s token.SecretState
	var digest []byte
	var made int64
	var first, last, own, ends, ended sql.NullInt64
	var from string
	if err := row.Scan(&digest, &s.Hint, &s.Legacy, &made, &first, &last, &from, &own, &ends, &ended); err != nil {
		return s, err
	}
	if copy(s.Digest[:], digest); len(digest) != len(s.Digest) {
		return s, fmt.Errorf("a secret's digest has %d bytes", len(digest))
	}
	s.MadeAt, s.FirstUsedAt, s.LastUsedAt = moment(made), maybeMoment(first), maybeMoment(last)
	s.OwnEnd, s.EndsAt, s.EndedAt = maybeMoment(own), maybeMoment(ends), maybeMoment(ended)
	return s, json.Unmarshal([]byte(from), &s.LastUsedFrom)
}

// TokenSecrets returns the current secret of a token, and the last few previous ones, the newest first.
func (q *queries) TokenSecrets(ctx context.Context, t token.Token) ([]token.SecretState, error) {
	// The current one is made last, but a clock may have been set back.
	found, err := all(ctx, q, scanSecret, `SELECT `+secretColumns+` FROM token_secrets s WHERE s.token_id = $1
		ORDER BY CASE WHEN s.ends_at IS NULL THEN 0 ELSE 1 END, CASE WHEN s.ended_at IS NULL THEN 0 ELSE 1 END, s.made_at DESC LIMIT $2`,
		t.ID, maxSecrets)
	if err != nil || len(found) > 0 {
		return found, err
	}
	only := token.SecretState{Hint: t.Hint, Legacy: t.Legacy, MadeAt: t.CreatedAt, FirstUsedAt: t.LastUsedAt, LastUsedAt: t.LastUsedAt}
	for _, u := range t.LastUsedFrom {
		only.LastUsedFrom = append(only.LastUsedFrom, token.SecretUse{IP: u.IP, At: u.At})
	}
	digest, err := one(ctx, q, "That token", func(row scanner) (digest []byte, err error) {
		err = row.Scan(&digest)
		return digest, err
	}, `SELECT t.digest FROM tokens t WHERE t.id = $1`, t.ID)
	copy(only.Digest[:], digest)
	return []token.SecretState{only}, err
}

// LockTokenSecrets is like TokenSecrets, and locks the rows until the transaction ends. So a first use
// that is noted meanwhile is either seen or refused: see [Store.UseSecret].
func (tx *Tx) LockTokenSecrets(ctx context.Context, t token.Token) ([]token.SecretState, error) {
	if _, err := tx.exec(ctx, `UPDATE token_secrets SET hint = hint WHERE token_id = $1`, t.ID); err != nil {
		return nil, err
	}
	return tx.TokenSecrets(ctx, t)
}

// SaveTokenSecrets saves new secrets of a token, and when previous ones end. If the current one is among
// them, the token gets it, and its new end.
func (tx *Tx) SaveTokenSecrets(ctx context.Context, t token.Token, secrets []token.SecretState) error {
	tx.changed(change.Token, t.ID)
	for _, s := range secrets {
		from, err := json.Marshal(append([]token.SecretUse{}, s.LastUsedFrom...))
		if err != nil {
			return err
		}
		_, err = tx.exec(ctx, `INSERT INTO token_secrets (digest, token_id, hint, legacy, made_at, first_used_at, last_used_at, last_used_from,
				own_end_at, ends_at, ended_at)
			VALUES (`+placeholders(1, 11)+`)
			ON CONFLICT (digest) DO UPDATE SET own_end_at = excluded.own_end_at, ends_at = excluded.ends_at, ended_at = excluded.ended_at`,
			s.Digest[:], t.ID, s.Hint, s.Legacy, millis(s.MadeAt), millis(s.FirstUsedAt), millis(s.LastUsedAt), string(from),
			millis(s.OwnEnd), millis(s.EndsAt), millis(s.EndedAt))
		if err == nil && !s.Previous() {
			err = tx.execOne(ctx, "That token", `UPDATE tokens SET digest = $1, hint = $2, legacy = $3, expires_at = $4
				WHERE organization_id = $5 AND id = $6 AND deleted_at IS NULL`,
				s.Digest[:], s.Hint, s.Legacy, millis(t.ExpiresAt), t.Organization, t.ID)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// ShortenToken moves the end of a token, and that of a previous secret that works longer: the token may be
// rotated again, which would let the secret work until then. It returns the secret as it was; nil if there is
// none. The error is NotFound if the token is deleted, or ends before that.
func (tx *Tx) ShortenToken(ctx context.Context, t token.Token) (*token.SecretState, error) {
	if t.ExpiresAt.IsZero() {
		return nil, fault.NewInvalid("A token cannot be shortened to no end.")
	}
	tx.changed(change.Token, t.ID)
	err := tx.execOne(ctx, "That token", `UPDATE tokens SET expires_at = $1
		WHERE organization_id = $2 AND id = $3 AND deleted_at IS NULL AND (expires_at IS NULL OR expires_at > $1)`,
		millis(t.ExpiresAt), t.Organization, t.ID)
	if err != nil {
		return nil, err
	}
	const longer = ` WHERE token_id = $1 AND ended_at IS NULL AND ends_at > $2`
	s, found, err := first(ctx, &tx.queries, scanSecret, `SELECT `+secretColumns+` FROM token_secrets s`+longer+` ORDER BY ends_at DESC`,
		t.ID, millis(t.ExpiresAt))
	if err != nil || !found {
		return nil, err
	}
	_, err = tx.exec(ctx, `UPDATE token_secrets SET ends_at = $2`+longer, t.ID, millis(t.ExpiresAt))
	return &s, err
}

// EndSecret ends a previous secret of a token now; NotFound if it is none, or was ended.
func (tx *Tx) EndSecret(ctx context.Context, id string, digest [32]byte) error {
	tx.changed(change.Token, id)
	return tx.execOne(ctx, "That secret", `UPDATE token_secrets SET ends_at = $1, ended_at = $1
		WHERE digest = $2 AND token_id = $3 AND ends_at > $1 AND ended_at IS NULL`, millis(tx.now), digest[:], id)
}

// UseSecret notes that a secret of a token that was rotated is used, if that is its first use. The error
// is NotFound if it was replaced or ended meanwhile.
func (s *Store) UseSecret(ctx context.Context, digest [32]byte) error {
	return s.InTx(ctx, actor.System(""), func(tx *Tx) error {
		n, err := tx.exec(ctx, `UPDATE token_secrets SET first_used_at = $1 WHERE digest = $2 AND first_used_at IS NULL AND ended_at IS NULL`,
			millis(tx.now), digest[:])
		if err != nil || n > 0 {
			return err
		}
		return tx.execOne(ctx, "That secret", `UPDATE token_secrets SET hint = hint WHERE digest = $1 AND ended_at IS NULL`, digest[:])
	})
}

// The columns of a secret for verification, after recordColumns: that of the row s of token_secrets, which
// may be missing for a token that was never rotated.
const recordSecretColumns = `CASE WHEN s.digest IS NOT NULL AND s.first_used_at IS NULL AND s.ends_at IS NULL THEN TRUE ELSE FALSE END,
	s.ends_at, s.ended_at,
	CASE WHEN s.digest IS NULL THEN NULL ELSE
		(SELECT max(p.ends_at) FROM token_secrets p WHERE p.token_id = s.token_id AND p.ended_at IS NULL) END`

const (
	currentSecret = ` FROM tokens t LEFT JOIN token_secrets s ON s.digest = t.digest`
	// previousSecret leaves out the current ones, which are in tokens.
	previousSecret = ` FROM token_secrets s JOIN tokens t ON t.id = s.token_id AND s.ends_at IS NOT NULL`
)

// recordQuery selects records by their current secret, or by previous ones.
func recordQuery(from string) string {
	secret := `t`
	if from == previousSecret {
		secret = `s`
	}
	return `SELECT ` + recordColumns + `, ` + secret + `.hint, ` + secret + `.digest, ` + secret + `.legacy, ` + recordSecretColumns + from
}

func scanRecord(row scanner) (verify.Record, error) {
	var r verify.Record
	var digest []byte
	var created int64
	var expires, deleted, suspended, ends, ended, watched sql.NullInt64
	err := row.Scan(&r.ID, &r.Organization, &r.Kind, &r.Name, &r.Owner, &r.Workspace, &r.Scope, &r.Policy, &created, &expires, &deleted,
		&suspended, &r.Addresses, &r.Hint, &digest, &r.Legacy, &r.Fresh, &ends, &ended, &watched)
	if err != nil {
		return r, err
	}
	if copy(r.Digest[:], digest); len(digest) != len(r.Digest) {
		return r, fmt.Errorf("token %s: the digest has %d bytes", r.ID, len(digest))
	}
	r.CreatedAt, r.ExpiresAt, r.Deleted = moment(created), maybeMoment(expires), deleted.Valid
	r.Suspended, r.WatchUntil = suspended.Valid, maybeMoment(watched)
	if ends.Valid {
		r.Previous, r.Ended = true, ended.Valid
		if r.ExpiresAt.IsZero() || ends.Int64 < expires.Int64 {
			r.ExpiresAt = moment(ends.Int64)
		}
	}
	return r, nil
}

// rotatedRecords returns the records of tokens with a secret that was never used or a previous one that
// works at now, by digest: their current secrets and those previous ones.
func (q *queries) rotatedRecords(ctx context.Context, now time.Time) (map[[32]byte]verify.Record, error) {
	found := map[[32]byte]verify.Record{}
	for _, query := range []string{
		recordQuery(currentSecret) + ` WHERE t.deleted_at IS NULL AND t.id IN (
			SELECT token_id FROM token_secrets WHERE ended_at IS NULL AND ends_at > $1
			UNION SELECT token_id FROM token_secrets WHERE first_used_at IS NULL AND ends_at IS NULL)`,
		recordQuery(previousSecret) + ` WHERE t.deleted_at IS NULL AND s.ended_at IS NULL AND s.ends_at > $1`,
	} {
		records, err := all(ctx, q, scanRecord, query, millis(now))
		if err != nil {
			return nil, err
		}
		for _, r := range records {
			found[r.Digest] = r
		}
	}
	return found, nil
}

// digestFree returns Conflict if a secret that a token once had has the digest. An imported secret may.
func (tx *Tx) digestFree(ctx context.Context, digest [32]byte) error {
	n, err := tx.number(ctx, `SELECT count(*) FROM token_secrets WHERE digest = $1`, digest[:])
	if err == nil && n > 0 {
		err = fault.NewConflict("A token with this value already exists.")
	}
	return err
}

// SaveSecretUses saves uses of the secrets of tokens that were rotated, and adds them to the counts of the
// part of the hour.
func (s *Store) SaveSecretUses(ctx context.Context, uses []verify.SecretUse) error {
	return s.InTx(ctx, actor.System(""), func(tx *Tx) error {
		slot := token.SlotOf(tx.now)
		for _, u := range uses {
			stored, found, err := first(ctx, &tx.queries, scanSecret,
				`SELECT `+secretColumns+` FROM token_secrets s WHERE s.digest = $1`, u.Digest[:])
			if err != nil {
				return err
			}
			if !found || len(u.From) == 0 {
				continue
			}
			from, err := json.Marshal(verify.MergePlaces(u.From, stored.LastUsedFrom))
			if err != nil {
				return err
			}
			last := u.From[0].At
			if stored.LastUsedAt.After(last) {
				last = stored.LastUsedAt
			}
			_, err = tx.exec(ctx, `UPDATE token_secrets SET last_used_at = $1, last_used_from = $2 WHERE digest = $3`,
				millis(last), string(from), u.Digest[:])
			if err == nil {
				_, err = tx.exec(ctx, `INSERT INTO token_secret_uses (digest, slot, requests) VALUES ($1, $2, $3)
					ON CONFLICT (digest, slot) DO UPDATE SET requests = token_secret_uses.requests + excluded.requests`, u.Digest[:], slot, u.Requests)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// SecretCounts returns how often the secrets of a token were used in the hour and in the day before now.
func (q *queries) SecretCounts(ctx context.Context, t token.Token, now int64) (map[[32]byte]token.SecretCount, error) {
	found := map[[32]byte]token.SecretCount{}
	err := each(ctx, q, func(row scanner) error {
		var digest []byte
		var c token.SecretCount
		if err := row.Scan(&digest, &c.Hour, &c.Day); err != nil {
			return err
		}
		found[[32]byte(digest)] = c
		return nil
	}, `SELECT u.digest, CAST(sum(CASE WHEN u.slot > $1 THEN u.requests ELSE 0 END) AS BIGINT), CAST(sum(u.requests) AS BIGINT)
		FROM token_secrets s JOIN token_secret_uses u ON u.digest = s.digest
		WHERE s.token_id = $2 AND u.slot > $3 AND u.slot <= $4 GROUP BY u.digest`,
		now-token.SlotsPerHour, t.ID, now-token.SlotsPerDay, now)
	return found, err
}

// UsedAfterEnd returns the latest refused use of a previous secret of a token, if there is an event about
// one since then.
func (q *queries) UsedAfterEnd(ctx context.Context, t token.Token, since time.Time) (token.SecretUse, bool, error) {
	return first(ctx, q, func(row scanner) (u token.SecretUse, err error) {
		var at int64
		err = row.Scan(&u.IP, &u.Agent, &at)
		u.At = moment(at)
		return u, err
	}, `SELECT e.ip, e.user_agent, e.at FROM audit_events e WHERE e.organization_id = $1 AND e.target_id = $2 AND e.action = $3
		AND e.at >= $4 AND e.after_state LIKE $5 ORDER BY e.seq DESC LIMIT 1`,
		t.Organization, t.ID, audit.UsedAfterRevocation, millis(since), `%"`+verify.Rotated.String()+`"%`)
}
