package policy

import (
	"context"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/fault"
)

// Placed is a policy with the workspace that it applies to.
type Placed struct {
	Policy
	WorkspaceName string
}

// Held is the workspaces in which a group or a member has a policy, and those in which it does
// not.
type Held struct {
	Policies []Placed            // sorted by the name of the workspace
	Outside  []account.Workspace // workspaces without a policy, sorted by name
}

// Held returns the policies of a group or a member. The error is NotFound if it is not in the
// organization, and Denied unless the caller is an Admin.
func (s *Service) Held(ctx context.Context, by actor.Standing, kind Kind, subject string) (Held, error) {
	if err := s.may(by, access.ManagePolicies); err != nil {
		return Held{}, err
	}
	if _, err := subjectName(ctx, s.store, by.Organization, Place{Kind: kind, Subject: subject}); err != nil {
		return Held{}, err
	}
	workspaces, err := s.store.Workspaces(ctx, by.Organization)
	if err != nil {
		return Held{}, err
	}
	policies, err := s.store.PoliciesOf(ctx, by.Organization, kind, subject)
	if err != nil {
		return Held{}, err
	}
	in := byWorkspace(policies)
	var held Held
	for _, w := range workspaces {
		if p, ok := in[w.ID]; ok {
			held.Policies = append(held.Policies, Placed{p, w.Name})
		} else {
			held.Outside = append(held.Outside, w)
		}
	}
	return held, nil
}

// View is a policy with everything that its editor needs.
type View struct {
	Policy                      // without ID and Body if there is none
	Exists    bool              // if false, saving puts the group or member into the workspace
	Workspace account.Workspace // where it applies
	Plan      access.Plan
	Inherited []access.Layer // what applies to the subject there without the policy
	Resources []Resource     // of the workspace
}

// Title returns the name of the policy, for people and for the log.
func (v View) Title() string { return placeName(v.Kind, v.SubjectName, v.Workspace.Name) }

// At returns the view of a place, with an empty policy if there is none. The error is NotFound if
// the workspace, group or member is not in the organization, and Denied unless the caller is an
// Admin.
func (s *Service) At(ctx context.Context, by actor.Standing, at Place) (View, error) {
	if err := s.mayManage(by, at.Workspace); err != nil {
		return View{}, err
	}
	v, err := loadView(ctx, s.store, by.Organization, at)
	if err != nil {
		return View{}, err
	}
	v.Resources, err = s.store.Resources(ctx, by.Organization, at.Workspace)
	return v, err
}

// loadView returns the view of a place without the resources.
func loadView(ctx context.Context, r viewReader, organization string, at Place) (View, error) {
	org, err := r.Organization(ctx, organization)
	if err != nil {
		return View{}, err
	}
	v := View{Plan: org.Plan}
	if v.Workspace, err = r.Workspace(ctx, organization, at.Workspace); err != nil {
		return View{}, err
	}
	subject, err := subjectName(ctx, r, organization, at)
	if err != nil {
		return View{}, err
	}
	v.Policy, err = r.PolicyAt(ctx, organization, at)
	v.Exists = err == nil
	if fault.Is(err, fault.NotFound) {
		err = nil
		v.Policy = Policy{Organization: organization, Workspace: at.Workspace, Kind: at.Kind, Subject: at.Subject, Body: access.Policy{}}
	}
	if err != nil {
		return View{}, err
	}
	v.SubjectName = subject
	v.Inherited, err = inherited(ctx, r, organization, at)
	return v, err
}

// subjectName returns the name of the group or member. The error is NotFound if there is none.
func subjectName(ctx context.Context, r viewReader, organization string, at Place) (string, error) {
	switch at.Kind {
	case OfGroup:
		g, err := r.Group(ctx, organization, at.Subject)
		return g.Name, err
	case OfMember:
		m, err := r.Member(ctx, organization, at.Subject)
		return m.Name, err
	case Baseline:
		if at.Subject == "" {
			return "", nil
		}
	}
	return "", fault.NewNotFound("That policy")
}

// inherited returns the layers that apply at a place in addition to its own policy.
func inherited(ctx context.Context, r viewReader, organization string, at Place) ([]access.Layer, error) {
	switch at.Kind {
	case OfGroup:
		baseline, err := r.Baseline(ctx, organization, at.Workspace)
		return []access.Layer{baseline.Layer()}, err
	case OfMember:
		policies, err := r.PoliciesOfMember(ctx, organization, at.Subject)
		var layers []access.Layer
		for _, p := range policies {
			if p.Workspace == at.Workspace && p.Kind != OfMember {
				layers = append(layers, p.Layer())
			}
		}
		return layers, err
	case Baseline:
	}
	return nil, nil
}

// BaselineRow is a workspace with its baseline policy, as lists show it.
type BaselineRow struct {
	account.WorkspaceRow
	Baseline Policy
}

// Baselines returns every workspace with its baseline policy and counts, sorted by name, in a
// fixed number of queries. The error is Denied unless the caller is an Admin.
func (s *Service) Baselines(ctx context.Context, by actor.Standing,
	shown func([]account.Workspace) []account.Workspace) ([]BaselineRow, error) {
	if err := s.may(by, access.ManagePolicies); err != nil {
		return nil, err
	}
	if err := s.may(by, access.ManageWorkspaces); err != nil {
		return nil, err
	}
	workspaces, err := account.WorkspaceRows(ctx, s.store, by.Organization, s.now(), shown)
	if err != nil {
		return nil, err
	}
	policies, err := s.store.PoliciesOf(ctx, by.Organization, Baseline, "")
	if err != nil {
		return nil, err
	}
	in := byWorkspace(policies)
	rows := make([]BaselineRow, len(workspaces))
	for i, w := range workspaces {
		rows[i] = BaselineRow{w, in[w.ID]}
	}
	return rows, nil
}

func byWorkspace(policies []Policy) map[string]Policy {
	in := make(map[string]Policy, len(policies))
	for _, p := range policies {
		in[p.Workspace] = p
	}
	return in
}
