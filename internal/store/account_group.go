package store

import (
	"context"

	"latchkey/internal/account"
	"latchkey/internal/change"
)

const groupColumns = `g.id, g.organization_id, g.name, g.description, g.external, g.external_id, g.created_at, g.updated_at`

func scanGroup(row scanner) (account.Group, error) {
	var g account.Group
	var created, updated int64
	err := row.Scan(&g.ID, &g.Organization, &g.Name, &g.Description, &g.External, &g.ExternalID, &created, &updated)
	g.CreatedAt, g.UpdatedAt = moment(created), moment(updated)
	return g, err
}

// Group returns a group of the organization; NotFound otherwise.
func (q *queries) Group(ctx context.Context, organization, id string) (account.Group, error) {
	return one(ctx, q, "That group", scanGroup,
		`SELECT `+groupColumns+` FROM groups g WHERE g.organization_id = $1 AND g.id = $2`, organization, id)
}

// Groups returns the organization's groups, ordered by name.
func (q *queries) Groups(ctx context.Context, organization string) ([]account.Group, error) {
	return all(ctx, q, scanGroup,
		`SELECT `+groupColumns+` FROM groups g WHERE g.organization_id = $1 ORDER BY lower(g.name), g.id`, organization)
}

// CountGroupMembers returns the number of members of each of the organization's groups.
func (q *queries) CountGroupMembers(ctx context.Context, organization string) (map[string]int, error) {
	return q.countBy(ctx, `SELECT gm.group_id, count(*) FROM group_members gm JOIN groups g ON g.id = gm.group_id
		WHERE g.organization_id = $1 GROUP BY gm.group_id`, organization)
}

// WorkspacesOfGroups returns the workspaces linked to each group, ordered by name.
func (q *queries) WorkspacesOfGroups(ctx context.Context, organization string) (map[string][]account.Named, error) {
	return q.namedBy(ctx, `SELECT p.group_id, w.id, w.name FROM policies p JOIN workspaces w ON w.id = p.workspace_id
		WHERE p.organization_id = $1 AND p.kind = 'group' ORDER BY lower(w.name), w.id`, organization)
}

// MembersOfGroups returns, for each group, which of the members are in it.
func (q *queries) MembersOfGroups(ctx context.Context, groups, members []string) (map[string]map[string]bool, error) {
	in := make(map[string]map[string]bool, len(groups))
	if len(groups) == 0 || len(members) == 0 {
		return in, nil
	}
	pairs, err := all(ctx, q, func(row scanner) ([2]string, error) {
		var p [2]string
		err := row.Scan(&p[0], &p[1])
		return p, err
	}, `SELECT group_id, member_id FROM group_members WHERE group_id IN (`+placeholders(1, len(groups))+`)
		AND member_id IN (`+placeholders(1+len(groups), len(members))+`)`, with(with(nil, groups...), members...)...)
	for _, p := range pairs {
		if in[p[0]] == nil {
			in[p[0]] = map[string]bool{}
		}
		in[p[0]][p[1]] = true
	}
	return in, err
}

// InsertGroup adds a group; Conflict if its name is taken.
func (tx *Tx) InsertGroup(ctx context.Context, g account.Group) error {
	tx.changed(change.Group, g.ID)
	_, err := tx.exec(ctx, `INSERT INTO groups (id, organization_id, name, description, external, external_id, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		g.ID, g.Organization, g.Name, g.Description, g.External, g.ExternalID, millis(g.CreatedAt), millis(g.UpdatedAt))
	return err
}

// AddToGroup adds a member to a group. It does nothing if the member is in it already.
func (tx *Tx) AddToGroup(ctx context.Context, group, member string) error {
	tx.changed(change.Member, member)
	_, err := tx.exec(ctx, `INSERT INTO group_members (group_id, member_id) VALUES ($1, $2) ON CONFLICT DO NOTHING`, group, member)
	return err
}

// UpdateGroup saves name and description; NotFound if the group is gone, Conflict if the name is
// taken.
func (tx *Tx) UpdateGroup(ctx context.Context, g account.Group) error {
	tx.changed(change.Group, g.ID)
	return tx.execOne(ctx, "That group", `UPDATE groups SET name = $1, description = $2, updated_at = $3
		WHERE organization_id = $4 AND id = $5`, g.Name, g.Description, millis(g.UpdatedAt), g.Organization, g.ID)
}

// DeleteGroup removes a group with its memberships and policies; NotFound if it is gone. It
// reports each member as changed, because the memberships cannot be read afterwards.
func (tx *Tx) DeleteGroup(ctx context.Context, organization, id string) error {
	members, err := all(ctx, &tx.queries, scanText, `SELECT member_id FROM group_members WHERE group_id = $1`, id)
	if err != nil {
		return err
	}
	tx.changed(change.Group, id)
	for _, m := range members {
		tx.changed(change.Member, m)
	}
	return tx.execOne(ctx, "That group", `DELETE FROM groups WHERE organization_id = $1 AND id = $2`, organization, id)
}

// RemoveFromGroup ends a membership; NotFound if there is none.
func (tx *Tx) RemoveFromGroup(ctx context.Context, group, member string) error {
	tx.changed(change.Member, member)
	return tx.execOne(ctx, "That member of the group", `DELETE FROM group_members WHERE group_id = $1 AND member_id = $2`, group, member)
}
