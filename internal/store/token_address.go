package store

import (
	"context"

	"latchkey/internal/actor"
	"latchkey/internal/change"
	"latchkey/internal/token"
)

// SaveTokenAddresses saves from which addresses a token of the organization may be used; NotFound if there is
// none or it is deleted.
func (tx *Tx) SaveTokenAddresses(ctx context.Context, t token.Token) error {
	tx.changed(change.Token, t.ID)
	return tx.execOne(ctx, "That token", `UPDATE tokens SET addresses = $1
		WHERE organization_id = $2 AND id = $3 AND deleted_at IS NULL`, t.Addresses.String(), t.Organization, t.ID)
}

// AllowedAddresses returns the addresses that tokens of the organization may be used from.
func (q *queries) AllowedAddresses(ctx context.Context, organization string) (actor.Ranges, error) {
	text, err := one(ctx, q, "That organization", scanText, `SELECT o.addresses FROM organizations o WHERE o.id = $1`, organization)
	if err != nil {
		return actor.Ranges{}, err
	}
	return actor.StoredRanges(text)
}

// SaveAllowedAddresses saves the addresses that tokens of the organization may be used from.
func (tx *Tx) SaveAllowedAddresses(ctx context.Context, organization string, r actor.Ranges) error {
	tx.changed(change.Organization, organization)
	return tx.execOne(ctx, "That organization", `UPDATE organizations SET addresses = $1 WHERE id = $2`, r.String(), organization)
}

// OrganizationName returns the name of an organization and locks its row until the transaction ends;
// NotFound if there is no such organization.
func (tx *Tx) OrganizationName(ctx context.Context, organization string) (string, error) {
	return one(ctx, &tx.queries, "That organization", scanText,
		`UPDATE organizations SET plan = plan WHERE id = $1 RETURNING name`, organization)
}
