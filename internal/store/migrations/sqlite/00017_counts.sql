-- +goose Up

-- How many tokens there are, so that pages need not read them all. Triggers keep the counts in the
-- transaction of the change. A token counts for its workspace ('' for a token of the organization) and, if
-- it is personal, for its owner.
CREATE TABLE token_counts (
    organization_id TEXT   NOT NULL,
    part            TEXT   NOT NULL CHECK (part IN ('workspace', 'owner')),
    kind            TEXT   NOT NULL,
    id              TEXT   NOT NULL, -- of the workspace or the owner
    kept            BIGINT NOT NULL, -- tokens that are not deleted
    running         BIGINT NOT NULL, -- of these, tokens that do not expire up to the moment in token_settled
    PRIMARY KEY (organization_id, part, kind, id)
) WITHOUT ROWID;

-- Tokens expire without a change in the database. Who reads the counts corrects them by the tokens
-- that expire between this moment and now, which the server moves forward from time to time.
CREATE TABLE token_settled (
    only_row BIGINT PRIMARY KEY CHECK (only_row = 1),
    until    BIGINT NOT NULL
);
INSERT INTO token_settled (only_row, until) VALUES (1, CAST(strftime('%s', 'now') AS INTEGER) * 1000);

INSERT INTO token_counts (organization_id, part, kind, id, kept, running)
    SELECT t.organization_id, 'workspace', t.kind, t.workspace_id, count(*),
        sum(CASE WHEN t.expires_at <= (SELECT until FROM token_settled) THEN 0 ELSE 1 END)
    FROM tokens t WHERE t.deleted_at IS NULL GROUP BY t.organization_id, t.kind, t.workspace_id;
INSERT INTO token_counts (organization_id, part, kind, id, kept, running)
    SELECT t.organization_id, 'owner', t.kind, t.owner_id, count(*),
        sum(CASE WHEN t.expires_at <= (SELECT until FROM token_settled) THEN 0 ELSE 1 END)
    FROM tokens t WHERE t.deleted_at IS NULL AND t.kind = 'personal' GROUP BY t.organization_id, t.kind, t.owner_id;

-- +goose StatementBegin
CREATE TRIGGER tokens_counted_insert AFTER INSERT ON tokens
WHEN NEW.deleted_at IS NULL
BEGIN
    INSERT INTO token_counts (organization_id, part, kind, id, kept, running)
        SELECT NEW.organization_id, 'workspace', NEW.kind, NEW.workspace_id, 1, CASE WHEN NEW.expires_at <= s.until THEN 0 ELSE 1 END
        FROM token_settled s WHERE TRUE
        ON CONFLICT (organization_id, part, kind, id) DO UPDATE SET kept = kept + 1, running = running + excluded.running;
    INSERT INTO token_counts (organization_id, part, kind, id, kept, running)
        SELECT NEW.organization_id, 'owner', NEW.kind, NEW.owner_id, 1, CASE WHEN NEW.expires_at <= s.until THEN 0 ELSE 1 END
        FROM token_settled s WHERE NEW.kind = 'personal'
        ON CONFLICT (organization_id, part, kind, id) DO UPDATE SET kept = kept + 1, running = running + excluded.running;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER tokens_counted_delete AFTER DELETE ON tokens
WHEN OLD.deleted_at IS NULL
BEGIN
    UPDATE token_counts SET kept = kept - 1,
        running = running - (SELECT CASE WHEN OLD.expires_at <= s.until THEN 0 ELSE 1 END FROM token_settled s)
        WHERE organization_id = OLD.organization_id AND part = 'workspace' AND kind = OLD.kind AND id = OLD.workspace_id;
    UPDATE token_counts SET kept = kept - 1,
        running = running - (SELECT CASE WHEN OLD.expires_at <= s.until THEN 0 ELSE 1 END FROM token_settled s)
        WHERE OLD.kind = 'personal'
            AND organization_id = OLD.organization_id AND part = 'owner' AND kind = OLD.kind AND id = OLD.owner_id;
END;
-- +goose StatementEnd

-- An update counts as the end of what was and the beginning of what is.
-- +goose StatementBegin
CREATE TRIGGER tokens_counted_update_end AFTER UPDATE OF organization_id, kind, owner_id, workspace_id, expires_at, deleted_at ON tokens
WHEN OLD.deleted_at IS NULL
BEGIN
    UPDATE token_counts SET kept = kept - 1,
        running = running - (SELECT CASE WHEN OLD.expires_at <= s.until THEN 0 ELSE 1 END FROM token_settled s)
        WHERE organization_id = OLD.organization_id AND part = 'workspace' AND kind = OLD.kind AND id = OLD.workspace_id;
    UPDATE token_counts SET kept = kept - 1,
        running = running - (SELECT CASE WHEN OLD.expires_at <= s.until THEN 0 ELSE 1 END FROM token_settled s)
        WHERE OLD.kind = 'personal'
            AND organization_id = OLD.organization_id AND part = 'owner' AND kind = OLD.kind AND id = OLD.owner_id;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER tokens_counted_update_begin AFTER UPDATE OF organization_id, kind, owner_id, workspace_id, expires_at, deleted_at ON tokens
WHEN NEW.deleted_at IS NULL
BEGIN
    INSERT INTO token_counts (organization_id, part, kind, id, kept, running)
        SELECT NEW.organization_id, 'workspace', NEW.kind, NEW.workspace_id, 1, CASE WHEN NEW.expires_at <= s.until THEN 0 ELSE 1 END
        FROM token_settled s WHERE TRUE
        ON CONFLICT (organization_id, part, kind, id) DO UPDATE SET kept = kept + 1, running = running + excluded.running;
    INSERT INTO token_counts (organization_id, part, kind, id, kept, running)
        SELECT NEW.organization_id, 'owner', NEW.kind, NEW.owner_id, 1, CASE WHEN NEW.expires_at <= s.until THEN 0 ELSE 1 END
        FROM token_settled s WHERE NEW.kind = 'personal'
        ON CONFLICT (organization_id, part, kind, id) DO UPDATE SET kept = kept + 1, running = running + excluded.running;
END;
-- +goose StatementEnd

-- Lists show the newest tokens first, a page at a time.
DROP INDEX IF EXISTS tokens_owner;
CREATE INDEX tokens_owner ON tokens (organization_id, kind, owner_id, created_at, id) WHERE deleted_at IS NULL;
DROP INDEX IF EXISTS tokens_organization;
CREATE INDEX tokens_organization ON tokens (organization_id, kind, created_at, id) WHERE deleted_at IS NULL;

-- Tokens are searched by name and hint in the index alone.
DROP INDEX IF EXISTS tokens_name;
CREATE INDEX tokens_name ON tokens (organization_id, kind, owner_id, name_key, hint) WHERE deleted_at IS NULL;

-- What expires in a span of time is counted from the index alone.
DROP INDEX IF EXISTS tokens_expires_at;
CREATE INDEX tokens_expires_at ON tokens (expires_at, organization_id, kind, workspace_id, owner_id)
    WHERE deleted_at IS NULL AND expires_at IS NOT NULL;

-- Lists of members show a page at a time, in the order of their names.
CREATE INDEX members_name ON members (organization_id, lower(name), id);

-- Every count of a workspace's members includes the Admins, who are few.
CREATE INDEX members_admins ON members (organization_id, id) WHERE role = 'admin';

-- The search index of the audit log has terms of their own for tokens and targets now. The server builds
-- it anew in the background.
DELETE FROM audit_index;
DELETE FROM audit_blocks;
