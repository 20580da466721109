package registry

import (
	"context"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
)

// LinkSource makes a source follow a tracking plan. It requires Edit and Connect on both, and
// Edit on the data catalog; the error is Denied otherwise. It is NotFound if the plan or the
// source does not exist, and Conflict if the source follows a plan already. config is JSON that
// the caller has checked.
func (s *Service) LinkSource(ctx context.Context, by actor.Caller, workspace, plan, source, config string) (SourceLink, error) {
	var made SourceLink
	err := s.change(ctx, by, workspace, func(c *changing) error {
		ends, err := c.linkEnds(ctx, plan, source)
		if err != nil {
			return err
		}
		switch _, err := c.Links.SourceLink(ctx, source); {
		case err == nil:
			return fault.NewConflict("The source already follows a tracking plan.")
		case !fault.Is(err, fault.NotFound):
			return err
		}
		made = SourceLink{TrackingPlan: plan, Source: source, CreatedAt: c.Now(), UpdatedAt: c.Now()}
		how, err := c.configure(ctx, Holder{source, OfTrackingPlan}, "", config)
		if err != nil {
			return err
		}
		made.Config = how.public
		if err := c.Links.AddSourceLink(ctx, made); err != nil {
			return err
		}
		if err := c.keepSecrets(ctx, how); err != nil {
			return err
		}
		after := ends.state()
		how.tell(after)
		if err := c.record(ctx, audit.ConnectedSource, ends.plan.target(), nil, after); err != nil {
			return err
		}
		return c.record(ctx, audit.ConnectedTrackingPlan, ends.source.target(), nil, after)
	})
	return made, err
}

// linked is a tracking plan and a source.
type linked struct{ plan, source Resource }

func (l linked) state() state {
	return state{"trackingPlanId": l.plan.ID, "trackingPlan": l.plan.Name, "sourceId": l.source.ID, "source": l.source.Name}
}

// linkEnds locks a plan and a source and checks whether the caller may link or unlink them.
func (c *changing) linkEnds(ctx context.Context, plan, source string) (linked, error) {
	var ends linked
	var err error
	if ends.plan, err = c.HoldResource(ctx, c.workspace.ID, TrackingPlan, plan); err != nil {
		return ends, err
	}
	if ends.source, err = c.HoldResource(ctx, c.workspace.ID, Source, source); err != nil {
		return ends, err
	}
	if err := c.mayLink(ends.plan, ends.source); err != nil {
		return ends, err
	}
	return ends, c.may(ends.plan, access.NewPermission(dataCatalog, "edit"))
}

// existingLink is linkEnds for a source that follows the plan; NotFound if it does not.
func (c *changing) existingLink(ctx context.Context, plan, source string) (linked, SourceLink, error) {
	ends, err := c.linkEnds(ctx, plan, source)
	if err != nil {
		return ends, SourceLink{}, err
	}
	link, err := c.Links.SourceLink(ctx, source)
	if err == nil && link.TrackingPlan != plan {
		err = fault.NewNotFound("A link of this source to this tracking plan")
	}
	return ends, link, err
}

// UpdateLink changes how a source follows a tracking plan. Errors are those of LinkSource, and
// NotFound if the source does not follow the plan.
func (s *Service) UpdateLink(ctx context.Context, by actor.Caller, workspace, plan, source, config string) (SourceLink, error) {
	var link SourceLink
	err := s.change(ctx, by, workspace, func(c *changing) error {
		ends, old, err := c.existingLink(ctx, plan, source)
		if link = old; err != nil {
			return err
		}
		how, err := c.configure(ctx, Holder{source, OfTrackingPlan}, old.Config, config)
		if err != nil || link.Config == how.public && !how.changed() {
			return err
		}
		link.Config, link.UpdatedAt = how.public, c.Now()
		if err := c.Links.SaveSourceLink(ctx, link); err != nil {
			return err
		}
		if err := c.keepSecrets(ctx, how); err != nil {
			return err
		}
		after := ends.state()
		after["configChanged"] = true
		how.tell(after)
		return c.record(ctx, audit.Updated, ends.plan.target(), ends.state(), after)
	})
	return link, err
}

// UnlinkSource makes a source stop following a plan. It requires the permissions of LinkSource.
// The error is NotFound if the source does not follow the plan.
func (s *Service) UnlinkSource(ctx context.Context, by actor.Caller, workspace, plan, source string) error {
	return s.change(ctx, by, workspace, func(c *changing) error {
		ends, _, err := c.existingLink(ctx, plan, source)
		if err != nil {
			return err
		}
		if err := c.Links.RemoveSourceLink(ctx, source); err != nil {
			return err
		}
		if err := c.Sealing.SaveSealed(ctx, Holder{source, OfTrackingPlan}, nil); err != nil {
			return err
		}
		if err := c.record(ctx, audit.DisconnectedSource, ends.plan.target(), ends.state(), nil); err != nil {
			return err
		}
		return c.record(ctx, audit.DisconnectedTrackingPlan, ends.source.target(), ends.state(), nil)
	})
}
