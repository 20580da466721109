-- +goose Up

-- What proves who signs in besides the password. It counts once it is confirmed.
CREATE TABLE factors (
    id           TEXT   PRIMARY KEY,
    member_id    TEXT   NOT NULL REFERENCES members (id) ON DELETE CASCADE,
    kind         TEXT   NOT NULL, -- code: an authenticator app
    name         TEXT   NOT NULL,
    last_step    BIGINT NOT NULL DEFAULT 0, -- of 30 seconds since 1970: the last one whose code was accepted
    created_at   BIGINT NOT NULL,
    confirmed_at BIGINT,
    last_used_at BIGINT
);
CREATE INDEX factors_member ON factors (member_id, created_at);

-- The secrets of authenticator apps, encrypted with the installation's key. A factor without one accepts nothing.
CREATE TABLE factor_secrets (
    factor_id TEXT PRIMARY KEY REFERENCES factors (id) ON DELETE CASCADE,
    path      TEXT NOT NULL,
    key_id    TEXT NOT NULL,
    sealed    BLOB NOT NULL
);

-- The recovery codes that were not used: digests of code and member.
CREATE TABLE recovery_codes (
    member_id TEXT NOT NULL REFERENCES members (id) ON DELETE CASCADE,
    digest    BLOB NOT NULL,
    PRIMARY KEY (member_id, digest)
);

-- Sign-ins with the right password that wait for the second factor. They are no sessions.
CREATE TABLE pending_sign_ins (
    digest     BLOB   PRIMARY KEY, -- SHA-256 of the secret in the browser's cookie
    member_id  TEXT   NOT NULL REFERENCES members (id) ON DELETE CASCADE,
    misses     BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX pending_sign_ins_member ON pending_sign_ins (member_id);

-- Whether a link that sets a password also removes the member's second factors.
ALTER TABLE recoveries ADD COLUMN clears_factors BOOLEAN NOT NULL DEFAULT FALSE;
