package witness

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/internal/audit"
)

func head(t *testing.T, seq int64) audit.SignedHead {
	t.Helper()
	k, err := audit.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	return k.Sign(audit.Anchor{Seq: seq, Hash: audit.Genesis()}, time.UnixMilli(1))
}

// quiet is a log that a test reads.
type quiet struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (q *quiet) Write(p []byte) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.text.Write(p)
}

func (q *quiet) String() string { q.mu.Lock(); defer q.mu.Unlock(); return q.text.String() }

func TestSender_AppendsEachHeadToAFileOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "heads.jsonl")
	first, second := head(t, 1), head(t, 2)
	for _, h := range []audit.SignedHead{first, second, second} { // as after a restart
		s := ToFile(path, slog.New(slog.DiscardHandler))
		s.Send(h)
		s.Close()
	}
	text, err := os.ReadFile(path)
	heads, unreadable := audit.ReadHeads(text)
	if err != nil || len(heads) != 2 || unreadable != 0 || heads[1].Key != second.Key {
		t.Errorf("%d heads, %d unreadable, %v:\n%s", len(heads), unreadable, err, text)
	}
	// A power failure has cut off the last line.
	if err := os.WriteFile(path, text[:len(text)-20], 0o600); err != nil {
		t.Fatal(err)
	}
	s := ToFile(path, slog.New(slog.DiscardHandler))
	s.Send(second)
	s.Close()
	text, _ = os.ReadFile(path)
	if heads, unreadable := audit.ReadHeads(text); len(heads) != 2 || unreadable != 1 {
		t.Errorf("after a cut line: %d heads, %d unreadable:\n%s", len(heads), unreadable, text)
	}
}

func TestSender_IsNotHeldUpByAPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := exec.Command("mkfifo", path).Run(); err != nil {
		t.Fatal("mkfifo: ", err)
	}
	var log quiet
	s := ToFile(path, slog.New(slog.NewTextHandler(&log, nil)))
	s.Send(head(t, 1))
	if s.Close(); !strings.Contains(log.String(), "is not a file") {
		t.Errorf("the log says %q", log.String())
	}
}

// received is a server that records what it gets and answers with a status.
type received struct {
	mu     sync.Mutex
	status int
	bodies []string
}

func (r *received) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	if req.Method == http.MethodPost && r.status < 300 {
		r.bodies = append(r.bodies, string(body))
	}
	w.Header().Set("Location", "/elsewhere")
	w.WriteHeader(r.status)
}

func (r *received) answer(status int) { r.mu.Lock(); defer r.mu.Unlock(); r.status = status }

func (r *received) count() int { r.mu.Lock(); defer r.mu.Unlock(); return len(r.bodies) }

func TestSender_PostsAndTriesAgain(t *testing.T) {
	server := &received{status: http.StatusInternalServerError}
	ts := httptest.NewServer(server)
	defer ts.Close()
	var log quiet
	s := ToURL(strings.Replace(ts.URL, "http://", "http://user:hidden@", 1)+"/heads?key=hidden", true,
		slog.New(slog.NewTextHandler(&log, nil)))
	s.retry = 10 * time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); s.Run(ctx) }()
	began := time.Now()
	for seq := range int64(mostPending + 50) {
		s.Send(head(t, seq+1))
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("sending blocked for %v", took)
	}
	for _, status := range []int{http.StatusFound, http.StatusTemporaryRedirect, http.StatusTooManyRequests} {
		server.answer(status)
		time.Sleep(50 * time.Millisecond)
	}
	if server.count() != 0 {
		t.Errorf("%d heads were delivered to somewhere else", server.count())
	}
	server.answer(http.StatusNoContent)
	for end := time.Now().Add(10 * time.Second); server.count() < mostPending && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}
	cancel()
	<-ended
	if n := server.count(); n != mostPending {
		t.Errorf("%d heads were delivered, want the newest %d", n, mostPending)
	}
	heads, unreadable := audit.ReadHeads([]byte(strings.Join(server.bodies, "")))
	if unreadable != 0 || heads[0].Seq != 51 || heads[len(heads)-1].Seq != mostPending+50 {
		t.Errorf("from %d to %d, %d unreadable", heads[0].Seq, heads[len(heads)-1].Seq, unreadable)
	}
	if text := log.String(); !strings.Contains(text, "trying again") || strings.Contains(text, "hidden") {
		t.Errorf("the log says:\n%s", text)
	}
}

func TestSender_IsBoundedInTime(t *testing.T) {
	hang := make(chan struct{})
	ts := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hang }))
	defer ts.Close()
	defer close(hang)
	p := newPoster(ts.URL, true)
	p.client.Timeout = 50 * time.Millisecond
	if err := p.post(t.Context(), []byte("{}\n")); err == nil {
		t.Error("a server that never answers has taken the head")
	}
	s := ToURL(ts.URL, true, slog.New(slog.DiscardHandler))
	s.Send(head(t, 1))
	began := time.Now()
	if s.Close(); time.Since(began) > drainTimeout+2*time.Second {
		t.Errorf("closing took %v", time.Since(began))
	}
}

func TestPost_ReachesPrivateAddressesOnlyIfAllowed(t *testing.T) {
	server := &received{status: http.StatusOK}
	ts := httptest.NewServer(server)
	defer ts.Close()
	for _, target := range []string{ts.URL, strings.Replace(ts.URL, "127.0.0.1", "localhost", 1)} {
		err := newPoster(target, false).post(t.Context(), []byte("{}\n"))
		if err == nil || !strings.Contains(err.Error(), "is a private address") || server.count() != 0 {
			t.Errorf("%s: %v, %d requests", target, err, server.count())
		}
	}
	for address, public := range map[string]bool{
		"93.184.216.34:443": true, "[2606:4700::1111]:443": true, "127.0.0.1:80": false, "[::1]:80": false, "10.1.2.3:80": false,
		"192.168.0.1:80": false, "172.16.0.1:80": false, "169.254.169.254:80": false, "[fe80::1%eth0]:80": false, "[fd00::1]:80": false,
		"0.0.0.0:80": false, "[::]:80": false, "100.64.0.1:80": false, "[::ffff:127.0.0.1]:80": false, "[::ffff:10.0.0.1]:80": false,
		"[64:ff9b::7f00:1]:80": false, "[2002:7f00:1::]:80": false, "224.0.0.1:80": false, "255.255.255.255:80": false, "[::127.0.0.1]:80": false,
	} {
		if err := publicOnly(address); (err == nil) != public {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestMemory_KeepsTheLastHead(t *testing.T) {
	m := MemoryOf(filepath.Join(t.TempDir(), "audit.key"))
	if _, found, err := m.Last(); found || err != nil {
		t.Errorf("a new one: %v, %v", found, err)
	}
	for seq := range int64(3) {
		if err := m.Keep(head(t, seq+1)); err != nil {
			t.Fatal(err)
		}
	}
	if h, found, err := m.Last(); !found || err != nil || h.Seq != 3 {
		t.Errorf("%+v, %v, %v", h, found, err)
	}
	if aside, err := m.SetAside(time.Now()); err != nil || aside == "" {
		t.Errorf("set aside as %q, %v", aside, err)
	}
	if _, found, err := m.Last(); found || err != nil {
		t.Errorf("set aside: %v, %v", found, err)
	}
	if MemoryOf("/proc/none/audit.key").Writable() {
		t.Error("a folder that nobody can write to")
	}
}
