package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"latchkey/internal/metric"
)

// newMetrics returns the metrics, or nil when no listener is configured. Then nothing is
// counted, at no cost.
func (a *App) newMetrics() *metric.Metrics {
	if a.cfg.MetricsAddr == "" {
		return nil
	}
	return metric.New(metric.Deps{Log: a.calm, Ready: a.unready,
		Cache: func() metric.Cache {
			return metric.Cache{Tokens: a.Verify.Tokens(), Holders: a.Verify.Holders(), Complete: a.Verify.Complete(), Trusted: a.trust.Holds()}
		},
		Feed: func() metric.Feed {
			age, trip, ok := a.feed.Lag()
			return metric.Feed{Connected: ok || !a.Store.Shared(), Age: age, RoundTrip: trip, Leads: a.feed.Leads()}
		},
		Clock:  a.clock.state,
		WAL:    a.Store.WALSize,
		Check:  a.checked.get,
		Heads:  func(ctx context.Context) (metric.Heads, error) { return a.Store.HeadMetrics(ctx) },
		Tokens: a.tokenMetrics,
	})
}

// tokenMetrics counts tokens, and names the ends of as many as the operator asks for.
func (a *App) tokenMetrics(ctx context.Context) (metric.Tokens, error) {
	now := a.Store.Now()
	m, err := a.Store.TokenMetrics(ctx, now)
	if err == nil && a.cfg.MetricsTokens > 0 {
		m.Soonest, err = a.Store.SoonestEnds(ctx, now, a.cfg.MetricsTokens)
	}
	return m, err
}

// observe returns the function that verification reports to, or nil.
func (a *App) observe() func(error, time.Duration) {
	if a.metrics == nil {
		return nil
	}
	return a.metrics.Verified
}

// serveMetrics listens for Prometheus if an address is configured. It returns a function that
// ends that.
func (a *App) serveMetrics() (end func(), err error) {
	if a.metrics == nil {
		return func() {}, nil
	}
	listener, err := net.Listen("tcp", a.cfg.MetricsAddr)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s for metrics: %w", a.cfg.MetricsAddr, err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", a.metrics.Handler())
	server := a.server(mux)
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	a.log.Info("serving metrics", "addr", listener.Addr().String())
	return func() {
		if err := errors.Join(server.Close(), <-ended); !errors.Is(err, http.ErrServerClosed) {
			a.log.Warn("the listener for metrics did not end well", "error", err)
		}
	}, nil
}
