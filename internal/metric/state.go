package metric

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics that are queried when they are scraped.
var (
	ready         = describe("latchkey_ready", "1 if /readyz answers 200.")
	notReady      = describe("latchkey_not_ready", "1 for the reason for which /readyz answers 503.", "reason")
	cacheTokens   = describe("latchkey_cache_tokens", "Tokens in memory.")
	cacheHolders  = describe("latchkey_cache_holders", "Groups of tokens in memory with the same rights.")
	cacheComplete = describe("latchkey_cache_complete", "1 if every live token is in memory.")
	cacheTrusted  = describe("latchkey_cache_trusted", "1 if tokens are checked from memory, 0 if the database is asked about each.")
	feedConnected = describe("latchkey_feed_connected", "1 if this node receives the changes of others; always 1 on SQLite.")
	feedAge       = describe("latchkey_feed_age_seconds", "Time since this node was certainly up to date with the others.")
	feedRoundTrip = describe("latchkey_feed_round_trip_seconds", "How long the node's last notification to itself took.")
	leads         = describe("latchkey_leader", "1 on the node that does the background work for all.")
	tokenCounts   = describe("latchkey_tokens", "Tokens by kind and state; deleted ones are not counted.", "kind", "state")
	tokenEnds     = describe("latchkey_token_expires_in_seconds", "Remaining lifetime of live tokens that expire.")
	tokensEndless = describe("latchkey_tokens_without_end", "Live tokens that never expire.")
	headAge       = describe("latchkey_audit_head_age_seconds", "Time since a head of the audit log was signed last; absent if none was.")
	clockJumps    = describe("latchkey_clock_jumps_total", "How often the clock of this node was set by more than 5 seconds.", "direction")
	clockOffset   = describe("latchkey_clock_offset_seconds", "How far the clock of this node is ahead of the database's; 0 on SQLite.")
	auditAhead    = describe("latchkey_audit_ahead_seconds", "How far the newest event of the audit log is ahead of the clock of this node.")
	checkedAt     = describe("latchkey_check_last_run_timestamp_seconds",
		"When this node last looked for damage in the database; absent if it did not.")
	findings = describe("latchkey_check_findings", "What it found.")
	walBytes = describe("latchkey_wal_bytes", "Size of SQLite's write-ahead log; absent on PostgreSQL.")
	unsigned = describe("latchkey_audit_unsigned_events", "Events of the audit log after the newest signed head.")
)

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

// state collects the metrics that are queried.
type state struct{ m *Metrics }

func (s state) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{ready, notReady, cacheTokens, cacheHolders, cacheComplete, cacheTrusted, feedConnected, feedAge,
		feedRoundTrip, leads, clockJumps, clockOffset, auditAhead, walBytes, checkedAt, findings,
		tokenCounts, tokenEnds, tokensEndless, headAge, unsigned} {
		ch <- d
	}
}

func (s state) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	ctx, cancel := context.WithTimeout(context.Background(), askTimeout)
	defer cancel()
	reason := s.m.d.Ready(ctx)
	gauge(ready, flag(reason == ""))
	for _, r := range Reasons() {
		gauge(notReady, flag(reason == r), r)
	}
	cache, feed := s.m.d.Cache(), s.m.d.Feed()
	gauge(cacheTokens, float64(cache.Tokens))
	gauge(cacheHolders, float64(cache.Holders))
	gauge(cacheComplete, flag(cache.Complete))
	gauge(cacheTrusted, flag(cache.Trusted))
	gauge(feedConnected, flag(feed.Connected))
	if feed.Connected {
		gauge(feedAge, feed.Age.Seconds())
		gauge(feedRoundTrip, feed.RoundTrip.Seconds())
	}
	gauge(leads, flag(feed.Leads))
	clock := s.m.d.Clock()
	ch <- prometheus.MustNewConstMetric(clockJumps, prometheus.CounterValue, float64(clock.Forward), "forward")
	ch <- prometheus.MustNewConstMetric(clockJumps, prometheus.CounterValue, float64(clock.Back), "back")
	gauge(clockOffset, clock.Offset.Seconds())
	gauge(auditAhead, clock.Ahead.Seconds())
	if size, ok := s.m.d.WAL(); ok {
		gauge(walBytes, float64(size))
	}
	if at, n := s.m.d.Check(); !at.IsZero() {
		gauge(checkedAt, float64(at.Unix()))
		gauge(findings, float64(n))
	}
	latest, ok := s.m.latest()
	if !ok {
		return
	}
	if !latest.heads.SignedAt.IsZero() {
		gauge(headAge, time.Since(latest.heads.SignedAt).Seconds())
		gauge(unsigned, float64(latest.heads.Unsigned))
	}
	tokens := latest.tokens
	for _, c := range tokens.Counts {
		gauge(tokenCounts, float64(c.N), c.Kind, c.State)
	}
	gauge(tokensEndless, float64(tokens.Endless))
	buckets := map[float64]uint64{}
	for i, h := range Horizons() {
		buckets[h.Seconds()] = uint64(tokens.Ends[i])
	}
	ch <- prometheus.MustNewConstHistogram(tokenEnds, uint64(tokens.EndingLater), tokens.Left.Seconds(), buckets)
}

func flag(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

const (
	askEvery   = time.Minute
	askTimeout = 5 * time.Second
)

// queried is what the database is asked for.
type queried struct {
	tokens Tokens
	heads  Heads
}

// latest returns a recent answer of the database. ok is false if there is none and the database
// cannot be asked.
func (m *Metrics) latest() (q queried, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.since.IsZero() && time.Since(m.since) < askEvery {
		return m.asked, true
	}
	ctx, cancel := context.WithTimeout(context.Background(), askTimeout)
	defer cancel()
	tokens, err := m.d.Tokens(ctx)
	heads, headsErr := m.d.Heads(ctx)
	if err := errors.Join(err, headsErr); err != nil {
		m.d.Log.WarnContext(ctx, "cannot query the database for the metrics", "error", err)
		return m.asked, !m.since.IsZero()
	}
	m.asked, m.since = queried{tokens, heads}, time.Now()
	return m.asked, true
}
