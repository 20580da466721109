package api_test

import (
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
	"github.com/segmentio/ksuid"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/fault"
	"latchkey/internal/registry"
	"latchkey/internal/seal"
	"latchkey/internal/store"
	"latchkey/internal/token"
	"latchkey/web/api"
	"latchkey/web/openapi"
)

// office is a world whose server has the workspace API, with one more workspace.
type office struct {
	*world
	registry *registry.Service
	other    string // id of the second workspace
}

// sealing gives the store a key and returns what seals with it.
func sealing(t testing.TB, st *store.Store) registry.Secrets {
	t.Helper()
	key, err := seal.NewKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s := registry.Secrets{Names: registry.NewSecretNames(), Keys: seal.NewRing(key)}
	if _, err := s.Start(t.Context(), store.Keys(st)); err != nil {
		t.Fatal(err)
	}
	return s
}

func newOffice(t testing.TB, options ...option) *office {
	t.Helper()
	w := newWorld(t, options...)
	o := &office{world: w, registry: registry.New(store.Registry(w.store), access.BuiltIn(), w.secrets)}
	other, err := w.accounts.Workspaces.Create(w.ctx, w.admin.Caller(),
		account.WorkspaceSettings{Name: "Other", Environment: account.Development, Region: "EU"})
	w.must(err)
	o.other = other.ID
	e := echo.New()
	e.Use(func(next echo.HandlerFunc) echo.HandlerFunc { // as the server's chain does
		return func(c echo.Context) error {
			c.Response().Header().Set(echo.HeaderXRequestID, ksuid.New().String())
			return next(c)
		}
	})
	e.HTTPErrorHandler = func(err error, c echo.Context) {
		if c.Response().Committed {
			return
		}
		if errors.Is(err, echo.ErrNotFound) || errors.Is(err, echo.ErrMethodNotAllowed) {
			err = fault.NewNotFound("This page")
		}
		w.handlers.Problem(c, fault.Of(err))
	}
	routes := append(api.Routes(w.handlers), api.WorkspaceRoutes(api.NewWorkspace(w.handlers, o.registry, openapi.New()))...)
	for _, route := range append(routes, api.Others(routes)...) {
		if route.Open {
			e.Add(route.Method, route.Path, route.Handle)
		} else {
			e.Add(route.Method, route.Path, route.Handle, w.handlers.Bearer)
		}
	}
	w.handler = w.handlers.Direct(e)
	server := httptest.NewServer(w.handler)
	t.Cleanup(server.Close)
	w.url = server.URL
	return o
}

// call sends a request of the workspace API.
func (o *office) call(secret, method, path, body string) answer {
	o.Helper()
	r, err := http.NewRequestWithContext(o.ctx, method, o.url+path, strings.NewReader(body))
	o.must(err)
	r.Header.Set("Content-Type", "application/json")
	if secret != "" {
		r.Header.Set("Authorization", "Bearer "+secret)
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	o.must(err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	o.must(err)
	return answer{resp.StatusCode, resp.Header, string(text)}
}

// good is call with an answer that must be 200, as an object.
func (o *office) good(secret, method, path, body string) map[string]any {
	o.Helper()
	a := o.call(secret, method, path, body)
	if a.status != http.StatusOK {
		o.Fatalf("%s %s %s: %d %s", method, path, body, a.status, a.body)
	}
	return o.object(a)
}

// everything is a workspace service token that may do all in the main workspace.
func (o *office) everything() string {
	o.Helper()
	_, secret := o.service(access.BuiltIn().Everything())
	return secret
}

// elsewhere is a workspace service token that may do all in the other workspace.
func (o *office) elsewhere() string {
	o.Helper()
	_, secret := o.insert(token.Token{Kind: token.Workspace, Workspace: o.other, Policy: access.BuiltIn().Everything()})
	return secret
}

// make creates something and returns its id.
func (o *office) make(secret, path, body string) string {
	o.Helper()
	m := o.good(secret, http.MethodPost, path, body)
	for _, v := range m {
		if inner, ok := v.(map[string]any); ok {
			m = inner
		}
	}
	id, _ := m["id"].(string)
	if id == "" {
		o.Fatalf("POST %s gave no id: %v", path, m)
	}
	return id
}

const (
	sourceBody      = `{"name":"Web shop","type":"Javascript","enabled":true,"config":{"a":1}}`
	destinationBody = `{"name":"Warehouse","type":"POSTGRES","version":2,"enabled":true,"config":{"host":"db"}}`
	scriptBody      = `{"name":"Mask email","description":"d","code":"import { x } from 'geoLookup'\nexport function transformEvent(e) { return e }","language":"javascript"}`
	libraryBody     = `{"name":"geo-lookup","code":"export const x = 1","language":"javascript"}`
	planBody        = `{"name":"Checkout","description":"What a checkout sends"}`
)

func (o *office) source(secret string) string { return o.make(secret, "/v2/sources", sourceBody) }
func (o *office) destination(secret string) string {
	return o.make(secret, "/v2/destinations", destinationBody)
}
func (o *office) transformation(secret string) string {
	return o.make(secret, "/transformations?publish=true", scriptBody)
}
func (o *office) library(secret string) string { return o.make(secret, "/libraries", libraryBody) }
func (o *office) plan(secret string) string {
	return o.make(secret, "/v2/catalog/tracking-plans", planBody)
}

func (o *office) connection(secret, source, destination string) string {
	return o.make(secret, "/v2/connections", `{"sourceId":"`+source+`","destinationId":"`+destination+`","enabled":true}`)
}
