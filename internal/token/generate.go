package token

import (
	"context"
	"unicode/utf8"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
)

// NewPersonal is the form "New Personal Access Token", as it was sent.
type NewPersonal struct {
	Name       string
	Workspace  string // id
	Scope      string // an access.Scope that can be created
	Expiration string // a choice of [Choices]; "" is the default
	Date       string // for [OnDate]: YYYY-MM-DD
	Submission string // one-time key of the form
}

// NewOrganization is the form of an organization service access token, as it was sent.
type NewOrganization struct {
	Name       string
	Expiration string
	Date       string
	Submission string
}

// NewWorkspace is the form of a workspace service access token, as it was sent.
type NewWorkspace struct {
	Name       string
	Workspace  string        // id
	Policy     access.Policy // its own, beside the workspace's baseline; it can never be changed
	Expiration string
	Date       string
	Submission string
}

// Generated is a new token and, this once, its secret.
type Generated struct {
	Token
	Secret Secret
}

// draft is a token before it is checked, of whichever kind.
type draft struct {
	kind             Kind
	name             string
	workspace        string
	scope            string
	policy           access.Policy
	expiration, date string
	submission       string
}

// GeneratePersonal makes a personal access token for the calling member. Denied when the
// plan has no tokens or the caller is no member; Invalid with the fields "name",
// "workspace" (unknown and foreign alike), "scope", "expiration", "date", "submission";
// Conflict when the form was sent before: then nothing is made and no secret comes back.
func (s *Service) GeneratePersonal(ctx context.Context, by actor.Caller, in NewPersonal) (Generated, error) {
	return s.generate(ctx, by, draft{kind: Personal, name: in.Name, workspace: in.Workspace, scope: in.Scope,
		expiration: in.Expiration, date: in.Date, submission: in.Submission})
}

// GenerateOrganization makes an organization service access token. Denied to all but
// Admins; the other errors are those of [Service.GeneratePersonal].
func (s *Service) GenerateOrganization(ctx context.Context, by actor.Caller, in NewOrganization) (Generated, error) {
	return s.generate(ctx, by, draft{kind: Organization, name: in.Name,
		expiration: in.Expiration, date: in.Date, submission: in.Submission})
}

// GenerateWorkspace makes a workspace service access token. Denied to all but Admins; the
// other errors are those of [Service.GeneratePersonal], and Invalid with a permission as
// the field when the policy cannot be had: unknown, not to be limited, limited to what is
// not a resource of its type in the workspace, or not in the plan.
func (s *Service) GenerateWorkspace(ctx context.Context, by actor.Caller, in NewWorkspace) (Generated, error) {
	return s.generate(ctx, by, draft{kind: Workspace, name: in.Name, workspace: in.Workspace, policy: in.Policy.Clone(),
		expiration: in.Expiration, date: in.Date, submission: in.Submission})
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
		if err := checkSubmission(ctx, tx, creator, d.submission); err != nil {
			return err
		}
		if t, err = s.compose(ctx, tx, plan, d); err != nil {
			return err
		}
		t.Hint = Hint(secret.Reveal())
		if err := tx.InsertToken(ctx, t, Digest(secret.Reveal()), d.submission); err != nil {
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
// wrong choice in the form: compose reports it there.
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

// maxSubmission bounds the one-time key, which the server made.
const maxSubmission = 128

// errSubmitted answers a form that comes a second time.
func errSubmitted() error {
	return fault.NewConflict("This form was already sent, and the token exists: its value was shown once and cannot be shown again. " +
		"If you did not copy it, delete the token and generate another.")
}

// checkSubmission refuses a form without a key and one that was sent before.
func checkSubmission(ctx context.Context, tx Tx, creator, submission string) error {
	if submission == "" || len(submission) > maxSubmission || !utf8.ValidString(submission) {
		return fault.NewInvalid("The form cannot be used any more. Open it again.",
			fault.Field{Path: fieldSubmission, Message: "Open the form again."})
	}
	submitted, err := tx.TokenSubmitted(ctx, creator, submission)
	if err == nil && submitted {
		return errSubmitted()
	}
	return err
}

// explain words a clash on the database's own unique index, which two requests at the
// same moment may reach on an engine that lets their transactions overlap.
func (s *Service) explain(ctx context.Context, creator string, d draft, err error) error {
	if !fault.Is(err, fault.Conflict) || creator == "" {
		return err
	}
	if submitted, readErr := s.store.TokenSubmitted(ctx, creator, d.submission); readErr == nil && submitted {
		return errSubmitted()
	}
	return err
}
