package migration

import (
	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/legacy"
	"latchkey/internal/policy"
)

// members is what the steps of package account need of the transaction to change members.
type members struct {
	Area
	Live
}

// addMember adds a member with their policies, or applies them to the existing member with the
// same address, as chosen.
func (d *deployment) addMember(i Item) error {
	if i.Conflict == SameEmail {
		return d.join(i)
	}
	m, err := decoded[legacy.Member](i)
	if err != nil {
		return err
	}
	d.added.members++
	member := account.Member{ID: i.Local, Organization: d.org.ID, Email: m.Email, Name: m.Name, Role: i.After.Role,
		Status: account.Active, CreatedAt: d.tx.Now(), UpdatedAt: d.tx.Now()}
	if !m.Active {
		member.Status = account.Deactivated
	}
	if err := d.tx.Live.InsertMember(d.ctx, member, ""); err != nil {
		return err
	}
	if member.Status == account.Deactivated {
		if err := account.EndCredentials(d.ctx, members{d.tx.Area, d.tx.Live}, d.tx.By(), account.Suspended, member); err != nil {
			return err
		}
	}
	for _, p := range i.After.Policies {
		if err := d.tx.Live.InsertPolicy(d.ctx, d.policy(d.at(i, p), p.Body)); err != nil {
			return err
		}
	}
	return d.record(audit.AddedToOrganization, audit.Target{Type: audit.TargetUser, ID: member.ID, Name: member.Name})
}

// at returns the place of a member's staged policy.
func (d *deployment) at(i Item, p Policy) policy.Place {
	return policy.Place{Kind: policy.OfMember, Workspace: d.workspaces[p.Workspace].local, Subject: i.Local}
}

// join changes the existing member as chosen: not at all, by adding what is missing, or by
// replacing everything that the import has. Status, name and workspaces outside the import stay.
func (d *deployment) join(i Item) error {
	if i.Stays() {
		return nil
	}
	m, err := d.tx.Existing.Member(d.ctx, d.org.ID, i.Local)
	if err != nil {
		return err
	}
	role := i.After.Role
	if i.Choice == Add && m.Role == access.RoleAdmin {
		role = access.RoleAdmin
	}
	if role != m.Role {
		if m, err = account.SetRole(d.ctx, members{d.tx.Area, d.tx.Live}, d.tx.By(), m, role); err != nil {
			return err
		}
		d.added.other++
	}
	for _, p := range i.After.Policies {
		if err := d.joinPolicy(i, m, p); err != nil {
			return err
		}
	}
	return nil
}

// joinPolicy adds to a policy of the existing member, or replaces it.
func (d *deployment) joinPolicy(i Item, m account.Member, staged Policy) error {
	at := d.at(i, staged)
	old, err := d.tx.Live.PolicyAt(d.ctx, d.org.ID, at)
	target := func(id string) audit.Target {
		return audit.Target{Type: audit.TargetPolicy, ID: id, Name: m.Name + " in " + d.workspaces[staged.Workspace].name,
			Workspace: at.Workspace}
	}
	if fault.Is(err, fault.NotFound) {
		p := d.policy(at, staged.Body)
		d.added.other++
		if err := d.tx.Live.InsertPolicy(d.ctx, p); err != nil {
			return err
		}
		return d.tx.AppendEvent(d.ctx, audit.Did(d.tx.By(), audit.Created, target(p.ID)).Changed("", p.Body.String()))
	}
	if err != nil {
		return err
	}
	next := old
	if next.Body = staged.Body; i.Choice == Add {
		next.Body = old.Body.Union(staged.Body)
	}
	if next.Body.Equal(old.Body) {
		return nil
	}
	d.added.other++
	next.Version, next.UpdatedAt, next.UpdatedBy = old.Version+1, d.tx.Now(), d.tx.By().Name
	if err := d.tx.Live.UpdatePolicy(d.ctx, next); err != nil {
		return err
	}
	return d.tx.AppendEvent(d.ctx, audit.Did(d.tx.By(), audit.Updated, target(old.ID)).Changed(old.Body.String(), next.Body.String()))
}
