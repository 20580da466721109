-- +goose Up

-- Searches find a token by the hint of a previous secret that still works.
CREATE INDEX token_secrets_hint ON token_secrets (hint) WHERE ended_at IS NULL AND ends_at IS NOT NULL;
