-- +goose Up

-- Addresses of other systems that are told of events.
CREATE TABLE webhooks (
    id              TEXT COLLATE "C" PRIMARY KEY,
    organization_id TEXT COLLATE "C" NOT NULL REFERENCES organizations (id),
    url             TEXT COLLATE "C" NOT NULL,
    events          TEXT COLLATE "C" NOT NULL, -- JSON list of types, sorted
    enabled         BOOLEAN NOT NULL,
    previous_until  BIGINT, -- when the previous secret stops signing; NULL: there is none
    created_by      TEXT COLLATE "C" NOT NULL DEFAULT '', -- member id
    created_by_name TEXT COLLATE "C" NOT NULL DEFAULT '',
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL,
    submission      TEXT COLLATE "C" NOT NULL DEFAULT '', -- one-time key of the form that made it
    rolled_by       TEXT COLLATE "C" NOT NULL DEFAULT '' -- one-time key of the form that rolled its secret last
);
CREATE INDEX webhooks_organization ON webhooks (organization_id, created_at);

-- The secrets that sign, encrypted with the installation's key: ["secret"], and ["previous"] after a roll.
CREATE TABLE webhook_secrets (
    webhook_id TEXT COLLATE "C" NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    number     BIGINT NOT NULL,
    path       TEXT COLLATE "C" NOT NULL,
    key_id     TEXT COLLATE "C" NOT NULL,
    sealed     BYTEA NOT NULL,
    PRIMARY KEY (webhook_id, number)
);

-- What is to be sent (next_at) and what was: outbox and log in one.
CREATE TABLE webhook_deliveries (
    id         TEXT COLLATE "C" PRIMARY KEY, -- the webhook-id of every try
    webhook_id TEXT COLLATE "C" NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    seq        BIGINT NOT NULL, -- 1, 2, 3 … of a webhook
    type       TEXT COLLATE "C" NOT NULL,
    body       TEXT COLLATE "C" NOT NULL, -- JSON, byte for byte as it is signed
    state      TEXT COLLATE "C" NOT NULL, -- waiting, delivered, failed
    created_at BIGINT NOT NULL,
    queued_at  BIGINT NOT NULL, -- since when it is tried
    next_at    BIGINT, -- when to try next; while it is being sent: when the claim ends; NULL: never
    claim      TEXT COLLATE "C" NOT NULL DEFAULT '', -- of the process that is sending it
    tries      BIGINT NOT NULL DEFAULT 0, -- since queued_at
    tried_at   BIGINT,
    status     BIGINT NOT NULL DEFAULT 0, -- of the latest answer; 0: none
    answer     TEXT COLLATE "C" NOT NULL DEFAULT '', -- the beginning of it
    problem    TEXT COLLATE "C" NOT NULL DEFAULT '', -- why the latest try failed
    duration   BIGINT NOT NULL DEFAULT 0 -- of the latest try, in milliseconds
);
CREATE UNIQUE INDEX webhook_deliveries_seq ON webhook_deliveries (webhook_id, seq);
CREATE INDEX webhook_deliveries_next ON webhook_deliveries (webhook_id, next_at) WHERE next_at IS NOT NULL;
