package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/change"
	"latchkey/internal/provision"
)

// Provisions returns the store as package provision sees it.
func Provisions(s *Store) provision.Store { return provisions{s, s} }

type provisions struct {
	provision.Reader
	store *Store
}

// InTx runs fn in one write transaction.
func (p provisions) InTx(ctx context.Context, by actor.Caller, fn func(provision.Tx) error) error {
	return p.store.InTx(ctx, by, func(tx *Tx) error { return fn(tx) })
}

// InUserTx is InTx for a change of users.
func (p provisions) InUserTx(ctx context.Context, by actor.Caller, fn func(provision.UserTx) error) error {
	return p.store.InTx(ctx, by, func(tx *Tx) error { return fn(provision.UserTx{MemberTx: tx, LinkTx: tx}) })
}

// InGroupTx is InTx for a change of groups.
func (p provisions) InGroupTx(ctx context.Context, by actor.Caller, fn func(provision.GroupTx) error) error {
	return p.store.InTx(ctx, by, func(tx *Tx) error { return fn(tx) })
}

const (
	provisionedColumns = memberColumns + `, coalesce(s.document, ''), s.written_at, s.removed_at`
	provisionedTables  = ` FROM members m LEFT JOIN scim_users s ON s.member_id = m.id`
	// listedMembers excludes members that the provider has deleted.
	listedMembers = ` FROM members m WHERE m.organization_id = $1
		AND m.id NOT IN (SELECT member_id FROM scim_users WHERE organization_id = $1 AND removed_at IS NOT NULL)`
)

func scanProvisioned(row scanner) (provision.User, error) {
	var u provision.User
	var written, removed sql.NullInt64
	m, err := scanMember(scanMore{row, []any{&u.Document, &written, &removed}})
	u.Member, u.Removed = m, removed.Valid
	u.Linked = written.Valid && !removed.Valid
	return u, err
}

// scanMore scans additional columns at the end.
type scanMore struct {
	scanner
	more []any
}

func (s scanMore) Scan(dest ...any) error { return s.scanner.Scan(append(dest, s.more...)...) }

// ProvisionedUser returns a member that the provider has not deleted; NotFound otherwise.
func (q *queries) ProvisionedUser(ctx context.Context, organization, id string) (provision.User, error) {
	return one(ctx, q, "That user", scanProvisioned, `SELECT `+provisionedColumns+provisionedTables+`
		WHERE m.organization_id = $1 AND m.id = $2 AND s.removed_at IS NULL`, organization, id)
}

// UserByName returns the member with a lower-case email, deleted by the provider or not; NotFound
// otherwise.
func (q *queries) UserByName(ctx context.Context, organization, email string) (provision.User, error) {
	return one(ctx, q, "That user", scanProvisioned, `SELECT `+provisionedColumns+provisionedTables+`
		WHERE m.organization_id = $1 AND m.email = $2`, organization, email)
}

// FindUsers returns a page of the members that the provider has not deleted, and their number on
// all pages.
func (q *queries) FindUsers(ctx context.Context, organization string, s provision.Search) ([]provision.User, int, error) {
	f := &filterSQL{args: []any{organization}, of: memberFields()}
	where := listedMembers + f.clause(s.Where)
	count := func() (int, error) { return q.number(ctx, `SELECT count(*)`+where, f.args[:f.filtered]...) }
	// Find the ids of the page first, so that only its rows are read in full.
	ids, total, err := onePage(s, count, func() ([]string, error) {
		return all(ctx, q, scanText, `SELECT m.id`+where+f.order(s)+f.page(s), f.args...)
	})
	if err != nil || len(ids) == 0 {
		return nil, total, err
	}
	users, err := all(ctx, q, scanProvisioned, `SELECT `+provisionedColumns+provisionedTables+`
		WHERE m.id IN (`+placeholders(1, len(ids))+`)`, with(nil, ids...)...)
	return inOrder(users, ids, func(u provision.User) string { return u.ID }), total, err
}

// inOrder sorts rows by the order of their ids.
func inOrder[T any](rows []T, ids []string, id func(T) string) []T {
	by := make(map[string]T, len(rows))
	for _, row := range rows {
		by[id(row)] = row
	}
	out := make([]T, 0, len(rows))
	for _, i := range ids {
		if row, ok := by[i]; ok {
			out = append(out, row)
		}
	}
	return out
}

// FindGroups returns a page of the organization's groups, and their number on all pages.
func (q *queries) FindGroups(ctx context.Context, organization string, s provision.Search) ([]account.Group, int, error) {
	f := &filterSQL{args: []any{organization}, of: groupFields()}
	where := ` FROM groups g WHERE g.organization_id = $1` + f.clause(s.Where)
	count := func() (int, error) { return q.number(ctx, `SELECT count(*)`+where, f.args[:f.filtered]...) }
	return onePage(s, count, func() ([]account.Group, error) {
		return all(ctx, q, scanGroup, `SELECT `+groupColumns+where+f.order(s)+f.page(s), f.args...)
	})
}

// onePage reads a page and the number of rows on all pages. If the page is not full, it needs no
// query for the number, so that finding a single row takes one query.
func onePage[T any](s provision.Search, count func() (int, error), page func() ([]T, error)) ([]T, int, error) {
	if s.Limit > 0 {
		rows, err := page()
		if err != nil || len(rows) < s.Limit && (len(rows) > 0 || s.Offset == 0) {
			return rows, s.Offset + len(rows), err
		}
		total, err := count()
		return rows, total, err
	}
	total, err := count()
	return nil, total, err
}

// MembersByGroup returns the members of each group that the provider has not deleted, ordered by
// id.
func (q *queries) MembersByGroup(ctx context.Context, organization string, groups []string) (map[string][]account.Named, error) {
	if len(groups) == 0 {
		return nil, nil
	}
	return q.namedBy(ctx, `SELECT gm.group_id, m.id, m.name FROM group_members gm JOIN members m ON m.id = gm.member_id
		LEFT JOIN scim_users s ON s.member_id = m.id
		WHERE m.organization_id || '' = $1 AND s.removed_at IS NULL AND gm.group_id IN (`+placeholders(2, len(groups))+`) ORDER BY m.id`,
		with([]any{organization}, groups...)...)
}

// UsersAmong returns which of the ids are those of users, and which are those of users who were
// removed: by the provider, or as members.
func (q *queries) UsersAmong(ctx context.Context, organization string, ids []string) (map[string]provision.Presence, error) {
	type found struct {
		id      string
		removed bool
	}
	out := make(map[string]provision.Presence, len(ids))
	for chunk := range slices.Chunk(ids, idsPerQuery) {
		in := placeholders(2, len(chunk))
		rows, err := all(ctx, q, func(row scanner) (found, error) {
			var f found
			err := row.Scan(&f.id, &f.removed)
			return f, err
		}, `SELECT m.id, s.removed_at IS NOT NULL`+provisionedTables+` WHERE m.organization_id = $1 AND m.id IN (`+in+`)
			UNION ALL SELECT member_id, TRUE FROM removed_members WHERE organization_id = $1 AND member_id IN (`+in+`)`,
			with([]any{organization}, chunk...)...)
		if err != nil {
			return nil, err
		}
		for _, f := range rows {
			switch {
			case !f.removed:
				out[f.id] = provision.There
			case out[f.id] == provision.Unknown:
				out[f.id] = provision.Gone
			}
		}
	}
	return out, nil
}

// SaveUser links a member and stores its document, its searchable values and its external id. It
// sets the member's time of change to now.
func (tx *Tx) SaveUser(ctx context.Context, m account.Member, document string, elements []provision.Element) error {
	if err := tx.execOne(ctx, "That user", `UPDATE members SET external_id = $1, updated_at = $2 WHERE organization_id = $3 AND id = $4`,
		m.ExternalID, millis(tx.now), m.Organization, m.ID); err != nil {
		return err
	}
	if _, err := tx.exec(ctx, `INSERT INTO scim_users (member_id, organization_id, document, written_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (member_id) DO UPDATE SET document = $3, written_at = $4, removed_at = NULL`,
		m.ID, m.Organization, document, millis(tx.now)); err != nil {
		return err
	}
	if _, err := tx.exec(ctx, `DELETE FROM scim_values WHERE member_id = $1`, m.ID); err != nil {
		return err
	}
	return tx.insertElements(ctx, m.ID, elements)
}

// insertElements writes the searchable values of a member in one statement, because there are few.
func (tx *Tx) insertElements(ctx context.Context, member string, elements []provision.Element) error {
	if len(elements) == 0 {
		return nil
	}
	rows, args := make([]string, len(elements)), make([]any, 0, 7*len(elements))
	for i, e := range elements {
		rows[i] = `(` + placeholders(len(args)+1, 7) + `)`
		args = append(args, member, i, e.Attribute, e.Value, e.Display, e.Kind, e.Primary)
	}
	_, err := tx.exec(ctx,
		`INSERT INTO scim_values (member_id, position, attribute, value, display, kind, is_primary) VALUES `+strings.Join(rows, ", "), args...)
	return err
}

// ForgetUser records that the provider has deleted a member, and removes its document.
func (tx *Tx) ForgetUser(ctx context.Context, organization, id string) error {
	if err := tx.execOne(ctx, "That user", `UPDATE members SET external_id = '' WHERE organization_id = $1 AND id = $2`,
		organization, id); err != nil {
		return err
	}
	if _, err := tx.exec(ctx, `DELETE FROM scim_values WHERE member_id = $1`, id); err != nil {
		return err
	}
	_, err := tx.exec(ctx, `INSERT INTO scim_users (member_id, organization_id, document, written_at, removed_at) VALUES ($1, $2, '', $3, $3)
		ON CONFLICT (member_id) DO UPDATE SET document = '', written_at = $3, removed_at = $3`, id, organization, millis(tx.now))
	return err
}

// SaveGroupLink saves External and ExternalID of a group.
func (tx *Tx) SaveGroupLink(ctx context.Context, g account.Group) error {
	return tx.execOne(ctx, "That group", `UPDATE groups SET external = $1, external_id = $2 WHERE organization_id = $3 AND id = $4`,
		g.External, g.ExternalID, g.Organization, g.ID)
}

// SaveSCIM switches provisioning on or off.
func (tx *Tx) SaveSCIM(ctx context.Context, organization string, enabled bool) error {
	tx.changed(change.Organization, organization)
	return tx.execOne(ctx, "That organization", `UPDATE organizations SET scim_enabled = $1 WHERE id = $2`, enabled, organization)
}

// SaveSCIMAddresses sets whether the identity provider cannot change addresses.
func (tx *Tx) SaveSCIMAddresses(ctx context.Context, organization string, fixed bool) error {
	return tx.execOne(ctx, "That organization", `UPDATE organizations SET scim_fixed_addresses = $1 WHERE id = $2`, fixed, organization)
}

const requestColumns = `id, organization_id, at, token_id, token_name, method, path, subject, status, problem, detail, ip`

func scanRequest(row scanner) (provision.Request, error) {
	var r provision.Request
	var at int64
	err := row.Scan(&r.ID, &r.Organization, &at, &r.Token, &r.TokenName, &r.Method, &r.Path, &r.Subject, &r.Status, &r.Type, &r.Detail, &r.IP)
	r.At = moment(at)
	return r, err
}

// ProvisionRequests returns the newest recorded requests of an organization: all, or only those
// that failed.
func (q *queries) ProvisionRequests(ctx context.Context, organization string, failed bool, limit int) ([]provision.Request, error) {
	where := ` WHERE organization_id = $1 AND failed IN (TRUE, $2)`
	return all(ctx, q, scanRequest, `SELECT `+requestColumns+` FROM scim_requests`+where+` ORDER BY at DESC, id DESC LIMIT $3`,
		organization, failed, limit)
}

// RecordRequest stores a request and deletes the oldest of its kind beyond keep.
func (tx *Tx) RecordRequest(ctx context.Context, r provision.Request, keep int) error {
	if _, err := tx.exec(ctx, `INSERT INTO scim_requests (`+requestColumns+`, failed) VALUES (`+placeholders(1, 13)+`)`,
		r.ID, r.Organization, millis(r.At), r.Token, r.TokenName, r.Method, r.Path, r.Subject, r.Status, r.Type, r.Detail, r.IP,
		r.Failed()); err != nil {
		return err
	}
	// Find the newest row to delete once. A list of all would be computed again for every row.
	_, err := tx.exec(ctx, `DELETE FROM scim_requests WHERE organization_id = $1 AND failed = $2 AND (at, id) <= (
		SELECT at, id FROM scim_requests WHERE organization_id = $1 AND failed = $2 ORDER BY at DESC, id DESC LIMIT 1 OFFSET $3)`,
		r.Organization, r.Failed(), keep)
	return err
}

// filterSQL translates a condition to SQL with bound arguments. The SQL contains only column names
// from the tables below and placeholders, never text from outside.
type filterSQL struct {
	args     []any
	filtered int // number of args that belong to the filter
	of       resourceSQL
}

// resourceSQL holds the columns of a resource's fields.
type resourceSQL struct {
	id      string                     // column of the resource's id
	columns map[provision.Field]string // strings, booleans and times
	some    func(f *filterSQL, s provision.Some) string
}

func memberFields() resourceSQL {
	return resourceSQL{id: `m.id`, some: (*filterSQL).ofMember, columns: map[provision.Field]string{
		provision.FieldID: `m.id`, provision.FieldExternalID: `m.external_id`, provision.FieldUserName: `m.email`, provision.FieldName: `m.name`,
		provision.FieldActive: `(m.status = 'active')`, provision.FieldCreated: `m.created_at`, provision.FieldModified: `m.updated_at`,
	}}
}

func groupFields() resourceSQL {
	return resourceSQL{id: `g.id`, some: (*filterSQL).ofGroup, columns: map[provision.Field]string{
		provision.FieldID: `g.id`, provision.FieldExternalID: `g.external_id`, provision.FieldName: `g.name`,
		provision.FieldCreated: `g.created_at`, provision.FieldModified: `g.updated_at`,
	}}
}

// bind adds an argument and returns its placeholder.
func (f *filterSQL) bind(v any) string {
	f.args = append(f.args, v)
	return fmt.Sprintf("$%d", len(f.args))
}

// clause returns a condition that continues a WHERE, or "" for no condition.
func (f *filterSQL) clause(c provision.Condition) string {
	text := ""
	if c != nil {
		text = ` AND ` + f.sql(c, f.of.columns)
	}
	f.filtered = len(f.args)
	return text
}

func (f *filterSQL) sql(c provision.Condition, columns map[provision.Field]string) string {
	switch c := c.(type) {
	case provision.All:
		return `(` + f.sql(c.Left, columns) + ` AND ` + f.sql(c.Right, columns) + `)`
	case provision.Either:
		return `(` + f.sql(c.Left, columns) + ` OR ` + f.sql(c.Right, columns) + `)`
	case provision.Not:
		return `NOT (` + f.sql(c.Of, columns) + `)`
	case provision.Has:
		return f.has(c, columns)
	case provision.Compare:
		return f.compare(c, columns)
	case provision.Some:
		return f.of.some(f, c)
	case provision.Const:
		if c {
			return `1 = 1`
		}
	}
	return `1 = 0`
}

// boolean reports whether a field is a boolean.
func boolean(field provision.Field) bool {
	return field == provision.FieldActive || field == provision.ElementPrimary
}

func (f *filterSQL) has(c provision.Has, columns map[provision.Field]string) string {
	column, ok := columns[c.Field]
	switch {
	case !ok:
		return `1 = 0`
	case boolean(c.Field), c.Field == provision.FieldCreated, c.Field == provision.FieldModified:
		return `1 = 1`
	}
	return column + ` <> ''`
}

func (f *filterSQL) compare(c provision.Compare, columns map[provision.Field]string) string {
	column, ok := columns[c.Field]
	switch {
	case !ok:
		return `1 = 0`
	case boolean(c.Field):
		return column + ` = ` + f.bind(c.Bool)
	case !c.Time.IsZero():
		return column + comparison(c.Op) + f.bind(c.Time.UnixMilli())
	case c.Fold && c.Field == provision.FieldName:
		// Engines differ in which letters beyond ASCII lower() folds, so compare the original
		// text too.
		return `(` + f.text(`lower(`+column+`)`, c.Op, c.Text, true) + ` OR ` + f.text(column, c.Op, c.Typed, true) + `)`
	}
	return f.text(column, c.Op, c.Text, c.Fold)
}

// text compares strings. If letter case matters, it uses functions that both engines have, because
// LIKE ignores letter case on only one of them.
func (f *filterSQL) text(column string, op provision.Operator, text string, folded bool) string {
	before, after := ``, ``
	switch op {
	case provision.Contains:
		before, after = `%`, `%`
	case provision.StartsWith:
		after = `%`
	case provision.EndsWith:
		before = `%`
	default:
		return column + comparison(op) + f.bind(text)
	}
	if folded {
		return column + ` LIKE ` + f.bind(before+likeEscape(text)+after) + ` ESCAPE '\'`
	}
	part := f.bindText(text)
	switch op {
	case provision.StartsWith:
		return `substr(` + column + `, 1, length(` + part + `)) = ` + part
	case provision.EndsWith:
		return `(length(` + column + `) >= length(` + part + `) AND substr(` + column + `, length(` + column + `) - length(` +
			part + `) + 1) = ` + part + `)`
	}
	return `(` + part + ` = '' OR length(replace(` + column + `, ` + part + `, '')) < length(` + column + `))`
}

// likeEscape escapes a string for use in a LIKE pattern.
func likeEscape(text string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text)
}

// bindText is bind with an explicit type, for functions that accept several types.
func (f *filterSQL) bindText(text string) string { return `CAST(` + f.bind(text) + ` AS TEXT)` }

func comparison(op provision.Operator) string {
	switch op {
	case provision.Greater:
		return ` > `
	case provision.GreaterOrEqual:
		return ` >= `
	case provision.Less:
		return ` < `
	case provision.LessOrEqual:
		return ` <= `
	}
	return ` = `
}

// ofMember translates a condition on some element of a user. For a member that the provider has
// not written, the address is the only element.
func (f *filterSQL) ofMember(s provision.Some) string {
	if s.Attribute == "groups" {
		return `m.id IN (SELECT gm.member_id FROM group_members gm JOIN groups g ON g.id = gm.group_id WHERE ` +
			f.sql(s.Where, map[provision.Field]string{provision.ElementValue: `g.id`, provision.ElementDisplay: `lower(g.name)`}) + `)`
	}
	kept := `SELECT v.member_id FROM scim_values v WHERE v.attribute = ` + f.bind(s.Attribute) + ` AND ` +
		f.sql(s.Where, map[provision.Field]string{provision.ElementValue: `v.value`, provision.ElementDisplay: `v.display`,
			provision.ElementKind: `v.kind`, provision.ElementPrimary: `v.is_primary`})
	if s.Attribute != "emails" {
		return `m.id IN (` + kept + `)`
	}
	return `m.id IN (` + kept + ` UNION ALL SELECT e.id FROM members e WHERE e.organization_id = $1 AND ` +
		f.sql(s.Where, map[provision.Field]string{provision.ElementValue: `e.email`, provision.ElementDisplay: `''`,
			provision.ElementKind: `'work'`, provision.ElementPrimary: `TRUE`}) + ` AND e.id NOT IN (SELECT member_id FROM scim_users))`
}

// ofGroup translates a condition on some member of a group.
func (f *filterSQL) ofGroup(s provision.Some) string {
	if s.Attribute != "members" {
		return `1 = 0`
	}
	return `g.id IN (SELECT gm.group_id FROM group_members gm JOIN members m ON m.id = gm.member_id WHERE ` +
		f.sql(s.Where, map[provision.Field]string{provision.ElementValue: `m.id`, provision.ElementDisplay: `lower(m.name)`,
			provision.ElementKind: `'user'`}) + `)`
}

// order returns an ORDER BY. It ends with the id, so that the order is deterministic.
func (f *filterSQL) order(s provision.Search) string {
	direction := ` ASC`
	if s.Descending {
		direction = ` DESC`
	}
	switch column, ok := f.of.columns[s.Sort.Field]; {
	case s.Sort.Attribute != "":
		otherwise := `''`
		if s.Sort.Attribute == "emails" {
			otherwise = f.of.columns[provision.FieldUserName] // the only value of members that the provider has not written
		}
		return ` ORDER BY coalesce((SELECT v.value FROM scim_values v WHERE v.member_id = ` + f.of.id +
			` AND v.attribute = ` + f.bind(s.Sort.Attribute) +
			` ORDER BY v.is_primary DESC, v.position LIMIT 1), ` + otherwise + `)` + direction + `, ` + f.of.id
	case ok && s.Sort.Field == provision.FieldName:
		return ` ORDER BY lower(` + column + `)` + direction + `, ` + f.of.id
	case ok && s.Sort.Field != provision.FieldID:
		return ` ORDER BY ` + column + direction + `, ` + f.of.id
	}
	return ` ORDER BY ` + f.of.id + direction
}

func (f *filterSQL) page(s provision.Search) string {
	return ` LIMIT ` + f.bind(s.Limit) + ` OFFSET ` + f.bind(s.Offset)
}
