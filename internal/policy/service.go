// Package policy is the policies that tie groups and members to workspaces: the baseline of a
// workspace, and what a group or a member has there beyond it. It loads and saves them, finds
// what an edit would change and whom it would affect, tells two Admins apart who edit one
// policy, and explains what a member or a token may do and why.
//
// A policy of a group or a member also is what puts them into the workspace. So one with nothing
// in it means something: view, and the workspace's baseline. Package account makes those.
//
// What a policy permits is decided by package access; requests with a token are decided by
// package verify. This package decides about its own use cases only.
package policy

import (
	"context"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
)

// Service is the use cases of policies. Each takes who asks, loads, lets [access.Decide] answer
// before any effect, changes all or nothing in one transaction with its audit event, and returns
// faults. It is safe for concurrent use.
type Service struct {
	store     Store
	catalogue *access.Catalogue
	now       func() time.Time
}

// New wires the service.
func New(store Store, catalogue *access.Catalogue, now func() time.Time) *Service {
	return &Service{store: store, catalogue: catalogue, now: now}
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

// may decides an act on the caller's organization as such.
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
