package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pressly/goose/v3"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/migration"
	"latchkey/internal/provision"
	"latchkey/internal/registry"
	"latchkey/internal/seal"
	"latchkey/internal/token"
)

// at opens a SQLite file whose schema is an older one.
func at(t *testing.T, path string, version int64) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", (&sqliteDialect{path: path}).dsn())
	if err != nil {
		t.Fatal(err)
	}
	dir, err := fs.Sub(migrations, (&sqliteDialect{}).folder())
	if err != nil {
		t.Fatal(err)
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.UpTo(context.Background(), version); err != nil {
		t.Fatal(err)
	}
	return db
}

// upgraded returns a store whose database was made with an older schema, in which it ran some
// statements.
func upgraded(t *testing.T, version int64, statements ...string) *Store {
	t.Helper()
	path := filepath.Join(t.TempDir(), "latchkey.db")
	db := at(t, path, version)
	for _, statement := range statements {
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := Open(context.Background(), Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestUpgrade_KeepsWhenTokensWereUsed(t *testing.T) {
	s := upgraded(t, 8,
		`INSERT INTO organizations (id, name, plan, created_at) VALUES ('o', 'Acme', 'enterprise', 1)`,
		`INSERT INTO tokens (id, organization_id, kind, name, name_key, digest, hint, created_at, last_used_at, last_used_from)
			VALUES ('used', 'o', 'organization', 'A', 'a', 'a', 'a', 1, 1700000000000, '[{"ip":"10.0.0.1","at":"2023-11-14T22:13:20Z"}]')`,
		`INSERT INTO tokens (id, organization_id, kind, name, name_key, digest, hint, created_at) VALUES ('unused', 'o', 'organization', 'B', 'b', 'b', 'b', 1)`,
	)
	used, err := s.Token(context.Background(), "o", "used")
	if err != nil || !used.LastUsedAt.Equal(time.UnixMilli(1700000000000)) || len(used.LastUsedFrom) != 1 ||
		used.LastUsedFrom[0].IP != "10.0.0.1" {
		t.Errorf("%v from %v, %v", used.LastUsedAt, used.LastUsedFrom, err)
	}
	unused, err := s.Token(context.Background(), "o", "unused")
	if err != nil || !unused.LastUsedAt.IsZero() || len(unused.LastUsedFrom) != 0 {
		t.Errorf("%v from %v, %v", unused.LastUsedAt, unused.LastUsedFrom, err)
	}
}

// Keys were made with variation selectors before. With such a key, another token could get the same name.
func TestUpgrade_ComputesTheKeysOfNamesAgain(t *testing.T) {
	s := upgraded(t, mendedVersion-1,
		`INSERT INTO organizations (id, name, plan, created_at) VALUES ('o', 'Acme', 'enterprise', 1)`,
		`INSERT INTO tokens (id, organization_id, kind, name, name_key, digest, hint, created_at)
			VALUES ('t', 'o', 'organization', '`+"\u2764\ufe0f Ci', '\u2764\ufe0f CI"+`', 'd', 'h', 1)`,
	)
	for _, name := range []string{"\u2764\ufe0f Ci", "\u2764 ci"} {
		taken, err := s.TokenNameTaken(t.Context(), token.Token{Organization: "o", Kind: token.Organization, Name: name}, s.Now())
		if err != nil || !taken {
			t.Errorf("%q: taken %v, %v", name, taken, err)
		}
	}
}

func TestUpgrade_KnowsMembersWhoWereRemovedBefore(t *testing.T) {
	s := upgraded(t, 11,
		`INSERT INTO organizations (id, name, plan, created_at) VALUES ('o', 'Acme', 'enterprise', 1)`,
		`INSERT INTO audit_events (seq, id, at, organization_id, actor_type, action, target_type, target_id, prev_hash, hash) VALUES
			(1, '1', 1, 'o', 'user', 'removed_from_organization', 'user', 'gone', X'00', X'01'),
			(2, '2', 2, 'o', 'user', 'removed_from_organization', 'user', 'gone', X'01', X'02'),
			(3, '3', 3, 'o', 'user', 'deactivated', 'user', 'here', X'02', X'03')`,
	)
	got, err := s.UsersAmong(context.Background(), "o", []string{"gone", "here"})
	if diff := cmp.Diff(map[string]provision.Presence{"gone": provision.Gone}, got); err != nil || diff != "" {
		t.Errorf("%s, %v", diff, err)
	}
}

func TestUpgrade_KeepsTheStagingArea(t *testing.T) {
	ctx := context.Background()
	s := upgraded(t, 7,
		`INSERT INTO organizations (id, name, plan, created_at) VALUES ('o', 'Acme', 'enterprise', 1)`,
		`INSERT INTO migrations (id, organization_id, state, strategy, file_name, source_id, created_at, created_by_name)
			VALUES ('m', 'o', 'staged', 'fresh', 'export.json', 'old', 1, 'Ada')`,
		`INSERT INTO migration_items (migration_id, seq, kind, ref, name, detail, attention, conflict, choice, known, local_id, digest, body, after_state) VALUES
			('m', 1, 'workspace', 'w', 'Main', '', 0, '', '', TRUE, 'lw', NULL, '{"id":"w"}', '{}'),
			('m', 2, 'member', 'm1', 'Ed', 'ed@acme.example', 3, 'email', 'keep', FALSE, 'lm', NULL, '{"id":"m1"}', '{"role":"member"}'),
			('m', 3, 'service_token', 's', 'etl', 'Workspace', 1, '', '', FALSE, 'ls', X'0102', '{"id":"s"}', '{}')`,
		`INSERT INTO migration_links (organization_id, source_id, kind, ref, local_id) VALUES ('o', 'old', 'workspace', 'w', 'lw')`,
	)
	var got []migration.Item
	for _, kind := range migration.Kinds() {
		items, err := s.StagedItems(ctx, "m", kind, 0, 10)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, items...)
	}
	want := []migration.Item{
		{Seq: 1, Kind: migration.Workspaces, Ref: "w", Name: "Main", Imported: true, Local: "lw", Body: `{"id":"w"}`},
		{Seq: 2, Kind: migration.Members, Ref: "m1", Name: "Ed", Detail: "ed@acme.example", Rank: migration.Unresolved,
			Conflict: migration.SameEmail, Choice: migration.Keep,
			Local: "lm", Body: `{"id":"m1"}`, After: migration.After{Role: access.RoleMember}},
		{Seq: 3, Kind: migration.ServiceTokens, Ref: "s", Name: "etl", Detail: "Workspace", Rank: migration.Watch,
			Local: "ls", Digest: []byte{1, 2}, Body: `{"id":"s"}`},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("staged items (-before +after):\n%s", diff)
	}
	if m, err := s.Staging(ctx, "o"); err != nil || m.State != migration.Staged || m.Strategy != migration.Fresh ||
		m.FileName != "export.json" {
		t.Errorf("the staging area is %+v, %v", m, err)
	}
	if links, err := s.Links(ctx, "o", "old", migration.Workspaces); err != nil || links["w"] != "lw" {
		t.Errorf("links %v, %v", links, err)
	}
	upgradedTakesGroups(t, s)
}

// upgradedTakesGroups adds a group to the items, and removes all with their migration.
func upgradedTakesGroups(t *testing.T, s *Store) {
	t.Helper()
	ctx := context.Background()
	err := s.InTx(ctx, actor.System(""), func(tx *Tx) error {
		return tx.InsertItems(ctx, "m", []migration.Item{{Seq: 4, Kind: migration.Groups, Ref: "g", Name: "Data", Body: "{}"}})
	})
	if err != nil {
		t.Errorf("a group: %v", err)
	}
	if err := s.InTx(ctx, actor.System(""), func(tx *Tx) error { return tx.DeleteMigration(ctx, "o", "m") }); err != nil {
		t.Error(err)
	}
	if n, err := s.number(ctx, `SELECT count(*) FROM migration_items`); err != nil || n != 0 {
		t.Errorf("%d items are left without a migration, %v", n, err)
	}
	for _, index := range []string{"migration_items_kind", "migration_items_attention"} {
		if n, err := s.number(ctx,
			`SELECT count(*) FROM sqlite_master WHERE type = 'index' AND name = $1 AND tbl_name = 'migration_items'`, index); err != nil || n != 1 {
			t.Errorf("the index %s is not there, %v", index, err)
		}
	}
}

// TestUpgrade_SearchesBeforeTheIndexIsBuiltAnew upgrades a log that was indexed by an older version,
// whose rows nobody can read any more.
func TestUpgrade_SearchesBeforeTheIndexIsBuiltAnew(t *testing.T) {
	ctx := t.Context()
	const events = 3*1024 + 10
	s := upgraded(t, 10,
		fmt.Sprint(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < `, events, `)
			INSERT INTO audit_events (seq, id, at, organization_id, actor_type, actor_id, actor_name, action, target_type, target_id, target_name, prev_hash, hash)
			SELECT i, 'event-' || i, i, 'acme', 'user', CASE WHEN i % 3 = 0 THEN 'ada' ELSE 'bo' END, CASE WHEN i % 3 = 0 THEN 'Ada Admin' ELSE 'Bo Builder' END,
				'created', 'group', 'group-' || i, 'Group ' || i, x'00', x'00' FROM n`),
		fmt.Sprint(`UPDATE audit_head SET seq = `, events, `, at = `, events),
		`INSERT INTO audit_blocks (first, size) VALUES (1, 1024), (1025, 1024), (2049, 1024)`,
		`INSERT INTO audit_index (size, first, organization_id, term, bits) SELECT size, first, 'acme', 'text:b:ada', x'010500' FROM audit_blocks`,
	)
	for _, indexed := range []bool{false, true} {
		for _, c := range []struct {
			filter audit.Filter
			want   int
		}{
			{audit.Filter{}, events}, {audit.Filter{Text: "ada"}, events / 3}, {audit.Filter{Actor: "bo", Action: audit.Created}, events - events/3},
			{audit.Filter{Who: "builder", Text: "group"}, events - events/3}, {audit.Filter{Text: "group 3000"},
				1}, {audit.Filter{Text: "nobody"}, 0},
		} {
			c.filter.Organization = "acme"
			page, err := s.FindEvents(ctx, audit.Query{Filter: c.filter, Limit: 10})
			if err != nil || page.Total != c.want || len(page.Events) != min(c.want, 10) {
				t.Errorf("indexed %v, %+v: %d found, %v; want %d", indexed, c.filter, page.Total, err, c.want)
			}
		}
		for done, err := false, error(nil); !done; {
			if done, err = s.IndexEvents(ctx); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n, err := s.number(ctx, `SELECT max(high) FROM audit_blocks`); err != nil || n != events {
		t.Errorf("indexed up to event %d of %d, %v", n, events, err)
	}
}

// TestUpgrade_KeepsTheChainOfEventsWithoutClockTimes goes on with a log whose first event has the hash that
// older servers computed.
func TestUpgrade_KeepsTheChainOfEventsWithoutClockTimes(t *testing.T) {
	ctx := t.Context()
	const hash = "0fa2e5d61479d60dea08bc50a121c630e9e94da987501bfc6ea52e4581765773"
	s := upgraded(t, 15,
		`INSERT INTO audit_events (seq, id, at, organization_id, workspace_id, actor_type, actor_id, actor_name, action, target_type, target_id,
			target_name, ip, user_agent, request_id, before_state, after_state, prev_hash, hash)
			VALUES (1, '2b', 1772618400005, 'acme', 'ws', 'user', 'ada', 'Ada <&>', 'updated', 'policy', 'p', 'é', '::1', 'curl', 'r', '{"a":1}', '{}',
				zeroblob(32), X'`+hash+`')`,
		`UPDATE audit_head SET seq = 1, at = 1772618400005, hash = X'`+hash+`'`,
	)
	err := s.InTx(ctx, actor.System(""), func(tx *Tx) error {
		return tx.AppendEvent(ctx, audit.Did(actor.OfSystem("acme"), audit.Created, audit.Target{Type: audit.TargetGroup}))
	})
	if err != nil {
		t.Fatal(err)
	}
	log, err := s.EventsAfter(ctx, 0, 10)
	if err != nil || len(log) != 2 || !log[0].Clock.IsZero() || log[1].Clock.IsZero() {
		t.Fatalf("%+v, %v", log, err)
	}
	if state, err := audit.Verify(ctx, s, 1); err != nil || state.Late != 0 || state.Head.Seq != 2 {
		t.Errorf("%+v, %v", state, err)
	}
	line, err := audit.Line(log[0])
	if err != nil || strings.Contains(string(line), "clockTime") || !strings.HasSuffix(string(line), `"after":"{}","hash":"`+hash+`"}`) {
		t.Errorf("the old event is exported as %s, %v", line, err)
	}
}

// TestUpgrade_SealsPlainSecretsAndLeavesNoneOnDisk opens a database of a version that stored
// secrets plain, in rows that are there and in rows that were changed and removed since.
func TestUpgrade_SealsPlainSecretsAndLeavesNoneOnDisk(t *testing.T) {
	ctx := context.Background()
	statements := []string{
		`INSERT INTO organizations (id, name, plan, created_at) VALUES ('o', 'Acme', 'enterprise', 1)`,
		`INSERT INTO workspaces (id, organization_id, name, environment, region, created_at, updated_at) VALUES ('w', 'o', 'W', 'PRODUCTION', 'US', 1, 1)`,
	}
	for i := range 40 {
		statements = append(statements,
			fmt.Sprintf(`INSERT INTO resources (id, workspace_id, type, name, definition, enabled, config, created_at, updated_at)
			VALUES ('r%d', 'w', 'destination', 'R', 'HTTP', 1, '{"host":"h","password":"canary-%d","deep":[{"api_key":"canary"}]}', 1, 1)`, i, i))
	}
	statements = append(statements, `UPDATE resources SET config = '{"password":"p"}' WHERE id IN ('r3', 'r4')`,
		`DELETE FROM resources WHERE id = 'r5'`)
	s := upgraded(t, 11, statements...)
	onDisk := func() string {
		var all strings.Builder
		for _, suffix := range []string{"", "-wal"} {
			data, err := os.ReadFile(s.dialect.(*sqliteDialect).path + suffix)
			if err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Fatal(err)
			}
			all.Write(data)
		}
		return all.String()
	}
	if !strings.Contains(onDisk(), "canary-5") {
		t.Fatal("what was removed is not on the disk before: the test proves nothing")
	}
	key, err := seal.NewKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	started, err := registry.Secrets{Names: registry.NewSecretNames(), Keys: seal.NewRing(key)}.Start(ctx, Keys(s))
	if err != nil || started.Sealed != 37*2+2 || started.Traces != nil {
		t.Fatalf("%+v, %v", started, err)
	}
	if strings.Contains(onDisk(), "canary") {
		t.Error("a plain secret is on the disk")
	}
	r, err := s.RegistryResource(ctx, "w", registry.Destination, "r7")
	if err != nil || r.Config != `{"host":"h","deep":[{}]}` {
		t.Errorf("%s, %v", r.Config, err)
	}
	if state, err := audit.Verify(ctx, s, 1); err != nil || state.Head.Seq != 1 {
		t.Errorf("the log has %d events, %v", state.Head.Seq, err)
	}
}

func TestUpgrade_EndsTheSessionsOfDeactivatedMembers(t *testing.T) {
	s := upgraded(t, 11,
		`INSERT INTO organizations (id, name, plan, created_at) VALUES ('o', 'Acme', 'enterprise', 1)`,
		`INSERT INTO members (id, organization_id, email, name, role, status, created_at, updated_at)
			VALUES ('ada', 'o', 'ada@acme.example', 'Ada', 'admin', 'active', 1, 1), ('bo', 'o', 'bo@acme.example', 'Bo', 'admin', 'deactivated', 1, 1)`,
		`INSERT INTO sessions (id, digest, member_id, created_at, last_seen_at) VALUES ('a', 'a', 'ada', 1, 1), ('b', 'b', 'bo', 1, 1)`,
	)
	n, err := s.number(context.Background(), `SELECT count(*) FROM sessions WHERE id = 'a'`)
	all, err2 := s.number(context.Background(), `SELECT count(*) FROM sessions`)
	if n != 1 || all != 1 || err != nil || err2 != nil {
		t.Errorf("%d of Ada's and %d in all, %v, %v", n, all, err, err2)
	}
	for _, id := range []string{"ada", "bo"} {
		if m, err := s.Member(context.Background(), "o", id); err != nil || !m.AdminUntil.IsZero() {
			t.Errorf("%+v, %v", m, err)
		}
	}
}

// TestUpgrade_BuildsAnIndexWithoutRangesAnew upgrades a log that was indexed by the first text of
// 00011, which did not say from where the rows of a block are complete.
func TestUpgrade_BuildsAnIndexWithoutRangesAnew(t *testing.T) {
	s := upgraded(t, 11,
		`DROP TABLE audit_blocks`,
		`CREATE TABLE audit_blocks (block BIGINT PRIMARY KEY, complete BIGINT NOT NULL)`,
		`INSERT INTO audit_blocks (block, complete) VALUES (0, 1)`,
		`INSERT INTO audit_index (block, organization_id, term, events) VALUES (0, 'acme', 'text:b:ada', X'00')`,
	)
	for _, table := range []string{"audit_blocks", "audit_index"} {
		if n, err := s.number(t.Context(), `SELECT count(*) FROM `+table); err != nil || n != 0 {
			t.Errorf("%s has %d rows, %v", table, n, err)
		}
	}
	if _, err := s.IndexEvents(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestUpgrade_CountsTheTokensThatAreThere(t *testing.T) {
	statements := []string{`INSERT INTO organizations (id, name, plan, created_at) VALUES ('o', 'Acme', 'enterprise', 1)`,
		`INSERT INTO members (id, organization_id, email, name, role, status, created_at, updated_at)
			VALUES ('m', 'o', 'm@acme.example', 'M', 'member', 'active', 1, 1), ('n', 'o', 'n@acme.example', 'N', 'member', 'deactivated', 1, 1)`}
	const insert = `INSERT INTO tokens (id, organization_id, kind, name, name_key, digest, hint, owner_id, workspace_id, created_at, expires_at, deleted_at)
		VALUES ('%[1]s', 'o', '%[2]s', '%[1]s', '%[1]s', '%[1]s', 'x', '%[3]s', '%[4]s', 1, %[5]s, %[6]s)`
	for i, kind := range []string{"personal m", "personal n", "workspace ", "organization "} {
		name, owner, _ := strings.Cut(kind, " ")
		workspace := map[string]string{"personal": "w", "workspace": "w"}[name]
		for k, end := range []string{"NULL", "1000", "9000000000000"} {
			for _, deleted := range []string{"NULL", "5"} {
				statements = append(statements, fmt.Sprintf(insert, fmt.Sprint(i, k, deleted), name, owner, workspace, end, deleted))
			}
		}
	}
	s := upgraded(t, 16, statements...)
	got, err := s.TokenCounts(t.Context(), "o", time.Now())
	want := map[token.Kind]token.Counts{token.Personal: {Active: 2, Suspended: 2, Expired: 2}, token.Workspace: {Active: 2, Expired: 1},
		token.Organization: {Active: 2, Expired: 1}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
	if n, err := s.CountPersonalTokens(t.Context(), "o", "m"); err != nil || n != 3 {
		t.Errorf("a member has %d tokens, %v", n, err)
	}
}
