package migration_test

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/migration"
	"latchkey/internal/policy"
	"latchkey/internal/store"
	"latchkey/internal/store/storetest"
	"latchkey/internal/token"
	"latchkey/internal/verify"
)

// bed is an installation on a real database: the organization Acme with the workspace Main,
// the Admin Ada, and verification beside it.
type bed struct {
	*migration.Service
	t        testing.TB
	store    *store.Store
	accounts account.Services
	policies *policy.Service
	verify   *verify.Authority
	clock    *clock
	path     string // of the database
	org      string
	main     string // workspace id
	admin    actor.Standing
}

type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.at }

func newBed(t testing.TB, plan access.Plan) *bed {
	t.Helper()
	return newBedOn(t, plan, store.Options{Path: storetest.Empty(t)})
}

// newBedOn is newBed on an empty database.
func newBedOn(t testing.TB, plan access.Plan, o store.Options) *bed {
	t.Helper()
	b := &bed{t: t, clock: &clock{at: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}}
	b.path, o.Now = o.Path, b.clock.now
	s, err := store.Open(t.Context(), o)
	b.must(err)
	t.Cleanup(func() { b.must(s.Close()) })
	b.store = s
	b.verify = verify.New(verify.Deps{Store: s, Catalogue: access.BuiltIn(), Now: b.clock.now})
	s.OnCommit(b.verify.Apply)
	b.must(b.verify.Load(t.Context()))
	b.accounts = account.New(store.Accounts(s), access.BuiltIn(), b.clock.now)
	b.policies = policy.New(store.Policies(s), access.BuiltIn(), b.clock.now)
	b.Service = migration.New(store.Migrations(s), access.BuiltIn())
	ada, err := b.accounts.Organizations.Install(t.Context(), account.NewInstallation{Organization: "Acme", Workspace: "Main",
		Name: "Ada", Email: "ada@acme.example", Plan: plan})
	b.must(err)
	b.org = ada.Organization
	b.admin = b.caller(ada.ID)
	list, err := s.Workspaces(t.Context(), b.org)
	b.must(err)
	b.main = list[0].ID
	return b
}

func (b *bed) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *bed) caller(member string) actor.Standing {
	b.t.Helper()
	return storetest.SignIn(b.t, b.store, member)
}

// member adds an active member who is here before the import.
func (b *bed) member(id, email string, role access.Role) {
	b.t.Helper()
	b.must(b.store.InTx(b.t.Context(), actor.System(""), func(tx *store.Tx) error {
		return tx.InsertMember(b.t.Context(), account.Member{ID: id, Organization: b.org, Email: email, Name: id, Role: role,
			Status: account.Active, CreatedAt: tx.Now(), UpdatedAt: tx.Now()}, "")
	}))
}

// example is the export that the tests of package legacy read.
func example(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile("../legacy/testdata/acme.json")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// withoutGroups is the example of an exporter that knows no groups.
func withoutGroups(t testing.TB) string {
	text := example(t)
	return text[:strings.Index(text, `  "groups": [`)] + text[strings.Index(text, `  "personal_tokens": [`):]
}

func (b *bed) upload(text string) {
	b.t.Helper()
	_, err := b.Upload(b.t.Context(), b.admin, "export.json", strings.NewReader(text), nil)
	b.must(err)
}

// stage uploads the example and imports it.
func (b *bed) stage(strategy migration.Strategy) {
	b.t.Helper()
	b.upload(example(b.t))
	b.must(b.Import(b.t.Context(), b.admin, strategy))
}

func (b *bed) deploy() migration.Migration {
	b.t.Helper()
	m, err := b.Deploy(b.t.Context(), b.admin, "Acme")
	b.must(err)
	return m
}

func (b *bed) preview() migration.Report {
	b.t.Helper()
	r, err := b.Preview(b.t.Context(), b.admin)
	b.must(err)
	return r
}

// item finds a staged item by its old id.
func (b *bed) item(kind migration.Kind, ref string) migration.Item {
	b.t.Helper()
	items, _, err := b.Find(b.t.Context(), b.admin, migration.Query{Kind: kind, Limit: 100})
	b.must(err)
	for _, i := range items {
		if i.Ref == ref {
			return i
		}
	}
	b.t.Fatalf("no staged %s %s", kind, ref)
	return migration.Item{}
}

func (b *bed) choose(kind migration.Kind, ref string, choice migration.Choice) {
	b.t.Helper()
	_, err := b.Choose(b.t.Context(), b.admin.Caller(), b.item(kind, ref).Seq, choice)
	b.must(err)
}

// allows asks verification what a secret may do on a resource of a type.
func (b *bed) allows(secret string, perm access.Permission, resource string) bool {
	b.t.Helper()
	v, err := b.verify.Verify(b.t.Context(), secret)
	b.must(err)
	p := v.Principal()
	return access.Decide(access.BuiltIn(), p, perm, access.Resource{Organization: b.org, Workspace: p.Workspace,
		Type: perm.Type(), ID: resource}).Allowed
}

func (b *bed) refused(secret string) bool {
	b.t.Helper()
	_, err := b.verify.Verify(b.t.Context(), secret)
	return err != nil
}

// totals is the totals of a report, in few words.
func totals(r migration.Report) string {
	var words []string
	for _, t := range r.Totals {
		words = append(words, fmt.Sprintf("%s %d/%d/%d/%d", t.Kind, t.New, t.Joined, t.Known, t.LeftOut))
	}
	return strings.Join(words, ", ")
}

// entry reports whether the report tells something of an item.
func entry(r migration.Report, level migration.Level, ref, says string) bool {
	for _, e := range r.Entries {
		if e.Level == level && e.Ref == ref && strings.Contains(e.Text, says) {
			return true
		}
	}
	return false
}

func kindOf(s string) token.Kind { return token.Kind(s) }

// file is the database's.
func (b *bed) file() string { return b.path }
