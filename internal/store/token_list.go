package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"latchkey/internal/token"
)

// neverEnds sorts tokens without an end behind all others, in milliseconds: the year 9999.
const neverEnds = `253370764800000`

// tokenOrder returns the order of a listing, and whether it needs the table of uses.
func tokenOrder(l token.Listing) (order string, uses bool) {
	up, down := ``, ` DESC`
	if l.Reverse {
		up, down = down, up
	}
	newest := `t.created_at` + down + `, t.id` + down
	switch l.Sort {
	case token.ByName:
		return `t.name_key` + up + `, ` + newest, false
	case token.ByUse:
		return `coalesce(u.last_used_at, 0)` + up + `, ` + newest, true
	case token.ByEnd:
		return `coalesce(t.expires_at, ` + neverEnds + `)` + up + `, ` + newest, false
	case token.ByCreation:
	}
	return newest, false
}

// ListTokens returns a page of the organization's tokens of a kind that are not deleted; of personal
// tokens, those of an owner. It reads the tokens of the page, and a few columns of the others only if
// the listing chooses by them.
func (q *queries) ListTokens(ctx context.Context, organization string, kind token.Kind, owner string,
	l token.Listing) (listed token.Listed, err error) {
	if listed.Total, err = q.countKept(ctx, organization, kind, owner); err != nil {
		return listed, err
	}
	listed.Matching = listed.Total
	order, uses := tokenOrder(l)
	from := ` FROM tokens t`
	if uses {
		from += ` LEFT JOIN token_uses u ON u.token_id = t.id`
	}
	from += ` WHERE t.organization_id = $1 AND t.kind = $2 AND ` + notDeleted
	if kind != token.Personal {
		owner = "" // that of service tokens
	}
	from += ` AND t.owner_id = $3 ORDER BY ` + order
	args := []any{organization, kind, owner}
	var ids []string
	switch {
	case l.Matches != nil:
		ids, err = q.matchingTokens(ctx, organization, kind, owner, l, from, args)
		listed.Matching = len(ids)
		ids = ids[min(l.Offset, len(ids)):]
		if l.Limit > 0 {
			ids = ids[:min(l.Limit, len(ids))]
		}
	case l.Limit > 0:
		ids, err = all(ctx, q, scanText, `SELECT t.id`+from+fmt.Sprintf(` LIMIT $%d OFFSET $%d`, len(args)+1, len(args)+2),
			append(args, l.Limit, l.Offset)...)
	default:
		ids, err = all(ctx, q, scanText, `SELECT t.id`+from, args...)
		ids = ids[min(l.Offset, len(ids)):]
	}
	if err != nil {
		return listed, err
	}
	listed.Tokens, err = q.tokensWith(ctx, ids)
	return listed, err
}

// countKept returns the number of tokens of a kind that are not deleted; of personal tokens, those of
// an owner.
func (q *queries) countKept(ctx context.Context, organization string, kind token.Kind, owner string) (int, error) {
	if kind == token.Personal {
		return q.CountPersonalTokens(ctx, organization, owner)
	}
	return q.number(ctx, `SELECT CAST(coalesce(sum(kept), 0) AS BIGINT) FROM token_counts
		WHERE organization_id = $1 AND part = 'workspace' AND kind = $2`, organization, kind)
}

// matchingTokens returns the ids of the tokens that a listing chooses, in its order.
func (q *queries) matchingTokens(ctx context.Context, organization string, kind token.Kind, owner string, l token.Listing,
	from string, args []any) ([]string, error) {
	workspaces, err := q.Workspaces(ctx, organization)
	if err != nil {
		return nil, err
	}
	names := make(map[string]string, len(workspaces))
	for _, w := range workspaces {
		names[w.ID] = w.Name
	}
	active := 1
	if owner != "" {
		active, err = q.number(ctx, `SELECT count(*) FROM members WHERE organization_id = $1 AND id = $2 AND status = 'active'`,
			organization, owner)
		if err != nil {
			return nil, err
		}
	}
	var ids []string
	err = each(ctx, q, func(row scanner) error {
		t := token.Token{Kind: kind, Owner: owner}
		var expires sql.NullInt64
		err := row.Scan(&t.ID, &t.Name, &t.Hint, &t.Workspace, &t.Scope, &t.CreatedByName, &expires, &t.Suspended)
		t.Suspended = t.Suspended || active == 0
		t.ExpiresAt, t.WorkspaceName = maybeMoment(expires), names[t.Workspace]
		if err == nil && l.Matches(t) {
			ids = append(ids, t.ID)
		}
		return err
	}, `SELECT t.id, t.name, t.hint, t.workspace_id, t.scope, t.created_by_name, t.expires_at,
		CASE WHEN t.suspended_at IS NULL THEN FALSE ELSE TRUE END`+from, args...)
	return ids, err
}

// tokensWith returns the tokens with these ids, in their order. It reads them in parts, because there
// may be many.
func (q *queries) tokensWith(ctx context.Context, ids []string) ([]token.Token, error) {
	tokens := make([]token.Token, 0, len(ids))
	for first := 0; first < len(ids); first += idsPerQuery {
		part := ids[first:min(first+idsPerQuery, len(ids))]
		found, err := all(ctx, q, scanToken, `SELECT `+tokenColumns+tokenTables+` WHERE t.id IN (`+placeholders(1, len(part))+`)`, anys(part)...)
		if err != nil {
			return nil, err
		}
		by := make(map[string]token.Token, len(found))
		for _, t := range found {
			by[t.ID] = t
		}
		for _, id := range part {
			if t, ok := by[id]; ok {
				tokens = append(tokens, t)
			}
		}
	}
	return tokens, nil
}

// PersonalTokens returns all of a member's tokens that are not deleted, newest first.
func (q *queries) PersonalTokens(ctx context.Context, organization, owner string) ([]token.Token, error) {
	listed, err := q.ListTokens(ctx, organization, token.Personal, owner, token.Listing{})
	return listed.Tokens, err
}

// ServiceTokens returns all of the organization's tokens of a kind that are not deleted, newest first.
func (q *queries) ServiceTokens(ctx context.Context, organization string, kind token.Kind) ([]token.Token, error) {
	if kind == token.Personal {
		return []token.Token{}, nil
	}
	listed, err := q.ListTokens(ctx, organization, kind, "", token.Listing{})
	return listed.Tokens, err
}

// PersonalTokenCounts counts a member's tokens that are not deleted by their state at now, as if the
// member were active.
func (q *queries) PersonalTokenCounts(ctx context.Context, organization, owner string, now time.Time) (token.Counts, error) {
	return one(ctx, q, "The tokens", func(row scanner) (token.Counts, error) {
		var kept, live, soon, idle int
		err := row.Scan(&kept, &live, &soon, &idle)
		return token.Counts{Active: live - soon - idle, ExpiresSoon: soon, Expired: kept - live, Suspended: idle}, err
	}, `SELECT CAST(coalesce(sum(kept), 0) AS BIGINT), CAST(coalesce(sum(live), 0) AS BIGINT), CAST(coalesce(sum(soon), 0) AS BIGINT),
			CAST(coalesce(sum(idle), 0) AS BIGINT) FROM (
			SELECT c.kept AS kept, c.running AS live, 0 AS soon, 0 AS idle FROM token_counts c
				WHERE c.organization_id = $1 AND c.part = 'owner' AND c.kind = 'personal' AND c.id = $2
			UNION ALL SELECT 0, `+correction("$3")+`, 0, 0 FROM tokens t
				WHERE t.organization_id || '' = $1 AND t.kind = 'personal' AND t.owner_id || '' = $2 AND `+sinceSettled("$3")+`
			UNION ALL SELECT 0, 0, count(*), 0 FROM tokens t
				WHERE t.organization_id || '' = $1 AND t.kind = 'personal' AND t.owner_id || '' = $2 AND `+ending("$3", "$4")+`
			UNION ALL SELECT 0, 0, -`+sum(ended("$4"))+`, count(*) FROM tokens t
				WHERE t.organization_id = $1 AND t.kind = 'personal' AND t.owner_id = $2 AND t.suspended_at IS NOT NULL
					AND `+live("$3")+`) AS counted`,
		organization, owner, millis(now), millis(now.Add(token.SoonAfter)))
}
