package api_test

import (
	"crypto/rand"
	"net/http"
	"slices"
	"strings"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/token"
	"latchkey/web/api"
	"latchkey/web/openapi"
)

// trial is one route with a request that succeeds for whoever has the permissions. make
// prepares what the request needs anew, so that it can be repeated.
type trial struct {
	method, route string
	make          func(o *office, all string) (path, body string)
	elsewhere     int // what a token of another workspace gets
}

func fixed(path, body string) func(*office, string) (string, string) {
	return func(*office, string) (string, string) { return path, body }
}

func trials() []trial {
	const (
		get, post, put, del = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete
		found, hidden       = http.StatusOK, http.StatusNotFound
		plans               = "/v2/catalog/tracking-plans"
	)
	at := func(prefix string, id func(*office, string) string, suffix, body string) func(*office, string) (string, string) {
		return func(o *office, all string) (string, string) { return prefix + id(o, all) + suffix, body }
	}
	source, destination := (*office).source, (*office).destination
	script, library, plan := (*office).transformation, (*office).library, (*office).plan
	connection := func(o *office, all string) string { return o.connection(all, o.source(all), o.destination(all)) }
	attached := func(o *office, all string) string {
		id := o.destination(all)
		o.good(all, put, "/v2/destinations/"+id+"/transformation", `{"transformationId":"`+o.transformation(all)+`"}`)
		return id
	}
	link := func(linked bool) func(*office, string) string {
		return func(o *office, all string) string {
			path := o.plan(all) + "/sources/" + o.source(all)
			if linked {
				o.good(all, post, plans+"/"+path, `{"config":{}}`)
			}
			return path
		}
	}
	list := []trial{
		{get, "/v2/workspace", fixed("/v2/workspace", ""), found},
		{get, "/v2/token", fixed("/v2/token", ""), found},

		{put, "/v2/destinations/:id/transformation", func(o *office, all string) (string, string) {
			return "/v2/destinations/" + o.destination(all) + "/transformation", `{"transformationId":"` + o.transformation(all) + `"}`
		}, hidden},
		{get, "/v2/destinations/:id/transformation", at("/v2/destinations/", attached, "/transformation", ""), hidden},
		{del, "/v2/destinations/:id/transformation", at("/v2/destinations/", attached, "/transformation", ""), hidden},

		{post, "/v2/connections", func(o *office, all string) (string, string) {
			return "/v2/connections", `{"sourceId":"` + o.source(all) + `","destinationId":"` + o.destination(all) + `"}`
		}, http.StatusBadRequest},

		{get, plans + "/:id/events", at(plans+"/", plan, "/events", ""), hidden},
		{post, plans + "/:id/sources/:source", at(plans+"/", link(false), "", `{"config":{}}`), hidden},
		{put, plans + "/:id/sources/:source", at(plans+"/", link(true), "", `{"config":{"a":1}}`), hidden},
		{del, plans + "/:id/sources/:source", at(plans+"/", link(true), "", ""), hidden},
	}
	for _, r := range []struct {
		path, body, change, changes string
		id                          func(*office, string) string
	}{
		{"/v2/sources", sourceBody, put, `{"name":"new"}`, source},
		{"/v2/destinations", destinationBody, put, `{"name":"new"}`, destination},
		{plans, planBody, put, `{"name":"new"}`, plan},
		{"/transformations", scriptBody, post, `{"code":"new"}`, script},
		{"/libraries", libraryBody, post, `{"code":"new"}`, library},
		{"/v2/connections", "", put, `{"enabled":false}`, connection},
	} {
		list = append(list,
			trial{get, r.path, fixed(r.path, ""), found},
			trial{get, r.path + "/:id", at(r.path+"/", r.id, "", ""), hidden},
			trial{r.change, r.path + "/:id", at(r.path+"/", r.id, "", r.changes), hidden},
			trial{del, r.path + "/:id", at(r.path+"/", r.id, "", ""), hidden},
			trial{put, r.path + "/:id/external-id", func(o *office, all string) (string, string) {
				id := r.id(o, all)
				return r.path + "/" + id + "/external-id", `{"externalId":"ext-` + id + `"}`
			}, hidden})
		if r.body != "" {
			list = append(list, trial{post, r.path, fixed(r.path, r.body), found})
		}
	}
	version := func(o *office, all, path string) string {
		id, _ := o.good(all, get, path, "")["versionId"].(string)
		return id
	}
	for path, id := range map[string]func(*office, string) string{"/transformations": script, "/libraries": library} {
		list = append(list, trial{get, path + "/:id/versions/:version", func(o *office, all string) (string, string) {
			at := path + "/" + id(o, all)
			return at + "/versions/" + version(o, all, at), ""
		}, hidden})
	}
	for _, path := range []string{"/transformations/publish", "/transformations/libraries/publish"} {
		list = append(list, trial{post, path, func(o *office, all string) (string, string) {
			script := o.make(all, "/transformations", scriptBody)
			return path, `{"transformations":[{"versionId":"` + version(o, all, "/transformations/"+script) + `"}],"libraries":[{"versionId":"` +
				version(o, all, "/libraries/"+o.library(all)) + `"}]}`
		}, http.StatusBadRequest})
	}
	return list
}

// needs are the permissions of a route as the OpenAPI document says.
func needs(t *testing.T, method, route string) []access.Permission {
	t.Helper()
	groups, err := openapi.New().Groups()
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range groups {
		for _, op := range g.Operations {
			if op.Method == method && op.Path == template(route) {
				var perms []access.Permission
				for _, p := range op.Permissions {
					perms = append(perms, access.Permission(p))
				}
				return perms
			}
		}
	}
	t.Fatalf("%s %s is not in the document", method, route)
	return nil
}

// template writes a route of the router as OpenAPI does.
func template(route string) string {
	parts := strings.Split(route, "/")
	for i, p := range parts {
		if strings.HasPrefix(p, ":") {
			parts[i] = "{" + p[1:] + "}"
		}
	}
	return strings.Join(parts, "/")
}

func only(perms []access.Permission, but access.Permission) access.Policy {
	policy := access.Policy{}
	for _, p := range perms {
		if p != but {
			policy[p] = access.Everywhere()
		}
	}
	return policy
}

func TestWorkspaceRoutes_EveryOneIsTried(t *testing.T) {
	o := newOffice(t)
	tried := map[string]bool{}
	for _, trial := range trials() {
		tried[trial.method+" "+trial.route] = true
	}
	for _, r := range append(api.WorkspaceRoutes(api.NewWorkspace(o.handlers, o.registry, openapi.New())), api.Routes(o.handlers)...) {
		if key := r.Method + " " + r.Path; !r.Open && !tried[key] && r.Path != "/v2/audit-logs" && r.Path != "/v2/token/rotate" {
			t.Errorf("%s is tried with no kind of token", key)
		}
	}
}

func TestWorkspaceRoutes_AnswerEveryKindOfTokenAsItsPermissionsSay(t *testing.T) {
	o := newOffice(t)
	all := o.everything()
	for _, trial := range trials() {
		t.Run(trial.method+strings.ReplaceAll(trial.route, "/", "_"), func(t *testing.T) {
			perms := needs(t, trial.method, trial.route)
			write := trial.method != http.MethodGet
			if write != (len(perms) > 0) {
				t.Fatalf("a %s needs %v", trial.method, perms)
			}
			try := trial.with(o, all)
			viewer, editor := o.member("viewer"+rand.Text(), access.Policy{}), o.member("editor"+rand.Text(), only(perms, ""))
			_, viewing := o.personal(viewer, access.ScopeReadWrite)
			_, reading := o.personal(editor, access.ScopeReadOnly)
			_, writing := o.personal(editor, access.ScopeReadWrite)
			_, exact := o.service(only(perms, ""))

			if a := try(""); a.status != http.StatusUnauthorized || a.header.Get("WWW-Authenticate") != `Bearer realm="Latchkey"` {
				t.Errorf("no token: %d %v %s", a.status, a.header["Www-Authenticate"], a.body)
			}
			o.tryOrganization(t, trial, try)
			for name, secret := range map[string]string{"a viewer's token": viewing, "an editor's Read-Only token": reading} {
				want := http.StatusOK
				if write {
					want = http.StatusForbidden
				}
				if a := try(secret); a.status != want {
					t.Errorf("%s: %d %s, want %d", name, a.status, a.body, want)
				}
			}
			for name, secret := range map[string]string{"an editor's Read-Write token": writing,
				"a service token with exactly these permissions": exact} {
				if a := try(secret); a.status != http.StatusOK {
					t.Errorf("%s: %d %s", name, a.status, a.body)
				}
			}
			for _, missing := range slices.Compact(slices.Sorted(slices.Values(perms))) {
				_, secret := o.service(only(perms, missing))
				a := try(secret)
				if a.status != http.StatusForbidden || !strings.Contains(a.body, string(missing)) || !strings.Contains(a.body, `"FORBIDDEN"`) {
					t.Errorf("without %s: %d %s", missing, a.status, a.body)
				}
			}
			if a := try(o.elsewhere()); a.status != trial.elsewhere {
				t.Errorf("a token of another workspace: %d %s, want %d", a.status, a.body, trial.elsewhere)
			} else if trial.elsewhere == http.StatusNotFound && !strings.Contains(a.body, `"NOT_FOUND"`) {
				t.Errorf("a token of another workspace: %s", a.body)
			}
		})
	}
}

// with is the request by any token. What it needs is made anew after it was done only: a
// refusal leaves everything as it was.
func (t trial) with(o *office, all string) func(secret string) answer {
	path, body := t.make(o, all)
	return func(secret string) answer {
		a := o.call(secret, t.method, path, body)
		if a.status == http.StatusOK && t.method != http.MethodGet {
			path, body = t.make(o, all)
		}
		return a
	}
}

// tryOrganization expects the exact answer that clients know for an organization token.
func (o *office) tryOrganization(t *testing.T, trial trial, try func(string) answer) {
	t.Helper()
	_, secret := o.insert(token.Token{Kind: token.Organization})
	a := try(secret)
	if trial.route == "/v2/token" {
		return
	}
	const want = `{"error":"This endpoint requires a workspace-level access token","code":"UNAUTHORIZED"}`
	if a.status != http.StatusUnauthorized || strings.TrimSpace(a.body) != want || a.header.Get("WWW-Authenticate") == "" {
		t.Errorf("an organization token: %d %s", a.status, a.body)
	}
}

func TestWorkspaceRoutes_ALimitedPermissionCoversItsResourcesOnly(t *testing.T) {
	o := newOffice(t)
	all := o.everything()
	mine, other, destination := o.source(all), o.source(all), o.destination(all)
	_, secret := o.service(access.Policy{"source:edit": access.Only(mine), "source:connect": access.Everywhere(),
		"destination:edit": access.Only(destination), "destination:connect": access.Everywhere()})
	for id, want := range map[string]int{mine: http.StatusOK, other: http.StatusForbidden} {
		if a := o.call(secret, http.MethodPut, "/v2/sources/"+id, `{"name":"x"}`); a.status != want {
			t.Errorf("edit %s: %d %s, want %d", id, a.status, a.body, want)
		}
		body := `{"sourceId":"` + id + `","destinationId":"` + destination + `"}`
		if a := o.call(secret, http.MethodPost, "/v2/connections", body); a.status != want {
			t.Errorf("connect %s: %d %s, want %d", id, a.status, a.body, want)
		}
	}
	// A connection that may be changed cannot be led to where the right ends.
	connection := o.good(all, http.MethodGet, "/v2/connections", "")["connections"].([]any)[0].(map[string]any)["id"].(string)
	if a := o.call(secret, http.MethodPut, "/v2/connections/"+connection, `{"sourceId":"`+other+`"}`); a.status != http.StatusForbidden {
		t.Errorf("leading a connection elsewhere: %d %s", a.status, a.body)
	}
	// Creating gives nothing: the maker of a source without Edit cannot edit it.
	_, maker := o.service(access.Policy{"source:create_delete": access.Everywhere()})
	made := o.source(maker)
	if a := o.call(maker, http.MethodPut, "/v2/sources/"+made, `{"name":"x"}`); a.status != http.StatusForbidden {
		t.Errorf("the maker edits: %d %s", a.status, a.body)
	}
	// An id that is gone stays in policies and harms nobody.
	o.good(all, http.MethodDelete, "/v2/connections/"+connection, "")
	o.good(all, http.MethodDelete, "/v2/sources/"+mine, "")
	if a := o.call(secret, http.MethodPut, "/v2/sources/"+mine, `{"name":"x"}`); a.status != http.StatusNotFound {
		t.Errorf("editing what is gone: %d %s", a.status, a.body)
	}
	if a := o.call(secret, http.MethodGet, "/v2/sources", ""); a.status != http.StatusOK {
		t.Errorf("listing after it: %d %s", a.status, a.body)
	}
}
