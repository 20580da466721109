-- +goose Up

-- What the public API says about resources beyond their name. settings that only one type
-- has are empty for the others.
ALTER TABLE resources ADD COLUMN description TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE resources ADD COLUMN external_id TEXT COLLATE "C" NOT NULL DEFAULT ''; -- given once by a client that manages the resource
ALTER TABLE resources ADD COLUMN write_key TEXT COLLATE "C" NOT NULL DEFAULT ''; -- sources: names them to those who send events
ALTER TABLE resources ADD COLUMN version BIGINT NOT NULL DEFAULT 1; -- destinations: of the definition; tracking plans: counts changes
ALTER TABLE resources ADD COLUMN geo_enrichment BOOLEAN; -- sources: NULL until somebody says so
ALTER TABLE resources ADD COLUMN transient BOOLEAN;      -- sources: NULL until somebody says so
ALTER TABLE resources ADD COLUMN shown_version TEXT COLLATE "C" NOT NULL DEFAULT ''; -- transformations, libraries: script_versions.id
ALTER TABLE resources ADD COLUMN published BOOLEAN NOT NULL DEFAULT FALSE; -- whether shown_version is the published one
ALTER TABLE resources ADD COLUMN created_by TEXT COLLATE "C" NOT NULL DEFAULT '';
CREATE UNIQUE INDEX resources_external_id ON resources (workspace_id, type, external_id) WHERE external_id <> '';
CREATE UNIQUE INDEX resources_write_key ON resources (write_key) WHERE write_key <> '';

ALTER TABLE connections ADD COLUMN external_id TEXT COLLATE "C" NOT NULL DEFAULT '';
CREATE UNIQUE INDEX connections_external_id ON connections (workspace_id, external_id) WHERE external_id <> '';
CREATE INDEX connections_destination ON connections (destination_id);

-- Every saved text of a transformation or a library. Rows never change but for published_at.
CREATE TABLE script_versions (
    id           TEXT COLLATE "C" PRIMARY KEY,
    resource_id  TEXT COLLATE "C" NOT NULL REFERENCES resources (id) ON DELETE CASCADE,
    number       BIGINT NOT NULL, -- 1, 2, 3 … per resource
    name         TEXT COLLATE "C" NOT NULL,
    description  TEXT COLLATE "C" NOT NULL DEFAULT '',
    language     TEXT COLLATE "C" NOT NULL,
    code         TEXT COLLATE "C" NOT NULL,
    created_at   BIGINT NOT NULL,
    created_by   TEXT COLLATE "C" NOT NULL DEFAULT '',
    published_at BIGINT
);
CREATE UNIQUE INDEX script_versions_number ON script_versions (resource_id, number);

-- A destination has at most one transformation.
CREATE TABLE destination_transformations (
    destination_id    TEXT COLLATE "C" PRIMARY KEY REFERENCES resources (id) ON DELETE CASCADE,
    transformation_id TEXT COLLATE "C" NOT NULL REFERENCES resources (id) ON DELETE CASCADE,
    created_at        BIGINT NOT NULL,
    updated_at        BIGINT NOT NULL
);
CREATE INDEX destination_transformations_transformation ON destination_transformations (transformation_id);

-- A source follows at most one tracking plan.
CREATE TABLE source_tracking_plans (
    source_id        TEXT COLLATE "C" PRIMARY KEY REFERENCES resources (id) ON DELETE CASCADE,
    tracking_plan_id TEXT COLLATE "C" NOT NULL REFERENCES resources (id) ON DELETE CASCADE,
    config           TEXT COLLATE "C" NOT NULL DEFAULT '{}', -- JSON, as it came
    created_at       BIGINT NOT NULL,
    updated_at       BIGINT NOT NULL
);
CREATE INDEX source_tracking_plans_plan ON source_tracking_plans (tracking_plan_id);
