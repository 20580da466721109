package account

import (
	"context"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/zone"
)

// keepAnAdmin returns an error if a change has left the organization without an active Admin,
// which nobody could repair. It looks at the outcome, so it is right for any combination of
// changes. The organization is locked, so two changes cannot pass it together.
func keepAnAdmin(ctx context.Context, tx adminCounter, organization string) error {
	n, err := tx.CountActiveAdmins(ctx, organization)
	if err == nil && n == 0 {
		return fault.NewConflict("This is the last active Admin, and an organization needs one. " +
			"Make someone else an Admin first.")
	}
	return err
}

// MakeAdmin gives a member the organization role Admin. It does nothing if they are an Admin.
// Their policies and groups stay, but make no difference while they are an Admin. The error is
// NotFound if they are not in the organization, Denied unless the caller is an Admin, and Unproven.
func (s *Members) MakeAdmin(ctx context.Context, by actor.Caller, id string) (Member, error) {
	return s.set(ctx, by, id, audit.ChangedPermission, func(m *Member) { m.Role = access.RoleAdmin }, nil)
}

// MakeMember takes the role Admin away. It does nothing if the member is not an Admin. The member
// is then in every workspace with only its baseline: own policies and group memberships are
// deleted, except those in groups that are locked (see [Organization.Locks]). The invitations
// that [Demoted] names end. The error is
// Conflict for the last active Admin, and otherwise as for [Members.MakeAdmin].
func (s *Members) MakeMember(ctx context.Context, by actor.Caller, id string) (Member, error) {
	return s.set(ctx, by, id, audit.ChangedPermission, func(m *Member) { m.Role = access.RoleMember },
		func(tx MemberTx, org Organization, m Member) error { return baselineOnly(ctx, tx, org, tx.By(), m) })
}

// Deactivate suspends a member. Their sessions end, and so do the invitations that [Suspended]
// names. Their personal tokens stop working with the next request, until [Members.Reactivate].
// The error is Conflict for the last active Admin, even if that is the caller, and otherwise as
// for [Members.MakeAdmin].
func (s *Members) Deactivate(ctx context.Context, by actor.Caller, id string) (Member, error) {
	return s.set(ctx, by, id, audit.Deactivated, func(m *Member) { m.Status = Deactivated }, nil)
}

// Reactivate makes a member active again. It needs no room in the plan, because deactivated
// members count too. The errors are those of [Members.MakeAdmin].
func (s *Members) Reactivate(ctx context.Context, by actor.Caller, id string) (Member, error) {
	return s.set(ctx, by, id, audit.Reactivated, func(m *Member) { m.Status = Active }, nil)
}

// set changes the role or the status of a member with to, and then calls follow unless it is nil
// or nothing changed.
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
		if m.Role != old.Role {
			if err := tx.By().MustBeProven(tx.Now(), "change a member's role"); err != nil {
				return err
			}
		}
		if err := saveMember(ctx, tx, tx.By(), action, old, &m); err != nil {
			return err
		}
		if follow != nil {
			if err := follow(tx, org, m); err != nil {
				return err
			}
		}
		return keepAnAdmin(ctx, tx, org.ID)
	})
	return m, err
}

// baselineOnly takes away what a member has beyond the baselines. It appends an event for each
// group that the member leaves, but none for the policies, which belong to the event of the
// change of role.
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

// Delete deletes members with their personal tokens, their sessions and the invitations that
// [Demoted] names. The log keeps their names. They
// need a new invitation to come back. After an error nothing is changed. The error is NotFound if
// one of them is not in the organization, Conflict if no active Admin would be left, Denied
// unless the caller is an Admin, and Unproven.
func (s *Members) Delete(ctx context.Context, by actor.Caller, sel Selection) ([]Member, error) {
	var members []Member
	err := s.change(ctx, by, func(tx MemberTx, org Organization) (err error) {
		if err := tx.By().MustBeProven(tx.Now(), "delete members"); err != nil {
			return err
		}
		if members, err = sel.members(ctx, tx, org.ID); err != nil {
			return err
		}
		if err := EndCredentials(ctx, tx, tx.By(), Removed, members...); err != nil {
			return err
		}
		if err := tx.DeleteMembers(ctx, org.ID, idsOf(members)); err != nil {
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

// Rename changes the name of the calling member. The error is Denied for tokens, and Invalid with
// the field "name".
func (s *Members) Rename(ctx context.Context, by actor.Caller, name string) (Member, error) {
	return s.changeOwn(ctx, by, func(m *Member, p *fault.Problems) { m.Name = newName(p, "name", name) })
}

// ChooseTimeZone changes the time zone of the calling member; "" is the browser's. The error is Denied
// for tokens, and Invalid with the field "time_zone" for a zone that there is not.
func (s *Members) ChooseTimeZone(ctx context.Context, by actor.Caller, name string) (Member, error) {
	return s.changeOwn(ctx, by, func(m *Member, p *fault.Problems) {
		if _, ok := zone.Find(name); !ok && name != "" {
			p.Add("time_zone", "Choose a time zone from the list.")
			return
		}
		m.TimeZone = name
	})
}

// changeOwn changes the profile of the calling member.
func (s *Members) changeOwn(ctx context.Context, by actor.Caller, change func(*Member, *fault.Problems)) (Member, error) {
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
		change(&m, &p)
		if err := p.Err("Some fields need your attention."); err != nil || m == old {
			return err
		}
		m.UpdatedAt = tx.Now()
		if err := tx.UpdateMember(ctx, m); err != nil {
			return err
		}
		was, is := audit.Fields{}, audit.Fields{}
		if m.Name != old.Name {
			was["name"], is["name"] = old.Name, m.Name
		}
		if m.TimeZone != old.TimeZone {
			was["timeZone"], is["timeZone"] = old.TimeZone, m.TimeZone
		}
		return tx.AppendEvent(ctx, audit.Did(tx.By(), audit.ProfileUpdated, m.Target()).Changed(was.String(), is.String()))
	})
	return m, err
}
