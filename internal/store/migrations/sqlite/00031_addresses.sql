-- +goose Up

-- The addresses that a token may be used from, as ranges in CIDR notation, sorted and separated by commas;
-- empty: any. A token must be within its own ranges and within those of its organization.
ALTER TABLE tokens ADD COLUMN addresses TEXT NOT NULL DEFAULT '';
ALTER TABLE organizations ADD COLUMN addresses TEXT NOT NULL DEFAULT '';

-- Whether the service checks the addresses of its clients itself, and is told the ranges.
ALTER TABLE api_clients ADD COLUMN checks_addresses BOOLEAN NOT NULL DEFAULT FALSE;
