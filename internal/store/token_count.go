package store

import (
	"context"
	"time"

	"latchkey/internal/actor"
	"latchkey/internal/token"
)

// Triggers count tokens by workspace and by owner (token_counts), so that a page need not read all
// tokens. What they cannot see is that a token expires. They count it as running if it expires after
// a moment that is stored (token_settled), and readers correct that by the tokens that expire between
// this moment and now. [Store.SettleTokens] moves the moment, so that these are always few. The
// clock may also have been set back behind the moment.

// Queries that use these conditions compare the organization as an expression, so that engines
// look the tokens up by their end and not by their organization.

// sinceSettled selects the tokens that expire between the stored moment and now, and correction counts
// them: those that have expired since are not live, and after a step back of the clock those that
// expire later are.
func sinceSettled(now string) string {
	const until = `(SELECT until FROM token_settled)`
	return notDeleted + ` AND t.expires_at > (CASE WHEN ` + until + ` < ` + now + ` THEN ` + until + ` ELSE ` + now + ` END)
		AND t.expires_at <= (CASE WHEN ` + until + ` > ` + now + ` THEN ` + until + ` ELSE ` + now + ` END)`
}

func correction(now string) string { return `sum(CASE WHEN ` + ended(now) + ` THEN -1 ELSE 1 END)` }

// liveCounts returns the live tokens of a kind in each workspace of the organization.
func (q *queries) liveCounts(ctx context.Context, organization string, kind token.Kind, now time.Time) (map[string]int, error) {
	return q.countBy(ctx, `SELECT id, CAST(sum(n) AS BIGINT) FROM (
			SELECT c.id AS id, c.running AS n FROM token_counts c
				WHERE c.organization_id = $1 AND c.part = 'workspace' AND c.kind = $2 AND c.kept > 0
			UNION ALL SELECT t.workspace_id AS id, `+correction("$3")+` AS n FROM tokens t
				WHERE t.organization_id || '' = $1 AND t.kind = $2 AND `+sinceSettled("$3")+` GROUP BY t.workspace_id) AS counted
		GROUP BY id HAVING sum(n) <> 0`, organization, kind, millis(now))
}

// sum returns the expression that counts the rows of a group for which a condition holds.
func sum(condition string) string { return `sum(CASE WHEN ` + condition + ` THEN 1 ELSE 0 END)` }

// TokenCounts counts an organization's tokens that are not deleted, by token.Token.State at now.
func (q *queries) TokenCounts(ctx context.Context, organization string, now time.Time) (map[token.Kind]token.Counts, error) {
	type group struct {
		kind                   token.Kind
		kept, live, idle, soon int // idle tokens are suspended; soon has those that are not
	}
	groups, err := all(ctx, q, func(row scanner) (group, error) {
		var g group
		err := row.Scan(&g.kind, &g.kept, &g.live, &g.idle, &g.soon)
		return g, err
	}, `SELECT kind, CAST(sum(kept) AS BIGINT), CAST(sum(live) AS BIGINT), CAST(sum(idle) AS BIGINT), CAST(sum(soon) AS BIGINT) FROM (
			SELECT c.kind AS kind, c.kept AS kept, c.running AS live, 0 AS idle, 0 AS soon FROM token_counts c
				WHERE c.organization_id = $1 AND c.part = 'workspace' AND c.kept > 0
			UNION ALL SELECT c.kind, 0, 0, c.running, 0 FROM token_counts c
				LEFT JOIN members m ON m.id = c.id AND m.organization_id = c.organization_id
				WHERE c.organization_id = $1 AND c.part = 'owner' AND c.kept > 0 AND coalesce(m.status, '') <> 'active'
			UNION ALL SELECT t.kind, 0, `+correction("$2")+`,
					sum(CASE WHEN NOT (`+ownerless+`) THEN 0 WHEN `+ended("$2")+` THEN -1 ELSE 1 END), 0
				FROM tokens t LEFT JOIN members m ON m.id = t.owner_id AND m.organization_id = t.organization_id
				WHERE t.organization_id || '' = $1 AND `+sinceSettled("$2")+` GROUP BY t.kind
			UNION ALL SELECT t.kind, 0, 0, 0, count(*)
				FROM tokens t LEFT JOIN members m ON m.id = t.owner_id AND m.organization_id = t.organization_id
				WHERE t.organization_id || '' = $1 AND `+ending("$2", "$3")+` AND NOT (`+ownerless+`) GROUP BY t.kind
			UNION ALL SELECT t.kind, 0, 0, count(*), -`+sum(ended("$3"))+`
				FROM tokens t LEFT JOIN members m ON m.id = t.owner_id AND m.organization_id = t.organization_id
				WHERE t.organization_id = $1 AND t.suspended_at IS NOT NULL AND `+live("$2")+` AND NOT (`+ownerless+`) GROUP BY t.kind) AS counted
		GROUP BY kind HAVING sum(kept) > 0`, organization, millis(now), millis(now.Add(token.SoonAfter)))
	counts := make(map[token.Kind]token.Counts, len(groups))
	for _, g := range groups {
		counts[g.kind] = token.Counts{Active: g.live - g.idle - g.soon, ExpiresSoon: g.soon, Expired: g.kept - g.live, Suspended: g.idle}
	}
	return counts, err
}

// SettleTokens moves the moment up to which expired tokens are counted as such to now, if at least so
// many tokens expire in between.
func (s *Store) SettleTokens(ctx context.Context, now time.Time, atLeast int) error {
	due := func(q *queries) (bool, error) {
		n, err := q.number(ctx, `SELECT count(*) FROM (SELECT 1 FROM tokens t WHERE `+sinceSettled("$1")+` LIMIT $2) AS due`,
			millis(now), atLeast)
		return n >= atLeast, err
	}
	if due, err := due(&s.queries); err != nil || !due {
		return err
	}
	return s.InTx(ctx, actor.System(""), func(tx *Tx) error {
		if due, err := due(&tx.queries); err != nil || !due { // another node has done it meanwhile
			return err
		}
		for _, part := range []struct{ name, id, tokens string }{
			{`workspace`, `t.workspace_id`, ``},
			{`owner`, `t.owner_id`, ` AND t.kind = 'personal'`},
		} {
			_, err := tx.exec(ctx, `UPDATE token_counts SET running = running + since.n FROM (
					SELECT t.organization_id AS organization_id, t.kind AS kind, `+part.id+` AS id, `+correction("$1")+` AS n
					FROM tokens t WHERE `+sinceSettled("$1")+part.tokens+` GROUP BY t.organization_id, t.kind, `+part.id+`) AS since
				WHERE token_counts.organization_id = since.organization_id AND token_counts.part = '`+part.name+`'
					AND token_counts.kind = since.kind AND token_counts.id = since.id`, millis(now))
			if err != nil {
				return err
			}
		}
		_, err := tx.exec(ctx, `UPDATE token_settled SET until = $1`, millis(now))
		return err
	})
}
