package scim_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/segmentio/ksuid"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/policy"
	"latchkey/internal/provision"
	"latchkey/internal/signin"
	"latchkey/internal/store"
	"latchkey/internal/store/storetest"
	"latchkey/internal/token"
	"latchkey/internal/verify"
	"latchkey/web/api"
	"latchkey/web/scim"
)

// world is the front door over a real database, with the real bearer check before it: the
// organization "Acme" with its Admin Ada and two workspaces, provisioning switched on.
type world struct {
	testing.TB
	ctx       context.Context
	store     *store.Store
	accounts  account.Services
	policies  *policy.Service
	provision *provision.Service
	verify    *verify.Authority
	audit     *audit.Service
	handler   http.Handler
	admin     actor.Standing
	org, main string
	sat       string // secret of the organization token that the provider has
	satID     string
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{TB: t, ctx: context.Background()}
	var err error
	w.store, err = store.Open(w.ctx, store.Options{Path: storetest.Empty(t)})
	w.must(err)
	t.Cleanup(func() { w.must(w.store.Close()) })
	catalogue := access.BuiltIn()
	w.accounts = account.New(store.Accounts(w.store), catalogue, w.store.Now)
	w.policies = policy.New(store.Policies(w.store), catalogue, w.store.Now)
	w.provision = provision.New(store.Provisions(w.store), catalogue, w.store.Now)
	w.verify = verify.New(verify.Deps{Store: w.store, Catalogue: catalogue, Now: w.store.Now})
	w.store.OnCommit(w.verify.Apply)
	w.serve(catalogue)
	ada, err := w.accounts.Organizations.Install(w.ctx, account.NewInstallation{Organization: "Acme", Workspace: "Main",
		Name: "Ada", Email: "ada@acme.example",
		Plan: access.PlanEnterprise})
	w.must(err)
	w.org = ada.Organization
	w.admin = storetest.SignIn(t, w.store, ada.ID)
	second, err := w.accounts.Workspaces.Create(w.ctx, w.admin.Caller(),
		account.WorkspaceSettings{Name: "Staging", Environment: account.Development, Region: "US"})
	w.must(err)
	workspaces, err := w.store.Workspaces(w.ctx, w.org)
	w.must(err)
	for _, ws := range workspaces {
		if ws.ID != second.ID {
			w.main = ws.ID
		}
	}
	w.satID, w.sat = w.token(token.Token{Kind: token.Organization, Name: "identity provider"})
	w.must(w.provision.Enable(w.ctx, w.admin.Caller(), true))
	return w
}

func (w *world) serve(catalogue *access.Catalogue) {
	log := slog.New(slog.DiscardHandler)
	w.audit = audit.New(audit.Deps{Store: store.AuditLog(w.store), Catalogue: catalogue, Now: w.store.Now, Log: log})
	tokens := api.New(api.Deps{Verify: w.verify, Audit: w.audit, Denied: w.audit.Refused, Catalogue: catalogue, Now: time.Now, Log: log})
	h := scim.New(scim.Deps{Provision: w.provision, Log: log, BaseURL: func() string { return "https://keys.example" }, Bearer: tokens.Bearer,
		Standing: tokens.Standing})
	e := echo.New()
	for _, r := range scim.Routes(h) {
		e.Add(r.Method, r.Path, r.Handle, h.Chain)
	}
	w.handler = e
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// token stores a token and returns its id and secret.
func (w *world) token(t token.Token) (id, secret string) {
	w.Helper()
	s, err := token.Generate(t.Kind, rand.Reader)
	w.must(err)
	t.ID, t.Organization, t.Hint, t.CreatedAt = ksuid.New().String(), w.org, token.Hint(s.Reveal()), w.store.Now()
	w.must(w.store.InTx(w.ctx, actor.System(""), func(tx *store.Tx) error { return tx.InsertToken(w.ctx, t, token.Digest(s.Reveal()), "") }))
	return t.ID, s.Reveal()
}

// answer is a response whose body has been read.
type answer struct {
	status int
	header http.Header
	raw    string
	body   map[string]any
}

// ask sends a request as the provider. path is behind the base; spaces in it are encoded.
func (w *world) ask(method, path, body string, header ...string) answer {
	w.Helper()
	return w.askAs(w.sat, method, path, body, header...)
}

func (w *world) askAs(secret, method, path, body string, header ...string) answer {
	w.Helper()
	r := httptest.NewRequest(method, "https://keys.example"+scim.Base+strings.ReplaceAll(path, " ", "%20"), strings.NewReader(body))
	r.Header.Set("Content-Type", "application/scim+json")
	r.Header.Set("User-Agent", "Okta SCIM Client 1.0.0")
	if secret != "" {
		r.Header.Set("Authorization", "Bearer "+secret)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	raw, err := io.ReadAll(rec.Result().Body)
	w.must(err)
	a := answer{status: rec.Code, header: rec.Result().Header, raw: string(raw)}
	if len(raw) > 0 {
		if got := a.header.Get("Content-Type"); got != "application/scim+json" {
			w.Errorf("%s %s: content type %q", method, path, got)
		}
		w.must(json.Unmarshal(raw, &a.body))
	}
	return a
}

// want sends a request and insists on the status.
func (w *world) want(status int, method, path, body string, header ...string) answer {
	w.Helper()
	a := w.ask(method, path, body, header...)
	if a.status != status {
		w.Fatalf("%s %s: %d, want %d: %s", method, path, a.status, status, a.raw)
	}
	return a
}

// problem sends a request and insists on a SCIM error of that status and keyword.
func (w *world) problem(status int, scimType, method, path, body string, header ...string) answer {
	w.Helper()
	a := w.want(status, method, path, body, header...)
	got, _ := a.body["scimType"].(string)
	if got != scimType || a.body["detail"] == "" || a.get("schemas.0") != "urn:ietf:params:scim:api:messages:2.0:Error" {
		w.Errorf("%s %s %s: not a SCIM error of type %q: %s", method, path, body, scimType, a.raw)
	}
	return a
}

// get walks into the body: "emails.0.value", keys of extensions by their last part.
func (a answer) get(path string) any {
	var v any = a.body
	for key := range strings.SplitSeq(path, ".") {
		switch at := v.(type) {
		case map[string]any:
			v = at[key]
		case []any:
			if i := int(key[0] - '0'); i < len(at) {
				v = at[i]
			} else {
				return nil
			}
		default:
			return nil
		}
	}
	return v
}

func (a answer) text(path string) string {
	s, _ := a.get(path).(string)
	return s
}

// find is what both providers ask first.
func (w *world) find(path, filter string) answer {
	w.Helper()
	return w.want(200, "GET", path+"?filter="+url.QueryEscape(filter)+"&startIndex=1&count=100", "")
}

// member is the member behind a user.
func (w *world) member(id string) account.Member {
	w.Helper()
	m, err := w.store.Member(w.ctx, w.org, id)
	w.must(err)
	return m
}

// events lists what the token did, oldest first, as "target action", without the events of
// requests that changed nothing.
func (w *world) events(actor string) []string {
	w.Helper()
	var list []string
	for _, e := range w.log(actor) {
		if e.Target.Type != audit.TargetSCIMRequest {
			list = append(list, string(e.Target.Type)+" "+string(e.Action))
		}
	}
	return list
}

// log is all that the token left in the audit log, oldest first.
func (w *world) log(actor string) []audit.Event {
	w.Helper()
	events, err := w.store.RecentEvents(w.ctx, w.org, actor, 10_000)
	w.must(err)
	slices.Reverse(events)
	return events
}

// session signs a member in, without a password.
func (w *world) session(member string) {
	w.Helper()
	w.must(w.store.InTx(w.ctx, actor.System(""), func(tx *store.Tx) error {
		return tx.InsertSession(w.ctx, signin.Session{ID: ksuid.New().String(), Member: member, CreatedAt: tx.Now(),
			LastSeenAt: tx.Now()}, []byte(rand.Text()))
	}))
}

func (w *world) sessions(member string) int {
	w.Helper()
	list, err := w.store.SessionsOf(w.ctx, member, signin.Limits{Idle: time.UnixMilli(1), Absolute: time.UnixMilli(1)})
	w.must(err)
	return len(list)
}

func oktaUser(email, given, family, external string) string {
	return `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"` + email + `","name":{"givenName":"` + given +
		`","familyName":"` + family + `"},"emails":[{"primary":true,"value":"` + email + `","type":"work"}],"displayName":"` +
		given + ` ` + family +
		`","locale":"en-US","externalId":"` + external + `","groups":[],"password":"1mz050nq","active":true}`
}

const patchStart = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[`

func patch(operations ...string) string { return patchStart + strings.Join(operations, ",") + `]}` }
