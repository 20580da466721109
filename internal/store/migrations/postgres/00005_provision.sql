-- +goose Up

-- What an identity provider has written about members (SCIM). The member itself holds
-- e-mail, name, status and external id.
CREATE TABLE scim_users (
    member_id       TEXT COLLATE "C" PRIMARY KEY REFERENCES members (id) ON DELETE CASCADE,
    organization_id TEXT COLLATE "C" NOT NULL REFERENCES organizations (id),
    document        TEXT COLLATE "C" NOT NULL, -- JSON, as it was sent
    written_at      BIGINT NOT NULL,
    removed_at      BIGINT           -- the provider has deleted the user; the member stays, deactivated
);
CREATE INDEX scim_users_removed ON scim_users (organization_id, member_id) WHERE removed_at IS NOT NULL;

-- The searchable values of the documents, one row for each. Texts are in lower case where
-- letter case does not matter.
CREATE TABLE scim_values (
    member_id  TEXT COLLATE "C" NOT NULL REFERENCES scim_users (member_id) ON DELETE CASCADE,
    position   INTEGER NOT NULL,
    attribute  TEXT COLLATE "C" NOT NULL, -- canonical path: emails, name.givenName
    value      TEXT COLLATE "C" NOT NULL DEFAULT '',
    display    TEXT COLLATE "C" NOT NULL DEFAULT '',
    kind       TEXT COLLATE "C" NOT NULL DEFAULT '',
    is_primary BOOLEAN NOT NULL DEFAULT FALSE,
    PRIMARY KEY (member_id, position)
);
CREATE INDEX scim_values_value ON scim_values (attribute, value);

CREATE INDEX members_listed ON members (organization_id, id);
CREATE INDEX members_external ON members (organization_id, external_id);

-- The last provisioning requests and how they ended; old ones are dropped.
CREATE TABLE scim_requests (
    id              TEXT COLLATE "C" PRIMARY KEY,
    organization_id TEXT COLLATE "C" NOT NULL REFERENCES organizations (id),
    at              BIGINT  NOT NULL,
    token_id        TEXT COLLATE "C" NOT NULL,
    token_name      TEXT COLLATE "C" NOT NULL,
    method          TEXT COLLATE "C" NOT NULL,
    path            TEXT COLLATE "C" NOT NULL,
    subject         TEXT COLLATE "C" NOT NULL DEFAULT '',
    status          INTEGER NOT NULL,
    failed          BOOLEAN NOT NULL,
    problem         TEXT COLLATE "C" NOT NULL DEFAULT '',
    detail          TEXT COLLATE "C" NOT NULL DEFAULT '',
    ip              TEXT COLLATE "C" NOT NULL DEFAULT ''
);
CREATE INDEX scim_requests_newest ON scim_requests (organization_id, failed, at, id);
