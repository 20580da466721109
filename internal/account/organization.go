package account

import (
	"context"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
)

// Organizations is the use cases of the organization itself: its setup, its plan and its recent
// events.
type Organizations struct {
	store     OrganizationStore
	catalogue *access.Catalogue
}

// OrganizationStore is what [Organizations] reads, and how it begins a transaction.
type OrganizationStore interface {
	OrganizationReads
	// InTx runs fn in one write transaction of the caller, which is committed if fn returns nil.
	// The error is Unauthenticated if the caller's session or token no longer works.
	InTx(ctx context.Context, by actor.Caller, fn func(OrganizationTx) error) error
}

// OrganizationReads is what [Organizations] reads outside of transactions.
type OrganizationReads interface {
	// Claimed reports whether an organization exists.
	Claimed(ctx context.Context) (bool, error)
	// SoleOrganization returns the installation's organization. The error is NotFound if there is
	// none.
	SoleOrganization(ctx context.Context) (Organization, error)
	// RecentEvents returns the newest audit events. If actor is empty, it returns those of all
	// actors, except the requests of identity providers.
	RecentEvents(ctx context.Context, organization, actor string, limit int) ([]audit.Event, error)
	// Progress returns which steps the organization has taken or, if member is not empty, which of
	// those about tokens the member has taken.
	Progress(ctx context.Context, organization, member string) (Progress, error)
}

// Progress is which of the first steps have been taken. Each is true because of what exists, or once
// existed: nobody marks a step as done.
type Progress struct {
	Invited     bool // there is a second member, or an invitation was made
	Baseline    bool // the baseline policy of a workspace grants something
	Generated   bool // a token was generated
	Used        bool // a token was accepted
	Client      bool // there is an API client
	Provisioned bool // provisioning is on
}

// OrganizationTx is what [Organizations] does inside a transaction.
type OrganizationTx interface {
	Tx
	workspaceInserter
	memberInserter
	// Claimed reports whether an organization exists.
	Claimed(ctx context.Context) (bool, error)
	// InsertOrganization adds an organization.
	InsertOrganization(ctx context.Context, o Organization) error
	// SetPlan changes the organization's plan.
	SetPlan(ctx context.Context, organization string, plan access.Plan) error
}

// Claimed reports whether the installation has been set up.
func (s *Organizations) Claimed(ctx context.Context) (bool, error) { return s.store.Claimed(ctx) }

// Progress returns which steps the organization has taken if the caller may change it, and
// otherwise the caller's own progress, which knows Generated and Used only.
func (s *Organizations) Progress(ctx context.Context, by actor.Standing) (Progress, error) {
	if May(s.catalogue, by, access.ManageMembers) == nil {
		return s.store.Progress(ctx, by.Organization, "")
	}
	return s.store.Progress(ctx, by.Organization, by.Self())
}

// RecentActivity returns the newest events: those of the organization if the caller may read the
// audit log, and the caller's own otherwise.
func (s *Organizations) RecentActivity(ctx context.Context, by actor.Standing, limit int) ([]audit.Event, error) {
	actor := by.ID
	if May(s.catalogue, by, access.ReadAuditLog) == nil {
		actor = ""
	}
	return s.store.RecentEvents(ctx, by.Organization, actor, limit)
}
