package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"latchkey/internal/fault"
	"latchkey/internal/metric"
)

// TokenMetrics counts the tokens of the installation at now, in two queries.
func (q *queries) TokenMetrics(ctx context.Context, now time.Time) (metric.Tokens, error) {
	none := metric.Tokens{Ends: make([]int, len(metric.Horizons()))}
	organization, err := q.SignInOrganization(ctx)
	if fault.Is(err, fault.NotFound) {
		return none, nil
	}
	if err != nil {
		return none, err
	}
	counts, err := q.TokenCounts(ctx, organization, now)
	if err != nil {
		return none, err
	}
	m, err := q.tokenEnds(ctx, now)
	if err != nil {
		return none, err
	}
	for kind, c := range counts {
		for state, n := range map[string]int{"active": c.Active, "expires_soon": c.ExpiresSoon, "expired": c.Expired, "suspended": c.Suspended} {
			m.Counts = append(m.Counts, metric.Count{Kind: string(kind), State: state, N: n})
		}
	}
	return m, nil
}

// SoonestEnds returns the ends of up to limit tokens that work and expire after now, the soonest first.
func (q *queries) SoonestEnds(ctx context.Context, now time.Time, limit int) ([]metric.End, error) {
	return all(ctx, q, func(row scanner) (metric.End, error) {
		var e metric.End
		var at int64
		err := row.Scan(&e.Token, &at)
		e.At = moment(at)
		return e, err
	}, `SELECT t.id, t.expires_at FROM tokens t LEFT JOIN members m ON m.id = t.owner_id AND m.organization_id = t.organization_id
		WHERE `+notDeleted+` AND t.expires_at > $1 AND NOT (`+suspended+`) ORDER BY t.expires_at, t.id LIMIT $2`, millis(now), limit)
}

// tokenEnds counts live tokens by their remaining lifetime.
func (q *queries) tokenEnds(ctx context.Context, now time.Time) (metric.Tokens, error) {
	var sums strings.Builder
	args := []any{millis(now)}
	for i, h := range metric.Horizons() {
		fmt.Fprintf(&sums, `, coalesce(sum(CASE WHEN %s THEN 1 ELSE 0 END), 0)`, ended(fmt.Sprintf("$%d", i+2)))
		args = append(args, millis(now.Add(h)))
	}
	return one(ctx, q, "The tokens", func(row scanner) (metric.Tokens, error) {
		m := metric.Tokens{Ends: make([]int, len(metric.Horizons()))}
		var left int64
		into := []any{&m.EndingLater, &m.Endless, &left}
		for i := range m.Ends {
			into = append(into, &m.Ends[i])
		}
		err := row.Scan(into...)
		m.Left = time.Duration(left) * time.Millisecond
		return m, err
	}, `SELECT count(t.expires_at), count(*) - count(t.expires_at), CAST(coalesce(sum(t.expires_at - $1), 0) AS BIGINT)`+sums.String()+`
		FROM tokens t WHERE `+live("$1"), args...)
}
