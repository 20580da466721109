-- +goose Up

-- Providers ask more often than they change: what changed last is found without a walk over
-- all that was asked in between.
CREATE INDEX audit_events_changes ON audit_events (seq) WHERE target_type <> 'scim_request';
