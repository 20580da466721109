package api_test

import (
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/token"
)

func TestForwardAuth_AcceptsAndSaysWhoItIs(t *testing.T) {
	w := newWorld(t)
	eve := w.member("eve", access.Policy{"destination:edit": access.Everywhere()})
	pat, patSecret := w.personal(eve, access.ScopeReadWrite)
	oat, oatSecret := w.insert(token.Token{Kind: token.Organization})
	for name, c := range map[string]struct {
		secret string
		want   map[string]string
	}{
		"personal": {patSecret, map[string]string{"Latchkey-Subject": eve.ID, "Latchkey-Token-Id": pat.ID, "Latchkey-Token-Kind": "personal",
			"Latchkey-Workspace": w.main, "Latchkey-Permissions": "workspace:view destination:edit"}},
		"organization": {oatSecret, map[string]string{"Latchkey-Subject": oat.ID, "Latchkey-Token-Id": oat.ID,
			"Latchkey-Token-Kind": "organization",
			"Latchkey-Workspace":  "", "Latchkey-Permissions": "audit_log:read usage:read scim:use"}},
	} {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PURGE"} {
			for _, path := range []string{"/auth/verify", "/auth/verify/", "/auth/verify/api//v1/../x",
				"/auth/verify/%2e%2e/%00", "/auth/verify/x?a=b&a=c"} {
				got := w.ask(method, path, "", append(bearer(c.secret), "Latchkey-Subject", "forged")...)
				if got.status != 200 || got.body != "" {
					t.Fatalf("%s: %s %s: %d %s", name, method, path, got.status, got.body)
				}
				for header, want := range c.want {
					if v := got.header.Values(header); len(v) != 1 || v[0] != want {
						t.Errorf("%s: %s %s: %s = %q, want %q", name, method, path, header, v, want)
					}
				}
			}
		}
	}
	if got := w.ask("GET", "/auth/verifyx", "", bearer(patSecret)...); got.status != 404 {
		t.Errorf("a path beside it: %d", got.status)
	}
}

func TestForwardAuth_RefusesBadTokensWith401(t *testing.T) {
	w := newWorld(t)
	for name, secret := range w.badSecrets() {
		got := w.ask("GET", "/auth/verify?permission=nonsense", "", bearer(secret)...)
		if got.status != 401 || !strings.Contains(got.header.Get("WWW-Authenticate"), `error="invalid_token"`) {
			t.Errorf("%s: %d %v", name, got.status, got.header)
		}
	}
	got := w.ask("GET", "/auth/verify", "", "Latchkey-Subject", "forged", "Cookie", "a=b")
	if got.status != 401 || got.header.Get("WWW-Authenticate") != `Bearer realm="Latchkey"` || got.header.Get("Latchkey-Subject") != "" {
		t.Errorf("without a token: %d %v", got.status, got.header)
	}
	w.must(w.store.Close())
	w.verify.Forget()
	got = w.ask("GET", "/auth/verify", "", bearer("lkpat_anything")...)
	if got.status != 401 {
		t.Errorf("without a database: %d", got.status)
	}
}

func TestForwardAuth_AsksForPermissions(t *testing.T) {
	w := newWorld(t)
	_, secret := w.service(access.Policy{"destination:edit": access.Everywhere(), "source:edit": access.Only("s1"),
		"invoice:refund": access.AllBut("i9")})
	other, err := w.accounts.Workspaces.Create(w.ctx, w.admin.Caller(), workspaceForm("Other"))
	w.must(err)
	for query, want := range map[string]int{
		"":                            200,
		"permission=destination:edit": 200,
		"permission=destination%3Aedit&permission=invoice:refund&resource=i1": 200,
		"permission=destination:edit&permission=source:connect":               403,
		"permission=source:edit":                                403,
		"permission=source:edit&resource=s1":                    200,
		"permission=source:edit&resource=s2":                    403,
		"permission=invoice:refund":                             403, // all but one: it may be about that one
		"permission=invoice:refund&resource=i1":                 200,
		"permission=invoice:refund&resource=i9":                 403,
		"permission=workspace:view":                             200,
		"permission=audit_log:read":                             403,
		"permission=nonsense":                                   403,
		"permission=":                                           403,
		"permission=destination:edit%20source:edit":             403,
		"permission=gone:edit":                                  403,
		"workspace=" + w.main:                                   200,
		"workspace=" + other.ID:                                 403,
		"workspace=":                                            403,
		"workspace=unknown&permission=destination:edit":         403,
		"workspace=" + w.main + "&workspace=" + other.ID:        403,
		"resource=a&resource=b":                                 403,
		"permissions=destination:edit":                          403, // a misspelled parameter must not pass
		"Permission=source:connect":                             403,
		"permissions=destination:edit,source:connect":           403,
		"permission[]=source:connect%20nonsense":                403,
		"perm=workspace:view":                                   403,
		"permission=destination:edit&x=y":                       200, // a client's own
		"page=2&q=destination:edited":                           200,
		"permission=%zz":                                        403,
		"permission=destination:edit;permission=source:connect": 403,
	} {
		got := w.ask("GET", "/auth/verify?"+query, "", bearer(secret)...)
		if got.status != want {
			t.Errorf("%q: %d, want %d: %s", query, got.status, want, got.body)
		}
		if want == 403 && (got.header.Get("Latchkey-Subject") != "" ||
			got.header.Get("Latchkey-Reason") != w.object(got)["message"] || w.object(got)["code"] != "FORBIDDEN" ||
			!strings.Contains(got.header.Get("WWW-Authenticate"), "insufficient_scope")) {
			t.Errorf("%q: %v %s", query, got.header, got.body)
		}
	}
	got := w.ask("GET", "/auth/verify?permission=source:connect", "", bearer(secret)...)
	if text := w.object(got)["message"].(string); !strings.Contains(text, "source:connect") || !strings.Contains(text, "own policy") {
		t.Errorf("the reason does not name the permission: %s", text)
	}
	hidden, unknown := w.ask("GET", "/auth/verify?workspace="+other.ID, "", bearer(secret)...), w.ask("GET",
		"/auth/verify?workspace=unknown", "", bearer(secret)...)
	if hidden.body != unknown.body {
		t.Errorf("the answers tell that a workspace exists: %s / %s", hidden.body, unknown.body)
	}
}

func TestForwardAuth_TakesRequirementsFromAHeaderAsWell(t *testing.T) {
	w := newWorld(t)
	_, secret := w.service(access.Policy{"destination:edit": access.Everywhere()})
	for required, want := range map[string]int{
		"destination:edit": 200, "source:edit": 403, "destination:edit source:edit": 403, "nonsense": 403,
	} {
		got := w.ask("GET", "/auth/verify/the/clients/path?page=2", "", append(bearer(secret), "Latchkey-Require-Permission", required)...)
		if got.status != want {
			t.Errorf("%q: %d, want %d", required, got.status, want)
		}
	}
}

// TestForwardAuth_AnEmptyQuestionIsNoQuestionThatPasses asks what a proxy asks whose variable
// is empty, with a token that has every permission, and expects a refusal that says why.
func TestForwardAuth_AnEmptyQuestionIsNoQuestionThatPasses(t *testing.T) {
	w := newWorld(t)
	_, secret := w.service(access.Policy{"destination:edit": access.Everywhere(), "source:edit": access.Everywhere()})
	for _, test := range []struct {
		path  string
		lines []string // of Latchkey-Require-Permission
		want  string   // of the reason; "": it passes
	}{
		{"", []string{""}, "names no permission"},
		{"", []string{" "}, "names no permission"},
		{"", []string{"", ""}, "names no permission"},
		{"", []string{","}, "names no permission"},
		{"", []string{" , ,\t"}, "names no permission"},
		{"?permission=destination:edit", []string{""}, "names no permission"},
		{"/clients/path?page=2", []string{""}, "names no permission"},
		{"", []string{"destination:edit, source:edit"}, ""},
		{"", []string{"destination:edit,source:edit"}, ""},
		{"", []string{"destination:edit, source:connect"}, "source:connect"},
		{"", []string{"destination:edit,source:connect"}, "source:connect"},
		{"", []string{", destination:edit,,"}, ""},
		{"", []string{"", "destination:edit"}, ""},
		{"", []string{"destination:edit", "source:connect"}, "source:connect"},
		{"?resource=s1", nil, "no permission"},
		{"?resource=", nil, "empty resource"},
		{"?resource", nil, "empty resource"},
		{"?resource=s1&workspace=" + w.main, nil, "no permission"},
		{"?permission=source:edit&resource=", nil, "empty resource"},
		{"/clients/path?resource=s1", nil, "no permission"},
		{"/clients/path?resource=s1", []string{"source:edit"}, ""},
		{"?permission", nil, "empty permission"},
		{"?permission=", nil, "empty permission"},
		{"?permission=&permission=source:edit", nil, "empty permission"},
		{"?permission=&resource=s1", nil, "empty permission"},
		{"?permission=%20", nil, "does not exist"},
		{"?permission=source:edit&workspace=", nil, "empty workspace"},
		{"?workspace", nil, "empty workspace"},
		{"?Permission=", nil, "lower case"},
		{"?RESOURCE=s1", nil, "lower case"},
		{"?Workspace=other", nil, "lower case"},
		{"/clients/path?Workspace=other", nil, ""},
		{"?permission=source:edit&resource=s1", nil, ""},
		{"?", nil, ""},
	} {
		headers := bearer(secret)
		for _, line := range test.lines {
			headers = append(headers, "Latchkey-Require-Permission", line)
		}
		got := w.ask("GET", "/auth/verify"+test.path, "", headers...)
		reason := got.header.Get("Latchkey-Reason")
		if passes := got.status == 200; passes != (test.want == "") || !passes && (got.status != 403 || !strings.Contains(reason, test.want)) {
			t.Errorf("%q %q: %d %q, want %q", test.path, test.lines, got.status, reason, test.want)
		}
	}
}

func TestForwardAuth_NeverAnswersAnythingElse(t *testing.T) {
	w := newWorld(t, few)
	_, secret := w.service(nil)
	r := rand.New(rand.NewPCG(1, 2))
	pieces := []string{"/", "//", "..", "%", "%00", "?", "&", "=", ";", "permission", "workspace", "resource", "destination:edit", w.main,
		"é", "\u202e", "a", "+", "%2f", "#", strings.Repeat("x", 3000)}
	credentials := []string{"", "Bearer", "Bearer ", "Basic", "Basic Og==", "Bearer " + secret, "bearer\t" + secret,
		secret, "Negotiate x", "Bearer \x80\xff", "Basic " + secret}
	methods := []string{"GET", "POST", "PRI", "CONNECT", "x"}
	seen := map[int]int{}
	for range 5000 {
		var path, query strings.Builder
		for range r.IntN(4) {
			path.WriteString(pieces[r.IntN(len(pieces))])
			query.WriteString(pieces[r.IntN(len(pieces))])
		}
		req := &http.Request{Method: methods[r.IntN(len(methods))], Header: http.Header{}, RemoteAddr: "192.0.2.1:1",
			Host: "x", Body: http.NoBody,
			URL: &url.URL{Path: "/auth/verify", RawQuery: query.String()}, ProtoMajor: 1, ProtoMinor: 1}
		if path.Len() > 0 {
			req.URL.Path += "/" + path.String()
		}
		for range 1 + r.IntN(2) {
			req.Header.Add("Authorization", credentials[r.IntN(len(credentials))])
		}
		answer := httptest.NewRecorder()
		w.handler.ServeHTTP(answer, req)
		seen[answer.Code]++
		if answer.Code != 200 && answer.Code != 401 && answer.Code != 403 {
			t.Fatalf("%s %s %v: %d", req.Method, req.URL, req.Header, answer.Code)
		}
		if answer.Code == 200 != (answer.Header().Get("Latchkey-Subject") != "") {
			t.Fatalf("%d with headers %v", answer.Code, answer.Header())
		}
	}
	if len(seen) != 3 {
		t.Errorf("seen only %v", seen)
	}
}

func TestForwardAuth_AClientsQueryDoesNotLoosenWhatTheHeaderRequires(t *testing.T) {
	w := newWorld(t)
	_, limited := w.service(access.Policy{"source:edit": access.Only("s1"), "invoice:refund": access.AllBut("i9")})
	for query, want := range map[string]int{
		"": 403, "?resource=s1": 403, "?permission=source:edit&resource=s1": 403, "?workspace=" + w.main + "&resource=s1": 403,
	} {
		got := w.ask("GET", "/auth/verify/sources/s3"+query, "", append(bearer(limited), "Latchkey-Require-Permission", "source:edit")...)
		if got.status != want {
			t.Errorf("%q: %d, want %d", query, got.status, want)
		}
	}
	_, whole := w.service(access.Policy{"source:edit": access.Everywhere()})
	for query, want := range map[string]int{"": 200, "?resource=s1": 200, "?workspace=elsewhere": 403, "?permission=source:connect": 403} {
		got := w.ask("GET", "/auth/verify/sources/s3"+query, "", append(bearer(whole), "Latchkey-Require-Permission", "source:edit")...)
		if got.status != want {
			t.Errorf("may edit all, %q: %d, want %d", query, got.status, want)
		}
	}
}

// nothing is a response that allocates nothing.
type nothing struct{ header http.Header }

func (n nothing) Header() http.Header         { return n.header }
func (n nothing) Write(b []byte) (int, error) { return len(b), nil }
func (n nothing) WriteHeader(int)             {}

func TestForwardAuth_AllocatesNothingButItsHeaders(t *testing.T) {
	w := newWorld(t)
	_, secret := w.service(access.Policy{"destination:edit": access.Everywhere()})
	r := httptest.NewRequest("GET", "/auth/verify", nil)
	r.Header.Set("Authorization", "Bearer "+secret)
	answer := nothing{http.Header{}}
	w.handler.ServeHTTP(answer, r)
	if n := testing.AllocsPerRun(1000, func() { w.handler.ServeHTTP(answer, r) }); n > 5 {
		t.Errorf("%v allocations", n)
	}
	if answer.header.Get("Latchkey-Permissions") != "workspace:view destination:edit" {
		t.Errorf("headers: %v", answer.header)
	}
}

func BenchmarkForwardAuth(b *testing.B) {
	w := newWorld(b)
	_, secret := w.service(access.Policy{"destination:edit": access.Everywhere()})
	for name, query := range map[string]string{"any good token": "", "one permission": "?permission=destination:edit"} {
		b.Run(name, func(b *testing.B) {
			r := httptest.NewRequest("GET", "/auth/verify"+query, nil)
			r.Header.Set("Authorization", "Bearer "+secret)
			answer := nothing{http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				w.handler.ServeHTTP(answer, r)
			}
		})
	}
}

func BenchmarkIntrospect(b *testing.B) {
	w := newWorld(b)
	c := w.client()
	_, secret := w.service(access.Policy{"destination:edit": access.Everywhere()})
	answer := nothing{http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequest("POST", "/oauth2/introspect", strings.NewReader("token="+secret))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.SetBasicAuth(c.ID, c.Secret.Reveal())
		w.handler.ServeHTTP(answer, r)
	}
}
