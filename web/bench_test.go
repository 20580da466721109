package web_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"latchkey/internal/token"
)

// withTokens gives the Admin as many personal tokens as asked for.
func (s *site) withTokens(t testing.TB, n int) {
	t.Helper()
	ctx := context.Background()
	admin := s.caller(t, adminEmail)
	for i := range n {
		_, err := s.app.Tokens.GeneratePersonal(ctx, admin, token.NewPersonal{Name: fmt.Sprintf("bench-%03d", i),
			Workspace: firstWorkspace(t, s), Scope: "read_only", Expiration: "90d", Submission: fmt.Sprint("bench", i)})
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
