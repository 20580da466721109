-- +goose Up

-- The link with which a member may set a new password: at most one for each. Only the digest of its
-- secret is here. It is deleted when it is used, and when the password changes in another way.
CREATE TABLE recoveries (
    member_id  TEXT   PRIMARY KEY REFERENCES members (id) ON DELETE CASCADE,
    digest     BLOB   NOT NULL UNIQUE,
    made_by    TEXT   NOT NULL, -- the Admin; empty: the command line, or somebody who forgot the password
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX recoveries_made_by ON recoveries (made_by);
