package migration

import (
	"context"
	"encoding/json"
	"errors"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/legacy"
	"latchkey/internal/plaintext"
	"latchkey/internal/policy"
	"latchkey/internal/registry"
	"latchkey/internal/token"
)

// Both mean that a conflict is open: errWaiting one that is shown already, errOpen one that
// deploying has found.
var (
	errWaiting = fault.NewConflict("Resolve the conflicts first.")
	errOpen    = fault.NewConflict(errWaiting.Message)
)

// errChanged means that deploying would differ from the preview.
var errChanged = fault.NewConflict("Your organization has changed since the preview was made. The preview has been updated: review it again, then deploy.")

// Deploy makes the staged import live, in one transaction that cannot be undone. typed must be
// the organization's name (Invalid with field "name" otherwise), except for the operator.
//
// Deploy compares everything once more. The error is a Conflict if there are new conflicts or
// other differences from the preview, which it updates; if conflicts are open; or if no active
// Admin would be left. The error is Denied if the plan has no room for the members or does not
// include tokens. A file with nothing new changes nothing.
func (s *Service) Deploy(ctx context.Context, by actor.Standing, typed string) (Migration, error) {
	var done Migration
	err := s.step(ctx, by, StepDeploy, func(r *run) (err error) {
		done, err = s.deployWith(ctx, by, typed, r)
		return err
	})
	return done, err
}

func (s *Service) deployWith(ctx context.Context, by actor.Standing, typed string, r *run) (Migration, error) {
	var done Migration
	err := s.change(ctx, by.Caller(), func(tx Tx, m Migration) error {
		if err := tx.By().MustBeProven(tx.Now(), "deploy the import"); err != nil {
			return err
		}
		if err := tx.AnnounceStep(ctx, m.Organization, StepDeploy); err != nil {
			return err
		}
		org, err := tx.Existing.Organization(ctx, m.Organization)
		if err != nil {
			return err
		}
		if !s.operator && !plaintext.Retyped(typed, org.Name) {
			return fault.NewInvalid("Type the organization's name to deploy.", fault.Field{Path: "name", Message: "Type " + org.Name + "."})
		}
		if err := solved(ctx, tx, m); err != nil {
			return err
		}
		d, err := newDeployment(ctx, tx, m, org)
		if err != nil {
			return err
		}
		d.progress = r.report
		done, err = d.run()
		return err
	}, Staged)
	if errors.Is(err, errOpen) || errors.Is(err, errChanged) {
		return done, errors.Join(s.recheck(ctx, by.Caller()), err)
	}
	return done, err
}

// solved returns an error if a known conflict is open, before any expensive work.
func solved(ctx context.Context, r itemReader, m Migration) error {
	tallies, err := r.Tallies(ctx, m.ID)
	for _, t := range tallies {
		if t.Conflict != "" && t.Choice == "" {
			return errWaiting
		}
	}
	return err
}

// recheck saves the differences that a deployment has found.
func (s *Service) recheck(ctx context.Context, by actor.Caller) error {
	return s.change(ctx, by, func(tx Tx, m Migration) error {
		st, err := newStage(ctx, tx, m)
		if err != nil {
			return err
		}
		return st.save(true, Kinds()...)
	}, Staged)
}

// deployment is one call of Deploy.
type deployment struct {
	*stage
	org   account.Organization
	made  map[Kind][]Link
	added struct{ members, workspaces, tokens, other int }
}

func newDeployment(ctx context.Context, tx Tx, m Migration, org account.Organization) (*deployment, error) {
	st, err := newStage(ctx, tx, m)
	return &deployment{stage: st, org: org, made: map[Kind][]Link{}}, err
}

// run compares, converts and applies each item in one pass. An item that is open or differs from
// the preview rolls back the transaction, including all earlier items.
func (d *deployment) run() (Migration, error) {
	open, changed := false, false
	report := newReporter(d.m, d.org)
	err := d.stage.run(Kinds(), func(i *Item) error {
		before := i.clone()
		if err := d.renew(i, true); err != nil {
			return err
		}
		open, changed = open || i.Open(), changed || !i.same(before)
		if open || changed {
			return nil
		}
		report.add(*i)
		if i.LeftOut() {
			return nil
		}
		d.made[i.Kind] = append(d.made[i.Kind], Link{i.Kind, i.Ref, i.Local})
		return d.apply(*i)
	})
	switch {
	case err != nil:
		return d.m, err
	case open:
		return d.m, errOpen
	case changed:
		return d.m, errChanged
	}
	if err := d.check(); err != nil {
		return d.m, err
	}
	return d.finish(report.report)
}

// check refuses results that the organization as a whole must not have.
func (d *deployment) check() error {
	if d.added.tokens > 0 && !d.org.Plan.Has(access.FeatureTokens) {
		return fault.NewDenied(access.UpgradeText)
	}
	if limit, limited := d.org.Plan.MemberLimit(); limited && d.added.members > 0 {
		if n, err := d.tx.Live.CountMembers(d.ctx, d.org.ID); err != nil {
			return err
		} else if n > limit {
			return fault.NewDenied("The plan " + d.org.Plan.Label() + " has no room for this many members. " + access.UpgradeText)
		}
	}
	if n := d.added.workspaces; n > 0 {
		for _, w := range d.byID {
			if w.Organization == d.org.ID {
				n++
			}
		}
		if err := access.Room(n-1, access.MaxWorkspaces, "An organization", "workspaces"); err != nil {
			return err
		}
	}
	admins, err := d.tx.Live.CountActiveAdmins(d.ctx, d.org.ID)
	if err == nil && admins == 0 {
		return fault.NewConflict("No active Admin would be left. Keep at least one Admin as they are.")
	}
	return err
}

// finish saves the report and empties the staging area.
func (d *deployment) finish(report Report) (Migration, error) {
	d.m.State, d.m.DeployedAt, d.m.DeployedByName = Deployed, d.tx.Now(), d.tx.By().Name
	report.Deployed, report.By = audit.FormatTime(d.m.DeployedAt), d.tx.By().Name
	text, err := json.Marshal(report)
	if err != nil {
		return d.m, err
	}
	d.m.Report = string(text)
	for _, kind := range Kinds() {
		if err := d.tx.SaveLinks(d.ctx, d.org.ID, d.m.Source.ID, d.made[kind]); err != nil {
			return d.m, err
		}
	}
	if d.added.members+d.added.tokens+d.added.other == 0 {
		return d.m, d.tx.DeleteMigration(d.ctx, d.org.ID, d.m.ID) // nothing to report
	}
	if err := d.tx.DeleteItems(d.ctx, d.m.ID); err != nil {
		return d.m, err
	}
	if err := d.tx.UpdateMigration(d.ctx, d.m); err != nil {
		return d.m, err
	}
	return d.m, d.tx.AppendEvent(d.ctx, audit.Did(d.tx.By(), audit.Migrated,
		audit.Target{Type: audit.TargetOrganization, ID: d.org.ID, Name: d.org.Name}).Changed("", report.state(d.m)))
}

func (d *deployment) apply(i Item) error {
	switch i.Kind {
	case Workspaces:
		return d.addWorkspace(i)
	case Resources:
		return d.addResource(i)
	case Members:
		return d.addMember(i)
	case Groups:
		return d.addGroup(i)
	case PersonalTokens:
		return d.addPersonalToken(i)
	case ServiceTokens:
		return d.addServiceToken(i)
	}
	return nil
}

func (d *deployment) addWorkspace(i Item) error {
	if _, here := d.byID[i.Local]; here {
		return nil
	}
	w, err := decoded[legacy.Workspace](i)
	if err != nil {
		return err
	}
	d.added.other++
	d.added.workspaces++
	now, name := d.tx.Now(), d.workspaces[i.Ref].name
	if err := d.tx.Live.InsertWorkspace(d.ctx, account.Workspace{ID: i.Local, Organization: d.org.ID, Name: name,
		Environment: account.Environment(w.Environment), Region: w.Region, CreatedAt: now, UpdatedAt: now}); err != nil {
		return err
	}
	if err := d.tx.Live.InsertPolicy(d.ctx, d.policy(policy.Place{Kind: policy.Baseline, Workspace: i.Local}, access.Policy{})); err != nil {
		return err
	}
	return d.record(audit.Created, audit.Target{Type: audit.TargetWorkspace, ID: i.Local, Name: name, Workspace: i.Local})
}

// record adds an event to the audit log. Workspaces, members, service tokens and changes of
// existing members have one each. Resources and personal tokens, of which there may be tens of
// thousands, are only in the report, whose digest is in the event of the deployment.
func (d *deployment) record(action audit.Action, target audit.Target) error {
	return d.tx.AppendEvent(d.ctx, audit.Did(d.tx.By(), action, target))
}

// policy returns a new policy in a place.
func (d *deployment) policy(at policy.Place, body access.Policy) policy.Policy {
	return policy.Policy{ID: newID(), Organization: d.org.ID, Workspace: at.Workspace, Kind: at.Kind, Subject: at.Subject,
		Body: body, Version: 1, UpdatedAt: d.tx.Now(), UpdatedBy: d.tx.By().Name}
}

func (d *deployment) addResource(i Item) error {
	x, err := resourceOf(i)
	if err != nil {
		return err
	}
	d.added.other++
	r := registry.Resource{ID: i.Local, Workspace: d.workspaces[x.Workspace].local, Type: x.Type, Name: x.Name, Definition: x.Definition,
		Enabled: true, Config: "{}", CreatedAt: d.tx.Now(), UpdatedAt: d.tx.Now(), CreatedBy: d.tx.By().Name, Version: 1}
	if x.Type == registry.Source {
		r.WriteKey = newID()
	}
	return d.tx.Live.AddResource(d.ctx, r)
}

func resourceOf(i Item) (legacy.Resource, error) { return decoded[legacy.Resource](i) }

func (d *deployment) addPersonalToken(i Item) error {
	t, err := decoded[legacy.PersonalToken](i)
	if err != nil {
		return err
	}
	owner := d.people[t.Owner]
	return d.addToken(i, t.Secret, token.Token{Kind: token.Personal, Owner: owner.local, Workspace: d.workspaces[t.Workspace].local,
		Scope: t.Scope, CreatedBy: owner.local})
}

func (d *deployment) addServiceToken(i Item) error {
	t, err := decoded[legacy.ServiceToken](i)
	if err != nil {
		return err
	}
	made := token.Token{Kind: token.Organization, CreatedBy: d.tx.By().ID, CreatedByName: d.tx.By().Name}
	if t.Grant.Workspace != "" {
		made.Kind, made.Workspace, made.Policy = token.Workspace, d.workspaces[t.Grant.Workspace].local, i.After.Policies[0].Body
	}
	if err := d.addToken(i, t.Secret, made); err != nil {
		return err
	}
	return d.record(audit.Created, audit.Target{Type: audit.TargetServiceToken, ID: i.Local, Name: i.Name, Workspace: made.Workspace})
}

// addToken adds a token with the digest in the file. It marks the token as imported, because its
// secret keeps the old format. The rules of the organization hold for it as well. It also records the expiry of one that has expired.
func (d *deployment) addToken(i Item, s legacy.Secret, t token.Token) error {
	d.added.tokens++
	t.ID, t.Organization, t.Name, t.Hint, t.Legacy = i.Local, d.org.ID, i.Name, s.Hint, true
	t.CreatedAt, t.ExpiresAt = s.CreatedAt, s.ExpiresAt
	d.tokenRules.keepRules(&t, d.tx.Now())
	if err := d.tx.Live.InsertToken(d.ctx, t, [32]byte(i.Digest), ""); err != nil || !token.ExpiredAt(t.ExpiresAt, d.tx.Now()) {
		return err
	}
	// It may have expired long ago; the job that records expired tokens only looks at the last
	// hour.
	event, err := t.ExpiredEvent()
	if err != nil {
		return err
	}
	return d.tx.AppendEvent(d.ctx, event)
}
