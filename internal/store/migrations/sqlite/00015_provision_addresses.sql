-- +goose Up

-- Ids of members who were deleted. An identity provider may go on sending them as members of a
-- group; they are told apart from ids that never existed.
CREATE TABLE removed_members (
    member_id       TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id)
);
INSERT INTO removed_members (member_id, organization_id)
    SELECT DISTINCT target_id, organization_id FROM audit_events
    WHERE target_type = 'user' AND action = 'removed_from_organization' AND target_id <> ''
        AND target_id NOT IN (SELECT id FROM members)
        AND organization_id IN (SELECT id FROM organizations);

-- Whether the identity provider cannot change the addresses of members.
ALTER TABLE organizations ADD COLUMN scim_fixed_addresses BOOLEAN NOT NULL DEFAULT FALSE;
