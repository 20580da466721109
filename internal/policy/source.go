package policy

import (
	"context"
	"strings"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
	"latchkey/internal/token"
)

// SourceKind is what a policy can be copied from.
type SourceKind string

// The kinds of sources.
const (
	FromBaseline SourceKind = "baseline" // of the workspace with the id
	FromGroup    SourceKind = "group"
	FromMember   SourceKind = "member"
	FromToken    SourceKind = "token" // personal, or of a workspace
)

// SourceRef names something from which a policy can be copied.
type SourceRef struct {
	Kind SourceKind
	ID   string
}

// Source is a search's answer: something from which a policy can be copied.
type Source struct {
	SourceRef
	Name   string
	Detail string // what distinguishes it from others of the same name, or ""
}

// maxSources is how many sources of each kind a search returns.
const maxSources = 5

// FindSources returns what has search in its name, and of what the caller may see: baselines of
// workspaces, groups, members (also by email address) and tokens (also by hint). An empty search finds
// the first of each kind by name. more reports whether there are others. The error is Denied unless the
// caller may save presets, as everybody may who edits policies.
func (s *Service) FindSources(ctx context.Context, by actor.Standing, search string) (found []Source, more bool, err error) {
	if err := s.may(by, access.SavePresets); err != nil {
		return nil, false, err
	}
	search = strings.TrimSpace(search)
	finders := []struct {
		act  access.Permission
		find func(context.Context, actor.Standing, string) ([]Source, error)
	}{
		{access.ManagePolicies, s.findBaselines}, {access.ManageGroups, s.findGroups},
		{access.ManageMembers, s.findMembers}, {access.ManageServiceTokens, s.findTokens},
	}
	for _, f := range finders {
		if s.may(by, f.act) != nil {
			continue
		}
		list, err := f.find(ctx, by, search)
		if err != nil {
			return nil, false, err
		}
		more = more || len(list) > maxSources
		found = append(found, list[:min(len(list), maxSources)]...)
	}
	return found, more, nil
}

func contains(name, search string) bool {
	return strings.Contains(plaintext.NameKey(name), plaintext.NameKey(search))
}

func (s *Service) findBaselines(ctx context.Context, by actor.Standing, search string) ([]Source, error) {
	workspaces, err := s.store.Workspaces(ctx, by.Organization)
	var out []Source
	for _, w := range workspaces {
		if contains(w.Name, search) {
			out = append(out, Source{SourceRef{FromBaseline, w.ID}, w.Name, ""})
		}
	}
	return out, err
}

func (s *Service) findGroups(ctx context.Context, by actor.Standing, search string) ([]Source, error) {
	groups, err := s.store.Groups(ctx, by.Organization)
	var out []Source
	for _, g := range groups {
		if contains(g.Name, search) {
			out = append(out, Source{SourceRef{FromGroup, g.ID}, g.Name, ""})
		}
	}
	return out, err
}

func (s *Service) findMembers(ctx context.Context, by actor.Standing, search string) ([]Source, error) {
	query := account.MemberQuery{Search: search, Sort: account.ByName, Limit: maxSources + 1}
	rows, _, err := s.store.FindMembers(ctx, by.Organization, query, s.now())
	var out []Source
	for _, m := range rows {
		out = append(out, Source{SourceRef{FromMember, m.ID}, m.Name, m.Email})
	}
	return out, err
}

// findTokens leaves out tokens of the organization, which have no policy.
func (s *Service) findTokens(ctx context.Context, by actor.Standing, search string) ([]Source, error) {
	tokens, err := s.store.FindTokens(ctx, by.Organization, search, maxSources+1, token.Personal, token.Workspace)
	var out []Source
	for _, t := range tokens {
		out = append(out, Source{SourceRef{FromToken, t.ID}, t.Name, t.Hint})
	}
	return out, err
}

// Copied is what a source grants in one workspace.
type Copied struct {
	Name      string // of the source
	Workspace account.Workspace
	Policy    access.Policy
}

// Copy returns what a source grants: the policy of a baseline, a group or a service access token; what a
// member may do, from all layers; what a personal token may do, within its scope. Of a group and of a
// member it is that in the given workspace if they are in it, and otherwise that in the first workspace
// by name. The error is Denied unless the caller may save presets. It is NotFound if the source does
// not exist or the caller may not see it, which nobody can tell apart, and Invalid if it is in no
// workspace.
func (s *Service) Copy(ctx context.Context, by actor.Standing, from SourceRef, workspace string) (Copied, error) {
	if err := s.may(by, access.SavePresets); err != nil {
		return Copied{}, err
	}
	var c Copied
	var at string
	var err error
	switch from.Kind {
	case FromBaseline:
		c, at, err = s.copyBaseline(ctx, by, from.ID)
	case FromGroup:
		c, at, err = s.copyGroup(ctx, by, from.ID, workspace)
	case FromMember:
		c, at, err = s.copyMember(ctx, by, from.ID, workspace)
	case FromToken:
		c, at, err = s.copyToken(ctx, by, from.ID)
	default:
		return Copied{}, noSource()
	}
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Denied) {
		return Copied{}, noSource()
	}
	if err != nil {
		return Copied{}, err
	}
	if at == "" {
		return Copied{}, fault.NewInvalid(c.Name + " is not in a workspace, so there is nothing to copy.")
	}
	c.Workspace, err = s.store.Workspace(ctx, by.Organization, at)
	return c, err
}

// noSource is the answer for every source that the caller cannot copy from, whether or not it exists.
func noSource() error { return fault.NewNotFound("What you want to copy from") }

func (s *Service) copyBaseline(ctx context.Context, by actor.Standing, id string) (c Copied, at string, err error) {
	if err := s.mayManage(by, id); err != nil {
		return c, "", err
	}
	w, err := s.store.Workspace(ctx, by.Organization, id)
	if err != nil {
		return c, "", err
	}
	p, err := s.store.Baseline(ctx, by.Organization, id)
	return Copied{Name: "the baseline of " + w.Name, Policy: p.Body}, id, err
}

func (s *Service) copyGroup(ctx context.Context, by actor.Standing, id, workspace string) (c Copied, at string, err error) {
	if err := s.may(by, access.ManageGroups); err != nil {
		return c, "", err
	}
	g, err := s.store.Group(ctx, by.Organization, id)
	if err != nil {
		return c, "", err
	}
	c.Name = "group " + g.Name
	workspaces, err := s.store.Workspaces(ctx, by.Organization)
	if err != nil {
		return c, "", err
	}
	policies, err := s.store.PoliciesOf(ctx, by.Organization, OfGroup, id)
	if err != nil {
		return c, "", err
	}
	in := byWorkspace(policies)
	at = nearest(workspaces, workspace, func(id string) bool { _, ok := in[id]; return ok })
	c.Policy = in[at].Body
	return c, at, nil
}

func (s *Service) copyMember(ctx context.Context, by actor.Standing, id, workspace string) (c Copied, at string, err error) {
	if err := s.may(by, access.ManageMembers); err != nil {
		return c, "", err
	}
	subject, err := LoadSubject(ctx, s.store, by.Organization, id)
	if err != nil {
		return c, "", err
	}
	c.Name = subject.Member.Name
	at = nearest(subject.Workspaces, workspace, func(string) bool { return true })
	if at != "" {
		c.Policy = access.EffectivePolicy(s.catalogue, subject.Principal, at)
	}
	return c, at, nil
}

// copyToken also copies from tokens that do not work at the moment: somebody who replaces an expired
// token copies from it.
func (s *Service) copyToken(ctx context.Context, by actor.Standing, id string) (c Copied, at string, err error) {
	t, err := s.store.TokenFacts(ctx, by.Organization, id)
	if err != nil {
		return c, "", err
	}
	act, resource := access.ManageServiceTokens, access.Resource{Organization: t.Organization}
	if t.Kind == token.Personal {
		act, resource.Owner = access.ManagePersonalToken, t.Owner
	}
	if err := access.Decide(s.catalogue, by.Principal, act, resource).Err("That token"); err != nil {
		return c, "", err
	}
	c = Copied{Name: "token " + t.Name, Policy: t.Policy}
	if t.Kind == token.Personal {
		owner, err := LoadSubject(ctx, s.store, t.Organization, t.Owner)
		if err != nil {
			return c, "", err
		}
		c.Policy = access.EffectivePolicy(s.catalogue, owner.PersonalToken(t.ID, t.Workspace, t.Scope), t.Workspace)
	}
	return c, t.Workspace, nil
}

// nearest returns the wanted workspace if it is in, and otherwise the first of the workspaces that is. It
// returns "" if none is.
func nearest(workspaces []account.Workspace, want string, in func(id string) bool) string {
	first := ""
	for _, w := range workspaces {
		switch {
		case !in(w.ID):
		case w.ID == want:
			return want
		case first == "":
			first = w.ID
		}
	}
	return first
}
