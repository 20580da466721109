package app_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/internal/actor"
	"latchkey/internal/app"
	"latchkey/internal/audit"
	"latchkey/internal/config"
	"latchkey/internal/store"
)

// TestRun_SaysOnceThatTheClockWasSet runs a server whose clock is set forward by a day, records an event, and
// sets it back.
func TestRun_SaysOnceThatTheClockWasSet(t *testing.T) {
	var ahead atomic.Int64
	log, address := &journal{}, freeAddress(t)
	a, err := app.New(t.Context(), config.Config{Addr: "127.0.0.1:0", MetricsAddr: address, Data: t.TempDir(),
		LogLevel: "info", LogFormat: "text"},
		app.Options{Log: log, Now: func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	time.Sleep(1500 * time.Millisecond) // the first looks
	ahead.Store(int64(24 * time.Hour))
	await(t, log, "the clock was set", 1)
	err = a.Store.InTx(ctx, actor.System(""), func(tx *store.Tx) error {
		return tx.AppendEvent(ctx, audit.Did(actor.OfSystem("acme"), audit.Created, audit.Target{Type: audit.TargetGroup}))
	})
	if err != nil {
		t.Fatal(err)
	}
	ahead.Store(0)
	await(t, log, "the clock was set", 2)
	await(t, log, "the audit log is ahead of the clock", 1)
	time.Sleep(2 * time.Second)
	if n := log.count("the clock was set"); n != 2 {
		t.Errorf("said %d times", n)
	}
	answer, err := http.Get("http://" + address + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`latchkey_clock_jumps_total{direction="forward"} 1`, `latchkey_clock_jumps_total{direction="back"} 1`,
		"latchkey_clock_offset_seconds 0", "latchkey_audit_ahead_seconds 86"} {
		if !strings.Contains(string(text), "\n"+want) {
			t.Errorf("no line %q", want)
		}
	}
}

// freeAddress returns an address that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// await waits until the log has a text n times.
func await(t *testing.T, log *journal, text string, n int) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); log.count(text) != n; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%q is in the log %d times, want %d", text, log.count(text), n)
		}
	}
}
