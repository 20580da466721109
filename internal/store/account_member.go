package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"latchkey/internal/account"
	"latchkey/internal/change"
	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
)

const memberColumns = `m.id, m.organization_id, m.email, m.name, m.role, m.status, m.external_id,
	m.created_at, m.updated_at, m.last_seen_at, m.admin_until, m.time_zone`

func scanMember(row scanner) (account.Member, error) {
	var m account.Member
	var created, updated int64
	var seen, until sql.NullInt64
	err := row.Scan(&m.ID, &m.Organization, &m.Email, &m.Name, &m.Role, &m.Status, &m.ExternalID, &created, &updated, &seen, &until,
		&m.TimeZone)
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

// MatchingMembers returns the members that a query chooses, sorted by name, but no more than limit.
func (q *queries) MatchingMembers(ctx context.Context, organization string, query account.MemberQuery,
	limit int) ([]account.Member, error) {
	where, args := memberFilter(organization, query)
	return all(ctx, q, scanMember, `SELECT `+memberColumns+` FROM members m`+where+
		fmt.Sprintf(` ORDER BY %s, m.id LIMIT $%d`, memberName, len(args)+1), append(args, limit)...)
}

// memberName sorts members by name, which an index does.
const memberName = `lower(m.name)`

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
		return liveCount
	case account.ByName:
	}
	return memberName
}

// liveTokens joins the counts of personal tokens to the members m, and liveCount is the number of live
// ones. See [Store.SettleTokens].
func liveTokens(now string) string {
	return ` LEFT JOIN token_counts c ON c.organization_id = m.organization_id AND c.part = 'owner' AND c.kind = 'personal' AND c.id = m.id
		LEFT JOIN (SELECT t.owner_id AS owner_id, ` + correction(now) + ` AS n FROM tokens t
			WHERE t.organization_id || '' = $1 AND t.kind = 'personal' AND ` + sinceSettled(now) + ` GROUP BY t.owner_id) AS since
			ON since.owner_id = m.id `
}

const liveCount = `CAST(coalesce(c.running, 0) + coalesce(since.n, 0) AS BIGINT)`

// liveTokensOf returns the numbers of live personal tokens of members.
func (q *queries) liveTokensOf(ctx context.Context, organization string, members []account.Member, now time.Time) (map[string]int, error) {
	if len(members) == 0 {
		return nil, nil
	}
	args := []any{organization, millis(now)}
	for _, m := range members {
		args = append(args, m.ID)
	}
	return q.countBy(ctx, `SELECT m.id, `+liveCount+` FROM members m`+liveTokens("$2")+
		`WHERE m.id IN (`+placeholders(3, len(members))+`)`, args...)
}

// memberFilter returns the condition for the members that a query chooses, and its arguments.
func memberFilter(organization string, query account.MemberQuery) (where string, args []any) {
	where, args = ` WHERE m.organization_id = $1`, []any{organization}
	add := func(condition string, values ...any) {
		for i := range values {
			condition = strings.ReplaceAll(condition, fmt.Sprint("#", i+1), fmt.Sprint("$", len(args)+i+1))
		}
		where, args = where+` AND `+condition, append(args, values...)
	}
	if query.Search != "" {
		lower, typed, title := likePatterns(query.Search)
		add(`(m.email LIKE #1 ESCAPE '\' OR `+nameLike(`m.name`, `#1`, `#2`, `#3`)+`)`, lower, typed, title)
	}
	if query.InGroup != "" {
		add(`m.id IN (SELECT member_id FROM group_members WHERE group_id = #1)`, query.InGroup)
	}
	if query.NotInGroup != "" {
		add(`m.id NOT IN (SELECT member_id FROM group_members WHERE group_id = #1)`, query.NotInGroup)
	}
	return where, args
}

// FindMembers returns one page of members with the number of their live tokens, and the number
// of members on all pages.
func (q *queries) FindMembers(ctx context.Context, organization string, query account.MemberQuery,
	now time.Time) ([]account.MemberRow, int, error) {
	where, args := memberFilter(organization, query)
	total, err := q.number(ctx, `SELECT count(*) FROM members m`+where, args...)
	if err != nil {
		return nil, 0, err
	}
	direction, counts, next := ``, ``, len(args)+1
	if query.Descending {
		direction = ` DESC`
	}
	order := memberOrder(query.Sort) + direction
	if query.Sort == account.ByTokens {
		counts, next, args = liveTokens(fmt.Sprint("$", next)), next+1, append(args, millis(now))
	}
	if memberOrder(query.Sort) != memberName {
		order += `, ` + memberName
	}
	members, err := all(ctx, q, scanMember, `SELECT `+memberColumns+` FROM members m`+counts+where+
		fmt.Sprintf(` ORDER BY %s, m.id LIMIT $%d OFFSET $%d`, order, next, next+1), append(args, query.Limit, query.Offset)...)
	if err != nil {
		return nil, 0, err
	}
	live, err := q.liveTokensOf(ctx, organization, members, now)
	rows := make([]account.MemberRow, len(members))
	for i, m := range members {
		rows[i] = account.MemberRow{Member: m, LiveTokens: live[m.ID]}
	}
	return rows, total, err
}

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
	return `%` + strings.ToLower(escaped) + `%`, `%` + escaped + `%`, `%` + capitalized(escaped) + `%`
}

// capitalized returns text with a capital first letter and all others in lower case.
func capitalized(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	if size == 0 || first == utf8.RuneError {
		return text
	}
	return string(unicode.ToTitle(first)) + strings.ToLower(text[size:])
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
		JOIN workspaces w ON w.id = inside.workspace_id WHERE w.organization_id || '' = $1 ORDER BY lower(w.name), w.id`,
		with([]any{organization}, members...)...)
}

// GroupsOfMembers returns the groups of each member, ordered by name.
func (q *queries) GroupsOfMembers(ctx context.Context, organization string, members []string) (map[string][]account.Named, error) {
	if len(members) == 0 {
		return nil, nil
	}
	return q.namedBy(ctx, `SELECT gm.member_id, g.id, g.name FROM group_members gm JOIN groups g ON g.id = gm.group_id
		WHERE g.organization_id || '' = $1 AND gm.member_id IN (`+placeholders(2, len(members))+`) ORDER BY lower(g.name), g.id`,
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

// ClaimMember sets the password of an active member who has none; NotFound otherwise. A link that
// would set another password ends with that.
func (tx *Tx) ClaimMember(ctx context.Context, organization, email, passwordHash string) (account.Member, error) {
	id, err := one(ctx, &tx.queries, "That member", scanText, `UPDATE members SET password_hash = $1, updated_at = $2
		WHERE organization_id = $3 AND email = $4 AND status = 'active' AND password_hash = '' RETURNING id`,
		passwordHash, millis(tx.now), organization, email)
	if err != nil {
		return account.Member{}, err
	}
	if err := tx.EndRecovery(ctx, id); err != nil {
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

// UpdateMember saves name, role, status, time zone and until when the member was an Admin; NotFound if
// the member is gone.
func (tx *Tx) UpdateMember(ctx context.Context, m account.Member) error {
	if err := tx.mayStrand(ctx); err != nil {
		return err
	}
	tx.changed(change.Member, m.ID)
	return tx.execOne(ctx, "That member", `UPDATE members SET name = $1, role = $2, status = $3, updated_at = $4, admin_until = $5,
		time_zone = $6 WHERE organization_id = $7 AND id = $8`, m.Name, m.Role, m.Status, millis(m.UpdatedAt), millis(m.AdminUntil),
		m.TimeZone, m.Organization, m.ID)
}

// UpdateEmail saves the email address of a member; Conflict if another one has it.
func (tx *Tx) UpdateEmail(ctx context.Context, m account.Member) error {
	if err := tx.mayStrand(ctx); err != nil {
		return err
	}
	tx.changed(change.Member, m.ID)
	return tx.execOne(ctx, "That member", `UPDATE members SET email = $1 WHERE organization_id = $2 AND id = $3`,
		m.Email, m.Organization, m.ID)
}

// DeleteMembers removes members with their sessions, memberships and policies; NotFound if one of
// them is gone. Their ids stay known, for UsersAmong.
func (tx *Tx) DeleteMembers(ctx context.Context, organization string, ids []string) error {
	if err := tx.mayStrand(ctx); err != nil {
		return err
	}
	for part := range slices.Chunk(ids, idsPerQuery) {
		removed := with([]any{organization}, part...)
		n, err := tx.exec(ctx, `DELETE FROM members WHERE organization_id = $1 AND id IN (`+placeholders(2, len(part))+`)`, removed...)
		if err != nil {
			return err
		}
		if n != int64(len(part)) {
			return fault.NewNotFound("That member")
		}
		rows := make([]string, len(part))
		for i, id := range part {
			tx.changed(change.Member, id)
			rows[i] = fmt.Sprintf("($1, $%d)", i+2)
		}
		if _, err := tx.exec(ctx, `INSERT INTO removed_members (organization_id, member_id) VALUES `+strings.Join(rows, ", ")+`
			ON CONFLICT (member_id) DO NOTHING`, removed...); err != nil {
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
