package account

import (
	"context"
	"encoding/json"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
)

// Service is the use cases of account administration. Each takes who asks, loads, lets
// [access.Decide] answer before any effect, changes all or nothing in one transaction
// with its audit events, and returns faults. It is safe for concurrent use.
type Service struct {
	store     Store
	catalogue *access.Catalogue
	now       func() time.Time
	mailer    Mailer
}

// Option is an optional part of the service.
type Option func(*Service)

// WithMailer sends invitations by e-mail as well. Without it their links are only shown.
func WithMailer(m Mailer) Option { return func(s *Service) { s.mailer = m } }

// New wires the service.
func New(store Store, catalogue *access.Catalogue, now func() time.Time, options ...Option) *Service {
	s := &Service{store: store, catalogue: catalogue, now: now}
	for _, option := range options {
		option(s)
	}
	return s
}

// Claimed reports whether the installation has been set up.
func (s *Service) Claimed(ctx context.Context) (bool, error) { return s.store.Claimed(ctx) }

// Subject loads a member's live standing; NotFound when there is no such member.
func (s *Service) Subject(ctx context.Context, organization, member string) (Subject, error) {
	return LoadSubject(ctx, s.store, organization, member)
}

// Baseline returns a workspace's baseline policy to whoever is in the workspace.
func (s *Service) Baseline(ctx context.Context, by actor.Standing, workspace string) (Policy, error) {
	if err := s.mayView(by, workspace); err != nil {
		return Policy{}, err
	}
	return s.store.Baseline(ctx, by.Organization, workspace)
}

// Resources lists a workspace's resources for whoever is in the workspace.
func (s *Service) Resources(ctx context.Context, by actor.Standing, workspace string) ([]Resource, error) {
	if err := s.mayView(by, workspace); err != nil {
		return nil, err
	}
	return s.store.Resources(ctx, by.Organization, workspace)
}

// ResourcesIn lists the resources of workspaces, by workspace, for whoever is in all of them. It
// asks the store once.
func (s *Service) ResourcesIn(ctx context.Context, by actor.Standing, workspaces []string) (map[string][]Resource, error) {
	for _, workspace := range workspaces {
		if err := s.mayView(by, workspace); err != nil {
			return nil, err
		}
	}
	return s.store.ResourcesIn(ctx, by.Organization, workspaces)
}

// RecentActivity lists the newest events: the organization's for whoever may read the
// audit log, the caller's own for others.
func (s *Service) RecentActivity(ctx context.Context, by actor.Standing, limit int) ([]audit.Event, error) {
	actor := by.ID
	if s.may(by, access.ReadAuditLog) == nil {
		actor = ""
	}
	return s.store.RecentEvents(ctx, by.Organization, actor, limit)
}

func (s *Service) mayView(by actor.Standing, workspace string) error {
	return access.Decide(s.catalogue, by.Principal, access.ViewWorkspace,
		access.Resource{Organization: by.Organization, Workspace: workspace}).Err("That workspace")
}

// may decides an act on the caller's organization as such. What is loaded afterwards is
// loaded within that organization, so that nothing of another can be reached by its id.
func (s *Service) may(by actor.Standing, act access.Permission) error {
	return access.Decide(s.catalogue, by.Principal, act, access.Resource{Organization: by.Organization}).Err("The organization")
}

// change runs fn as one change of the caller's organization: decided in the transaction,
// with the organization held, all or nothing.
func (s *Service) change(ctx context.Context, by actor.Caller, act access.Permission, fn func(tx Tx, org Organization) error) error {
	return s.store.InTx(ctx, by, func(tx Tx) error {
		if err := s.may(tx.By(), act); err != nil {
			return err
		}
		org, err := tx.HoldOrganization(ctx, tx.By().Organization)
		if err != nil {
			return err
		}
		return fn(tx, org)
	})
}

// state is what the audit log keeps of a thing before or after a change, as JSON.
type state map[string]any

func (s state) String() string {
	text, err := json.Marshal(s)
	if err != nil { // texts, numbers, lists of them: they always marshal
		return "{}"
	}
	return string(text)
}

// newName is a name in a form, with its problem recorded under path.
func newName(p *fault.Problems, path, value string) string {
	clean, err := plaintext.Name(value)
	addIf(p, path, err)
	return clean
}

// unique is list without empty and repeated entries, in order.
func unique(list []string) []string {
	seen := make(map[string]bool, len(list))
	out := make([]string, 0, len(list))
	for _, v := range list {
		if v != "" && !seen[v] {
			seen[v] = true
			out = append(out, v)
		}
	}
	return out
}
