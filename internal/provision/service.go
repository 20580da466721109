// Package provision implements SCIM 2.0 without HTTP: the users and groups of an identity
// provider (RFC 7643), its filters and PATCH operations (RFC 7644), and their effect on the
// organization. Users are members. Package account has the rules about members and groups; each
// use case runs its steps in one transaction.
//
// The package stores what a provider sends and returns it unchanged, because providers treat a
// response that lacks something as a failure. Only userName, displayName, name, active,
// externalId and the members of groups have an effect; passwords are ignored. The package does
// not authenticate or handle HTTP, and it contains no SQL: it translates a filter to a
// [Condition] that the store runs with bound values.
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

// Service implements the use cases of provisioning. Those of the protocol are for organization
// service access tokens only: the error is Unauthenticated for tokens of another level, and
// Denied for all other callers and while provisioning is switched off or the plan lacks it.
// Service is safe for concurrent use.
type Service struct {
	store         Store
	catalogue     *access.Catalogue
	now           func() time.Time
	users, groups Resource
}

// New returns a service.
func New(store Store, catalogue *access.Catalogue, now func() time.Time) *Service {
	return &Service{store: store, catalogue: catalogue, now: now, users: Users(), groups: Groups()}
}

// Resources returns the resource types, for discovery.
func (s *Service) Resources() []Resource { return []Resource{s.users, s.groups} }

// Call describes the request for the use cases of the protocol.
type Call struct {
	By      actor.Standing
	Base    string // base URL of the protocol, without a trailing slash, for locations
	IfMatch string // the header of that name; "" for any version
	// Record will be passed to [Service.Record]. The use cases store in it the number of audit
	// events for the request. It may be nil.
	Record *Request
}

// Enter returns an error if the caller may not use the protocol. Discovery requires nothing
// else.
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
	return conflict(StaleVersion, "The resource has changed since you read it. Its current version is %s.", version)
}

// opaque returns an entity tag without the prefix of weak tags.
func opaque(tag string) string { return strings.TrimPrefix(tag, "W/") }

// Enable switches provisioning on or off. The error is Denied for all but Admins, and for
// switching it on if the plan lacks it. Setting the current value changes nothing.
func (s *Service) Enable(ctx context.Context, by actor.Caller, enabled bool) error {
	return s.configure(ctx, by, "scimEnabled", enabled, func(tx Tx, org account.Organization) (bool, error) {
		if org.SCIMEnabled == enabled {
			return false, nil
		}
		if enabled && !org.Plan.Has(access.FeatureSCIM) {
			return false, fault.NewDenied(access.UpgradeText)
		}
		return true, tx.SaveSCIM(ctx, org.ID, enabled)
	})
}

// AllowAddresses sets whether the provider may change the addresses of members. The error is Denied
// for all but Admins. Setting the current value changes nothing.
func (s *Service) AllowAddresses(ctx context.Context, by actor.Caller, allowed bool) error {
	return s.configure(ctx, by, "scimAddressChanges", allowed, func(tx Tx, org account.Organization) (bool, error) {
		if org.SCIMFixedAddresses != allowed {
			return false, nil
		}
		return true, tx.SaveSCIMAddresses(ctx, org.ID, !allowed)
	})
}

// configure runs save as an Admin's change of one setting, and appends the event if save reports a
// change.
func (s *Service) configure(ctx context.Context, by actor.Caller, setting string, value bool,
	save func(tx Tx, org account.Organization) (changed bool, err error)) error {
	return s.store.InTx(ctx, by, func(tx Tx) error {
		if err := s.manage(tx.By()); err != nil {
			return err
		}
		org, err := tx.HoldOrganization(ctx, tx.By().Organization)
		if err != nil {
			return err
		}
		changed, err := save(tx, org)
		if err != nil || !changed {
			return err
		}
		target := audit.Target{Type: audit.TargetOrganization, ID: org.ID, Name: org.Name}
		return tx.AppendEvent(ctx, audit.Did(tx.By(), audit.Updated, target).Changed(
			audit.Fields{setting: !value}.String(), audit.Fields{setting: value}.String()))
	})
}

func (s *Service) manage(by actor.Standing) error {
	return access.Decide(s.catalogue, by.Principal, access.ManageOrganization,
		access.Resource{Organization: by.Organization}).Err("The organization")
}
