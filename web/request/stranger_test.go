package request_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"latchkey/web/request"
)

// watched is a Strangers behind a handler, with a clock that only the test moves.
type watched struct {
	*request.Strangers
	handler http.Handler
	now     time.Time
	log     bytes.Buffer
}

func newWatched(trusted ...string) *watched {
	w := &watched{now: time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)}
	var prefixes []netip.Prefix
	for _, s := range trusted {
		prefixes = append(prefixes, netip.MustParsePrefix(s))
	}
	w.Strangers = request.NewStrangers(prefixes, slog.New(slog.NewTextHandler(&w.log, nil)), func() time.Time { return w.now })
	w.handler = w.Watch(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusTeapot) }))
	return w
}

func (w *watched) from(t *testing.T, peer string, forwarded ...string) {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.RemoteAddr = peer
	if forwarded != nil {
		r.Header["X-Forwarded-For"] = forwarded
	}
	answer := httptest.NewRecorder()
	if w.handler.ServeHTTP(answer, r); answer.Code != http.StatusTeapot {
		t.Errorf("the request was answered with %d", answer.Code)
	}
}

func TestStrangers_NotesWhoForwardsWithoutTrust(t *testing.T) {
	w := newWatched("10.0.0.0/24")
	w.from(t, "198.51.100.1:1", "203.0.113.9")
	for range 3 {
		w.from(t, "10.9.0.1:1", "203.0.113.9")
	}
	w.from(t, "[::ffff:127.0.0.1]:1", "")
	w.from(t, "10.0.0.7:1", "203.0.113.9") // trusted
	w.from(t, "10.9.0.2:1")                // forwards nothing
	w.from(t, "@", "203.0.113.9")          // has no address
	if got := fmt.Sprint(w.List()); got != "[10.9.0.1 127.0.0.1 198.51.100.1]" {
		t.Errorf("noted %s", got)
	}
	if n := strings.Count(w.log.String(), "level=WARN"); n != 3 || strings.Count(w.log.String(), "sender=10.9.0.1") != 1 {
		t.Errorf("%d warnings, want one for each address:\n%s", n, w.log.String())
	}
}

func TestStrangers_ForgetsAfterADay(t *testing.T) {
	w := newWatched()
	w.from(t, "10.9.0.1:1", "203.0.113.9")
	w.now = w.now.Add(23 * time.Hour)
	w.from(t, "10.9.0.1:1", "203.0.113.9")
	w.now = w.now.Add(23 * time.Hour)
	if len(w.List()) != 1 {
		t.Error("forgotten, although it was seen again")
	}
	w.now = w.now.Add(time.Hour)
	if got := w.List(); got != nil {
		t.Errorf("still noted: %v", got)
	}
}

// TestStrangers_ClientsElsewhereCrowdOutNoProxy also bounds the memory and the log.
func TestStrangers_ClientsElsewhereCrowdOutNoProxy(t *testing.T) {
	w := newWatched()
	for i := range 1000 {
		w.from(t, fmt.Sprintf("[2001:db8::%x]:1", i+1), "203.0.113.9")
	}
	w.from(t, "172.18.0.2:1", "203.0.113.9")
	if got := w.List(); len(got) != 9 || got[0].String() != "172.18.0.2" {
		t.Errorf("noted %v", got)
	}
	if n := strings.Count(w.log.String(), "level=WARN"); n != 9 {
		t.Errorf("%d warnings", n)
	}
	w.now = w.now.Add(25 * time.Hour)
	w.from(t, "198.51.100.1:1", "203.0.113.9")
	if got := fmt.Sprint(w.List()); got != "[198.51.100.1]" {
		t.Errorf("after a day: %s", got)
	}
}
