-- +goose Up

-- The secrets of resources' configurations, encrypted with a key that is not in the database.
-- What is still plain in resources.config is sealed when a server starts.
CREATE TABLE resource_secrets (
    resource_id TEXT   NOT NULL REFERENCES resources (id) ON DELETE CASCADE,
    part        TEXT   NOT NULL, -- which configuration: 'config', or 'tracking_plan' of a source's link
    number      BIGINT NOT NULL, -- 1, 2, 3 … in the order of path, which may be too long for an index
    path        TEXT   NOT NULL, -- where in the configuration, a JSON list: ["hosts",0,"password"]
    key_id      TEXT   NOT NULL, -- of the key that opens it
    sealed      BLOB   NOT NULL, -- bound to resource_id, part and path
    PRIMARY KEY (resource_id, part, number)
) WITHOUT ROWID;

-- The key that the installation uses: one row, which the first start adds.
CREATE TABLE sealing (
    only_row BIGINT  PRIMARY KEY CHECK (only_row = 1),
    key_id   TEXT    NOT NULL,
    traces   BOOLEAN NOT NULL DEFAULT FALSE -- whether unused parts of the database may hold what was sealed since
);
