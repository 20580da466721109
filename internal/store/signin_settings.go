package store

import (
	"context"
	"encoding/json"
	"time"

	"latchkey/internal/signin"
)

// SignInSettings returns what Admins chose about how members sign in; the zero value if nothing was saved.
func (q *queries) SignInSettings(ctx context.Context, organization string) (signin.Settings, error) {
	s, _, err := first(ctx, q, func(row scanner) (signin.Settings, error) {
		var s signin.Settings
		var muted string
		var from int64
		if err := row.Scan(&muted, &s.Factor.Who, &from); err != nil {
			return s, err
		}
		s.Factor.From = orNever(from)
		return s, json.Unmarshal([]byte(muted), &s.Muted)
	}, `SELECT muted, factor_rule, factor_from FROM sign_in_settings WHERE organization_id = $1`, organization)
	return s, err
}

// SaveSignInSettings replaces the settings of an organization.
func (tx *Tx) SaveSignInSettings(ctx context.Context, organization string, s signin.Settings) error {
	muted, err := json.Marshal(append([]signin.Alert{}, s.Muted...))
	if err != nil {
		return err
	}
	_, err = tx.exec(ctx, `INSERT INTO sign_in_settings (organization_id, muted, factor_rule, factor_from, updated_at) VALUES
		($1, $2, $3, $4, $5)
		ON CONFLICT (organization_id) DO UPDATE SET muted = excluded.muted, factor_rule = excluded.factor_rule,
		factor_from = excluded.factor_from, updated_at = excluded.updated_at`,
		organization, string(muted), s.Factor.Who, never(s.Factor.From), millis(tx.now))
	return err
}

// RememberBrowser records that a member signs in now with a browser, and reports whether that was known. It
// forgets the member's browsers that signed in before oldest, and those beyond the number that did so last.
func (tx *Tx) RememberBrowser(ctx context.Context, memberID string, digest []byte, oldest time.Time, most int) (bool, error) {
	if _, err := tx.exec(ctx, `DELETE FROM browsers WHERE member_id = $1 AND signed_in_at < $2`, memberID, millis(oldest)); err != nil {
		return false, err
	}
	n, err := tx.exec(ctx, `UPDATE browsers SET signed_in_at = $1 WHERE member_id = $2 AND digest = $3`, millis(tx.now), memberID, digest)
	if err != nil || n > 0 {
		return n > 0, err
	}
	if _, err := tx.exec(ctx, `INSERT INTO browsers (member_id, digest, signed_in_at) VALUES ($1, $2, $3)
		ON CONFLICT (member_id, digest) DO NOTHING`, memberID, digest, millis(tx.now)); err != nil {
		return false, err
	}
	_, err = tx.exec(ctx, `DELETE FROM browsers WHERE member_id = $1 AND digest NOT IN (
		SELECT digest FROM browsers WHERE member_id = $1 ORDER BY signed_in_at DESC, digest LIMIT $2)`, memberID, most)
	return false, err
}
