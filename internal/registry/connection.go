package registry

import (
	"context"

	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
)

// connectionType is the type of connections for external ids and the audit log. It is not in
// the permission catalogue: the permissions on both ends decide.
const connectionType = "connection"

// ConnectionForm is a caller's input for a connection; nil fields as in [Form].
type ConnectionForm struct {
	Source      *string
	Destination *string
	ExternalID  *string // only when creating
	Enabled     *bool   // true by default
}

// Connection returns a connection to a caller in the workspace; NotFound otherwise.
func (s *Service) Connection(ctx context.Context, by actor.Standing, workspace, id string) (Connection, error) {
	w, err := s.enter(ctx, s.store, by, workspace)
	if err != nil {
		return Connection{}, err
	}
	return s.store.Connection(ctx, w.ID, id)
}

// Connections returns a page of the connections to a caller in the workspace.
func (s *Service) Connections(ctx context.Context, by actor.Standing, workspace string, q Query) (List[Connection], error) {
	w, err := s.enter(ctx, s.store, by, workspace)
	if err != nil {
		return List[Connection]{}, err
	}
	return list(q,
		func(limit int) ([]Connection, error) { return s.store.Connections(ctx, w.ID, q, limit) },
		func() (int, error) { return s.store.ConnectionCount(ctx, w.ID, q) })
}

// Connect creates a connection. It requires Edit and Connect on both ends; the error is Denied
// otherwise. It is Invalid if an end is missing or does not exist, and Conflict if the two are
// connected already or the external id is taken.
func (s *Service) Connect(ctx context.Context, by actor.Caller, workspace string, form ConnectionForm) (Connection, error) {
	var made Connection
	err := s.change(ctx, by, workspace, func(c *changing) error {
		made = Connection{Workspace: c.workspace.ID, Enabled: true, CreatedAt: c.Now(), UpdatedAt: c.Now()}
		ends, err := c.join(ctx, form, &made)
		if err != nil {
			return err
		}
		var p fault.Problems
		made.ExternalID = checkExternalID(&p, form.ExternalID)
		if err := p.Err(invalidText); err != nil {
			return err
		}
		if err := c.pairFree(ctx, made); err != nil {
			return err
		}
		if err := c.externalIDFree(ctx, connectionType, made.ExternalID); err != nil {
			return err
		}
		if made.ID, err = c.newID(); err != nil {
			return err
		}
		if err := c.Links.AddConnection(ctx, made); err != nil {
			return err
		}
		return c.recordConnected(ctx, ends, made)
	})
	return made, err
}

// pair holds the two ends of a connection.
type pair struct{ source, destination Resource }

// name returns the name of the connection in the audit log.
func (p pair) name() string { return p.source.Name + " → " + p.destination.Name }

// ends loads both ends and checks the permissions on them.
func (c *changing) ends(ctx context.Context, source, destination string) (pair, error) {
	var p fault.Problems
	from, err := c.end(ctx, &p, Source, "sourceId", source)
	if err != nil {
		return pair{}, err
	}
	to, err := c.end(ctx, &p, Destination, "destinationId", destination)
	if err != nil {
		return pair{}, err
	}
	if err := p.Err(invalidText); err != nil {
		return pair{}, err
	}
	return pair{from, to}, c.mayLink(from, to)
}

// end locks one end. A missing end is a problem with the form, not NotFound.
func (c *changing) end(ctx context.Context, p *fault.Problems, typ, path, id string) (Resource, error) {
	if id == "" {
		p.Add(path, "This is required.")
		return Resource{}, nil
	}
	r, err := Resource{}, error(fault.NewNotFound(Noun(typ)))
	if plaintext.PossibleID(id) {
		r, err = c.HoldResource(ctx, c.workspace.ID, typ, id)
	}
	if fault.Is(err, fault.NotFound) {
		p.Add(path, "There is no such "+typ+" in this workspace.")
		return Resource{}, nil
	}
	return r, err
}

// join sets the ends of a connection from the form, after checking the permissions on them.
func (c *changing) join(ctx context.Context, form ConnectionForm, to *Connection) (pair, error) {
	if form.Source != nil {
		to.Source = *form.Source
	}
	if form.Destination != nil {
		to.Destination = *form.Destination
	}
	if form.Enabled != nil {
		to.Enabled = *form.Enabled
	}
	return c.ends(ctx, to.Source, to.Destination)
}

// pairFree refuses a second connection between the same ends.
func (c *changing) pairFree(ctx context.Context, wanted Connection) error {
	other, err := c.Links.ConnectionOf(ctx, c.workspace.ID, wanted.Source, wanted.Destination)
	switch {
	case fault.Is(err, fault.NotFound), err == nil && other.ID == wanted.ID:
		return nil
	case err != nil:
		return err
	}
	return fault.NewConflict("A connection already exists for this source and destination pair.")
}

// UpdateConnection enables or disables a connection, or changes its ends. It requires Edit and
// Connect on all ends, old and new. Errors are those of Connect, and NotFound.
func (s *Service) UpdateConnection(ctx context.Context, by actor.Caller, workspace, id string, form ConnectionForm) (Connection, error) {
	var changed Connection
	err := s.change(ctx, by, workspace, func(c *changing) error {
		old, ends, err := c.heldConnection(ctx, id)
		if err != nil {
			return err
		}
		if form.ExternalID != nil && *form.ExternalID != old.ExternalID {
			return fault.NewInvalid(invalidText, fault.Field{Path: fieldExternalID,
				Message: "The external id cannot be changed here. Set it with PUT …/external-id."})
		}
		changed = old
		newEnds, err := c.join(ctx, form, &changed)
		if err != nil || changed == old {
			return err
		}
		if err := c.pairFree(ctx, changed); err != nil {
			return err
		}
		changed.UpdatedAt = c.Now()
		if err := c.Links.SaveConnection(ctx, changed); err != nil {
			return err
		}
		return c.record(ctx, audit.Updated, changed.target(newEnds), old.state(ends), changed.state(newEnds))
	})
	return changed, err
}

// heldConnection locks a connection with its ends and checks the permissions on them.
func (c *changing) heldConnection(ctx context.Context, id string) (Connection, pair, error) {
	held, err := c.Links.HoldConnection(ctx, c.workspace.ID, id)
	if err != nil {
		return Connection{}, pair{}, err
	}
	ends, err := c.ends(ctx, held.Source, held.Destination)
	return held, ends, err
}

// SetConnectionExternalID is SetExternalID for a connection. It requires the permissions of
// UpdateConnection.
func (s *Service) SetConnectionExternalID(ctx context.Context, by actor.Caller, workspace, id, externalID string) (Connection, error) {
	var changed Connection
	err := s.change(ctx, by, workspace, func(c *changing) error {
		old, ends, err := c.heldConnection(ctx, id)
		if err != nil {
			return err
		}
		changed = old
		set, err := c.newExternalID(ctx, connectionType, old.ExternalID, externalID)
		if err != nil || set == old.ExternalID {
			return err
		}
		changed.ExternalID, changed.UpdatedAt = set, c.Now()
		if err := c.Links.SaveConnection(ctx, changed); err != nil {
			return err
		}
		return c.record(ctx, audit.Updated, changed.target(ends), old.state(ends), changed.state(ends))
	})
	return changed, err
}

// Disconnect removes a connection. It requires the permissions of Connect. The error is
// NotFound if there is no such connection.
func (s *Service) Disconnect(ctx context.Context, by actor.Caller, workspace, id string) error {
	return s.change(ctx, by, workspace, func(c *changing) error {
		old, ends, err := c.heldConnection(ctx, id)
		if err != nil {
			return err
		}
		if err := c.Links.RemoveConnection(ctx, c.workspace.ID, old.ID); err != nil {
			return err
		}
		before := old.state(ends)
		if err := c.record(ctx, audit.Deleted, old.target(ends), before, nil); err != nil {
			return err
		}
		if err := c.record(ctx, audit.DisconnectedDestination, ends.source.target(), before, nil); err != nil {
			return err
		}
		return c.record(ctx, audit.DisconnectedSource, ends.destination.target(), before, nil)
	})
}

// recordConnected records a new connection in the audit log, with an event for each end as well,
// so that it is found among the events of the source.
func (c *changing) recordConnected(ctx context.Context, ends pair, made Connection) error {
	after := made.state(ends)
	if err := c.record(ctx, audit.Created, made.target(ends), nil, after); err != nil {
		return err
	}
	if err := c.record(ctx, audit.ConnectedDestination, ends.source.target(), nil, after); err != nil {
		return err
	}
	return c.record(ctx, audit.ConnectedSource, ends.destination.target(), nil, after)
}

func (c Connection) target(ends pair) audit.Target {
	return audit.Target{Type: audit.TargetConnection, ID: c.ID, Name: ends.name(), Workspace: c.Workspace}
}

func (c Connection) state(ends pair) state {
	return state{"connectionId": c.ID, "sourceId": c.Source, "source": ends.source.Name, "destinationId": c.Destination,
		"destination": ends.destination.Name, "enabled": c.Enabled, "externalId": c.ExternalID}
}
