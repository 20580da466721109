-- +goose Up

-- Domains whose people must sign in with a provider.
CREATE TABLE required_domains (
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    domain          TEXT NOT NULL, -- of email addresses, lower case
    provider_id     TEXT NOT NULL REFERENCES identity_providers (id),
    made_at         BIGINT NOT NULL,
    PRIMARY KEY (organization_id, domain)
);
CREATE INDEX required_domains_provider ON required_domains (provider_id);

-- When an Admin last tried a provider with success.
CREATE TABLE provider_trials (
    provider_id TEXT NOT NULL REFERENCES identity_providers (id) ON DELETE CASCADE,
    member_id   TEXT NOT NULL REFERENCES members (id) ON DELETE CASCADE,
    passed_at   BIGINT NOT NULL,
    PRIMARY KEY (provider_id, member_id)
);
CREATE INDEX provider_trials_member ON provider_trials (member_id);
