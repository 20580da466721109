package store

import (
	"context"
	"database/sql"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"latchkey/internal/account"
	"latchkey/internal/change"
	"latchkey/internal/plaintext"
)

const memberColumns = `m.id, m.organization_id, m.email, m.name, m.role, m.status, m.external_id,
	m.created_at, m.updated_at, m.last_seen_at, m.admin_until`

func scanMember(row scanner) (account.Member, error) {
	var m account.Member
	var created, updated int64
	var seen, until sql.NullInt64
	err := row.Scan(&m.ID, &m.Organization, &m.Email, &m.Name, &m.Role, &m.Status, &m.ExternalID, &created, &updated, &seen, &until)
	m.CreatedAt, m.UpdatedAt = moment(created), moment(updated)
	m.LastSeenAt, m.AdminUntil = maybeMoment(seen), maybeMoment(until)
	return m, err
}

// Member returns a member of the organization; NotFound otherwise.
func (q *queries) Member(ctx context.Context, organization, id string) (account.Member, error) {
	return one(ctx, q, "That member", scanMember,
		`SELECT `+memberColumns+` FROM members m WHERE m.organization_id = $1 AND m.id = $2`, organization, id)
}

// InsertMember adds a member; Conflict if the email is taken.
func (tx *Tx) InsertMember(ctx context.Context, m account.Member, passwordHash string) error {
	tx.changed(change.Member, m.ID)
	_, err := tx.exec(ctx,
		`INSERT INTO members (id, organization_id, email, name, role, status, password_hash, external_id, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		m.ID, m.Organization, m.Email, m.Name, m.Role, m.Status, passwordHash, m.ExternalID, millis(m.CreatedAt), millis(m.UpdatedAt))
	return err
}

// Members returns the members of the organization with the given ids, ordered by name.
func (q *queries) Members(ctx context.Context, organization string, ids []string) ([]account.Member, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	return all(ctx, q, scanMember, `SELECT `+memberColumns+` FROM members m
		WHERE m.organization_id = $1 AND m.id IN (`+placeholders(2, len(ids))+`) ORDER BY lower(m.name), m.id`,
		with([]any{organization}, ids...)...)
}

// memberOrder returns the SQL sort key for an order of the list of members.
func memberOrder(s account.MemberSort) string {
	switch s {
	case account.ByEmail:
		return `m.email`
	case account.ByRole:
		return `m.role`
	case account.ByLastSeen:
		return `coalesce(m.last_seen_at, 0)`
	case account.ByTokens:
		return `live`
	case account.ByName:
	}
	return `lower(m.name)`
}

// liveTokens returns SQL that counts a member's live personal tokens.
func liveTokens(now string) string {
	return `(SELECT count(*) FROM tokens t WHERE t.owner_id = m.id AND t.kind = 'personal' AND ` + live(now) + `)`
}

// FindMembers returns one page of members with the number of their live tokens, and the number
// of members on all pages.
func (q *queries) FindMembers(ctx context.Context, organization string, query account.MemberQuery,
	now time.Time) ([]account.MemberRow, int, error) {
	where := ` FROM members m WHERE m.organization_id = $1
		AND ($2 = '' OR m.email LIKE $3 ESCAPE '\' OR ` + nameLike(`m.name`, `$3`, `$4`, `$5`) + `)
		AND ($6 = '' OR m.id IN (SELECT member_id FROM group_members WHERE group_id = $6))
		AND ($7 = '' OR m.id NOT IN (SELECT member_id FROM group_members WHERE group_id = $7))`
	lower, typed, title := likePatterns(query.Search)
	filter := []any{query.Search, lower, typed, title, query.InGroup, query.NotInGroup}
	total, err := q.number(ctx, `SELECT count(*)`+where, append([]any{organization}, filter...)...)
	if err != nil {
		return nil, 0, err
	}
	direction := ``
	if query.Descending {
		direction = ` DESC`
	}
	rows, err := all(ctx, q, scanMemberRow, `SELECT `+memberColumns+`, `+liveTokens("$8")+` AS live`+where+`
		ORDER BY `+memberOrder(query.Sort)+direction+`, lower(m.name), m.id LIMIT $9 OFFSET $10`,
		append(append([]any{organization}, filter...), millis(now), query.Limit, query.Offset)...)
	return rows, total, err
}

func scanMemberRow(row scanner) (account.MemberRow, error) {
	var live int
	m, err := scanMember(scanWith{row, &live})
	return account.MemberRow{Member: m, LiveTokens: live}, err
}

// scanWith scans one additional column at the end.
type scanWith struct {
	scanner
	last any
}

func (s scanWith) Scan(dest ...any) error { return s.scanner.Scan(append(dest, s.last)...) }

// nameLike returns a condition that compares a column of names with the patterns of [likePatterns].
func nameLike(column, lower, typed, title string) string {
	column = "replace(replace(" + column + ", '\u200c', ''), '\u200d', '')"
	return `lower(` + column + `) LIKE ` + lower + ` ESCAPE '\' OR ` + column + ` LIKE ` + typed + ` ESCAPE '\' OR ` +
		column + ` LIKE ` + title + ` ESCAPE '\'`
}

// likePatterns returns LIKE patterns for strings that contain search: in lower case, as typed,
// and with a capital first letter. Engines differ in which letters beyond ASCII their lower()
// folds, and names are usually written in one of these ways. Joiners, which people do not see,
// are left out: see [nameLike].
func likePatterns(search string) (lower, typed, title string) {
	search = plaintext.Joinless(search)
	escaped := strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(search)
	first, size := utf8.DecodeRuneInString(escaped)
	capital := escaped
	if size > 0 && first != utf8.RuneError {
		capital = string(unicode.ToTitle(first)) + strings.ToLower(escaped[size:])
	}
	return `%` + strings.ToLower(escaped) + `%`, `%` + escaped + `%`, `%` + capital + `%`
}

// WorkspacesOfMembers returns the workspaces that each member is in by their own policy or a
// group's, ordered by name.
func (q *queries) WorkspacesOfMembers(ctx context.Context, organization string, members []string) (map[string][]account.Named, error) {
	if len(members) == 0 {
		return nil, nil
	}
	ids := placeholders(2, len(members))
	return q.namedBy(ctx, `SELECT inside.member_id, w.id, w.name FROM (
			SELECT p.workspace_id, p.member_id AS member_id FROM policies p WHERE p.member_id IN (`+ids+`)
			UNION SELECT p.workspace_id, gm.member_id AS member_id FROM group_members gm JOIN policies p ON p.group_id = gm.group_id
				WHERE gm.member_id IN (`+ids+`)) AS inside
		JOIN workspaces w ON w.id = inside.workspace_id WHERE w.organization_id = $1 ORDER BY lower(w.name), w.id`,
		with([]any{organization}, members...)...)
}

// GroupsOfMembers returns the groups of each member, ordered by name.
func (q *queries) GroupsOfMembers(ctx context.Context, organization string, members []string) (map[string][]account.Named, error) {
	if len(members) == 0 {
		return nil, nil
	}
	return q.namedBy(ctx, `SELECT gm.member_id, g.id, g.name FROM group_members gm JOIN groups g ON g.id = gm.group_id
		WHERE g.organization_id = $1 AND gm.member_id IN (`+placeholders(2, len(members))+`) ORDER BY lower(g.name), g.id`,
		with([]any{organization}, members...)...)
}

// CountMembers returns the number of the organization's members, including deactivated ones.
func (q *queries) CountMembers(ctx context.Context, organization string) (int, error) {
	return q.number(ctx, `SELECT count(*) FROM members WHERE organization_id = $1`, organization)
}

// CountActiveAdmins returns the number of the organization's active Admins.
func (q *queries) CountActiveAdmins(ctx context.Context, organization string) (int, error) {
	return q.number(ctx, `SELECT count(*) FROM members WHERE organization_id = $1 AND role = 'admin' AND status = 'active'`, organization)
}

// ClaimMember sets the password of an active member who has none; NotFound otherwise.
func (tx *Tx) ClaimMember(ctx context.Context, organization, email, passwordHash string) (account.Member, error) {
	id, err := one(ctx, &tx.queries, "That member", scanText, `UPDATE members SET password_hash = $1, updated_at = $2
		WHERE organization_id = $3 AND email = $4 AND status = 'active' AND password_hash = '' RETURNING id`,
		passwordHash, millis(tx.now), organization, email)
	if err != nil {
		return account.Member{}, err
	}
	return tx.Member(ctx, organization, id)
}

// EmailsKnown returns which of the addresses belong to a member who has a password or is
// deactivated.
func (q *queries) EmailsKnown(ctx context.Context, organization string, emails []string) (map[string]bool, error) {
	if len(emails) == 0 {
		return nil, nil
	}
	return q.textSet(ctx, `SELECT email FROM members WHERE organization_id = $1 AND (password_hash <> '' OR status <> 'active')
		AND email IN (`+placeholders(2, len(emails))+`)`,
		with([]any{organization}, emails...)...)
}

// IsDeactivated reports whether a lower-case address belongs to a deactivated member.
func (q *queries) IsDeactivated(ctx context.Context, organization, email string) (bool, error) {
	n, err := q.number(ctx, `SELECT count(*) FROM members WHERE organization_id = $1 AND email = $2 AND status <> 'active'`,
		organization, email)
	return n > 0, err
}

// UpdateMember saves name, role, status and until when the member was an Admin; NotFound if the
// member is gone.
func (tx *Tx) UpdateMember(ctx context.Context, m account.Member) error {
	tx.changed(change.Member, m.ID)
	return tx.execOne(ctx, "That member", `UPDATE members SET name = $1, role = $2, status = $3, updated_at = $4, admin_until = $5
		WHERE organization_id = $6 AND id = $7`, m.Name, m.Role, m.Status, millis(m.UpdatedAt), millis(m.AdminUntil), m.Organization, m.ID)
}

// UpdateEmail saves the email address of a member; Conflict if another one has it.
func (tx *Tx) UpdateEmail(ctx context.Context, m account.Member) error {
	tx.changed(change.Member, m.ID)
	return tx.execOne(ctx, "That member", `UPDATE members SET email = $1 WHERE organization_id = $2 AND id = $3`,
		m.Email, m.Organization, m.ID)
}

// DeleteMembers removes members with their sessions, memberships and policies; NotFound if one of
// them is gone. Their ids stay known, for UsersAmong.
func (tx *Tx) DeleteMembers(ctx context.Context, organization string, ids []string) error {
	for _, id := range ids {
		tx.changed(change.Member, id)
		if err := tx.execOne(ctx, "That member", `DELETE FROM members WHERE organization_id = $1 AND id = $2`, organization, id); err != nil {
			return err
		}
		if _, err := tx.exec(ctx, `INSERT INTO removed_members (member_id, organization_id) VALUES ($1, $2)
			ON CONFLICT (member_id) DO NOTHING`, id, organization); err != nil {
			return err
		}
	}
	return nil
}

// ResetMember removes a member's own policies and group memberships, including those of external
// groups if external is set.
func (tx *Tx) ResetMember(ctx context.Context, organization, id string, external bool) error {
	tx.changed(change.Member, id)
	if _, err := tx.exec(ctx, `DELETE FROM policies WHERE organization_id = $1 AND member_id = $2`, organization, id); err != nil {
		return err
	}
	_, err := tx.exec(ctx, `DELETE FROM group_members WHERE member_id = $1
		AND group_id IN (SELECT id FROM groups WHERE organization_id = $2 AND (external = FALSE OR external = $3))`, id, organization, external)
	return err
}
