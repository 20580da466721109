package account

import (
	"context"

	"latchkey/internal/access"
)

// Subject is a member with all that decides what it may do right now: it is loaded anew
// for each request, so that a change of policy holds from the very next one.
type Subject struct {
	Member       Member
	Organization Organization
	Principal    access.Principal
	Workspaces   []Workspace // those that the member is in, by name
}

// SubjectStore is what loading a subject needs from the store.
type SubjectStore interface {
	// Member returns an active or deactivated member; NotFound otherwise.
	Member(ctx context.Context, organization, id string) (Member, error)
	// Organization returns NotFound for an unknown id.
	Organization(ctx context.Context, id string) (Organization, error)
	// Workspaces lists an organization's workspaces by name.
	Workspaces(ctx context.Context, organization string) ([]Workspace, error)
	// PoliciesOfMember lists, for every workspace of the organization, the baseline, the
	// member's own policy and those of the member's groups.
	PoliciesOfMember(ctx context.Context, organization, member string) ([]Policy, error)
}

// LoadSubject reads a member's standing in a fixed number of queries. The error is
// NotFound when there is no such member.
func LoadSubject(ctx context.Context, st SubjectStore, organization, member string) (Subject, error) {
	m, err := st.Member(ctx, organization, member)
	if err != nil {
		return Subject{}, err
	}
	org, err := st.Organization(ctx, organization)
	if err != nil {
		return Subject{}, err
	}
	workspaces, err := st.Workspaces(ctx, organization)
	if err != nil {
		return Subject{}, err
	}
	s := Subject{Member: m, Organization: org, Principal: access.Principal{
		Kind: access.Member, ID: m.ID, Organization: organization, Role: m.Role,
	}}
	if m.Role == access.RoleAdmin {
		s.Workspaces = workspaces
		return s, nil
	}
	policies, err := st.PoliciesOfMember(ctx, organization, member)
	if err != nil {
		return Subject{}, err
	}
	s.Principal.In = Effective(policies)
	for _, w := range workspaces {
		if s.Principal.IsIn(w.ID) {
			s.Workspaces = append(s.Workspaces, w)
		}
	}
	return s, nil
}

// Effective combines one member's policies per workspace.
func Effective(policies []Policy) map[string]*access.Effective {
	placed := make([]access.Placed, len(policies))
	for i, p := range policies {
		placed[i] = access.Placed{Workspace: p.Workspace, Layer: p.Layer()}
	}
	return access.Assemble(placed)
}
