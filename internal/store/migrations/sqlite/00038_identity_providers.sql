-- +goose Up

-- Where people of the organization sign in besides passwords.
CREATE TABLE identity_providers (
    id              TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    kind            TEXT NOT NULL, -- the protocol: oidc
    preset          TEXT NOT NULL,
    name            TEXT NOT NULL,
    issuer          TEXT NOT NULL,
    client_id       TEXT NOT NULL,
    enabled         BOOLEAN NOT NULL,
    domains         TEXT NOT NULL, -- JSON list, sorted
    new_members     TEXT NOT NULL, -- refuse, add, wait
    groups_claim    TEXT NOT NULL DEFAULT '',
    group_table     TEXT NOT NULL DEFAULT '[]', -- JSON list of {"value", "group"}
    admin_group     TEXT NOT NULL DEFAULT '',
    admin_again     BOOLEAN NOT NULL DEFAULT FALSE,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL,
    submission      TEXT NOT NULL DEFAULT '' -- one-time key of the form that made it
);
-- An identity is an issuer and a subject, so an issuer is there once.
CREATE UNIQUE INDEX identity_providers_issuer ON identity_providers (organization_id, issuer);

-- The client secrets, encrypted with the installation's key: ["client_secret"].
CREATE TABLE identity_provider_secrets (
    provider_id TEXT NOT NULL REFERENCES identity_providers (id) ON DELETE CASCADE,
    path        TEXT NOT NULL,
    key_id      TEXT NOT NULL,
    sealed      BLOB NOT NULL,
    PRIMARY KEY (provider_id, path)
);

-- Who is who: a subject of a provider is a member.
CREATE TABLE identities (
    provider_id  TEXT NOT NULL REFERENCES identity_providers (id) ON DELETE CASCADE,
    issuer       TEXT NOT NULL, -- as it was when the link was made
    subject      TEXT NOT NULL,
    member_id    TEXT NOT NULL REFERENCES members (id) ON DELETE CASCADE,
    email        TEXT NOT NULL, -- as the provider said it last
    created_at   BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    demoted_at   BIGINT, -- when the provider's groups last took the role Admin away
    PRIMARY KEY (provider_id, subject)
);
CREATE UNIQUE INDEX identities_member ON identities (provider_id, member_id);
CREATE INDEX identities_of_member ON identities (member_id);
