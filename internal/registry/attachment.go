package registry

import (
	"context"

	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
)

// Attachment returns the transformation of a destination to a caller in the workspace. The
// error is NotFound if there is no such destination, or it has no transformation.
func (s *Service) Attachment(ctx context.Context, by actor.Standing, workspace, destination string) (Attachment, error) {
	w, err := s.enter(ctx, s.store, by, workspace)
	if err != nil {
		return Attachment{}, err
	}
	if _, err := s.store.RegistryResource(ctx, w.ID, Destination, destination); err != nil {
		return Attachment{}, err
	}
	return s.store.Attachment(ctx, destination)
}

// Attach sets the transformation of a destination. It requires Edit and Connect on the
// destination, the new transformation and the old one; the error is Denied otherwise. It is
// Invalid if there is no such transformation, and NotFound if there is no such destination.
func (s *Service) Attach(ctx context.Context, by actor.Caller, workspace, destination, transformation string) (Attachment, error) {
	var made Attachment
	err := s.change(ctx, by, workspace, func(c *changing) error {
		to, old, err := c.attached(ctx, destination)
		if err != nil {
			return err
		}
		var p fault.Problems
		from, err := c.end(ctx, &p, Transformation, "transformationId", transformation)
		if err != nil {
			return err
		}
		if err := p.Err(invalidText); err != nil {
			return err
		}
		if err := c.mayLink(to, from); err != nil {
			return err
		}
		if made = old.Attachment; made.Transformation == from.ID {
			return nil
		}
		made.Destination, made.Transformation, made.UpdatedAt = to.ID, from.ID, c.Now()
		action, before := audit.UpdatedTransformation, old.state()
		if old.transformation.ID == "" {
			made.CreatedAt, action, before = c.Now(), audit.ConnectedTransformation, nil
		}
		if err := c.Links.SaveAttachment(ctx, made); err != nil {
			return err
		}
		return c.record(ctx, action, to.target(), before, attached{made, from}.state())
	})
	return made, err
}

// attached is an attachment with its transformation, or zero if there is none.
type attached struct {
	Attachment
	transformation Resource
}

func (a attached) state() state {
	return state{"transformationId": a.transformation.ID, "transformation": a.transformation.Name}
}

// attached locks a destination and checks whether the caller may detach its transformation.
func (c *changing) attached(ctx context.Context, destination string) (Resource, attached, error) {
	to, err := c.HoldResource(ctx, c.workspace.ID, Destination, destination)
	if err != nil || to.Transformation == "" {
		return to, attached{}, err
	}
	var old attached
	if old.Attachment, err = c.Links.Attachment(ctx, to.ID); err != nil {
		return to, old, err
	}
	if old.transformation, err = c.HoldResource(ctx, c.workspace.ID, Transformation, to.Transformation); err != nil {
		return to, old, err
	}
	return to, old, c.mayLink(to, old.transformation)
}

// Detach removes and returns a destination's transformation. It requires Edit and Connect on
// both. The error is NotFound if the destination does not exist or has no transformation.
func (s *Service) Detach(ctx context.Context, by actor.Caller, workspace, destination string) (Attachment, error) {
	var was attached
	err := s.change(ctx, by, workspace, func(c *changing) error {
		from, old, err := c.attached(ctx, destination)
		if err != nil {
			return err
		}
		if was = old; was.transformation.ID == "" {
			return fault.NewNotFound("A transformation of this destination")
		}
		if err := c.Links.RemoveAttachment(ctx, from.ID); err != nil {
			return err
		}
		return c.record(ctx, audit.RemovedTransformation, from.target(), was.state(), nil)
	})
	return was.Attachment, err
}
