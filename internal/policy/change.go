package policy

import (
	"context"

	"github.com/segmentio/ksuid"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
)

// Add puts a group or member into a workspace with that policy; an empty one gives
// view and what is inherited. Conflict when it is in already; NotFound and Denied as for
// At; Invalid with the permission as the field for what a policy cannot hold: an
// unknown permission, a limit where none may be, a resource that is not in the
// workspace, what the plan lacks.
func (s *Service) Add(ctx context.Context, by actor.Caller, at Place, body access.Policy) (Policy, error) {
	var p Policy
	err := s.change(ctx, by, at, func(tx Tx, v View) error {
		if v.Exists {
			return fault.NewConflict(v.SubjectName + " already has a policy in the workspace " + v.Workspace.Name + ". Nothing was changed.")
		}
		if err := s.checkBody(ctx, tx, v, body); err != nil {
			return err
		}
		p = Policy{ID: ksuid.New().String(), Organization: v.Organization, Workspace: at.Workspace, Kind: at.Kind, Subject: at.Subject,
			SubjectName: v.SubjectName, Body: body.Clone(), Version: 1, UpdatedAt: tx.Now(), UpdatedBy: tx.By().Name}
		if err := tx.InsertPolicy(ctx, p); err != nil {
			return err
		}
		return tx.AppendEvent(ctx, policyEvent(tx.By(), audit.Created, p, v).Changed("", p.Body.String()))
	})
	return p, err
}

// Save replaces a policy, if it still is as it was when seen. Conflict, with a
// *Collision as its cause, when somebody saved or removed it meanwhile: then nothing is
// changed. Denied as well for a baseline when the plan cannot edit it; the other errors
// are those of Add.
func (s *Service) Save(ctx context.Context, by actor.Caller, at Place, seen Revision, body access.Policy) (Policy, error) {
	var p Policy
	err := s.change(ctx, by, at, func(tx Tx, v View) error {
		if !v.Exists || v.Revision() != seen {
			return s.collision(ctx, tx, v, seen)
		}
		if err := s.checkBody(ctx, tx, v, body); err != nil {
			return err
		}
		p = v.Policy
		p.Body = body.Clone()
		if p.Body.Equal(v.Body) {
			return nil
		}
		p.Version, p.UpdatedAt, p.UpdatedBy = v.Version+1, tx.Now(), tx.By().Name
		if err := tx.UpdatePolicy(ctx, p); err != nil {
			return err
		}
		return tx.AppendEvent(ctx, policyEvent(tx.By(), audit.Updated, p, v).Changed(v.Body.String(), p.Body.String()))
	})
	return p, err
}

// Remove takes a group or member out of a workspace. A member who is in it through
// a group stays in it through that. NotFound when there is no policy in the place, Denied
// for a baseline and to all but Admins.
func (s *Service) Remove(ctx context.Context, by actor.Caller, at Place) (View, error) {
	var v View
	err := s.change(ctx, by, at, func(tx Tx, found View) error {
		v = found
		if !v.Exists {
			return fault.NewNotFound("That policy")
		}
		if at.Kind == Baseline {
			return fault.NewDenied("A workspace always has a baseline policy.")
		}
		if err := tx.DeletePolicy(ctx, v.Policy); err != nil {
			return err
		}
		return tx.AppendEvent(ctx, policyEvent(tx.By(), audit.Deleted, v.Policy, v).Changed(v.Body.String(), ""))
	})
	return v, err
}

// change runs fn on what stands in a place.
func (s *Service) change(ctx context.Context, by actor.Caller, at Place, fn func(Tx, View) error) error {
	return account.Change(ctx, s.store.InTx, s.catalogue, by, access.ManagePolicies, func(tx Tx, org account.Organization) error {
		if err := s.mayManage(tx.By(), at.Workspace); err != nil {
			return err
		}
		if at.Kind == Baseline && !org.Plan.Has(access.FeatureBaseline) {
			return fault.NewDenied(access.UpgradeText)
		}
		v, err := loadView(ctx, tx, org.ID, at)
		if err != nil {
			return err
		}
		return fn(tx, v)
	})
}

// policyEvent is the one event of a change to a policy. A member's policy is told in the
// public vocabulary's words for it (permission: resource_access_updated,
// deleted_user_permissions); groups' and baselines' as policy: created, updated, deleted.
// The target's id is the policy's in either case.
func policyEvent(by actor.Standing, action audit.Action, p Policy, v View) audit.Event {
	target := audit.Target{Type: audit.TargetPolicy, ID: p.ID, Workspace: p.Workspace, Name: v.Title()}
	if p.Kind == OfMember {
		target.Type = audit.TargetPermission
		if action == audit.Deleted {
			action = audit.DeletedUserPermissions
		} else {
			action = audit.ResourceAccessUpdated
		}
	}
	return audit.Did(by, action, target)
}

// checkBody finds everything that the policy in v must not become. What was there before
// may stay: resources deleted since, permissions that the catalogue has dropped.
func (s *Service) checkBody(ctx context.Context, r typeReader, v View, body access.Policy) error {
	var p fault.Problems
	p.AddAll(s.catalogue.CheckChange(v.Body, body))
	p.AddAll(v.Plan.Refuses(s.catalogue, v.Body, body))
	if types := access.NewlyLimited(v.Body, body); len(types) > 0 {
		typeOf, err := r.ResourceTypes(ctx, v.Organization, v.Policy.Workspace, types)
		if err != nil {
			return err
		}
		p.AddAll(access.CheckResources(v.Body, body, typeOf))
	}
	return p.Err("The policy cannot be saved like this.")
}
