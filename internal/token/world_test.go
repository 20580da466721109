package token_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
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

// world is a service on a real database: Acme (Enterprise) with the workspaces
// "production" and "staging", and another organization with a workspace "foreign".
type world struct {
	*token.Service
	t        testing.TB
	store    *store.Store
	path     string
	now      *atomic.Int64 // milliseconds
	admin    actor.Standing
	editor   actor.Standing // in both workspaces
	viewer   actor.Standing // in production
	idle     actor.Standing // deactivated; never the caller
	stranger actor.Standing // Admin of the other organization
	keys     int
	cast     cast
}

// cast makes callers have the rights that a test gives them, whatever the database has. The tests
// of package store check what a caller's rights are.
type cast map[actor.Ref]actor.Standing

// as returns s with a reference under which the cast finds it.
func (c cast) as(s actor.Standing) actor.Standing {
	s.Ref = actor.Ref{Kind: actor.Session, ID: fmt.Sprint("cast-", len(c))}
	c[s.Ref] = s
	return s
}

// stage is the store on which a cast acts.
type stage struct {
	token.Store
	cast cast
}

func (s stage) InTx(ctx context.Context, by actor.Caller, fn func(token.Tx) error) error {
	as, ok := s.cast[by.Ref]
	if !ok {
		return s.Store.InTx(ctx, by, fn)
	}
	as.Origin = by.Origin
	return s.Store.InTx(ctx, actor.System(as.Organization), func(tx token.Tx) error { return fn(acting{tx, as}) })
}

func (s stage) InRuleTx(ctx context.Context, by actor.Caller, fn func(token.RuleTx) error) error {
	as, ok := s.cast[by.Ref]
	if !ok {
		return s.Store.InRuleTx(ctx, by, fn)
	}
	as.Origin = by.Origin
	return s.Store.InRuleTx(ctx, actor.System(as.Organization), func(tx token.RuleTx) error { return fn(ruling{tx, as}) })
}

type ruling struct {
	token.RuleTx
	as actor.Standing
}

func (r ruling) By() actor.Standing { return r.as }

type acting struct {
	token.Tx
	as actor.Standing
}

// By is the caller, who has just proven who they are.
func (a acting) By() actor.Standing {
	a.as.Proof = actor.Proof{How: actor.ByPassword, At: a.Now()}
	return a.as
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, path: storetest.Empty(t), now: new(atomic.Int64), cast: cast{}}
	w.now.Store(noon.UnixMilli())
	s, err := store.Open(t.Context(), store.Options{Path: w.path, Now: w.clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	w.store = s
	w.Service = token.New(token.Deps{Store: stage{store.Tokens(s), w.cast}, Catalogue: access.BuiltIn(), Now: w.clock})
	w.admin = w.caller("admin", "acme", access.RoleAdmin)
	w.editor = w.caller("editor", "acme", access.RoleMember, "production", "staging")
	w.viewer = w.caller("viewer", "acme", access.RoleMember, "production")
	w.idle = w.caller("idle", "acme", access.RoleMember, "production")
	w.stranger = w.caller("stranger", "other", access.RoleAdmin)
	w.populate()
	return w
}

func (w *world) clock() time.Time         { return time.UnixMilli(w.now.Load()) }
func (w *world) wait(d time.Duration)     { w.now.Add(d.Milliseconds()) }
func (w *world) context() context.Context { return w.t.Context() }

func (w *world) caller(id, organization string, role access.Role, in ...string) actor.Standing {
	c := actor.Standing{Name: strings.ToUpper(id), Email: id + "@example.com",
		Origin:    actor.Origin{IP: "192.0.2.1", UserAgent: "test", RequestID: "request-" + id},
		Principal: access.Principal{Kind: access.Member, ID: id, Organization: organization, Role: role, In: map[string]*access.Effective{}}}
	for _, workspace := range in {
		c.In[workspace] = access.Combine()
	}
	return w.cast.as(c)
}

func (w *world) populate() {
	w.t.Helper()
	must(w.t, w.store.InTx(w.context(), actor.System(""), func(tx *store.Tx) error {
		var errs []error
		for id, plan := range map[string]access.Plan{"acme": access.PlanEnterprise, "other": access.PlanEnterprise} {
			errs = append(errs, tx.InsertOrganization(w.context(), account.Organization{ID: id, Name: id, Plan: plan, CreatedAt: noon}))
		}
		for id, organization := range map[string]string{"production": "acme", "staging": "acme", "foreign": "other"} {
			errs = append(errs, tx.InsertWorkspace(w.context(), account.Workspace{ID: id, Organization: organization, Name: strings.ToUpper(id),
				Environment: account.Production, Region: "US", CreatedAt: noon, UpdatedAt: noon}))
		}
		for _, c := range []actor.Standing{w.admin, w.editor, w.viewer, w.idle, w.stranger} {
			m := account.Member{ID: c.ID, Organization: c.Organization, Email: c.Email, Name: c.Name, Role: c.Role,
				Status: account.Active, CreatedAt: noon, UpdatedAt: noon}
			if c.ID == "idle" {
				m.Status = account.Deactivated
			}
			errs = append(errs, tx.InsertMember(w.context(), m, ""))
		}
		return errors.Join(errs...)
	}))
	w.exec(`INSERT INTO resources (id, workspace_id, type, name, created_at, updated_at) VALUES
		('s1', 'production', 'source', 'S1', 0, 0), ('s2', 'production', 'source', 'S2', 0, 0),
		('d1', 'production', 'destination', 'D1', 0, 0), ('s3', 'staging', 'source', 'S3', 0, 0), ('s4', 'foreign', 'source', 'S4', 0, 0)`)
}

// exec changes the database without the program, as no use case does.
func (w *world) exec(statement string) {
	w.t.Helper()
	db, err := sql.Open("sqlite", "file:"+w.path+"?_pragma=busy_timeout(5000)")
	must(w.t, err)
	defer db.Close()
	_, err = db.ExecContext(w.context(), statement)
	must(w.t, err)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// key returns a new idempotency key.
func (w *world) key() string { w.keys++; return fmt.Sprint("key-", w.keys) }

// in returns the time after d.
func (w *world) in(d time.Duration) time.Time { return w.clock().Add(d) }

// personal returns a valid command, after change.
func (w *world) personal(change func(*token.NewPersonal)) token.NewPersonal {
	in := token.NewPersonal{Workspace: "production", Scope: "read_write", IdempotencyKey: w.key()}
	in.Name = "probe " + in.IdempotencyKey
	if change != nil {
		change(&in)
	}
	return in
}

func (w *world) workspace(change func(*token.NewWorkspace)) token.NewWorkspace {
	in := token.NewWorkspace{Workspace: "production", IdempotencyKey: w.key()}
	in.Name = "service " + in.IdempotencyKey
	if change != nil {
		change(&in)
	}
	return in
}

// made returns the token of a command that must be accepted.
func (w *world) made(by actor.Standing, in any) token.Generated {
	w.t.Helper()
	g, err := w.generate(by, in)
	must(w.t, err)
	return g
}

func (w *world) generate(by actor.Standing, in any) (token.Generated, error) {
	switch in := in.(type) {
	case token.NewPersonal:
		return w.GeneratePersonal(w.context(), by.Caller(), in)
	case token.NewWorkspace:
		return w.GenerateWorkspace(w.context(), by.Caller(), in)
	default:
		return w.GenerateOrganization(w.context(), by.Caller(), in.(token.NewOrganization))
	}
}

// refused checks that the command is refused as kind, that no secret is returned, and that
// nothing is stored or recorded. It returns the fields of the problems, sorted, and the fault.
func (w *world) refused(by actor.Standing, in any, kind fault.Kind) (string, *fault.Error) {
	w.t.Helper()
	before := w.rows()
	g, err := w.generate(by, in)
	if err == nil || !fault.Is(err, kind) || g.Secret.Reveal() != "" || g.ID != "" {
		w.t.Errorf("%+v: %+v, %v, want %v", in, g, err, kind)
		return "", &fault.Error{}
	}
	if after := w.rows(); after != before {
		w.t.Errorf("%+v: something was stored: %s, then %s", in, before, after)
	}
	return paths(err), fault.Of(err)
}

func paths(err error) string {
	var list []string
	if err == nil {
		return ""
	}
	for _, f := range fault.Of(err).Fields {
		list = append(list, f.Path)
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

// rows sums up what is stored of tokens and events.
func (w *world) rows() string {
	w.t.Helper()
	db, err := sql.Open("sqlite", "file:"+w.path+"?_pragma=busy_timeout(5000)")
	must(w.t, err)
	defer db.Close()
	var text string
	must(w.t, db.QueryRowContext(w.context(), `SELECT (SELECT count(*) FROM tokens) || ' tokens, ' ||
		(SELECT count(*) FROM tokens WHERE deleted_at IS NOT NULL)
		|| ' deleted, ' || (SELECT count(*) FROM audit_events) || ' events'`).Scan(&text))
	return text
}

// events lists Acme's audit events, newest first.
func (w *world) events() []audit.Event {
	w.t.Helper()
	list, err := w.store.RecentEvents(w.context(), "acme", "", 100)
	must(w.t, err)
	return list
}

// files is every byte that the database keeps.
func (w *world) files() string {
	w.t.Helper()
	names, err := filepath.Glob(w.path + "*")
	must(w.t, err)
	var all strings.Builder
	for _, name := range names {
		data, err := os.ReadFile(name)
		must(w.t, err)
		all.Write(data)
	}
	return all.String()
}

// every returns the tokens of a list.
func every(l token.Listed, err error) ([]token.Token, error) { return l.Tokens, err }
