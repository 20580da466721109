package account

import (
	"context"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
)

// keepAnAdmin refuses, at the end of a change, to leave the organization without an active
// Admin: nobody could ever repair that. It looks at the outcome, so that it holds for any
// mixture of changes, and the organization is held, so that two cannot pass it together.
func keepAnAdmin(ctx context.Context, tx adminCounter, organization string) error {
	n, err := tx.CountActiveAdmins(ctx, organization)
	if err == nil && n == 0 {
		return fault.NewConflict("This is the last active Admin, and an organization needs one. " +
			"Make somebody else Admin first. Nothing was changed.")
	}
	return err
}

// MakeAdmin gives the member the organization role Admin. Being one already changes
// nothing. Policies and groups stay; they make no difference while the role lasts.
// NotFound outside the organization; Denied to all but Admins.
func (s *Members) MakeAdmin(ctx context.Context, by actor.Caller, id string) (Member, error) {
	return s.set(ctx, by, id, audit.ChangedPermission, func(m *Member) { m.Role = access.RoleAdmin }, nil)
}

// MakeMember takes the role Admin away and leaves the member with baseline only: in every
// workspace as before, by an entry of its own, so with view and whatever the
// baseline gives, and nothing more. Own policies and group memberships from before are
// removed, except in groups that are locked: see Organization.Locks. Being a Member already
// changes nothing. Conflict for the last active Admin; otherwise as MakeAdmin.
func (s *Members) MakeMember(ctx context.Context, by actor.Caller, id string) (Member, error) {
	return s.set(ctx, by, id, audit.ChangedPermission, func(m *Member) { m.Role = access.RoleMember },
		func(tx MemberTx, org Organization, m Member) error { return baselineOnly(ctx, tx, org, tx.By(), m) })
}

// Deactivate suspends a member: sessions and personal tokens stop working on their next
// use and come back with Reactivate. Conflict for the last active Admin, also for
// oneself; otherwise as MakeAdmin.
func (s *Members) Deactivate(ctx context.Context, by actor.Caller, id string) (Member, error) {
	return s.set(ctx, by, id, audit.Deactivated, func(m *Member) { m.Status = Deactivated }, nil)
}

// Reactivate ends a deactivation. A deactivated member never lost the seat, so no plan
// limit can stand against it. Errors as for MakeAdmin.
func (s *Members) Reactivate(ctx context.Context, by actor.Caller, id string) (Member, error) {
	return s.set(ctx, by, id, audit.Reactivated, func(m *Member) { m.Status = Active }, nil)
}

// set changes role or status, with what follows from it.
func (s *Members) set(ctx context.Context, by actor.Caller, id string, action audit.Action, to func(*Member),
	follow func(MemberTx, Organization, Member) error) (Member, error) {
	var m Member
	err := s.change(ctx, by, func(tx MemberTx, org Organization) error {
		old, err := tx.Member(ctx, org.ID, id)
		if err != nil {
			return err
		}
		m = old
		if to(&m); m == old {
			return nil
		}
		m.UpdatedAt = tx.Now()
		if err := tx.UpdateMember(ctx, m); err != nil {
			return err
		}
		if follow != nil {
			if err := follow(tx, org, m); err != nil {
				return err
			}
		}
		if err := tx.AppendEvent(ctx, audit.Did(tx.By(), action, m.Target()).Changed(old.State().String(), m.State().String())); err != nil {
			return err
		}
		return keepAnAdmin(ctx, tx, org.ID)
	})
	return m, err
}

// baselineOnly removes what a member has beyond baselines. The policies are part of the
// change of role, which is one event; each group left is one more.
func baselineOnly(ctx context.Context, tx resetter, org Organization, by actor.Standing, m Member) error {
	groups, err := tx.GroupsOfMembers(ctx, org.ID, []string{m.ID})
	if err != nil {
		return err
	}
	if err := tx.ResetMember(ctx, org.ID, m.ID, !org.Provisions()); err != nil {
		return err
	}
	kept, err := tx.GroupsOfMembers(ctx, org.ID, []string{m.ID})
	if err != nil {
		return err
	}
	still := map[string]bool{}
	for _, g := range kept[m.ID] {
		still[g.ID] = true
	}
	for _, g := range groups[m.ID] {
		if still[g.ID] {
			continue
		}
		if err := tx.AppendEvent(ctx, membershipEvent(by, audit.MemberRemoved, Group{ID: g.ID, Name: g.Name}, m)); err != nil {
			return err
		}
	}
	workspaces, err := tx.Workspaces(ctx, org.ID)
	if err != nil {
		return err
	}
	for _, w := range workspaces {
		if err := Enter(ctx, tx, by, m, w.ID); err != nil {
			return err
		}
	}
	return nil
}

// Delete removes members for good, all or none: their personal tokens are revoked
// for good, their sessions end, the log keeps their names. To come back they need a new
// invitation. NotFound when one of them is not the organization's; Conflict when no
// active Admin would be left, also for oneself; Denied to all but Admins.
func (s *Members) Delete(ctx context.Context, by actor.Caller, ids []string) ([]Member, error) {
	var members []Member
	err := s.change(ctx, by, func(tx MemberTx, org Organization) error {
		var err error
		if members, err = allMembers(ctx, tx, org.ID, ids); err != nil {
			return err
		}
		ids = unique(ids)
		tokens, err := tx.TokensOfMembers(ctx, org.ID, ids)
		if err != nil {
			return err
		}
		if err := endTokens(ctx, tx, tx.By(), tokens, "Its owner was removed from the organization."); err != nil {
			return err
		}
		if err := tx.DeleteMembers(ctx, org.ID, ids); err != nil {
			return err
		}
		for _, m := range members {
			event := audit.Did(tx.By(), audit.RemovedFromOrganization, m.Target()).Changed(m.State().String(), "")
			if err := tx.AppendEvent(ctx, event); err != nil {
				return err
			}
		}
		return keepAnAdmin(ctx, tx, org.ID)
	})
	return members, err
}

// Rename changes the caller's own name. Denied to tokens; Invalid with field "name".
func (s *Members) Rename(ctx context.Context, by actor.Caller, name string) (Member, error) {
	var m Member
	err := s.store.InTx(ctx, by, func(tx MemberTx) error {
		if tx.By().Kind != access.Member {
			return fault.NewDenied("Only signed-in members can do this.")
		}
		old, err := tx.Member(ctx, tx.By().Organization, tx.By().ID)
		if err != nil {
			return err
		}
		var p fault.Problems
		m = old
		m.Name = newName(&p, "name", name)
		if err := p.Err("Some fields need your attention."); err != nil || m == old {
			return err
		}
		m.UpdatedAt = tx.Now()
		if err := tx.UpdateMember(ctx, m); err != nil {
			return err
		}
		return tx.AppendEvent(ctx, audit.Did(tx.By(), audit.ProfileUpdated, m.Target()).Changed(
			audit.Fields{"name": old.Name}.String(), audit.Fields{"name": m.Name}.String()))
	})
	return m, err
}
