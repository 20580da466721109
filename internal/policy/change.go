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

// Add puts a group or a member into a workspace with the given policy. An empty one grants view
// and what is inherited. The error is Conflict with a [*Collision] as its cause if there is already a policy. It is Invalid, with
// the permission as the field, for an unknown permission, a limit on a permission that cannot be
// limited, a resource that is not in the workspace, and a permission that the plan does not
// include. The others are those of [Service.At].
func (s *Service) Add(ctx context.Context, by actor.Caller, at Place, body access.Policy) (Policy, error) {
	var p Policy
	err := s.change(ctx, by, at, func(tx Tx, v View) error {
		if v.Exists {
			f := fault.NewConflict(v.SubjectName + " already has a policy in the workspace " + v.Workspace.Name + ".")
			f.Cause = &Collision{Current: v.Policy, Known: true, Between: access.Difference(nil, v.Body)}
			return f
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

// Save replaces a policy if it is still at the revision that the caller has seen. The error is
// Conflict with a [*Collision] as its cause if it was saved or removed since. It is Denied for a
// baseline if the plan does not include editing it. The others are those of [Service.Add].
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

// Remove removes the policy of a group or a member, which takes them out of the workspace. A
// member who is also in it through a group stays. The error is NotFound if there is no policy,
// and Denied for a baseline or if the caller is not an Admin.
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

// change calls fn in a transaction with the view of a place.
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

// policyEvent returns the event of a change to a policy. In the vocabulary of the audit log API,
// the target of a member's policy is a permission, and the action is resource_access_updated or
// deleted_user_permissions. The target of a group's policy or a baseline is a policy, and the
// action is created, updated or deleted. In both cases the target's id is that of the policy.
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

// checkBody returns everything that is wrong with body as the new policy of v. It accepts what v
// already has, such as resources that were deleted and permissions that the catalogue no longer
// has.
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
	return p.Err("This policy cannot be saved.")
}
