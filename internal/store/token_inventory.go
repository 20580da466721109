package store

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/plaintext"
	"latchkey/internal/token"
)

// Inventory returns the store as the inventory of package token sees it.
func Inventory(s *Store) token.InventoryStore { return inventory{s, s} }

type inventory struct {
	token.InventoryReads
	store *Store
}

// InTx runs fn in one write transaction.
func (s inventory) InTx(ctx context.Context, by actor.Caller, fn func(token.InventoryTx) error) error {
	return s.store.InTx(ctx, by, func(tx *Tx) error { return fn(tx) })
}

// mostHolders is how many people who have a permission an inventory looks for the tokens of, one by one.
const mostHolders = 10_000

// choice is a filter of an inventory in SQL. Conditions about a column that has an index of its own are
// written as expressions, so that SQLite reads the index tokens_inventory alone: that takes the same time
// for every filter, and is the quickest way for all but a few.
type choice struct {
	q     *queries
	from  string // with the tables that it needs besides tokens t
	where []string
	args  []any
	// costly is set if conditions need more than the index, so that not all tokens can be sorted.
	costly bool
	// loose is set if the tokens come in no order at first.
	loose bool
	broad bool // see token.Inventoried
}

// arg binds a value and returns its placeholder.
func (c *choice) arg(v any) string {
	c.args = append(c.args, v)
	return fmt.Sprintf("$%d", len(c.args))
}

// and adds a condition.
func (c *choice) and(condition string) { c.where = append(c.where, condition) }

func (c *choice) text() string {
	organization := `t.organization_id = $1`
	if c.loose { // other tables lead to the tokens
		organization = `t.organization_id || '' = $1`
	}
	return c.from + ` WHERE ` + organization + ` AND ` + strings.Join(c.where, ` AND `)
}

// kept selects tokens that are not deleted, by the indexes of the inventory.
const kept = `t.deleted_at IS NULL AND t.kind <> ''`

const newestFirst = ` ORDER BY t.created_at DESC, t.id DESC`

// limited returns the ids of up to $limit tokens that are chosen: the newest, unless the choice is loose.
func (c *choice) limited(limit string) string {
	if c.loose {
		return `SELECT DISTINCT t.id AS id FROM ` + c.text() + ` LIMIT ` + limit
	}
	return `SELECT t.id AS id FROM ` + c.text() + newestFirst + ` LIMIT ` + limit
}

// choose returns a filter in SQL.
func (q *queries) choose(ctx context.Context, organization string, f token.Filter, now time.Time) (*choice, error) {
	c := &choice{q: q, from: `tokens t`, args: []any{organization}}
	c.and(kept)
	owners, err := c.owners(ctx, f.Owner)
	if err != nil {
		return nil, err
	}
	if f.Grants.Permission != "" {
		if err := c.granting(ctx, organization, &f, owners); err != nil {
			return nil, err
		}
	}
	if f.Kind != "" {
		c.and(`t.kind || '' = ` + c.arg(f.Kind))
	}
	if f.Workspace != "" {
		c.and(`t.workspace_id || '' = ` + c.arg(f.Workspace))
	}
	if owners != "" {
		c.and(`t.kind || '' = 'personal'`)
		c.ownedBy(owners)
	}
	if f.MadeBy != "" {
		from := len(c.args) + 1
		ways := spellings(f.MadeBy)
		c.args = append(c.args, ways...)
		c.and(`(` + q.contains(`t.created_by_name`, from, ways) + `)`)
	}
	c.ends(f)
	c.state(f.State, now)
	if f.Text != "" {
		if err := c.named(ctx, f.Text, now); err != nil {
			return nil, err
		}
	}
	if f.UnusedFor > 0 {
		if err := c.unused(ctx, f.UnusedFor, now); err != nil {
			return nil, err
		}
	}
	if f.Breaks != nil {
		c.breaking(*f.Breaks, now)
	}
	return c, nil
}

// mostOwners is how many owners are looked up by their ids.
const mostOwners = 100

// owners returns a query for the ids of the members whom text means, as SearchMembers does, or "" for no
// text.
func (c *choice) owners(ctx context.Context, text string) (string, error) {
	if text == "" {
		return "", nil
	}
	ways := spellings(text)
	query := func(from int) string {
		return fmt.Sprintf(`SELECT o.id AS id FROM members o WHERE o.organization_id = $1 AND (o.id = $%d OR %s(o.email, $%d) > 0 OR %s)`,
			from, c.q.position(), from+1, c.q.contains(`o.name`, from+1, ways))
	}
	ids, err := all(ctx, c.q, scanText, query(2)+fmt.Sprintf(` LIMIT %d`, mostOwners+1), append([]any{c.args[0], text}, ways...)...)
	from := len(c.args) + 1
	switch {
	case err != nil:
		return "", err
	case len(ids) == 0:
		return `SELECT id FROM members WHERE 1 = 0`, nil
	case len(ids) > mostOwners:
		c.args = append(append(c.args, text), ways...)
		return query(from), nil
	}
	c.args = with(c.args, ids...)
	return `SELECT o.id AS id FROM members o WHERE o.id IN (` + placeholders(from, len(ids)) + `)`, nil
}

// ownedBy chooses the tokens of the members whose ids a query returns.
func (c *choice) ownedBy(owners string) {
	if c.loose {
		c.and(`t.owner_id || '' IN (SELECT s.id FROM (` + owners + `) AS s)`)
		return
	}
	c.costly, c.loose = true, true
	c.from = `(SELECT DISTINCT w.id AS id FROM (` + owners + `) AS w) AS s CROSS JOIN ` + c.from
	c.and(`t.owner_id = s.id AND t.owner_id <> ''`)
}

func (c *choice) ends(f token.Filter) {
	if !f.EndsFrom.IsZero() {
		c.and(`t.expires_at + 0 >= ` + c.arg(millis(f.EndsFrom)))
	}
	if !f.EndsBefore.IsZero() {
		c.and(`t.expires_at + 0 < ` + c.arg(millis(f.EndsBefore)))
	}
	if f.NeverEnds {
		c.and(`t.expires_at IS NULL`)
	}
}

// idleOwners are the owners of tokens who are not active members.
const idleOwners = `SELECT c.id AS id FROM token_counts c LEFT JOIN members m ON m.id = c.id AND m.organization_id = c.organization_id
	WHERE c.organization_id = $1 AND c.part = 'owner' AND c.kept > 0 AND coalesce(m.status, '') <> 'active'`

// works selects the tokens that are not suspended, and whose owner, if they have one, is an active member.
const works = `t.suspended_at IS NULL AND (t.kind || '' <> 'personal' OR EXISTS (SELECT 1 FROM members m
	WHERE m.id = t.owner_id AND m.organization_id = t.organization_id AND m.status = 'active'))`

func (c *choice) state(s token.State, now time.Time) {
	at := func(t time.Time) string { return c.arg(millis(t)) }
	const end = `t.expires_at + 0`
	switch s {
	case token.Active:
		c.costly = true
		c.and(`(t.expires_at IS NULL OR ` + end + ` > ` + at(now.Add(token.SoonAfter)) + `) AND ` + works)
	case token.ExpiresSoon:
		c.and(end + ` > ` + at(now) + ` AND ` + end + ` <= ` + at(now.Add(token.SoonAfter)) + ` AND ` + works)
	case token.Expired:
		c.and(end + ` <= ` + at(now))
	case token.Suspended:
		c.and(`(t.expires_at IS NULL OR ` + end + ` > ` + at(now) + `)`)
		c.suspended()
	case token.Deleted:
		c.and(`1 = 0`)
	}
}

// suspended chooses tokens that somebody has suspended, and those whose owner is not an active member.
func (c *choice) suspended() {
	if c.loose {
		c.and(`(t.suspended_at IS NOT NULL OR t.kind || '' = 'personal' AND t.owner_id || '' IN (` + idleOwners + `))`)
		return
	}
	c.costly, c.loose = true, true
	c.from = `(SELECT x.id AS id FROM tokens x WHERE x.organization_id = $1 AND x.suspended_at IS NOT NULL AND x.deleted_at IS NULL
		UNION ALL SELECT x.id FROM (` + idleOwners + `) AS o CROSS JOIN tokens x
			WHERE x.owner_id = o.id AND x.organization_id || '' = $1 AND x.owner_id <> '' AND x.kind || '' = 'personal'
				AND x.deleted_at IS NULL) AS s
		CROSS JOIN ` + c.from
	c.and(`t.id = s.id`)
}

// named chooses by name, hint and id, as SearchTokens does.
func (c *choice) named(ctx context.Context, text string, now time.Time) error {
	hints := hintsOf(text)
	in, limit := placeholders(2, len(hints)), ` LIMIT `+fmt.Sprint(token.MaxCounted)
	ids, err := all(ctx, c.q, scanText, `SELECT id FROM (SELECT t.id AS id FROM tokens t WHERE t.organization_id = $1
			AND t.deleted_at IS NULL AND t.hint IN (`+in+`)`+limit+`) AS hinted
		UNION SELECT id FROM (SELECT s.token_id AS id FROM token_secrets s WHERE s.hint IN (`+in+`)`+
		livePrevious(`s`, len(hints)+2)+limit+`) AS replaced`, append(with(c.args[:1:1], hints...), millis(now))...)
	if err != nil {
		return err
	}
	name := c.q.position() + `(t.name_key, ` + c.arg(plaintext.NameKey(text)) + `) > 0`
	from := len(c.args) + 1
	c.args = with(append(c.args, text), ids...)
	c.and(`(` + name + ` OR t.id || '' IN (` + placeholders(from, 1+len(ids)) + `))`)
	return nil
}

// mostIdle is how many tokens are looked up that were noted as unused, instead of reading all.
const mostIdle = 5000

// unused chooses tokens that work and that nobody has used for so long.
func (c *choice) unused(ctx context.Context, so time.Duration, now time.Time) error {
	cut := millis(now.Add(-max(so, token.NotedAfter)))
	noted, err := c.q.number(ctx, `SELECT count(*) FROM (SELECT 1 FROM idle_tokens i WHERE i.organization_id = $1 AND i.idle_since <= $2
		LIMIT $3) AS noted`, c.args[0], cut, mostIdle+1)
	if err != nil {
		return err
	}
	c.costly = true
	at, before := c.arg(millis(now)), c.arg(cut)
	if noted <= mostIdle && !c.loose {
		c.loose = true
		c.from = `idle_tokens i CROSS JOIN ` + c.from
		c.and(`i.organization_id = $1 AND i.idle_since <= ` + before + ` AND t.id = i.token_id`)
	}
	c.from += ` LEFT JOIN token_uses u ON u.token_id = t.id`
	c.and(live(at) + ` AND t.created_at <= ` + before + ` AND coalesce(u.last_used_at, t.created_at) <= ` + before + ` AND ` + works)
	return nil
}

// granting chooses tokens that may do something, as access.EffectivePolicy decides for each.
func (c *choice) granting(ctx context.Context, organization string, f *token.Filter, owners string) error {
	if f.Resource != "" {
		workspace, found, err := first(ctx, c.q, scanText, `SELECT r.workspace_id FROM resources r JOIN workspaces w ON w.id = r.workspace_id
			WHERE w.organization_id = $1 AND r.id = $2 AND r.type = $3`,
			organization, f.Resource, f.Grants.Permission.Type())
		if err != nil {
			return err
		}
		if !found || f.Workspace != "" && f.Workspace != workspace {
			c.and(`1 = 0`)
			return nil
		}
		f.Workspace = workspace
	}
	c.costly, c.loose = true, true
	g := grant{choice: c, filter: *f, owners: owners}
	g.prepare()
	if f.Workspace == "" && f.Owner == "" {
		few := fmt.Sprintf(`SELECT 1 AS one FROM (%s) AS h LIMIT %d`, g.holders(), mostHolders+1)
		n, err := c.q.number(ctx, `SELECT count(*) FROM (`+few+`) AS few`, c.args...)
		if err != nil {
			return err
		}
		if c.broad = n > mostHolders; c.broad {
			return nil
		}
	}
	if f.Kind != token.Workspace {
		g.bindScopes()
	}
	var parts []string // the quickest first, since enough may be found in it
	if f.Kind != token.Workspace {
		parts = append(parts, g.admins(), g.personal())
	}
	if owners == "" && f.Kind != token.Personal {
		parts = append(parts, g.services())
	}
	c.from = `(` + strings.Join(parts, ` UNION ALL `) + `) AS g CROSS JOIN tokens t`
	c.and(`t.id = g.id`)
	return nil
}

// grant writes queries for the tokens that have a permission.
type grant struct {
	*choice
	filter    token.Filter
	owners    string // a query for the ids of members, or ""
	key       string // placeholder of how a policy with the permission contains it
	resource  string // placeholder of how a reach contains the resource, or ""
	workspace string // placeholder, or ""
	scopes    string // placeholders of the scopes that keep the permission
	length    int    // of the key
}

func (g *grant) prepare() {
	entry := g.filter.Grants
	key := `"` + string(entry.Permission) + `":`
	if !entry.Limitable {
		key += `{"all":true` // a limit does not count
	}
	g.key, g.length = g.arg(key), len(key)
	if g.filter.Resource != "" && entry.Limitable {
		quoted, _ := json.Marshal(g.filter.Resource) // as in the canonical form of a policy
		g.resource = g.arg(string(quoted))
	}
	if g.filter.Workspace != "" {
		g.workspace = g.arg(g.filter.Workspace)
	}
}

// bindScopes binds the scopes that keep the permission.
func (g *grant) bindScopes() {
	g.scopes = g.arg(access.ScopeReadWrite) + `, ` + g.arg(access.ScopeAdmin)
	if g.filter.Grants.ReadOnly {
		g.scopes += `, ` + g.arg(access.ScopeReadOnly)
	}
}

// grants returns the condition that a policy, in its canonical form, grants the permission.
func (g *grant) grants(policy string) string {
	at := g.q.position()
	has := at + `(` + policy + `, ` + g.key + `) > 0`
	if g.resource == "" {
		return has
	}
	rest := fmt.Sprintf(`substr(%s, %s(%s, %s) + %d)`, policy, at, policy, g.key, g.length)
	const all, everything = `{"all":true`, `{"all":true,"ids":[]}`
	is := func(beginning string) string {
		return fmt.Sprintf(`substr(%s, 1, %d) = '%s'`, rest, len(beginning), beginning)
	}
	ids := `substr(` + rest + `, 1, ` + at + `(` + rest + `, '"]}'))`
	// A reach is everything, all but its ids, or its ids.
	return `(` + has + ` AND (` + is(everything) + ` OR (` + is(all) + `) <> (` + at + `(` + ids + `, ` + g.resource + `) > 0)))`
}

// in returns the condition that a row is in the workspace, if there is one.
func (g *grant) in(row string) string {
	if g.workspace == "" {
		return ``
	}
	return ` AND ` + row + `.workspace_id = ` + g.workspace
}

// inherited returns the condition that the baseline of a row's workspace grants the permission.
func (g *grant) inherited(row string) string {
	return row + `.workspace_id IN (SELECT b.workspace_id FROM policies b WHERE b.organization_id = $1 AND b.kind = 'baseline' AND ` +
		g.grants(`b.body`) + `)`
}

func (g *grant) services() string {
	return `SELECT x.id AS id FROM tokens x WHERE x.organization_id = $1 AND x.kind = 'workspace' AND x.workspace_id <> ''
		AND x.deleted_at IS NULL` + g.in(`x`) +
		` AND (` + g.inherited(`x`) + ` OR ` + g.grants(`x.policy`) + `)`
}

// holders returns a query for the members who have the permission, and the workspaces where they have it,
// other than by the role Admin. A baseline grants it to those who are in the workspace by another policy.
func (g *grant) holders() string {
	of := func(member string) string {
		if g.owners == "" {
			return `p.organization_id = $1`
		}
		return `p.organization_id || '' = $1 AND ` + member + ` IN (` + g.owners + `)`
	}
	has := g.in(`p`) + ` AND (` + g.grants(`p.body`) + ` OR ` + g.inherited(`p`) + `)`
	return `SELECT p.member_id AS member, p.workspace_id AS workspace FROM policies p
			WHERE ` + of(`p.member_id`) + ` AND p.kind || '' = 'member' AND p.member_id IS NOT NULL` + has + `
		UNION ALL SELECT m.member_id, p.workspace_id FROM policies p JOIN group_members m ON m.group_id = p.group_id
			WHERE ` + of(`m.member_id`) + ` AND p.kind || '' = 'group' AND p.group_id IS NOT NULL` + has
}

func (g *grant) personal() string {
	return `SELECT x.id FROM (` + g.holders() + `) AS h CROSS JOIN tokens x
		WHERE x.organization_id || '' = $1 AND x.owner_id = h.member AND x.workspace_id = h.workspace AND ` + g.keeps()
}

func (g *grant) admins() string {
	return `SELECT x.id FROM members a CROSS JOIN tokens x WHERE a.organization_id = $1 AND a.role = 'admin'
		AND x.organization_id || '' = $1 AND x.owner_id = a.id AND ` + g.keeps() + g.in(`x`)
}

// keeps selects personal tokens whose scope keeps the permission.
func (g *grant) keeps() string {
	return `x.deleted_at IS NULL AND x.owner_id <> '' AND x.kind || '' = 'personal' AND x.scope || '' IN (` + g.scopes + `)`
}

// found is a token that matches, with what it is sorted by.
type found struct {
	id, name            string
	created, ends, used int64
}

// first finds up to limit tokens that are chosen.
func (c *choice) first(ctx context.Context, limit int) ([]found, error) {
	args := append(slices.Clip(c.args), limit)
	return all(ctx, c.q, func(row scanner) (f found, err error) {
		err = row.Scan(&f.id, &f.name, &f.created, &f.ends, &f.used)
		return f, err
	}, `SELECT t.id, t.name_key, t.created_at, coalesce(t.expires_at, `+neverEnds+`), coalesce(u.last_used_at, 0)
		FROM (`+c.limited(fmt.Sprintf("$%d", len(args)))+`) AS f JOIN tokens t ON t.id = f.id
		LEFT JOIN token_uses u ON u.token_id = t.id`, args...)
}

// sortFound sorts as a listing does.
func sortFound(list []found, by token.Sort, reverse bool) {
	slices.SortFunc(list, func(a, b found) int {
		order := cmp.Or(cmp.Compare(b.created, a.created), strings.Compare(b.id, a.id))
		switch by {
		case token.ByName:
			order = cmp.Or(strings.Compare(a.name, b.name), order)
		case token.ByUse:
			order = cmp.Or(cmp.Compare(a.used, b.used), order)
		case token.ByEnd:
			order = cmp.Or(cmp.Compare(a.ends, b.ends), order)
		case token.ByCreation:
		}
		if reverse {
			return -order
		}
		return order
	})
}

// FindInventory returns a page of the tokens that the query chooses at now.
func (q *queries) FindInventory(ctx context.Context, organization string, ask token.Query,
	now time.Time) (out token.Inventoried, err error) {
	c, err := q.choose(ctx, organization, ask.Filter, now)
	if err != nil || c.broad {
		out.Broad = err == nil
		return out, err
	}
	ids, err := q.inventoryPage(ctx, organization, c, ask, &out)
	if err == nil {
		out.Tokens, err = q.tokensWith(ctx, ids)
	}
	return out, err
}

// inventoryPage returns the ids of the page, and sets in out how many match.
func (q *queries) inventoryPage(ctx context.Context, organization string, c *choice, ask token.Query,
	out *token.Inventoried) ([]string, error) {
	some, err := c.first(ctx, token.MaxCounted+1)
	if err != nil {
		return nil, err
	}
	page := func(list []found) (ids []string) {
		for _, f := range list[min(ask.Offset, len(list)):min(ask.Offset+ask.Limit, len(list))] {
			ids = append(ids, f.id)
		}
		return ids
	}
	if out.Matching = len(some); len(some) <= token.MaxCounted {
		sortFound(some, ask.Sort, ask.Reverse)
		return page(some), nil
	}
	out.Matching, out.More = token.MaxCounted, true
	plain := ask.Sort == token.ByCreation && !ask.Reverse
	switch {
	case ask.Filter == token.Filter{}:
		out.More = false
		c.bound(some, ask)
		if out.Matching, err = q.number(ctx, `SELECT CAST(coalesce(sum(kept), 0) AS BIGINT) FROM token_counts
			WHERE organization_id = $1 AND part = 'workspace'`, organization); err != nil {
			return nil, err
		}
		out.Unsorted = ask.Sort == token.ByUse
		return q.sortedPage(ctx, c, ask)
	case c.costly || plain || ask.Sort == token.ByUse:
		sortFound(some, token.ByCreation, false)
		out.Unsorted = c.loose || !plain
		return page(some[:token.MaxCounted]), nil
	}
	c.bound(some, ask)
	return q.sortedPage(ctx, c, ask)
}

// bound adds the condition that a token is not sorted behind the page for certain: some tokens that are chosen
// say where the page ends at the latest. Then few need to be sorted.
func (c *choice) bound(some []found, ask token.Query) {
	last := ask.Offset + ask.Limit - 1
	if last >= len(some) {
		return
	}
	sortFound(some, ask.Sort, ask.Reverse)
	within := ` <= `
	if ask.Reverse {
		within = ` >= `
	}
	switch ask.Sort {
	case token.ByName:
		c.and(`t.name_key` + within + c.arg(some[last].name))
	case token.ByEnd:
		c.and(sortedEnd + within + c.arg(some[last].ends))
	case token.ByCreation, token.ByUse:
	}
}

// sortedEnd is what tokens are sorted by in the order of their ends.
const sortedEnd = `coalesce(t.expires_at, ` + neverEnds + `)`

// sortedPage returns a page of all that are chosen, in the order that is asked for, or the newest first.
func (q *queries) sortedPage(ctx context.Context, c *choice, ask token.Query) ([]string, error) {
	up, down := ``, ` DESC`
	if ask.Reverse {
		up, down = down, up
	}
	order := `t.created_at` + down + `, t.id` + down
	switch ask.Sort {
	case token.ByName:
		order = `t.name_key` + up + `, t.id` + up
	case token.ByEnd:
		order = sortedEnd + up + `, ` + order
	case token.ByUse, token.ByCreation:
	}
	args := append(slices.Clip(c.args), ask.Limit, ask.Offset)
	return all(ctx, q, scanText, `SELECT t.id FROM `+c.text()+` ORDER BY `+order+fmt.Sprintf(` LIMIT $%d OFFSET $%d`, len(args)-1, len(args)),
		args...)
}

// chooseAll is choose for callers that need all tokens. The error is Invalid if the filter is too broad.
func (q *queries) chooseAll(ctx context.Context, organization string, f token.Filter, now time.Time) (*choice, error) {
	c, err := q.choose(ctx, organization, f, now)
	if err == nil && c.broad {
		err = token.ErrBroad()
	}
	return c, err
}

// InventoryIDs returns the ids of all tokens that the filter chooses at now, newest first.
func (q *queries) InventoryIDs(ctx context.Context, organization string, f token.Filter, now time.Time) ([]string, error) {
	c, err := q.chooseAll(ctx, organization, f, now)
	if err != nil {
		return nil, err
	}
	return all(ctx, q, scanText, `SELECT t.id FROM tokens t
		JOIN (SELECT DISTINCT t.id AS id FROM `+c.text()+`) AS f ON f.id = t.id`+newestFirst, c.args...)
}

// MatchingTokens returns the tokens that the filter chooses at now, but no more than limit of them, newest
// first.
func (q *queries) MatchingTokens(ctx context.Context, organization string, f token.Filter, now time.Time,
	limit int) ([]token.Token, error) {
	c, err := q.chooseAll(ctx, organization, f, now)
	if err != nil {
		return nil, err
	}
	list, err := c.first(ctx, limit)
	if err != nil {
		return nil, err
	}
	sortFound(list, token.ByCreation, false)
	ids := make([]string, len(list))
	for i, f := range list {
		ids[i] = f.id
	}
	return q.TokensByID(ctx, organization, ids)
}

// TokensByID returns the tokens with these ids that are not deleted, in the order of the ids.
func (q *queries) TokensByID(ctx context.Context, organization string, ids []string) ([]token.Token, error) {
	tokens, err := q.tokensWith(ctx, ids)
	return slices.DeleteFunc(tokens, func(t token.Token) bool { return t.Organization != organization || !t.DeletedAt.IsZero() }), err
}
