-- +goose Up

-- An export may have groups. A check cannot be changed: the table is made anew.
ALTER TABLE migration_items RENAME TO migration_items_before;
CREATE TABLE migration_items (
    migration_id TEXT    NOT NULL REFERENCES migrations (id) ON DELETE CASCADE,
    seq          BIGINT  NOT NULL, -- its place in the file
    kind         TEXT    NOT NULL CHECK (kind IN ('workspace', 'resource', 'member', 'group', 'personal_token', 'service_token')),
    ref          TEXT    NOT NULL, -- its id in the old system
    name         TEXT    NOT NULL,
    detail       TEXT    NOT NULL,
    attention    BIGINT  NOT NULL DEFAULT 0, -- migration.Rank
    conflict     TEXT    NOT NULL DEFAULT '',
    choice       TEXT    NOT NULL DEFAULT '',
    known        BOOLEAN NOT NULL DEFAULT FALSE,
    local_id     TEXT    NOT NULL DEFAULT '',
    digest       BLOB,
    body         TEXT    NOT NULL, -- JSON, as package legacy has it
    after_state  TEXT    NOT NULL DEFAULT '{}', -- JSON: migration.After
    PRIMARY KEY (migration_id, seq)
);
INSERT INTO migration_items SELECT * FROM migration_items_before;
DROP TABLE migration_items_before;
CREATE INDEX migration_items_kind ON migration_items (migration_id, kind, seq);
CREATE INDEX migration_items_attention ON migration_items (migration_id, kind, attention DESC, seq);
