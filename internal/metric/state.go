package metric

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics that are queried when they are scraped.
var (
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
)

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

// state collects the metrics that are queried.
type state struct{ m *Metrics }

func (s state) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{cacheTokens, cacheHolders, cacheComplete, cacheTrusted, feedConnected, feedAge,
		feedRoundTrip, leads, tokenCounts, tokenEnds, tokensEndless} {
		ch <- d
	}
}

func (s state) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
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
	tokens, ok := s.m.latestTokens()
	if !ok {
		return
	}
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
	askTokensEvery = time.Minute
	askTimeout     = 5 * time.Second
)

// latestTokens returns a recent count from the database. ok is false if there is none and the
// database cannot be asked.
func (m *Metrics) latestTokens() (t Tokens, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.asked.IsZero() && time.Since(m.asked) < askTokensEvery {
		return m.tokens, true
	}
	ctx, cancel := context.WithTimeout(context.Background(), askTimeout)
	defer cancel()
	tokens, err := m.d.Tokens(ctx)
	if err != nil {
		m.d.Log.WarnContext(ctx, "cannot count the tokens for the metrics", "error", err)
		return m.tokens, !m.asked.IsZero()
	}
	m.tokens, m.asked = tokens, time.Now()
	return tokens, true
}
