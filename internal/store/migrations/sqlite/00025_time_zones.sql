-- +goose Up

-- The name of the time zone that a member has chosen; empty for the browser's.
ALTER TABLE members ADD COLUMN time_zone TEXT NOT NULL DEFAULT '';
