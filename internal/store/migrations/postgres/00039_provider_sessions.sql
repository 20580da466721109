-- +goose Up

-- The sessions that a provider vouched for.
CREATE TABLE provider_sessions (
    session_id  TEXT COLLATE "C" PRIMARY KEY REFERENCES sessions (id) ON DELETE CASCADE,
    provider_id TEXT COLLATE "C" NOT NULL REFERENCES identity_providers (id) ON DELETE CASCADE,
    subject     TEXT COLLATE "C" NOT NULL,
    sid         TEXT COLLATE "C" NOT NULL DEFAULT '', -- the provider's id of its own session
    proven_at   BIGINT, -- when the person proved who they are at the provider; NULL: it did not say
    key_id      TEXT COLLATE "C" NOT NULL DEFAULT '',
    id_token    BYTEA -- encrypted; ends the session at the provider; NULL: none
);
CREATE INDEX provider_sessions_subject ON provider_sessions (provider_id, subject);

-- Digests of answers and of logout tokens that were used, until they would be refused anyway.
CREATE TABLE provider_answers (
    digest     BYTEA PRIMARY KEY,
    expires_at BIGINT NOT NULL
);
CREATE INDEX provider_answers_end ON provider_answers (expires_at);

-- What failed, for Admins who are told the code. No secrets.
CREATE TABLE provider_failures (
    code        TEXT COLLATE "C" PRIMARY KEY,
    provider_id TEXT COLLATE "C" NOT NULL REFERENCES identity_providers (id) ON DELETE CASCADE,
    created_at  BIGINT NOT NULL,
    failed      TEXT COLLATE "C" NOT NULL, -- name of the check
    reason      TEXT COLLATE "C" NOT NULL,
    checks      TEXT COLLATE "C" NOT NULL, -- JSON list
    claims      TEXT COLLATE "C" NOT NULL -- JSON object
);
CREATE INDEX provider_failures_time ON provider_failures (provider_id, created_at);
