-- +goose Up

-- When and from where tokens were used last. Apart from the tokens, whose rows are wide and
-- seldom change: this is written for thousands of tokens at a time, all day long. No foreign
-- key: a use of a token whose row is gone must not make its whole batch fail.
CREATE TABLE token_uses (
    token_id       TEXT COLLATE "C" PRIMARY KEY,
    last_used_at   BIGINT NOT NULL,
    last_used_from TEXT COLLATE "C" NOT NULL -- JSON: the last five addresses with times
);
INSERT INTO token_uses (token_id, last_used_at, last_used_from)
    SELECT id, last_used_at, last_used_from FROM tokens WHERE last_used_at IS NOT NULL;
ALTER TABLE tokens DROP COLUMN last_used_at;
ALTER TABLE tokens DROP COLUMN last_used_from;

-- Which tokens have expired lately is asked every minute.
CREATE INDEX tokens_expires_at ON tokens (expires_at) WHERE deleted_at IS NULL AND expires_at IS NOT NULL;
