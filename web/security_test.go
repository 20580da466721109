package web_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"latchkey/internal/app"
	"latchkey/internal/audit"
	"latchkey/internal/config"
	"latchkey/internal/demo"
	"latchkey/internal/signin"
	"latchkey/internal/store/storetest"
	"latchkey/internal/token"
)

func TestAnswers_CarryTheSecurityFloor(t *testing.T) {
	s := newSite(t)
	for _, path := range []string{"/sign-in", "/nowhere", "/settings/profile", "/healthz"} {
		h := s.signedIn(t, adminEmail).get(path).header
		for name, part := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'",
			"X-Content-Type-Options":  "nosniff", "Referrer-Policy": "same-origin", "X-Request-Id": "",
		} {
			if got := h.Get(name); got == "" || !strings.Contains(got, part) {
				t.Errorf("%s: %s = %q, want %q in it", path, name, got, part)
			}
		}
		if csp := h.Get("Content-Security-Policy"); strings.Contains(csp, "unsafe") || strings.Contains(csp, "nonce") {
			t.Errorf("%s: the policy has a hole: %s", path, csp)
		}
	}
	if got := s.signedIn(t, adminEmail).get("/settings/profile").header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("a private page may be kept: Cache-Control %q", got)
	}
}

// TestRequests_HaveOneID asks through the router and before it, and looks for the id of the answer in
// the log and in the audit log.
func TestRequests_HaveOneID(t *testing.T) {
	s := newSite(t)
	b, revoked := s.signedIn(t, adminEmail), s.revokedToken(t)
	for _, path := range []string{"/settings/profile", "/nowhere", "/v2/token"} {
		id := b.get(path).header.Get("X-Request-Id")
		if id == "" || strings.Count(s.logs.String(), "request_id="+id) != 1 {
			t.Errorf("%s: the id %q is not in one line of the log", path, id)
		}
	}
	for _, path := range []string{"/v2/token", "/auth/verify", "/auth/verify/below"} {
		r, err := http.NewRequest(http.MethodGet, s.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+revoked)
		got := b.do(r)
		if err := s.app.Audit.Flush(context.Background()); err != nil {
			t.Fatal(err)
		}
		events, err := s.app.Store.RecentEvents(context.Background(), s.caller(t, adminEmail).Organization, "", 1)
		if err != nil || got.status != http.StatusUnauthorized {
			t.Fatalf("%s: %d %v", path, got.status, err)
		}
		if id := got.header.Get("X-Request-Id"); id == "" || events[0].Action != audit.UsedAfterRevocation || events[0].Origin.RequestID != id {
			t.Errorf("%s: the answer has the id %q, the event %s has %q", path, id, events[0].Action, events[0].Origin.RequestID)
		}
		revoked = s.revokedToken(t) // one event a minute for each token
	}
}

// revokedToken is the secret of a token that was deleted.
func (s *site) revokedToken(t testing.TB) string {
	t.Helper()
	ctx, ada := context.Background(), s.caller(t, adminEmail)
	made, err := s.app.Tokens.GenerateOrganization(ctx, ada.Caller(), token.NewOrganization{Name: rand.Text(), IdempotencyKey: rand.Text()})
	if err == nil {
		_, err = s.app.Tokens.Delete(ctx, ada.Caller(), made.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	return made.Secret.Reveal()
}

func TestPages_HoldNothingInline(t *testing.T) {
	s := newSite(t)
	b := s.signedIn(t, adminEmail)
	seen := 0
	for _, p := range pages() {
		if p.Method != http.MethodGet {
			continue
		}
		got := b.get(s.fill(t, p.Path))
		if !strings.HasPrefix(got.header.Get("Content-Type"), "text/html") {
			continue
		}
		seen++
		// The policy editor, with a box for each permission and a button for each row, is the largest page.
		// A browser fetches an eighth of it, compressed.
		if len(got.body) > 56<<10 {
			t.Errorf("%s is %d bytes, over the budget of 56 KB", p.Path, len(got.body))
		}
		checkInline(t, p.Path, got.body)
	}
	if seen < 8 {
		t.Fatalf("only %d pages seen", seen)
	}
}

// checkInline fails on whatever the content security policy would block.
func checkInline(t *testing.T, path, body string) {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		external := false
		for _, a := range n.Attr {
			external = external || (a.Key == "src" && a.Val != "")
			if strings.HasPrefix(a.Key, "on") || a.Key == "style" {
				t.Errorf("%s: <%s %s=%q>", path, n.Data, a.Key, a.Val)
			}
			if (a.Key == "href" || a.Key == "src" || a.Key == "action") &&
				(strings.HasPrefix(a.Val, "//") || strings.Contains(a.Val, "javascript:")) {
				t.Errorf("%s: <%s %s=%q> leads away", path, n.Data, a.Key, a.Val)
			}
		}
		if n.Data == "style" || (n.Data == "script" && !external) {
			t.Errorf("%s holds an inline <%s>", path, n.Data)
		}
	}
}

func TestPages_GiveEveryCellOfATableAHeading(t *testing.T) {
	s := newSite(t)
	b := s.signedIn(t, adminEmail)
	rows := 0
	paths := []string{userPages + "/" + s.caller(t, adminEmail).ID} // a member with tokens
	for _, p := range pages() {
		if p.Method == http.MethodGet {
			paths = append(paths, s.fill(t, p.Path))
		}
	}
	for _, path := range paths {
		doc, err := html.Parse(strings.NewReader(b.get(path).body))
		if err != nil {
			t.Fatal(err)
		}
		headings := 0
		for n := range doc.Descendants() {
			switch n.DataAtom {
			case atom.Thead:
				headings = cells(n.FirstChild)
			case atom.Tbody:
				for row := range n.ChildNodes() {
					if got := cells(row); row.DataAtom == atom.Tr && headings > 0 {
						rows++
						if got != headings {
							t.Errorf("%s: a row of %d cells below %d headings", path, got, headings)
						}
					}
				}
			}
		}
	}
	if rows < 20 {
		t.Errorf("only %d rows seen", rows)
	}
}

// cells counts the cells of a table's row.
func cells(row *html.Node) (n int) {
	if row == nil {
		return 0
	}
	for c := range row.ChildNodes() {
		if c.DataAtom == atom.Td || c.DataAtom == atom.Th {
			n++
		}
	}
	return n
}

func TestForms_FromAnotherSiteAreRefused(t *testing.T) {
	s := newSite(t)
	b := s.signedIn(t, adminEmail)
	before := s.footprint(t)
	for _, header := range []http.Header{
		{"Sec-Fetch-Site": {"cross-site"}}, {"Sec-Fetch-Site": {"same-site"}}, {"Origin": {"https://evil.example"}},
	} {
		for _, p := range pages() {
			// The answer of a provider of SAML comes from its site: TestSAML_TakesTheAnswerAcrossSites.
			if p.Method != http.MethodPost || p.Path == "/setup" || p.Path == "/sso/saml/:id/acs" {
				continue
			}
			r, err := http.NewRequest(p.Method, s.URL+p.Path, strings.NewReader("name=x"))
			if err != nil {
				t.Fatal(err)
			}
			r.Header = header.Clone()
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			if got := b.do(r); got.status != http.StatusForbidden {
				t.Errorf("POST %s with %v: %d, want 403", p.Path, header, got.status)
			}
		}
	}
	if after := s.footprint(t); after != before {
		t.Errorf("something changed: %s, was %s", after, before)
	}
}

// readsNoForm tells the acts that need nothing but their address.
func readsNoForm(path string) bool {
	return path == "/sign-out" || strings.HasSuffix(path, "/end-others")
}

func TestForms_TenMegabytesAreRefusedAndNothingIsStored(t *testing.T) {
	s := newSite(t)
	b := s.signedIn(t, adminEmail)
	before := s.footprint(t)
	huge := url.Values{"name": {strings.Repeat("x", 10<<20)}}
	for _, p := range pages() {
		// An export to import may be large; its own tests send one that is too large.
		if p.Method != http.MethodPost || p.Path == "/setup" || readsNoForm(p.Path) || strings.HasSuffix(p.Path, "/migration/upload") {
			continue
		}
		if got := b.post(p.Path, huge); got.status != http.StatusRequestEntityTooLarge && got.status != http.StatusNotFound {
			t.Errorf("POST %s: %d, want 413, or 404 for an id that does not exist", p.Path, got.status)
		}
	}
	if after := s.footprint(t); after != before {
		t.Errorf("something changed: %s, was %s", after, before)
	}
}

var (
	secretPattern     = regexp.MustCompile(`lk[pso]at_[0-9A-Za-z]{49}`)
	submissionPattern = regexp.MustCompile(`name="submission" value="([^"]+)"`)
)

// submission reads the one-time key of the form on a page.
func submission(t *testing.T, page answer) string {
	t.Helper()
	m := submissionPattern.FindStringSubmatch(page.body)
	if m == nil {
		t.Fatalf("no form on the page (%d): %.300s", page.status, page.body)
	}
	return m[1]
}

func TestCanary_ASecretIsInExactlyOneResponse(t *testing.T) {
	s := newSite(t)
	b := s.signedIn(t, adminEmail)
	workspace := firstWorkspace(t, s)
	form := url.Values{"name": {"canary"}, "workspace": {workspace}, "scope": {"read_only"}, "expiration": {"30d"},
		"submission": {submission(t, b.get("/settings/profile/personal-access-tokens/new"))}}
	reveal := b.post("/settings/profile/personal-access-tokens", form)
	secret := secretPattern.FindString(reveal.body)
	if reveal.status != http.StatusOK || secret == "" {
		t.Fatalf("no secret revealed: %d", reveal.status)
	}
	if got := reveal.header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("the reveal may be kept: Cache-Control %q", got)
	}
	if again := b.post("/settings/profile/personal-access-tokens", form); again.status != http.StatusConflict ||
		strings.Contains(again.body, secret) {
		t.Errorf("the same form again: %d, want 409 without the secret", again.status)
	}
	for _, p := range pages() {
		if p.Method == http.MethodGet && strings.Contains(b.get(s.fill(t, p.Path)).body, secret) {
			t.Errorf("%s shows the secret", p.Path)
		}
	}
	assertNowhere(t, s, "the token's secret", secret)
	assertNowhere(t, s, "the password", demo.Password)
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	for _, cookie := range b.Jar.Cookies(u) {
		assertNowhere(t, s, "the session's secret", cookie.Value)
	}
}

// assertNowhere looks for a secret in the log, in every audit row and in the database's files.
func assertNowhere(t *testing.T, s *site, what, secret string) {
	t.Helper()
	if len(secret) < 10 {
		t.Fatalf("%s is too short to look for", what)
	}
	if strings.Contains(s.logs.String(), secret) {
		t.Errorf("%s is in the log", what)
	}
	events, err := s.app.Store.RecentEvents(context.Background(), s.caller(t, adminEmail).Organization, "", 10_000)
	if err != nil || len(events) == 0 {
		t.Fatalf("no audit rows: %v", err)
	}
	for _, e := range events {
		line, err := audit.Line(e) // all of it
		if err != nil || strings.Contains(string(line), secret) {
			t.Errorf("%s is in audit event %d, %v", what, e.Seq, err)
		}
	}
	files, err := filepath.Glob(filepath.Join(s.data, "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no database files: %v", err)
	}
	for _, f := range files {
		content, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(content), secret) {
			t.Errorf("%s is in %s", what, filepath.Base(f))
		}
	}
}

func firstWorkspace(t testing.TB, s *site) string {
	t.Helper()
	list, err := s.app.Store.Workspaces(context.Background(), s.caller(t, adminEmail).Organization)
	if err != nil || len(list) == 0 {
		t.Fatalf("no workspace: %v", err)
	}
	for _, w := range list {
		if w.Name == "Production" {
			return w.ID
		}
	}
	return list[0].ID
}

func TestSignIn_ThrottlesAndTellsNothing(t *testing.T) {
	now := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	s := newSite(t, func(o *app.Options) { o.Now = func() time.Time { return now } })
	try := func(email string) answer {
		return s.browser(t).post("/sign-in", url.Values{"email": {email}, "password": {"not the password"}})
	}
	known, unknown := try(adminEmail), try("ghost@acme.example")
	if known.status != http.StatusUnauthorized || unknown.status != known.status {
		t.Fatalf("statuses %d and %d, want 401 twice", known.status, unknown.status)
	}
	if strings.ReplaceAll(known.body, adminEmail, "") != strings.ReplaceAll(unknown.body, "ghost@acme.example", "") &&
		!strings.Contains(unknown.body, "Incorrect email or password.") {
		t.Error("the answers differ for a known and an unknown account")
	}
	var last answer
	for range 10 {
		last = try(adminEmail)
	}
	if last.status != http.StatusTooManyRequests || last.header.Get("Retry-After") == "" {
		t.Fatalf("after eleven failures: %d, Retry-After %q", last.status, last.header.Get("Retry-After"))
	}
	if got := s.browser(t).post("/sign-in",
		url.Values{"email": {adminEmail}, "password": {demo.Password}}); got.status != http.StatusTooManyRequests {
		t.Errorf("the right password while throttled: %d, want 429", got.status)
	}
	now = now.Add(time.Hour)
	if got := s.browser(t).post("/sign-in",
		url.Values{"email": {adminEmail}, "password": {demo.Password}}); got.status != http.StatusSeeOther {
		t.Errorf("after the wait: %d, want 303", got.status)
	}
}

func TestSignIn_LeadsOnlyToPathsOfThisServer(t *testing.T) {
	s := newSite(t)
	for next, want := range map[string]string{
		"/settings/profile?x=1": "/settings/profile?x=1", "https://evil.example/": "/", "//evil.example": "/", `/\evil.example`: "/",
		"javascript:alert(1)": "/", "": "/", "/sign-out": "/", "/\tevil": "/",
	} {
		got := s.browser(t).post("/sign-in", url.Values{"email": {viewerEmail}, "password": {demo.Password}, "next": {next}})
		if location := got.header.Get("Location"); location != want {
			t.Errorf("next %q leads to %q, want %q", next, location, want)
		}
	}
}

func TestSignOut_EndsTheSessionOnTheServer(t *testing.T) {
	s := newSite(t)
	b := s.signedIn(t, viewerEmail)
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	kept := b.Jar.Cookies(u)
	if got := b.post("/sign-out", nil); got.status != http.StatusSeeOther {
		t.Fatalf("sign-out: %d", got.status)
	}
	thief := s.browser(t)
	thief.Jar.SetCookies(u, kept)
	if got := thief.get("/"); got.status != http.StatusSeeOther {
		t.Errorf("the old cookie still opens the page: %d", got.status)
	}
}

// TestSignIn_AFloodIsSentAwayAndHarmsNobody checks passwords from many addresses at once, which
// no throttle stops: some wait, the others come back later, and the rest of the server goes on.
func TestSignIn_AFloodIsSentAwayAndHarmsNobody(t *testing.T) {
	s := newSiteOn(t, config.Config{Data: filepath.Dir(storetest.Empty(t)), TrustedProxies: []string{"127.0.0.1"}},
		func(o *app.Options) { o.Cost = signin.Cost{MemoryKiB: 16 << 10, Iterations: 8} })
	member := s.signedIn(t, viewerEmail)
	answers := make([]answer, 3*signin.MaxWaiting)
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() {
			b := s.browser(t)
			form := url.Values{"email": {fmt.Sprintf("guess%d@acme.example", i)}, "password": {"not the password"}}
			r, err := http.NewRequest(http.MethodPost, s.URL+"/sign-in", strings.NewReader(form.Encode()))
			if err != nil {
				t.Error(err)
				return
			}
			r.Header.Set("Content-Type", formKind)
			r.Header.Set("X-Forwarded-For", fmt.Sprintf("203.0.113.%d", i))
			answers[i] = b.do(r)
		})
	}
	if got := member.get("/settings/profile"); got.status != http.StatusOK {
		t.Errorf("a page meanwhile: %d", got.status)
	}
	wg.Wait()
	count := map[int]int{}
	for _, a := range answers {
		count[a.status]++
		if a.status == http.StatusServiceUnavailable && (a.header.Get("Retry-After") != "5" ||
			!strings.Contains(a.body, "Try again in a few seconds.")) {
			t.Fatalf("sent away with Retry-After %q: %.300s", a.header.Get("Retry-After"), a.body)
		}
	}
	if count[http.StatusServiceUnavailable] == 0 || count[http.StatusUnauthorized] < signin.MaxWaiting ||
		count[http.StatusServiceUnavailable]+count[http.StatusUnauthorized] != len(answers) {
		t.Errorf("answers %v", count)
	}
	if got := s.signedIn(t, adminEmail).get("/"); got.status != http.StatusOK {
		t.Errorf("after the flood: %d", got.status)
	}
}
