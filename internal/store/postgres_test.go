package store_test

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/fault"
	"latchkey/internal/store"
	"latchkey/internal/store/pgtest"
	"latchkey/internal/store/storetest"
)

func openPostgres(t *testing.T) *store.Store { return openURL(t, pgtest.Migrated(t)) }

func openURL(t testing.TB, url string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{URL: url})
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

func TestStore_OnPostgres(t *testing.T) { storetest.Run(t, openPostgres) }

// addOrganization writes something.
func addOrganization(ctx context.Context, s *store.Store, id string) error {
	return s.InTx(ctx, actor.System(""), func(tx *store.Tx) error {
		return tx.InsertOrganization(ctx, account.Organization{ID: id, Name: id, Plan: access.PlanFree, CreatedAt: tx.Now()})
	})
}

func TestSchema_IsTheSameOnBothEngines(t *testing.T) {
	lite, pg := openSQLite(t), openPostgres(t)
	texts := func(s *store.Store, query string) []string {
		t.Helper()
		list, err := s.Texts(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		if len(list) == 0 {
			t.Fatalf("nothing found by %s", query)
		}
		return list
	}
	columns := texts(lite, `SELECT m.name || '.' || c.name || ' ' || replace(replace(c.type, 'BLOB', 'BYTEA'), 'INTEGER', 'BIGINT')
			|| CASE WHEN c."notnull" OR c.pk > 0 THEN ' NOT NULL' ELSE '' END
		FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'goose%' AND m.name NOT LIKE 'sqlite%' ORDER BY 1`)
	if diff := cmp.Diff(columns,
		texts(pg, `SELECT x FROM (SELECT table_name || '.' || column_name || ' ' || replace(upper(data_type), 'INTEGER', 'BIGINT')
			|| CASE WHEN is_nullable = 'NO' THEN ' NOT NULL' ELSE '' END AS x
		FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE 'goose%') AS c ORDER BY x COLLATE "C"`)); diff != "" {
		t.Errorf("columns (-SQLite +PostgreSQL):\n%s", diff)
	}
	indexes := texts(lite, `SELECT CASE WHEN i."unique" THEN 'UNIQUE ' ELSE '' END || m.name || '.' || i.name
		FROM sqlite_master m, pragma_index_list(m.name) i
		WHERE m.type = 'table' AND m.name NOT LIKE 'goose%' AND i.origin = 'c' ORDER BY m.name || '.' || i.name`)
	if diff := cmp.Diff(indexes, texts(pg, `SELECT CASE WHEN i.indisunique THEN 'UNIQUE ' ELSE '' END || t.relname || '.' || x.relname
		FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
		WHERE t.relnamespace = 'public'::regnamespace AND t.relname NOT LIKE 'goose%'
			AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.indexrelid)
		ORDER BY (t.relname || '.' || x.relname) COLLATE "C"`)); diff != "" {
		t.Errorf("indexes (-SQLite +PostgreSQL):\n%s", diff)
	}
	if loose := textsOrNone(t, pg, `SELECT table_name || '.' || column_name FROM information_schema.columns
		WHERE table_schema = 'public' AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C'`); len(loose) > 0 {
		t.Errorf("columns that are not compared byte by byte: %v", loose)
	}
}

func textsOrNone(t *testing.T, s *store.Store, query string) []string {
	t.Helper()
	list, err := s.Texts(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestOpen_TenAtOnceMigrateOnce(t *testing.T) {
	url := pgtest.URL(t)
	var running sync.WaitGroup
	stores := make([]*store.Store, 10)
	for i := range stores {
		running.Go(func() {
			var err error
			if stores[i], err = store.Open(t.Context(), store.Options{URL: url}); err != nil {
				t.Error(err)
			}
		})
	}
	running.Wait()
	if t.Failed() {
		return
	}
	twice := textsOrNone(t, stores[0], `SELECT version_id::text FROM goose_db_version GROUP BY version_id HAVING count(*) > 1`)
	if len(twice) > 0 {
		t.Errorf("migrations that ran more than once: %v", twice)
	}
	for _, s := range stores {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestOpen_SaysWhyAServerDoesNotFit(t *testing.T) {
	fresh := pgtest.URL(t)
	openURL(t, fresh)
	newer := openURL(t, fresh)
	err := newer.InTx(t.Context(), actor.System(""), func(tx *store.Tx) error {
		return tx.Exec(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, TRUE)`)
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(t.Context(), store.Options{URL: fresh}); !errors.Is(err, store.ErrNewerSchema) {
		t.Errorf("a newer schema: %v", err)
	}
	for url, want := range map[string]string{
		"postgres://latchkey:hunter2@127.0.0.1:1/x":                    "open the database",
		"postgres://latchkey:hunter2@127.0.0.1:port/x":                 "must look like postgres://",
		pgtest.Shared(t).URLWith(t, "ENCODING 'SQL_ASCII' LOCALE 'C'"): "has the encoding SQL_ASCII",
	} {
		_, err := store.Open(t.Context(), store.Options{URL: url})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v, want %q and no password", url, err, want)
		}
	}
}

func TestInTx_IsRunAgainWhenTheEngineGaveItUp(t *testing.T) {
	s := openPostgres(t)
	for _, code := range []string{"40001", "40P01"} {
		runs := 0
		err := s.InTx(t.Context(), actor.System(""), func(tx *store.Tx) error {
			if runs++; runs < 3 {
				return tx.Exec(t.Context(), `DO $$ BEGIN RAISE EXCEPTION 'collision' USING ERRCODE = '`+code+`'; END $$`)
			}
			return tx.InsertOrganization(t.Context(), account.Organization{ID: code, Name: "Acme", Plan: access.PlanFree, CreatedAt: tx.Now()})
		})
		if err != nil || runs != 3 {
			t.Errorf("%s: %v after %d runs", code, err, runs)
		}
	}
	runs := 0
	err := s.InTx(t.Context(), actor.System(""), func(tx *store.Tx) error {
		runs++
		return tx.Exec(t.Context(), `DO $$ BEGIN RAISE EXCEPTION 'collision' USING ERRCODE = '40001'; END $$`)
	})
	if !fault.Is(err, fault.Unavailable) || runs != 6 {
		t.Errorf("a collision that does not end: %v after %d runs", err, runs)
	}
}

func TestStore_ReplacesConnectionsThatWereLost(t *testing.T) {
	url := pgtest.Migrated(t)
	s, other := openURL(t, url), openURL(t, url)
	for _, id := range []string{"one", "two"} {
		if err := addOrganization(t.Context(), s, id); err != nil {
			t.Fatal(err)
		}
		if _, err := s.SoleOrganization(t.Context()); err != nil {
			t.Fatal(err)
		}
		// The sessions end, and the store finds out only when it uses them.
		textsOrNone(t, other,
			`SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
		time.Sleep(20 * time.Millisecond)
	}
	if _, err := s.SoleOrganization(t.Context()); err != nil {
		t.Errorf("reading: %v", err)
	}
	if err := addOrganization(t.Context(), s, "three"); err != nil {
		t.Errorf("writing: %v", err)
	}
}

func TestStore_IsUnavailableWithoutItsServerAndRecovers(t *testing.T) {
	server := pgtest.Start(t)
	s := openURL(t, server.URL(t))
	if err := addOrganization(t.Context(), s, "before"); err != nil {
		t.Fatal(err)
	}
	server.Stop(t)
	if _, err := s.SoleOrganization(t.Context()); !fault.Is(err, fault.Unavailable) {
		t.Errorf("reading: %v, want unavailable", err)
	}
	if err := addOrganization(t.Context(), s, "meanwhile"); !fault.Is(err, fault.Unavailable) {
		t.Errorf("writing: %v, want unavailable", err)
	}
	if err := s.Ping(t.Context()); !fault.Is(err, fault.Unavailable) {
		t.Errorf("ping: %v, want unavailable", err)
	}
	server.Restart(t)
	if err := addOrganization(t.Context(), s, "after"); err != nil {
		t.Errorf("writing after the server is back: %v", err)
	}
	if o, err := s.SoleOrganization(t.Context()); err != nil || o.ID != "before" {
		t.Errorf("what was written before: %+v, %v", o, err)
	}
}

func TestStore_LimitsWhatAConnectionWaitsFor(t *testing.T) {
	s := openPostgres(t)
	for setting, want := range map[string]string{
		"statement_timeout": "30s", "lock_timeout": "10s", "idle_in_transaction_session_timeout": "10s", "default_transaction_read_only": "on",
	} {
		if got, err := s.Text(t.Context(), `SELECT current_setting($1)`, setting); err != nil || got != want {
			t.Errorf("%s is %q, %v; want %q", setting, got, err, want)
		}
	}
}

func TestAuditEvents_CannotBeChangedOnPostgres(t *testing.T) {
	s := openPostgres(t)
	fill(t, s, size{members: 2, groups: 1, workspaces: 1, resources: 1})
	err := s.InTx(t.Context(), actor.System(""), func(tx *store.Tx) error {
		return tx.Exec(t.Context(), `INSERT INTO audit_events (seq, id, at, organization_id, actor_type, action, target_type, prev_hash, hash)
			VALUES (1, 'e', 1, 'org', 'user', 'added', 'user', '\x00', '\x01')`)
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		`UPDATE audit_events SET actor_name = 'Nobody'`, `DELETE FROM audit_events`, `TRUNCATE audit_events`,
	} {
		err := s.InTx(t.Context(), actor.System(""), func(tx *store.Tx) error { return tx.Exec(t.Context(), statement) })
		if err == nil || !regexp.MustCompile("append-only").MatchString(err.Error()) {
			t.Errorf("%s: %v", statement, err)
		}
	}
}
