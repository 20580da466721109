package identity

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
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

// Rules is what a provider's groups mean.
type Rules struct {
	Claim      string
	Table      []string // "value = name of a group"
	AdminGroup string
	AdminAgain bool
}

// SetRules changes what a provider's groups mean, from the next sign-in on. The error is Invalid with the fields
// FieldClaim, FieldTable and FieldAdminGroup, and otherwise as for Get.
func (s *Service) SetRules(ctx context.Context, by actor.Caller, id string, in Rules) (Provider, error) {
	return s.change(ctx, by, id, audit.Updated, func(tx Tx, p *Provider) (audit.Fields, error) {
		groups, err := tx.Providers.Groups(ctx, p.Organization)
		if err != nil {
			return nil, err
		}
		var problems fault.Problems
		in.Claim, in.AdminGroup = strings.TrimSpace(in.Claim), strings.TrimSpace(in.AdminGroup)
		if len(in.Claim) > maxValue || !plaintext.Showable(in.Claim) {
			problems.Add(FieldClaim, "Enter the name of a claim, such as groups.")
		}
		if len(in.AdminGroup) > maxValue || !plaintext.Showable(in.AdminGroup) {
			problems.Add(FieldAdminGroup, "Enter one value of the claim.")
		}
		table, problem := readTable(in.Table, groups)
		if problem != "" {
			problems.Add(FieldTable, problem)
		}
		if in.Claim == "" && (len(table) > 0 || in.AdminGroup != "") {
			problems.Add(FieldClaim, "Enter the claim that the groups below are values of.")
		}
		p.GroupsClaim, p.Groups, p.AdminGroup, p.AdminAgain = in.Claim, table, in.AdminGroup, in.AdminAgain
		if err := problems.Err(someProblems); err != nil {
			return nil, err
		}
		return nil, tx.Requirements.DropTrials(ctx, p.ID)
	})
}

// readTable reads lines of the form "value = name of a group".
func readTable(lines []string, groups []account.Group) (table []Mapping, problem string) {
	for _, line := range lines {
		if strings.TrimSpace(line) == "" {
			continue
		}
		at := strings.LastIndexByte(line, '=')
		if at < 0 {
			return nil, "Write each line as: value at the provider = group in Latchkey."
		}
		value, name := strings.TrimSpace(line[:at]), strings.TrimSpace(line[at+1:])
		i := slices.IndexFunc(groups, func(g account.Group) bool { return plaintext.SameName(g.Name, name) })
		switch {
		case value == "" || len(value) > maxValue || !plaintext.Showable(value):
			return nil, "Write the value at the provider before the =."
		case i < 0:
			return nil, fmt.Sprintf("There is no group %q.", plaintext.Clip(plaintext.Strip(name), plaintext.MaxName))
		}
		if m := (Mapping{value, groups[i].ID}); !slices.Contains(table, m) {
			table = append(table, m)
		}
	}
	if len(table) > maxTable {
		return nil, fmt.Sprintf("Enter at most %d lines.", maxTable)
	}
	return table, ""
}
