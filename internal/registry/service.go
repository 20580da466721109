package registry

import (
	"context"
	"encoding/json"

	"github.com/segmentio/ksuid"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
)

// Service implements the use cases of a workspace's resources. It is safe for concurrent use.
type Service struct {
	store     Store
	catalogue *access.Catalogue
	secrets   Secrets
}

// New returns a service.
func New(store Store, catalogue *access.Catalogue, secrets Secrets) *Service {
	return &Service{store: store, catalogue: catalogue, secrets: secrets}
}

// Workspace returns a workspace to a caller in it. For others the error is NotFound, and for an
// organization token, which has no access to workspaces, Unauthenticated.
func (s *Service) Workspace(ctx context.Context, by actor.Standing, id string) (account.Workspace, error) {
	return s.enter(ctx, s.store, by, id)
}

// enter loads the workspace and checks that the caller is in it. Every use case calls it first,
// and loads everything else within this workspace.
func (s *Service) enter(ctx context.Context, r workspaceReader, by actor.Standing, workspace string) (account.Workspace, error) {
	at := access.Resource{Organization: by.Organization, Workspace: workspace}
	if err := access.Decide(s.catalogue, by.Principal, access.ViewWorkspace, at).Err("That workspace"); err != nil {
		return account.Workspace{}, err
	}
	if !plaintext.PossibleID(workspace) {
		return account.Workspace{}, fault.NewNotFound("That workspace")
	}
	// An Admin is in every workspace, but only of their own organization.
	return r.Workspace(ctx, by.Organization, workspace)
}

// change runs fn in a transaction, in the workspace.
func (s *Service) change(ctx context.Context, by actor.Caller, workspace string, fn func(c *changing) error) error {
	return s.store.InTx(ctx, by, func(tx Tx) error {
		w, err := s.enter(ctx, tx, tx.By(), workspace)
		if err != nil {
			return err
		}
		return fn(&changing{service: s, Tx: tx, workspace: w})
	})
}

// changing is a change in progress: the transaction and the workspace.
type changing struct {
	Tx
	service   *Service
	workspace account.Workspace
}

// may checks that the caller has all the permissions on a resource.
func (c *changing) may(r Resource, perms ...access.Permission) error {
	decisions := make([]access.Decision, len(perms))
	for i, perm := range perms {
		at := r.where(c.workspace)
		if perm.Type() != r.Type {
			at.Type, at.ID = perm.Type(), ""
		}
		decisions[i] = access.Decide(c.service.catalogue, c.By().Principal, perm, at)
	}
	return access.AllOf(decisions...).Err(Noun(r.Type))
}

// mayLink checks that the caller may connect, change or disconnect two resources.
func (c *changing) mayLink(from, to Resource) error {
	return access.DecideConnection(c.service.catalogue, c.By().Principal, from.where(c.workspace), to.where(c.workspace)).
		Err(Noun(from.Type))
}

// record records what the caller did in the audit log.
func (c *changing) record(ctx context.Context, action audit.Action, target audit.Target, before, after state) error {
	return c.AppendEvent(ctx, audit.Did(c.By(), action, target).Changed(before.String(), after.String()))
}

// newID returns a new id that sorts by the time of the transaction.
func (c *changing) newID() (string, error) {
	id, err := ksuid.NewRandomWithTime(c.Now())
	return id.String(), err
}

// state is what the audit log keeps of a resource before or after a change. It excludes
// configuration, which may contain credentials of other systems.
type state map[string]any

// String returns s as JSON, or "" for nil.
func (s state) String() string {
	if s == nil {
		return ""
	}
	text, err := json.Marshal(s)
	if err != nil { // never happens: strings, numbers and booleans always marshal
		return "{}"
	}
	return string(text)
}

// rights are the permissions needed to create and to edit resources of a type.
type rights struct{ create, edit []access.Permission }

// rightsOf returns the rights for a type. Deleting needs the same as creating.
func rightsOf(typ string) rights {
	edit, create := access.NewPermission(typ, "edit"), access.NewPermission(typ, "create_delete")
	switch typ {
	case Library: // Edit covers all of it
		return rights{create: []access.Permission{edit}, edit: []access.Permission{edit}}
	case TrackingPlan: // a plan is part of the data catalog
		also := access.NewPermission(dataCatalog, "edit")
		return rights{create: []access.Permission{create, also}, edit: []access.Permission{edit, also}}
	}
	return rights{create: []access.Permission{create}, edit: []access.Permission{edit}}
}

// list reads one page of a list, and one more item to know whether there are more.
func list[T any](q Query, read func(limit int) ([]T, error), count func() (int, error)) (List[T], error) {
	total, err := count()
	if err != nil {
		return List[T]{}, err
	}
	limit := 0
	if q.Size > 0 {
		limit = q.Size + 1
	}
	items, err := read(limit)
	if err != nil {
		return List[T]{}, err
	}
	l := List[T]{Items: items, Total: total}
	if q.Size > 0 && len(items) > q.Size {
		l.Items, l.More = items[:q.Size], true
	}
	return l, nil
}
