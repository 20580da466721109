package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"latchkey/internal/account"
	"latchkey/internal/plaintext"
	"latchkey/internal/token"
)

// The search of the dashboard. It compares with a function instead of LIKE: that is several times
// quicker, and no character of the text is a wildcard.

// position returns the function that finds a text in another one. Its result is 0 if it is not there.
func (q *queries) position() string {
	if q.postgres {
		return `strpos`
	}
	return `instr`
}

func isPostgres(d dialect) bool {
	_, ok := d.(postgresDialect)
	return ok
}

// SearchTokens returns up to limit tokens that are not deleted and have text in their name, or as
// their hint or id, ordered by name. A hint is that of the current secret or of a previous one that still
// works. With an owner, it searches only that member's personal tokens. Without
// one, it reads the names of all tokens unless it finds enough.
func (s *Store) SearchTokens(ctx context.Context, organization, owner, text string, limit int) ([]account.HeldToken, error) {
	from, of, args := ` FROM tokens f`, ` WHERE f.deleted_at IS NULL AND f.organization_id = $1`,
		[]any{organization, plaintext.NameKey(text), text, limit}
	// The index of names is read from its beginning to its end, and only what matches is compared with the
	// organization, of which there is one: comparing every row with the end of a range takes a third of the time.
	named := ` FROM tokens f WHERE f.deleted_at IS NULL AND ` + s.position() + `(f.name_key, $2) > 0 AND f.organization_id || '' = $1`
	if owner != "" {
		args = append(args, owner)
		of += ` AND f.kind = 'personal' AND f.owner_id = $5`
		named = from + of + ` AND ` + s.position() + `(f.name_key, $2) > 0`
	}
	hints := hintsOf(text)
	in := placeholders(len(args)+1, len(hints))
	previous := ` FROM token_secrets s JOIN tokens f ON f.id = s.token_id` + of +
		livePrevious(`s`, len(args)+len(hints)+1) + ` AND s.hint IN (` + in + `)`
	args = append(with(args, hints...), millis(s.Now()))
	return all(ctx, &s.queries, scanHeld, `SELECT `+heldColumns+tokenTables+` JOIN (
			SELECT id FROM (SELECT f.id AS id`+named+` ORDER BY f.organization_id, f.name_key, f.id LIMIT $4) AS named
			UNION SELECT id FROM (SELECT f.id AS id`+from+of+` AND f.hint IN (`+in+`) LIMIT $4) AS hinted
			UNION SELECT id FROM (SELECT f.id AS id`+previous+` LIMIT $4) AS replaced
			UNION SELECT f.id AS id`+from+of+` AND f.id = $3
		) AS found ON found.id = t.id ORDER BY t.name_key, t.id LIMIT $4`, args...)
}

// livePrevious returns the condition that a row of token_secrets is a previous secret that works at the time in a
// placeholder, in the words of the index token_secrets_hint.
func livePrevious(table string, now int) string {
	return fmt.Sprintf(` AND %[1]s.ended_at IS NULL AND %[1]s.ends_at IS NOT NULL AND %[1]s.ends_at > $%[2]d`, table, now)
}

// hintsOf returns the hints that somebody means by text: a whole one, perhaps with three dots, or the
// last four characters of a secret.
func hintsOf(text string) []string {
	hints := []string{strings.Replace(text, "...", "…", 1)}
	for _, kind := range []token.Kind{token.Personal, token.Workspace, token.Organization} {
		hints = append(hints, kind.Prefix()+"…"+text)
	}
	return append(hints, "…"+text) // of an imported secret
}

// contains returns a condition that a column of names contains one of the texts, whose placeholders begin
// with $from. Joiners are left out of the few names that have one, because that takes longer than all the rest.
func (q *queries) contains(column string, from int, texts []any) string {
	column = "lower(" + column + ")"
	has := func(column, text string) string { return q.position() + "(" + column + ", " + text + ") > 0" }
	var plain, joinless []string
	for i := range texts {
		text := fmt.Sprint("$", from+i)
		plain = append(plain, has(column, text))
		joinless = append(joinless, has("replace(replace("+column+", '\u200c', ''), '\u200d', '')", text))
	}
	if isASCII(texts[0].(string)) { // no name has joiners between letters of ASCII
		return strings.Join(plain, ` OR `)
	}
	return fmt.Sprintf(`%s OR (%s OR %s) AND (%s)`, strings.Join(plain, ` OR `), has(column, "'\u200c'"), has(column, "'\u200d'"),
		strings.Join(joinless, ` OR `))
}

func isASCII(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r >= utf8.RuneSelf })
}

// spellings returns text in the ways in which names are usually written, each once: in lower case, as
// typed, and with a capital first letter, with the letters of ASCII in lower case. [likePatterns] has the
// same ones.
func spellings(text string) []any {
	var out []any
	text = plaintext.Joinless(text)
	for _, way := range []string{strings.ToLower(text), text, capitalized(text)} {
		way = strings.Map(func(r rune) rune {
			if 'A' <= r && r <= 'Z' {
				r += 'a' - 'A'
			}
			return r
		}, way)
		if !slices.Contains(out, any(way)) {
			out = append(out, way)
		}
	}
	return out
}

// SearchMembers returns up to limit members of the organization who have text in their name or email
// address, or as their id, ordered by name.
func (s *Store) SearchMembers(ctx context.Context, organization, text string, limit int) ([]account.Member, error) {
	ways := spellings(text)
	return all(ctx, &s.queries, scanMember, `SELECT `+memberColumns+` FROM members m WHERE m.organization_id = $1
		AND (`+s.position()+`(m.email, $4) > 0 OR `+s.contains(`m.name`, 4, ways)+` OR m.id = $2)
		ORDER BY `+memberName+`, m.id LIMIT $3`, append([]any{organization, text, limit}, ways...)...)
}

// SearchGroups returns up to limit groups of the organization that have text in their name, or as their
// id, ordered by name.
func (s *Store) SearchGroups(ctx context.Context, organization, text string, limit int) ([]account.Group, error) {
	ways := spellings(text)
	return all(ctx, &s.queries, scanGroup, `SELECT `+groupColumns+` FROM groups g WHERE g.organization_id = $1
		AND (`+s.contains(`g.name`, 4, ways)+` OR g.id = $2) ORDER BY lower(g.name), g.id LIMIT $3`,
		append([]any{organization, text, limit}, ways...)...)
}
