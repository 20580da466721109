-- +goose Up

-- Heads of the audit log, signed with a key that the database does not hold. Each says that the
-- chain led to an event with a hash, so nobody without the key can rewrite the chain.
CREATE TABLE audit_heads (
    number    INTEGER PRIMARY KEY, -- 1, 2, 3 … in the order of signing
    seq       BIGINT  NOT NULL,
    hash      BLOB    NOT NULL,
    at        BIGINT  NOT NULL,
    key_id    TEXT    NOT NULL,
    next_key  BLOB, -- the public key that replaces this one from here on
    signature BLOB    NOT NULL,
    UNIQUE (key_id, seq)
);

-- +goose StatementBegin
CREATE TRIGGER audit_heads_no_update BEFORE UPDATE ON audit_heads
BEGIN
    SELECT RAISE(ABORT, 'signed heads of the audit log are append-only');
END;
-- +goose StatementEnd

-- Heads may be deleted with the events that were pruned. Those that name the next key stay.
-- +goose StatementBegin
CREATE TRIGGER audit_heads_no_delete BEFORE DELETE ON audit_heads
WHEN OLD.next_key IS NOT NULL OR OLD.seq > coalesce((SELECT max(seq) FROM audit_checkpoints), 0)
BEGIN
    SELECT RAISE(ABORT, 'signed heads of the audit log are append-only');
END;
-- +goose StatementEnd

-- REPLACE deletes what stands in the way without asking the triggers about deletion.
-- +goose StatementBegin
CREATE TRIGGER audit_heads_no_replace BEFORE INSERT ON audit_heads
WHEN EXISTS (SELECT 1 FROM audit_heads WHERE number = NEW.number OR (key_id = NEW.key_id AND seq = NEW.seq))
BEGIN
    SELECT RAISE(ABORT, 'signed heads of the audit log are append-only');
END;
-- +goose StatementEnd
