-- +goose Up

-- How many tokens there are, so that pages need not read them all. Triggers keep the counts in the
-- transaction of the change. A token counts for its workspace ('' for a token of the organization) and, if
-- it is personal, for its owner.
CREATE TABLE token_counts (
    organization_id TEXT COLLATE "C" NOT NULL,
    part            TEXT COLLATE "C" NOT NULL CHECK (part IN ('workspace', 'owner')),
    kind            TEXT COLLATE "C" NOT NULL,
    id              TEXT COLLATE "C" NOT NULL, -- of the workspace or the owner
    kept            BIGINT NOT NULL, -- tokens that are not deleted
    running         BIGINT NOT NULL, -- of these, tokens that do not expire up to the moment in token_settled
    PRIMARY KEY (organization_id, part, kind, id)
);

-- Tokens expire without a change in the database. Who reads the counts corrects them by the tokens
-- that expire between this moment and now, which the server moves forward from time to time.
CREATE TABLE token_settled (
    only_row BIGINT PRIMARY KEY CHECK (only_row = 1),
    until    BIGINT NOT NULL
);
INSERT INTO token_settled (only_row, until) VALUES (1, floor(extract(epoch FROM now()))::BIGINT * 1000);

INSERT INTO token_counts (organization_id, part, kind, id, kept, running)
    SELECT t.organization_id, 'workspace', t.kind, t.workspace_id, count(*),
        sum(CASE WHEN t.expires_at <= (SELECT until FROM token_settled) THEN 0 ELSE 1 END)
    FROM tokens t WHERE t.deleted_at IS NULL GROUP BY t.organization_id, t.kind, t.workspace_id;
INSERT INTO token_counts (organization_id, part, kind, id, kept, running)
    SELECT t.organization_id, 'owner', t.kind, t.owner_id, count(*),
        sum(CASE WHEN t.expires_at <= (SELECT until FROM token_settled) THEN 0 ELSE 1 END)
    FROM tokens t WHERE t.deleted_at IS NULL AND t.kind = 'personal' GROUP BY t.organization_id, t.kind, t.owner_id;

-- token_count counts a token n times: 1 if it comes, -1 if it goes.
-- +goose StatementBegin
CREATE FUNCTION token_count(t tokens, n INTEGER) RETURNS VOID AS $$
    INSERT INTO token_counts AS c (organization_id, part, kind, id, kept, running)
        SELECT t.organization_id, p.part, t.kind, p.id, n, CASE WHEN t.expires_at <= s.until THEN 0 ELSE n END
        FROM token_settled s, (VALUES ('owner', t.owner_id), ('workspace', t.workspace_id)) AS p (part, id)
        WHERE p.part = 'workspace' OR t.kind = 'personal'
        ON CONFLICT (organization_id, part, kind, id) DO UPDATE SET kept = c.kept + excluded.kept, running = c.running + excluded.running
$$ LANGUAGE sql;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION tokens_counted() RETURNS TRIGGER AS $$
BEGIN
    IF TG_OP <> 'INSERT' AND OLD.deleted_at IS NULL THEN
        PERFORM token_count(OLD, -1);
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.deleted_at IS NULL THEN
        PERFORM token_count(NEW, 1);
    END IF;
    RETURN NULL;
END;
$$ LANGUAGE plpgsql;
-- +goose StatementEnd

CREATE TRIGGER tokens_counted AFTER INSERT OR DELETE OR UPDATE OF organization_id, kind, owner_id, workspace_id, expires_at, deleted_at ON tokens
    FOR EACH ROW EXECUTE FUNCTION tokens_counted();

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
