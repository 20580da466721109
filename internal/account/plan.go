package account

import (
	"context"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
)

// Sole returns the installation's one organization; NotFound before the set-up. It
// is for the operator at the command line, whom nobody has to let in.
func (s *Organizations) Sole(ctx context.Context) (Organization, error) {
	return s.store.SoleOrganization(ctx)
}

// SetPlan changes the plan of the installation's organization, as the operator's act.
// What a smaller plan lacks is refused from now on; what exists stays. NotFound before
// the set-up. The plan that it has already is no change.
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
