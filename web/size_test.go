package web_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	_ "modernc.org/sqlite"

	"latchkey/internal/access"
	"latchkey/internal/config"
	"latchkey/internal/plaintext"
	"latchkey/internal/token"
)

// amounts is how much an organization has.
type amounts struct {
	tokens, members, workspaces, groups, sources, events int
	own                                                  int // personal tokens of the Admin and of the Member who visit
}

// grown is the size at which every page must be quick.
func grown() amounts {
	return amounts{tokens: 100_000, members: 10_000, workspaces: 200, groups: 200, sources: 20_000, events: 1_000_000, own: 2_000}
}

// times returns amounts that are n times larger. The number of workspaces does not change: it has a
// limit of 200, and every page of a list of workspaces counts what is in them.
func (a amounts) times(n int) amounts {
	return amounts{tokens: n * a.tokens, members: n * a.members, workspaces: a.workspaces, groups: n * a.groups, sources: n * a.sources,
		events: n * a.events, own: n * a.own}
}

// small is a size at which the same pages are full already: lists have more than one page.
func small() amounts {
	return amounts{tokens: 1_500, members: 60, workspaces: 30, groups: 30, sources: 300, events: 1_500, own: 60}
}

// grow writes the amounts into the site's database behind the store's back, which is quicker.
func (s *site) grow(t testing.TB, cfg config.Config, a amounts) *filledLog {
	t.Helper()
	started := time.Now()
	db := openBehind(t, cfg)
	admin, editor := s.caller(t, adminEmail), s.caller(t, editorEmail)
	g := &grower{t: t, org: admin.Organization, admin: admin.ID, editor: editor.ID, now: s.now().UnixMilli(),
		first: firstWorkspace(t, s), rows: rowsPerStatement(cfg)}
	tx, err := db.Begin()
	g.try(err)
	g.tx = tx
	g.places(a)
	g.people(a)
	g.tokens(a)
	g.sources(a)
	g.try(tx.Commit())
	t.Logf("wrote %d tokens, %d members, %d sources in %.1f s", a.tokens, a.members, a.sources, time.Since(started).Seconds())
	l := s.fillLog(t, db, rowsPerStatement(cfg), a.events)
	if cfg.DatabaseURL != "" {
		_, err = db.Exec(`ANALYZE`) // which the server's own jobs do when they come to it
		g.try(err)
	}
	g.try(s.app.Audit.Index(context.Background()))
	g.try(s.app.Provision.Enable(context.Background(), admin.Caller(), true))
	t.Logf("all in %.1f s", time.Since(started).Seconds())
	return l
}

// openBehind opens the database of a site that is running.
func openBehind(t testing.TB, cfg config.Config) *sql.DB {
	t.Helper()
	driver, name := "pgx", cfg.DatabaseURL
	if name == "" {
		driver, name = "sqlite", filepath.Join(cfg.Data, "latchkey.db")+"?_pragma=synchronous(OFF)&_pragma=busy_timeout(10000)&"+
			"_pragma=cache_size(-400000)&_pragma=wal_autocheckpoint(100000)"
	}
	db, err := sql.Open(driver, name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// rowsPerStatement is the number of rows that are inserted at once. SQLite binds a few values
// fastest; a server is asked less often.
func rowsPerStatement(cfg config.Config) int {
	if cfg.DatabaseURL == "" {
		return 10
	}
	return 500
}

// inserter collects rows and inserts many of them with one statement.
type inserter struct {
	tx      *sql.Tx
	begin   string // INSERT INTO … (…)
	most    int    // rows per statement
	full    *sql.Stmt
	values  []any
	columns int
}

// into returns an inserter. The caller calls flush after the last row.
func into(tx *sql.Tx, most int, table, columns string) *inserter {
	return &inserter{tx: tx, most: most, begin: `INSERT INTO ` + table + ` (` + columns + `) VALUES `,
		columns: strings.Count(columns, ",") + 1}
}

func (i *inserter) text(rows int) string {
	var b strings.Builder
	b.WriteString(i.begin)
	for n := range rows * i.columns {
		switch {
		case n == 0:
			b.WriteString("(")
		case n%i.columns == 0:
			b.WriteString("), (")
		default:
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "$%d", n+1)
	}
	b.WriteString(")")
	return b.String()
}

func (i *inserter) add(values ...any) (err error) {
	if i.values = append(i.values, values...); len(i.values) < i.most*i.columns {
		return nil
	}
	if i.full == nil {
		if i.full, err = i.tx.Prepare(i.text(i.most)); err != nil {
			return err
		}
	}
	_, err = i.full.Exec(i.values...)
	i.values = i.values[:0]
	return err
}

func (i *inserter) flush() error {
	if len(i.values) == 0 {
		return nil
	}
	_, err := i.tx.Exec(i.text(len(i.values)/i.columns), i.values...)
	return err
}

// grower makes up what an organization has.
type grower struct {
	t                         testing.TB
	tx                        *sql.Tx
	rows                      int
	org, admin, editor, first string
	now                       int64
}

func (g *grower) try(err error) {
	if err != nil {
		g.t.Helper()
		g.t.Fatal(err)
	}
}

func (g *grower) insert(table, columns string, n int, row func(i int) []any) {
	g.t.Helper()
	in := into(g.tx, g.rows, table, columns)
	for i := range n {
		if values := row(i); values != nil {
			g.try(in.add(values...))
		}
	}
	g.try(in.flush())
}

// place returns the id of a workspace: the first is that of the demonstration.
func (g *grower) place(i int, a amounts) string {
	if i %= a.workspaces; i > 0 {
		return fmt.Sprintf("sizeworkspace%014d", i)
	}
	return g.first
}

func groupID(i int) string  { return fmt.Sprintf("sizegroup%018d", i) }
func memberID(i int) string { return fmt.Sprintf("sizemember%017d", i) }

// member is the owner of the i-th thing: the visitors own as much as the amounts say.
func (g *grower) member(i int, a amounts) string {
	switch {
	case i < a.own:
		return g.admin
	case i < 2*a.own:
		return g.editor
	}
	return memberID(i % a.members)
}

const policyColumns = `id, organization_id, workspace_id, kind, group_id, member_id, body, created_at, updated_at`

// places makes workspaces and groups; each group is in two workspaces.
func (g *grower) places(a amounts) {
	g.insert(`workspaces`, `id, organization_id, name, environment, region, created_at, updated_at`, a.workspaces-1, func(i int) []any {
		return []any{g.place(i+1, a), g.org, fmt.Sprintf("Size %03d", i), "PRODUCTION", "US", g.now, g.now}
	})
	g.insert(`policies`, policyColumns, a.workspaces-1, func(i int) []any {
		return []any{fmt.Sprintf("sizebaseline%d", i), g.org, g.place(i+1, a), "baseline", nil, nil, g.policy(), g.now, g.now}
	})
	g.insert(`groups`, `id, organization_id, name, created_at, updated_at`, a.groups, func(i int) []any {
		return []any{groupID(i), g.org, fmt.Sprintf("Size group %d", i), g.now, g.now}
	})
	g.insert(`policies`, policyColumns, 2*a.groups, func(i int) []any {
		return []any{fmt.Sprintf("sizeofgroup%d", i), g.org, g.place(i/2+i%2*7, a), "group", groupID(i / 2), nil, g.policy(), g.now, g.now}
	})
}

// policy is a small one.
func (g *grower) policy() string { return access.Policy{"source:edit": access.Everywhere()}.String() }

// people makes members: each is in two groups and has a policy of its own in one workspace; one in
// fifty is deactivated. There are invitations of all ages.
func (g *grower) people(a amounts) {
	g.insert(`members`, `id, organization_id, email, name, role, status, created_at, updated_at, last_seen_at, password_hash`, a.members,
		func(i int) []any {
			status := "active"
			if i%50 == 9 {
				status = "deactivated"
			}
			return []any{memberID(i), g.org, fmt.Sprintf("size%d@acme.example", i), fmt.Sprintf("Size Member %d", i), "member", status,
				g.now, g.now, g.now - int64(i), "none"}
		})
	g.insert(`group_members`, `group_id, member_id`, 2*a.members, func(i int) []any {
		return []any{groupID((i/2 + i%2) % a.groups), memberID(i / 2)}
	})
	g.insert(`policies`, policyColumns, a.members, func(i int) []any {
		return []any{fmt.Sprintf("sizeofmember%d", i), g.org, g.place(i, a), "member", nil, memberID(i), g.policy(), g.now, g.now}
	})
	const day = 24 * 60 * 60 * 1000
	g.insert(`invitations`, `id, organization_id, email, role, digest, created_at, expires_at, accepted_at`, a.members, func(i int) []any {
		at, accepted := g.now-int64(i)*day/100, any(nil)
		if i%3 > 0 {
			accepted = at + 1
		}
		return []any{fmt.Sprintf("sizeinvitation%013d", i), g.org, fmt.Sprintf("size%d@acme.example", i), "member",
			fmt.Appendf(nil, "invitation %d", i), at, at + 7*day, accepted}
	})
}

// tokens makes tokens: nine in ten are personal, one in five hundred belongs to the organization. One
// in ten never expires, the others within a year, or they did in the last two months.
func (g *grower) tokens(a amounts) {
	const day = int64(24 * 60 * 60 * 1000)
	g.insert(`tokens`, `id, organization_id, kind, name, name_key, digest, hint, owner_id, workspace_id, scope, policy, created_by,
		created_by_name, created_at, expires_at, deleted_at`, a.tokens, func(i int) []any {
		kind, owner, scope, policy, workspace := token.Personal, g.member(i, a), "read_only", "", g.place(i/3, a)
		switch {
		case i < 2*a.own:
		case i%500 == 0:
			kind, owner, scope, workspace = token.Organization, "", "", ""
		case i%10 == 0:
			kind, owner, scope, policy = token.Workspace, "", "", g.policy()
		}
		expires, deleted := any(g.now+int64(i*7919%420-60)*day), any(nil)
		if i%10 == 3 {
			expires = nil
		}
		if i%10 == 7 && i >= 2*a.own {
			deleted = g.now - day
		}
		created := g.now - int64(i)*1000
		if i%10 == 1 { // so it is idle
			created -= 100 * day
		}
		name, digest := fmt.Sprintf("size token %d", i), token.Digest(fmt.Sprint("size", i))
		return []any{sizeToken(i), g.org, string(kind), name, plaintext.NameKey(name), digest[:],
			fmt.Sprintf("lkpat_…%04d", i%10_000), owner, workspace, scope,
			policy, g.admin, "Ada Admin", created, expires, deleted}
	})
	g.insert(`token_uses`, `token_id, last_used_at, last_used_from`, a.tokens/2, func(i int) []any {
		return []any{sizeToken(2 * i), g.now - int64(i), `[]`}
	})
	g.insert(`use_days`, `day, subject_id, requests, refusals`, a.tokens, func(i int) []any {
		return []any{g.now/day - int64(i%10), sizeToken(i / 10 * 2), 100, max(0, int64(i/10%100)-97) * 15}
	})
	g.insert(`use_days`, `day, subject_id, requests, refusals`, 3*30, func(i int) []any {
		return []any{g.now/day - int64(i/3), []string{g.org, g.admin, g.editor}[i%3], 1000, 10}
	})
	g.insert(`idle_tokens`, `token_id, organization_id, owner_id, idle_since`, a.tokens/10, func(i int) []any {
		return []any{sizeToken(10*i + 1), g.org, g.member(10*i+1, a), g.now - 100*day - int64(i)}
	})
}

func sizeToken(i int) string { return fmt.Sprintf("sizetoken%018d", i) }

// sources makes sources: every fourth is in the first workspace. One in ten has a connection.
func (g *grower) sources(a amounts) {
	workspace := func(i int) string {
		if i%4 == 0 {
			return g.first
		}
		return g.place(i, a)
	}
	id := func(i int) string { return fmt.Sprintf("sizesource%017d", i) }
	g.insert(`resources`, `id, workspace_id, type, name, definition, write_key, created_at, updated_at`, a.sources, func(i int) []any {
		kind, key := "source", fmt.Sprintf("sizekey%d", i)
		if i%10 == 1 {
			kind, key = "destination", ""
		}
		return []any{id(i), workspace(i), kind, fmt.Sprintf("Size %s %d", kind, i), "HTTP", key, g.now, g.now}
	})
}
