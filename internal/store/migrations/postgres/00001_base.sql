-- +goose Up

-- Times are milliseconds since 1970-01-01 UTC. Ids are made by the program (KSUID).
-- Secrets are never here: only their SHA-256 digests.
--
-- Texts are compared byte by byte (COLLATE "C"), as SQLite does, so that lists have the same
-- order on both engines and lower() folds the same letters whatever the server's locale.

CREATE TABLE organizations (
    id           TEXT COLLATE "C" PRIMARY KEY,
    name         TEXT COLLATE "C" NOT NULL,
    plan         TEXT COLLATE "C" NOT NULL CHECK (plan IN ('free', 'starter', 'growth', 'enterprise')),
    scim_enabled BOOLEAN NOT NULL DEFAULT FALSE,
    created_at   BIGINT  NOT NULL
);

CREATE TABLE workspaces (
    id              TEXT COLLATE "C" PRIMARY KEY,
    organization_id TEXT COLLATE "C" NOT NULL REFERENCES organizations (id),
    name            TEXT COLLATE "C" NOT NULL,
    environment     TEXT COLLATE "C" NOT NULL CHECK (environment IN ('PRODUCTION', 'DEVELOPMENT')),
    region          TEXT COLLATE "C" NOT NULL,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL
);
CREATE UNIQUE INDEX workspaces_name ON workspaces (organization_id, lower(name));

CREATE TABLE members (
    id              TEXT COLLATE "C" PRIMARY KEY,
    organization_id TEXT COLLATE "C" NOT NULL REFERENCES organizations (id),
    email           TEXT COLLATE "C" NOT NULL, -- lower case
    name            TEXT COLLATE "C" NOT NULL,
    role            TEXT COLLATE "C" NOT NULL CHECK (role IN ('admin', 'member')),
    status          TEXT COLLATE "C" NOT NULL CHECK (status IN ('active', 'deactivated')),
    password_hash   TEXT COLLATE "C" NOT NULL DEFAULT '', -- argon2id; empty: cannot sign in with a password
    external_id     TEXT COLLATE "C" NOT NULL DEFAULT '',
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL,
    last_seen_at    BIGINT
);
CREATE UNIQUE INDEX members_email ON members (organization_id, email);

CREATE TABLE groups (
    id              TEXT COLLATE "C" PRIMARY KEY,
    organization_id TEXT COLLATE "C" NOT NULL REFERENCES organizations (id),
    name            TEXT COLLATE "C" NOT NULL,
    description     TEXT COLLATE "C" NOT NULL DEFAULT '',
    external        BOOLEAN NOT NULL DEFAULT FALSE, -- membership is managed by the identity provider
    external_id     TEXT COLLATE "C" NOT NULL DEFAULT '',
    created_at      BIGINT  NOT NULL,
    updated_at      BIGINT  NOT NULL
);
CREATE UNIQUE INDEX groups_name ON groups (organization_id, lower(name));

CREATE TABLE group_members (
    group_id  TEXT COLLATE "C" NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    member_id TEXT COLLATE "C" NOT NULL REFERENCES members (id) ON DELETE CASCADE,
    PRIMARY KEY (group_id, member_id)
);
CREATE INDEX group_members_member ON group_members (member_id);

-- The three places that hold a workspace policy. A row for a group or a member also is what
-- puts them into the workspace, so an empty body means something.
CREATE TABLE policies (
    id              TEXT COLLATE "C" PRIMARY KEY,
    organization_id TEXT COLLATE "C" NOT NULL REFERENCES organizations (id),
    workspace_id    TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    kind            TEXT COLLATE "C" NOT NULL CHECK (kind IN ('baseline', 'group', 'member')),
    group_id        TEXT COLLATE "C" REFERENCES groups (id) ON DELETE CASCADE,
    member_id       TEXT COLLATE "C" REFERENCES members (id) ON DELETE CASCADE,
    body            TEXT COLLATE "C" NOT NULL, -- access.Policy as canonical JSON
    version         BIGINT NOT NULL DEFAULT 1,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL,
    updated_by      TEXT COLLATE "C" NOT NULL DEFAULT '',
    CHECK ((kind = 'group') = (group_id IS NOT NULL)),
    CHECK ((kind = 'member') = (member_id IS NOT NULL))
);
CREATE UNIQUE INDEX policies_baseline ON policies (workspace_id) WHERE kind = 'baseline';
CREATE UNIQUE INDEX policies_group ON policies (workspace_id, group_id) WHERE kind = 'group';
CREATE UNIQUE INDEX policies_member ON policies (workspace_id, member_id) WHERE kind = 'member';
CREATE INDEX policies_of_group ON policies (group_id) WHERE group_id IS NOT NULL;
CREATE INDEX policies_of_member ON policies (member_id) WHERE member_id IS NOT NULL;
CREATE INDEX policies_organization ON policies (organization_id, kind);

-- A deleted token stays as a tombstone: its digest must go on being known as revoked, and
-- the log names it. owner_id and workspace_id therefore are no foreign keys.
CREATE TABLE tokens (
    id              TEXT COLLATE "C" PRIMARY KEY,
    organization_id TEXT COLLATE "C" NOT NULL REFERENCES organizations (id),
    kind            TEXT COLLATE "C" NOT NULL CHECK (kind IN ('personal', 'workspace', 'organization')),
    name            TEXT COLLATE "C" NOT NULL,
    name_key        TEXT COLLATE "C" NOT NULL, -- name without letter case
    digest          BYTEA NOT NULL, -- SHA-256 of the whole secret
    hint            TEXT COLLATE "C" NOT NULL, -- prefix and last four characters
    owner_id        TEXT COLLATE "C" NOT NULL DEFAULT '',
    workspace_id    TEXT COLLATE "C" NOT NULL DEFAULT '',
    scope           TEXT COLLATE "C" NOT NULL DEFAULT '',
    policy          TEXT COLLATE "C" NOT NULL DEFAULT '', -- workspace tokens; never updated
    legacy          BOOLEAN NOT NULL DEFAULT FALSE,
    created_by      TEXT COLLATE "C" NOT NULL DEFAULT '', -- member id
    created_by_name TEXT COLLATE "C" NOT NULL DEFAULT '',
    created_at      BIGINT  NOT NULL,
    expires_at      BIGINT,
    last_used_at    BIGINT,
    last_used_from  TEXT COLLATE "C" NOT NULL DEFAULT '[]', -- JSON: the last five addresses with times
    deleted_at      BIGINT,
    submission      TEXT COLLATE "C" NOT NULL DEFAULT '' -- one-time key of the form that made it
);
CREATE UNIQUE INDEX tokens_digest ON tokens (digest);
CREATE UNIQUE INDEX tokens_submission ON tokens (created_by, submission) WHERE submission <> '';
CREATE INDEX tokens_owner ON tokens (organization_id, kind, owner_id, deleted_at);
CREATE INDEX tokens_name ON tokens (organization_id, kind, owner_id, name_key) WHERE deleted_at IS NULL;
CREATE INDEX tokens_organization ON tokens (organization_id, kind, deleted_at);
CREATE INDEX tokens_workspace ON tokens (workspace_id);

-- +goose StatementBegin
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', TG_ARGV[0];
END;
$$;
-- +goose StatementEnd

CREATE TRIGGER tokens_policy_is_immutable BEFORE UPDATE OF policy ON tokens
    FOR EACH ROW WHEN (NEW.policy <> OLD.policy) EXECUTE FUNCTION refuse_change('a token''s access policy is immutable');

CREATE TABLE sessions (
    id           TEXT COLLATE "C" PRIMARY KEY, -- public: names it in lists
    digest       BYTEA NOT NULL,    -- SHA-256 of the cookie's secret
    member_id    TEXT COLLATE "C" NOT NULL REFERENCES members (id) ON DELETE CASCADE,
    created_at   BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    ip           TEXT COLLATE "C" NOT NULL DEFAULT '',
    user_agent   TEXT COLLATE "C" NOT NULL DEFAULT '',
    flash        TEXT COLLATE "C" NOT NULL DEFAULT '' -- JSON: notices for the next page
);
CREATE UNIQUE INDEX sessions_digest ON sessions (digest);
CREATE INDEX sessions_member ON sessions (member_id);

-- Failed attempts per key (an account's or an address's digest), for every node alike.
CREATE TABLE attempts (
    key          TEXT COLLATE "C" PRIMARY KEY,
    failures     BIGINT NOT NULL,
    window_start BIGINT NOT NULL,
    blocked_till BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE invitations (
    id              TEXT COLLATE "C" PRIMARY KEY,
    organization_id TEXT COLLATE "C" NOT NULL REFERENCES organizations (id),
    email           TEXT COLLATE "C" NOT NULL,
    role            TEXT COLLATE "C" NOT NULL CHECK (role IN ('admin', 'member')),
    digest          BYTEA NOT NULL, -- SHA-256 of the link's secret
    invited_by      TEXT COLLATE "C" NOT NULL DEFAULT '',
    invited_by_name TEXT COLLATE "C" NOT NULL DEFAULT '',
    created_at      BIGINT NOT NULL,
    expires_at      BIGINT NOT NULL,
    accepted_at     BIGINT,
    deleted_at      BIGINT
);
CREATE UNIQUE INDEX invitations_digest ON invitations (digest);
CREATE INDEX invitations_organization ON invitations (organization_id, email);

CREATE TABLE invitation_groups (
    invitation_id TEXT COLLATE "C" NOT NULL REFERENCES invitations (id) ON DELETE CASCADE,
    group_id      TEXT COLLATE "C" NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    PRIMARY KEY (invitation_id, group_id)
);

CREATE TABLE invitation_workspaces (
    invitation_id TEXT COLLATE "C" NOT NULL REFERENCES invitations (id) ON DELETE CASCADE,
    workspace_id  TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    PRIMARY KEY (invitation_id, workspace_id)
);

-- Whatever a permission can be limited to: sources, destinations, tracking plans …
CREATE TABLE resources (
    id           TEXT COLLATE "C" PRIMARY KEY,
    workspace_id TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    type         TEXT COLLATE "C" NOT NULL, -- a type of the permission catalogue
    name         TEXT COLLATE "C" NOT NULL,
    definition   TEXT COLLATE "C" NOT NULL DEFAULT '', -- what it is an instance of, e.g. POSTGRES
    enabled      BOOLEAN NOT NULL DEFAULT TRUE,
    config       TEXT COLLATE "C" NOT NULL DEFAULT '{}', -- JSON, as it came
    created_at   BIGINT  NOT NULL,
    updated_at   BIGINT  NOT NULL
);
CREATE INDEX resources_type ON resources (workspace_id, type, id);

CREATE TABLE connections (
    id             TEXT COLLATE "C" PRIMARY KEY,
    workspace_id   TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    source_id      TEXT COLLATE "C" NOT NULL REFERENCES resources (id) ON DELETE CASCADE,
    destination_id TEXT COLLATE "C" NOT NULL REFERENCES resources (id) ON DELETE CASCADE,
    enabled        BOOLEAN NOT NULL DEFAULT TRUE,
    created_at     BIGINT  NOT NULL,
    updated_at     BIGINT  NOT NULL
);
CREATE UNIQUE INDEX connections_pair ON connections (source_id, destination_id);
CREATE INDEX connections_workspace ON connections (workspace_id, id);

-- Append-only: the triggers refuse what the program never does.
CREATE TABLE audit_events (
    seq             BIGINT PRIMARY KEY,
    id              TEXT COLLATE "C" NOT NULL UNIQUE,
    at              BIGINT NOT NULL,
    organization_id TEXT COLLATE "C" NOT NULL,
    workspace_id    TEXT COLLATE "C" NOT NULL DEFAULT '',
    actor_type      TEXT COLLATE "C" NOT NULL,
    actor_id        TEXT COLLATE "C" NOT NULL DEFAULT '',
    actor_name      TEXT COLLATE "C" NOT NULL DEFAULT '',
    actor_email     TEXT COLLATE "C" NOT NULL DEFAULT '',
    token_id        TEXT COLLATE "C" NOT NULL DEFAULT '',
    action          TEXT COLLATE "C" NOT NULL,
    target_type     TEXT COLLATE "C" NOT NULL,
    target_id       TEXT COLLATE "C" NOT NULL DEFAULT '',
    target_name     TEXT COLLATE "C" NOT NULL DEFAULT '',
    ip              TEXT COLLATE "C" NOT NULL DEFAULT '',
    user_agent      TEXT COLLATE "C" NOT NULL DEFAULT '',
    request_id      TEXT COLLATE "C" NOT NULL DEFAULT '',
    before_state    TEXT COLLATE "C" NOT NULL DEFAULT '',
    after_state     TEXT COLLATE "C" NOT NULL DEFAULT '',
    prev_hash       BYTEA NOT NULL,
    hash            BYTEA NOT NULL
);
CREATE INDEX audit_events_organization ON audit_events (organization_id, seq);

CREATE TRIGGER audit_events_no_update BEFORE UPDATE ON audit_events
    FOR EACH ROW EXECUTE FUNCTION refuse_change('the audit log is append-only');

CREATE TRIGGER audit_events_no_delete BEFORE DELETE ON audit_events
    FOR EACH ROW EXECUTE FUNCTION refuse_change('the audit log is append-only');

CREATE TRIGGER audit_events_no_truncate BEFORE TRUNCATE ON audit_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('the audit log is append-only');
