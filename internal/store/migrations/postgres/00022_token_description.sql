-- +goose Up

-- What people say of a token.
ALTER TABLE tokens ADD COLUMN description TEXT COLLATE "C" NOT NULL DEFAULT '';
