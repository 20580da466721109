package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"latchkey/internal/fault"
	"latchkey/internal/token"
	"latchkey/internal/verify"
)

const recordColumns = `t.id, t.organization_id, t.kind, t.name, t.hint, t.digest, t.owner_id, t.workspace_id, t.scope,
	t.policy, t.legacy, t.created_at, t.expires_at, t.deleted_at`

func scanRecord(row scanner) (verify.Record, error) {
	var r verify.Record
	var digest []byte
	var created int64
	var expires, deleted sql.NullInt64
	err := row.Scan(&r.ID, &r.Organization, &r.Kind, &r.Name, &r.Hint, &digest, &r.Owner, &r.Workspace, &r.Scope,
		&r.Policy, &r.Legacy, &created, &expires, &deleted)
	if err != nil {
		return r, err
	}
	if copy(r.Digest[:], digest) != len(r.Digest) || len(digest) != len(r.Digest) {
		return r, fmt.Errorf("token %s: the digest has %d bytes", r.ID, len(digest))
	}
	r.CreatedAt, r.ExpiresAt, r.Deleted = moment(created), maybeMoment(expires), deleted.Valid
	return r, nil
}

// LiveTokens calls do for every token of the part that is not deleted. The conditions are
// expressions, so that no engine uses an index for them: scanning the table is twice as fast as
// looking up each row, even for a part of it.
func (q *queries) LiveTokens(ctx context.Context, p verify.Part, do func(verify.Record) error) error {
	from, to := bounds(p)
	return each(ctx, q, func(row scanner) error {
		r, err := scanRecord(row)
		if err != nil {
			return err
		}
		return do(r)
	}, `SELECT `+recordColumns+` FROM tokens t WHERE coalesce(t.deleted_at, 0) = 0
		AND substr(t.id, length(t.id), 1) >= $1 AND ($2 = '' OR substr(t.id, length(t.id), 1) < $2)`, from, to)
}

// bounds returns the range of last characters of the ids in a part; "" means no bound. The last
// characters of our ids are evenly distributed over base62.
func bounds(p verify.Part) (from, to string) {
	const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	bound := func(number int) string {
		if number == 0 || number == p.Of {
			return ""
		}
		return base62[number*len(base62)/p.Of:][:1]
	}
	return bound(p.Number), bound(p.Number + 1)
}

// idsPerQuery keeps lists of ids below every engine's limit of parameters.
const idsPerQuery = 500

// TokenRecords returns the tokens with the given ids, including deleted ones.
func (q *queries) TokenRecords(ctx context.Context, ids []string) ([]verify.Record, error) {
	var found []verify.Record
	for chunk := range slices.Chunk(ids, idsPerQuery) {
		some, err := all(ctx, q, scanRecord, `SELECT `+recordColumns+` FROM tokens t WHERE t.id IN (`+
			placeholders(1, len(chunk))+`)`, anys(chunk)...)
		if err != nil {
			return nil, err
		}
		found = append(found, some...)
	}
	return found, nil
}

func anys(texts []string) []any {
	args := make([]any, len(texts))
	for i, s := range texts {
		args[i] = s
	}
	return args
}

// RecordOfDigest returns the token with the given digest of its secret, deleted or not.
func (q *queries) RecordOfDigest(ctx context.Context, digest [32]byte) (verify.Record, error) {
	return one(ctx, q, "That token", scanRecord, `SELECT `+recordColumns+` FROM tokens t WHERE t.digest = $1`, digest[:])
}

// standingOf selects the standing of a personal token's owner with the policies that apply in the
// workspace: one row per policy, or one row without a policy. It is one statement, so that the
// result is consistent. Each arm of the union uses an index.
const standingOf = `SELECT o.name, w.name, m.name, m.email, m.role, m.status,
		coalesce(x.kind, ''), coalesce(x.group_id, ''), coalesce(x.group_name, ''), coalesce(x.body, '')
	FROM members m
	JOIN organizations o ON o.id = m.organization_id
	JOIN workspaces w ON w.organization_id = m.organization_id
	LEFT JOIN (
		SELECT p.id, p.kind, '' AS group_id, '' AS group_name, p.body FROM policies p
			WHERE p.workspace_id = $2 AND p.kind = 'baseline'
		UNION ALL
		SELECT p.id, p.kind, g.id, g.name, p.body FROM group_members gm
			JOIN policies p ON p.group_id = gm.group_id AND p.workspace_id = $2 AND p.kind = 'group'
			JOIN groups g ON g.id = gm.group_id WHERE gm.member_id = $1
		UNION ALL
		SELECT p.id, p.kind, '', '', p.body FROM policies p
			WHERE p.workspace_id = $2 AND p.member_id = $1 AND p.kind = 'member'
	) x ON TRUE
	WHERE m.id = $1 AND w.id = $2 AND m.organization_id = $3
	ORDER BY x.kind, lower(x.group_name), x.id`

// standingIn is the same for a workspace token, which has no owner.
const standingIn = `SELECT o.name, w.name, '', '', '', '', coalesce(p.kind, ''), '', '', coalesce(p.body, '')
	FROM workspaces w
	JOIN organizations o ON o.id = w.organization_id
	LEFT JOIN policies p ON p.workspace_id = w.id AND p.kind = 'baseline'
	WHERE w.id = $1 AND w.organization_id = $2`

const standingAlone = `SELECT o.name, '', '', '', '', '', '', '', '', '' FROM organizations o WHERE o.id = $1`

// TokenStanding reads a consistent state of everything that decides about a holder's tokens.
func (q *queries) TokenStanding(ctx context.Context, h verify.Holder) (verify.Standing, error) {
	var query string
	var args []any
	switch h.Kind {
	case token.Personal:
		query, args = standingOf, []any{h.Owner, h.Workspace, h.Organization}
	case token.Workspace:
		query, args = standingIn, []any{h.Workspace, h.Organization}
	case token.Organization:
		query, args = standingAlone, []any{h.Organization}
	}
	var s verify.Standing
	rows, err := all(ctx, q, func(row scanner) (verify.Layer, error) {
		var l verify.Layer
		err := row.Scan(&s.Organization, &s.Workspace, &s.Owner, &s.Email, &s.Role, &s.Status, &l.Kind, &l.Group, &l.Name, &l.Body)
		return l, err
	}, query, args...)
	if err != nil {
		return s, err
	}
	if len(rows) == 0 {
		return s, fault.NewNotFound("What the token belongs to")
	}
	s.Layers = slices.DeleteFunc(rows, func(l verify.Layer) bool { return l.Kind == "" })
	return s, nil
}

// GroupMembers returns the ids of a group's members.
func (q *queries) GroupMembers(ctx context.Context, group string) ([]string, error) {
	return all(ctx, q, scanText, `SELECT gm.member_id FROM group_members gm WHERE gm.group_id = $1`, group)
}

var _ verify.Store = (*Store)(nil)
