package registry

import (
	"context"

	"github.com/segmentio/ksuid"

	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
)

// Get returns a resource to a caller in the workspace. The error is NotFound if it does not
// exist or has another type.
func (s *Service) Get(ctx context.Context, by actor.Standing, workspace, typ, id string) (Resource, error) {
	w, err := s.enter(ctx, s.store, by, workspace)
	if err != nil {
		return Resource{}, err
	}
	r, err := s.store.RegistryResource(ctx, w.ID, typ, id)
	return s.secrets.withoutSecrets(r), err
}

// List returns a page of the resources of a type to a caller in the workspace.
func (s *Service) List(ctx context.Context, by actor.Standing, workspace, typ string, q Query) (List[Resource], error) {
	w, err := s.enter(ctx, s.store, by, workspace)
	if err != nil {
		return List[Resource]{}, err
	}
	return list(q,
		func(limit int) ([]Resource, error) {
			found, err := s.store.RegistryResources(ctx, w.ID, typ, q, limit)
			for i := range found {
				found[i] = s.secrets.withoutSecrets(found[i])
			}
			return found, err
		},
		func() (int, error) { return s.store.RegistryCount(ctx, w.ID, typ, q) })
}

// Create creates a source, a destination or a tracking plan. The error is Denied without the
// permission to create, Invalid with a problem per field, or Conflict if the external id is
// taken.
func (s *Service) Create(ctx context.Context, by actor.Caller, workspace, typ string, form Form) (Resource, error) {
	var r Resource
	err := s.change(ctx, by, workspace, func(c *changing) error {
		if err := c.may(Resource{Type: typ}, rightsOf(typ).create...); err != nil {
			return err
		}
		var err error
		if r, err = form.complete(typ); err != nil {
			return err
		}
		return c.add(ctx, &r)
	})
	return r, err
}

// add gives a new resource its id, stores it and records it in the audit log.
func (c *changing) add(ctx context.Context, r *Resource) error {
	if err := c.externalIDFree(ctx, r.Type, r.ExternalID); err != nil {
		return err
	}
	var err error
	if r.ID, err = c.newID(); err != nil {
		return err
	}
	if r.Type == Source {
		// A write key is random, unlike the id, which reveals when the source was created.
		key, err := ksuid.NewRandom()
		if err != nil {
			return err
		}
		r.WriteKey = key.String()
	}
	r.Workspace, r.CreatedBy, r.CreatedAt, r.UpdatedAt = c.workspace.ID, c.By().Name, c.Now(), c.Now()
	config, err := c.configure(ctx, Holder{r.ID, OfResource}, "", r.Config)
	if err != nil {
		return err
	}
	r.Config = config.public
	if err := c.AddResource(ctx, *r); err != nil {
		return err
	}
	if err := c.keepSecrets(ctx, config); err != nil {
		return err
	}
	after := r.state()
	config.tell(after)
	return c.record(ctx, audit.Created, r.target(), nil, after)
}

// externalIDFree refuses an external id that another resource of the type has.
func (c *changing) externalIDFree(ctx context.Context, typ, externalID string) error {
	if externalID == "" {
		return nil
	}
	taken, err := c.ExternalIDTaken(ctx, c.workspace.ID, typ, externalID)
	if err == nil && taken {
		return fault.NewConflict("The external id is already in use by another " + plainType(typ) + ".")
	}
	return err
}

func plainType(typ string) string {
	switch typ {
	case Library:
		return "library"
	case TrackingPlan:
		return "tracking plan"
	}
	return typ
}

// Update changes the fields in the form. Secrets that a configuration leaves out stay as they are;
// null or the empty text removes one. If their values are the same as before it changes
// nothing, not even the time of the last change. Errors are those of Create, and NotFound.
func (s *Service) Update(ctx context.Context, by actor.Caller, workspace, typ, id string, form Form) (Resource, error) {
	var r Resource
	err := s.change(ctx, by, workspace, func(c *changing) error {
		old, err := c.HoldResource(ctx, c.workspace.ID, typ, id)
		if err != nil {
			return err
		}
		if err := c.may(old, rightsOf(typ).edit...); err != nil {
			return err
		}
		if r, err = form.apply(old); err != nil {
			return err
		}
		var config configured
		if form.Config != nil {
			if config, err = c.configure(ctx, Holder{old.ID, OfResource}, old.Config, r.Config); err != nil {
				return err
			}
			r.Config = config.public
		}
		if r.same(old) && !config.changed() {
			return nil
		}
		if typ == TrackingPlan {
			r.Version++
		}
		return c.save(ctx, old, &r, config)
	})
	return s.secrets.withoutSecrets(r), err
}

// save stores a changed resource and its secrets and records the change in the audit log.
func (c *changing) save(ctx context.Context, old Resource, r *Resource, config configured) error {
	r.UpdatedAt = c.Now()
	if err := c.SaveResource(ctx, *r); err != nil {
		return err
	}
	if err := c.keepSecrets(ctx, config); err != nil {
		return err
	}
	before, after := old.state(), r.state()
	if old.Config != r.Config || config.changed() {
		after["configChanged"] = true
	}
	config.tell(after)
	return c.record(ctx, audit.Updated, r.target(), before, after)
}

// same reports whether the fields that a form can change are equal.
func (r Resource) same(o Resource) bool {
	return r.Name == o.Name && r.Description == o.Description && r.Enabled == o.Enabled && r.Config == o.Config &&
		r.Version == o.Version && sameFlag(r.GeoEnrichment, o.GeoEnrichment) && sameFlag(r.Transient, o.Transient)
}

func sameFlag(a, b *bool) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

// SetExternalID sets the id by which a client manages the resource. It can be set only once:
// the error is Conflict if another resource has it, or if this one has a different one. Other
// errors are those of Update.
func (s *Service) SetExternalID(ctx context.Context, by actor.Caller, workspace, typ, id, externalID string) (Resource, error) {
	var r Resource
	err := s.change(ctx, by, workspace, func(c *changing) error {
		old, err := c.HoldResource(ctx, c.workspace.ID, typ, id)
		if err != nil {
			return err
		}
		if err := c.may(old, rightsOf(typ).edit...); err != nil {
			return err
		}
		r = old
		set, err := c.newExternalID(ctx, typ, old.ExternalID, externalID)
		if err != nil || set == old.ExternalID {
			return err
		}
		r.ExternalID = set
		return c.save(ctx, old, &r, configured{})
	})
	return s.secrets.withoutSecrets(r), err
}

// newExternalID checks a new external id.
func (c *changing) newExternalID(ctx context.Context, typ, old, externalID string) (string, error) {
	var p fault.Problems
	if externalID == "" {
		p.Add(fieldExternalID, "An external id is required.")
	}
	checkExternalID(&p, &externalID)
	if err := p.Err(invalidText); err != nil || externalID == old {
		return old, err
	}
	if old != "" {
		return "", fault.NewConflict("The " + plainType(typ) + " already has an external id, which cannot be changed.")
	}
	return externalID, c.externalIDFree(ctx, typ, externalID)
}

// Delete permanently removes a resource. It refuses one that others refer to, because
// disconnecting needs permissions on both: the error is Invalid for a source or a destination
// with connections, as existing clients expect, and Conflict otherwise. Deleting a destination
// detaches its transformation. The error is Denied without the permission to delete, and
// NotFound if there is no such resource.
func (s *Service) Delete(ctx context.Context, by actor.Caller, workspace, typ, id string) error {
	return s.change(ctx, by, workspace, func(c *changing) error {
		r, err := c.HoldResource(ctx, c.workspace.ID, typ, id)
		if err != nil {
			return err
		}
		if err := c.may(r, rightsOf(typ).create...); err != nil {
			return err
		}
		if err := c.untied(ctx, r); err != nil {
			return err
		}
		if err := c.RemoveResource(ctx, c.workspace.ID, r.ID); err != nil {
			return err
		}
		return c.record(ctx, audit.Deleted, r.target(), r.state(), nil)
	})
}

// untied refuses a resource that others refer to.
func (c *changing) untied(ctx context.Context, r Resource) error {
	ties, err := c.Ties(ctx, r.ID)
	switch {
	case err != nil:
		return err
	case ties.Connections > 0:
		return fault.NewInvalid("The " + plainType(r.Type) + " has active connections. Delete them first.")
	case ties.Destinations > 0:
		return fault.NewConflict("The transformation is connected to destinations. Disconnect it from them first.")
	case ties.SourceLinks > 0 && r.Type == Source:
		return fault.NewConflict("The source follows a tracking plan. Unlink it first.")
	case ties.SourceLinks > 0:
		return fault.NewConflict("Sources follow the tracking plan. Unlink them first.")
	}
	return nil
}

func (r Resource) state() state {
	s := state{"name": r.Name, "enabled": r.Enabled}
	for key, value := range map[string]string{"type": r.Definition, "externalId": r.ExternalID, "description": r.Description,
		"transformationId": r.Transformation, "versionId": r.ShownVersion} {
		if value != "" {
			s[key] = value
		}
	}
	return s
}
