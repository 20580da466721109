-- +goose Up

-- The rules for the tokens of an organization. Without a row, nothing is forbidden.
CREATE TABLE token_rules (
    organization_id TEXT COLLATE "C" PRIMARY KEY REFERENCES organizations (id),
    body            TEXT COLLATE "C" NOT NULL, -- token.Rules as canonical JSON
    revision        BIGINT NOT NULL, -- grows with each change
    sweep           TEXT COLLATE "C" NOT NULL DEFAULT '' -- what is still to be done with tokens that break them, as JSON
);

-- The service tokens that have no allowed addresses, which a rule may require.
CREATE INDEX tokens_anywhere ON tokens (organization_id, created_at, id)
    WHERE deleted_at IS NULL AND kind <> 'personal' AND addresses = '';

-- When the server looked for unused tokens last, and the gaps between earlier looks.
CREATE TABLE unused_looks (
    organization_id TEXT COLLATE "C" PRIMARY KEY REFERENCES organizations (id),
    looked_at       BIGINT NOT NULL,
    gaps            TEXT COLLATE "C" NOT NULL DEFAULT '[]'
);

-- The tokens of which it was warned that they are suspended because nobody uses them.
CREATE TABLE unused_notices (
    token_id        TEXT COLLATE "C" PRIMARY KEY,
    organization_id TEXT COLLATE "C" NOT NULL,
    idle_since      BIGINT NOT NULL, -- the last use, or the creation; another one ends the notice
    noticed_at      BIGINT NOT NULL
);
CREATE INDEX unused_notices_organization ON unused_notices (organization_id, token_id);
