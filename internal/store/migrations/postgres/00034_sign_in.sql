-- +goose Up

-- What Admins chose about how members sign in. An organization without a row has chosen nothing.
CREATE TABLE sign_in_settings (
    organization_id TEXT COLLATE "C" PRIMARY KEY REFERENCES organizations (id) ON DELETE CASCADE,
    muted           TEXT COLLATE "C" NOT NULL, -- JSON list of the alerts that are not mailed
    updated_at      BIGINT NOT NULL
);

-- The browsers with which a member has signed in. The digest is of a secret in the browser's cookie and of
-- the member, so two members with one browser have different ones.
CREATE TABLE browsers (
    member_id    TEXT COLLATE "C" NOT NULL REFERENCES members (id) ON DELETE CASCADE,
    digest       BYTEA  NOT NULL,
    signed_in_at BIGINT NOT NULL, -- last
    PRIMARY KEY (member_id, digest)
);
