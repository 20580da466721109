package store

import (
	"context"

	"latchkey/internal/account"
)

// Progress returns which of the first steps an organization has taken or, if member is not empty,
// which of those about tokens the member has taken.
func (q *queries) Progress(ctx context.Context, organization, member string) (account.Progress, error) {
	if member != "" {
		return one(ctx, q, "That member", func(row scanner) (p account.Progress, err error) {
			err = row.Scan(&p.Generated, &p.Used)
			return p, err
		}, `SELECT EXISTS (SELECT 1 FROM tokens t WHERE t.organization_id = $1 AND t.kind = 'personal' AND t.owner_id = $2),
			EXISTS (SELECT 1 FROM tokens t JOIN token_uses u ON u.token_id = t.id
				WHERE t.organization_id = $1 AND t.kind = 'personal' AND t.owner_id = $2)`, organization, member)
	}
	return one(ctx, q, "That organization", func(row scanner) (p account.Progress, err error) {
		err = row.Scan(&p.Invited, &p.Baseline, &p.Generated, &p.Used, &p.Client, &p.Provisioned)
		return p, err
	}, `SELECT (SELECT count(*) FROM (SELECT 1 FROM members WHERE organization_id = $1 LIMIT 2) AS two) > 1
			OR EXISTS (SELECT 1 FROM invitations WHERE organization_id = $1),
		EXISTS (SELECT 1 FROM policies WHERE organization_id = $1 AND kind = 'baseline' AND body <> '{}'),
		EXISTS (SELECT 1 FROM tokens t WHERE t.organization_id = $1),
		EXISTS (SELECT 1 FROM token_uses u JOIN tokens t ON t.id = u.token_id WHERE t.organization_id = $1),
		EXISTS (SELECT 1 FROM api_clients WHERE organization_id = $1),
		scim_enabled FROM organizations WHERE id = $1`, organization)
}
