-- +goose Up

-- The search of the dashboard reads the names of all tokens from an index with little else in it, in
-- their order. By hint it looks up, and does not read all of them.
CREATE INDEX tokens_search ON tokens (organization_id, name_key, id, deleted_at) WHERE deleted_at IS NULL;
CREATE INDEX tokens_hint ON tokens (organization_id, hint, id, deleted_at) WHERE deleted_at IS NULL;
