package api_test

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/segmentio/ksuid"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/apiclient"
	"latchkey/internal/audit"
	"latchkey/internal/change"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
	"latchkey/internal/registry"
	"latchkey/internal/store"
	"latchkey/internal/store/storetest"
	"latchkey/internal/token"
	"latchkey/internal/verify"
	"latchkey/web/api"
	"latchkey/web/fast"
)

// world is the front door over a real database, in a server of its own.
type world struct {
	testing.TB
	ctx      context.Context
	clock    atomic.Int64 // milliseconds
	store    *store.Store
	secrets  registry.Secrets
	accounts account.Services
	policies *policy.Service
	tokens   *token.Service
	clients  *apiclient.Service
	verify   *verify.Authority
	handlers *api.Handlers
	handler  http.Handler
	url      string
	socket   string // where listenOnSocket serves

	shortcuts atomic.Int32 // requests that a fast server answered by the shortcut
	admin     actor.Standing
	org       string
	main      string
	refused   []verify.Refused
	refusing  sync.Mutex // held to add to refused: the race detector does not see what a fast server reads ahead
	// connections is how many the server has accepted.
	connections atomic.Int64
}

type option func(*api.Deps)

func newWorld(t testing.TB, options ...option) *world {
	t.Helper()
	w := &world{TB: t, ctx: context.Background()}
	w.clock.Store(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).UnixMilli())
	var err error
	w.store, err = store.Open(w.ctx, store.Options{Path: storetest.Empty(t), Now: w.now})
	w.must(err)
	w.secrets = sealing(t, w.store)
	t.Cleanup(func() { w.must(w.store.Close()) })
	catalogue, err := access.BuiltIn().Extend(access.ResourceType{Type: "invoice", Label: "Invoices", Singular: "Invoice",
		Entries: []access.Entry{{Permission: "invoice:refund", Label: "Refund", Limitable: true}}})
	w.must(err)
	w.accounts = account.New(store.Accounts(w.store), catalogue, w.now)
	w.policies = policy.New(store.Policies(w.store), catalogue, w.now)
	w.tokens = token.New(token.Deps{Store: store.Tokens(w.store), Catalogue: catalogue, Now: w.now})
	w.clients = apiclient.New(apiclient.Deps{Store: store.APIClients(w.store), Catalogue: catalogue})
	w.verify = verify.New(verify.Deps{Store: w.store, Catalogue: catalogue, Now: w.now})
	w.store.OnCommit(func(ctx context.Context, changes []change.Change) {
		w.verify.Apply(ctx, changes)
		w.clients.Apply(ctx, changes)
	})
	w.serve(catalogue, options)
	admin, err := w.accounts.Organizations.Install(w.ctx, account.NewInstallation{Organization: "Acme", Workspace: "Main",
		Name: "Ada", Email: "ada@example.com", Plan: access.PlanEnterprise})
	w.must(err)
	w.org, w.admin = admin.Organization, w.caller(admin)
	workspaces, err := w.store.Workspaces(w.ctx, w.org)
	w.must(err)
	w.main = workspaces[0].ID
	w.must(w.verify.Load(w.ctx))
	return w
}

// serve starts the server: the direct routes before a router with the others.
func (w *world) serve(catalogue *access.Catalogue, options []option) {
	d := api.Deps{Verify: w.verify, Clients: w.clients, Tokens: w.tokens, Audit: audit.New(audit.Deps{Store: store.AuditLog(w.store),
		Catalogue: catalogue, Now: w.now}), Catalogue: catalogue, Now: w.now,
		Log: slog.New(slog.DiscardHandler), Issuer: func() string { return "https://latchkey.example.com" },
		Refused: func(_ context.Context, r *verify.Refused, _ actor.Origin) {
			w.refusing.Lock()
			defer w.refusing.Unlock()
			w.refused = append(w.refused, *r)
		}}
	for _, o := range options {
		o(&d)
	}
	w.handlers = api.New(d)
	e := echo.New()
	e.HTTPErrorHandler = func(err error, c echo.Context) {
		if c.Response().Committed {
			return
		}
		if errors.Is(err, echo.ErrNotFound) {
			err = fault.NewNotFound("This page")
		}
		w.handlers.Problem(c, fault.Of(err))
	}
	for _, route := range api.Routes(w.handlers) {
		if route.Open {
			e.Add(route.Method, route.Path, route.Handle)
		} else {
			e.Add(route.Method, route.Path, route.Handle, w.handlers.Bearer)
		}
	}
	w.handler = w.handlers.Direct(e)
	server := httptest.NewUnstartedServer(w.handler)
	server.Config.MaxHeaderBytes = 64 << 10
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			w.connections.Add(1)
		}
	}
	server.Start()
	w.Cleanup(server.Close)
	w.url = server.URL
}

// listenOnSocket serves the same by a fast server on a socket.
func (w *world) listenOnSocket() {
	w.socket = filepath.Join(w.TempDir(), "verify")
	l, err := net.Listen("unix", w.socket)
	w.must(err)
	s := w.fast()
	go func() { _ = s.Serve(counting{l, &w.connections}) }()
	w.Cleanup(func() { w.must(s.Shutdown(context.Background())) })
}

// fast returns a fast server of the same handler. It counts what the shortcut answers.
func (w *world) fast() *fast.Server {
	const long = 30 * time.Second
	shortcut := func(r *fast.Request, answer []byte) ([]byte, bool) {
		answer, ok := w.handlers.Shortcut(r, answer)
		if ok {
			w.shortcuts.Add(1)
		}
		return answer, ok
	}
	return fast.New(fast.Options{Handler: w.handler, Shortcut: shortcut, Base: context.Background(), Log: slog.New(slog.DiscardHandler),
		ReadHeader: long, Read: long, Write: long, Idle: long, MaxHeader: 68 << 10})
}

// counting counts the connections that a listener accepts.
type counting struct {
	net.Listener
	n *atomic.Int64
}

func (c counting) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	if err == nil {
		c.n.Add(1)
	}
	return conn, err
}

func (w *world) now() time.Time { return time.UnixMilli(w.clock.Load()).UTC() }

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) caller(m account.Member) actor.Standing {
	return storetest.SignIn(w, w.store, m.ID)
}

func (w *world) member(name string, body access.Policy) account.Member {
	w.Helper()
	m := account.Member{ID: ksuid.New().String(), Organization: w.org, Name: name, Email: name + "@example.com",
		Role: access.RoleMember, Status: account.Active, CreatedAt: w.now(), UpdatedAt: w.now()}
	w.must(w.store.InTx(w.ctx, actor.System(""), func(tx *store.Tx) error {
		if err := tx.InsertMember(w.ctx, m, ""); err != nil {
			return err
		}
		return tx.InsertPolicy(w.ctx, policy.Policy{ID: ksuid.New().String(), Organization: w.org, Workspace: w.main,
			Kind: policy.OfMember, Subject: m.ID, Body: body, Version: 1, UpdatedAt: w.now()})
	}))
	return m
}

// insert stores a token and returns it with its secret.
func (w *world) insert(t token.Token) (token.Token, string) {
	w.Helper()
	s, err := token.Generate(t.Kind, rand.Reader)
	w.must(err)
	secret := s.Reveal()
	t.ID, t.Organization, t.Hint, t.CreatedAt = ksuid.New().String(), cmp.Or(t.Organization, w.org), token.Hint(secret), w.now()
	if t.Name == "" {
		t.Name = rand.Text()
	}
	w.must(w.store.InTx(w.ctx, actor.System(""), func(tx *store.Tx) error { return tx.InsertToken(w.ctx, t, token.Digest(secret), "") }))
	return t, secret
}

func (w *world) personal(owner account.Member, scope access.Scope) (token.Token, string) {
	w.Helper()
	return w.insert(token.Token{Kind: token.Personal, Owner: owner.ID, Workspace: w.main, Scope: scope})
}

func (w *world) service(policy access.Policy) (token.Token, string) {
	w.Helper()
	return w.insert(token.Token{Kind: token.Workspace, Workspace: w.main, Policy: policy})
}

func (w *world) client() apiclient.Registered {
	w.Helper()
	c, err := w.clients.Register(w.ctx, w.admin.Caller(), apiclient.NewClient{Name: rand.Text()})
	w.must(err)
	return c
}

// badSecrets are refused, each for another reason.
func (w *world) badSecrets() map[string]string {
	w.Helper()
	bad := map[string]string{"malformed": "lkpat_nonsense"}
	unknown, err := token.Generate(token.Personal, rand.Reader)
	w.must(err)
	bad["unknown"] = unknown.Reveal()
	gone := w.member("gone", nil)
	_, bad["suspended"] = w.personal(gone, access.ScopeReadOnly)
	gone.Status = account.Deactivated
	lost := w.member("lost", nil)
	_, bad["displaced"] = w.personal(lost, access.ScopeReadOnly)
	revoked, secret := w.insert(token.Token{Kind: token.Organization})
	bad["revoked"] = secret
	_, bad["expired"] = w.insert(token.Token{Kind: token.Organization, ExpiresAt: w.now()})
	w.must(w.store.InTx(w.ctx, actor.System(""), func(tx *store.Tx) error {
		if err := tx.UpdateMember(w.ctx, gone); err != nil {
			return err
		}
		if err := tx.DeleteToken(w.ctx, w.org, revoked.ID); err != nil {
			return err
		}
		return tx.ResetMember(w.ctx, w.org, lost.ID, false)
	}))
	return bad
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

// ask sends a request. Headers are name, value, …; a body makes it a form.
func (w *world) ask(method, path, body string, headers ...string) answer {
	w.Helper()
	r, err := http.NewRequestWithContext(w.ctx, method, w.url+path, strings.NewReader(body))
	w.must(err)
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	w.must(err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	w.must(err)
	return answer{resp.StatusCode, resp.Header, string(text)}
}

func bearer(secret string) []string { return []string{"Authorization", "Bearer " + secret} }

func (w *world) object(a answer) map[string]any {
	w.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(a.body), &m); err != nil || a.header.Get("Content-Type") != "application/json" {
		w.Fatalf("answer %d %v: %q is no JSON object: %v", a.status, a.header, a.body, err)
	}
	return m
}

func (w *world) expire(d time.Duration) { w.clock.Add(d.Milliseconds()) }

func trust(cidr string) option {
	return func(d *api.Deps) {
		d.Proxies = append(d.Proxies, netip.MustParsePrefix(cidr))
	}
}

func few(d *api.Deps) { d.Failures = verify.NewLimiter(3, time.Minute, d.Now) }

func workspaceForm(name string) account.WorkspaceSettings {
	return account.WorkspaceSettings{Name: name, Environment: account.Production, Region: "US"}
}

func organizationToken() token.Token { return token.Token{Kind: token.Organization} }
