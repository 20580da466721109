package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"latchkey/internal/actor"
	"latchkey/internal/warning"
)

// Unused returns the store as the work about unused tokens sees it.
func Unused(s *Store) warning.UnusedStore { return unused{s, s} }

type unused struct {
	unusedReads
	store *Store
}

// unusedReads is what the work about unused tokens reads outside of transactions.
type unusedReads interface {
	UnusedRule(ctx context.Context, organization string) (int, error)
}

// InTx runs fn in one write transaction.
func (s unused) InTx(ctx context.Context, by actor.Caller, fn func(warning.UnusedTx) error) error {
	return s.store.InTx(ctx, by, func(tx *Tx) error { return fn(tx) })
}

// UnusedRule returns after how many days unused tokens are suspended; 0: never.
func (q *queries) UnusedRule(ctx context.Context, organization string) (int, error) {
	r, err := q.TokenRules(ctx, organization)
	return r.UnusedDays, err
}

// Looks returns when the server looked for unused tokens last.
func (q *queries) Looks(ctx context.Context, organization string) (warning.Looks, error) {
	l, _, err := first(ctx, q, func(row scanner) (l warning.Looks, err error) {
		var at int64
		var gaps string
		if err := row.Scan(&at, &gaps); err != nil {
			return l, err
		}
		l.At = moment(at)
		if err := json.Unmarshal([]byte(gaps), &l.Gaps); err != nil {
			return l, fmt.Errorf("looks for unused tokens: %w", err)
		}
		return l, nil
	}, `SELECT looked_at, gaps FROM unused_looks WHERE organization_id = $1`, organization)
	return l, err
}

// SaveLooks saves when the server looked for unused tokens.
func (tx *Tx) SaveLooks(ctx context.Context, organization string, l warning.Looks) error {
	gaps, err := json.Marshal(append([]warning.Gap{}, l.Gaps...))
	if err != nil {
		return err
	}
	_, err = tx.exec(ctx, `INSERT INTO unused_looks (organization_id, looked_at, gaps) VALUES ($1, $2, $3)
		ON CONFLICT (organization_id) DO UPDATE SET looked_at = excluded.looked_at, gaps = excluded.gaps`,
		organization, millis(l.At), string(gaps))
	return err
}

// EndNotices forgets the notices of tokens that were used since, do not work, or were noticed after a time, or
// are unused since later than a time; with all, of every token, and when the server looked.
func (tx *Tx) EndNotices(ctx context.Context, organization string, after, idleBy time.Time, all bool) error {
	if all {
		if _, err := tx.exec(ctx, `DELETE FROM unused_looks WHERE organization_id = $1`, organization); err != nil {
			return err
		}
		_, err := tx.exec(ctx, `DELETE FROM unused_notices WHERE organization_id = $1`, organization)
		return err
	}
	_, err := tx.exec(ctx, `DELETE FROM unused_notices WHERE organization_id = $1 AND (noticed_at > $2 OR idle_since > $4
		OR NOT EXISTS (SELECT 1`+tokenTables+` WHERE t.id = unused_notices.token_id
		AND `+idle("$3", "unused_notices.idle_since")+`))`, organization, millis(after), millis(tx.now), millis(idleBy))
	return err
}

// UnusedTokens returns up to limit tokens that NoteIdle has noted and nobody used since a time at the latest, with
// ids after one, ordered by id: those that were not warned of, or before noticed. Imported ones count from the import.
func (tx *Tx) UnusedTokens(ctx context.Context, organization, after string, since, noticed time.Time, limit int) ([]warning.Unused, error) {
	return all(ctx, &tx.queries, func(row scanner) (u warning.Unused, err error) {
		var since int64
		var noticed sql.NullInt64
		err = row.Scan(&u.Token, &since, &noticed)
		u.IdleSince, u.Noticed = moment(since), maybeMoment(noticed)
		return u, err
	}, `SELECT t.id, coalesce(u.last_used_at, CASE WHEN t.legacy THEN (SELECT max(g.deployed_at) FROM migrations g
		WHERE g.organization_id = t.organization_id) END, t.created_at), n.noticed_at
		FROM idle_tokens i JOIN tokens t ON t.id = i.token_id`+tokenSides+` LEFT JOIN unused_notices n ON n.token_id = t.id
		WHERE i.organization_id || '' = $1 AND i.token_id > $2 AND `+idle("$3", "$4")+` AND (n.noticed_at IS NULL OR n.noticed_at <= $6)
		ORDER BY i.token_id LIMIT $5`,
		organization, after, millis(tx.now), millis(since), limit, millis(noticed))
}

// EndNotice forgets the notice of a token.
func (tx *Tx) EndNotice(ctx context.Context, token string) error {
	_, err := tx.exec(ctx, `DELETE FROM unused_notices WHERE token_id = $1`, token)
	return err
}

// HasNotice reports whether it was warned that a token is suspended because nobody uses it.
func (q *queries) HasNotice(ctx context.Context, token string) (bool, error) {
	_, found, err := q.UnusedNotice(ctx, token)
	return found, err
}

// UnusedNotice returns the notice about an unused token, if there is one.
func (q *queries) UnusedNotice(ctx context.Context, token string) (warning.Unused, bool, error) {
	return first(ctx, q, func(row scanner) (u warning.Unused, err error) {
		var since, noticed int64
		err = row.Scan(&u.Token, &since, &noticed)
		u.IdleSince, u.Noticed = moment(since), moment(noticed)
		return u, err
	}, `SELECT token_id, idle_since, noticed_at FROM unused_notices WHERE token_id = $1`, token)
}

// SaveNotice saves a notice about an unused token.
func (tx *Tx) SaveNotice(ctx context.Context, organization string, u warning.Unused) error {
	_, err := tx.exec(ctx, `INSERT INTO unused_notices (token_id, organization_id, idle_since, noticed_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (token_id) DO UPDATE SET idle_since = excluded.idle_since, noticed_at = excluded.noticed_at`,
		u.Token, organization, millis(u.IdleSince), millis(u.Noticed))
	return err
}
