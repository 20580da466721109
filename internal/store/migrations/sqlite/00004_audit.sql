-- +goose Up

-- The log grows without end. seq becomes the row's own key, so that a page, the chain and the
-- index below find their events without a detour.
CREATE TABLE audit_log (
    seq             INTEGER PRIMARY KEY,
    id              TEXT    NOT NULL UNIQUE,
    at              BIGINT  NOT NULL, -- never less than that of the event before
    organization_id TEXT    NOT NULL,
    workspace_id    TEXT    NOT NULL DEFAULT '',
    actor_type      TEXT    NOT NULL,
    actor_id        TEXT    NOT NULL DEFAULT '',
    actor_name      TEXT    NOT NULL DEFAULT '',
    actor_email     TEXT    NOT NULL DEFAULT '',
    token_id        TEXT    NOT NULL DEFAULT '',
    action          TEXT    NOT NULL,
    target_type     TEXT    NOT NULL,
    target_id       TEXT    NOT NULL DEFAULT '',
    target_name     TEXT    NOT NULL DEFAULT '',
    ip              TEXT    NOT NULL DEFAULT '',
    user_agent      TEXT    NOT NULL DEFAULT '',
    request_id      TEXT    NOT NULL DEFAULT '',
    before_state    TEXT    NOT NULL DEFAULT '',
    after_state     TEXT    NOT NULL DEFAULT '',
    prev_hash       BLOB    NOT NULL,
    hash            BLOB    NOT NULL
);
INSERT INTO audit_log (seq, id, at, organization_id, workspace_id, actor_type, actor_id, actor_name, actor_email, token_id, action,
    target_type, target_id, target_name, ip, user_agent, request_id, before_state, after_state, prev_hash, hash)
SELECT seq, id, at, organization_id, workspace_id, actor_type, actor_id, actor_name, actor_email, token_id, action,
    target_type, target_id, target_name, ip, user_agent, request_id, before_state, after_state, prev_hash, hash
FROM audit_events ORDER BY seq;
DROP TABLE audit_events;
ALTER TABLE audit_log RENAME TO audit_events;
CREATE INDEX audit_events_at ON audit_events (at);
CREATE INDEX audit_events_actor ON audit_events (organization_id, actor_id);
CREATE INDEX audit_events_target ON audit_events (organization_id, target_id);
CREATE INDEX audit_events_request ON audit_events (request_id);

-- Where the chain ends, in one row. Who appends changes it first, so that appending
-- transactions take turns; that the last events are gone shows against it.
CREATE TABLE audit_head (
    id   BIGINT PRIMARY KEY CHECK (id = 1),
    seq  BIGINT NOT NULL, -- of the last event; 0: none yet
    at   BIGINT NOT NULL,
    hash BLOB   NOT NULL
);
INSERT INTO audit_head (id, seq, at, hash) VALUES (1,
    coalesce((SELECT max(seq) FROM audit_events), 0),
    coalesce((SELECT at FROM audit_events ORDER BY seq DESC LIMIT 1), 0),
    coalesce((SELECT hash FROM audit_events ORDER BY seq DESC LIMIT 1), zeroblob(32)));

-- Which events have a term ("actor:ID", "text:b:ada" …), as offsets or bits per block of
-- numbers. The rows of a block are written once and lie together. All of it can be made anew
-- from the events at any time.
CREATE TABLE audit_index (
    size            BIGINT NOT NULL,
    first           BIGINT NOT NULL,
    organization_id TEXT   NOT NULL,
    term            TEXT   NOT NULL,
    bits            BLOB   NOT NULL,
    PRIMARY KEY (size, first, organization_id, term)
) WITHOUT ROWID;

-- The blocks that the index holds all of; others are searched event by event.
CREATE TABLE audit_blocks (
    first BIGINT PRIMARY KEY,
    size  BIGINT NOT NULL
);

-- Up to where the log was pruned: the chain is verified from the hash of the last event that
-- is gone. The event signed_by, itself in the chain, says the same and why.
CREATE TABLE audit_checkpoints (
    seq       BIGINT PRIMARY KEY,
    at        BIGINT NOT NULL,
    hash      BLOB   NOT NULL,
    signed_by BIGINT NOT NULL, -- seq of the event
    signed_at BIGINT NOT NULL
);

-- +goose StatementBegin
CREATE TRIGGER audit_events_no_update BEFORE UPDATE ON audit_events
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER audit_events_no_delete BEFORE DELETE ON audit_events
WHEN OLD.seq > coalesce((SELECT max(seq) FROM audit_checkpoints), 0)
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
-- +goose StatementEnd

-- A checkpoint needs the event that it ends with and a later one that signs for it.
-- +goose StatementBegin
CREATE TRIGGER audit_checkpoints_are_signed BEFORE INSERT ON audit_checkpoints
WHEN NOT EXISTS (SELECT 1 FROM audit_events WHERE seq = NEW.seq AND hash = NEW.hash AND at = NEW.at)
    OR NOT EXISTS (SELECT 1 FROM audit_events
        WHERE seq = NEW.signed_by AND seq > NEW.seq AND target_type = 'audit_log' AND action = 'pruned')
BEGIN
    SELECT RAISE(ABORT, 'a checkpoint of the audit log needs the event that signs for it');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER audit_checkpoints_no_update BEFORE UPDATE ON audit_checkpoints
BEGIN
    SELECT RAISE(ABORT, 'checkpoints of the audit log are append-only');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER audit_checkpoints_no_delete BEFORE DELETE ON audit_checkpoints
BEGIN
    SELECT RAISE(ABORT, 'checkpoints of the audit log are append-only');
END;
-- +goose StatementEnd
