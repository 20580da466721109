-- +goose Up

-- Resource servers that may ask what a presented token is good for (RFC 7662). Their
-- secrets are kept as SHA-256 digests only. A deleted client leaves no row: its id and
-- secret are unknown from then on, and the audit log names it.
CREATE TABLE api_clients (
    id              TEXT COLLATE "C" PRIMARY KEY,
    organization_id TEXT COLLATE "C" NOT NULL REFERENCES organizations (id),
    name            TEXT COLLATE "C" NOT NULL,
    digest          BYTEA NOT NULL,
    hint            TEXT COLLATE "C" NOT NULL, -- the last four characters of the secret
    created_by      TEXT COLLATE "C" NOT NULL DEFAULT '', -- member id
    created_by_name TEXT COLLATE "C" NOT NULL DEFAULT '',
    created_at      BIGINT NOT NULL,
    submission      TEXT COLLATE "C" NOT NULL DEFAULT '' -- one-time key of the form that made it
);
CREATE UNIQUE INDEX api_clients_name ON api_clients (organization_id, lower(name));
CREATE UNIQUE INDEX api_clients_submission ON api_clients (created_by, submission) WHERE submission <> '';
