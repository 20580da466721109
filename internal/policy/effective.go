package policy

import (
	"context"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/fault"
)

// WorkspaceAccess is what a subject may do in a workspace that it is in, and what grants it. It
// does not list view, which everyone in the workspace has.
type WorkspaceAccess struct {
	Workspace account.Workspace
	Policy    access.Policy  // the union of all layers, after role and scope
	Layers    []access.Layer // baseline, groups and own policy; only the role for an Admin
}

// AccessView is a member's effective access policy in each workspace.
type AccessView struct {
	Subject
	Access []WorkspaceAccess // for each workspace that the member is in, sorted by name
}

// EffectiveOf returns a member's effective access policy. Members may see their own and Admins
// that of every member. The error is NotFound for everyone else, whether or not the member
// exists. The result does not depend on the member's status: a deactivated member may do nothing.
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

// AccessOf returns the effective access policy of a subject that is already loaded. It does not
// check permissions.
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
