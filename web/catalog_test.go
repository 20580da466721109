package web_test

import (
	"context"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/apiclient"
	"latchkey/internal/app"
	"latchkey/internal/config"
	"latchkey/internal/policy"
	"latchkey/internal/token"
)

// TestCatalog_TypesOfTheFileAreUsedEverywhereAndGrantNothingOnceGone starts a server with a
// catalogue file, gives its permissions to a token and a policy, and starts it again with a
// file that has them no longer.
func TestCatalog_TypesOfTheFileAreUsedEverywhereAndGrantNothingOnceGone(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "catalog.yaml")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("types:\n  - {type: invoice, label: Invoices, actions: [edit, {action: refund, label: Refund}]}\n")
	s := newSiteOn(t, config.Config{Data: dir, Catalog: file})
	ctx, admin, workspace := context.Background(), s.caller(t, adminEmail), firstWorkspace(t, s)
	baseline := policy.Place{Kind: policy.Baseline, Workspace: workspace}
	view, err := s.app.Policies.At(ctx, admin, baseline)
	if err != nil {
		t.Fatal(err)
	}
	body := view.Body.Clone()
	body["invoice:edit"] = access.Everywhere()
	if _, err := s.app.Policies.Save(ctx, admin.Caller(), baseline, view.Revision(), body); err != nil {
		t.Fatal(err)
	}
	made, err := s.app.Tokens.GenerateWorkspace(ctx, admin.Caller(), token.NewWorkspace{Name: "billing", Workspace: workspace,
		Policy: access.Policy{"invoice:refund": access.Everywhere()}})
	if err != nil {
		t.Fatal(err)
	}
	readOnly, err := s.app.Tokens.GeneratePersonal(ctx, admin.Caller(), token.NewPersonal{Name: "ro", Workspace: workspace,
		Scope: "read_only"})
	if err != nil {
		t.Fatal(err)
	}
	editor := "/settings/access-management/baseline-policies/" + workspace
	if page := s.signedIn(t, adminEmail).get(editor); page.status != http.StatusOK || !strings.Contains(page.body, "Invoices") {
		t.Errorf("the editor: %d, and it must have the section of the file", page.status)
	}
	secret := made.Secret.Reveal()
	s.asksFor(t, secret, "invoice:refund", http.StatusOK)
	s.asksFor(t, secret, "invoice:edit", http.StatusOK)
	s.asksFor(t, readOnly.Secret.Reveal(), "invoice:refund", http.StatusForbidden)
	if scope := s.introspected(t, secret); !strings.Contains(scope, "invoice:edit invoice:refund") {
		t.Errorf("the scope is %q", scope)
	}

	s.Close()
	if err := s.app.Close(); err != nil {
		t.Fatal(err)
	}
	write("types:\n  - {type: ledger, label: Ledgers, actions: [edit]}\n")
	again := newSiteOn(t, config.Config{Data: dir, Catalog: file}, func(o *app.Options) { o.Demo = nil })
	again.asksFor(t, secret, "invoice:refund", http.StatusForbidden)
	again.asksFor(t, secret, "invoice:edit", http.StatusForbidden)
	if scope := again.introspected(t, secret); !strings.HasPrefix(scope, "workspace:view") || strings.Contains(scope, "invoice") {
		t.Errorf("without the type the scope is %q", scope)
	}
	b := again.signedIn(t, adminEmail)
	for _, path := range []string{editor, satRoot + "/" + made.ID} {
		if page := b.get(path); page.status != http.StatusOK || !strings.Contains(page.body, "invoice:") ||
			!strings.Contains(page.body, "is unknown and has no effect") {
			t.Errorf("%s: %d, and it must show what is unknown", path, page.status)
		}
	}
	if view, err = again.app.Policies.At(ctx, admin, baseline); err != nil || !view.Body["invoice:edit"].Unlimited() {
		t.Errorf("the policy lost what the file lost: %v, %v", view.Body, err)
	}
}

// asksFor asks forward-auth about a permission.
func (s *site) asksFor(t *testing.T, secret, permission string, want int) {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, s.URL+"/auth/verify?permission="+permission, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+secret)
	if got := s.browser(t).do(r); got.status != want {
		t.Errorf("%s: %d %s, want %d", permission, got.status, got.body, want)
	}
}

// introspected is the scope that an API client is told.
func (s *site) introspected(t *testing.T, secret string) string {
	t.Helper()
	c, err := s.app.Clients.Register(context.Background(), s.caller(t, adminEmail).Caller(), apiclient.NewClient{Name: "asks " + s.URL})
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequest(http.MethodPost, s.URL+"/oauth2/introspect", strings.NewReader(url.Values{"token": {secret}}.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth(c.ID, c.Secret.Reveal())
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	_, scope, _ := strings.Cut(s.browser(t).do(r).body, `"scope":"`)
	scope, _, _ = strings.Cut(scope, `"`)
	return scope
}
