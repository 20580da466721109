package metric

import (
	"context"
	"errors"
	"time"
)

// state returns the metrics that are queried when they are scraped.
func (m *Metrics) state(ctx context.Context) []*family {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	families := append(m.readiness(ctx), m.memory()...)
	families = append(families, m.node()...)
	if latest, ok := m.latest(); ok {
		families = append(families, latest.heads.families()...)
		families = append(families, latest.tokens.families()...)
	}
	return families
}

// gauge returns a family with one value and no labels.
func gauge(name, help string, value float64) *family {
	f := &family{name: name, help: help, kind: gaugeKind}
	f.add(value)
	return f
}

func (m *Metrics) readiness(ctx context.Context) []*family {
	reason := m.d.Ready(ctx)
	not := &family{name: "latchkey_not_ready", help: "1 for the reason for which /readyz answers 503.", kind: gaugeKind,
		labels: []string{"reason"}}
	for _, r := range Reasons() {
		not.add(flag(reason == r), r)
	}
	return []*family{gauge("latchkey_ready", "1 if /readyz answers 200.", flag(reason == "")), not}
}

// memory returns what this node has in memory, and how it learns what others change.
func (m *Metrics) memory() []*family {
	cache, feed := m.d.Cache(), m.d.Feed()
	families := []*family{
		gauge("latchkey_cache_tokens", "Tokens in memory.", float64(cache.Tokens)),
		gauge("latchkey_cache_holders", "Groups of tokens in memory with the same rights.", float64(cache.Holders)),
		gauge("latchkey_cache_complete", "1 if every live token is in memory.", flag(cache.Complete)),
		gauge("latchkey_cache_trusted", "1 if tokens are checked from memory, 0 if the database is asked about each.", flag(cache.Trusted)),
		gauge("latchkey_feed_connected", "1 if this node receives the changes of others; always 1 on SQLite.", flag(feed.Connected)),
		gauge("latchkey_leader", "1 on the node that does the background work for all.", flag(feed.Leads)),
	}
	if feed.Connected {
		families = append(families,
			gauge("latchkey_feed_age_seconds", "Time since this node was certainly up to date with the others.", feed.Age.Seconds()),
			gauge("latchkey_feed_round_trip_seconds", "How long the node's last notification to itself took.", feed.RoundTrip.Seconds()))
	}
	return families
}

// node returns the state of the node's clock, file and check.
func (m *Metrics) node() []*family {
	clock := m.d.Clock()
	jumps := &family{name: "latchkey_clock_jumps_total", help: "How often the clock of this node was set by more than 5 seconds.",
		kind: counterKind, labels: []string{"direction"}}
	jumps.add(float64(clock.Back), "back")
	jumps.add(float64(clock.Forward), "forward")
	families := []*family{jumps,
		gauge("latchkey_clock_offset_seconds", "How far the clock of this node is ahead of the database's; 0 on SQLite.", clock.Offset.Seconds()),
		gauge("latchkey_audit_ahead_seconds", "How far the newest event of the audit log is ahead of the clock of this node.",
			clock.Ahead.Seconds())}
	if size, ok := m.d.WAL(); ok {
		families = append(families, gauge("latchkey_wal_bytes", "Size of SQLite's write-ahead log; absent on PostgreSQL.", float64(size)))
	}
	if at, n := m.d.Check(); !at.IsZero() {
		families = append(families,
			gauge("latchkey_check_last_run_timestamp_seconds",
				"When this node last looked for damage in the database; absent if it did not.", float64(at.Unix())),
			gauge("latchkey_check_findings", "What it found.", float64(n)))
	}
	return families
}

func (h Heads) families() []*family {
	if h.SignedAt.IsZero() {
		return nil
	}
	return []*family{
		gauge("latchkey_audit_head_age_seconds", "Time since a head of the audit log was signed last; absent if none was.",
			time.Since(h.SignedAt).Seconds()),
		gauge("latchkey_audit_unsigned_events", "Events of the audit log after the newest signed head.", float64(h.Unsigned))}
}

func (t Tokens) families() []*family {
	counts := &family{name: "latchkey_tokens", help: "Tokens by kind and state; deleted ones are not counted.", kind: gaugeKind,
		labels: []string{"kind", "state"}}
	for _, c := range t.Counts {
		counts.add(float64(c.N), c.Kind, c.State)
	}
	ends := &family{name: "latchkey_token_expires_in_seconds", help: "Remaining lifetime of live tokens that expire.", kind: histogramKind}
	var bounds []float64
	var within []uint64
	for i, h := range Horizons() {
		bounds, within = append(bounds, h.Seconds()), append(within, uint64(t.Ends[i]))
	}
	ends.addHistogram(bounds, within, uint64(t.EndingLater), t.Left.Seconds())
	families := []*family{counts, ends,
		gauge("latchkey_tokens_without_end", "Live tokens that never expire.", float64(t.Endless))}
	if len(t.Soonest) == 0 {
		return families
	}
	soonest := &family{name: "latchkey_token_expiration_timestamp_seconds", kind: gaugeKind, labels: []string{"token"},
		help: "When a token that works expires, by its id: the soonest --metrics-tokens of them."}
	for _, e := range t.Soonest {
		soonest.add(float64(e.At.Unix()), e.Token)
	}
	return append(families, soonest)
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
