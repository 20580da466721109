-- +goose Up

-- A token that is made is written into each of these indexes, so there are few: one of names, for whether a name is
-- free and for searches in their order; one of owners, which service tokens have none of; and the inventory's, which
-- says of each token whether it has allowed addresses.
DROP INDEX tokens_search;
DROP INDEX tokens_name;
CREATE INDEX tokens_name ON tokens (organization_id, name_key, kind, owner_id, hint, id, deleted_at) WHERE deleted_at IS NULL;
DROP INDEX tokens_organization;

DROP INDEX tokens_anywhere;
DROP INDEX tokens_inventory;
CREATE INDEX tokens_inventory ON tokens (organization_id, created_at, id, kind, owner_id, workspace_id, scope, expires_at,
    suspended_at, created_by_name, name_key, hint, deleted_at, (addresses = '')) WHERE deleted_at IS NULL AND kind <> '';

-- Only personal tokens have an owner. The conditions here are not of the form column = constant: SQLite would compile
-- each query that compares the column with a parameter again whenever it runs.
DROP INDEX tokens_holder;
CREATE INDEX tokens_holder ON tokens (owner_id, workspace_id, organization_id, kind, scope, id, deleted_at)
    WHERE deleted_at IS NULL AND owner_id <> '';

-- The tokens of the organization are in no workspace.
DROP INDEX tokens_workspace;
CREATE INDEX tokens_workspace ON tokens (workspace_id) WHERE workspace_id <> '';

-- Who did something is found by audit_index.
DROP INDEX audit_events_actor;
