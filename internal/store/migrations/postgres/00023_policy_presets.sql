-- +goose Up

-- Starting points for policies that somebody saved. They grant nothing themselves, and name no resources:
-- grants is JSON, permission to extent ("all", "chosen", "chosen_and_future").
CREATE TABLE policy_presets (
    id              TEXT COLLATE "C" PRIMARY KEY,
    organization_id TEXT COLLATE "C" NOT NULL REFERENCES organizations (id),
    name            TEXT COLLATE "C" NOT NULL,
    grants          TEXT COLLATE "C" NOT NULL,
    created_by      TEXT COLLATE "C" NOT NULL, -- member id
    created_by_name TEXT COLLATE "C" NOT NULL,
    created_at      BIGINT NOT NULL
);
CREATE UNIQUE INDEX policy_presets_name ON policy_presets (organization_id, lower(name));
