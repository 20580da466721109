package identity

import (
	"context"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/fault"
)

// currentOf returns what a member has, and all groups by id. A new member has nothing.
func currentOf(ctx context.Context, r groupReader, org account.Organization, m account.Member,
	known Identity) (Current, map[string]account.Group, error) {
	now := Current{Groups: map[string]bool{}, Locked: map[string]bool{}, Known: map[string]bool{}, Role: m.Role, Demoted: m.AdminUntil,
		DemotedHere: known.DemotedAt}
	if now.Role == "" {
		now.Role = access.RoleMember
	}
	list, err := r.Groups(ctx, org.ID)
	if err != nil {
		return now, nil, err
	}
	groups := map[string]account.Group{}
	for _, g := range list {
		groups[g.ID], now.Known[g.ID], now.Locked[g.ID] = g, true, org.Locks(g)
	}
	if m.ID == "" {
		return now, groups, nil
	}
	in, err := r.GroupsOfMembers(ctx, org.ID, []string{m.ID})
	for _, g := range in[m.ID] {
		now.Groups[g.ID] = true
	}
	return now, groups, err
}

// applyGroups gives and takes what the provider's groups say, and returns the identity with what it notes. The
// organization is locked, so the last active Admin is certain.
func (s *Service) applyGroups(ctx context.Context, tx Tx, org account.Organization, by actor.Standing, p Provider, m account.Member,
	known Identity, c Claims) (Identity, error) {
	now, groups, err := currentOf(ctx, tx.Members, org, m, known)
	if err != nil {
		return known, err
	}
	changes := p.Apply(c, now)
	for _, id := range changes.Enter {
		if err := account.Enroll(ctx, tx.Members, by, groups[id], m); err != nil {
			return known, err
		}
	}
	for _, id := range changes.Leave {
		if err := account.Withdraw(ctx, tx.Members, by, groups[id], m); err != nil && !fault.Is(err, fault.NotFound) {
			return known, err
		}
	}
	if changes.Role == m.Role || m.Status != account.Active { // who waits gets the role when they first sign in
		return known, nil
	}
	demotes := changes.Role != access.RoleAdmin
	if demotes {
		n, err := tx.Members.CountActiveAdmins(ctx, org.ID)
		if err != nil || n <= 1 {
			return known, err // the last one stays
		}
	}
	if m, err = account.SetRole(ctx, tx.Members, by, m, changes.Role); err != nil {
		return known, err
	}
	if demotes {
		known.DemotedAt = m.AdminUntil
	}
	return known, nil
}
