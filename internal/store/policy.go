package store

import (
	"context"
	"fmt"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/change"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
	"latchkey/internal/token"
)

// Policies returns the store as package policy sees it.
func Policies(s *Store) policy.Store { return policies{s, s} }

type policies struct {
	policy.Reads
	store *Store
}

// InTx runs fn in one write transaction.
func (p policies) InTx(ctx context.Context, by actor.Caller, fn func(policy.Tx) error) error {
	return p.store.InTx(ctx, by, func(tx *Tx) error { return fn(tx) })
}

const policyColumns = `p.id, p.organization_id, p.workspace_id, p.kind, coalesce(p.group_id, p.member_id, ''),
	coalesce(g.name, m.name, ''), p.body, p.version, p.updated_at, p.updated_by`

const policyTables = ` FROM policies p LEFT JOIN groups g ON g.id = p.group_id LEFT JOIN members m ON m.id = p.member_id `

func scanPolicy(row scanner) (policy.Policy, error) {
	var p policy.Policy
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
func (q *queries) Baseline(ctx context.Context, organization, workspace string) (policy.Policy, error) {
	return one(ctx, q, "That workspace", scanPolicy, `SELECT `+policyColumns+policyTables+`
		WHERE p.organization_id = $1 AND p.workspace_id = $2 AND p.kind = 'baseline'`, organization, workspace)
}

// PoliciesOfMember returns every layer of the member's effective policies: all baselines, the
// policies of the member's groups and the member's own. Every request of a member runs this
// query. It compares the organization as an expression, so that no engine scans all of the
// organization's policies.
func (q *queries) PoliciesOfMember(ctx context.Context, organization, member string) ([]policy.Policy, error) {
	return all(ctx, q, scanPolicy, `SELECT `+policyColumns+policyTables+`
		WHERE p.organization_id || '' = $1 AND p.id IN (
			SELECT b.id FROM policies b WHERE b.organization_id = $1 AND b.kind = 'baseline'
			UNION ALL SELECT o.id FROM policies o WHERE o.member_id = $2
			UNION ALL SELECT gp.id FROM group_members gm JOIN policies gp ON gp.group_id = gm.group_id WHERE gm.member_id = $2)
		ORDER BY p.workspace_id, p.kind, lower(g.name), p.id`, organization, member)
}

// ofSubject returns a condition for policies of a kind that belong to the subject $3, in a form
// that can use an index.
func ofSubject(kind policy.Kind) string {
	switch kind {
	case policy.OfGroup:
		return `p.group_id = $3`
	case policy.OfMember:
		return `p.member_id = $3`
	case policy.Baseline:
	}
	return `$3 = ''`
}

// PolicyAt returns the policy in a place; NotFound if there is none.
func (q *queries) PolicyAt(ctx context.Context, organization string, at policy.Place) (policy.Policy, error) {
	return one(ctx, q, "That policy", scanPolicy, `SELECT `+policyColumns+policyTables+`
		WHERE p.organization_id = $1 AND p.kind = $2 AND `+ofSubject(at.Kind)+` AND p.workspace_id = $4`,
		organization, at.Kind, at.Subject, at.Workspace)
}

// PoliciesOf returns the policies of one group or member, or with subject "" all baselines.
func (q *queries) PoliciesOf(ctx context.Context, organization string, kind policy.Kind, subject string) ([]policy.Policy, error) {
	return all(ctx, q, scanPolicy, `SELECT `+policyColumns+policyTables+`
		WHERE p.organization_id = $1 AND p.kind = $2 AND `+ofSubject(kind)+` ORDER BY p.workspace_id`,
		organization, kind, subject)
}

// PolicyEvents returns the newest audit events of one policy, newest first.
func (q *queries) PolicyEvents(ctx context.Context, organization, policy string, limit int) ([]audit.Event, error) {
	return all(ctx, q, scanEvent, `SELECT `+auditColumns+` FROM audit_events
		WHERE organization_id = $1 AND target_id = $2 AND target_type IN ('policy', 'permission') ORDER BY seq DESC LIMIT $3`,
		organization, policy, limit)
}

// Audience counts the members and tokens that a policy in the place affects.
func (q *queries) Audience(ctx context.Context, organization string, at policy.Place, now time.Time) (policy.Audience, error) {
	var a policy.Audience
	var err error
	switch at.Kind {
	case policy.OfMember:
		a.Members, err = q.number(ctx,
			`SELECT count(*) FROM members WHERE organization_id = $1 AND id = $2 AND role <> 'admin'`, organization, at.Subject)
		return a, err
	case policy.OfGroup:
		a.Groups = 1
		a.Members, err = q.number(ctx, `SELECT count(*) FROM group_members gm JOIN members m ON m.id = gm.member_id
			WHERE m.organization_id = $1 AND gm.group_id = $2 AND m.role <> 'admin'`, organization, at.Subject)
		return a, err
	case policy.Baseline:
	}
	if a.Members, err = q.number(ctx, `SELECT count(DISTINCT member_id) FROM (`+inWorkspaces("$2")+`) AS inside
		WHERE `+notAdmin, organization, at.Workspace); err != nil {
		return a, err
	}
	if a.Groups, err = q.number(ctx,
		`SELECT count(*) FROM policies WHERE organization_id = $1 AND workspace_id = $2 AND kind = 'group'`, organization,
		at.Workspace); err != nil {
		return a, err
	}
	live, err := q.liveCounts(ctx, organization, token.Workspace, now)
	a.ServiceTokens = live[at.Workspace]
	return a, err
}

// policyChanged records whom a changed policy affects.
func (tx *Tx) policyChanged(p policy.Policy) {
	switch p.Kind {
	case policy.OfGroup:
		tx.changed(change.Group, p.Subject)
	case policy.OfMember:
		tx.changed(change.Member, p.Subject)
	case policy.Baseline:
		tx.changed(change.Workspace, p.Workspace)
	}
}

// InsertPolicy adds a policy; Conflict if the place has one already.
func (tx *Tx) InsertPolicy(ctx context.Context, p policy.Policy) error {
	var group, member any
	switch p.Kind {
	case policy.OfGroup:
		group = p.Subject
	case policy.OfMember:
		member = p.Subject
	case policy.Baseline:
	}
	tx.policyChanged(p)
	_, err := tx.exec(ctx,
		`INSERT INTO policies (id, organization_id, workspace_id, kind, group_id, member_id, body, version, created_at, updated_at, updated_by)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10)`,
		p.ID, p.Organization, p.Workspace, p.Kind, group, member, p.Body.String(), p.Version, millis(p.UpdatedAt), p.UpdatedBy)
	return err
}

// InsertEntry puts a group or a member into a workspace, or gives a new workspace its baseline, by
// a policy with nothing in it; Conflict when there is a policy already.
func (tx *Tx) InsertEntry(ctx context.Context, e account.Entry) error {
	kind := policy.Baseline
	switch {
	case e.Group != "":
		kind = policy.OfGroup
	case e.Member != "":
		kind = policy.OfMember
	}
	return tx.InsertPolicy(ctx, policy.Policy{ID: e.ID, Organization: e.Organization, Workspace: e.Workspace, Kind: kind,
		Subject: e.Group + e.Member, Body: access.Policy{}, Version: 1, UpdatedAt: e.At, UpdatedBy: e.By})
}

// UpdatePolicy saves body and version of a policy if the stored version is the previous one;
// Conflict otherwise.
func (tx *Tx) UpdatePolicy(ctx context.Context, p policy.Policy) error {
	tx.policyChanged(p)
	n, err := tx.exec(ctx, `UPDATE policies SET body = $1, version = $2, updated_at = $3, updated_by = $4
		WHERE organization_id = $5 AND id = $6 AND version = $7`,
		p.Body.String(), p.Version, millis(p.UpdatedAt), p.UpdatedBy, p.Organization, p.ID, p.Version-1)
	if err == nil && n == 0 {
		return fault.NewConflict("This policy changed while you were editing.")
	}
	return err
}

// DeletePolicy removes a group or member from a workspace; NotFound if the policy is gone.
func (tx *Tx) DeletePolicy(ctx context.Context, p policy.Policy) error {
	tx.policyChanged(p)
	return tx.execOne(ctx, "That policy",
		`DELETE FROM policies WHERE organization_id = $1 AND id = $2 AND kind <> 'baseline'`, p.Organization, p.ID)
}

// resourcesOf selects the resources of the workspace $2 of the organization $1.
const resourcesOf = ` FROM resources r JOIN workspaces w ON w.id = r.workspace_id
	WHERE w.organization_id = $1 AND r.workspace_id = $2`

// Resources returns a workspace's resources, ordered by type and name.
func (q *queries) Resources(ctx context.Context, organization, workspace string) ([]policy.Resource, error) {
	return all(ctx, q, func(row scanner) (policy.Resource, error) {
		var r policy.Resource
		err := row.Scan(&r.ID, &r.Type, &r.Name)
		return r, err
	}, `SELECT r.id, r.type, r.name`+resourcesOf+resourceOrder, organization, workspace)
}

// resourceOrder sorts resources as lists show them.
const resourceOrder = ` ORDER BY r.type, lower(r.name), r.id`

// ResourcesIn is Resources of several workspaces, by workspace, with one query.
func (q *queries) ResourcesIn(ctx context.Context, organization string, workspaces []string) (map[string][]policy.Resource, error) {
	out := map[string][]policy.Resource{}
	if len(workspaces) == 0 {
		return out, nil
	}
	args := []any{organization}
	for _, workspace := range workspaces {
		args = append(args, workspace)
	}
	err := each(ctx, q, func(row scanner) error {
		var workspace string
		var r policy.Resource
		err := row.Scan(&workspace, &r.ID, &r.Type, &r.Name)
		out[workspace] = append(out[workspace], r)
		return err
	}, `SELECT r.workspace_id, r.id, r.type, r.name FROM resources r JOIN workspaces w ON w.id = r.workspace_id
		WHERE w.organization_id = $1 AND r.workspace_id IN (`+placeholders(2, len(workspaces))+`)`+resourceOrder, args...)
	return out, err
}
