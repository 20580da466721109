-- +goose Up

-- The passkeys among the factors: what a browser said when it made one, and what it said last.
CREATE TABLE passkeys (
    factor_id     TEXT    PRIMARY KEY REFERENCES factors (id) ON DELETE CASCADE,
    credential    BLOB    NOT NULL UNIQUE, -- the id that the authenticator gave it
    public_key    BLOB    NOT NULL, -- COSE (RFC 9052)
    party         TEXT    NOT NULL, -- host of the server for which it was made; it works for no other
    sign_count    BIGINT  NOT NULL, -- 0: the authenticator does not count
    may_be_copied BOOLEAN NOT NULL, -- the flag "backup eligible", which never changes
    is_copied     BOOLEAN NOT NULL, -- the flag "backup state", as of the last use
    transports    TEXT    NOT NULL -- JSON list: how browsers reach the authenticator
);

-- By what authenticators know members: random, so that it tells nothing.
CREATE TABLE passkey_users (
    member_id TEXT PRIMARY KEY REFERENCES members (id) ON DELETE CASCADE,
    handle    BLOB NOT NULL UNIQUE
);

-- Questions to passkeys that wait for their answer.
CREATE TABLE passkey_challenges (
    digest     BLOB   PRIMARY KEY, -- of what it is for, and of the session or the cookie that may answer it
    challenge  BLOB   NOT NULL,
    member_id  TEXT   REFERENCES members (id) ON DELETE CASCADE,
    network    TEXT   NOT NULL, -- from where it was asked for by a visitor who is not signed in; else empty
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX passkey_challenges_member ON passkey_challenges (member_id, created_at);
CREATE INDEX passkey_challenges_network ON passkey_challenges (network, created_at);
CREATE INDEX passkey_challenges_expiry ON passkey_challenges (expires_at);
