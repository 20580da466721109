package store

import (
	"context"
	"time"

	"latchkey/internal/account"
	"latchkey/internal/change"
)

const workspaceColumns = `w.id, w.organization_id, w.name, w.environment, w.region, w.created_at, w.updated_at`

func scanWorkspace(row scanner) (account.Workspace, error) {
	var w account.Workspace
	var created, updated int64
	err := row.Scan(&w.ID, &w.Organization, &w.Name, &w.Environment, &w.Region, &created, &updated)
	w.CreatedAt, w.UpdatedAt = moment(created), moment(updated)
	return w, err
}

// Workspaces returns an organization's workspaces, ordered by name.
func (q *queries) Workspaces(ctx context.Context, organization string) ([]account.Workspace, error) {
	return all(ctx, q, scanWorkspace, `SELECT `+workspaceColumns+` FROM workspaces w
		WHERE w.organization_id = $1 ORDER BY lower(w.name), w.id`, organization)
}

// Workspace returns a workspace of the organization; NotFound otherwise.
func (q *queries) Workspace(ctx context.Context, organization, id string) (account.Workspace, error) {
	return one(ctx, q, "That workspace", scanWorkspace, `SELECT `+workspaceColumns+` FROM workspaces w
		WHERE w.organization_id = $1 AND w.id = $2`, organization, id)
}

// inWorkspaces selects workspace_id and member_id of members who are in a workspace of the
// organization by a policy. It includes Admins, and rows can repeat.
const inWorkspaces = `SELECT p.workspace_id, p.member_id AS member_id FROM policies p WHERE p.organization_id = $1 AND p.kind = 'member'
	UNION ALL SELECT p.workspace_id, gm.member_id AS member_id FROM policies p JOIN group_members gm ON gm.group_id = p.group_id
		WHERE p.organization_id = $1 AND p.kind = 'group'`

// notAdmin excludes Admins from inWorkspaces.
const notAdmin = `member_id NOT IN (SELECT id FROM members WHERE organization_id = $1 AND role = 'admin')`

// WorkspaceCounts counts the contents of each workspace of the organization, by id.
func (q *queries) WorkspaceCounts(ctx context.Context, organization string, now time.Time) (map[string]account.WorkspaceCounts, error) {
	counts := map[string]account.WorkspaceCounts{}
	set := func(query string, put func(c *account.WorkspaceCounts, n int), args ...any) error {
		found, err := q.countBy(ctx, query, args...)
		for id, n := range found {
			c := counts[id]
			put(&c, n)
			counts[id] = c
		}
		return err
	}
	liveEach := ` AND ` + live("$2") + ` GROUP BY t.workspace_id`
	for _, step := range []struct {
		query string
		put   func(c *account.WorkspaceCounts, n int)
		args  []any
	}{
		{`SELECT w.id, (SELECT count(*) FROM members m WHERE m.organization_id = $1 AND m.role = 'admin')
			FROM workspaces w WHERE w.organization_id = $1`,
			func(c *account.WorkspaceCounts, n int) { c.Members += n }, []any{organization}},
		{`SELECT workspace_id, count(DISTINCT member_id) FROM (` + inWorkspaces + `) AS inside WHERE ` + notAdmin + ` GROUP BY workspace_id`,
			func(c *account.WorkspaceCounts, n int) { c.Members += n }, []any{organization}},
		{`SELECT workspace_id, count(*) FROM policies WHERE organization_id = $1 AND kind = 'group' GROUP BY workspace_id`,
			func(c *account.WorkspaceCounts, n int) { c.Groups = n }, []any{organization}},
		{`SELECT r.workspace_id, count(*) FROM resources r JOIN workspaces w ON w.id = r.workspace_id
			WHERE w.organization_id = $1 GROUP BY r.workspace_id`,
			func(c *account.WorkspaceCounts, n int) { c.Resources = n }, []any{organization}},
		{`SELECT t.workspace_id, count(*) FROM tokens t WHERE t.organization_id = $1 AND t.kind = 'workspace'` + liveEach,
			func(c *account.WorkspaceCounts, n int) { c.ServiceTokens = n }, []any{organization, millis(now)}},
		{`SELECT t.workspace_id, count(*) FROM tokens t WHERE t.organization_id = $1 AND t.kind = 'personal'` + liveEach,
			func(c *account.WorkspaceCounts, n int) { c.PersonalTokens = n }, []any{organization, millis(now)}},
	} {
		if err := set(step.query, step.put, step.args...); err != nil {
			return nil, err
		}
	}
	return counts, nil
}

// InsertWorkspace adds a workspace; Conflict if its name is taken.
func (tx *Tx) InsertWorkspace(ctx context.Context, w account.Workspace) error {
	tx.changed(change.Workspace, w.ID)
	_, err := tx.exec(ctx, `INSERT INTO workspaces (id, organization_id, name, environment, region, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		w.ID, w.Organization, w.Name, w.Environment, w.Region, millis(w.CreatedAt), millis(w.UpdatedAt))
	return err
}

// UpdateWorkspace saves name, environment and region; NotFound if the workspace is gone, Conflict
// if the name is taken.
func (tx *Tx) UpdateWorkspace(ctx context.Context, w account.Workspace) error {
	tx.changed(change.Workspace, w.ID)
	return tx.execOne(ctx, "That workspace", `UPDATE workspaces SET name = $1, environment = $2, region = $3, updated_at = $4
		WHERE organization_id = $5 AND id = $6`, w.Name, w.Environment, w.Region, millis(w.UpdatedAt), w.Organization, w.ID)
}

// DeleteWorkspace removes a workspace with its policies, resources, connections and mentions in
// invitations; NotFound if it is gone.
func (tx *Tx) DeleteWorkspace(ctx context.Context, organization, id string) error {
	tx.changed(change.Workspace, id)
	return tx.execOne(ctx, "That workspace", `DELETE FROM workspaces WHERE organization_id = $1 AND id = $2`, organization, id)
}
