-- +goose Up

-- Heads of the audit log, signed with a key that the database does not hold. Each says that the
-- chain led to an event with a hash, so nobody without the key can rewrite the chain.
CREATE TABLE audit_heads (
    number    BIGINT PRIMARY KEY, -- 1, 2, 3 … in the order of signing
    seq       BIGINT NOT NULL,
    hash      BYTEA  NOT NULL,
    at        BIGINT NOT NULL,
    key_id    TEXT COLLATE "C" NOT NULL,
    next_key  BYTEA, -- the public key that replaces this one from here on
    signature BYTEA  NOT NULL,
    UNIQUE (key_id, seq)
);

CREATE TRIGGER audit_heads_no_update BEFORE UPDATE ON audit_heads
    FOR EACH ROW EXECUTE FUNCTION refuse_change('signed heads of the audit log are append-only');

CREATE TRIGGER audit_heads_no_truncate BEFORE TRUNCATE ON audit_heads
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('signed heads of the audit log are append-only');

-- Heads may be deleted with the events that were pruned. Those that name the next key stay.
-- +goose StatementBegin
CREATE FUNCTION refuse_unpruned_head() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.next_key IS NOT NULL OR OLD.seq > coalesce((SELECT max(seq) FROM audit_checkpoints), 0) THEN
        RAISE EXCEPTION 'signed heads of the audit log are append-only';
    END IF;
    RETURN OLD;
END $$;
-- +goose StatementEnd

CREATE TRIGGER audit_heads_no_delete BEFORE DELETE ON audit_heads
    FOR EACH ROW EXECUTE FUNCTION refuse_unpruned_head();
