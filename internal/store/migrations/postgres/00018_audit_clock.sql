-- +goose Up

-- What the clock of the server said when it wrote the event, in milliseconds since 1970. The column "at"
-- grows from event to event, so after a clock was set back it is ahead of the clock. Events from before
-- this migration have NULL, and their hashes do not cover the column. Others are hashed with it.
ALTER TABLE audit_events ADD COLUMN clock_at BIGINT;

-- The events whose time for people is that of the clock: see audit.Displacement.
CREATE INDEX audit_events_displaced ON audit_events (clock_at) WHERE at - clock_at > 5000;
