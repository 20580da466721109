package store

import (
	"context"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/change"
)

// SoleOrganization returns the installation's organization; NotFound if there is none.
func (q *queries) SoleOrganization(ctx context.Context) (account.Organization, error) {
	return one(ctx, q, "An organization", scanOrganization,
		`SELECT `+organizationColumns+` FROM organizations ORDER BY created_at, id LIMIT 1`)
}

// SetPlan changes the organization's plan; NotFound for an unknown id.
func (tx *Tx) SetPlan(ctx context.Context, organization string, plan access.Plan) error {
	tx.changed(change.Organization, organization)
	return tx.execOne(ctx, "That organization", `UPDATE organizations SET plan = $1 WHERE id = $2`, plan, organization)
}
