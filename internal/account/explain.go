package account

import (
	"context"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/fault"
	"latchkey/internal/token"
)

// WorkspaceAccess is what a subject may do in one workspace it is in, and what gives it.
// View is not listed: being in the workspace is enough for it.
type WorkspaceAccess struct {
	Workspace Workspace
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
	return AccessView{Subject: subject, Access: s.accessOf(subject)}
}

func (s *Service) accessOf(subject Subject) []WorkspaceAccess {
	out := make([]WorkspaceAccess, len(subject.Workspaces))
	for i, w := range subject.Workspaces {
		out[i] = WorkspaceAccess{Workspace: w, Policy: access.EffectivePolicy(s.catalogue, subject.Principal, w.ID),
			Layers: subject.Principal.In[w.ID].Layers()}
		if subject.Member.Role == access.RoleAdmin {
			out[i].Layers = []access.Layer{{Kind: access.LayerAdmin, Policy: out[i].Policy}}
		}
	}
	return out
}

// Question asks whether somebody may do something. One of Member and Token is set.
type Question struct {
	Member     string // id
	Token      string // id, of any kind of token
	Permission access.Permission
	Workspace  string // id; empty for an act on the organization
	Resource   string // id; empty asks for the whole type
}

// Explanation is the answer, with what it was found from.
type Explanation struct {
	Decision     access.Decision
	SubjectName  string
	Principal    access.Principal // Nobody when the subject may not act at all just now
	Inactive     string           // why not, as a plain sentence; empty otherwise
	Workspace    Workspace
	ResourceName string
	Sources      []access.Layer // every layer that gives it, when a policy does
}

// Explain answers with the same access.Decide that every request is decided by. NotFound
// when member, token, workspace or resource is not the organization's; Invalid with field
// "subject" or "permission" when none is given; Denied to all but Admins.
func (s *Service) Explain(ctx context.Context, by actor.Standing, q Question) (Explanation, error) {
	if err := s.may(by, access.ManageMembers); err != nil {
		return Explanation{}, err
	}
	if err := s.checkQuestion(q); err != nil {
		return Explanation{}, err
	}
	var x Explanation
	if err := s.explainSubject(ctx, by.Organization, q, &x); err != nil {
		return Explanation{}, err
	}
	resource, err := s.explainResource(ctx, by.Organization, q, &x)
	if err != nil {
		return Explanation{}, err
	}
	if resource.Owner = x.Principal.Owner; x.Principal.Kind == access.Member {
		resource.Owner = x.Principal.ID // about one's own tokens
	}
	x.Decision = access.Decide(s.catalogue, x.Principal, q.Permission, resource)
	if x.Decision.Allowed && x.Decision.Reason.Code == access.ByPolicy {
		x.Sources = x.Principal.In[q.Workspace].Sources(q.Permission, q.Resource)
	}
	return x, nil
}

func (s *Service) checkQuestion(q Question) error {
	var p fault.Problems
	if (q.Member == "") == (q.Token == "") {
		p.Add("subject", "Choose a member or a token.")
	}
	if q.Permission == "" {
		p.Add("permission", "Choose an action.")
	}
	return p.Err("Some fields need your attention.")
}

func (s *Service) explainSubject(ctx context.Context, organization string, q Question, x *Explanation) error {
	if q.Token != "" {
		facts, err := s.store.TokenFacts(ctx, organization, q.Token)
		if err != nil {
			return err
		}
		x.SubjectName = facts.Name + " (" + facts.Hint + ")"
		x.Principal, x.Inactive, err = s.principalOf(ctx, facts)
		return err
	}
	subject, err := LoadSubject(ctx, s.store, organization, q.Member)
	if err != nil {
		return err
	}
	x.SubjectName, x.Principal = subject.Member.Name, subject.Principal
	if subject.Member.Status != Active {
		x.Principal, x.Inactive = access.Principal{}, subject.Member.Name+" is deactivated and may do nothing until reactivation."
	}
	return nil
}

// explainResource finds what the question is about, where it really is.
func (s *Service) explainResource(ctx context.Context, organization string, q Question, x *Explanation) (access.Resource, error) {
	r := access.Resource{Organization: organization, Workspace: q.Workspace, ID: q.Resource}
	if q.Workspace == "" {
		return r, nil
	}
	var err error
	if x.Workspace, err = s.store.Workspace(ctx, organization, q.Workspace); err != nil || q.Resource == "" {
		return r, err
	}
	resources, err := s.store.Resources(ctx, organization, q.Workspace)
	if err != nil {
		return r, err
	}
	for _, found := range resources {
		if found.ID == q.Resource {
			r.Type, x.ResourceName = found.Type, found.Name
			return r, nil
		}
	}
	return r, fault.NewNotFound("That resource")
}

// principalOf builds what a token may do at this moment: the zero principal, which may do
// nothing, when it has expired or its owner is deactivated. It is for explaining; requests
// are verified by package verify.
func (s *Service) principalOf(ctx context.Context, t TokenFacts) (p access.Principal, inactive string, err error) {
	if token.ExpiredAt(t.ExpiresAt, s.now()) {
		return access.Principal{}, "The token has expired.", nil
	}
	p = access.Principal{Kind: t.Kind, ID: t.ID, Organization: t.Organization}
	switch t.Kind {
	case access.PersonalToken:
		return s.personalPrincipal(ctx, t, p)
	case access.WorkspaceToken:
		p.Workspace = t.Workspace
		baseline, err := s.store.Baseline(ctx, t.Organization, t.Workspace)
		own := access.Layer{Kind: access.LayerToken, ID: t.ID, Name: t.Name, Policy: t.Policy}
		p.In = map[string]*access.Effective{t.Workspace: access.Combine(baseline.Layer(), own)}
		return p, "", err
	}
	return p, "", nil
}

func (s *Service) personalPrincipal(ctx context.Context, t TokenFacts, p access.Principal) (access.Principal, string, error) {
	owner, err := LoadSubject(ctx, s.store, t.Organization, t.Owner)
	switch {
	case err != nil:
		return access.Principal{}, "", err
	case owner.Member.Status != Active:
		return access.Principal{}, "The token is suspended, as its owner " + owner.Member.Name + " is deactivated.", nil
	}
	p.Owner, p.Role, p.Scope, p.Workspace = t.Owner, owner.Member.Role, t.Scope, t.Workspace
	if in, ok := owner.Principal.In[t.Workspace]; ok {
		p.In = map[string]*access.Effective{t.Workspace: in}
	}
	if !p.IsIn(t.Workspace) {
		return access.Principal{}, "The token is not good for anything, as its owner " + owner.Member.Name + " is no longer in its workspace.", nil
	}
	return p, "", nil
}
