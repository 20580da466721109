-- +goose Up

-- How many days before its end an organization warns of a token. Without a row in warning_looks nobody has
-- looked or chosen yet, and the default holds.
CREATE TABLE warning_days (
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    days            BIGINT NOT NULL,
    chosen_at       BIGINT NOT NULL, -- what was due before is not made up for
    PRIMARY KEY (organization_id, days)
);

-- When the server looked for ends that are near.
CREATE TABLE warning_looks (
    organization_id TEXT PRIMARY KEY REFERENCES organizations (id),
    looked_at       BIGINT -- NULL: never
);

-- The ends of tokens, and about what was warned. A token with another end has another row. Triggers add the rows,
-- so what changes an end need not think of it.
CREATE TABLE token_ends (
    token_id        TEXT NOT NULL,
    ends_at         BIGINT NOT NULL,
    organization_id TEXT NOT NULL,
    seen_at         BIGINT, -- since when the token has this end; what was due before is not made up for; NULL: not known yet
    warned          BIGINT NOT NULL DEFAULT 0, -- the fewest days before the end of a warning; 0: none yet
    warned_at       BIGINT,
    next_at         BIGINT, -- when to look at it, 0: at once; NULL: not any more
    PRIMARY KEY (token_id, ends_at)
) WITHOUT ROWID;
CREATE INDEX token_ends_next ON token_ends (next_at) WHERE next_at IS NOT NULL;

INSERT INTO token_ends (token_id, ends_at, organization_id, next_at)
    SELECT t.id, t.expires_at, t.organization_id, 0 FROM tokens t WHERE t.expires_at IS NOT NULL AND t.deleted_at IS NULL;

-- Mails of warnings: what is to be sent (next_at) and what was.
CREATE TABLE warning_mails (
    id              TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL,
    token_id        TEXT NOT NULL,
    ends_at         BIGINT NOT NULL,
    days            BIGINT NOT NULL,
    email           TEXT NOT NULL,
    member_id       TEXT NOT NULL DEFAULT '', -- empty for a contact
    reason          TEXT NOT NULL, -- owner, contact, maker, admin
    queued_at       BIGINT NOT NULL,
    next_at         BIGINT, -- when to try next; while it is being sent: when the claim ends; NULL: never
    claim           TEXT NOT NULL DEFAULT '', -- of the process that is sending it
    tries           BIGINT NOT NULL DEFAULT 0,
    sent_at         BIGINT, -- NULL: not sent
    problem         TEXT NOT NULL DEFAULT '' -- why it was given up
);
CREATE UNIQUE INDEX warning_mails_once ON warning_mails (token_id, ends_at, days, email);
CREATE INDEX warning_mails_next ON warning_mails (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX warning_mails_email ON warning_mails (email, next_at) WHERE next_at IS NOT NULL;

-- Who is warned of a service token.
CREATE TABLE token_contacts (
    token_id TEXT NOT NULL,
    number   BIGINT NOT NULL, -- 1, 2, 3 …
    email    TEXT NOT NULL,
    PRIMARY KEY (token_id, number)
) WITHOUT ROWID;

-- The private calendar address of a member: at most one for each. Only the digest of its secret is here.
CREATE TABLE calendars (
    member_id  TEXT PRIMARY KEY REFERENCES members (id) ON DELETE CASCADE,
    digest     BLOB NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    submission TEXT NOT NULL -- one-time key of the form that made it
);

-- +goose StatementBegin
CREATE TRIGGER token_ends_insert AFTER INSERT ON tokens
WHEN NEW.expires_at IS NOT NULL
BEGIN
    INSERT INTO token_ends (token_id, ends_at, organization_id, next_at) VALUES (NEW.id, NEW.expires_at, NEW.organization_id, 0)
        ON CONFLICT (token_id, ends_at) DO UPDATE SET next_at = 0;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER token_ends_update AFTER UPDATE OF expires_at ON tokens
WHEN NEW.expires_at IS NOT NULL AND NEW.expires_at IS NOT OLD.expires_at
BEGIN
    INSERT INTO token_ends (token_id, ends_at, organization_id, next_at) VALUES (NEW.id, NEW.expires_at, NEW.organization_id, 0)
        ON CONFLICT (token_id, ends_at) DO UPDATE SET next_at = 0;
END;
-- +goose StatementEnd
