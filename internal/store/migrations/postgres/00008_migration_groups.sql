-- +goose Up

-- An export may have groups.
ALTER TABLE migration_items DROP CONSTRAINT migration_items_kind_check;
ALTER TABLE migration_items ADD CONSTRAINT migration_items_kind_check
    CHECK (kind IN ('workspace', 'resource', 'member', 'group', 'personal_token', 'service_token'));
