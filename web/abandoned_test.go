package web_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"latchkey/web"
	"latchkey/web/respond"
	"latchkey/web/ui"
)

// answered is what the server answers to a request whose context is the given one.
func (r *rig) answered(ctx context.Context, q sent) *httptest.ResponseRecorder {
	r.t.Helper()
	request, err := http.NewRequestWithContext(ctx, q.method, q.path, strings.NewReader(q.body))
	if err != nil {
		r.t.Fatal(err)
	}
	request.RemoteAddr = "127.0.0.1:4711"
	if q.secret != "" {
		request.Header.Set("Authorization", "Bearer "+q.secret)
	}
	if q.body != "" {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, c := range q.by.cookies() {
		request.AddCookie(c)
	}
	w := httptest.NewRecorder()
	func() {
		defer func() {
			if p := recover(); p != nil && p != http.ErrAbortHandler {
				panic(p)
			}
		}()
		r.app.Handler.ServeHTTP(w, request)
	}()
	return w
}

// reads are requests to every row that reads, and to the routes before the router.
func (r *rig) reads() []sent {
	var reads []sent
	for _, row := range web.Rows(web.Deps{Pages: ui.New(ui.Deps{})}) {
		if row.Method == http.MethodGet {
			q := r.somebody(row.Door.Name)
			q.method, q.path = row.Method, r.fill(r.t, row.Path)
			reads = append(reads, q)
		}
	}
	verify := sent{by: r.browser(r.t), secret: r.workspace, method: http.MethodGet, path: "/auth/verify"}
	introspect := sent{by: r.browser(r.t), method: http.MethodPost, path: "/oauth2/introspect",
		body: "token=" + r.workspace + "&client_id=nobody&client_secret=wrong"}
	return append(reads, verify, introspect)
}

// TestRoutes_ARequestThatItsClientGaveUpIsNoErrorOfTheServer asks everything with a client that has gone.
func TestRoutes_ARequestThatItsClientGaveUpIsNoErrorOfTheServer(t *testing.T) {
	r := newRig(t)
	reads := r.reads()
	gone, leave := context.WithCancel(context.Background())
	leave()
	abandoned := 0
	for _, q := range reads {
		r.app.Verify.Forget() // so that verification asks the database
		before := len(r.logs.String())
		w := r.answered(gone, q)
		if w.Code == respond.StatusAbandoned {
			abandoned++
		}
		if log := r.logs.String()[before:]; w.Code == http.StatusInternalServerError || w.Code == http.StatusServiceUnavailable ||
			strings.Contains(log, "level=ERROR") {
			t.Errorf("%s %s: %d %s", q.method, q.path, w.Code, log)
		}
	}
	if abandoned < len(reads)/2 {
		t.Errorf("only %d of %d requests were abandoned", abandoned, len(reads))
	}
	if n := strings.Count(r.logs.String(), " status=499 "); n < abandoned/2 {
		t.Errorf("%d were abandoned, the log says so of %d", abandoned, n)
	}
}

// TestRoutes_WithoutAReadableDatabaseSayWhenToComeBack cuts the database short. What fails because of that is 503
// with Retry-After at every door, and no answer tells where the database is or what was asked.
func TestRoutes_WithoutAReadableDatabaseSayWhenToComeBack(t *testing.T) {
	r := newRig(t)
	reads := r.reads()
	r.exec(`PRAGMA wal_checkpoint(TRUNCATE)`)
	r.cut = true
	file := filepath.Join(r.data, "latchkey.db")
	if err := os.Truncate(file, 4096); err != nil {
		t.Fatal(err)
	}
	r.exec(`PRAGMA user_version = 0`) // a commit, so that readers forget the pages that they have in memory
	unavailable := 0
	for _, q := range reads {
		r.app.Verify.Forget()
		w := r.answered(t.Context(), q)
		switch {
		case w.Code == http.StatusServiceUnavailable && w.Header().Get("Retry-After") == "":
			t.Errorf("%s: 503 without Retry-After", q.path)
		case w.Code == http.StatusServiceUnavailable:
			unavailable++
		case w.Code == http.StatusInternalServerError:
			t.Errorf("%s: 500", q.path)
		}
		for _, private := range []string{r.data, "latchkey.db", "SELECT", "SQLITE", "malformed"} {
			if w.Code >= 500 && strings.Contains(w.Body.String(), private) {
				t.Errorf("%s tells %q", q.path, private)
			}
		}
	}
	if unavailable < len(reads)/2 {
		t.Errorf("only %d of %d requests were unavailable", unavailable, len(reads))
	}
}
