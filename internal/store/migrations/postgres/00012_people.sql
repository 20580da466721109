-- +goose Up

-- When a member last was an active Admin. It is empty for those who are one, for those who never
-- were, and for what happened before this column existed.
ALTER TABLE members ADD COLUMN admin_until BIGINT;

-- Sessions end with a deactivation now. Those that earlier versions left would work again after a
-- reactivation.
DELETE FROM sessions WHERE member_id IN (SELECT id FROM members WHERE status <> 'active');
