package account

import (
	"context"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
)

// Sole returns the installation's organization. The error is NotFound before setup. It does not
// check permissions, because only the operator at the command line calls it.
func (s *Organizations) Sole(ctx context.Context) (Organization, error) {
	return s.store.SoleOrganization(ctx)
}

// SetPlan changes the plan of the installation's organization on behalf of the operator. What a
// smaller plan lacks is refused from then on; what exists stays. Setting the current plan again
// changes nothing. The error is NotFound before setup.
func (s *Organizations) SetPlan(ctx context.Context, plan access.Plan) error {
	o, err := s.store.SoleOrganization(ctx)
	if err != nil {
		return err
	}
	return s.store.InTx(ctx, actor.System(o.ID), func(tx OrganizationTx) error {
		before, err := tx.HoldOrganization(ctx, o.ID)
		if err != nil || before.Plan == plan {
			return err
		}
		if err := tx.SetPlan(ctx, o.ID, plan); err != nil {
			return err
		}
		event := audit.Did(tx.By(), audit.Updated, audit.Target{Type: audit.TargetOrganization, ID: o.ID, Name: o.Name})
		return tx.AppendEvent(ctx, event.Changed(audit.Fields{"plan": before.Plan}.String(), audit.Fields{"plan": plan}.String()))
	})
}
