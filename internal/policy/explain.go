package policy

import (
	"context"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/fault"
	"latchkey/internal/token"
)

// Question asks whether a member or a token may do something. Exactly one of Member and Token is
// set.
type Question struct {
	Member     string // id
	Token      string // id, of any kind of token
	Permission access.Permission
	Workspace  string // id; empty for an act on the organization
	Resource   string // id; empty for all resources of the type
}

// Explanation is the answer to a [Question], with the reasons.
type Explanation struct {
	Decision     access.Decision
	SubjectName  string
	Principal    access.Principal // Nobody if the subject cannot act at all now
	Inactive     string           // why not, as a sentence; empty otherwise
	Workspace    account.Workspace
	ResourceName string
	Layers       []Weighed // every policy that applies to the subject in the workspace, in order
}

// Weighed is a policy that applies to the subject of a [Question], and what it says about it.
type Weighed struct {
	Layer  access.Layer
	Grants bool // it grants what was asked about
	Partly bool // it grants the permission, but for other resources only
}

// weigh returns what each layer of an effective policy says about a permission on a resource.
func weigh(e *access.Effective, perm access.Permission, resource string) []Weighed {
	var out []Weighed
	for _, layer := range e.Layers() {
		w := Weighed{Layer: layer, Grants: layer.Policy.Allows(perm, resource)}
		w.Partly = !w.Grants && !layer.Policy[perm].Empty()
		out = append(out, w)
	}
	return out
}

// Explain answers a question with [access.Decide], which also decides every request. The error is
// NotFound if the member, token, workspace or resource is not in the organization, Invalid with
// the field "subject" or "permission" if it is not given, and Denied unless the caller is an
// Admin.
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
		resource.Owner = x.Principal.ID // for permissions about one's own tokens
	}
	x.Decision = access.Decide(s.catalogue, x.Principal, q.Permission, resource)
	x.Layers = weigh(x.Principal.In[q.Workspace], q.Permission, q.Resource)
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
		x.Principal, x.Inactive = access.Principal{}, subject.Member.Name+" is deactivated and cannot do anything until reactivated."
	}
	return nil
}

// explainResource returns the resource that the question is about, with its real type.
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

// principalOf returns the principal of a token now. It is the zero principal, which may do
// nothing, if the token has expired or is suspended, or its owner is deactivated or has left the workspace. It is
// only for explanations: package verify verifies requests.
func (s *Service) principalOf(ctx context.Context, t TokenFacts) (p access.Principal, inactive string, err error) {
	if token.ExpiredAt(t.ExpiresAt, s.now()) {
		return access.Principal{}, "The token has expired.", nil
	}
	if t.Suspended {
		return access.Principal{}, "The token is suspended.", nil
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
		return access.Principal{}, "The token is suspended because its owner " + owner.Member.Name + " is deactivated.", nil
	}
	p.Owner, p.Role, p.Scope, p.Workspace = t.Owner, owner.Member.Role, t.Scope, t.Workspace
	if in, ok := owner.Principal.In[t.Workspace]; ok {
		p.In = map[string]*access.Effective{t.Workspace: in}
	}
	if !p.IsIn(t.Workspace) {
		return access.Principal{}, "The token does not work because its owner " + owner.Member.Name +
			" is no longer in its workspace.", nil
	}
	return p, "", nil
}
