// Package provision is SCIM 2.0 without HTTP: what an identity provider says about users
// and groups (RFC 7643), its filters and PATCH operations (RFC 7644), and what becomes of
// that here. Users are members, groups are groups; the rules about them are those of
// package account, whose steps the use cases run in one transaction each.
//
// What a provider sends is kept and given back, because providers take an answer that
// lacks something for a failure. Of it only userName, displayName, name, active,
// externalId and the members of groups mean anything here; a password is dropped unread.
// The package neither authenticates nor speaks HTTP, and it holds no SQL: a filter becomes
// a [Condition] that the store runs with bound values.
package provision

import (
	"context"
	"strings"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
)

// Service is the use cases of provisioning. Those of the protocol are for organization
// service access tokens only: Unauthenticated for tokens of another level, Denied for
// everybody else, and while provisioning is switched off or the plan lacks it. It is safe
// for concurrent use.
type Service struct {
	store         Store
	catalogue     *access.Catalogue
	now           func() time.Time
	users, groups Resource
}

// New wires the service.
func New(store Store, catalogue *access.Catalogue, now func() time.Time) *Service {
	return &Service{store: store, catalogue: catalogue, now: now, users: Users(), groups: Groups()}
}

// Resources lists the resource types, for discovery.
func (s *Service) Resources() []Resource { return []Resource{s.users, s.groups} }

// Call is what every use case of the protocol is told about the request.
type Call struct {
	By      actor.Standing
	Base    string // address of the protocol, without a slash at the end, for locations
	IfMatch string // the header of that name; "" for any version
	// Record is what will be given to [Service.Record]: the use cases note in it how many events
	// of the audit log tell of the request. It may be nil.
	Record *Request
}

// Enter answers whether the caller may use the protocol at all, for what needs nothing
// else: discovery.
func (s *Service) Enter(ctx context.Context, by actor.Standing) error {
	if err := s.may(by); err != nil {
		return err
	}
	org, err := s.store.Organization(ctx, by.Organization)
	if err != nil {
		return err
	}
	return open(org)
}

func (s *Service) may(by actor.Standing) error {
	return access.Decide(s.catalogue, by.Principal, access.UseSCIM,
		access.Resource{Organization: by.Organization}).Err("The organization")
}

// open refuses while provisioning is switched off or not part of the plan.
func open(org account.Organization) error {
	switch {
	case org.Provisions():
		return nil
	case !org.Plan.Has(access.FeatureSCIM):
		return fault.NewDenied("The organization's plan does not include SCIM provisioning.")
	}
	return fault.NewDenied("SCIM provisioning is switched off. An Admin can switch it on in Latchkey under Access Management, Provisioning.")
}

// unchanged checks If-Match against the current version (RFC 7644 §3.14).
func (c Call) unchanged(version string) error {
	if c.IfMatch == "" {
		return nil
	}
	for tag := range strings.SplitSeq(c.IfMatch, ",") {
		if tag = strings.TrimSpace(tag); tag == "*" || opaque(tag) == opaque(version) {
			return nil
		}
	}
	return conflict(StaleVersion, "The resource has changed since you read it. Its version is %s now.", version)
}

// opaque is an entity tag without the mark of a weak one.
func opaque(tag string) string { return strings.TrimPrefix(tag, "W/") }

// Enable switches provisioning on or off. Denied to all but Admins, and switching on when
// the plan lacks it. No difference changes nothing.
func (s *Service) Enable(ctx context.Context, by actor.Caller, enabled bool) error {
	return s.store.InTx(ctx, by, func(tx Tx) error {
		if err := s.manage(tx.By()); err != nil {
			return err
		}
		org, err := tx.HoldOrganization(ctx, tx.By().Organization)
		if err != nil || org.SCIMEnabled == enabled {
			return err
		}
		if enabled && !org.Plan.Has(access.FeatureSCIM) {
			return fault.NewDenied(access.UpgradeText)
		}
		if err := tx.SaveSCIM(ctx, org.ID, enabled); err != nil {
			return err
		}
		before, after := `{"scimEnabled":false}`, `{"scimEnabled":true}`
		if !enabled {
			before, after = after, before
		}
		target := audit.Target{Type: audit.TargetOrganization, ID: org.ID, Name: org.Name}
		return tx.AppendEvent(ctx, audit.Did(tx.By(), audit.Updated, target).Changed(before, after))
	})
}

func (s *Service) manage(by actor.Standing) error {
	return access.Decide(s.catalogue, by.Principal, access.ManageOrganization,
		access.Resource{Organization: by.Organization}).Err("The organization")
}
