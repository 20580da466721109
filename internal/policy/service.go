// Package policy manages the policies that tie groups and members to workspaces: the baseline of
// a workspace, and what a group or a member has there in addition. It loads and saves them, finds
// what an edit would change and whom it would affect, detects that two Admins edit the same
// policy, and explains what a member or a token may do and why.
//
// The policy of a group or a member also puts them into the workspace. So a policy without
// permissions has an effect: it grants view and the workspace's baseline. Package account creates
// those.
//
// Package access decides what a policy permits, and package verify decides requests with a token.
// This package decides only about its own use cases.
package policy

import (
	"context"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
)

// Service is the use cases of policies. Each one takes the caller, loads what it needs and lets
// [access.Decide] answer before any effect. A change is one transaction that includes its audit
// event. The errors are faults. It is safe for concurrent use.
type Service struct {
	store     Store
	catalogue *access.Catalogue
	now       func() time.Time
}

// New returns a service.
func New(store Store, catalogue *access.Catalogue, now func() time.Time) *Service {
	return &Service{store: store, catalogue: catalogue, now: now}
}

// Baseline returns the baseline policy of a workspace that the caller is in.
func (s *Service) Baseline(ctx context.Context, by actor.Standing, workspace string) (Policy, error) {
	if err := s.mayView(by, workspace); err != nil {
		return Policy{}, err
	}
	return s.store.Baseline(ctx, by.Organization, workspace)
}

// Resources returns the resources of a workspace that the caller is in.
func (s *Service) Resources(ctx context.Context, by actor.Standing, workspace string) ([]Resource, error) {
	if err := s.mayView(by, workspace); err != nil {
		return nil, err
	}
	return s.store.Resources(ctx, by.Organization, workspace)
}

// ResourcesIn returns the resources of workspaces that the caller is in, by the id of the
// workspace, with one query.
func (s *Service) ResourcesIn(ctx context.Context, by actor.Standing, workspaces []string) (map[string][]Resource, error) {
	for _, workspace := range workspaces {
		if err := s.mayView(by, workspace); err != nil {
			return nil, err
		}
	}
	return s.store.ResourcesIn(ctx, by.Organization, workspaces)
}

// may decides an act on the caller's organization.
func (s *Service) may(by actor.Standing, act access.Permission) error {
	return account.May(s.catalogue, by, act)
}

func (s *Service) mayView(by actor.Standing, workspace string) error {
	return s.mayIn(by, access.ViewWorkspace, workspace)
}

func (s *Service) mayManage(by actor.Standing, workspace string) error {
	return s.mayIn(by, access.ManagePolicies, workspace)
}

// mayIn decides an act in a workspace.
func (s *Service) mayIn(by actor.Standing, act access.Permission, workspace string) error {
	return access.Decide(s.catalogue, by.Principal, act,
		access.Resource{Organization: by.Organization, Workspace: workspace}).Err("That workspace")
}
