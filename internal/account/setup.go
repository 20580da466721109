package account

import (
	"context"

	"github.com/segmentio/ksuid"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
)

// NewInstallation is what the setup page asks for.
type NewInstallation struct {
	Organization string
	Workspace    string
	Environment  Environment
	Name         string // of the first Admin
	Email        string
	PasswordHash string // from package signin; empty if the Admin cannot sign in with a password
	Plan         access.Plan
	Origin       actor.Origin
}

// Check returns everything that is wrong with the installation. It does not check the password.
func (n NewInstallation) Check() []fault.Field {
	var p fault.Problems
	_, err := plaintext.Name(n.Organization)
	addIf(&p, "organization", err)
	_, err = plaintext.Name(n.Workspace)
	addIf(&p, "workspace", err)
	_, err = plaintext.Name(n.Name)
	addIf(&p, "name", err)
	_, err = plaintext.Email(n.Email)
	addIf(&p, "email", err)
	if n.Environment != Production && n.Environment != Development && n.Environment != "" {
		p.Add("environment", "Choose Production or Development.")
	}
	if f := fault.Of(p.Err("")); f != nil {
		return f.Fields
	}
	return nil
}

// Install creates the organization, its first workspace with a view-only baseline, and the first
// Admin. The error is Conflict if an organization exists, so an installation can be set up only
// once.
func (s *Organizations) Install(ctx context.Context, n NewInstallation) (Member, error) {
	if fields := n.Check(); fields != nil {
		return Member{}, fault.NewInvalid("Some fields need your attention.", fields...)
	}
	var admin Member
	err := s.store.InTx(ctx, actor.Anonymous(n.Origin), func(tx OrganizationTx) error {
		claimed, err := tx.Claimed(ctx)
		if err != nil {
			return err
		}
		if claimed {
			return fault.NewConflict("Latchkey is already set up. Sign in instead.")
		}
		admin, err = install(ctx, tx, n)
		return err
	})
	return admin, err
}

func install(ctx context.Context, tx OrganizationTx, n NewInstallation) (Member, error) {
	now := tx.Now()
	orgName, _ := plaintext.Name(n.Organization)
	org := Organization{ID: ksuid.New().String(), Name: orgName, Plan: n.Plan, CreatedAt: now}
	if err := tx.InsertOrganization(ctx, org); err != nil {
		return Member{}, err
	}
	memberName, _ := plaintext.Name(n.Name)
	email, _ := plaintext.Email(n.Email)
	admin := Member{ID: ksuid.New().String(), Organization: org.ID, Email: email, Name: memberName,
		Role: access.RoleAdmin, Status: Active, CreatedAt: now, UpdatedAt: now}
	if err := tx.InsertMember(ctx, admin, n.PasswordHash); err != nil {
		return Member{}, err
	}
	by := actor.Standing{Principal: access.Principal{Kind: access.Member, ID: admin.ID, Organization: org.ID, Role: admin.Role},
		Name: admin.Name, Email: admin.Email, Origin: n.Origin}
	workspaceName, _ := plaintext.Name(n.Workspace)
	w := Workspace{ID: ksuid.New().String(), Organization: org.ID, Name: workspaceName,
		Environment: n.Environment, Region: "US", CreatedAt: now, UpdatedAt: now}
	if w.Environment == "" {
		w.Environment = Production
	}
	for _, e := range []audit.Event{
		audit.Did(by, audit.Created, audit.Target{Type: audit.TargetOrganization, ID: org.ID, Name: org.Name}),
		audit.Did(by, audit.AddedToOrganization, audit.Target{Type: audit.TargetUser, ID: admin.ID, Name: admin.Name}),
	} {
		if err := tx.AppendEvent(ctx, e); err != nil {
			return Member{}, err
		}
	}
	return admin, insertWorkspace(ctx, tx, by, w)
}
