package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// tables reads the schema of the file.
func (d *sqliteDialect) tables(ctx context.Context, q *queries) ([]checkedTable, error) {
	names, err := all(ctx, q, scanText, `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'
		AND name NOT LIKE 'goose%' ORDER BY name`)
	if err != nil {
		return nil, err
	}
	tables := make([]checkedTable, len(names))
	for i, name := range names {
		tables[i].name = name
		err := each(ctx, q, func(row scanner) error {
			var col column
			var part int
			if err := row.Scan(&col.name, &col.typ, &part); err != nil {
				return err
			}
			col.typ = strings.ToLower(col.typ)
			tables[i].columns = append(tables[i].columns, col)
			if part > 0 { // the parts are in the order of the columns in all our tables
				tables[i].key = append(tables[i].key, col.name)
			}
			return nil
		}, `SELECT name, type, pk FROM pragma_table_info($1)`, name)
		if err != nil {
			return nil, err
		}
	}
	return tables, nil
}

// checkPages lets SQLite check the pages of each table and of its indexes: their structure, that the
// indexes agree with the rows, and what the schema demands of rows. It reads table by table, so that
// no reader is needed for as long as the whole file takes.
func (d *sqliteDialect) checkPages(ctx context.Context, c *checker) error {
	tables, err := d.inspector().tables(ctx, &c.queries)
	if err != nil {
		return err
	}
	if err := d.checkSchema(ctx, c); err != nil {
		c.add("schema", err.Error())
	}
	for _, t := range append(tables, checkedTable{name: "sqlite_schema"}) {
		check := "integrity_check"
		if c.o.Gently && strings.HasPrefix(t.name, "audit_") {
			check = "quick_check" // the indexes of a long log take minutes
		}
		c.rest(ctx)
		lines, err := all(ctx, &c.queries, scanText, `PRAGMA `+check+`('`+t.name+`')`)
		if err != nil {
			c.add("pages", fmt.Sprintf("%s: %v", t.name, err))
			continue
		}
		for _, line := range lines {
			if line != "ok" {
				c.add("pages", t.name+": "+line)
			}
		}
		if err := d.checkReferences(ctx, c, t.name); err != nil {
			c.add("references", fmt.Sprintf("%s: %v", t.name, err))
		}
	}
	return nil
}

// checkSchema compares tables, indexes and triggers with those that the migrations make. SQLite keeps
// them as text, which it believes.
func (d *sqliteDialect) checkSchema(ctx context.Context, c *checker) (err error) {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1) // another connection would have a database of its own
	if err := migrate(ctx, db, d); err != nil {
		return err
	}
	want, err := schemaOf(ctx, &queries{db: db})
	if err != nil {
		return err
	}
	have, err := schemaOf(ctx, &c.queries)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if have[name] != want[name] {
			c.add("schema", name+" is missing or not as Latchkey makes it")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(have)) {
		if _, ours := want[name]; !ours && !strings.HasPrefix(name, "index ") {
			c.add("schema", name+" is not of Latchkey")
		}
	}
	return nil
}

// schemaOf returns the statements that made the schema, without comments, by type and name. What early
// versions made has columns in another order, and a default where SQLite adds no column without one
// (mend.go).
func schemaOf(ctx context.Context, q *queries) (map[string]string, error) {
	comment, schema := regexp.MustCompile(`--[^\n]*`), map[string]string{}
	mended := strings.NewReplacer("name_key TEXT NOT NULL DEFAULT ''", "name_key TEXT NOT NULL")
	err := each(ctx, q, func(row scanner) error {
		var name, text string
		err := row.Scan(&name, &text)
		text = strings.Join(strings.Fields(comment.ReplaceAllString(text, "")), " ")
		if strings.HasPrefix(name, "table ") {
			text = sortedColumns(mended.Replace(text))
		}
		schema[name] = text
		return err
	}, `SELECT type || ' ' || name || CASE WHEN tbl_name <> name THEN ' of ' || tbl_name ELSE '' END, coalesce(sql, '') FROM sqlite_schema
		WHERE name NOT LIKE 'sqlite_stat%'`)
	return schema, err
}

// sortedColumns returns the statement that made a table with its columns and constraints sorted.
func sortedColumns(statement string) string {
	head, rest, _ := strings.Cut(statement, "(")
	var parts []string
	depth, begin := 1, 0
	for i, letter := range rest {
		switch letter {
		case '(':
			depth++
		case ')':
			depth--
		}
		if depth == 1 && letter == ',' || depth == 0 {
			parts = append(parts, strings.TrimSpace(rest[begin:i]))
			begin = i + 1
		}
		if depth == 0 {
			break
		}
	}
	slices.Sort(parts)
	return strings.TrimSpace(head) + " (" + strings.Join(parts, ", ") + ")" + rest[min(begin, len(rest)):]
}

// checkReferences checks the foreign keys of a table.
func (d *sqliteDialect) checkReferences(ctx context.Context, c *checker, table string) error {
	lines, err := all(ctx, &c.queries, scanText,
		`SELECT 'row ' || coalesce(rowid, '') || ' refers to a row of ' || parent || ' that is not there'
		FROM pragma_foreign_key_check($1) LIMIT 11`, table)
	for _, line := range lines {
		c.add("references", table+": "+line)
	}
	return err
}
