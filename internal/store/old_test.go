package store_test

import (
	"database/sql"
	"path/filepath"
	"regexp"
	"sort"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/store"
	"latchkey/internal/store/pgtest"
	"latchkey/internal/store/storetest"
)

// sqliteSchema and postgresSchema select everything about the schema that matters, one text a row.
const (
	sqliteSchema = `
	SELECT 'column ' || t.name || '.' || c.name || ' ' || c.type || ' ' || c."notnull" || ' ' || coalesce(c.dflt_value, '') || ' ' || c.pk
		FROM sqlite_master t, pragma_table_info(t.name) c WHERE t.type = 'table'
	UNION ALL SELECT 'index ' || i.name || ' of ' || t.name || ' ' || i."unique" || ' ' || i.partial || ' ' ||
			(SELECT group_concat(coalesce(x.name, '?') || ' ' || x."desc" || ' ' || x.coll) FROM pragma_index_xinfo(i.name) x WHERE x.key) ||
			' ' || coalesce((SELECT substr(sql, instr(sql, '(')) FROM sqlite_master WHERE name = i.name), '')
		FROM sqlite_master t, pragma_index_list(t.name) i WHERE t.type = 'table'
	UNION ALL SELECT 'reference ' || t.name || '.' || f."from" || ' ' || f."table" || ' ' || coalesce(f."to", '') || ' ' || f.on_delete
		FROM sqlite_master t, pragma_foreign_key_list(t.name) f WHERE t.type = 'table'
	UNION ALL SELECT 'trigger ' || sql FROM sqlite_master WHERE type = 'trigger'`
	postgresSchema = `
	SELECT concat_ws(' ', 'column', table_name, column_name, data_type, collation_name, is_nullable, column_default)
		FROM information_schema.columns WHERE table_schema = 'public'
	UNION ALL SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'public'
	UNION ALL SELECT 'constraint ' || conrelid::regclass || ' ' || pg_get_constraintdef(oid)
		FROM pg_constraint WHERE connamespace = 'public'::regnamespace
	UNION ALL SELECT 'trigger ' || pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
	UNION ALL SELECT 'function ' || pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace`
)

// schemaOf returns the schema of a database in lines, sorted.
func schemaOf(t *testing.T, o store.Options) (lines []string) {
	t.Helper()
	driver, source, query := "sqlite", "file:"+o.Path, sqliteSchema
	if o.URL != "" {
		driver, source, query = "pgx", o.URL, postgresSchema
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	space := regexp.MustCompile(`\s+`)
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, space.ReplaceAllString(line, " "))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	sort.Strings(lines)
	return lines
}

// migrated brings a database up to date.
func migrated(t *testing.T, o store.Options) {
	t.Helper()
	s, err := store.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// What an older version has made is the same in the end as what this one makes.
func TestOld_SchemasBecomeThatOfANewDatabase(t *testing.T) {
	sqlite, postgres := store.Options{Path: filepath.Join(t.TempDir(), "latchkey.db")}, store.Options{URL: pgtest.URL(t)}
	want := map[bool][]string{}
	for _, o := range []store.Options{sqlite, postgres} {
		migrated(t, o)
		want[o.URL != ""] = schemaOf(t, o)
	}
	// SQLite cannot add a column without a default.
	added := regexp.MustCompile(`^(column tokens.name_key TEXT 1) '' 0$`)
	storetest.EachOld(t, func(t *testing.T, old storetest.Old) {
		o := store.Options{Path: old.Path, URL: old.URL}
		for range 2 { // the second time there is nothing to do
			migrated(t, o)
		}
		got := schemaOf(t, o)
		for i, line := range got {
			got[i] = added.ReplaceAllString(line, "$1 0")
		}
		sort.Strings(got)
		if diff := cmp.Diff(want[o.URL != ""], got); diff != "" {
			t.Errorf("the schema (-new +upgraded):\n%s", diff)
		}
	})
}
