// Package metric collects a server's metrics for Prometheus: requests, verifications, the
// state of the cache and of the feed between nodes, tokens by kind and state, and when tokens
// expire.
//
// Labels come from small fixed sets. No id, name, address or path is a label: those would
// reveal more than a monitoring system should know, and their number is unbounded. The only
// exception is the end of single tokens, by id, which is left out unless somebody asks for it. The
// package opens no port; serve [Metrics.Handler] on a listener that is not public.
package metric

import (
	"bytes"
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"latchkey/internal/verify"
)

// Deps provides the numbers that are queried instead of counted. All fields are required.
type Deps struct {
	Cache  func() Cache
	Feed   func() Feed
	Clock  func() Clock
	Tokens func(ctx context.Context) (Tokens, error) // called at most once a minute
	Heads  func(ctx context.Context) (Heads, error)  // likewise
	Ready  func(ctx context.Context) string          // "" or one of [Reasons]
	WAL    func() (bytes int64, ok bool)             // size of SQLite's write-ahead log; not ok on PostgreSQL
	Check  func() (at time.Time, findings int)       // the latest check for damage on this node; zero for none
	Log    *slog.Logger
}

// The reasons for which a server is not ready.
const (
	Stopping    = "stopping"
	Unreachable = "unreachable" // the database does not respond
	Unreadable  = "unreadable"  // it responds, but reading fails
	Unwritable  = "unwritable"  // it can be read, but storing fails
)

// Reasons returns all reasons for which a server is not ready.
func Reasons() []string { return []string{Stopping, Unreachable, Unreadable, Unwritable} }

// Cache is the state of the cache that verification uses.
type Cache struct {
	Tokens   int
	Holders  int  // groups of tokens with the same permissions
	Complete bool // it holds every live token
	Trusted  bool // tokens are checked with it; otherwise the database is asked
}

// Feed is the state of the feed on which this node receives changes made by others.
type Feed struct {
	Connected bool
	Age       time.Duration // time since it last was certainly up to date
	RoundTrip time.Duration
	Leads     bool
}

// Clock says what was noticed of the node's clock.
type Clock struct {
	Forward, Back uint64        // how often it was set by more than 5 seconds
	Ahead         time.Duration // of the newest event of the audit log; 0 if it is not ahead
	Offset        time.Duration // from the database's clock; 0 on SQLite
}

// Tokens counts the tokens in the database, except deleted ones.
type Tokens struct {
	Counts []Count
	// Ends counts live tokens that expire within each of [Horizons], cumulatively. EndingLater
	// counts all that expire at all, and Left is the sum of their remaining lifetimes.
	Ends        []int
	EndingLater int
	Left        time.Duration
	Endless     int // live tokens that never expire
	Soonest     []End
}

// End is when a token expires.
type End struct {
	Token string // id
	At    time.Time
}

// Heads says how far the audit log is signed.
type Heads struct {
	SignedAt time.Time // when the newest head was signed; zero if nothing is signed
	Unsigned int64     // events that came after it
}

// Count is how many tokens of a kind are in a state.
type Count struct {
	Kind, State string
	N           int
}

// Horizons returns the bounds of the histogram of remaining lifetimes.
func Horizons() []time.Duration {
	const day = 24 * time.Hour
	return []time.Duration{day, 7 * day, 30 * day, 90 * day, 365 * day}
}

// Metrics holds one server's metrics. It is safe for concurrent use.
type Metrics struct {
	d        Deps
	requests labelled[counter]   // by door, method and status
	took     labelled[histogram] // by door
	results  map[string]*counter
	verified *histogram

	mu    sync.Mutex
	asked queried
	since time.Time // when it was asked; zero for never
}

// New returns metrics that include those of the process and the Go runtime.
func New(d Deps) *Metrics {
	m := &Metrics{d: d, results: map[string]*counter{}, verified: newHistogram(exponential(0.000001, 4, 10))}
	m.requests.empty = newCounter
	m.took.empty = func() *histogram { return newHistogram(exponential(0.0001, 4, 8)) }
	for _, r := range results() {
		m.results[r] = newCounter()
	}
	return m
}

// results returns how a verification may end.
func results() []string {
	return []string{accepted, verify.Displaced.String(), verify.Expired.String(), verify.Malformed.String(), verify.Revoked.String(),
		verify.Suspended.String(), unavailable, verify.Unknown.String()}
}

// Results of a verification other than the refusals of package verify.
const (
	accepted    = "accepted"
	unavailable = "unavailable"
)

// Verified counts a verification that ended with err.
func (m *Metrics) Verified(err error, took time.Duration) {
	result := accepted
	if err != nil {
		result = unavailable
		if refused, ok := err.(*verify.Refused); ok {
			result = refused.Refusal.String()
		}
	}
	m.results[result].n.Add(1)
	m.verified.observe(took.Seconds())
}

// Handler returns a handler that serves the metrics in Prometheus' text format.
func (m *Metrics) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var text bytes.Buffer
		for _, f := range append(m.counted(), m.state(r.Context())...) {
			f.write(&text)
		}
		metrics.WriteProcessMetrics(&text)
		metrics.WriteFDMetrics(&text)
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		_, _ = w.Write(text.Bytes())
	})
}

// counted returns the metrics that this package counts.
func (m *Metrics) counted() []*family {
	requests := &family{name: "latchkey_http_requests_total", kind: counterKind, labels: []string{"door", "method", "status"},
		help: "Requests by front door, method and status."}
	m.requests.each(func(of [3]string, c *counter) { requests.add(float64(c.n.Load()), of[:]...) })
	took := &family{name: "latchkey_http_request_seconds", kind: histogramKind, labels: []string{"door"},
		help: "How long requests took, by front door."}
	m.took.each(func(of [3]string, h *histogram) { h.addTo(took, of[0]) })
	verifications := &family{name: "latchkey_verifications_total", kind: counterKind, labels: []string{"result"},
		help: "Verifications by result: accepted, the reason for refusing, or unavailable if the database was needed and could not be reached."}
	for _, r := range results() {
		verifications.add(float64(m.results[r].n.Load()), r)
	}
	verified := &family{name: "latchkey_verification_seconds", kind: histogramKind, help: "How long verifying a token took."}
	m.verified.addTo(verified)
	return []*family{requests, took, verifications, verified}
}

// Requests returns a handler that counts the requests that next serves.
func (m *Metrics) Requests(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began, path := time.Now(), r.URL.Path
		s := &statusWriter{ResponseWriter: w}
		defer func() { m.Requested(path, r.Method, cmp.Or(s.status, http.StatusOK), began) }()
		next.ServeHTTP(s, r)
	})
}

// Requested counts a request for a path that began at some time and was answered with a status.
func (m *Metrics) Requested(path, method string, status int, began time.Time) {
	door := doorOf(path)
	m.requests.of([3]string{door, methodOf(method), strconv.Itoa(status)}).n.Add(1)
	m.took.of([3]string{door}).observe(time.Since(began).Seconds())
}

// statusWriter records the status of a response.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController flush and set deadlines.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Flush sends buffered data; exports are streamed.
func (w *statusWriter) Flush() { _ = http.NewResponseController(w.ResponseWriter).Flush() }
