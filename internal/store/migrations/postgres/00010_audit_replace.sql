-- +goose Up

-- Nothing to do: SQLite's REPLACE is what this step forbids there, and PostgreSQL has none.
SELECT 1;
