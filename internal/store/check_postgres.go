package store

import (
	"context"
	"fmt"
)

// tables reads the schema of the database.
func (d postgresDialect) tables(ctx context.Context, q *queries) ([]checkedTable, error) {
	names, err := all(ctx, q, scanText, `SELECT tablename::text FROM pg_tables
		WHERE schemaname = current_schema() AND tablename NOT LIKE 'goose%' ORDER BY tablename`)
	if err != nil {
		return nil, err
	}
	tables := make([]checkedTable, len(names))
	for i, name := range names {
		tables[i].name = name
		if tables[i].columns, err = all(ctx, q, scanColumn, `SELECT column_name::text, data_type::text FROM information_schema.columns
			WHERE table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position`, name); err != nil {
			return nil, err
		}
		if tables[i].key, err = all(ctx, q, scanText, `SELECT a.attname::text FROM pg_index i
			JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)
			WHERE i.indrelid = to_regclass(quote_ident($1)) AND i.indisprimary ORDER BY array_position(i.indkey, a.attnum)`, name); err != nil {
			return nil, err
		}
	}
	return tables, nil
}

func scanColumn(row scanner) (column, error) {
	var col column
	err := row.Scan(&col.name, &col.typ)
	return col, err
}

// checkPages asks the extension amcheck about tables and indexes, if the database has it and the
// caller may. Otherwise the check reads every row, which finds pages whose checksum does not match
// (initdb --data-checksums).
func (d postgresDialect) checkPages(ctx context.Context, c *checker) error {
	schemas, err := all(ctx, &c.queries, scanText, `SELECT e.extnamespace::regnamespace::text FROM pg_extension e WHERE e.extname = 'amcheck'
		AND 2 = (SELECT count(*) FROM pg_proc p WHERE p.pronamespace = e.extnamespace AND has_function_privilege(p.oid, 'EXECUTE')
			AND (p.proname = 'verify_heapam' OR p.proname = 'bt_index_check' AND p.pronargs = 2))`)
	if err != nil || len(schemas) == 0 {
		return err
	}
	for _, part := range []struct{ names, check string }{
		{`SELECT c.oid::regclass::text FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace ORDER BY 1`,
			`SELECT 'block ' || blkno || ': ' || msg FROM ` + schemas[0] + `.verify_heapam(to_regclass($1)) LIMIT 11`},
		{`SELECT c.oid::regclass::text FROM pg_class c JOIN pg_am a ON a.oid = c.relam AND a.amname = 'btree'
			WHERE c.relkind = 'i' AND c.relnamespace = current_schema()::regnamespace ORDER BY 1`,
			`SELECT 'damaged' FROM ` + schemas[0] + `.bt_index_check(to_regclass($1), TRUE) AS done WHERE done IS NULL`},
	} {
		names, err := all(ctx, &c.queries, scanText, part.names)
		if err != nil {
			return err
		}
		for _, name := range names {
			c.rest(ctx)
			lines, err := all(ctx, &c.queries, scanText, part.check, name)
			if err != nil {
				lines = append(lines, err.Error())
			}
			for _, line := range lines {
				c.add("pages", fmt.Sprintf("%s: %s", name, line))
			}
		}
	}
	return nil
}
