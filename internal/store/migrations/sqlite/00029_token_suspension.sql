-- +goose Up

-- A token that somebody has suspended is refused until it is resumed. Its owner may be deactivated
-- besides, which is a suspension of the member and not noted here.
ALTER TABLE tokens ADD COLUMN suspended_at BIGINT;
ALTER TABLE tokens ADD COLUMN suspended_by TEXT NOT NULL DEFAULT '';      -- id of the member; '' for the server
ALTER TABLE tokens ADD COLUMN suspended_by_name TEXT NOT NULL DEFAULT ''; -- their name at that time
ALTER TABLE tokens ADD COLUMN suspended_reason TEXT NOT NULL DEFAULT '';

-- Counts of tokens by state read the few that are suspended from the index alone.
CREATE INDEX tokens_suspended ON tokens (organization_id, kind, owner_id, expires_at)
    WHERE suspended_at IS NOT NULL AND deleted_at IS NULL;
