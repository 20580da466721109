// Package metric counts what a server does, for Prometheus: requests, verifications, the state
// of the memory and of the feed between nodes, tokens by kind and state, and when tokens end.
//
// Labels come from small fixed sets. No id, name, address or path is ever a label: they
// would tell more than a monitoring system should know, and have no bound. It serves no port
// itself; [Metrics.Handler] belongs on a listener that the public does not reach.
package metric

import (
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"latchkey/internal/verify"
)

// Deps is where the numbers come from that are asked for and not counted. All are required.
type Deps struct {
	Cache  func() Cache
	Feed   func() Feed
	Tokens func(ctx context.Context) (Tokens, error) // asked at most once a minute
	Log    *slog.Logger
}

// Cache is what verification has in memory.
type Cache struct {
	Tokens   int
	Holders  int  // groups of tokens with the same rights
	Complete bool // every live token is there
	Trusted  bool // it is answered from; otherwise the database is asked
}

// Feed is how this node hears of the others.
type Feed struct {
	Connected bool
	Age       time.Duration // how old what it surely knows is
	RoundTrip time.Duration
	Leads     bool
}

// Tokens is what the database holds, deleted tokens aside.
type Tokens struct {
	Counts []Count
	// Ends counts live tokens that end within each of [Horizons], each including the ones
	// before it; EndingLater is all that end at all, and Left the sum of what they have left.
	Ends        []int
	EndingLater int
	Left        time.Duration
	Endless     int // live tokens without an end
}

// Count is how many tokens of a kind are in a state.
type Count struct {
	Kind, State string
	N           int
}

// Horizons are the bounds of the histogram of what tokens have left.
func Horizons() []time.Duration {
	const day = 24 * time.Hour
	return []time.Duration{day, 7 * day, 30 * day, 90 * day, 365 * day}
}

// Metrics is one server's numbers. It is safe for concurrent use.
type Metrics struct {
	d        Deps
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	took     *prometheus.HistogramVec
	results  map[string]prometheus.Counter
	verified prometheus.Histogram

	mu     sync.Mutex
	tokens Tokens
	asked  time.Time
}

// New makes the metrics, with those of the process and the Go runtime.
func New(d Deps) *Metrics {
	m := &Metrics{d: d, registry: prometheus.NewRegistry(), results: map[string]prometheus.Counter{},
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "latchkey_http_requests_total",
			Help: "Requests by front door, method and status."}, []string{"door", "method", "status"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "latchkey_http_request_seconds",
			Help: "How long requests took, by front door.", Buckets: prometheus.ExponentialBuckets(0.0001, 4, 8)}, []string{"door"}),
		verified: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "latchkey_verification_seconds",
			Help: "How long verifying a token took.", Buckets: prometheus.ExponentialBuckets(0.000001, 4, 10)}),
	}
	results := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "latchkey_verifications_total",
		Help: "Verified tokens by result: accepted, why they were refused, or unavailable when the database was needed and gone."}, []string{"result"})
	for _, r := range []string{accepted, unavailable, verify.Malformed.String(), verify.Unknown.String(), verify.Revoked.String(),
		verify.Expired.String(), verify.Suspended.String(), verify.Displaced.String()} {
		m.results[r] = results.WithLabelValues(r)
	}
	m.registry.MustRegister(m.requests, m.took, m.verified, results, state{m},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Results of a verification besides the refusals of package verify.
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
	m.results[result].Inc()
	m.verified.Observe(took.Seconds())
}

// Handler serves the numbers in Prometheus' text format.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError})
}

// Requests counts the requests that next serves.
func (m *Metrics) Requests(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began, door := time.Now(), doorOf(r.URL.Path)
		s := &statusWriter{ResponseWriter: w}
		defer func() {
			if s.status == 0 {
				s.status = http.StatusOK
			}
			m.requests.WithLabelValues(door, methodOf(r.Method), strconv.Itoa(s.status)).Inc()
			m.took.WithLabelValues(door).Observe(time.Since(began).Seconds())
		}()
		next.ServeHTTP(s, r)
	})
}

// statusWriter remembers the status of an answer.
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

// Flush sends what is there: exports are streamed.
func (w *statusWriter) Flush() { _ = http.NewResponseController(w.ResponseWriter).Flush() }
