package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"latchkey/internal/actor"
	"latchkey/internal/token"
)

// Rules returns the store as the use cases about the rules for tokens see it.
func Rules(s *Store) token.RuleStore { return rules{s, s} }

type rules struct {
	token.RuleReads
	store *Store
}

// InTx runs fn in one write transaction.
func (s rules) InTx(ctx context.Context, by actor.Caller, fn func(token.RuleBookTx) error) error {
	return s.store.InTx(ctx, by, func(tx *Tx) error { return fn(tx) })
}

// TokenRules returns the rules of an organization; the zero Rules if it has none.
func (q *queries) TokenRules(ctx context.Context, organization string) (token.Rules, error) {
	r, err := q.Ruling(ctx, organization)
	return r.Rules, err
}

// Ruling returns the rules of an organization, with what is still to be done.
func (q *queries) Ruling(ctx context.Context, organization string) (token.Ruling, error) {
	r, _, err := first(ctx, q, scanRuling, `SELECT body, revision, sweep FROM token_rules WHERE organization_id = $1`, organization)
	return r, err
}

func scanRuling(row scanner) (r token.Ruling, err error) {
	var body, sweep string
	if err := row.Scan(&body, &r.Revision, &sweep); err != nil {
		return r, err
	}
	if r.Rules, err = token.ParseRules(body); err != nil {
		return r, fmt.Errorf("token rules: %w", err)
	}
	if r.Sweep, err = token.ParseSweep(sweep); err != nil {
		return r, fmt.Errorf("token rules: %w", err)
	}
	return r, nil
}

// SaveRuling saves the rules of an organization.
func (tx *Tx) SaveRuling(ctx context.Context, organization string, r token.Ruling) error {
	_, err := tx.exec(ctx, `INSERT INTO token_rules (organization_id, body, revision, sweep) VALUES ($1, $2, $3, $4)
		ON CONFLICT (organization_id) DO UPDATE SET body = excluded.body, revision = excluded.revision, sweep = excluded.sweep`,
		organization, r.Rules.String(), r.Revision, r.Sweep.String())
	return err
}

// SweptOrganizations returns the organizations whose rules have a pending sweep.
func (q *queries) SweptOrganizations(ctx context.Context) ([]string, error) {
	return all(ctx, q, scanText, `SELECT organization_id FROM token_rules WHERE sweep <> ''`)
}

// Making returns the groups of a member, and how many personal tokens they have that are neither deleted nor
// expired.
func (q *queries) Making(ctx context.Context, organization, member string, now time.Time) (token.Making, error) {
	groups, err := all(ctx, q, scanText, `SELECT group_id FROM group_members WHERE member_id = $1 ORDER BY group_id`, member)
	if err != nil {
		return token.Making{}, err
	}
	n, err := q.number(ctx, `SELECT count(*) FROM tokens t WHERE t.organization_id = $1 AND t.kind = 'personal' AND t.owner_id = $2 AND `+
		live("$3"), organization, member, millis(now))
	return token.Making{Groups: groups, Tokens: n}, err
}

// GroupNames returns the names of those of the groups that exist, by id.
func (q *queries) GroupNames(ctx context.Context, organization string, ids []string) (map[string]string, error) {
	names := map[string]string{}
	if len(ids) == 0 {
		return names, nil
	}
	err := each(ctx, q, func(row scanner) error {
		var id, name string
		err := row.Scan(&id, &name)
		names[id] = name
		return err
	}, `SELECT id, name FROM groups WHERE organization_id = $1 AND id IN (`+placeholders(2, len(ids))+`)`,
		with([]any{organization}, ids...)...)
	return names, err
}

// breaking chooses tokens that break rules, have not expired and that nobody has suspended, as
// token.Rules.Breaches decides it. The conditions that decide most come first.
func (c *choice) breaking(r token.Rules, now time.Time) {
	const personal = `t.kind || '' = 'personal'`
	var any []string
	lifetimes := c.outlives(r, now)
	if lifetimes != "" {
		any = append(any, lifetimes)
	}
	if r.ReadOnly {
		any = append(any, personal+` AND t.scope || '' <> 'read_only'`)
	}
	switch r.Makers {
	case token.Everybody:
	case token.InGroups:
		from := len(c.args) + 1
		c.args = with(c.args, r.Groups...)
		any = append(any, personal+` AND t.owner_id || '' NOT IN (SELECT g.member_id FROM group_members g WHERE g.group_id IN (`+
			placeholders(from, len(r.Groups))+`))`)
	case token.Nobody:
		any = append(any, personal)
	}
	if r.NeedAddresses {
		any = append(any, `t.kind || '' <> 'personal' AND t.addresses = ''`)
	}
	if len(any) == 0 {
		any = append(any, `1 = 0`)
	}
	c.and(`(` + strings.Join(any, ` OR `) + `)`)
	if len(any) > 1 || lifetimes == "" { // who outlives a rule has not expired
		c.and(sortedEnd + ` > ` + c.arg(millis(now)))
	}
	c.and(`t.suspended_at IS NULL`)
}

// outlives returns the condition that a token has longer to live than rules allow; "" if they say nothing about it.
func (c *choice) outlives(r token.Rules, now time.Time) string {
	after := func(l token.Lifetime) string {
		switch {
		case l.Longest > 0:
			return c.arg(millis(l.LatestEnd(now)))
		case l.MustExpire:
			return neverEnds + ` - 1`
		}
		return neverEnds
	}
	switch {
	case !r.Personal.MustExpire && !r.Service.MustExpire:
		return ""
	case r.Personal.Longest == r.Service.Longest && r.Personal.MustExpire == r.Service.MustExpire:
		return sortedEnd + ` > ` + after(r.Personal)
	}
	return sortedEnd + ` > CASE WHEN t.kind || '' = 'personal' THEN CAST(` + after(r.Personal) + ` AS BIGINT)
		ELSE CAST(` + after(r.Service) + ` AS BIGINT) END`
}

// CountBreaking counts the tokens that break rules.
func (q *queries) CountBreaking(ctx context.Context, organization string, r token.Rules, now time.Time) (int, error) {
	c, err := q.choose(ctx, organization, token.Filter{Breaks: &r}, now)
	if err != nil {
		return 0, err
	}
	return q.number(ctx, `SELECT count(*) FROM (SELECT DISTINCT t.id AS id FROM `+c.text()+`) AS broken`, c.args...)
}

// ToSweep returns up to limit tokens that break rules, were made before a sweep, and end later than by it.
func (q *queries) ToSweep(ctx context.Context, organization string, r token.Ruling, now time.Time, limit int) ([]token.Token, error) {
	c, err := q.choose(ctx, organization, token.Filter{Breaks: &r.Rules}, now)
	if err != nil {
		return nil, err
	}
	c.and(`t.created_at + 0 <= ` + c.arg(millis(r.Sweep.From)))
	if r.Sweep.Answer == token.Shorten {
		personal, service := r.Sweep.Ends(r.Rules)
		c.and(`(t.expires_at IS NULL OR t.expires_at + 0 > CASE WHEN t.kind || '' = 'personal' THEN CAST(` + c.arg(millis(personal)) +
			` AS BIGINT) ELSE CAST(` + c.arg(millis(service)) + ` AS BIGINT) END)`)
	}
	list, err := c.first(ctx, limit)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(list))
	for i, f := range list {
		ids[i] = f.id
	}
	return q.TokensByID(ctx, organization, ids)
}
