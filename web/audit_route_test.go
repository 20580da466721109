package web_test

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/token"
	"latchkey/web/api"
	"latchkey/web/scim"
)

// act is a sound request to a route that changes something, and the events that it leaves, as
// "type.action" in the order of the log. Each act of a route is tried by itself.
type act struct {
	route string
	make  func(r *rig) sent // prepares what it needs and returns the request
	want  string
}

// silent lists the routes that are no GET and yet leave no event, and why.
func silent() map[string]string {
	const (
		summary = "says what a form would change"
		chooser = "leads to the form of the chosen workspace"
		refusal = "reads; the link of a deactivated member leaves a refusal, at most one an hour: package invitation tests it"
		choices = "chooses in the staging area only, which the report of the deployment tells"
		staging = "brings a file along or runs behind the request; package migration tests its events"
	)
	const am = "/settings/access-management"
	return map[string]string{
		"POST /setup/open":                                                 "reads",
		"POST /accept-invitation/open":                                     refusal,
		"POST /recover/open":                                               "reads",
		"POST /sso/saml/:id/acs":                                           "has tests of its own: it keeps what the answer says, and the GET that follows signs in",
		"POST /forgot-password":                                            "has a test of its own: what it makes is made after the answer, and only with a mail server",
		"POST /settings/security/authenticator-apps":                       "an app counts only with its first code",
		"POST /settings/security/passkeys":                                 "a passkey counts only once the browser has created it",
		"POST /settings/security/passkeys/:id/options":                     "asks a passkey",
		"POST /confirm/passkey/options":                                    "asks a passkey",
		"POST /sign-in/passkey/options":                                    "asks a passkey",
		"POST /sign-in/confirm/options":                                    "asks a passkey",
		"POST /setup":                                                      "has a test of its own: it works once in an installation's life",
		"POST " + am + "/service-access-tokens/workspace/summary":          summary,
		"POST " + am + "/users/:id/policies/:workspace/summary":            summary,
		"POST " + am + "/groups/:id/policies/:workspace/summary":           summary,
		"POST " + am + "/baseline-policies/:workspace/summary":             summary,
		"POST " + am + "/migration/items/:seq/policies/:workspace/summary": summary,
		"POST " + am + "/users/:id/policies/new":                           chooser,
		"POST " + am + "/groups/:id/policies/new":                          chooser,
		"POST " + am + "/migration/upload":                                 staging,
		"POST " + am + "/migration/import":                                 staging,
		"POST " + am + "/migration/reset":                                  staging,
		"POST " + am + "/migration/conflicts":                              choices,
		"POST " + am + "/migration/items/:seq/choice":                      choices,
		"POST " + am + "/migration/items/:seq/policies/:workspace":         choices,
		"POST " + am + "/migration/deploy":                                 staging,
		"POST /settings/audit-logs/identify-token":                         "reads",
		"POST /search":                 "reads",
		"POST /scim/v2/Users/.search":  "reads",
		"POST /scim/v2/Groups/.search": "reads",
	}
}

// TestRoutes_EveryChangeLeavesItsEventsInItsOwnTransaction sends a sound request to every
// route that changes something: first while the database refuses events, when nothing at
// all may change, and then again.
func TestRoutes_EveryChangeLeavesItsEventsInItsOwnTransaction(t *testing.T) {
	r := newRig(t)
	acts := slices.Concat(tokenActs(), selfActs(), webhookActs(), providerActs(), warningActs(), profileActs(), passkeyActs(),
		memberActs(), invitationActs(), groupActs(), organizationActs(),
		resourceActs(), scimActs())
	known := silent()
	for _, a := range acts {
		known[a.route] = "an act"
		t.Run(a.route, func(t *testing.T) { r.tries(t, a) })
	}
	routes := map[string]bool{}
	for _, route := range stateRoutes() {
		routes[route] = true
		if known[route] == "" {
			t.Errorf("nobody has told which events %s leaves", route)
		}
	}
	for _, route := range slices.Sorted(maps.Keys(known)) {
		if !routes[route] {
			t.Errorf("%s is no route", route)
		}
	}
}

// stateRoutes lists the routes of every front door that are no GET.
func stateRoutes() []string {
	var out []string
	add := func(method, path string) {
		if method != http.MethodGet && !slices.Contains(out, method+" "+path) {
			out = append(out, method+" "+path)
		}
	}
	for _, p := range pages() {
		add(p.Method, p.Path)
	}
	for _, p := range append(api.Routes(nil), api.WorkspaceRoutes(nil)...) {
		add(p.Method, p.Path)
	}
	for _, p := range scim.Endpoints(nil) {
		add(p.Method, p.Path)
	}
	return out
}

// rig is a server whose database can be made to refuse events.
type rig struct {
	*site
	t                       *testing.T
	db                      *sql.DB
	all, withoutLog         *sql.Stmt // see contents and rows
	admin                   *browser
	workspace, organization string   // secrets of service tokens that may do everything
	from                    []string // the lines of X-Forwarded-For, if a proxy is to have forwarded the request
}

func newRig(t *testing.T) *rig {
	t.Helper()
	return newRigOn(t, newSite(t))
}

func newRigOn(t *testing.T, s *site) *rig {
	t.Helper()
	r := &rig{site: s, t: t, admin: s.signedIn(t, adminEmail)}
	var err error
	if r.db, err = sql.Open("sqlite", filepath.Join(s.data, "latchkey.db")+"?_pragma=busy_timeout(10000)"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.db.Close() })
	ctx, ada := context.Background(), s.caller(t, adminEmail)
	service, err := s.app.Tokens.GenerateWorkspace(ctx, ada.Caller(), token.NewWorkspace{Name: "everything", Workspace: firstWorkspace(t, s),
		Policy: access.BuiltIn().Everything()})
	if err != nil {
		t.Fatal(err)
	}
	provider, err := s.app.Tokens.GenerateOrganization(ctx, ada.Caller(), token.NewOrganization{Name: "provider"})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.app.Provision.Enable(ctx, ada.Caller(), true); err != nil {
		t.Fatal(err)
	}
	r.workspace, r.organization = service.Secret.Reveal(), provider.Secret.Reveal()
	return r
}

// sent is a request, of a browser or of a token.
type sent struct {
	by                               *browser
	secret, method, path, kind, body string
	encoding                         []string // lines of Content-Encoding
}

const formKind = "application/x-www-form-urlencoded"

// form is a form that a browser posts.
func (b *browser) form(path string, pairs ...string) sent {
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return sent{by: b, method: http.MethodPost, path: path, kind: formKind, body: form.Encode()}
}

// call is a request of the workspace token, and provide one of the identity provider.
func (r *rig) call(method, path, body string) sent {
	return sent{by: r.browser(r.t), secret: r.workspace, method: method, path: path, kind: "application/json", body: body}
}

func (r *rig) provide(method, path, body string) sent {
	return sent{by: r.browser(r.t), secret: r.organization, method: method, path: scim.Base + path, kind: "application/scim+json", body: body}
}

func (r *rig) send(q sent) answer {
	r.t.Helper()
	return r.sendFrom(q, strings.NewReader(q.body))
}

// sendFrom is send with a body that comes from elsewhere; it is as long as the request's.
func (r *rig) sendFrom(q sent, body io.Reader) answer {
	r.t.Helper()
	request, err := http.NewRequest(q.method, r.URL+q.path, body)
	if err != nil {
		r.t.Fatal(err)
	}
	request.ContentLength = int64(len(q.body))
	request.Header.Set("Content-Type", q.kind)
	for _, line := range q.encoding {
		request.Header.Add("Content-Encoding", line)
	}
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	request.Header.Set("User-Agent", "audit-route-test")
	if r.from != nil {
		request.Header["X-Forwarded-For"] = r.from
	}
	if q.secret != "" {
		request.Header.Set("Authorization", "Bearer "+q.secret)
	}
	return q.by.do(request)
}

// tries does an act twice: without its events, and with them.
func (r *rig) tries(t *testing.T, a act) {
	r.t, r.admin.t = t, t
	request := a.make(r)
	r.exec(`CREATE TRIGGER refuse_events BEFORE INSERT ON audit_events BEGIN SELECT RAISE(ABORT, 'no events today'); END`)
	before := r.contents()
	got := r.send(request)
	r.exec(`DROP TRIGGER refuse_events`)
	if got.status < 500 {
		t.Errorf("without its events the answer is %d", got.status)
	}
	if diff := cmp.Diff(before, r.contents()); diff != "" {
		t.Errorf("without its events something changed (-before +after)\n%s", diff)
	}
	head := r.head()
	if got = r.send(request); got.status >= 400 {
		t.Fatalf("%d %.1500s", got.status, got.body)
	}
	var events []string
	for _, e := range r.eventsAfter(head) {
		events = append(events, string(e.Target.Type)+"."+string(e.Action))
		if e.Origin.IP != "127.0.0.1" || e.Origin.UserAgent != "audit-route-test" || e.Origin.RequestID == "" ||
			e.Origin.RequestID != got.header.Get("X-Request-Id") {
			t.Errorf("event %d comes from %+v, the request was %s", e.Seq, e.Origin, got.header.Get("X-Request-Id"))
		}
		if e.ActorID == "" || e.ActorName == "" {
			t.Errorf("event %d was done by nobody", e.Seq)
		}
	}
	if diff := cmp.Diff(strings.Fields(a.want), events); diff != "" {
		t.Errorf("the events (-want +got)\n%s", diff)
	}
}

func (r *rig) exec(statement string) {
	r.t.Helper()
	if _, err := r.db.Exec(statement); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) head() int64 {
	r.t.Helper()
	state, err := r.app.Store.AuditState(context.Background())
	if err != nil {
		r.t.Fatal(err)
	}
	return state.Head.Seq
}

func (r *rig) eventsAfter(seq int64) []audit.Event {
	r.t.Helper()
	events, err := r.app.Store.EventsAfter(context.Background(), seq, 1000)
	if err != nil {
		r.t.Fatal(err)
	}
	return events
}

// contents is all rows of all tables, but for those that count attempts to sign in and record
// how a provider's requests ended: those are written for failures as well.
func (r *rig) contents() []string {
	r.t.Helper()
	if r.all == nil {
		r.all = r.dumping("TRUE")
	}
	rows, err := r.all.Query()
	return r.read(rows, err)
}

// dumping prepares the query for all rows of the tables that meet a condition on their name.
func (r *rig) dumping(condition string) *sql.Stmt {
	r.t.Helper()
	var parts []string
	for _, table := range r.texts(`SELECT name FROM sqlite_master WHERE type = 'table'
			AND name NOT IN ('attempts', 'scim_requests') AND ` + condition + ` ORDER BY name`) {
		columns := `'` + table + `'`
		for _, name := range r.texts(`SELECT name FROM pragma_table_info('` + table + `')`) {
			// A session's last use is noted once a minute, whatever becomes of the request.
			if name != "last_seen_at" && name != "last_used_at" {
				columns += ` || ' ' || quote("` + name + `")`
			}
		}
		parts = append(parts, `SELECT `+columns+` AS row FROM `+table)
	}
	prepared, err := r.db.Prepare(strings.Join(parts, ` UNION ALL `) + ` ORDER BY row`)
	if err != nil {
		r.t.Fatal(err)
	}
	return prepared
}

func (r *rig) texts(query string) []string {
	r.t.Helper()
	rows, err := r.db.Query(query)
	return r.read(rows, err)
}

// read reads rows of one text.
func (r *rig) read(rows *sql.Rows, err error) []string {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			r.t.Fatal(err)
		}
		out = append(out, text)
	}
	if err := rows.Err(); err != nil {
		r.t.Fatal(err)
	}
	return out
}

func TestSetup_LeavesTheFirstEvents(t *testing.T) {
	s := newSite(t, withoutDemo)
	if got := s.browser(t).post("/setup", setupForm(s.setupCode)); got.status != http.StatusSeeOther {
		t.Fatalf("%d", got.status)
	}
	events, err := s.app.Store.EventsAfter(context.Background(), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range events {
		got = append(got, fmt.Sprintf("%s.%s by %s", e.Target.Type, e.Action, e.ActorName))
	}
	want := []string{"organization.created by Bill", "user.added_to_organization by Bill", "workspace.created by Bill",
		"session.signed_in by Bill"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
