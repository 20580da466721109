package metric_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"latchkey/internal/fault"
	"latchkey/internal/metric"
	"latchkey/internal/verify"
)

func sample(tokens func(context.Context) (metric.Tokens, error)) *metric.Metrics {
	return metric.New(metric.Deps{
		Cache: func() metric.Cache { return metric.Cache{Tokens: 7, Holders: 3, Complete: true} },
		Feed:  func() metric.Feed { return metric.Feed{Connected: true, Age: 250 * time.Millisecond, Leads: true} },
		Clock: func() metric.Clock {
			return metric.Clock{Forward: 2, Back: 1, Ahead: time.Hour, Offset: -1500 * time.Millisecond}
		},
		Heads: func(context.Context) (metric.Heads, error) {
			return metric.Heads{SignedAt: time.Now().Add(-time.Hour), Unsigned: 3}, nil
		},
		Ready:  func(context.Context) string { return metric.Unwritable },
		WAL:    func() (int64, bool) { return 4096, true },
		Check:  func() (time.Time, int) { return time.Unix(1_800_000_000, 0), 2 },
		Tokens: tokens, Log: slog.New(slog.DiscardHandler),
	})
}

func noTokens(context.Context) (metric.Tokens, error) {
	return metric.Tokens{Ends: make([]int, len(metric.Horizons()))}, nil
}

// scrape is what Prometheus would read.
func scrape(t *testing.T, m *metric.Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	return w.Body.String()
}

func wantLines(t *testing.T, text string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains(text, "\n"+line+"\n") {
			t.Errorf("no line %q", line)
		}
	}
}

func TestMetrics_CountVerificationsByResult(t *testing.T) {
	m := sample(noTokens)
	m.Verified(nil, time.Microsecond)
	m.Verified(nil, time.Microsecond)
	m.Verified(&verify.Refused{Refusal: verify.Revoked}, time.Microsecond)
	m.Verified(fault.NewUnavailable(errors.New("gone")), time.Millisecond)
	wantLines(t, scrape(t, m), `latchkey_verifications_total{result="accepted"} 2`, `latchkey_verifications_total{result="revoked"} 1`,
		`latchkey_verifications_total{result="unavailable"} 1`, `latchkey_verifications_total{result="expired"} 0`,
		`latchkey_verification_seconds_count 4`)
}

func TestMetrics_CountRequestsWithoutSayingWhatWasAskedFor(t *testing.T) {
	m := sample(noTokens)
	h := m.Requests(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v2/missing" {
			w.WriteHeader(http.StatusNotFound)
		}
		_, _ = io.WriteString(w, "body")
	}))
	for _, r := range [][2]string{{"GET", "/v2/missing"}, {"GET", "/settings/secret-name"}, {"MADEUP", "/settings/other"},
		{"POST", "/auth/verify/x"}} {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(r[0], r[1], nil))
	}
	text := scrape(t, m)
	wantLines(t, text, `latchkey_http_requests_total{door="api",method="GET",status="404"} 1`,
		`latchkey_http_requests_total{door="page",method="GET",status="200"} 1`,
		`latchkey_http_requests_total{door="page",method="other",status="200"} 1`,
		`latchkey_http_requests_total{door="forward_auth",method="POST",status="200"} 1`)
	if found := regexp.MustCompile(`secret-name|missing|MADEUP`).FindString(text); found != "" {
		t.Errorf("the metrics tell %q", found)
	}
}

func TestMetrics_ShowTheStateAndTheTokensAndAskOnceAMinute(t *testing.T) {
	asked := 0
	m := sample(func(context.Context) (metric.Tokens, error) {
		asked++
		return metric.Tokens{Counts: []metric.Count{{Kind: "personal", State: "active", N: 5}}, Ends: []int{1, 2, 2, 3, 4},
			EndingLater: 5, Left: 10 * time.Hour, Endless: 6}, nil
	})
	scrape(t, m)
	wantLines(t, scrape(t, m), `latchkey_audit_unsigned_events 3`, `latchkey_ready 0`, `latchkey_not_ready{reason="unwritable"} 1`,
		`latchkey_not_ready{reason="stopping"} 0`, `latchkey_wal_bytes 4096`,
		`latchkey_check_last_run_timestamp_seconds 1.8e+09`, `latchkey_check_findings 2`, `latchkey_cache_tokens 7`,
		`latchkey_cache_complete 1`, `latchkey_cache_trusted 0`, `latchkey_feed_connected 1`,
		`latchkey_feed_age_seconds 0.25`, `latchkey_leader 1`, `latchkey_tokens{kind="personal",state="active"} 5`,
		`latchkey_token_expires_in_seconds_bucket{le="604800"} 2`, `latchkey_token_expires_in_seconds_count 5`,
		`latchkey_token_expires_in_seconds_sum 36000`, `latchkey_tokens_without_end 6`)
	if asked != 1 {
		t.Errorf("the database was asked %d times", asked)
	}
}

func TestMetrics_NameTokensOnlyIfAskedTo(t *testing.T) {
	const name = "latchkey_token_expiration_timestamp_seconds"
	if strings.Contains(scrape(t, sample(noTokens)), name) {
		t.Error("tokens are named although nobody asked for it")
	}
	m := sample(func(context.Context) (metric.Tokens, error) {
		return metric.Tokens{Ends: make([]int, len(metric.Horizons())),
			Soonest: []metric.End{{"id1", time.Unix(1_800_000_000, 0)}, {"id2", time.Unix(1_800_000_001, 0)}}}, nil
	})
	wantLines(t, scrape(t, m), name+`{token="id1"} 1.8e+09`, name+`{token="id2"} 1.800000001e+09`)
}

func TestMetrics_AreServedWithoutTheDatabase(t *testing.T) {
	m := sample(func(context.Context) (metric.Tokens, error) { return metric.Tokens{}, errors.New("gone") })
	text := scrape(t, m)
	wantLines(t, text, `latchkey_cache_tokens 7`)
	if strings.Contains(text, "latchkey_tokens{") {
		t.Error("tokens are counted that nobody counted")
	}
}

func TestMetrics_TellOfTheProcess(t *testing.T) {
	text := scrape(t, sample(noTokens))
	for _, name := range []string{"go_goroutines", "go_gc_duration_seconds_count", "go_memstats_heap_inuse_bytes", "process_cpu_seconds_total",
		"process_resident_memory_bytes", "process_start_time_seconds", "process_open_fds", "process_max_fds"} {
		if !strings.Contains(text, "\n"+name+" ") {
			t.Errorf("no %s", name)
		}
	}
}

func TestMetrics_TellOfTheClock(t *testing.T) {
	wantLines(t, scrape(t, sample(noTokens)), `latchkey_clock_jumps_total{direction="forward"} 2`,
		`latchkey_clock_jumps_total{direction="back"} 1`,
		`latchkey_clock_offset_seconds -1.5`, `latchkey_audit_ahead_seconds 3600`)
}
