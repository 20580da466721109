package account

import (
	"context"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/audit"
)

// Store is what the service reads outside a transaction, and the way into one.
type Store interface {
	SubjectStore
	// InTx runs fn in one write transaction: all or nothing.
	InTx(ctx context.Context, fn func(Tx) error) error
	// Claimed reports whether an organization exists.
	Claimed(ctx context.Context) (bool, error)
	// Baseline returns a workspace's baseline policy; NotFound when the workspace is not
	// the organization's.
	Baseline(ctx context.Context, organization, workspace string) (Policy, error)
	// Resources lists a workspace's resources by type and name.
	Resources(ctx context.Context, organization, workspace string) ([]Resource, error)
	// RecentEvents lists the newest audit events, of one actor or (actor "") of all.
	RecentEvents(ctx context.Context, organization, actor string, limit int) ([]audit.Event, error)
}

// Tx is what the service does inside a transaction.
type Tx interface {
	SubjectStore
	// Now is the moment of the transaction.
	Now() time.Time
	Claimed(ctx context.Context) (bool, error)
	InsertOrganization(ctx context.Context, o Organization) error
	// InsertWorkspace is a Conflict when the name is taken.
	InsertWorkspace(ctx context.Context, w Workspace) error
	// InsertMember is a Conflict when the e-mail is taken.
	InsertMember(ctx context.Context, m Member, passwordHash string) error
	InsertGroup(ctx context.Context, g Group) error
	AddToGroup(ctx context.Context, group, member string) error
	// InsertPolicy is a Conflict when the place already holds one.
	InsertPolicy(ctx context.Context, p Policy) error
	AppendEvent(ctx context.Context, e audit.Event) error
}

// Service is the use cases of account administration.
type Service struct {
	store     Store
	catalogue *access.Catalogue
	now       func() time.Time
}

// New wires the service.
func New(store Store, catalogue *access.Catalogue, now func() time.Time) *Service {
	return &Service{store: store, catalogue: catalogue, now: now}
}

// Claimed reports whether the installation has been set up.
func (s *Service) Claimed(ctx context.Context) (bool, error) { return s.store.Claimed(ctx) }

// Subject loads a member's live standing; NotFound when there is no such member.
func (s *Service) Subject(ctx context.Context, organization, member string) (Subject, error) {
	return LoadSubject(ctx, s.store, organization, member)
}

// Baseline returns a workspace's baseline policy to whoever is in the workspace.
func (s *Service) Baseline(ctx context.Context, by audit.Caller, workspace string) (Policy, error) {
	if err := s.mayView(by, workspace); err != nil {
		return Policy{}, err
	}
	return s.store.Baseline(ctx, by.Organization, workspace)
}

// Resources lists a workspace's resources for whoever is in the workspace.
func (s *Service) Resources(ctx context.Context, by audit.Caller, workspace string) ([]Resource, error) {
	if err := s.mayView(by, workspace); err != nil {
		return nil, err
	}
	return s.store.Resources(ctx, by.Organization, workspace)
}

// RecentActivity lists the newest events: the organization's for whoever may read the
// audit log, the caller's own for others.
func (s *Service) RecentActivity(ctx context.Context, by audit.Caller, limit int) ([]audit.Event, error) {
	actor := by.ID
	if access.Decide(s.catalogue, by.Principal, access.ReadAuditLog, access.Resource{Organization: by.Organization}).Allowed {
		actor = ""
	}
	return s.store.RecentEvents(ctx, by.Organization, actor, limit)
}

func (s *Service) mayView(by audit.Caller, workspace string) error {
	return access.Decide(s.catalogue, by.Principal, access.ViewWorkspace,
		access.Resource{Organization: by.Organization, Workspace: workspace}).Err("That workspace")
}
