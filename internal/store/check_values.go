package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"latchkey/internal/plaintext"
)

// checkedTable is a table as the database describes it.
type checkedTable struct {
	name    string
	columns []column
	key     []string // columns of the primary key
}

// elsewhere are the tables whose rows other parts of a check compare with hashes and with each other.
func elsewhere(table string) bool { return table == "audit_events" || table == "audit_index" }

// rowsPerRead is how many rows a step reads.
const rowsPerRead = 500

// values reads every row and holds its values to the rules.
func (c *checker) values(ctx context.Context) error {
	tables, err := c.dialect.inspector().tables(ctx, &c.queries)
	if err != nil {
		return err
	}
	var failed error
	for _, t := range tables {
		if elsewhere(t.name) {
			continue
		}
		if err := c.table(ctx, t); err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", t.name, err))
		}
	}
	return failed
}

// table reads a table in the order of its key.
func (c *checker) table(ctx context.Context, t checkedTable) error {
	rules := newRowChecker(t)
	most, err := c.number(ctx, `SELECT count(*) FROM "`+t.name+`"`)
	if err != nil {
		return err
	}
	most = 2*most + 10*rowsPerRead // more may be written meanwhile
	var after []any
	for n := 0; ; {
		c.rest(ctx)
		rows, err := c.page(ctx, t, after)
		if err != nil {
			return err
		}
		for _, row := range rows {
			for _, text := range rules.check(row) {
				c.add("values", text)
			}
		}
		if len(rows) < rowsPerRead {
			return nil
		}
		if n += len(rows); n > most {
			return errors.New("its rows cannot be read in the order of their key")
		}
		after = rules.keyOf(rows[len(rows)-1])
	}
}

// page returns rows with keys after the given one.
func (c *checker) page(ctx context.Context, t checkedTable, after []any) ([][]any, error) {
	names, key := make([]string, len(t.columns)), `"`+strings.Join(t.key, `", "`)+`"`
	for i, col := range t.columns {
		names[i] = `"` + col.name + `"`
	}
	query := `SELECT ` + strings.Join(names, ", ") + ` FROM "` + t.name + `"`
	if after != nil {
		query += ` WHERE (` + key + `) > (` + placeholders(1, len(after)) + `)`
	}
	// A damaged key may be no text that can be stored, so this does not go through queries.query.
	rows, err := c.db.QueryContext(ctx, query+fmt.Sprintf(` ORDER BY %s LIMIT %d`, key, rowsPerRead), after...)
	if err != nil {
		return nil, c.translate(err)
	}
	defer rows.Close()
	var page [][]any
	for rows.Next() {
		row, into := make([]any, len(t.columns)), make([]any, len(t.columns))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		page = append(page, row)
	}
	return page, c.translate(rows.Err())
}

// rowChecker holds rows of a table to the rules.
type rowChecker struct {
	t     checkedTable
	rules [][]valueRule // by column
}

func newRowChecker(t checkedTable) rowChecker {
	r := rowChecker{t, make([][]valueRule, len(t.columns))}
	for _, rule := range valueRules() {
		for i, col := range t.columns {
			if slices.Contains(rule.columns, col.name) || slices.Contains(rule.columns, t.name+"."+col.name) {
				r.rules[i] = append(r.rules[i], rule)
			}
		}
	}
	return r
}

func (r rowChecker) keyOf(row []any) []any {
	key := make([]any, len(r.t.key))
	for i, col := range r.t.columns {
		if at := slices.Index(r.t.key, col.name); at >= 0 {
			key[at] = row[i]
		}
	}
	return key
}

// check returns what is wrong with a row, without its values: some are secret.
func (r rowChecker) check(row []any) (wrong []string) {
	say := func(i int, words string) {
		wrong = append(wrong, fmt.Sprintf("%s.%s of the row %s %s", r.t.name, r.t.columns[i].name, r.name(row), words))
	}
	byName := make(map[string]any, len(row))
	for i, v := range row {
		byName[r.t.columns[i].name] = v
		if v == nil {
			continue
		}
		if !isOfType(v, r.t.columns[i].typ) {
			say(i, "is not of the type of its column")
			continue
		}
		if text, ok := v.(string); ok && !plaintext.Storable(text) {
			say(i, "is no Unicode text")
			continue
		}
		for _, rule := range r.rules[i] {
			if !rule.holds(v) {
				say(i, rule.words)
			}
		}
	}
	if rule, ok := rowRules()[r.t.name]; ok && !rule.holds(byName) {
		wrong = append(wrong, fmt.Sprintf("the row %s of %s %s", r.name(row), r.t.name, rule.words))
	}
	return wrong
}

// name returns the key of a row for people.
func (r rowChecker) name(row []any) string {
	var parts []string
	for _, v := range r.keyOf(row) {
		parts = append(parts, plaintext.Visible(fmt.Sprint(v)))
	}
	return strings.Join(parts, "/")
}

// isOfType reports whether the driver returned a value of the type that a column was declared with.
func isOfType(v any, typ string) bool {
	switch v.(type) {
	case string:
		return typ == "text"
	case []byte:
		return typ == "blob" || typ == "bytea"
	case int64:
		return typ == "bigint" || typ == "integer" || typ == "boolean"
	case bool:
		return typ == "boolean"
	}
	return false
}
