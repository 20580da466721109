package store

import (
	"context"
	"time"

	"latchkey/internal/account"
	"latchkey/internal/change"
	"latchkey/internal/token"
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

// inWorkspaces selects workspace_id and member_id of members who are in one of the workspaces of the
// organization $1 by a policy. It includes Admins, and rows can repeat. It compares the organization as
// an expression, so that no engine reads all of the organization's policies.
func inWorkspaces(workspaces string) string {
	return `SELECT p.workspace_id, p.member_id AS member_id FROM policies p
			WHERE p.organization_id || '' = $1 AND p.kind = 'member' AND p.workspace_id IN (` + workspaces + `)
		UNION ALL SELECT p.workspace_id, gm.member_id AS member_id FROM policies p JOIN group_members gm ON gm.group_id = p.group_id
			WHERE p.organization_id || '' = $1 AND p.kind = 'group' AND p.workspace_id IN (` + workspaces + `)`
}

// notAdmin excludes Admins from inWorkspaces.
const notAdmin = `member_id NOT IN (SELECT id FROM members WHERE organization_id = $1 AND role = 'admin')`

// WorkspaceCounts counts the contents of workspaces of the organization, by id.
func (q *queries) WorkspaceCounts(ctx context.Context, organization string, workspaces []string,
	now time.Time) (map[string]account.WorkspaceCounts, error) {
	counts := make(map[string]account.WorkspaceCounts, len(workspaces))
	if len(workspaces) == 0 {
		return counts, nil
	}
	ids, args := placeholders(2, len(workspaces)), with([]any{organization}, workspaces...)
	admins, err := q.countBy(ctx, `SELECT w.id, (SELECT count(*) FROM members m WHERE m.organization_id = $1 AND m.role = 'admin')
		FROM workspaces w WHERE w.organization_id = $1 AND w.id IN (`+ids+`)`, args...)
	if err != nil {
		return nil, err
	}
	for id, n := range admins { // these are in every workspace
		counts[id] = account.WorkspaceCounts{Members: n}
	}
	for _, step := range []struct {
		query string
		put   func(c *account.WorkspaceCounts, n int)
	}{
		{`SELECT workspace_id, count(DISTINCT member_id) FROM (` + inWorkspaces(ids) + `) AS inside WHERE ` + notAdmin + ` GROUP BY workspace_id`,
			func(c *account.WorkspaceCounts, n int) { c.Members += n }},
		{`SELECT p.workspace_id, count(*) FROM policies p WHERE p.organization_id || '' = $1 AND p.kind = 'group'
			AND p.workspace_id IN (` + ids + `) GROUP BY p.workspace_id`,
			func(c *account.WorkspaceCounts, n int) { c.Groups = n }},
		{`SELECT r.workspace_id, count(*) FROM resources r JOIN workspaces w ON w.id = r.workspace_id
			WHERE w.organization_id || '' = $1 AND r.workspace_id IN (` + ids + `) GROUP BY r.workspace_id`,
			func(c *account.WorkspaceCounts, n int) { c.Resources = n }},
	} {
		found, err := q.countBy(ctx, step.query, args...)
		if err != nil {
			return nil, err
		}
		put(counts, found, step.put)
	}
	return counts, q.addLiveTokens(ctx, counts, organization, now)
}

// addLiveTokens adds the numbers of live tokens to the counts of workspaces.
func (q *queries) addLiveTokens(ctx context.Context, counts map[string]account.WorkspaceCounts, organization string, now time.Time) error {
	services, err := q.liveCounts(ctx, organization, token.Workspace, now)
	if err != nil {
		return err
	}
	put(counts, services, func(c *account.WorkspaceCounts, n int) { c.ServiceTokens = n })
	personal, err := q.liveCounts(ctx, organization, token.Personal, now)
	put(counts, personal, func(c *account.WorkspaceCounts, n int) { c.PersonalTokens = n })
	return err
}

// put sets a number of each workspace that is counted.
func put(counts map[string]account.WorkspaceCounts, found map[string]int, set func(c *account.WorkspaceCounts, n int)) {
	for id, n := range found {
		if c, ok := counts[id]; ok {
			set(&c, n)
			counts[id] = c
		}
	}
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
