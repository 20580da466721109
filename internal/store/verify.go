package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"latchkey/internal/access"
	"latchkey/internal/fault"
	"latchkey/internal/token"
	"latchkey/internal/verify"
)

const recordColumns = `t.id, t.organization_id, t.kind, t.name, t.owner_id, t.workspace_id, t.scope,
	t.policy, t.created_at, t.expires_at, t.deleted_at, t.suspended_at, t.addresses`

// LiveTokens calls do for every token of the part that is not deleted. Tokens that are made meanwhile may
// be left out. The condition about deleted ones is an expression, so that no engine uses an index for
// it: scanning the table is twice as fast as looking up each row.
func (s *Store) LiveTokens(ctx context.Context, p verify.Part, do func(verify.Record) error) error {
	rotated, err := s.rotatedRecords(ctx, s.Now())
	if err != nil {
		return err
	}
	if p.Number == 0 {
		for _, r := range rotated {
			if !r.Previous {
				continue
			}
			if err := do(r); err != nil {
				return err
			}
		}
	}
	scan := liveScanner{holders: map[string]verify.Holder{}}
	return s.dialect.inspector().tokenPart(ctx, s.again(), p, func(texts, condition string, args ...any) error {
		return each(ctx, s.again(), func(row scanner) error {
			var rest string
			err := row.Scan(&rest)
			for err == nil && rest != "" {
				var r verify.Record
				if r, rest, err = scan.next(rest); err != nil {
					break
				}
				if known, ok := rotated[r.Digest]; ok && !known.Previous {
					r = known
				}
				err = do(r)
			}
			return err
		}, `SELECT `+texts+` FROM tokens t WHERE coalesce(t.deleted_at, 0) = 0 AND `+condition, args...)
	})
}

// unit separates the values of liveText. Only the last of them may contain it: the hint of an imported secret
// and the name.
const unit = "\x1f"

// liveText has what Load reads of a token in one text, which the bytes of the digest follow: the drivers need more time
// for each column of a row than the engine for the whole row. With six columns, loading a million tokens took a fifth
// longer.
const liveText = `concat_ws('` + unit + `', t.organization_id, t.kind, t.owner_id, t.workspace_id, t.scope, t.policy,
		CASE WHEN t.suspended_at IS NULL THEN '' ELSE 'suspended' END, t.addresses,
		t.id, CASE WHEN t.legacy THEN 'legacy' ELSE '' END, t.created_at, coalesce(t.expires_at, 0), octet_length(t.hint),
		octet_length(t.name), octet_length(t.digest), t.hint || t.name)`

// Where the values of liveText are: those of the holder, then those of the token.
const (
	holderValues = 8
	tokenValues  = 8
)

// digestLength is the length of a digest as liveText has it.
const digestLength = "32"

// liveScanner reads texts of tokens. It makes the texts of a holder once, as few holders have many tokens.
type liveScanner struct {
	holders map[string]verify.Holder // by their part of the text
}

// next reads the first token of a text. It returns what follows it.
func (s liveScanner) next(text string) (r verify.Record, rest string, err error) {
	end := 0
	for range holderValues {
		end += strings.IndexByte(text[end:], unit[0]) + 1
	}
	h, known := s.holders[text[:end]]
	if !known {
		key := strings.Clone(text[:end])
		f := strings.SplitN(key, unit, holderValues+1)
		h = verify.Holder{Organization: f[0], Kind: token.Kind(f[1]), Owner: f[2], Workspace: f[3], Scope: access.Scope(f[4]), Policy: f[5],
			Suspended: f[6] != "", Addresses: f[7]}
		s.holders[key] = h
	}
	r.Organization, r.Kind, r.Owner, r.Workspace, r.Scope, r.Policy = h.Organization, h.Kind, h.Owner, h.Workspace, h.Scope, h.Policy
	r.Suspended, r.Addresses = h.Suspended, h.Addresses
	var own [tokenValues - 1]string // without the hint and the name
	rest = text[end:]
	for i := range own {
		own[i], rest, _ = strings.Cut(rest, unit)
	}
	r.ID, r.Legacy = own[0], own[1] != ""
	created, err := strconv.ParseInt(own[2], 10, 64)
	expires, wrong := strconv.ParseInt(own[3], 10, 64)
	hint, odd := strconv.Atoi(own[4])
	name, strange := strconv.Atoi(own[5])
	if err = errors.Join(err, wrong, odd, strange); err != nil {
		return r, "", fmt.Errorf("token %s: %w", r.ID, err)
	}
	if own[6] != digestLength {
		return r, "", fmt.Errorf("token %s: the digest has %s bytes", r.ID, own[6])
	}
	if end = hint + name; hint < 0 || name < 0 || end+len(r.Digest) > len(rest) {
		return r, "", fmt.Errorf("token %s: %d bytes are left for %d of the hint, the name and the digest", r.ID, len(rest), end+len(r.Digest))
	}
	r.Hint, r.Name = rest[:hint], rest[hint:end]
	rest = rest[end+copy(r.Digest[:], rest[end:]):]
	r.CreatedAt = moment(created)
	if expires != 0 {
		r.ExpiresAt = moment(expires)
	}
	return r, rest, nil
}

// readTexts reads the texts that a condition on the rows t of the tokens selects.
type readTexts func(texts, condition string, args ...any) error

// tokenBlock is the number of rows that one step of a part has at most.
const tokenBlock = 1 << 7

// tokenPart reads every so many blocks of the table, so that each reader reads only the pages of its
// part: two that read all pages took a fifth more time for a million tokens. No step lasts long. A step has one row for
// all its tokens: with one for each, loading took a quarter longer.
func (d *sqliteDialect) tokenPart(ctx context.Context, q *queries, p verify.Part, read readTexts) error {
	last, err := q.number(ctx, `SELECT coalesce(max(rowid), 0) FROM tokens`)
	for at := p.Number * tokenBlock; err == nil && at <= last; at += p.Of * tokenBlock {
		err = read(`coalesce(string_agg(`+liveText+` || t.digest, ''), '')`, `t.rowid >= $1 AND t.rowid < $2`, at, at+tokenBlock)
	}
	return err
}

// tokenPart reads the tokens whose ids end with some characters. The last characters of our ids are evenly
// distributed over base62.
func (d postgresDialect) tokenPart(_ context.Context, _ *queries, p verify.Part, read readTexts) error {
	const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	bound := func(number int) string { // "" means no bound
		if number == 0 || number == p.Of {
			return ""
		}
		return base62[number*len(base62)/p.Of:][:1]
	}
	return read(`convert_to(`+liveText+`, 'UTF8') || t.digest`,
		`substr(t.id, length(t.id), 1) >= $1 AND ($2 = '' OR substr(t.id, length(t.id), 1) < $2)`,
		bound(p.Number), bound(p.Number+1))
}

// idsPerQuery keeps lists of ids below every engine's limit of parameters.
const idsPerQuery = 500

// recordsByID selects a number of tokens by their ids.
func recordsByID(n int) string {
	in := ` WHERE t.id IN (` + placeholders(1, n) + `)`
	return recordQuery(currentSecret) + in + ` UNION ALL ` + recordQuery(previousSecret) + in
}

// TokenRecords returns the tokens with the given ids, including deleted ones, once for each secret that
// they have or had.
func (s *Store) TokenRecords(ctx context.Context, ids []string) ([]verify.Record, error) {
	if len(ids) == 1 {
		return all(ctx, s.again(), scanRecord, recordsByID(1), ids[0])
	}
	var found []verify.Record
	for chunk := range slices.Chunk(ids, idsPerQuery) {
		some, err := all(ctx, &s.queries, scanRecord, recordsByID(len(chunk)), anys(chunk)...)
		if err != nil {
			return nil, err
		}
		found = append(found, some...)
	}
	return found, nil
}

// RecordOfDigest is that of a transaction, outside of one.
func (s *Store) RecordOfDigest(ctx context.Context, digest [32]byte) (verify.Record, error) {
	return s.again().RecordOfDigest(ctx, digest)
}

// TokenStanding is that of a transaction, outside of one.
func (s *Store) TokenStanding(ctx context.Context, h verify.Holder) (verify.Standing, error) {
	return s.again().TokenStanding(ctx, h)
}

func anys(texts []string) []any {
	args := make([]any, len(texts))
	for i, s := range texts {
		args[i] = s
	}
	return args
}

// RecordOfDigest returns the token with the given digest of its current secret or a previous one, deleted
// or not.
func (q *queries) RecordOfDigest(ctx context.Context, digest [32]byte) (verify.Record, error) {
	r, found, err := first(ctx, q, scanRecord, recordQuery(currentSecret)+` WHERE t.digest = $1`, digest[:])
	if err != nil || found {
		return r, err
	}
	return one(ctx, q, "That token", scanRecord, recordQuery(previousSecret)+` WHERE s.digest = $1`, digest[:])
}

// standingOf selects the standing of a personal token's owner with the policies that apply in the
// workspace: one row per policy, or one row without a policy. It is one statement, so that the
// result is consistent. Each arm of the union uses an index.
const standingOf = `SELECT o.name, o.addresses, w.name, m.name, m.email, m.role, m.status,
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
const standingIn = `SELECT o.name, o.addresses, w.name, '', '', '', '', coalesce(p.kind, ''), '', '', coalesce(p.body, '')
	FROM workspaces w
	JOIN organizations o ON o.id = w.organization_id
	LEFT JOIN policies p ON p.workspace_id = w.id AND p.kind = 'baseline'
	WHERE w.id = $1 AND w.organization_id = $2`

const standingAlone = `SELECT o.name, o.addresses, '', '', '', '', '', '', '', '', '' FROM organizations o WHERE o.id = $1`

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
		err := row.Scan(&s.Organization, &s.Addresses, &s.Workspace, &s.Owner, &s.Email, &s.Role, &s.Status, &l.Kind, &l.Group, &l.Name, &l.Body)
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
