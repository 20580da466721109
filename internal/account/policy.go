package account

import (
	"context"
	"slices"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
)

// PolicyReader is what the use cases of policies read.
type PolicyReader interface {
	// Baseline returns a workspace's baseline policy; NotFound when the workspace is not
	// the organization's.
	Baseline(ctx context.Context, organization, workspace string) (Policy, error)
	// PolicyAt returns the policy in a place; NotFound when there is none.
	PolicyAt(ctx context.Context, organization string, at Place) (Policy, error)
	// PoliciesOf lists the policies of one group or member.
	PoliciesOf(ctx context.Context, organization string, kind PolicyKind, subject string) ([]Policy, error)
	// PolicyEvents lists the newest audit events of one policy, newest first.
	PolicyEvents(ctx context.Context, organization, policy string, limit int) ([]audit.Event, error)
	// Audience counts whom a policy in the place concerns, with the service tokens that
	// are live at now.
	Audience(ctx context.Context, organization string, at Place, now time.Time) (Audience, error)
	// Resources lists a workspace's resources by type and name.
	Resources(ctx context.Context, organization, workspace string) ([]Resource, error)
	// ResourcesIn is Resources of several workspaces, by workspace.
	ResourcesIn(ctx context.Context, organization string, workspaces []string) (map[string][]Resource, error)
	// ResourceTypes returns, by id, the type of every resource in a workspace of the
	// organization that is of one of the types.
	ResourceTypes(ctx context.Context, organization, workspace string, types []string) (map[string]string, error)
}

// PolicyWriter is how the use cases change policies.
type PolicyWriter interface {
	// InsertPolicy is a Conflict when the place already holds one.
	InsertPolicy(ctx context.Context, p Policy) error
	// UpdatePolicy saves body and version of a policy that has the version before it;
	// Conflict when it has another.
	UpdatePolicy(ctx context.Context, p Policy) error
	// DeletePolicy takes the group or member out of the workspace.
	DeletePolicy(ctx context.Context, p Policy) error
}

// Place is where a workspace policy stands: the workspace and whose policy it is. Subject
// is empty for a baseline.
type Place struct {
	Kind      PolicyKind
	Workspace string
	Subject   string
}

// Revision names one saved state of a policy. A policy that was removed and added again
// is another one.
type Revision struct {
	Policy  string // id
	Version int64
}

// Revision is the state that p was read in.
func (p Policy) Revision() Revision { return Revision{p.ID, p.Version} }

// Audience is whom a policy concerns: members who are no Admins (those can do everything
// anyway), linked groups, live service access tokens of the workspace.
type Audience struct {
	Members       int
	Groups        int
	ServiceTokens int
}

// PolicyView is a policy with all that an editor of it needs.
type PolicyView struct {
	Policy              // Body is empty and ID "" while there is none in the place
	Exists    bool      // false: saving it puts the group or member into the workspace
	Workspace Workspace // where it applies
	Plan      access.Plan
	Inherited []access.Layer // what applies to the subject there without it
	Resources []Resource     // of the workspace
}

// Title names the policy for people and for the log.
func (v PolicyView) Title() string { return placeName(v.Kind, v.SubjectName, v.Workspace.Name) }

func placeName(kind PolicyKind, subject, workspace string) string {
	if kind == BaselinePolicy {
		return workspace
	}
	return subject + " in " + workspace
}

// Policy returns what stands in a place, to be looked at or edited; an empty policy when
// nothing does. NotFound when workspace, group or member is not the organization's;
// Denied to all but Admins.
func (s *Service) Policy(ctx context.Context, by actor.Standing, at Place) (PolicyView, error) {
	if err := s.mayManagePolicy(by, at); err != nil {
		return PolicyView{}, err
	}
	v, err := viewPolicy(ctx, s.store, by.Organization, at)
	if err != nil {
		return PolicyView{}, err
	}
	v.Resources, err = s.store.Resources(ctx, by.Organization, at.Workspace)
	return v, err
}

func (s *Service) mayManagePolicy(by actor.Standing, at Place) error {
	return access.Decide(s.catalogue, by.Principal, access.ManagePolicies,
		access.Resource{Organization: by.Organization, Workspace: at.Workspace}).Err("That workspace")
}

// viewPolicy loads a place, without the resources.
func viewPolicy(ctx context.Context, r Reader, organization string, at Place) (PolicyView, error) {
	org, err := r.Organization(ctx, organization)
	if err != nil {
		return PolicyView{}, err
	}
	v := PolicyView{Plan: org.Plan}
	if v.Workspace, err = r.Workspace(ctx, organization, at.Workspace); err != nil {
		return PolicyView{}, err
	}
	subject, err := subjectName(ctx, r, organization, at)
	if err != nil {
		return PolicyView{}, err
	}
	v.Policy, err = r.PolicyAt(ctx, organization, at)
	v.Exists = err == nil
	if fault.Is(err, fault.NotFound) {
		v.Policy, err = Policy{Organization: organization, Workspace: at.Workspace, Kind: at.Kind, Subject: at.Subject, Body: access.Policy{}}, nil
	}
	if err != nil {
		return PolicyView{}, err
	}
	v.SubjectName = subject
	v.Inherited, err = inherited(ctx, r, organization, at)
	return v, err
}

// subjectName finds whose policy it is; NotFound when there is no such group or member.
func subjectName(ctx context.Context, r Reader, organization string, at Place) (string, error) {
	switch at.Kind {
	case GroupPolicy:
		g, err := r.Group(ctx, organization, at.Subject)
		return g.Name, err
	case MemberPolicy:
		m, err := r.Member(ctx, organization, at.Subject)
		return m.Name, err
	case BaselinePolicy:
		if at.Subject == "" {
			return "", nil
		}
	}
	return "", fault.NewNotFound("That policy")
}

// inherited lists the layers that apply in a place beside its own policy.
func inherited(ctx context.Context, r Reader, organization string, at Place) ([]access.Layer, error) {
	switch at.Kind {
	case GroupPolicy:
		baseline, err := r.Baseline(ctx, organization, at.Workspace)
		return []access.Layer{baseline.Layer()}, err
	case MemberPolicy:
		policies, err := r.PoliciesOfMember(ctx, organization, at.Subject)
		var layers []access.Layer
		for _, p := range policies {
			if p.Workspace == at.Workspace && p.Kind != MemberPolicy {
				layers = append(layers, p.Layer())
			}
		}
		return layers, err
	case BaselinePolicy:
	}
	return nil, nil
}

// AddPolicy puts a group or member into a workspace with that policy; an empty one gives
// view and what is inherited. Conflict when it is in already; NotFound and Denied as for
// Policy; Invalid with the permission as the field for what a policy cannot hold: an
// unknown permission, a limit where none may be, a resource that is not in the
// workspace, what the plan lacks.
func (s *Service) AddPolicy(ctx context.Context, by actor.Caller, at Place, body access.Policy) (Policy, error) {
	var p Policy
	err := s.changePolicy(ctx, by, at, func(tx Tx, v PolicyView) error {
		if v.Exists {
			return fault.NewConflict(v.SubjectName + " already has a policy in the workspace " + v.Workspace.Name + ". Nothing was changed.")
		}
		if err := s.checkBody(ctx, tx, v, body); err != nil {
			return err
		}
		p = emptyPolicy(tx, tx.By(), at)
		p.Body, p.SubjectName = body.Clone(), v.SubjectName
		if err := tx.InsertPolicy(ctx, p); err != nil {
			return err
		}
		return tx.AppendEvent(ctx, policyEvent(tx.By(), audit.Created, p, v).Changed("", p.Body.String()))
	})
	return p, err
}

// SavePolicy replaces a policy, if it still is as it was when seen. Conflict, with a
// *Collision as its cause, when somebody saved or removed it meanwhile: then nothing is
// changed. Denied as well for a baseline when the plan cannot edit it; the other errors
// are those of AddPolicy.
func (s *Service) SavePolicy(ctx context.Context, by actor.Caller, at Place, seen Revision, body access.Policy) (Policy, error) {
	var p Policy
	err := s.changePolicy(ctx, by, at, func(tx Tx, v PolicyView) error {
		if !v.Exists || v.Revision() != seen {
			return s.collision(ctx, tx, v, seen)
		}
		if err := s.checkBody(ctx, tx, v, body); err != nil {
			return err
		}
		p = v.Policy
		p.Body = body.Clone()
		if p.Body.Equal(v.Body) {
			return nil
		}
		p.Version, p.UpdatedAt, p.UpdatedBy = v.Version+1, tx.Now(), tx.By().Name
		if err := tx.UpdatePolicy(ctx, p); err != nil {
			return err
		}
		return tx.AppendEvent(ctx, policyEvent(tx.By(), audit.Updated, p, v).Changed(v.Body.String(), p.Body.String()))
	})
	return p, err
}

// RemovePolicy takes a group or member out of a workspace. A member who is in it through
// a group stays in it through that. NotFound when there is no policy in the place, Denied
// for a baseline and to all but Admins.
func (s *Service) RemovePolicy(ctx context.Context, by actor.Caller, at Place) (PolicyView, error) {
	var v PolicyView
	err := s.changePolicy(ctx, by, at, func(tx Tx, found PolicyView) error {
		v = found
		if !v.Exists {
			return fault.NewNotFound("That policy")
		}
		if at.Kind == BaselinePolicy {
			return fault.NewDenied("A workspace always has a baseline policy.")
		}
		if err := tx.DeletePolicy(ctx, v.Policy); err != nil {
			return err
		}
		return tx.AppendEvent(ctx, policyEvent(tx.By(), audit.Deleted, v.Policy, v).Changed(v.Body.String(), ""))
	})
	return v, err
}

// changePolicy runs fn on what stands in a place.
func (s *Service) changePolicy(ctx context.Context, by actor.Caller, at Place, fn func(Tx, PolicyView) error) error {
	return s.change(ctx, by, access.ManagePolicies, func(tx Tx, org Organization) error {
		if err := s.mayManagePolicy(tx.By(), at); err != nil {
			return err
		}
		if at.Kind == BaselinePolicy && !org.Plan.Has(access.FeatureBaseline) {
			return fault.NewDenied(access.UpgradeText)
		}
		v, err := viewPolicy(ctx, tx, org.ID, at)
		if err != nil {
			return err
		}
		return fn(tx, v)
	})
}

// policyEvent is the one event of a change to a policy. A member's policy is told in the
// public vocabulary's words for it (permission: resource_access_updated,
// deleted_user_permissions); groups' and baselines' as policy: created, updated, deleted.
// The target's id is the policy's in either case.
func policyEvent(by actor.Standing, action audit.Action, p Policy, v PolicyView) audit.Event {
	target := audit.Target{Type: audit.TargetPolicy, ID: p.ID, Workspace: p.Workspace, Name: v.Title()}
	if p.Kind == MemberPolicy {
		target.Type = audit.TargetPermission
		if action == audit.Deleted {
			action = audit.DeletedUserPermissions
		} else {
			action = audit.ResourceAccessUpdated
		}
	}
	return audit.Did(by, action, target)
}

// checkBody finds everything that the policy in v must not become. What was there before
// may stay: resources deleted since, permissions that the catalogue has dropped.
func (s *Service) checkBody(ctx context.Context, r PolicyReader, v PolicyView, body access.Policy) error {
	var p fault.Problems
	p.AddAll(s.catalogue.CheckChange(v.Body, body))
	p.AddAll(v.Plan.Refuses(s.catalogue, v.Body, body))
	if types := access.NewlyLimited(v.Body, body); len(types) > 0 {
		typeOf, err := r.ResourceTypes(ctx, v.Organization, v.Policy.Workspace, types)
		if err != nil {
			return err
		}
		p.AddAll(access.CheckResources(v.Body, body, typeOf))
	}
	return p.Err("The policy cannot be saved like this.")
}

// Collision is the cause of the Conflict of two Admins who edit one policy: what the other
// has done meanwhile.
type Collision struct {
	Removed bool     // the policy is gone; Current is empty
	Current Policy   // as it stands now
	By      []string // who saved or removed it since, the last one first
	Known   bool     // false: it is not known any more what was seen
	Between access.Change
}

// Error names the collision for the log.
func (c *Collision) Error() string { return "the policy was changed since it was read" }

// collision words what happened to a policy between the revision that was seen and now. The
// log has every saved state, so nothing else needs to keep them.
func (s *Service) collision(ctx context.Context, r PolicyReader, v PolicyView, seen Revision) error {
	c := &Collision{Removed: !v.Exists, Current: v.Policy}
	saves := int64(1) // at least the removal
	same := v.Exists && v.ID == seen.Policy && v.Version > seen.Version
	if same {
		saves = v.Version - seen.Version
	}
	events, err := r.PolicyEvents(ctx, v.Organization, seen.Policy, int(min(saves, MaxPage)))
	if err != nil {
		return err
	}
	for _, e := range events {
		if !slices.Contains(c.By, e.ActorName) {
			c.By = append(c.By, e.ActorName)
		}
	}
	if same && int64(len(events)) == saves {
		was, err := access.ParsePolicy(events[len(events)-1].Before)
		c.Known = err == nil
		c.Between = access.Difference(was, v.Body)
	}
	f := fault.NewConflict(c.text(s.catalogue))
	f.Cause = c
	return f
}
