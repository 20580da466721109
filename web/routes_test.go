package web_test

import (
	"compress/gzip"
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/demo"
	"latchkey/internal/policy"
	"latchkey/internal/store"
	"latchkey/internal/store/storetest"
	"latchkey/web"
	"latchkey/web/ui"
)

// satRoot is where service access tokens live.
const satRoot = "/settings/access-management/service-access-tokens"

var update = flag.Bool("update", false, "rewrite the golden files")

const (
	adminEmail  = "admin@acme.example"
	editorEmail = "editor@acme.example"
	viewerEmail = "viewer@acme.example"

	elsewhereEmail = "elsewhere@acme.example"
)

// addElsewhere adds a member who is only in a workspace of its own, where nobody else is.
func (s *site) addElsewhere(t testing.TB) {
	t.Helper()
	ctx, now := context.Background(), s.now()
	organization := s.caller(t, adminEmail).Organization
	hash, err := s.app.Hasher.Hash(ctx, demo.Password)
	if err != nil {
		t.Fatal(err)
	}
	m := account.Member{ID: "elsewhere", Organization: organization, Email: elsewhereEmail, Name: "Else Where",
		Role: access.RoleMember, Status: account.Active, CreatedAt: now, UpdatedAt: now}
	w := account.Workspace{ID: "sandbox", Organization: organization, Name: "Sandbox", Environment: account.Development,
		Region: "US", CreatedAt: now, UpdatedAt: now}
	err = s.app.Store.InTx(ctx, actor.System(""), func(tx *store.Tx) error {
		return errors.Join(tx.InsertMember(ctx, m, hash), tx.InsertWorkspace(ctx, w),
			tx.InsertPolicy(ctx, policy.Policy{ID: "p1", Organization: organization, Workspace: w.ID, Kind: policy.Baseline,
				Version: 1, UpdatedAt: now}),
			tx.InsertPolicy(ctx, policy.Policy{ID: "p2", Organization: organization, Workspace: w.ID, Kind: policy.OfMember,
				Subject: m.ID, Version: 1, UpdatedAt: now}))
	})
	if err != nil {
		t.Fatal(err)
	}
}

// caller is the member as use cases see it, for looking behind the pages.
func (s *site) caller(t testing.TB, email string) actor.Standing {
	t.Helper()
	ctx := context.Background()
	m, err := s.app.Store.SignInAccount(ctx, email)
	if err != nil {
		t.Fatal(err)
	}
	return storetest.SignIn(t, s.app.Store, m.ID)
}

// footprint is everything that a refused request must leave as it was: the number of
// audit events (each change writes one) and of live tokens.
func (s *site) footprint(t testing.TB) string {
	t.Helper()
	ctx, admin := context.Background(), s.caller(t, adminEmail)
	events, err := s.app.Store.RecentEvents(ctx, admin.Organization, "", 1)
	if err != nil {
		t.Fatal(err)
	}
	counts, err := s.app.Store.TokenCounts(ctx, admin.Organization, s.now())
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("seq %d tokens %v", events[0].Seq, counts)
}

// TestRoutes_EveryRouteForEveryKindOfVisitor asks for each row of the table as each kind of visitor and
// holds the statuses against testdata/routes.golden. Posts carry an empty form, so an Admin's are
// refused for what they say, everybody else's for who they are.
func TestRoutes_EveryRouteForEveryKindOfVisitor(t *testing.T) {
	s := newSite(t)
	s.addElsewhere(t)
	type visitor struct {
		name    string
		make    func() *browser
		browser *browser
	}
	visitors := []visitor{{name: "nobody", make: func() *browser { return s.browser(t) }}}
	for _, name := range []string{"elsewhere", "viewer", "editor", "admin"} {
		visitors = append(visitors, visitor{name: name, make: func() *browser { return s.signedIn(t, name+"@acme.example") }})
	}
	for i := range visitors {
		visitors[i].browser = visitors[i].make()
	}
	var table strings.Builder
	for _, p := range pages() {
		fmt.Fprintf(&table, "%-4s %-75s", p.Method, p.Path)
		for _, v := range visitors {
			b, path := v.browser, s.fill(t, p.Path)
			if p.Path == "/sign-out" {
				b = v.make() // ending this one's session must not spoil the rest
			}
			before := s.footprint(t)
			got := b.request(p.Method, path)
			fmt.Fprintf(&table, " %s=%s", v.name, outcome(got))
			// A failed sign-in is an event of its own; everything else refused leaves no trace.
			own := p.Path == "/sign-in" || p.Path == "/sign-in/passkey" || strings.HasPrefix(p.Path, "/sso/oidc/") ||
				strings.HasPrefix(p.Path, "/sso/saml/")
			if refused := got.status >= 400 && !own; refused && s.footprint(t) != before {
				t.Errorf("%s %s refused %s with %d and yet changed something", p.Method, p.Path, v.name, got.status)
			}
			if v.name != "admin" && p.Needs != "" && got.status < 300 {
				t.Errorf("%s %s: %s got %d on a page that needs %s", p.Method, p.Path, v.name, got.status, p.Needs)
			}
		}
		table.WriteString("\n")
	}
	golden(t, "routes.golden", table.String())
}

func (b *browser) request(method, path string) answer {
	b.t.Helper()
	if method == http.MethodPost {
		return b.post(path, url.Values{})
	}
	return b.get(path)
}

// outcome is the status, with the target of a redirect that leads to the sign-in page.
func outcome(a answer) string {
	if location := a.header.Get("Location"); strings.HasPrefix(location, "/sign-in") {
		return fmt.Sprintf("%d→sign-in", a.status)
	}
	return fmt.Sprint(a.status)
}

// golden compares with, or with -update rewrites, a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s differs (-want +got); go test ./web -update rewrites it:\n%s", name, diff)
	}
}

func TestRoutes_AdminTabsAreNotInAMembersPage(t *testing.T) {
	s := newSite(t)
	for _, path := range []string{"/", "/settings/profile", "/settings/access-management"} {
		page := s.signedIn(t, editorEmail).get(path)
		if page.status != http.StatusOK {
			t.Fatalf("%s: %d", path, page.status)
		}
		if strings.Contains(page.body, "service-access-tokens") || strings.Contains(page.body, "Service Access Tokens") {
			t.Errorf("%s shows a member the way to service access tokens", path)
		}
	}
	if admin := s.signedIn(t, adminEmail).get("/settings/profile"); !strings.Contains(admin.body, "service-access-tokens") {
		t.Error("an Admin is not led to service access tokens")
	}
}

func TestRoutes_AnUnknownPathIsAPageThatSaysSo(t *testing.T) {
	s := newSite(t)
	for _, path := range []string{"/nowhere", "/settings/../../etc/passwd", "/static/", "/static/0000/css/latchkey.css"} {
		if got := s.browser(t).get(path); got.status != http.StatusNotFound {
			t.Errorf("%s: %d, want 404", path, got.status)
		}
	}
	if got := s.browser(t).request(http.MethodPost, "/"); got.status != http.StatusNotFound {
		t.Errorf("POST /: %d, want 404", got.status)
	}
}

func TestPages_EveryStateChangeIsAPost(t *testing.T) {
	for _, p := range pages() {
		if p.Method != http.MethodGet && p.Method != http.MethodPost {
			t.Errorf("%s %s: forms know GET and POST only", p.Method, p.Path)
		}
		if p.Needs == access.Permission("") && strings.Contains(p.Path, "service-access-tokens") {
			t.Errorf("%s %s is not gated", p.Method, p.Path)
		}
	}
}

// TestRoutes_NoGetChangesAnything asks for every GET of the table as an Admin, of the API and of SCIM
// with tokens that may do everything, and compares all rows of all tables before and after.
func TestRoutes_NoGetChangesAnything(t *testing.T) {
	r := newRig(t)
	asked := 0
	for _, row := range web.Rows(web.Deps{Pages: ui.New(ui.Deps{})}) {
		// An identity provider sends the browser back by GET. What that does is bound to the browser and works once. A request of SAML is
		// kept on the server from its beginning.
		if strings.HasPrefix(row.Path, "/sso/saml/:id/") && !strings.HasSuffix(row.Path, "/metadata") {
			continue
		}
		if row.Method != http.MethodGet && row.Method != http.MethodHead || strings.HasSuffix(row.Path, "/callback") {
			continue
		}
		q := r.somebody(row.Door.Name)
		q.method, q.path = row.Method, r.fill(t, row.Path)
		stored := r.withoutNotices
		if row.Door.Name == "scim" {
			stored = r.rows // every request of a provider is told of in the log, reads as well
		}
		before := stored()
		got := r.send(q)
		asked++
		if diff := cmp.Diff(before, stored()); diff != "" {
			t.Errorf("%s %s (%d) changed something (-before +after)\n%.2000s", row.Method, row.Path, got.status, diff)
		}
	}
	if asked < 160 {
		t.Errorf("only %d rows were asked for", asked)
	}
}

// TestRoutes_HeadIsAnsweredWhereverGetIs asks for the header of every GET of the table, with and
// without the right to, and compares it with the answer to GET (RFC 9110, section 9.3.2).
func TestRoutes_HeadIsAnsweredWhereverGetIs(t *testing.T) {
	r := newRig(t)
	asked := 0
	for _, row := range web.Rows(web.Deps{Pages: ui.New(ui.Deps{})}) {
		if row.Method != http.MethodGet {
			continue
		}
		asked++
		path := r.fill(t, row.Path)
		for name, q := range map[string]sent{"nobody": {by: r.browser(t)}, "somebody": r.somebody(row.Door.Name)} {
			q.path = path
			q.method = http.MethodGet
			get := r.send(q)
			q.method = http.MethodHead
			head := r.send(q)
			if head.status != get.status || head.body != "" {
				t.Errorf("%s: HEAD %s: %d %q, GET: %d", name, path, head.status, head.body, get.status)
			}
			for _, h := range []string{"Content-Type", "Location", "Cache-Control", "WWW-Authenticate", "ETag", "Content-Security-Policy"} {
				if whereTo(head, h) != whereTo(get, h) {
					t.Errorf("%s: HEAD %s: %s %q, GET: %q", name, path, h, head.header.Get(h), get.header.Get(h))
				}
			}
		}
	}
	if asked < 80 {
		t.Errorf("only %d rows were asked for", asked)
	}
}

// whereTo returns a header. Of an address at an identity provider it leaves out the parameters, each of which is used once.
func whereTo(a answer, header string) string {
	value := a.header.Get(header)
	for _, start := range []string{"/authorize?", "?SAMLRequest="} { // what follows differs each time
		if before, _, found := strings.Cut(value, start); found {
			return before
		}
	}
	return value
}

// TestRoutes_AnAPIPathThatIsNotServedSaysSo asks for paths of the API that there are not, with
// every method: first without a token, then with tokens of both levels.
func TestRoutes_AnAPIPathThatIsNotServedSaysSo(t *testing.T) {
	r := newRig(t)
	paths := []string{"/v2", "/v2/", "/v2/retl-sources", "/v2/sources/x/y/z", "/v2/catalog/events", "/v2/v2/nowhere", "/v2/workspace/x",
		"/v2/%00", "/v2/./sources", "/transformations/x/y", "/libraries/x/y/z"}
	open := []string{"/.well-known/openid-configuration", "/oauth2/token", "/auth/login"}
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"} {
		for _, path := range append(paths, open...) {
			known := slices.Contains(open, path)
			for name, secret := range map[string]string{"nobody": "", "a workspace's token": r.workspace, "the organization's": r.organization} {
				got := r.send(sent{by: r.browser(t), secret: secret, method: method, path: path})
				if secret == "" && !known {
					if got.status != http.StatusUnauthorized || strings.Contains(got.body, "UNSERVED") {
						t.Errorf("%s %s without a token: %d %q", method, path, got.status, got.body)
					}
					continue
				}
				if got.status != http.StatusNotFound || !strings.Contains(got.header.Get("Link"), `/docs/api>; rel="service-doc"`) ||
					method != "HEAD" && (!strings.Contains(got.body, `"code":"UNSERVED"`) || !strings.Contains(got.body, "/docs/api")) {
					t.Errorf("%s: %s %s: %d %q", name, method, path, got.status, got.body)
				}
			}
		}
	}
	for path, code := range map[string]string{"/v2/sources/unknown": "NOT_FOUND", "/v2/sources": "sources"} {
		if got := r.send(sent{by: r.browser(t), secret: r.workspace, method: "GET", path: path}); !strings.Contains(got.body, code) {
			t.Errorf("GET %s: %q", path, got.body)
		}
	}
}

// TestRoutes_ACompressedBodyIsRefusedAtEveryDoor sends one to every row that takes a body, to the
// direct route and to paths that there are not (RFC 9110, section 15.5.16).
func TestRoutes_ACompressedBodyIsRefusedAtEveryDoor(t *testing.T) {
	r := newRig(t)
	var packed strings.Builder
	z := gzip.NewWriter(&packed)
	if _, err := z.Write([]byte(`{"name":"x"}`)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	stored := func() []string { // a provider's requests are recorded, refused ones as well
		var kept []string
		for _, row := range r.withoutNotices() {
			if !strings.HasPrefix(row, "scim_requests ") && !strings.HasPrefix(row, "audit_") {
				kept = append(kept, row)
			}
		}
		return kept
	}
	refused := func(q sent) {
		t.Helper()
		q.kind, q.body, q.encoding = "application/json", packed.String(), []string{"gzip"}
		before := stored()
		got := r.send(q)
		if diff := cmp.Diff(before, stored()); diff != "" {
			t.Errorf("%s %s changed something (-before +after)\n%.2000s", q.method, q.path, diff)
		}
		if got.status != http.StatusUnsupportedMediaType || got.header.Get("Accept-Encoding") != "identity" {
			t.Errorf("%s %s: %d, Accept-Encoding %q", q.method, q.path, got.status, got.header.Get("Accept-Encoding"))
		}
	}
	doors := map[string]int{}
	for _, row := range web.Rows(web.Deps{Pages: ui.New(ui.Deps{})}) {
		if row.Method == http.MethodGet || row.Method == http.MethodHead || row.Method == echo.RouteNotFound && row.Door.Name == "scim" {
			continue
		}
		doors[row.Door.Name]++
		q := r.somebody(row.Door.Name)
		q.method, q.path = row.Method, r.fill(t, row.Path)
		if row.Method == echo.RouteNotFound {
			q.method, q.path = http.MethodPost, strings.ReplaceAll(row.Path, "*", "nowhere")
		}
		refused(q)
	}
	for _, door := range []string{"pages", "api", "scim", "files"} {
		if doors[door] == 0 {
			t.Errorf("no row of %s was tried", door)
		}
	}
	introspect := sent{by: r.browser(t), method: http.MethodPost, path: "/oauth2/introspect"}
	refused(introspect)

	// What is no encoding is let through, and what has no body needs none.
	plain := r.call(http.MethodPost, "/v2/sources", `{"name":"plain","type":"http"}`)
	for _, lines := range [][]string{{"identity"}, {"Identity"}, {""}, {"", "identity, "}} {
		plain.encoding = lines
		if got := r.send(plain); got.status != http.StatusCreated && got.status != http.StatusOK {
			t.Errorf("%q: %d %s", lines, got.status, got.body)
		}
	}
	for _, lines := range [][]string{{"br"}, {"identity", "zstd"}, {"identity, GZIP"}, {"x-gzip"}} {
		plain.encoding = lines
		if got := r.send(plain); got.status != http.StatusUnsupportedMediaType {
			t.Errorf("%q: %d %s", lines, got.status, got.body)
		}
	}
	bare := sent{by: r.browser(t), secret: r.workspace, method: http.MethodGet, path: "/v2/workspace", encoding: []string{"gzip"}}
	if got := r.send(bare); got.status != http.StatusOK {
		t.Errorf("a request without a body: %d", got.status)
	}
}

// somebody is a request by who may use a front door.
func (r *rig) somebody(door string) sent {
	switch door {
	case "api":
		return sent{by: r.browser(r.t), secret: r.workspace}
	case "scim":
		return sent{by: r.browser(r.t), secret: r.organization}
	}
	return sent{by: r.admin}
}

// withoutNotices is contents but for the notices of sessions, which the next page takes.
func (r *rig) withoutNotices() []string {
	r.t.Helper()
	rows := r.contents()
	for i, row := range rows {
		if strings.HasPrefix(row, "sessions ") {
			rows[i] = notices.ReplaceAllString(row, "''")
		}
	}
	return rows
}

// notices finds the notices at the end of a session's row.
var notices = regexp.MustCompile(`'\[\{.*\}\]'$`)
