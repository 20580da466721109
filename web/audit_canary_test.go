package web_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/segmentio/ksuid"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/registry"
	"latchkey/internal/store"
	"latchkey/internal/token"
)

const (
	auditPages    = "/settings/audit-logs"
	identifyPages = auditPages + "/identify-token"
)

// storedToken puts a token with a secret of any shape into the Admin's hands.
func (s *site) storedToken(t testing.TB, secret string) token.Token {
	t.Helper()
	ctx, admin := context.Background(), s.caller(t, adminEmail)
	made := token.Token{ID: ksuid.New().String(), Organization: admin.Organization, Kind: token.Personal, Name: "canary " +
		rand.Text()[:6], Hint: token.Hint(secret),
		Owner: admin.ID, Workspace: firstWorkspace(t, s), Scope: "read_only", Legacy: !token.WellFormed(secret), CreatedAt: s.now()}
	if err := s.app.Store.InTx(ctx, actor.System(""), func(tx *store.Tx) error {
		return tx.InsertToken(ctx, made,
			token.Digest(secret), "")
	}); err != nil {
		t.Fatal(err)
	}
	return made
}

// present uses a secret on the API and in front of a proxy, with right and wrong questions.
func (s *site) present(t *testing.T, secret string) {
	t.Helper()
	for _, path := range []string{"/v2/token", "/v2/audit-logs", "/auth/verify?permission=source:edit",
		"/auth/verify?permission=" + url.QueryEscape(secret)} {
		r, err := http.NewRequest(http.MethodGet, s.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+secret)
		s.browser(t).do(r)
		r.Header.Del("Authorization")
		r.SetBasicAuth("somebody@acme.example", secret)
		s.browser(t).do(r)
	}
}

// TestCanary_TheAuditLogAndItsExportsHoldNoSecret uses, identifies and ends tokens of every
// shape and then looks for their secrets, and for the digests that were pasted, wherever the log
// is seen.
func TestCanary_TheAuditLogAndItsExportsHoldNoSecret(t *testing.T) {
	s := newSite(t)
	b := s.signedIn(t, adminEmail)
	ours, err := token.Generate(token.Personal, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	unknown, err := token.Generate(token.Workspace, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	secrets := map[string]string{"a token of ours": ours.Reveal(),
		"an imported token": "2bXkq7/legacy+secret=of:any~shape", "one that never was": unknown.Reveal(),
		"an imported token in lower case": "old_style:secret_in_lower_case", "a mistyped one": ours.Reveal()[:50] + "x"}
	made := map[string]token.Token{}
	for name, secret := range secrets {
		digest := fmt.Sprintf("%x", token.Digest(secret))
		identified := []answer{}
		if !strings.Contains(name, "never") && !strings.Contains(name, "mistyped") {
			made[name] = s.storedToken(t, secret)
		}
		s.present(t, secret)
		for _, pasted := range []string{secret, " " + secret + "\n", digest, strings.ToUpper(digest), "sha256:" + digest} {
			got := b.post(identifyPages, url.Values{"token": {pasted}})
			if _, known := made[name]; known != strings.Contains(got.body, "This token still works") || got.status != http.StatusOK {
				t.Errorf("%s is identified as live: %v, %d", name, !known, got.status)
			}
			if known := made[name].Name; known != "" && !strings.Contains(got.body, known) {
				t.Errorf("%s is not named", name)
			}
			identified = append(identified, got)
		}
		if known, ok := made[name]; ok {
			if _, err := s.app.Tokens.Delete(context.Background(), s.caller(t, adminEmail).Caller(), known.ID); err != nil {
				t.Fatal(err)
			}
			s.present(t, secret)
			if got := b.post(identifyPages, url.Values{"token": {secret}}); !strings.Contains(got.body, "This token no longer works") {
				t.Errorf("%s is not dead after its end", name)
			}
		}
		for _, got := range identified {
			if strings.Contains(got.body, secret) || strings.Contains(strings.ToLower(got.body), digest) {
				t.Errorf("the page repeats what was pasted: %s", name)
			}
		}
	}
	if err := s.app.Audit.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	seen := s.everywhere(t, b)
	for _, known := range made {
		for where, text := range seen {
			used := strings.Contains(text, "used_after_revocation") || strings.Contains(text, "Used after expiry or revocation")
			refused := strings.Contains(text, "access_denied") || strings.Contains(text, "Was refused")
			if !strings.Contains(text, known.Name) || !used || !refused {
				t.Errorf("%s does not tell of %s: it proves nothing", where, known.Name)
			}
		}
	}
	for name, secret := range secrets {
		digest := fmt.Sprintf("%x", token.Digest(secret))
		for where, text := range seen {
			if strings.Contains(text, secret) || strings.Contains(strings.ToLower(text), digest) {
				t.Errorf("%s is in %s", name, where)
			}
		}
		assertNowhere(t, s, name, secret)
		assertNowhere(t, s, name+", its digest", digest)
	}
}

// everywhere is the log in every form in which it is seen.
func (s *site) everywhere(t *testing.T, b *browser) map[string]string {
	t.Helper()
	var file strings.Builder
	if _, err := audit.WriteFile(context.Background(), s.app.Store, &file, nil); err != nil {
		t.Fatal(err)
	}
	seen := map[string]string{"the command's file": file.String()}
	for _, path := range []string{auditPages + "?q=canary", auditPages + "/export/csv", auditPages + "/export/jsonl"} {
		got := b.get(path)
		if got.status != http.StatusOK {
			t.Fatalf("%s: %d", path, got.status)
		}
		seen[path] = got.body
	}
	return seen
}

// TestCanary_SecretsOfResourcesAreNowhere sets, keeps, changes and removes secrets of
// configurations and looks for them, and for digests of them, wherever something is seen or stored.
func TestCanary_SecretsOfResourcesAreNowhere(t *testing.T) {
	s := newSite(t)
	b, ctx := s.signedIn(t, adminEmail), context.Background()
	workspace := firstWorkspace(t, s)
	made, err := s.app.Tokens.GenerateWorkspace(ctx, s.caller(t, adminEmail).Caller(), token.NewWorkspace{Name: "canary", Workspace: workspace,
		Policy: access.BuiltIn().Everything()})
	if err != nil {
		t.Fatal(err)
	}
	var answers strings.Builder
	call := func(method, path, body string, status int) answer {
		t.Helper()
		r, err := http.NewRequest(method, s.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+made.Secret.Reveal())
		r.Header.Set("Content-Type", "application/json")
		got := s.browser(t).do(r)
		if got.status != status {
			t.Fatalf("%s %s: %d %s", method, path, got.status, got.body)
		}
		fmt.Fprintln(&answers, got.header, got.body)
		return got
	}
	secrets := map[string]string{}
	next := func(name string) string {
		secrets[name] = "canary-" + rand.Text()
		return secrets[name]
	}
	created := call(http.MethodPost, "/v2/destinations", fmt.Sprintf(`{"name":"canary one","type":"POSTGRES","config":{"host":"canary.example",
		"password":%q,"hosts":[{"n":"a","API_KEY":%q}],"credentials":{"user":%q}}}`, next("a password"), next("one in a list"), next("a part of credentials")),
		http.StatusOK)
	var body struct{ Destination struct{ ID string } }
	if err := json.Unmarshal([]byte(created.body), &body); err != nil || body.Destination.ID == "" {
		t.Fatal(created.body, err)
	}
	path := "/v2/destinations/" + body.Destination.ID
	call(http.MethodPut, path, `{"name":"canary one","type":"POSTGRES","config":{"host":"other.example","hosts":[{"n":"a"}]}}`, http.StatusOK)
	page := b.get("/workspaces/" + workspace + "/resources?q=canary")
	for _, want := range []string{"password: set", "credentials: set", "hosts[0].API_KEY: set"} {
		if !strings.Contains(page.body, want) {
			t.Errorf("the page (%d) does not say %q", page.status, want)
		}
	}
	call(http.MethodPut, path, fmt.Sprintf(`{"config":{"host":"other.example","hosts":[],"password":%q}}`, next("the next password")), http.StatusOK)
	call(http.MethodPut, path, fmt.Sprintf(`{"version":0,"config":{"password":%q}}`, next("one in a refused request")), http.StatusBadRequest)
	call(http.MethodPut, path, fmt.Sprintf(`{"config":{"password":%q},`, next("one in a broken request")), http.StatusBadRequest)
	for _, read := range []string{path, "/v2/destinations", "/v2/destinations?per_page=1"} {
		call(http.MethodGet, read, "", http.StatusOK)
	}
	answers.WriteString(page.body)
	seen := s.everywhere(t, b)
	for where, text := range seen {
		if !strings.Contains(text, "canary one") {
			t.Errorf("%s does not tell of the destination: it proves nothing", where)
		}
	}
	seen["answers and pages"] = answers.String()
	for name, secret := range secrets {
		digest := sha256.Sum256([]byte(secret))
		quoted := sha256.Sum256([]byte(`"` + secret + `"`))
		for _, form := range []string{secret, hex.EncodeToString(digest[:]), hex.EncodeToString(quoted[:]),
			base64.StdEncoding.EncodeToString([]byte(secret)), hex.EncodeToString([]byte(secret))} {
			for where, text := range seen {
				if strings.Contains(text, form) {
					t.Errorf("%s is in %s", name, where)
				}
			}
			assertNowhere(t, s, name, form)
		}
	}
	values, err := s.app.Store.SealedValues(ctx, registry.Holder{Resource: body.Destination.ID, Part: registry.OfResource})
	if err != nil || len(values) != 2 {
		t.Errorf("%d secrets are stored, %v: it proves nothing", len(values), err)
	}
}

// TestExport_NeedsNoMoreMemoryForMore exports far more than it may hold.
func TestExport_NeedsNoMoreMemoryForMore(t *testing.T) {
	const events, each, most = 1500, 16 << 10, 12 << 20
	s := newSite(t)
	visitor, ada := s.signedIn(t, adminEmail), s.caller(t, adminEmail)
	long := `{"note":"` + strings.Repeat("x", each) + `"}`
	err := s.app.Store.InTx(context.Background(), actor.System(""), func(tx *store.Tx) error {
		var failed error
		for i := range events {
			target := audit.Target{Type: audit.TargetGroup, ID: fmt.Sprint("g", i), Name: "Group"}
			failed = errors.Join(failed, tx.AppendEvent(context.Background(), audit.Did(ada, audit.Created, target).Changed("", long)))
		}
		return failed
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"csv", "jsonl"} {
		r := httptest.NewRequest(http.MethodGet, s.URL+auditPages+"/export/"+format, nil)
		for _, cookie := range visitor.cookies() {
			r.AddCookie(cookie)
		}
		before, g := heapInUse(), &heapGauge{header: http.Header{}}
		s.app.Handler.ServeHTTP(g, r)
		if g.bytes < events*each {
			t.Errorf("%s: only %d bytes", format, g.bytes)
		}
		if g.peak > before+most {
			t.Errorf("%s: %d MB more in use while %d MB are exported", format, (g.peak-before)>>20, g.bytes>>20)
		}
	}
}
