package web_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/config"
	"latchkey/internal/store/pgtest"
	"latchkey/internal/store/storetest"
	"latchkey/internal/token"
	"latchkey/web/api"
	"latchkey/web/scim"
)

// BenchmarkSize makes an organization of the size that pages must cope with, prints what each page and
// each list of the APIs costs there, and fails when one costs more than it may.
func BenchmarkSize(b *testing.B) {
	for _, engine := range []struct {
		name string
		open func() config.Config
		most time.Duration // of processor time; PostgreSQL has processes of its own, so there it is time
	}{
		{"SQLite", func() config.Config { return config.Config{Data: folderOf(storetest.Empty(b))} }, 50 * time.Millisecond},
		{"Postgres", func() config.Config {
			return config.Config{DatabaseURL: pgtest.Migrated(b), SecretKeyFile: secretKeyFile(b)}
		}, 100 * time.Millisecond},
	} {
		b.Run(engine.name, func(b *testing.B) {
			cfg := engine.open()
			s := newSiteOn(b, cfg)
			size := grown()
			if cfg.DatabaseURL != "" {
				size.events /= 10 // it takes minutes to write them
			}
			l := s.grow(b, cfg, size)
			for b.Loop() {
				for _, a := range s.asks(b, l, size) {
					cost, size := a.cost(b, s, cfg.DatabaseURL != "")
					fmt.Printf("%-9s %-7s %7.1f ms %8.1f KB  %s\n", engine.name, a.who, float64(cost)/1e6, float64(size)/1024, a.path)
					most := engine.most
					if strings.HasPrefix(a.path, "/search?q=") {
						most = most * 2 / 5 // somebody is typing
					}
					if cost > most {
						b.Errorf("%s for a %s costs %v, more than %v", a.path, a.who, cost, most)
					}
				}
			}
		})
	}
}

// ask is one request.
type ask struct {
	who, path string
	header    http.Header
}

// serve answers the request.
func (a ask) serve(t testing.TB, s *site) int {
	t.Helper()
	r, w := httptest.NewRequest(http.MethodGet, s.URL+a.path, nil), httptest.NewRecorder()
	r.Header = a.header.Clone()
	s.app.Handler.ServeHTTP(w, r)
	if w.Code >= http.StatusInternalServerError || strings.HasPrefix(a.path, "/v2/") && w.Code != http.StatusOK {
		t.Errorf("%s for a %s: %d %s", a.path, a.who, w.Code, w.Body)
	}
	return w.Body.Len()
}

// cost serves the request some times and returns what the cheapest of them cost, which is the one
// that nothing else disturbed: processor time, or all of the time.
func (a ask) cost(t testing.TB, s *site, elapsed bool) (best time.Duration, size int) {
	t.Helper()
	const tries = 5
	best = time.Hour
	for range tries {
		begun, start := time.Now(), processTime(t)
		size = a.serve(t, s)
		if elapsed {
			best = min(best, time.Since(begun))
		} else {
			best = min(best, processTime(t)-start)
		}
	}
	return best, size
}

// asks returns what the benchmark asks for: every page that a GET shows, the lists in other orders
// and with searches, for an Admin and a Member, and the lists of the APIs.
func (s *site) asks(t testing.TB, l *filledLog, size amounts) []ask {
	t.Helper()
	var asks []ask
	visitors := map[string]http.Header{"Admin": s.cookieHeader(t, adminEmail), "Member": s.cookieHeader(t, editorEmail)}
	mine := s.rotated(t)
	places := strings.NewReplacer("personal-access-tokens/:id", "personal-access-tokens/"+mine, "/tokens/:id", "/tokens/"+mine,
		"service-access-tokens/:id", "service-access-tokens/"+sizeToken(size.own*2), "users/:id", "users/"+s.caller(t, editorEmail).ID,
		"groups/:id", "groups/"+groupID(1), "invitations/:id", "invitations/sizeinvitation0000000000003",
		"settings/workspaces/:id", "settings/workspaces/"+firstWorkspace(t, s), "/workspaces/:id", "/workspaces/"+firstWorkspace(t, s),
		"audit-logs/:id", "audit-logs/"+l.at(0.5), ":workspace", firstWorkspace(t, s), ":token", sizeToken(size.own))
	for _, p := range pages() {
		if p.Method != http.MethodGet || strings.Contains(p.Path, "/export/") {
			continue // an export reads everything that it writes
		}
		path := places.Replace(p.Path)
		if strings.Contains(path, ":") {
			continue // of a migration, which has a staging area of its own
		}
		asks = append(asks, ask{"Admin", path, visitors["Admin"]})
		if p.Needs == "" {
			asks = append(asks, ask{"Member", path, visitors["Member"]})
		}
	}
	for _, path := range sizeVariants(s, t) {
		asks = append(asks, ask{"Admin", path, visitors["Admin"]})
	}
	return append(asks, s.apiAsks(t, l)...)
}

// rotated returns the id of a personal token of the Admin, of which two values work.
func (s *site) rotated(t testing.TB) string {
	t.Helper()
	admin := s.caller(t, adminEmail)
	mine, err := every(s.app.Tokens.Personal(context.Background(), admin, token.Listing{}))
	i := slices.IndexFunc(mine, func(one token.Token) bool { return !token.ExpiredAt(one.ExpiresAt, time.Now().Add(time.Hour)) })
	if err != nil || i < 0 {
		t.Fatalf("no live token of the Admin's: %v", err)
	}
	if _, err := s.app.Tokens.Rotate(context.Background(), admin.Caller(), mine[i].ID,
		token.Rotation{Overlap: time.Hour, SameLength: true}); err != nil {
		t.Fatal(err)
	}
	return mine[i].ID
}

// sizeVariants are lists in other orders, with searches, and at their end.
func sizeVariants(s *site, t testing.TB) []string {
	var paths []string
	for _, list := range []struct{ path, sorts string }{
		{manage + "/users", "email role seen tokens"}, {satRoot + "/workspace", "name created used expires"},
		{"/settings/profile", "name used expires"}, {manage + "/groups", "members"},
	} {
		for _, sort := range strings.Fields(list.sorts) {
			paths = append(paths, list.path+"?sort="+sort, list.path+"?sort=-"+sort)
		}
		paths = append(paths, list.path+"?q=97", list.path+"?q=nothing+like+this", list.path+"?page=60")
	}
	for _, query := range inventoryQueries(s, t) {
		paths = append(paths, manage+"/tokens"+query)
	}
	paths = append(paths, manage+"/tokens/delete?token="+sizeToken(77)+"&token="+sizeToken(80), manage+"/tokens/shorten?token="+sizeToken(77),
		manage+"/tokens/delete?all=1&owner=size97")
	chosen := "?member=" + memberID(1) + "&member=" + memberID(2)
	return append(paths, manage+"/users/"+memberID(77), manage+"/users/"+memberID(77)+"/make-member", manage+"/users/delete"+chosen,
		manage+"/users/add-to-groups"+chosen, manage+"/explain?token="+sizeToken(77), manage+"/explain?q=97",
		"/search?q=97", "/search?q=nothing+like+this", "/search?q=size", "/search?q=abcd",
		"/search?q=%C3%9Cn%C3%AFco+d%C3%A9",
		"/needs-attention?show=refused-often", "/needs-attention?show=unused", "/settings/workspaces?page=2",
		manage+"/invitations?q=97", manage+"/invitations?show=accepted",
		"/settings/audit-logs?by="+s.caller(t, adminEmail).ID)
}

// inventoryQueries has every filter of the inventory, those that nothing matches, and every order.
func inventoryQueries(s *site, t testing.TB) []string {
	place, source := "sizeworkspace00000000000005", "sizesource00000000000000004"
	breaks := func(r token.Rules) string {
		checked, err := r.Check()
		if err != nil {
			t.Fatal(err)
		}
		return "?breaks=" + url.QueryEscape(checked.String())
	}
	few := token.Rules{Personal: token.Lifetime{Longest: 3650}, Service: token.Lifetime{Longest: 3650}}
	return []string{breaks(few), breaks(few) + "&sort=name", breaks(token.Rules{NeedAddresses: true}),
		breaks(token.Rules{Makers: token.Nobody}) + "&sort=expires",
		breaks(token.Rules{ReadOnly: true, NeedAddresses: true, Personal: token.Lifetime{Longest: 30}}) + "&q=nothing+like+this",
		breaks(token.Rules{Makers: token.InGroups, Groups: []string{groupID(1), groupID(2)}, ReadOnly: true}), "?breaks=1",
		"?sort=name", "?sort=-name&page=30", "?sort=expires", "?sort=-expires", "?sort=created", "?sort=used", "?page=3000",
		"?kind=personal", "?kind=personal&sort=expires", "?kind=personal&sort=name", "?kind=workspace", "?kind=organization",
		"?owner=" + s.caller(t, adminEmail).ID, "?owner=size97", "?owner=size", "?owner=nothing+like+this", "?workspace=" + place,
		"?workspace=" + place + "&state=active&sort=used", "?state=active", "?state=expires_soon", "?state=expired", "?state=suspended",
		"?state=expired&sort=name", "?expires=7d", "?expires=1y", "?expires=later", "?expires=none", "?from=2031-01-01&to=2031-02-01",
		"?unused=30d", "?unused=90d", "?unused=1y", "?unused=90d&workspace=" + place, "?maker=ada", "?maker=nothing+like+this",
		"?grants=source:edit", "?grants=destination:data_access", "?grants=destination:data_access&state=active",
		"?grants=source:edit&workspace=" + place, "?grants=source:edit&resource=" + source, "?grants=source:edit&owner=size97",
		"?q=97", "?q=nothing+like+this", "?q=abcd", "?q=" + sizeToken(77)}
}

func (s *site) cookieHeader(t testing.TB, email string) http.Header {
	r := httptest.NewRequest(http.MethodGet, s.URL, nil)
	for _, cookie := range s.signedIn(t, email).cookies() {
		r.AddCookie(cookie)
	}
	return r.Header
}

// apiAsks are the lists of the public API, of the audit log and of SCIM.
func (s *site) apiAsks(t testing.TB, l *filledLog) []ask {
	ctx, admin := context.Background(), s.caller(t, adminEmail)
	workspace, err := s.app.Tokens.GenerateWorkspace(ctx, admin.Caller(), token.NewWorkspace{Name: "size", Workspace: firstWorkspace(t, s),
		Policy: access.Policy{"source:edit": access.Everywhere()}})
	if err != nil {
		t.Fatal(err)
	}
	organization, err := s.app.Tokens.GenerateOrganization(ctx, admin.Caller(), token.NewOrganization{Name: "size"})
	if err != nil {
		t.Fatal(err)
	}
	bearer := func(made token.Generated) http.Header {
		return http.Header{"Authorization": {"Bearer " + made.Secret.Reveal()}}
	}
	var asks []ask
	for _, r := range append(api.Routes(nil), api.WorkspaceRoutes(nil)...) {
		if r.Method == http.MethodGet && !strings.Contains(r.Path, ":") && !r.Open && !strings.Contains(r.Path, "audit") {
			asks = append(asks, ask{"token", r.Path, bearer(workspace)})
		}
	}
	log := "/v2/audit-logs"
	for _, query := range []string{"", "?after_cursor=" + l.at(0.5), "?page=5000", "?token_id=" + l.token, "?target_id=" + admin.ID,
		"?token_id=pat-Ada", "?target_id=sourc00000000000000000001"} {
		asks = append(asks, ask{"token", log + query, bearer(organization)})
	}
	for _, path := range []string{"/v2/sources?page=500", "/v2/destinations?page=100"} {
		asks = append(asks, ask{"token", path, bearer(workspace)})
	}
	for _, path := range []string{"/Users", "/Users?startIndex=4900&count=100", "/Users?filter=userName+eq+%22size77@acme.example%22",
		"/Users/" + memberID(77), "/Groups", "/Groups?startIndex=150&count=100", "/Groups/" + groupID(1),
		"/Groups?filter=displayName+eq+%22Size+group+7%22"} {
		asks = append(asks, ask{"token", scim.Base + path, bearer(organization)})
	}
	return asks
}

func folderOf(path string) string { return path[:strings.LastIndex(path, "/")] }
