package api_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"latchkey/web/api"
	"latchkey/web/openapi"
)

func TestWorkspaceRoutes_StrangeInputIsNeverAServerError(t *testing.T) {
	o := newOffice(t)
	all := o.everything()
	source := o.source(all)
	deep := `{"config":` + strings.Repeat(`[`, 5000) + strings.Repeat(`]`, 5000) + `}`
	long := `{"name":"n","type":"T","config":[` + strings.Repeat(`1,`, 100_000) + `1]}`
	for name, test := range map[string]struct {
		method, path, body string
		want               int
	}{
		"no body":                {"POST", "/v2/sources", "", 400},
		"not an object":          {"POST", "/v2/sources", `[]`, 400},
		"null":                   {"POST", "/v2/sources", `null`, 400},
		"cut off":                {"POST", "/v2/sources", `{"name":"x"`, 400},
		"two values":             {"POST", "/v2/sources", `{}{}`, 400},
		"deep":                   {"POST", "/v2/sources", deep, 400},
		"a list of 100,000":      {"POST", "/v2/sources", long, 200},
		"too large":              {"POST", "/v2/sources", `{"name":"` + strings.Repeat("x", 1<<20) + `"}`, 413},
		"not UTF-8":              {"POST", "/v2/sources", "{\"name\":\"\xff\",\"type\":\"T\"}", 400},
		"a control character":    {"POST", "/v2/sources", `{"name":"a\u0000b","type":"T"}`, 400},
		"direction override":     {"POST", "/v2/sources", `{"name":"a\u202eb","type":"T"}`, 400},
		"zero-width mark":        {"POST", "/v2/sources", `{"name":"a\u200db","type":"T"}`, 400},
		"blank name":             {"POST", "/v2/sources", `{"name":"  ","type":"T"}`, 400},
		"long name":              {"POST", "/v2/sources", `{"name":"` + strings.Repeat("x", 256) + `","type":"T"}`, 400},
		"name twice":             {"POST", "/v2/sources", `{"name":"a","name":"b","type":"T"}`, 400},
		"unknown field":          {"POST", "/v2/sources", `{"name":"a","type":"T","nmae":1}`, 400},
		"another letter case":    {"POST", "/v2/sources", `{"Name":"a","type":"T"}`, 400},
		"wrong types":            {"POST", "/v2/sources", `{"name":["a"],"type":{},"enabled":1}`, 400},
		"another type":           {"PUT", "/v2/sources/" + source, `{"type":"HTTP"}`, 400},
		"external id by PUT":     {"PUT", "/v2/sources/" + source, `{"externalId":"x"}`, 400},
		"an empty external id":   {"PUT", "/v2/sources/" + source + "/external-id", `{"externalId":""}`, 400},
		"a negative version":     {"POST", "/v2/destinations", `{"name":"a","type":"T","version":-1}`, 400},
		"NUL in code":            {"POST", "/transformations", `{"name":"a","language":"javascript","code":"\u0000"}`, 400},
		"another language":       {"POST", "/transformations", `{"name":"a","language":"cobol","code":"x"}`, 400},
		"publish=maybe":          {"POST", "/transformations?publish=maybe", scriptBody, 400},
		"NUL in an end":          {"POST", "/v2/connections", `{"sourceId":"\u0000","destinationId":"x"}`, 400},
		"a huge end":             {"POST", "/v2/connections", `{"sourceId":"` + strings.Repeat("x", 100_000) + `","destinationId":"x"}`, 400},
		"NUL in a version":       {"POST", "/transformations/publish", `{"transformations":[{"versionId":"\u0000"}]}`, 400},
		"no list":                {"POST", "/transformations/publish", `{"transformations":{"versionId":"x"}}`, 400},
		"a huge id":              {"GET", "/v2/sources/" + strings.Repeat("x", 20_000), "", 404},
		"NUL in an id":           {"GET", "/v2/sources/%00", "", 404},
		"no UTF-8 in an id":      {"GET", "/v2/sources/%ff", "", 404},
		"SQL in an id":           {"GET", "/v2/sources/'%20OR%201=1--", "", 404},
		"a destination's id":     {"GET", "/v2/destinations/" + source, "", 404},
		"per_page 0":             {"GET", "/v2/sources?per_page=0", "", 400},
		"per_page 101":           {"GET", "/v2/sources?per_page=101", "", 400},
		"per_page text":          {"GET", "/v2/sources?per_page=many", "", 400},
		"page 0":                 {"GET", "/v2/sources?page=0", "", 400},
		"a far page":             {"GET", "/v2/sources?page=1048576", "", 200},
		"a page too far":         {"GET", "/v2/sources?page=99999999999999999999", "", 400},
		"both kinds of page":     {"GET", "/v2/sources?page=1&after_cursor=x", "", 400},
		"NUL in a cursor":        {"GET", "/v2/sources?after_cursor=%00", "", 400},
		"hasExternalId=yes":      {"GET", "/v2/sources?hasExternalId=yes", "", 400},
		"an unknown parameter":   {"GET", "/v2/sources?color=red", "", 200},
		"a broken query":         {"GET", "/v2/sources?%zz", "", 200},
		"another method":         {"PATCH", "/v2/sources", `{}`, 405},
		"a method of the list":   {"POST", "/v2/sources/x", `{}`, 405},
		"another path":           {"GET", "/v2/nothing", "", 404},
		"the token in the query": {"GET", "/v2/sources?access_token=" + all, "", 200},
	} {
		a := o.call(all, test.method, test.path, test.body)
		if a.status != test.want {
			t.Errorf("%s: %d %.200s, want %d", name, a.status, a.body, test.want)
		}
		if a.status != 200 && (len(a.body) > 16<<10 || !strings.Contains(a.body, `"error"`)) {
			t.Errorf("%s: the error is %.200q", name, a.body)
		}
	}
	if a := o.call("", "GET", "/v2/sources?access_token="+all, ""); a.status != 401 {
		t.Errorf("a token in the query alone: %d", a.status)
	}
}

func TestWorkspaceRoutes_KnowTheMethodsOfHTTP(t *testing.T) {
	o := newOffice(t)
	all := o.everything()
	id := o.source(all)
	for path, allow := range map[string]string{
		"/v2/sources": "GET, HEAD, POST, OPTIONS", "/v2/sources/" + id: "GET, HEAD, PUT, DELETE, OPTIONS",
		"/transformations/publish": "POST, OPTIONS", "/v2/token": "GET, HEAD, OPTIONS", "/oauth2/revoke": "POST, OPTIONS",
	} {
		if a := o.call("", http.MethodOptions, path, ""); a.status != 204 || a.header.Get("Allow") != allow || a.body != "" {
			t.Errorf("OPTIONS %s: %d %q %q", path, a.status, a.header.Get("Allow"), a.body)
		}
		if a := o.call("", http.MethodPatch, path, "{}"); a.status != 405 || a.header.Get("Allow") != allow ||
			o.object(a)["code"] != "METHOD_NOT_ALLOWED" {
			t.Errorf("PATCH %s: %d %q %q", path, a.status, a.header.Get("Allow"), a.body)
		}
	}
	// /transformations/publish is no id.
	if a := o.call(all, http.MethodGet, "/transformations/publish", ""); a.status != 405 {
		t.Errorf("GET /transformations/publish: %d", a.status)
	}
}

func FuzzWorkspaceRoutes_NeverAServerError(f *testing.F) {
	o := newOffice(f)
	all := o.everything()
	id := o.source(all)
	routes := api.WorkspaceRoutes(api.NewWorkspace(o.handlers, o.registry, openapi.New()))
	f.Add(uint8(3), id, "", sourceBody)
	f.Add(uint8(5), id, "", `{"name":"x"}`)
	f.Add(uint8(2), "", "per_page=2&page=3", "")
	f.Add(uint8(16), "x", "publish=true", `{"transformationId":"x"}`)
	f.Add(uint8(30), "x", "publish=true", `{"transformations":[{"versionId":"x"}]}`)
	f.Add(uint8(33), "x", "publish=true", scriptBody)
	f.Fuzz(func(t *testing.T, route uint8, id, query, body string) {
		r := routes[int(route)%len(routes)]
		path := r.Path
		for _, name := range []string{":id", ":source", ":version"} {
			path = strings.ReplaceAll(path, name, url.PathEscape(id))
		}
		target, err := url.Parse(path)
		if err != nil || !strings.HasPrefix(target.Path, "/") {
			return // no request at all
		}
		target.RawQuery = query
		req := &http.Request{Method: r.Method, URL: target, Header: http.Header{"Authorization": {"Bearer " + all}},
			Body: http.NoBody, RemoteAddr: "127.0.0.1:1", Host: "x", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}
		req.Body = readCloser{strings.NewReader(body)}
		w := httptest.NewRecorder()
		o.handler.ServeHTTP(w, req.WithContext(o.ctx))
		if w.Code >= 500 {
			t.Fatalf("%s %s?%s %q: %d %s", r.Method, path, query, body, w.Code, w.Body)
		}
	})
}

type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }
