package api_test

import (
	"bytes"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"latchkey/internal/access"
	"latchkey/internal/token"
	"latchkey/web/api"
	"latchkey/web/openapi"
)

const documentURL = "https://latchkey.example.com/v2/openapi.json"

// schemas compiles the document that the server serves.
func (o *office) schemas() (*jsonschema.Compiler, map[string]any) {
	o.Helper()
	a := o.call("", http.MethodGet, "/v2/openapi.json", "")
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(a.body))
	if err != nil || a.status != http.StatusOK || a.header.Get("Content-Type") != "application/json" {
		o.Fatalf("the document: %d %v %v", a.status, a.header, err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	o.must(c.AddResource(documentURL, document))
	return c, document.(map[string]any)
}

func pointer(keys ...string) string {
	escape := strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D")
	for i, k := range keys {
		keys[i] = escape.Replace(k)
	}
	return documentURL + "#/" + strings.Join(keys, "/")
}

// directRoutes are served before the router.
func directRoutes() []string { return []string{"GET /auth/verify", "POST /oauth2/introspect"} }

func TestOpenAPI_HasExactlyTheRoutesThatAreServed(t *testing.T) {
	o := newOffice(t)
	served := directRoutes()
	for _, r := range append(api.Routes(o.handlers), api.WorkspaceRoutes(api.NewWorkspace(o.handlers, o.registry, openapi.New()))...) {
		served = append(served, r.Method+" "+template(r.Path))
	}
	groups, err := openapi.New().Groups()
	o.must(err)
	var documented []string
	ids := map[string]bool{}
	for _, g := range groups {
		for _, op := range g.Operations {
			documented = append(documented, op.Method+" "+op.Path)
			if ids[op.ID] || op.ID == "" || op.Summary == "" {
				t.Errorf("%s %s: operationId %q is missing or there twice, or the summary %q is missing", op.Method, op.Path, op.ID, op.Summary)
			}
			ids[op.ID] = true
		}
	}
	for _, route := range served {
		if !slices.Contains(documented, route) {
			t.Errorf("%s is served but not in the document", route)
		}
	}
	for _, route := range documented {
		if !slices.Contains(served, route) {
			t.Errorf("%s is in the document but not served", route)
		}
	}
}

func TestOpenAPI_EveryReferenceLeadsSomewhereAndEverySchemaCompiles(t *testing.T) {
	o := newOffice(t)
	c, document := o.schemas()
	if document["openapi"] != "3.1.0" {
		t.Errorf("openapi is %v", document["openapi"])
	}
	for name := range document["components"].(map[string]any)["schemas"].(map[string]any) {
		if _, err := c.Compile(pointer("components", "schemas", name)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, item := range v {
				walk(item)
			}
		case map[string]any:
			for key, value := range v {
				if value == nil {
					t.Errorf("%q has no value: is there a comma in a text that is not quoted?", key)
				}
			}
			if ref, ok := v["$ref"].(string); ok {
				at := any(document)
				for _, key := range strings.Split(strings.TrimPrefix(ref, "#/"), "/") {
					members, _ := at.(map[string]any)
					at = members[key]
				}
				if at == nil {
					t.Errorf("%s leads nowhere", ref)
				}
			}
			for _, item := range v {
				walk(item)
			}
		}
	}
	walk(document)
	groups, err := openapi.New().Groups()
	o.must(err)
	for _, g := range groups {
		for _, op := range g.Operations {
			for _, p := range op.Permissions {
				if _, known := access.BuiltIn().Lookup(access.Permission(p)); !known {
					t.Errorf("%s %s needs %s, which there is not", op.Method, op.Path, p)
				}
			}
		}
	}
}

// validate checks an answer against the document: its status must be described, and its
// body must fit the schema.
func (o *office) validate(c *jsonschema.Compiler, document map[string]any, method, route string, a answer) {
	o.Helper()
	item, ok := document["paths"].(map[string]any)[template(route)].(map[string]any)
	if !ok {
		o.Errorf("%s is not in the document", route)
		return
	}
	op, _ := item[strings.ToLower(method)].(map[string]any)
	responses, _ := op["responses"].(map[string]any)
	status := http.StatusText(a.status)
	described, ok := responses[strconv.Itoa(a.status)].(map[string]any)
	if !ok {
		o.Errorf("%s %s answers %d %s, which the document does not describe: %s", method, route, a.status, status, a.body)
		return
	}
	at := []string{"paths", template(route), strings.ToLower(method), "responses", strconv.Itoa(a.status)}
	if ref, ok := described["$ref"].(string); ok {
		at = strings.Split(strings.TrimPrefix(ref, "#/"), "/")
		described = document["components"].(map[string]any)["responses"].(map[string]any)[at[2]].(map[string]any)
	}
	headers, _ := described["headers"].(map[string]any)
	for name := range headers {
		if len(a.header.Values(name)) == 0 {
			o.Errorf("%s %s: %d without %s", method, route, a.status, name)
		}
	}
	if described["content"] == nil {
		if a.body != "" && route != "/v2/openapi.json" {
			o.Errorf("%s %s: %d with a body that the document does not describe: %s", method, route, a.status, a.body)
		}
		return
	}
	schema, err := c.Compile(pointer(append(at, "content", "application/json", "schema")...))
	o.must(err)
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader([]byte(a.body)))
	o.must(err)
	if err := schema.Validate(value); err != nil {
		o.Errorf("%s %s: %d %s\n%v", method, route, a.status, a.body, err)
	}
}

func TestOpenAPI_RealAnswersFitTheDocument(t *testing.T) {
	o := newOffice(t)
	c, document := o.schemas()
	all, elsewhere := o.everything(), o.elsewhere()
	_, viewing := o.personal(o.member("viewer", access.Policy{}), access.ScopeReadOnly)
	_, organization := o.insert(token.Token{Kind: token.Organization})
	for _, trial := range trials() {
		path, body := trial.make(o, all)
		if trial.method == http.MethodPost || trial.method == http.MethodPut {
			o.validate(c, document, trial.method, trial.route, o.call(all, trial.method, path, `{"nothing":1}`))
			o.validate(c, document, trial.method, trial.route, o.call(all, trial.method, path, `{"name":"`+strings.Repeat("x", 1<<20)+`"}`))
		}
		for _, secret := range []string{viewing, organization, elsewhere, "", all} {
			o.validate(c, document, trial.method, trial.route, o.call(secret, trial.method, path, body))
		}
	}
	for _, path := range []string{"/v2/sources", "/v2/destinations", "/v2/connections", "/transformations", "/libraries",
		"/v2/catalog/tracking-plans"} {
		o.validate(c, document, http.MethodGet, path, o.call(all, http.MethodGet, path+"?per_page=1", ""))
		o.validate(c, document, http.MethodGet, path, o.call(all, http.MethodGet, path+"?per_page=x", ""))
	}
	client := o.client()
	basic := basicAuth(client.ID, client.Secret.Reveal())
	_, few := o.personal(o.member("few", access.Policy{"source:edit": access.Only("s1")}), access.ScopeReadWrite)
	for _, form := range []string{"token=" + all, "token=" + few, "token=" + organization, "token=nonsense", "x=y"} {
		for _, headers := range [][]string{basic, bearer(all), nil} {
			o.validate(c, document, http.MethodPost, "/oauth2/introspect", o.ask(http.MethodPost, "/oauth2/introspect", form, headers...))
		}
	}
	for _, query := range []string{"", "?permission=source:edit", "?permission=source:edit&resource=s1"} {
		for _, headers := range [][]string{bearer(few), bearer(organization), bearer("nonsense"), nil} {
			o.validate(c, document, http.MethodGet, "/auth/verify", o.ask(http.MethodGet, "/auth/verify"+query, "", headers...))
		}
	}
	o.validate(c, document, http.MethodGet, "/v2/token", o.call(few, http.MethodGet, "/v2/token", ""))
	for _, headers := range [][]string{basic, bearer(viewing), bearer("nonsense"), nil} {
		o.validate(c, document, http.MethodPost, "/oauth2/revoke", o.ask(http.MethodPost, "/oauth2/revoke", "token="+few, headers...))
		o.validate(c, document, http.MethodPost, "/oauth2/revoke", o.ask(http.MethodPost, "/oauth2/revoke", "x=y", headers...))
	}
	o.validate(c, document, http.MethodGet, "/v2/openapi.json", o.call("", http.MethodGet, "/v2/openapi.json", ""))
	o.validate(c, document, http.MethodGet, "/.well-known/oauth-authorization-server",
		o.call("", http.MethodGet, "/.well-known/oauth-authorization-server", ""))
}
