-- +goose Up

-- SAML 2.0 beside OpenID Connect: identity_providers.kind is 'saml' then, issuer the provider's entity ID, and
-- client_id empty.
ALTER TABLE identity_providers ADD COLUMN metadata_url TEXT COLLATE "C" NOT NULL DEFAULT ''; -- empty: it was pasted
ALTER TABLE identity_providers ADD COLUMN metadata TEXT COLLATE "C" NOT NULL DEFAULT ''; -- JSON object: what of it is used
ALTER TABLE identity_providers ADD COLUMN metadata_at BIGINT; -- when it was read
ALTER TABLE identity_providers ADD COLUMN metadata_problem TEXT COLLATE "C" NOT NULL DEFAULT ''; -- why it could not be read since
ALTER TABLE identity_providers ADD COLUMN subject_attribute TEXT COLLATE "C" NOT NULL DEFAULT ''; -- empty: the NameID

-- Requests that providers answer across sites, each once.
CREATE TABLE provider_requests (
    id          TEXT COLLATE "C" PRIMARY KEY,
    provider_id TEXT COLLATE "C" NOT NULL REFERENCES identity_providers (id) ON DELETE CASCADE,
    browser     BYTEA NOT NULL, -- digest of the secret of the browser that began
    next_path   TEXT COLLATE "C" NOT NULL, -- to open afterwards
    session_id  TEXT COLLATE "C" NOT NULL, -- of the Admin who tries the provider; empty for a real sign-in
    form        TEXT COLLATE "C" NOT NULL, -- that goes on after the person has proven again who they are; empty otherwise
    proof       TEXT COLLATE "C" NOT NULL DEFAULT '', -- JSON object: what the answer said; empty until it came
    made_at     BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL
);
CREATE INDEX provider_requests_end ON provider_requests (expires_at);
