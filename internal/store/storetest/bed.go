package storetest

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
	"latchkey/internal/invitation"
	"latchkey/internal/policy"
	"latchkey/internal/store"
	"latchkey/internal/token"
)

// Bed is an installation on a real database, for tests of the use cases: the organization Acme
// with the workspace Production, the Admin Ada, and a clock that stands still.
type Bed struct {
	UseCases
	T     testing.TB
	Store *store.Store
	Clock *Clock
	Mail  *Mailbox
	File  string // of the database
	Org   string // id
	Prod  string // id of the workspace
	Ada   account.Member
	Admin actor.Standing // Ada
	count int
}

// UseCases are the use cases of accounts, policies and invitations, on one store.
type UseCases struct {
	account.Services
	Policies    *policy.Service
	Invitations *invitation.Service
}

// NewUseCases wires the use cases with the built-in catalogue and the clock of the store.
func NewUseCases(s *store.Store, options ...invitation.Option) UseCases {
	return UseCases{
		Services:    account.New(store.Accounts(s), access.BuiltIn(), s.Now),
		Policies:    policy.New(store.Policies(s), access.BuiltIn(), s.Now),
		Invitations: invitation.New(store.Invitations(s), access.BuiltIn(), s.Now, options...),
	}
}

// Clock is a clock that moves when it is told to.
type Clock struct {
	mu sync.Mutex
	at time.Time
}

// NewClock returns a clock that says at.
func NewClock(at time.Time) *Clock { return &Clock{at: at} }

// Now is the clock's time.
func (c *Clock) Now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.at }

// Pass moves the clock on.
func (c *Clock) Pass(d time.Duration) { c.mu.Lock(); defer c.mu.Unlock(); c.at = c.at.Add(d) }

// Mailbox is a mail server that keeps what it gets, or refuses.
type Mailbox struct {
	Refuse bool
	Texts  []string
}

// Send keeps a message, or refuses it.
func (m *Mailbox) Send(_ context.Context, to, subject, text string) error {
	if m.Refuse {
		return errors.New("mail: connection refused")
	}
	m.Texts = append(m.Texts, to+"\n"+subject+"\n"+text)
	return nil
}

// NewBed sets up an installation on the plan.
func NewBed(t testing.TB, plan access.Plan) *Bed {
	t.Helper()
	b := &Bed{T: t, Clock: &Clock{at: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}, Mail: &Mailbox{}}
	b.File = Empty(t)
	s, err := store.Open(t.Context(), store.Options{Path: b.File, Now: b.Clock.Now})
	b.Must(err)
	t.Cleanup(func() { b.Must(s.Close()) })
	b.Store = s
	b.UseCases = NewUseCases(s, invitation.WithMailer(b.Mail))
	b.Ada, err = b.Organizations.Install(t.Context(), account.NewInstallation{Organization: "Acme", Workspace: "Production",
		PasswordHash: "a hash", Name: "Ada", Email: "ada@acme.example", Plan: plan})
	b.Must(err)
	b.Org = b.Ada.Organization
	b.Admin = b.Caller(b.Ada.ID)
	list, err := s.Workspaces(t.Context(), b.Org)
	b.Must(err)
	b.Prod = list[0].ID
	return b
}

// Must ends the test with an error, if there is one.
func (b *Bed) Must(err error) {
	b.T.Helper()
	if err != nil {
		b.T.Fatal(err)
	}
}

// Caller is the member as it stands now.
func (b *Bed) Caller(id string) actor.Standing {
	b.T.Helper()
	return SignIn(b.T, b.Store, id)
}

// InTx runs fn as the server itself.
func (b *Bed) InTx(fn func(tx *store.Tx) error) {
	b.T.Helper()
	b.Must(b.Store.InTx(b.T.Context(), actor.System(""), fn))
}

// Member adds an active Member with an empty policy in the given workspaces.
func (b *Bed) Member(name string, workspaces ...string) account.Member {
	b.T.Helper()
	m := account.Member{ID: "member-" + name, Organization: b.Org, Email: strings.ToLower(name) + "@acme.example", Name: name,
		Role: access.RoleMember, Status: account.Active, CreatedAt: b.Clock.Now(), UpdatedAt: b.Clock.Now()}
	b.InTx(func(tx *store.Tx) error { return tx.InsertMember(b.T.Context(), m, "a hash") })
	for _, w := range workspaces {
		b.Policy(policy.OfMember, w, m.ID, access.Policy{})
	}
	return m
}

// Workspace adds a workspace.
func (b *Bed) Workspace(name string) account.Workspace {
	b.T.Helper()
	settings := account.WorkspaceSettings{Name: name, Environment: account.Development, Region: "EU"}
	w, err := b.Workspaces.Create(b.T.Context(), b.Admin.Caller(), settings)
	b.Must(err)
	return w
}

// Group adds a group that is in the given workspaces.
func (b *Bed) Group(name string, workspaces ...string) account.Group {
	b.T.Helper()
	g, err := b.Groups.Create(b.T.Context(), b.Admin.Caller(), account.GroupSettings{Name: name}, workspaces)
	b.Must(err)
	return g
}

// Join makes members of a group.
func (b *Bed) Join(group string, members ...string) {
	b.T.Helper()
	_, err := b.Groups.AddMembers(b.T.Context(), b.Admin.Caller(), account.These(members...), []string{group})
	b.Must(err)
}

// Policy adds a policy.
func (b *Bed) Policy(kind policy.Kind, workspace, subject string, body access.Policy) policy.Policy {
	b.T.Helper()
	p, err := b.Policies.Add(b.T.Context(), b.Admin.Caller(), policy.Place{Kind: kind, Workspace: workspace, Subject: subject}, body)
	b.Must(err)
	return p
}

// Resource adds a resource to a workspace.
func (b *Bed) Resource(workspace, typ, id string) {
	b.T.Helper()
	b.InTx(func(tx *store.Tx) error {
		return InsertResource(b.T.Context(), tx, workspace, policy.Resource{ID: id, Type: typ, Name: "Name of " + id})
	})
}

// Token adds a token and returns its id.
func (b *Bed) Token(change func(*token.Token)) string {
	b.T.Helper()
	b.count++
	tok := token.Token{ID: "token-" + string(rune('a'+b.count)), Organization: b.Org, Kind: token.Personal, Name: "probe",
		Hint: "lkpat_…abcd", Workspace: b.Prod, Scope: access.ScopeReadWrite, CreatedAt: b.Clock.Now()}
	change(&tok)
	b.InTx(func(tx *store.Tx) error { return tx.InsertToken(b.T.Context(), tok, token.Digest(tok.ID), "") })
	return tok.ID
}

// PAT adds a personal token in Production and returns its id.
func (b *Bed) PAT(owner string) string {
	return b.Token(func(t *token.Token) { t.Owner = owner })
}

// SAT adds a service token of Production and returns its id.
func (b *Bed) SAT(policy access.Policy) string {
	return b.Token(func(t *token.Token) { t.Kind, t.Scope, t.Policy = token.Workspace, "", policy })
}

// Events lists what happened to targets of a type since the log had n events, as "action name".
func (b *Bed) Events(target audit.TargetType, since int64) []string {
	b.T.Helper()
	list, err := b.Store.RecentEvents(b.T.Context(), b.Org, "", 10_000)
	b.Must(err)
	var out []string
	for i := len(list) - 1; i >= 0; i-- {
		if e := list[i]; e.Seq > since && e.Target.Type == target {
			out = append(out, string(e.Action)+" "+e.Target.Name)
		}
	}
	return out
}

// Logged is how many events there are.
func (b *Bed) Logged() int64 {
	b.T.Helper()
	list, err := b.Store.RecentEvents(b.T.Context(), b.Org, "", 1)
	b.Must(err)
	return list[0].Seq
}

// Allows reports whether a member may do something in a workspace.
func (b *Bed) Allows(member, workspace string, perm access.Permission, id string) bool {
	b.T.Helper()
	return access.Decide(access.BuiltIn(), b.Caller(member).Principal, perm,
		access.Resource{Organization: b.Org, Workspace: workspace, Type: perm.Type(), ID: id}).Allowed
}

// WantKind wants an error of a kind.
func WantKind(t testing.TB, err error, kind fault.Kind) {
	t.Helper()
	if err == nil || !fault.Is(err, kind) {
		t.Fatalf("error is %v, want kind %s", err, kind)
	}
}

// WantField wants an Invalid fault about a field.
func WantField(t testing.TB, err error, path string) {
	t.Helper()
	WantKind(t, err, fault.Invalid)
	for _, f := range fault.Of(err).Fields {
		if f.Path == path {
			return
		}
	}
	t.Fatalf("error is %v, want the field %q", err, path)
}

// Provisioning switches provisioning on or off.
func (b *Bed) Provisioning(on bool) {
	b.T.Helper()
	b.InTx(func(tx *store.Tx) error { return tx.SaveSCIM(b.T.Context(), b.Org, on) })
}

// MarkExternal hands a group over to an identity provider, and switches provisioning on.
func (b *Bed) MarkExternal(group string) {
	b.T.Helper()
	b.Provisioning(true)
	g, err := b.Store.Group(b.T.Context(), b.Org, group)
	b.Must(err)
	members, err := b.Members.Find(b.T.Context(), b.Admin, account.MemberQuery{InGroup: group})
	b.Must(err)
	policies, err := b.Store.PoliciesOf(b.T.Context(), b.Org, policy.OfGroup, group)
	b.Must(err)
	g.External = true
	b.InTx(func(tx *store.Tx) error {
		if err := tx.DeleteGroup(b.T.Context(), b.Org, group); err != nil {
			return err
		}
		if err := tx.InsertGroup(b.T.Context(), g); err != nil {
			return err
		}
		for _, m := range members.Rows {
			if err := tx.AddToGroup(b.T.Context(), g.ID, m.ID); err != nil {
				return err
			}
		}
		for _, p := range policies {
			if err := tx.InsertPolicy(b.T.Context(), p); err != nil {
				return err
			}
		}
		return nil
	})
}
