-- +goose Up

-- How many requests came with a token on a day, and how many of them were refused. Kept for 90 days.
CREATE TABLE use_days (
    day        BIGINT NOT NULL, -- days since 1970-01-01 UTC
    subject_id TEXT COLLATE "C" NOT NULL,   -- a token, or an organization for all of its tokens together
    requests   BIGINT NOT NULL,
    refusals   BIGINT NOT NULL, -- of the requests
    PRIMARY KEY (day, subject_id)
);
