-- +goose Up

-- The secrets of tokens that were rotated, the current one included. The row of the token has the current
-- secret and its end, so a token that was never rotated has no row here. Rows stay like deleted tokens, so
-- that each digest is still recognized.
CREATE TABLE token_secrets (
    digest         BLOB    PRIMARY KEY, -- SHA-256 of the whole secret
    token_id       TEXT    NOT NULL,
    hint           TEXT    NOT NULL,
    legacy         BOOLEAN NOT NULL,
    made_at        BIGINT  NOT NULL,
    first_used_at  BIGINT, -- noted before the first use is accepted
    own_end_at     BIGINT, -- when a previous one would have expired without the rotation; NULL for never
    ends_at        BIGINT, -- when a previous one ends; NULL for the current one
    ended_at       BIGINT, -- when somebody ended a previous one before that
    last_used_at   BIGINT, -- since it has a row here
    last_used_from TEXT    NOT NULL DEFAULT '[]' -- JSON: the last addresses with times and user agents
);
CREATE INDEX token_secrets_token ON token_secrets (token_id, made_at);

-- A server that starts reads the few that are previous and may still work, or were never used.
CREATE INDEX token_secrets_live ON token_secrets (token_id) WHERE ended_at IS NULL AND ends_at IS NOT NULL;
CREATE INDEX token_secrets_unused ON token_secrets (token_id) WHERE first_used_at IS NULL AND ends_at IS NULL;

-- How often the two secrets of a token were used while both worked, in parts of an hour.
CREATE TABLE token_secret_uses (
    digest   BLOB   NOT NULL,
    slot     BIGINT NOT NULL, -- five minutes each, since 1970
    requests BIGINT NOT NULL,
    PRIMARY KEY (digest, slot)
) WITHOUT ROWID;
