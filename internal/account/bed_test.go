package account_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/store"
	"latchkey/internal/store/storetest"
	"latchkey/internal/token"
)

// bed is an installation on a real database: the organization Acme with the workspace
// Production, the Admin Ada, and a clock that stands still.
type bed struct {
	*account.Service
	t     testing.TB
	store *store.Store
	clock *clock
	mail  *mailbox
	file  string // of the database
	org   string
	prod  string // workspace id
	ada   account.Member
	admin actor.Standing
	count int
}

type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.at }

func (c *clock) pass(d time.Duration) { c.mu.Lock(); defer c.mu.Unlock(); c.at = c.at.Add(d) }

// mailbox is a mail server that keeps what it gets, or refuses.
type mailbox struct {
	refuse bool
	texts  []string
}

func (m *mailbox) Send(_ context.Context, to, subject, text string) error {
	if m.refuse {
		return errors.New("mail: connection refused")
	}
	m.texts = append(m.texts, to+"\n"+subject+"\n"+text)
	return nil
}

func newBed(t testing.TB, plan access.Plan) *bed {
	t.Helper()
	b := &bed{t: t, clock: &clock{at: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}, mail: &mailbox{}}
	b.file = storetest.Empty(t)
	s, err := store.Open(t.Context(), store.Options{Path: b.file, Now: b.clock.now})
	b.must(err)
	t.Cleanup(func() { b.must(s.Close()) })
	b.store = s
	b.Service = account.New(store.Accounts{Store: s}, access.BuiltIn(), b.clock.now, account.WithMailer(b.mail))
	b.ada, err = b.Install(t.Context(), account.NewInstallation{Organization: "Acme", Workspace: "Production", PasswordHash: "a hash",
		Name: "Ada", Email: "ada@acme.example", Plan: plan})
	b.must(err)
	b.org = b.ada.Organization
	b.admin = b.caller(b.ada.ID)
	list, err := s.Workspaces(t.Context(), b.org)
	b.must(err)
	b.prod = list[0].ID
	return b
}

func (b *bed) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// caller is the member as it stands now.
func (b *bed) caller(id string) actor.Standing {
	b.t.Helper()
	return storetest.SignIn(b.t, b.store, id)
}

func (b *bed) inTx(fn func(tx *store.Tx) error) {
	b.t.Helper()
	b.must(b.store.InTx(b.t.Context(), actor.System(""), fn))
}

// member adds an active Member with an empty policy in the given workspaces.
func (b *bed) member(name string, workspaces ...string) account.Member {
	b.t.Helper()
	m := account.Member{ID: "member-" + name, Organization: b.org, Email: strings.ToLower(name) + "@acme.example", Name: name,
		Role: access.RoleMember, Status: account.Active, CreatedAt: b.clock.now(), UpdatedAt: b.clock.now()}
	b.inTx(func(tx *store.Tx) error { return tx.InsertMember(b.t.Context(), m, "a hash") })
	for _, w := range workspaces {
		b.policy(account.MemberPolicy, w, m.ID, access.Policy{})
	}
	return m
}

func (b *bed) workspace(name string) account.Workspace {
	b.t.Helper()
	w, err := b.CreateWorkspace(b.t.Context(), b.admin.Caller(), account.WorkspaceForm{Name: name, Environment: account.Development, Region: "EU"})
	b.must(err)
	return w
}

func (b *bed) group(name string, workspaces ...string) account.Group {
	b.t.Helper()
	g, err := b.CreateGroup(b.t.Context(), b.admin.Caller(), account.GroupForm{Name: name}, workspaces)
	b.must(err)
	return g
}

func (b *bed) join(group string, members ...string) {
	b.t.Helper()
	_, err := b.AddToGroups(b.t.Context(), b.admin.Caller(), members, []string{group})
	b.must(err)
}

func (b *bed) policy(kind account.PolicyKind, workspace, subject string, body access.Policy) account.Policy {
	b.t.Helper()
	p, err := b.AddPolicy(b.t.Context(), b.admin.Caller(), account.Place{Kind: kind, Workspace: workspace, Subject: subject}, body)
	b.must(err)
	return p
}

// resource adds a resource to a workspace.
func (b *bed) resource(workspace, typ, id string) {
	b.t.Helper()
	b.inTx(func(tx *store.Tx) error {
		return storetest.InsertResource(b.t.Context(), tx, workspace, account.Resource{ID: id, Type: typ, Name: "Name of " + id})
	})
}

// token adds a token and returns its id.
func (b *bed) token(change func(*token.Token)) string {
	b.t.Helper()
	b.count++
	tok := token.Token{ID: "token-" + string(rune('a'+b.count)), Organization: b.org, Kind: token.Personal, Name: "probe",
		Hint: "lkpat_…abcd", Workspace: b.prod, Scope: access.ScopeReadWrite, CreatedAt: b.clock.now()}
	change(&tok)
	b.inTx(func(tx *store.Tx) error { return tx.InsertToken(b.t.Context(), tok, token.Digest(tok.ID), "") })
	return tok.ID
}

func (b *bed) pat(owner string) string {
	return b.token(func(t *token.Token) { t.Owner = owner })
}

func (b *bed) sat(policy access.Policy) string {
	return b.token(func(t *token.Token) { t.Kind, t.Scope, t.Policy = token.Workspace, "", policy })
}

// events lists what happened to targets of a type since the log had n events, as "action name".
func (b *bed) events(target audit.TargetType, since int64) []string {
	b.t.Helper()
	list, err := b.store.RecentEvents(b.t.Context(), b.org, "", 10_000)
	b.must(err)
	var out []string
	for i := len(list) - 1; i >= 0; i-- {
		if e := list[i]; e.Seq > since && e.Target.Type == target {
			out = append(out, string(e.Action)+" "+e.Target.Name)
		}
	}
	return out
}

// logged is how many events there are.
func (b *bed) logged() int64 {
	b.t.Helper()
	list, err := b.store.RecentEvents(b.t.Context(), b.org, "", 1)
	b.must(err)
	return list[0].Seq
}

func (b *bed) allows(member, workspace string, perm access.Permission, id string) bool {
	b.t.Helper()
	return access.Decide(access.BuiltIn(), b.caller(member).Principal, perm,
		access.Resource{Organization: b.org, Workspace: workspace, Type: perm.Type(), ID: id}).Allowed
}

func wantKind(t testing.TB, err error, kind fault.Kind) {
	t.Helper()
	if err == nil || !fault.Is(err, kind) {
		t.Fatalf("error is %v, want kind %s", err, kind)
	}
}

// wantField wants an Invalid fault about a field.
func wantField(t testing.TB, err error, path string) {
	t.Helper()
	wantKind(t, err, fault.Invalid)
	for _, f := range fault.Of(err).Fields {
		if f.Path == path {
			return
		}
	}
	t.Fatalf("error is %v, want the field %q", err, path)
}
