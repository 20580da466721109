package token

import (
	"context"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
)

// NewPersonal says which personal access token to make.
type NewPersonal struct {
	Name           string
	Workspace      string       // id
	Scope          access.Scope // one that is [access.Scope.Creatable]
	ExpiresAt      time.Time    // zero: never
	IdempotencyKey string       // a second command with it makes nothing; "": no key
}

// NewOrganization says which organization service access token to make.
type NewOrganization struct {
	Name           string
	ExpiresAt      time.Time
	IdempotencyKey string
}

// NewWorkspace says which workspace service access token to make.
type NewWorkspace struct {
	Name           string
	Workspace      string        // id
	Policy         access.Policy // its own, beside the workspace's baseline; it can never be changed
	ExpiresAt      time.Time
	IdempotencyKey string
}

// Generated is a new token and, this once, its secret.
type Generated struct {
	Token
	Secret Secret
}

// draft is a token before it is checked, of whichever kind.
type draft struct {
	kind      Kind
	name      string
	workspace string
	scope     access.Scope
	policy    access.Policy
	expiresAt time.Time
	key       string
}

// GeneratePersonal makes a personal access token for the calling member. Denied when the
// plan has no tokens or the caller is no member; Invalid with the paths "name",
// "workspace" (unknown and foreign alike), "scope", "expiresAt" (over, or after [LatestEnd]),
// "idempotencyKey"; Conflict with the cause [fault.ErrRepeated] when the caller used the key
// before: then nothing is made and no secret comes back.
func (s *Service) GeneratePersonal(ctx context.Context, by actor.Caller, in NewPersonal) (Generated, error) {
	return s.generate(ctx, by, draft{kind: Personal, name: in.Name, workspace: in.Workspace, scope: in.Scope,
		expiresAt: in.ExpiresAt, key: in.IdempotencyKey})
}

// GenerateOrganization makes an organization service access token. Denied to all but
// Admins; the other errors are those of [Service.GeneratePersonal].
func (s *Service) GenerateOrganization(ctx context.Context, by actor.Caller, in NewOrganization) (Generated, error) {
	return s.generate(ctx, by, draft{kind: Organization, name: in.Name, expiresAt: in.ExpiresAt, key: in.IdempotencyKey})
}

// GenerateWorkspace makes a workspace service access token. Denied to all but Admins; the
// other errors are those of [Service.GeneratePersonal], and Invalid with a permission as
// the path when the token cannot be given it: unknown, not to be limited, limited to what is
// not a resource of its type in the workspace, or not in the plan.
func (s *Service) GenerateWorkspace(ctx context.Context, by actor.Caller, in NewWorkspace) (Generated, error) {
	return s.generate(ctx, by, draft{kind: Workspace, name: in.Name, workspace: in.Workspace, policy: in.Policy.Clone(),
		expiresAt: in.ExpiresAt, key: in.IdempotencyKey})
}

// generate makes one token: decided, checked, stored and audited in one transaction.
func (s *Service) generate(ctx context.Context, by actor.Caller, d draft) (Generated, error) {
	secret, err := Generate(d.kind, s.random)
	if err != nil {
		return Generated{}, err
	}
	var t Token
	var creator string
	err = s.store.InTx(ctx, by, func(tx Tx) error {
		plan, err := s.mayGenerate(ctx, tx, d)
		if err != nil {
			return err
		}
		creator = tx.By().Self()
		if err := checkKey(ctx, tx, creator, d.key); err != nil {
			return err
		}
		if t, err = s.compose(ctx, tx, plan, d); err != nil {
			return err
		}
		t.Hint = Hint(secret.Reveal())
		if err := tx.InsertToken(ctx, t, Digest(secret.Reveal()), d.key); err != nil {
			return err
		}
		return s.record(ctx, tx, audit.Created, t)
	})
	if err != nil {
		return Generated{}, s.explain(ctx, creator, d, err)
	}
	return Generated{Token: t, Secret: secret}, nil
}

// mayGenerate decides whether the caller may make such a token at all, and returns the
// organization's plan. A workspace that a member is not in is no matter of rights but a
// wrong choice: compose reports it under its path.
func (s *Service) mayGenerate(ctx context.Context, tx Tx, d draft) (access.Plan, error) {
	by := tx.By()
	if d.kind == Personal {
		resource := access.Resource{Organization: by.Organization, Workspace: d.workspace, Owner: by.Self()}
		decision := access.Decide(s.catalogue, by.Principal, access.CreatePersonalToken, resource)
		elsewhere := decision.Reason.Code == access.NotInWorkspace || decision.Reason.Code == access.NoWorkspace
		if !decision.Allowed && !elsewhere {
			return "", decision.Err("The organization")
		}
	} else if err := s.mayManageServices(by); err != nil {
		return "", err
	}
	plan, err := tx.TokenPlan(ctx, by.Organization)
	if err != nil {
		return "", err
	}
	if !plan.Has(access.FeatureTokens) {
		return "", fault.NewDenied(access.UpgradeText)
	}
	return plan, nil
}

// errRepeated answers a request that comes a second time.
func errRepeated() error {
	return fault.NewRepeated("A token was made with this idempotency key before. Its value was shown once and cannot be shown again.")
}

// checkKey refuses a key that is none, and one that the creator used before.
func checkKey(ctx context.Context, tx Tx, creator, key string) error {
	if err := plaintext.IdempotencyKey(key); err != nil || key == "" {
		return err
	}
	used, err := tx.TokenKeyUsed(ctx, creator, key)
	if err == nil && used {
		return errRepeated()
	}
	return err
}

// explain words a clash on the database's own unique index, which two requests at the
// same moment may reach on an engine that lets their transactions overlap.
func (s *Service) explain(ctx context.Context, creator string, d draft, err error) error {
	if !fault.Is(err, fault.Conflict) || creator == "" || d.key == "" {
		return err
	}
	if used, readErr := s.store.TokenKeyUsed(ctx, creator, d.key); readErr == nil && used {
		return errRepeated()
	}
	return err
}
