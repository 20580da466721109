-- +goose Up

-- The search index of the audit log in blocks of 65536 numbers, as compressed sets in the format of
-- Roaring bitmaps. It is not converted: the server builds it from the events in the background,
-- and searches read those that are not indexed yet.
DROP TABLE audit_index;
DROP TABLE audit_blocks;

-- Which events of a block have a term ("actor:ID", "text:b:ada" …).
CREATE TABLE audit_index (
    block           BIGINT NOT NULL, -- seq / 65536 of the events
    organization_id TEXT   NOT NULL,
    term            TEXT   NOT NULL,
    events          BLOB   NOT NULL,
    PRIMARY KEY (block, organization_id, term)
) WITHOUT ROWID;

-- From which to which event the rows of a block are complete.
CREATE TABLE audit_blocks (
    block BIGINT PRIMARY KEY,
    low   BIGINT NOT NULL,
    high  BIGINT NOT NULL
);
