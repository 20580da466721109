-- +goose Up

-- The staging area and what came of it. Nothing here bears on live access. An organization
-- has at most one migration that is not deployed.
CREATE TABLE migrations (
    id               TEXT COLLATE "C" PRIMARY KEY,
    organization_id  TEXT COLLATE "C" NOT NULL REFERENCES organizations (id),
    state            TEXT COLLATE "C" NOT NULL CHECK (state IN ('reading', 'uploaded', 'staged', 'deployed')),
    strategy         TEXT COLLATE "C" NOT NULL DEFAULT '' CHECK (strategy IN ('', 'with-policies', 'fresh')),
    file_name        TEXT COLLATE "C" NOT NULL,
    file_digest      TEXT COLLATE "C" NOT NULL DEFAULT '', -- SHA-256 in hexadecimal
    source_id        TEXT COLLATE "C" NOT NULL DEFAULT '', -- of the organization in the old system
    source_name      TEXT COLLATE "C" NOT NULL DEFAULT '',
    summary          TEXT COLLATE "C" NOT NULL DEFAULT '{}', -- JSON: what the file holds
    created_at       BIGINT NOT NULL,
    created_by       TEXT COLLATE "C" NOT NULL DEFAULT '',
    created_by_name  TEXT COLLATE "C" NOT NULL DEFAULT '',
    deployed_at      BIGINT,
    deployed_by_name TEXT COLLATE "C" NOT NULL DEFAULT '',
    report           TEXT COLLATE "C" NOT NULL DEFAULT '' -- JSON, once deployed
);
CREATE UNIQUE INDEX migrations_staging ON migrations (organization_id) WHERE state <> 'deployed';
CREATE INDEX migrations_organization ON migrations (organization_id, deployed_at);

-- One element of an export each. Of a token's secret there is the digest only.
CREATE TABLE migration_items (
    migration_id TEXT COLLATE "C" NOT NULL REFERENCES migrations (id) ON DELETE CASCADE,
    seq          BIGINT  NOT NULL, -- its place in the file
    kind         TEXT COLLATE "C" NOT NULL CHECK (kind IN ('workspace', 'resource', 'member', 'personal_token', 'service_token')),
    ref          TEXT COLLATE "C" NOT NULL, -- its id in the old system
    name         TEXT COLLATE "C" NOT NULL,
    detail       TEXT COLLATE "C" NOT NULL,
    attention    BIGINT  NOT NULL DEFAULT 0, -- migration.Rank
    conflict     TEXT COLLATE "C" NOT NULL DEFAULT '',
    choice       TEXT COLLATE "C" NOT NULL DEFAULT '',
    known        BOOLEAN NOT NULL DEFAULT FALSE,
    local_id     TEXT COLLATE "C" NOT NULL DEFAULT '',
    digest       BYTEA,
    body         TEXT COLLATE "C" NOT NULL, -- JSON, as package legacy has it
    after_state  TEXT COLLATE "C" NOT NULL DEFAULT '{}', -- JSON: migration.After
    PRIMARY KEY (migration_id, seq)
);
CREATE INDEX migration_items_kind ON migration_items (migration_id, kind, seq);
CREATE INDEX migration_items_attention ON migration_items (migration_id, kind, attention DESC, seq);

-- What elements of the old system became here, so that the same file changes nothing twice.
CREATE TABLE migration_links (
    organization_id TEXT COLLATE "C" NOT NULL REFERENCES organizations (id),
    source_id       TEXT COLLATE "C" NOT NULL,
    kind            TEXT COLLATE "C" NOT NULL,
    ref             TEXT COLLATE "C" NOT NULL,
    local_id        TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (organization_id, source_id, kind, ref)
);
