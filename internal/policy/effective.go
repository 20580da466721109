package policy

import (
	"context"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/fault"
)

// WorkspaceAccess is what a subject may do in one workspace it is in, and what gives it.
// View is not listed: being in the workspace is enough for it.
type WorkspaceAccess struct {
	Workspace account.Workspace
	Policy    access.Policy  // the union, after role and scope
	Layers    []access.Layer // baseline, groups, own policy; for an Admin the role alone
}

// AccessView is a member's effective access policy, workspace by workspace.
type AccessView struct {
	Subject
	Access []WorkspaceAccess // of the workspaces that the member is in, by name
}

// EffectiveOf returns a member's effective access policy: everybody's own, and any
// member's to Admins. For others it is NotFound, existing or not. It is what the member
// may do when active; Member.Status says whether that is so.
func (s *Service) EffectiveOf(ctx context.Context, by actor.Standing, member string) (AccessView, error) {
	own := by.Kind == access.Member && by.ID == member
	if !own && s.may(by, access.ManageMembers) != nil {
		return AccessView{}, fault.NewNotFound("That member")
	}
	subject, err := LoadSubject(ctx, s.store, by.Organization, member)
	if err != nil {
		return AccessView{}, err
	}
	return s.AccessOf(subject), nil
}

// AccessOf words a subject that is loaded already as its effective access policy. It
// decides nothing: whoever has loaded the subject may see it.
func (s *Service) AccessOf(subject Subject) AccessView {
	out := make([]WorkspaceAccess, len(subject.Workspaces))
	for i, w := range subject.Workspaces {
		out[i] = WorkspaceAccess{Workspace: w, Policy: access.EffectivePolicy(s.catalogue, subject.Principal, w.ID),
			Layers: subject.Principal.In[w.ID].Layers()}
		if subject.Member.Role == access.RoleAdmin {
			out[i].Layers = []access.Layer{{Kind: access.LayerAdmin, Policy: out[i].Policy}}
		}
	}
	return AccessView{Subject: subject, Access: out}
}
