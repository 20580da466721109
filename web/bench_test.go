package web_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/segmentio/ksuid"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/policy"
	"latchkey/internal/store"
	"latchkey/internal/store/storetest"
	"latchkey/internal/token"
)

// withTokens gives the Admin as many personal tokens as asked for.
func (s *site) withTokens(t testing.TB, n int) {
	t.Helper()
	ctx := context.Background()
	admin := s.caller(t, adminEmail)
	for i := range n {
		_, err := s.app.Tokens.GeneratePersonal(ctx, admin.Caller(), token.NewPersonal{Name: fmt.Sprintf("bench-%03d", i),
			Workspace: firstWorkspace(t, s), Scope: "read_only", ExpiresAt: s.now().AddDate(0, 0, 90)})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// processTime is the processor time that this process has used.
func processTime(t testing.TB) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// benchPage measures one page as the server makes it: every middleware, query and byte,
// without the network. cpu-ms/op is processor time, which a busy machine does not stretch.
func benchPage(b *testing.B, path string, prepare func(*site)) {
	s := newSite(b)
	if prepare != nil {
		prepare(s)
	}
	visitor := s.signedIn(b, adminEmail)
	request := httptest.NewRequest(http.MethodGet, s.URL+path, nil)
	for _, cookie := range visitor.cookies() {
		request.AddCookie(cookie)
	}
	size := 0
	start := processTime(b)
	for b.Loop() {
		w := httptest.NewRecorder()
		s.app.Handler.ServeHTTP(w, request.Clone(context.Background()))
		if w.Code != http.StatusOK {
			b.Fatalf("%s: %d", path, w.Code)
		}
		size = w.Body.Len()
	}
	b.ReportMetric(float64(processTime(b)-start)/float64(b.N)/1e6, "cpu-ms/op")
	b.ReportMetric(float64(size)/1024, "KB")
}

func BenchmarkPage_Healthz(b *testing.B) { benchPage(b, "/healthz", nil) }
func BenchmarkPage_Home(b *testing.B)    { benchPage(b, "/", nil) }

func BenchmarkPage_ProfileWith50Tokens(b *testing.B) {
	benchPage(b, "/settings/profile", func(s *site) { s.withTokens(b, 50) })
}

func BenchmarkPage_WorkspaceTokens(b *testing.B) { benchPage(b, satRoot+"/workspace", nil) }

// withMembers fills the organization: a thousand members in two hundred groups and fifty
// workspaces.
func (s *site) withMembers(t testing.TB) {
	t.Helper()
	ctx, admin := context.Background(), s.caller(t, adminEmail)
	production := firstWorkspace(t, s)
	err := s.app.Store.InTx(ctx, actor.System(""), func(tx *store.Tx) error {
		var errs []error
		now := tx.Now()
		put := func(workspace string, kind policy.Kind, subject string) {
			errs = append(errs, tx.InsertPolicy(ctx, policy.Policy{ID: ksuid.New().String(), Organization: admin.Organization, Workspace: workspace,
				Kind: kind, Subject: subject, Body: access.Policy{"source:edit": access.Everywhere()}, Version: 1, UpdatedAt: now}))
		}
		for i := range 48 {
			w := account.Workspace{ID: fmt.Sprintf("w%d", i), Organization: admin.Organization, Name: fmt.Sprintf("Workspace %d", i),
				Environment: account.Development, Region: "US", CreatedAt: now, UpdatedAt: now}
			errs = append(errs, tx.InsertWorkspace(ctx, w))
			put(w.ID, policy.Baseline, "")
		}
		for i := range 200 {
			g := account.Group{ID: fmt.Sprintf("g%d", i), Organization: admin.Organization, Name: fmt.Sprintf("Group %d", i),
				CreatedAt: now, UpdatedAt: now}
			errs = append(errs, tx.InsertGroup(ctx, g))
			put(production, policy.OfGroup, g.ID)
		}
		for i := range 1000 {
			m := account.Member{ID: fmt.Sprintf("m%d", i), Organization: admin.Organization, Email: fmt.Sprintf("m%d@acme.example", i),
				Name: fmt.Sprintf("Member %d", i), Role: access.RoleMember, Status: account.Active, CreatedAt: now, UpdatedAt: now}
			errs = append(errs, tx.InsertMember(ctx, m, ""), tx.AddToGroup(ctx, fmt.Sprintf("g%d", i%200), m.ID),
				tx.AddToGroup(ctx, fmt.Sprintf("g%d", (i+7)%200), m.ID))
			put(fmt.Sprintf("w%d", i%48), policy.OfMember, m.ID)
		}
		for i := range 5000 {
			errs = append(errs, storetest.InsertResource(ctx, tx, production, policy.Resource{ID: fmt.Sprintf("%027d", i),
				Type: "source", Name: fmt.Sprintf("Source %d", i)}))
		}
		return errors.Join(errs...)
	})
	if err != nil {
		t.Fatal(err)
	}
}

const manage = "/settings/access-management"

func BenchmarkLarge_Users(b *testing.B) {
	benchPage(b, manage+"/users", func(s *site) { s.withMembers(b) })
}
func BenchmarkLarge_Member(b *testing.B) {
	benchPage(b, manage+"/users/m1", func(s *site) { s.withMembers(b) })
}
func BenchmarkLarge_Groups(b *testing.B) {
	benchPage(b, manage+"/groups", func(s *site) { s.withMembers(b) })
}
func BenchmarkLarge_Baselines(b *testing.B) {
	benchPage(b, manage+"/baseline-policies", func(s *site) { s.withMembers(b) })
}
func BenchmarkLarge_Invitations(b *testing.B) {
	benchPage(b, manage+"/invitations", func(s *site) { s.withMembers(b) })
}
func BenchmarkLarge_Workspaces(b *testing.B) {
	benchPage(b, "/settings/workspaces", func(s *site) { s.withMembers(b) })
}
func BenchmarkLarge_Group(b *testing.B) {
	benchPage(b, manage+"/groups/g1", func(s *site) { s.withMembers(b) })
}

func TestPages_FiveHundredAtOnceAllAnswer(t *testing.T) {
	s := newSite(t)
	visitors := []*browser{s.signedIn(t, adminEmail), s.signedIn(t, editorEmail), s.signedIn(t, viewerEmail)}
	paths := []string{"/", "/settings/profile"}
	var failed atomic.Int32
	var wg sync.WaitGroup
	for i := range 500 {
		wg.Go(func() {
			r, err := http.NewRequest(http.MethodGet, s.URL+paths[i%len(paths)], nil)
			if err != nil {
				failed.Add(1)
				return
			}
			resp, err := visitors[i%len(visitors)].Do(r)
			if err != nil || resp.StatusCode != http.StatusOK {
				failed.Add(1)
			}
			if err == nil {
				resp.Body.Close()
			}
		})
	}
	wg.Wait()
	if n := failed.Load(); n != 0 {
		t.Errorf("%d of 500 page views failed", n)
	}
}
