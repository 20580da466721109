-- +goose Up

DROP INDEX audit_events_organization;
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
    hash BYTEA  NOT NULL
);
INSERT INTO audit_head (id, seq, at, hash) VALUES (1,
    coalesce((SELECT max(seq) FROM audit_events), 0),
    coalesce((SELECT at FROM audit_events ORDER BY seq DESC LIMIT 1), 0),
    coalesce((SELECT hash FROM audit_events ORDER BY seq DESC LIMIT 1), decode(repeat('00', 32), 'hex')));

-- Which events have a term ("actor:ID", "text:b:ada" …), as offsets or bits per block of
-- numbers. The rows of a block are written once and lie together. All of it can be made anew
-- from the events at any time.
CREATE TABLE audit_index (
    size            BIGINT NOT NULL,
    first           BIGINT NOT NULL,
    organization_id TEXT COLLATE "C" NOT NULL,
    term            TEXT COLLATE "C" NOT NULL, -- searched by ranges of bytes
    bits            BYTEA  NOT NULL,
    PRIMARY KEY (size, first, organization_id, term)
);

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
    hash      BYTEA  NOT NULL,
    signed_by BIGINT NOT NULL, -- seq of the event
    signed_at BIGINT NOT NULL
);

DROP TRIGGER audit_events_no_delete ON audit_events;

-- +goose StatementBegin
CREATE FUNCTION refuse_unpruned_delete() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.seq > coalesce((SELECT max(seq) FROM audit_checkpoints), 0) THEN
        RAISE EXCEPTION 'the audit log is append-only';
    END IF;
    RETURN OLD;
END $$;
-- +goose StatementEnd

CREATE TRIGGER audit_events_no_delete BEFORE DELETE ON audit_events
    FOR EACH ROW EXECUTE FUNCTION refuse_unpruned_delete();

-- A checkpoint needs the event that it ends with and a later one that signs for it.
-- +goose StatementBegin
CREATE FUNCTION require_signature() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM audit_events WHERE seq = NEW.seq AND hash = NEW.hash AND at = NEW.at)
        OR NOT EXISTS (SELECT 1 FROM audit_events
            WHERE seq = NEW.signed_by AND seq > NEW.seq AND target_type = 'audit_log' AND action = 'pruned') THEN
        RAISE EXCEPTION 'a checkpoint of the audit log needs the event that signs for it';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd

CREATE TRIGGER audit_checkpoints_are_signed BEFORE INSERT ON audit_checkpoints
    FOR EACH ROW EXECUTE FUNCTION require_signature();

CREATE TRIGGER audit_checkpoints_no_change BEFORE UPDATE OR DELETE ON audit_checkpoints
    FOR EACH ROW EXECUTE FUNCTION refuse_change('checkpoints of the audit log are append-only');

CREATE TRIGGER audit_checkpoints_no_truncate BEFORE TRUNCATE ON audit_checkpoints
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('checkpoints of the audit log are append-only');
