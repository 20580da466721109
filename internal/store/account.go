package store

import (
	"context"
	"database/sql"
	"fmt"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/verify"
)

// Accounts is the store as package account sees it.
type Accounts struct{ *Store }

// InTx runs fn in one write transaction.
func (a Accounts) InTx(ctx context.Context, fn func(account.Tx) error) error {
	return a.Store.InTx(ctx, func(tx *Tx) error { return fn(tx) })
}

// Claimed reports whether an organization exists.
func (q queries) Claimed(ctx context.Context) (bool, error) {
	n, err := q.number(ctx, `SELECT count(*) FROM organizations`)
	return n > 0, err
}

// Organization returns an organization; NotFound for an unknown id.
func (q queries) Organization(ctx context.Context, id string) (account.Organization, error) {
	return one(ctx, q, "That organization", func(row scanner) (account.Organization, error) {
		var o account.Organization
		var created int64
		err := row.Scan(&o.ID, &o.Name, &o.Plan, &o.SCIMEnabled, &created)
		o.CreatedAt = moment(created)
		return o, err
	}, `SELECT id, name, plan, scim_enabled, created_at FROM organizations WHERE id = $1`, id)
}

// InsertOrganization adds an organization.
func (tx *Tx) InsertOrganization(ctx context.Context, o account.Organization) error {
	_, err := tx.exec(ctx, `INSERT INTO organizations (id, name, plan, scim_enabled, created_at) VALUES ($1, $2, $3, $4, $5)`,
		o.ID, o.Name, o.Plan, o.SCIMEnabled, millis(o.CreatedAt))
	return err
}

const workspaceColumns = `w.id, w.organization_id, w.name, w.environment, w.region, w.created_at, w.updated_at`

func scanWorkspace(row scanner) (account.Workspace, error) {
	var w account.Workspace
	var created, updated int64
	err := row.Scan(&w.ID, &w.Organization, &w.Name, &w.Environment, &w.Region, &created, &updated)
	w.CreatedAt, w.UpdatedAt = moment(created), moment(updated)
	return w, err
}

// Workspaces lists an organization's workspaces by name.
func (q queries) Workspaces(ctx context.Context, organization string) ([]account.Workspace, error) {
	return all(ctx, q, scanWorkspace, `SELECT `+workspaceColumns+` FROM workspaces w
		WHERE w.organization_id = $1 ORDER BY lower(w.name), w.id`, organization)
}

// InsertWorkspace adds a workspace; Conflict when its name is taken.
func (tx *Tx) InsertWorkspace(ctx context.Context, w account.Workspace) error {
	_, err := tx.exec(ctx, `INSERT INTO workspaces (id, organization_id, name, environment, region, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		w.ID, w.Organization, w.Name, w.Environment, w.Region, millis(w.CreatedAt), millis(w.UpdatedAt))
	return err
}

const memberColumns = `m.id, m.organization_id, m.email, m.name, m.role, m.status, m.external_id, m.created_at, m.updated_at, m.last_seen_at`

func scanMember(row scanner) (account.Member, error) {
	var m account.Member
	var created, updated int64
	var seen sql.NullInt64
	err := row.Scan(&m.ID, &m.Organization, &m.Email, &m.Name, &m.Role, &m.Status, &m.ExternalID, &created, &updated, &seen)
	m.CreatedAt, m.UpdatedAt, m.LastSeenAt = moment(created), moment(updated), maybeMoment(seen)
	return m, err
}

// Member returns a member of the organization; NotFound otherwise.
func (q queries) Member(ctx context.Context, organization, id string) (account.Member, error) {
	return one(ctx, q, "That member", scanMember,
		`SELECT `+memberColumns+` FROM members m WHERE m.organization_id = $1 AND m.id = $2`, organization, id)
}

// InsertMember adds a member; Conflict when the e-mail is taken.
func (tx *Tx) InsertMember(ctx context.Context, m account.Member, passwordHash string) error {
	_, err := tx.exec(ctx, `INSERT INTO members (id, organization_id, email, name, role, status, password_hash, external_id, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		m.ID, m.Organization, m.Email, m.Name, m.Role, m.Status, passwordHash, m.ExternalID, millis(m.CreatedAt), millis(m.UpdatedAt))
	return err
}

// InsertGroup adds a group; Conflict when its name is taken.
func (tx *Tx) InsertGroup(ctx context.Context, g account.Group) error {
	_, err := tx.exec(ctx, `INSERT INTO groups (id, organization_id, name, description, external, external_id, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		g.ID, g.Organization, g.Name, g.Description, g.External, g.ExternalID, millis(g.CreatedAt), millis(g.UpdatedAt))
	return err
}

// AddToGroup makes the member one of the group's; being one already is no error.
func (tx *Tx) AddToGroup(ctx context.Context, group, member string) error {
	tx.changed(verify.MemberChanged, member)
	_, err := tx.exec(ctx, `INSERT INTO group_members (group_id, member_id) VALUES ($1, $2) ON CONFLICT DO NOTHING`, group, member)
	return err
}

const policyColumns = `p.id, p.organization_id, p.workspace_id, p.kind, coalesce(p.group_id, p.member_id, ''),
	coalesce(g.name, m.name, ''), p.body, p.version, p.updated_at, p.updated_by`

const policyTables = ` FROM policies p LEFT JOIN groups g ON g.id = p.group_id LEFT JOIN members m ON m.id = p.member_id `

func scanPolicy(row scanner) (account.Policy, error) {
	var p account.Policy
	var body string
	var updated int64
	err := row.Scan(&p.ID, &p.Organization, &p.Workspace, &p.Kind, &p.Subject, &p.SubjectName, &body, &p.Version, &updated, &p.UpdatedBy)
	if err != nil {
		return p, err
	}
	p.UpdatedAt = moment(updated)
	if p.Body, err = access.ParsePolicy(body); err != nil {
		return p, fmt.Errorf("policy %s: %w", p.ID, err)
	}
	return p, nil
}

// Baseline returns a workspace's baseline policy; NotFound outside the organization.
func (q queries) Baseline(ctx context.Context, organization, workspace string) (account.Policy, error) {
	return one(ctx, q, "That workspace", scanPolicy, `SELECT `+policyColumns+policyTables+`
		WHERE p.organization_id = $1 AND p.workspace_id = $2 AND p.kind = 'baseline'`, organization, workspace)
}

// PoliciesOfMember lists every layer that may make up the member's effective policies:
// all baselines, the policies of the member's groups and the member's own.
func (q queries) PoliciesOfMember(ctx context.Context, organization, member string) ([]account.Policy, error) {
	return all(ctx, q, scanPolicy, `SELECT `+policyColumns+policyTables+`
		WHERE p.organization_id = $1 AND (p.kind = 'baseline' OR p.member_id = $2
			OR p.group_id IN (SELECT gm.group_id FROM group_members gm WHERE gm.member_id = $2))
		ORDER BY p.workspace_id, p.kind, lower(g.name), p.id`, organization, member)
}

// InsertPolicy adds a policy; Conflict when the place already holds one.
func (tx *Tx) InsertPolicy(ctx context.Context, p account.Policy) error {
	var group, member any
	switch p.Kind {
	case account.GroupPolicy:
		group = p.Subject
		tx.changed(verify.GroupChanged, p.Subject)
	case account.MemberPolicy:
		member = p.Subject
		tx.changed(verify.MemberChanged, p.Subject)
	case account.BaselinePolicy:
		tx.changed(verify.WorkspaceChanged, p.Workspace)
	}
	_, err := tx.exec(ctx, `INSERT INTO policies (id, organization_id, workspace_id, kind, group_id, member_id, body, version, created_at, updated_at, updated_by)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10)`,
		p.ID, p.Organization, p.Workspace, p.Kind, group, member, p.Body.String(), p.Version, millis(p.UpdatedAt), p.UpdatedBy)
	return err
}

// Resources lists a workspace's resources by type and name.
func (q queries) Resources(ctx context.Context, organization, workspace string) ([]account.Resource, error) {
	return all(ctx, q, func(row scanner) (account.Resource, error) {
		var r account.Resource
		err := row.Scan(&r.ID, &r.Type, &r.Name)
		return r, err
	}, `SELECT r.id, r.type, r.name FROM resources r JOIN workspaces w ON w.id = r.workspace_id
		WHERE w.organization_id = $1 AND r.workspace_id = $2 ORDER BY r.type, lower(r.name), r.id`, organization, workspace)
}
