-- +goose Up

-- From where requests of visitors who are not signed in came; empty for others. One network cannot push out the
-- requests of everybody else.
ALTER TABLE provider_requests ADD COLUMN network TEXT COLLATE "C" NOT NULL DEFAULT '';
CREATE INDEX provider_requests_network ON provider_requests (network, expires_at);
CREATE INDEX provider_requests_session ON provider_requests (session_id, expires_at);
