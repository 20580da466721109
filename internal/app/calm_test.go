package app_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/app"
	"latchkey/internal/audit"
	"latchkey/internal/config"
)

// journal is a log that the server writes while a test reads.
type journal struct {
	mu   sync.Mutex
	text strings.Builder
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) count(part string) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return strings.Count(j.text.String(), part)
}

func TestReady_IsRedWhileTheDiskIsFullAndSaysSoOncePerMinute(t *testing.T) {
	folder, log := t.TempDir(), &journal{}
	a, err := app.New(t.Context(), config.Config{Addr: "127.0.0.1:0", Data: folder, LogLevel: "info", LogFormat: "text"},
		app.Options{Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	ready := func(method string) (int, string) {
		w := httptest.NewRecorder()
		a.Handler.ServeHTTP(w, httptest.NewRequestWithContext(context.Background(), method, "/readyz", nil))
		return w.Code, w.Body.String()
	}
	if status, text := ready(http.MethodGet); status != 200 || text != "ready\n" {
		t.Fatalf("before: %d %q", status, text)
	}
	for range 3 { // three probes, a second apart, and more requests than that
		if err := os.Symlink("/dev/full", filepath.Join(folder, ".latchkey-probe")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(1100 * time.Millisecond)
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			if status, text := ready(method); status != 503 || method == http.MethodGet && text != "the database cannot be written to\n" {
				t.Errorf("%s while the disk is full: %d %q", method, status, text)
			}
		}
	}
	if n := log.count("not ready"); n != 1 || log.count("no space left on device") != 1 {
		t.Errorf("the log says %d times that the server is not ready:\n%s", n, log.text.String())
	}
	time.Sleep(1100 * time.Millisecond)
	if status, _ := ready(http.MethodGet); status != 200 {
		t.Errorf("with room again: %d", status)
	}
}

func TestReady_BackgroundWorkThatCannotWriteSaysSoOncePerMinute(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	log := &journal{}
	a, err := app.New(ctx, config.Config{Addr: "127.0.0.1:0", Data: t.TempDir(), LogLevel: "info", LogFormat: "text"}, app.Options{Log: log})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Store.Close(); err != nil { // no write succeeds any more
		t.Fatal(err)
	}
	a.Audit.Refused(audit.Attempt{Action: audit.UsedAfterRevocation, Organization: "o", Kind: access.OrganizationToken,
		Token: "t", Name: "old"})
	ended := make(chan error, 1)
	go func() {
		a.Audit.Run(ctx)
		ended <- nil
	}()
	time.Sleep(3500 * time.Millisecond)
	stop()
	<-ended
	if n := log.count("cannot write refused attempts"); n != 1 {
		t.Errorf("%d lines in three and a half seconds, want 1", n)
	}
}
