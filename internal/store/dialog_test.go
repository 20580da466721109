package store_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"latchkey/internal/apiclient"
	"latchkey/internal/app"
	"latchkey/internal/config"
	"latchkey/internal/demo"
	"latchkey/internal/invitation"
	"latchkey/internal/random"
	"latchkey/internal/signin"
	"latchkey/internal/store/storetest"
)

// dialogs are the dialogs that an Admin opens by a link, each with the most queries it may need
// when a script asks for it. Four of them find the session and the visitor. The words in braces
// stand for ids; see ids.
var dialogs = []struct {
	path string
	most int64
}{
	{"/settings/profile/personal-access-tokens/new", 6},
	{"/settings/profile/personal-access-tokens/{own}/delete", 5},
	{"/settings/profile/name", 4},
	{"/settings/profile/password", 4},
	{"/settings/access-management/service-access-tokens/organization/new", 5},
	{"/settings/access-management/service-access-tokens/{service}/delete", 5},
	{"/settings/access-management/users/add-to-groups?member={member}", 9},
	{"/settings/access-management/users/delete?member={member}", 7},
	{"/settings/access-management/users/{admin}/tokens/{own}/delete", 5},
	{"/settings/access-management/users/{member}/policies/new", 11},
	{"/settings/access-management/users/{member}/policies/{workspace}/remove", 10},
	{"/settings/access-management/users/{member}/make-admin", 7},
	{"/settings/access-management/users/{member}/make-member", 7},
	{"/settings/access-management/users/{member}/deactivate", 7},
	{"/settings/access-management/users/{member}/reactivate", 7},
	{"/settings/access-management/invitations/new", 8},
	{"/settings/access-management/invitations/{invitation}/delete", 7},
	{"/settings/access-management/groups/new", 6},
	{"/settings/access-management/groups/{group}/edit", 9},
	{"/settings/access-management/groups/{group}/delete", 9},
	{"/settings/access-management/groups/{group}/members/remove?member={member}", 10},
	{"/settings/access-management/groups/{group}/policies/new", 9},
	{"/settings/access-management/groups/{group}/policies/{linked}/remove", 10},
	{"/settings/workspaces/new", 4},
	{"/settings/workspaces/{workspace}/edit", 11},
	{"/settings/workspaces/{workspace}/delete", 11},
	{"/settings/access-management/api-clients/new", 4},
	{"/settings/access-management/api-clients/{client}/delete", 5},
	{"/settings/access-management/migration/reset", 4},
	{"/settings/audit-logs/{event}", 6},
}

// ids finds one thing of each kind in the demonstration's data.
func ids(t *testing.T, a *app.App) *strings.Replacer {
	t.Helper()
	find := func(query string) string {
		text, err := a.Store.Text(t.Context(), query)
		if err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		return text
	}
	admin := storetest.SignIn(t, a.Store, find(`SELECT id FROM members WHERE email = 'admin@acme.example'`))
	workspace := find(`SELECT workspace_id FROM policies WHERE kind = 'member' ORDER BY id`)
	client, err := a.Clients.Register(t.Context(), admin.Caller(), apiclient.NewClient{Name: "Billing"})
	if err != nil {
		t.Fatal(err)
	}
	invited, err := a.Invitations.Invite(t.Context(), admin.Caller(),
		invitation.NewInvitations{Emails: []string{"new@acme.example"}, Role: "member",
			Workspaces: []string{workspace}}, func(random.Secret) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer("{admin}", admin.ID, "{workspace}", workspace, "{client}", client.ID, "{invitation}", invited.Sent[0].ID,
		"{own}", find(`SELECT id FROM tokens WHERE kind = 'personal' AND deleted_at IS NULL AND owner_id = '`+admin.ID+`'`),
		"{service}", find(`SELECT id FROM tokens WHERE kind = 'workspace' AND deleted_at IS NULL`),
		"{member}", find(`SELECT member_id FROM policies WHERE kind = 'member' ORDER BY id`),
		"{group}", find(`SELECT group_id FROM policies WHERE kind = 'group' ORDER BY id`),
		"{linked}", find(`SELECT workspace_id FROM policies WHERE kind = 'group' ORDER BY id`),
		"{event}", find(`SELECT id FROM audit_events ORDER BY seq DESC`))
}

// TestDialogs_AloneNeedFewQueries opens each dialog as a script does: only what stands in it is
// loaded, beside the session and the visitor.
func TestDialogs_AloneNeedFewQueries(t *testing.T) {
	a, err := app.New(t.Context(), config.Config{Data: t.TempDir(), Addr: "127.0.0.1:0"},
		app.Options{Cost: signin.Cost{MemoryKiB: 64, Iterations: 1}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	if err := demo.Seed(t.Context(), a.Store, a.Hasher, a.Secrets); err != nil {
		t.Fatal(err)
	}
	at, queries := ids(t, a), a.Store.CountQueries()
	ask := func(method, path, body, cookie string) *httptest.ResponseRecorder {
		r, w := httptest.NewRequest(method, path, strings.NewReader(body)), httptest.NewRecorder()
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Latchkey-Dialog", "1")
		r.Header.Set("Cookie", cookie)
		a.Handler.ServeHTTP(w, r)
		return w
	}
	form := url.Values{"email": {"admin@acme.example"}, "password": {demo.Password}}
	var cookies []string
	for _, c := range ask(http.MethodPost, "/sign-in", form.Encode(), "").Result().Cookies() {
		cookies = append(cookies, c.Name+"="+c.Value)
	}
	cookie := strings.Join(cookies, "; ")
	for _, d := range dialogs {
		before := queries()
		got := ask(http.MethodGet, at.Replace(d.path), "", cookie)
		if got.Code != http.StatusOK || !strings.HasPrefix(got.Body.String(), "<dialog ") {
			t.Errorf("%s: %d %.200s", d.path, got.Code, got.Body)
		}
		if n := queries() - before; n == 0 || n > d.most {
			t.Errorf("%s needs %d queries, more than %d", d.path, n, d.most)
		}
	}
}
