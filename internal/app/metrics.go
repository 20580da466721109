package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"latchkey/internal/metric"
)

// newMetrics makes the metrics, or nil when no listener is configured: then nothing is
// counted and requests pay nothing.
func (a *App) newMetrics() *metric.Metrics {
	if a.cfg.MetricsAddr == "" {
		return nil
	}
	return metric.New(metric.Deps{Log: a.log,
		Cache: func() metric.Cache {
			return metric.Cache{Tokens: a.Verify.Tokens(), Holders: a.Verify.Holders(), Complete: a.Verify.Complete(), Trusted: a.trust.Holds()}
		},
		Feed: func() metric.Feed {
			age, trip, ok := a.feed.Lag()
			return metric.Feed{Connected: ok || !a.Store.Shared(), Age: age, RoundTrip: trip, Leads: a.feed.Leads()}
		},
		Tokens: func(ctx context.Context) (metric.Tokens, error) { return a.Store.TokenMetrics(ctx, a.Store.Now()) },
	})
}

// observe is what verification tells the metrics, or nil.
func (a *App) observe() func(error, time.Duration) {
	if a.metrics == nil {
		return nil
	}
	return a.metrics.Verified
}

// serveMetrics listens for Prometheus and returns how to end that; without an address it
// does nothing.
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
	server := &http.Server{Handler: mux, ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		ErrorLog: slog.NewLogLogger(a.log.Handler(), slog.LevelWarn)}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	a.log.Info("serving metrics", "addr", listener.Addr().String())
	return func() {
		if err := errors.Join(server.Close(), <-ended); !errors.Is(err, http.ErrServerClosed) {
			a.log.Warn("the listener for metrics did not end well", "error", err)
		}
	}, nil
}
