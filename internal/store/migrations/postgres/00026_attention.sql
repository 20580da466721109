-- +goose Up

-- The tokens that work and that nobody has used for long, noted every hour: to find them, every token and
-- its last use must be read. Readers look again, because a token may have been used since.
CREATE TABLE idle_tokens (
    token_id        TEXT COLLATE "C" PRIMARY KEY,
    organization_id TEXT COLLATE "C" NOT NULL,
    owner_id        TEXT COLLATE "C" NOT NULL,  -- empty for a service token
    idle_since      BIGINT NOT NULL -- its last use, or its creation
);
CREATE INDEX idle_tokens_organization ON idle_tokens (organization_id, idle_since, token_id);
CREATE INDEX idle_tokens_owner ON idle_tokens (owner_id, idle_since, token_id) WHERE owner_id <> '';

-- Few tokens are refused on a day. The day is an expression so that a query can ask for this index: with
-- the column alone, SQLite reads all rows of the day by the primary key.
CREATE INDEX use_days_refused ON use_days ((day + 0), subject_id, refusals) WHERE refusals > 0;

-- A subject may also be a member, for all of their personal tokens together.
INSERT INTO use_days (day, subject_id, requests, refusals)
    SELECT d.day, t.owner_id, CAST(sum(d.requests) AS BIGINT), CAST(sum(d.refusals) AS BIGINT)
    FROM use_days d JOIN tokens t ON t.id = d.subject_id WHERE t.owner_id <> '' GROUP BY d.day, t.owner_id;
