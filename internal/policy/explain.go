package policy

import (
	"context"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/fault"
	"latchkey/internal/token"
)

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
	Workspace    account.Workspace
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
	if subject.Member.Status != account.Active {
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
	p = access.Principal{Kind: t.Kind.Principal(), ID: t.ID, Organization: t.Organization}
	switch t.Kind {
	case token.Personal:
		return s.personalPrincipal(ctx, t, p)
	case token.Workspace:
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
	case owner.Member.Status != account.Active:
		return access.Principal{}, "The token is suspended, as its owner " + owner.Member.Name + " is deactivated.", nil
	}
	p.Owner, p.Role, p.Scope, p.Workspace = t.Owner, owner.Member.Role, t.Scope, t.Workspace
	if in, ok := owner.Principal.In[t.Workspace]; ok {
		p.In = map[string]*access.Effective{t.Workspace: in}
	}
	if !p.IsIn(t.Workspace) {
		return access.Principal{}, "The token is not good for anything, as its owner " + owner.Member.Name +
			" is no longer in its workspace.", nil
	}
	return p, "", nil
}
