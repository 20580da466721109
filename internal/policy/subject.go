package policy

import (
	"context"

	"latchkey/internal/access"
	"latchkey/internal/account"
)

// Subject loads a member with what they may do now. The error is NotFound if there is no such
// member.
func (s *Service) Subject(ctx context.Context, organization, member string) (Subject, error) {
	return LoadSubject(ctx, s.store, organization, member)
}

// Subject is a member with everything that decides what they may do now. It is loaded for each
// request, so a change of policy is effective from the next one.
type Subject struct {
	Member       account.Member
	Organization account.Organization
	Principal    access.Principal
	Workspaces   []account.Workspace // that the member is in, sorted by name
}

// PersonalToken returns the principal that a personal token of the member is. It does not check whether the
// token works.
func (s Subject) PersonalToken(id, workspace string, scope access.Scope) access.Principal {
	return access.Principal{Kind: access.PersonalToken, ID: id, Owner: s.Principal.ID, Organization: s.Principal.Organization,
		Role: s.Principal.Role, Scope: scope, Workspace: workspace, In: s.Principal.In}
}

// LoadSubject loads a subject in a fixed number of queries. The error is NotFound if there is no
// such member.
func LoadSubject(ctx context.Context, st subjectReader, organization, member string) (Subject, error) {
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

// Effective combines the policies that apply to one member into an effective policy for each
// workspace.
func Effective(policies []Policy) map[string]*access.Effective {
	placed := make([]access.Placed, len(policies))
	for i, p := range policies {
		placed[i] = access.Placed{Workspace: p.Workspace, Layer: p.Layer()}
	}
	return access.Assemble(placed)
}
