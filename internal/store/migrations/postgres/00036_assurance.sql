-- +goose Up

-- How a session was proven (password, factor: password and a second factor, provider), and when last. Sessions of members
-- with a second factor began with it. Of those that an identity provider vouched for that is not known here: they count
-- as proven by a password until the next sign-in.
ALTER TABLE sessions ADD COLUMN proven_by TEXT COLLATE "C" NOT NULL DEFAULT 'password';
ALTER TABLE sessions ADD COLUMN proven_at BIGINT NOT NULL DEFAULT 0;
UPDATE sessions SET proven_at = created_at, proven_by = CASE WHEN EXISTS (SELECT 1 FROM factors f
    WHERE f.member_id = sessions.member_id AND f.confirmed_at IS NOT NULL) THEN 'factor' ELSE 'password' END;

-- Who needs a second factor (admins, everyone; empty: nobody), and from when on.
ALTER TABLE sign_in_settings ADD COLUMN factor_rule TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE sign_in_settings ADD COLUMN factor_from BIGINT NOT NULL DEFAULT 0;

-- Forms that wait until their sender has proven again who they are.
CREATE TABLE held_forms (
    digest     BYTEA   PRIMARY KEY, -- SHA-256 of the name by which the page knows it
    session_id TEXT COLLATE "C" NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    path       TEXT COLLATE "C" NOT NULL, -- where it was sent, with the query
    act        TEXT COLLATE "C" NOT NULL, -- what it does, in words
    key_id     TEXT COLLATE "C" NOT NULL,
    sealed     BYTEA   NOT NULL, -- the body, encrypted with the installation's key
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX held_forms_session ON held_forms (session_id, created_at);
