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

// NewPersonal is the personal access token to generate.
type NewPersonal struct {
	Name           string
	Description    string
	Workspace      string       // id
	Scope          access.Scope // must be [access.Scope.Creatable]
	ExpiresAt      time.Time    // zero for never
	Addresses      string       // from which it may be used, as [actor.ParseRanges] reads them; empty for any
	IdempotencyKey string       // a second token with it is refused; empty for none
}

// NewOrganization is the organization service access token to generate.
type NewOrganization struct {
	Name           string
	Description    string
	ExpiresAt      time.Time
	Addresses      string
	IdempotencyKey string
}

// NewWorkspace is the workspace service access token to generate.
type NewWorkspace struct {
	Name           string
	Description    string
	Workspace      string        // id
	Policy         access.Policy // in addition to the workspace's baseline; cannot be changed later
	ExpiresAt      time.Time
	Addresses      string
	IdempotencyKey string
}

// Generated is a new token with its secret, which is not available again.
type Generated struct {
	Token
	Secret Secret
}

// draft is a token of any kind before it is checked.
type draft struct {
	kind        Kind
	name        string
	description string
	workspace   string
	scope       access.Scope
	policy      access.Policy
	expiresAt   time.Time
	addresses   string
	key         string
}

// GeneratePersonal creates a personal access token for the calling member. The error is Denied if
// the plan does not include tokens, the caller is not a member, has as many as are allowed, or may not by
// the [Rules] of the organization, which hold for every kind of token. It is Invalid with the fields
// "name", "description", "workspace" (also if the caller is not in it), "scope", "expiresAt" (in the past, or
// after [LatestEnd]), "addresses" and "idempotencyKey". It is Conflict with the cause [fault.ErrRepeated] if
// the caller has used the key before: then no token is created and no secret is returned.
func (s *Service) GeneratePersonal(ctx context.Context, by actor.Caller, in NewPersonal) (Generated, error) {
	return s.generate(ctx, by, draft{kind: Personal, name: in.Name, description: in.Description, workspace: in.Workspace,
		scope: in.Scope, expiresAt: in.ExpiresAt, addresses: in.Addresses, key: in.IdempotencyKey})
}

// GenerateOrganization creates an organization service access token. The error is Denied unless
// the caller is an Admin, and otherwise as for [Service.GeneratePersonal].
func (s *Service) GenerateOrganization(ctx context.Context, by actor.Caller, in NewOrganization) (Generated, error) {
	return s.generate(ctx, by, draft{kind: Organization, name: in.Name, description: in.Description, expiresAt: in.ExpiresAt,
		addresses: in.Addresses, key: in.IdempotencyKey})
}

// GenerateWorkspace creates a workspace service access token. The error is Denied unless the
// caller is an Admin. It is Invalid, with the permission as the field, for a permission that is
// unknown, not in the plan, limited although it cannot be, or limited to something that is not a
// resource of its type in the workspace. The others are those of [Service.GeneratePersonal].
func (s *Service) GenerateWorkspace(ctx context.Context, by actor.Caller, in NewWorkspace) (Generated, error) {
	return s.generate(ctx, by, draft{kind: Workspace, name: in.Name, description: in.Description, workspace: in.Workspace,
		policy: in.Policy.Clone(), expiresAt: in.ExpiresAt, addresses: in.Addresses, key: in.IdempotencyKey})
}

// generate decides, checks, stores and records a token in one transaction.
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
		rules, err := rulesFor(ctx, tx, Token{Organization: tx.By().Organization, Kind: d.kind, Owner: tx.By().Self()})
		if err != nil {
			return err
		}
		creator = tx.By().Self()
		if err := checkKey(ctx, tx, creator, d.key); err != nil {
			return err
		}
		if err := s.roomFor(ctx, tx, rules, d); err != nil {
			return err
		}
		if t, err = s.compose(ctx, tx, plan, rules.Rules, d); err != nil {
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

// mayGenerate decides whether the caller may generate such a token, and returns the
// organization's plan. It does not refuse a workspace that a member is not in: compose reports
// that as a problem of the field.
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
	} else if err := by.MustBeProven(tx.Now(), "generate a service access token"); err != nil {
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

// roomFor returns an error if the caller may not have another personal token. Expired ones count for the
// limit of the server, because they stay in every list until they are deleted.
func (s *Service) roomFor(ctx context.Context, tx Tx, rules applied, d draft) error {
	if d.kind != Personal {
		return nil
	}
	if !rules.maker {
		return fault.NewDenied("Token rules don't let you generate personal access tokens. Ask an Admin.")
	}
	if err := rules.another(); err != nil {
		return err
	}
	n, err := tx.CountPersonalTokens(ctx, tx.By().Organization, tx.By().Self())
	if err != nil {
		return err
	}
	return access.Room(n, s.most, "A member", "personal access tokens, including expired ones")
}

// errRepeated returns the error for an idempotency key that was used before.
func errRepeated() error {
	return fault.NewRepeated("A token was already generated with this idempotency key. " +
		"Its value was shown once and cannot be shown again.")
}

// checkKey returns an error for a malformed idempotency key, and for one that the creator has
// used before.
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

// explain replaces the error of the database's unique index, if it is about the idempotency key.
// Two requests with the same key can both pass checkKey on a database whose transactions overlap.
func (s *Service) explain(ctx context.Context, creator string, d draft, err error) error {
	if !fault.Is(err, fault.Conflict) || creator == "" || d.key == "" {
		return err
	}
	if used, readErr := s.store.TokenKeyUsed(ctx, creator, d.key); readErr == nil && used {
		return errRepeated()
	}
	return err
}
