package verify_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/segmentio/ksuid"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/change"
	"latchkey/internal/policy"
	"latchkey/internal/store"
	"latchkey/internal/store/storetest"
	"latchkey/internal/token"
	"latchkey/internal/verify"
)

// world is an organization on a real database, with an authority that hears of every
// change, as a server has it.
type world struct {
	t         testing.TB
	ctx       context.Context
	clock     atomic.Int64 // milliseconds
	path      string
	store     *store.Store
	catalogue *access.Catalogue
	accounts  account.Services
	policies  *policy.Service
	tokens    *token.Service
	verify    *verify.Authority
	admin     actor.Standing
	org       string
	main      string // the first workspace
}

func newWorld(t testing.TB) *world {
	t.Helper()
	return newWorldOn(t, store.Options{Path: storetest.Empty(t)})
}

// newWorldOn makes a world on an empty database with the schema.
func newWorldOn(t testing.TB, at store.Options) *world {
	t.Helper()
	w := &world{t: t, ctx: context.Background(), catalogue: access.BuiltIn(), path: at.Path}
	at.Now = w.now
	w.clock.Store(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).UnixMilli())
	var err error
	if w.store, err = store.Open(w.ctx, at); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.must(w.store.Close()) })
	w.verify = w.newAuthority(verify.Deps{})
	w.store.OnCommit(func(ctx context.Context, changes []change.Change) { w.verify.Apply(ctx, changes) })
	w.accounts = account.New(store.Accounts(w.store), w.catalogue, w.now)
	w.policies = policy.New(store.Policies(w.store), w.catalogue, w.now)
	w.tokens = token.New(token.Deps{Store: store.Tokens(w.store), Catalogue: w.catalogue, Now: w.now})
	admin, err := w.accounts.Organizations.Install(w.ctx, account.NewInstallation{Organization: "Acme", Workspace: "Main",
		Name: "Ada", Email: "ada@example.com", Plan: access.PlanEnterprise})
	w.must(err)
	w.org = admin.Organization
	w.admin = w.caller(admin)
	workspaces, err := w.store.Workspaces(w.ctx, w.org)
	w.must(err)
	w.main = workspaces[0].ID
	return w
}

// newAuthority makes an authority on the world's database; store and clock are filled in.
func (w *world) newAuthority(d verify.Deps) *verify.Authority {
	if d.Store == nil {
		d.Store = w.store
	}
	d.Catalogue, d.Now = w.catalogue, w.now
	return verify.New(d)
}

func (w *world) now() time.Time { return time.UnixMilli(w.clock.Load()).UTC() }

func (w *world) pass(d time.Duration) { w.clock.Add(d.Milliseconds()) }

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) caller(m account.Member) actor.Standing {
	w.t.Helper()
	return storetest.SignIn(w.t, w.store, m.ID)
}

// prove signs the Admin in again if the session was proven too long ago for acts that ask for it.
func (w *world) prove() {
	w.t.Helper()
	if !w.admin.Proof.Recent(w.now()) {
		w.admin = storetest.SignIn(w.t, w.store, w.admin.ID)
	}
}

func (w *world) tx(fn func(tx *store.Tx) error) {
	w.t.Helper()
	w.must(w.store.InTx(w.ctx, actor.System(""), fn))
}

// member adds one who is in no workspace.
func (w *world) member(name string) account.Member {
	w.t.Helper()
	m := account.Member{ID: ksuid.New().String(), Organization: w.org, Name: name, Email: name + "@example.com",
		Role: access.RoleMember, Status: account.Active, CreatedAt: w.now(), UpdatedAt: w.now()}
	w.tx(func(tx *store.Tx) error { return tx.InsertMember(w.ctx, m, "") })
	return m
}

func (w *world) workspace(name string) string {
	w.t.Helper()
	ws, err := w.accounts.Workspaces.Create(w.ctx, w.admin.Caller(),
		account.WorkspaceSettings{Name: name, Environment: account.Production, Region: "US"})
	w.must(err)
	return ws.ID
}

func (w *world) group(name string, members ...account.Member) string {
	w.t.Helper()
	g, err := w.accounts.Groups.Create(w.ctx, w.admin.Caller(), account.GroupSettings{Name: name}, nil)
	w.must(err)
	if len(members) > 0 {
		ids := make([]string, len(members))
		for i, m := range members {
			ids[i] = m.ID
		}
		_, err = w.accounts.Groups.AddMembers(w.ctx, w.admin.Caller(), account.These(ids...), []string{g.ID})
		w.must(err)
	}
	return g.ID
}

// policy puts a policy into a place, whatever is there now.
func (w *world) policy(kind policy.Kind, workspace, subject string, body access.Policy) {
	w.t.Helper()
	at := policy.Place{Kind: kind, Workspace: workspace, Subject: subject}
	view, err := w.policies.At(w.ctx, w.admin, at)
	w.must(err)
	if view.Exists {
		_, err = w.policies.Save(w.ctx, w.admin.Caller(), at, view.Revision(), body)
	} else {
		_, err = w.policies.Add(w.ctx, w.admin.Caller(), at, body)
	}
	w.must(err)
}

func (w *world) removePolicy(kind policy.Kind, workspace, subject string) {
	w.t.Helper()
	_, err := w.policies.Remove(w.ctx, w.admin.Caller(), policy.Place{Kind: kind, Workspace: workspace, Subject: subject})
	w.must(err)
}

func (w *world) personal(owner account.Member, workspace string, scope access.Scope) token.Generated {
	w.t.Helper()
	g, err := w.tokens.GeneratePersonal(w.ctx, w.caller(owner).Caller(),
		token.NewPersonal{Name: rand.Text(), Workspace: workspace, Scope: scope})
	w.must(err)
	return g
}

func (w *world) service(workspace string, policy access.Policy) token.Generated {
	w.t.Helper()
	g, err := w.tokens.GenerateWorkspace(w.ctx, w.admin.Caller(), token.NewWorkspace{Name: rand.Text(), Workspace: workspace, Policy: policy})
	w.must(err)
	return g
}

func (w *world) organizationToken() token.Generated {
	w.t.Helper()
	g, err := w.tokens.GenerateOrganization(w.ctx, w.admin.Caller(), token.NewOrganization{Name: rand.Text()})
	w.must(err)
	return g
}

// insert stores a token as it is, as an import or the demonstration does.
func (w *world) insert(t token.Token, secret string) token.Token {
	w.t.Helper()
	t.ID, t.Organization, t.Hint = ksuid.New().String(), w.org, token.Hint(secret)
	if t.Name == "" {
		t.Name = rand.Text()
	}
	if t.CreatedAt.IsZero() {
		t.CreatedAt = w.now()
	}
	w.tx(func(tx *store.Tx) error { return tx.InsertToken(w.ctx, t, token.Digest(secret), "") })
	return t
}

func (w *world) newSecret(kind token.Kind) string {
	w.t.Helper()
	s, err := token.Generate(kind, rand.Reader)
	w.must(err)
	return s.Reveal()
}

// refusal is how the secret is refused; 0 when it is accepted.
func (w *world) refusal(secret string) verify.Refusal {
	w.t.Helper()
	return refusalOf(w.t, w.verify, secret)
}

func refusalOf(t testing.TB, a *verify.Authority, secret string) verify.Refusal {
	t.Helper()
	_, err := a.Verify(context.Background(), secret)
	var refused *verify.Refused
	if err != nil && !errors.As(err, &refused) {
		t.Fatalf("verify: %v", err)
	}
	if err == nil {
		return 0
	}
	return refused.Refusal
}

// may reports whether the secret's token is accepted and has the permission type-wide. It asks as the listener for
// verification does: first what is in memory.
func (w *world) may(secret, workspace string, perm access.Permission) bool {
	v, ok := w.verify.Recognize(secret, netip.Addr{})
	if !ok {
		var err error
		if v, err = w.verify.Verify(w.ctx, secret); err != nil {
			return false
		}
	}
	return access.Decide(w.catalogue, v.Principal(), perm, access.Resource{Organization: w.org, Workspace: workspace}).Allowed
}

func everywhere(perms ...access.Permission) access.Policy {
	p := access.Policy{}
	for _, perm := range perms {
		p[perm] = access.Everywhere()
	}
	return p
}

func named(prefix string, i int) string { return fmt.Sprintf("%s-%03d", prefix, i) }
