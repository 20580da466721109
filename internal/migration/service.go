package migration

import (
	"context"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
)

// Service implements the use cases of migration, which are for Admins only: the error is Denied
// for others. It is safe for concurrent use.
type Service struct {
	store     Store
	catalogue *access.Catalogue
	operator  bool
	works     *works
}

// New returns a service. [Service.Close] ends its background work.
func New(store Store, catalogue *access.Catalogue) *Service {
	return &Service{store: store, catalogue: catalogue, works: newWorks()}
}

// Operator returns a service for the operator of the database, which checks no permissions, and
// the caller to use with it: the system, acting for the installation's organization. The error
// is NotFound before the installation is set up.
func (s *Service) Operator(ctx context.Context) (*Service, actor.Standing, error) {
	o, err := s.store.SoleOrganization(ctx)
	return &Service{store: s.store, catalogue: s.catalogue, operator: true, works: s.works}, actor.OfSystem(o.ID), err
}

func (s *Service) may(by actor.Standing) error {
	if s.operator {
		return nil
	}
	return access.Decide(s.catalogue, by.Principal, access.ManageMigration,
		access.Resource{Organization: by.Organization}).Err("The organization")
}

// Overview is the state of migration in an organization.
type Overview struct {
	Staging     Migration // zero: the staging area is empty
	Deployments []Migration
}

// Empty reports whether the staging area is empty.
func (o Overview) Empty() bool { return o.Staging.ID == "" }

// Overview returns the staging area and the deployed migrations.
func (s *Service) Overview(ctx context.Context, by actor.Standing) (Overview, error) {
	if err := s.may(by); err != nil {
		return Overview{}, err
	}
	var o Overview
	var err error
	if o.Staging, err = s.store.Staging(ctx, by.Organization); err != nil && !fault.Is(err, fault.NotFound) {
		return o, err
	}
	o.Deployments, err = s.store.Deployments(ctx, by.Organization)
	return o, err
}

// Deployment returns a deployed migration with its report; NotFound for any other.
func (s *Service) Deployment(ctx context.Context, by actor.Standing, id string) (Migration, error) {
	if err := s.may(by); err != nil {
		return Migration{}, err
	}
	m, err := s.store.Migration(ctx, by.Organization, id)
	if err == nil && m.State != Deployed {
		err = fault.NewNotFound("That report")
	}
	return m, err
}

// change runs fn on the staging area in one transaction. The error is NotFound if the area is
// empty, and Conflict if its migration is in none of the states.
func (s *Service) change(ctx context.Context, by actor.Caller, fn func(tx Tx, m Migration) error, states ...State) error {
	return s.store.InTx(ctx, by, func(tx Tx) error {
		if err := s.may(tx.By()); err != nil {
			return err
		}
		organization := tx.By().Organization
		if _, err := tx.HoldOrganization(ctx, organization); err != nil {
			return err
		}
		m, err := tx.Staging(ctx, organization)
		if err != nil {
			return err
		}
		if !m.in(states) {
			return fault.NewConflict("The staging area has changed. Reload the page and try again.")
		}
		return fn(tx, m)
	})
}

func (m Migration) in(states []State) bool {
	for _, s := range states {
		if m.State == s {
			return true
		}
	}
	return false
}

// Reset empties the staging area and reports whether there was anything in it. An empty one is
// not an error. The error is Conflict while an import is being staged or deployed.
func (s *Service) Reset(ctx context.Context, by actor.Standing) (bool, error) {
	if err := s.may(by); err != nil {
		return false, err
	}
	if err := s.alone(ctx, by.Organization); err != nil {
		return false, err
	}
	err := s.change(ctx, by.Caller(), func(tx Tx, m Migration) error {
		if err := tx.DeleteMigration(ctx, m.Organization, m.ID); err != nil {
			return err
		}
		return tx.AppendEvent(ctx, m.event(tx.By(), audit.StagingReset))
	}, Reading, Uploaded, Staged)
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	return err == nil, err
}

// batch is the number of items that are read or written at a time.
const batch = 1000

// each calls do for every item of a kind, in the order of the file. do may change the item in
// the store.
func each(ctx context.Context, r itemReader, migration string, kind Kind, do func(*Item) error) error {
	for after := int64(0); ; {
		items, err := r.StagedItems(ctx, migration, kind, after, batch)
		if err != nil || len(items) == 0 {
			return err
		}
		for i := range items {
			if err := do(&items[i]); err != nil {
				return err
			}
		}
		after = items[len(items)-1].Seq
	}
}
