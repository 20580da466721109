// Package demo fills an empty database with a made-up organization: Acme, its people,
// policies, resources and tokens in every state. It is for the demo and for tests; a real
// installation never calls it.
package demo

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/segmentio/ksuid"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/policy"
	"latchkey/internal/registry"
	"latchkey/internal/store"
	"latchkey/internal/token"
)

// Password is the password of every demo account.
const Password = "latchkey-demo"

// Account is an account that a visitor can sign in to.
type Account struct{ Email, Note string }

// Accounts returns the accounts that a visitor can sign in to.
func Accounts() []Account {
	return []Account{
		{adminEmail, "Admin: everything, everywhere"},
		{editorEmail, "Member: edits and connects in Staging, views Production"},
		{viewerEmail, "Member: views Production"},
	}
}

const (
	adminEmail  = "admin@acme.example"
	editorEmail = "editor@acme.example"
	viewerEmail = "viewer@acme.example"
	formerEmail = "robin@acme.example" // deactivated: a suspended token
)

// ErrReal means that the database holds a real organization, which the demo must not touch.
var ErrReal = errors.New("this folder holds a real installation: run it with latchkey serve, or use an empty folder")

// Hasher hashes passwords.
type Hasher interface {
	Hash(ctx context.Context, password string) (string, error)
}

// Seed fills an empty database. It does not change one that was seeded before, and returns
// [ErrReal] for one that holds anything else. secrets seals those of the resources; with the zero
// value they have none.
func Seed(ctx context.Context, st *store.Store, hasher Hasher, secrets registry.Secrets) error {
	hash, err := prepare(ctx, st, hasher)
	if err != nil || hash == "" {
		return err
	}
	return st.InTx(ctx, actor.System(""), func(tx *store.Tx) error {
		s := &seeder{ctx: ctx, hash: hash, secrets: secrets, present: tx.Now()}
		_, err := s.fill(tx)
		return err
	})
}

// prepare returns the hash of the accounts' password, or "" if the database was seeded before.
func prepare(ctx context.Context, st *store.Store, hasher Hasher) (hash string, err error) {
	claimed, err := st.Claimed(ctx)
	if err != nil {
		return "", err
	}
	if claimed {
		seeded, err := st.EmailKnown(ctx, adminEmail)
		if err == nil && !seeded {
			return "", ErrReal
		}
		return "", err
	}
	// All accounts have the same password, so one hash is enough.
	return hasher.Hash(ctx, Password)
}

// fill creates everything in a transaction. It reports false if another demo has seeded the same database
// in the meantime.
func (s *seeder) fill(tx *store.Tx) (filled bool, err error) {
	if claimed, err := tx.Claimed(s.ctx); err != nil || claimed {
		return false, err
	}
	s.tx = tx
	s.organization()
	s.people()
	s.policies()
	s.resources()
	s.tokens()
	return true, s.err
}

// seeder creates the data. After the first error its methods do nothing.
type seeder struct {
	ctx  context.Context
	tx   *store.Tx
	hash string
	err  error

	// present is the moment that ages are counted from. The time of the transaction is earlier if a history
	// follows, which then makes the tokens and changes of the days between.
	present time.Time
	later   []token.Token // those tokens, in no order
	early   []token.Token // the tokens that were made before
	secrets registry.Secrets

	org                 string
	production, staging string
	admin, editor       account.Member
	viewer, former      account.Member
	sources             []string          // of Staging, in the order of their names here
	named               map[string]string // ids of resources by workspace and name
}

func (s *seeder) try(err error) {
	if s.err == nil {
		s.err = err
	}
}

// ago returns a time in the past.
func (s *seeder) ago(d time.Duration) time.Time { return s.present.Add(-d) }

const day = 24 * time.Hour

func (s *seeder) organization() {
	s.org = ksuid.New().String()
	s.try(s.tx.InsertOrganization(s.ctx, account.Organization{ID: s.org, Name: "Acme", Plan: access.PlanEnterprise,
		CreatedAt: s.ago(90 * day)}))
	s.production = s.workspace("Production", account.Production)
	s.staging = s.workspace("Staging", account.Development)
}

func (s *seeder) workspace(name string, env account.Environment) string {
	w := account.Workspace{ID: ksuid.New().String(), Organization: s.org, Name: name, Environment: env, Region: "US",
		CreatedAt: s.ago(90 * day), UpdatedAt: s.ago(90 * day)}
	s.try(s.tx.InsertWorkspace(s.ctx, w))
	return w.ID
}

func (s *seeder) people() {
	s.admin = s.member("Ada Admin", adminEmail, access.RoleAdmin, account.Active)
	s.editor = s.member("Eli Editor", editorEmail, access.RoleMember, account.Active)
	s.viewer = s.member("Vera Viewer", viewerEmail, access.RoleMember, account.Active)
	s.former = s.member("Robin Former", formerEmail, access.RoleMember, account.Deactivated)
	by := actor.Standing{Principal: access.Principal{Kind: access.Member, ID: s.admin.ID, Organization: s.org, Role: access.RoleAdmin},
		Name: s.admin.Name, Email: s.admin.Email}
	for _, m := range []account.Member{s.admin, s.editor, s.viewer, s.former} {
		s.try(s.tx.AppendEvent(s.ctx, audit.Did(by, audit.AddedToOrganization, audit.Target{Type: audit.TargetUser, ID: m.ID, Name: m.Name})))
	}
}

func (s *seeder) member(name, email string, role access.Role, status account.Status) account.Member {
	if s.tx.Now().Before(s.present) {
		status = account.Active // the history deactivates later
	}
	m := account.Member{ID: ksuid.New().String(), Organization: s.org, Email: email, Name: name, Role: role, Status: status,
		CreatedAt: s.ago(80 * day), UpdatedAt: s.ago(80 * day)}
	s.try(s.tx.InsertMember(s.ctx, m, s.hash))
	return m
}

// policies gives the accounts the access that [Accounts] describes.
func (s *seeder) policies() {
	s.policy(s.production, policy.Baseline, "", access.Policy{})
	s.policy(s.staging, policy.Baseline, "", access.Policy{"source:live_events": access.Everywhere()})
	editAll := access.Policy{}
	for _, t := range access.BuiltIn().Types(access.SectionResources) {
		for _, e := range t.Entries {
			if a := e.Permission.Action(); a == "edit" || a == "connect" {
				editAll[e.Permission] = access.Everywhere()
			}
		}
	}
	s.policy(s.staging, policy.OfMember, s.editor.ID, editAll)
	s.policy(s.production, policy.OfMember, s.editor.ID, access.Policy{})
	s.policy(s.production, policy.OfMember, s.viewer.ID, access.Policy{})
	s.policy(s.production, policy.OfMember, s.former.ID, access.Policy{})

	analysts := account.Group{ID: ksuid.New().String(), Organization: s.org, Name: "Analysts",
		Description: "People who look at models and audiences", CreatedAt: s.ago(60 * day), UpdatedAt: s.ago(60 * day)}
	s.try(s.tx.InsertGroup(s.ctx, analysts))
	s.try(s.tx.AddToGroup(s.ctx, analysts.ID, s.viewer.ID))
	s.policy(s.production, policy.OfGroup, analysts.ID, access.Policy{
		"sql_model:live_events": access.Everywhere(), "audience:live_events": access.Everywhere()})
}

func (s *seeder) policy(workspace string, kind policy.Kind, subject string, body access.Policy) {
	s.try(s.tx.InsertPolicy(s.ctx, policy.Policy{ID: ksuid.New().String(), Organization: s.org, Workspace: workspace,
		Kind: kind, Subject: subject, Body: body, Version: 1, UpdatedAt: s.ago(60 * day), UpdatedBy: s.admin.Name}))
}

// tokens creates tokens in every state. Their secrets are discarded at once.
func (s *seeder) tokens() {
	personal := func(owner account.Member, workspace, name string, scope access.Scope, created, ends time.Time) {
		s.token(token.Token{Kind: token.Personal, Name: name, Owner: owner.ID, Workspace: workspace, Scope: scope,
			CreatedBy: owner.ID, CreatedByName: owner.Name, CreatedAt: created, ExpiresAt: ends})
	}
	in := func(d time.Duration) time.Time { return s.present.Add(d) }
	never := time.Time{}
	personal(s.admin, s.production, "terraform-plan", access.ScopeReadOnly, s.ago(20*day), in(70*day))
	personal(s.admin, s.production, "legacy-admin-script", access.ScopeAdmin, s.ago(400*day), never)
	personal(s.admin, s.staging, "event-replay", access.ScopeReadWrite, s.ago(27*day), in(3*day))
	personal(s.admin, s.staging, "hackathon", access.ScopeReadWrite, s.ago(40*day), s.ago(10*day))
	personal(s.editor, s.staging, "ci-probe", access.ScopeReadWrite, s.ago(5*day), in(25*day))
	personal(s.editor, s.production, "dashboard-export", access.ScopeReadOnly, s.ago(28*day), in(2*day))
	personal(s.viewer, s.production, "notebook", access.ScopeReadOnly, s.ago(12*day), in(78*day))
	personal(s.former, s.production, "old-laptop", access.ScopeReadOnly, s.ago(50*day), never)

	service := func(t token.Token) {
		t.CreatedBy, t.CreatedByName = s.admin.ID, s.admin.Name
		s.token(t)
	}
	service(token.Token{Kind: token.Organization, Name: "okta-scim", CreatedAt: s.ago(60 * day), ExpiresAt: in(300 * day)})
	service(token.Token{Kind: token.Organization, Name: "siem-audit-export", CreatedAt: s.ago(85 * day), ExpiresAt: in(5 * day)})
	service(token.Token{Kind: token.Workspace, Name: "deploy-pipeline", Workspace: s.production,
		CreatedAt: s.ago(30 * day), ExpiresAt: in(150 * day),
		Policy: access.Policy{"source:edit": access.Everywhere(), "destination:edit": access.Everywhere(),
			"source:connect": access.Everywhere(), "destination:connect": access.Everywhere()}})
	service(token.Token{Kind: token.Workspace, Name: "staging-sync", Workspace: s.staging, CreatedAt: s.ago(45 * day),
		Policy: access.Policy{"source:edit": access.Only(s.sources[:2]...), "transformation:edit": access.Everywhere(),
			"transformation:create_delete": access.Everywhere()}})
}

func (s *seeder) token(t token.Token) {
	if t.CreatedAt.After(s.tx.Now()) {
		s.later = append(s.later, t)
		return
	}
	secret, err := token.Generate(t.Kind, rand.Reader)
	s.try(err)
	t.ID, t.Organization, t.Hint = ksuid.New().String(), s.org, token.Hint(secret.Reveal())
	s.early = append(s.early, t)
	s.try(s.tx.InsertToken(s.ctx, t, token.Digest(secret.Reveal()), ""))
}
