package store

import (
	"context"
	"time"

	"latchkey/internal/actor"
	"latchkey/internal/token"
)

// idle selects live tokens that were neither made nor used after cut.
func idle(now, cut string) string {
	return live(now) + ` AND NOT (` + suspended + `) AND coalesce(u.last_used_at, t.created_at) <= ` + cut
}

// idleStep is how many tokens one transaction of NoteIdle reads, which others wait for: a few milliseconds.
const idleStep = 2000

// NoteIdle notes which tokens are idle at now, by [token.NotedAfter], for [queries.IdleTokens] and
// inventories. It reads every token, in steps: there is no index on the last use, which changes all day long.
func (s *Store) NoteIdle(ctx context.Context, now time.Time) error {
	return s.noteIdle(ctx, now, idleStep)
}

func (s *Store) noteIdle(ctx context.Context, now time.Time, step int) error {
	for after := ""; ; {
		last, found, err := first(ctx, &s.queries, scanText,
			`SELECT id FROM tokens WHERE id > $1 ORDER BY id LIMIT 1 OFFSET $2`, after, step-1)
		if err != nil {
			return err
		}
		if !found {
			last = "\U0010FFFF" // beyond every id
		}
		if err := s.noteIdleFrom(ctx, now, after, last); err != nil || !found {
			return err
		}
		after = last
	}
}

// noteIdleFrom is NoteIdle for the tokens whose ids come after one and not after another.
func (s *Store) noteIdleFrom(ctx context.Context, now time.Time, after, last string) error {
	args := []any{millis(now), millis(now.Add(-token.NotedAfter)), after, last}
	return s.InTx(ctx, actor.System(""), func(tx *Tx) error {
		_, err := tx.exec(ctx, `DELETE FROM idle_tokens WHERE token_id > $3 AND token_id <= $4 AND NOT EXISTS (SELECT 1`+tokenTables+`
			WHERE t.id = idle_tokens.token_id AND `+idle("$1", "$2")+`)`, args...)
		if err != nil {
			return err
		}
		_, err = tx.exec(ctx, `INSERT INTO idle_tokens (token_id, organization_id, owner_id, idle_since)
			SELECT t.id, t.organization_id, t.owner_id, coalesce(u.last_used_at, t.created_at)`+tokenTables+`
			WHERE t.id > $3 AND t.id <= $4 AND `+idle("$1", "$2")+`
			ON CONFLICT (token_id) DO UPDATE SET idle_since = excluded.idle_since WHERE idle_tokens.idle_since <> excluded.idle_since`,
			args...)
		return err
	})
}

// IdleTokens returns a part of the tokens that were idle when [Store.NoteIdle] looked and still are at
// now, those that are for longest first: of an owner, or of the organization if owner is empty.
func (q *queries) IdleTokens(ctx context.Context, organization, owner string, now time.Time, limit, offset int) ([]token.Token, error) {
	of := `i.organization_id = $1 AND $2 = ''`
	if owner != "" {
		of = `i.organization_id || '' = $1 AND i.owner_id = $2 AND i.owner_id <> ''`
	}
	return all(ctx, q, scanToken, `SELECT `+tokenColumns+` FROM idle_tokens i JOIN tokens t ON t.id = i.token_id`+tokenSides+`
		WHERE `+of+` AND i.idle_since <= $4 AND `+idle("$3", "$4")+` ORDER BY i.idle_since, i.token_id LIMIT $5 OFFSET $6`,
		organization, owner, millis(now), millis(now.Add(-token.IdleAfter)), limit, offset)
}

// EndingTokens returns a part of the tokens that work and expire after from and not after until, the
// soonest first: of an owner, or of the organization if owner is empty.
func (q *queries) EndingTokens(ctx context.Context, organization, owner string, from, until time.Time,
	limit, offset int) ([]token.Token, error) {
	return all(ctx, q, scanToken, `SELECT `+tokenColumns+tokenTables+`
		WHERE t.organization_id || '' = $1 AND ($2 = '' OR t.owner_id || '' = $2) AND `+ending("$3", "$4")+` AND NOT (`+suspended+`)
		ORDER BY t.expires_at, t.id LIMIT $5 OFFSET $6`, organization, owner, millis(from), millis(until), limit, offset)
}

// RefusedTokens returns a part of the tokens that were refused often on the days from first to last,
// as [token.RefusedOften] says. Those that were refused on the latest day come first, and among these
// those that were refused most. It returns tokens of an owner, or of the organization if owner is empty.
func (q *queries) RefusedTokens(ctx context.Context, organization, owner string, first, last token.Day,
	limit, offset int) ([]token.Refused, error) {
	days := make([]any, 0, last-first+1)
	for d := first; d <= last; d++ {
		days = append(days, int64(d))
	}
	in := placeholders(7, len(days))
	return all(ctx, q, scanRefused, `WITH often AS (SELECT subject_id AS id FROM use_days
			WHERE day + 0 IN (`+in+`) AND refusals > 0 GROUP BY subject_id HAVING sum(refusals) >= $3),
		counted AS (SELECT o.id AS id, CAST(sum(d.requests) AS BIGINT) AS requests, CAST(sum(d.refusals) AS BIGINT) AS refusals,
				max(CASE WHEN d.refusals > 0 THEN d.day ELSE 0 END) AS latest
			FROM often o CROSS JOIN use_days d WHERE d.subject_id = o.id AND d.day IN (`+in+`)
			GROUP BY o.id HAVING sum(d.refusals) * 100 > sum(d.requests) * $4)
		SELECT `+tokenColumns+`, c.requests, c.refusals, c.latest FROM counted c JOIN tokens t ON t.id = c.id`+tokenSides+`
		WHERE t.organization_id || '' = $1 AND ($2 = '' OR t.owner_id || '' = $2) AND `+notDeleted+`
		ORDER BY c.latest DESC, c.refusals DESC, t.id LIMIT $5 OFFSET $6`,
		append([]any{organization, owner, token.OftenRefusals, token.OftenPercent, limit, offset}, days...)...)
}

func scanRefused(row scanner) (r token.Refused, err error) {
	r.Token, err = scanToken(scanMore{row, []any{&r.Requests, &r.Refusals, &r.Latest}})
	return r, err
}
