package app

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"time"
)

// ErrAtTerminal is the cause of the end of the context of [App.Run] when a person at a terminal
// ends the server, who does not want to wait until load balancers have noticed.
var ErrAtTerminal = errors.New("interrupted at the terminal")

// errCut is the cause of the end of a request that the server did not wait for.
var errCut = errors.New("the server stopped before the request was done")

const (
	// finishTimeout is how long requests in flight have after the drain.
	finishTimeout = 20 * time.Second
	// cutTimeout is how long the handlers of requests have that were cut.
	cutTimeout = 5 * time.Second
	// closeTimeout is how long saving what is only in memory may take.
	closeTimeout = 20 * time.Second
)

// saysClose returns a handler that ends connections with their next answer while the server is
// stopping. So a proxy learns in time that it may not use them again: a request on a connection
// that the server is just closing would be lost, and proxies do not repeat a POST.
func (a *App) saysClose(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a.stopping.Load() {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

// stop ends the server in steps. For the time of --drain it says on /readyz that it is stopping and
// serves on, until load balancers have noticed. Then it takes no new connections and waits for the
// requests in flight. Those that take too long, such as an export that somebody reads slowly, are
// cut. When the operator is in a hurry, nothing is waited for.
func (a *App) stop(ctx context.Context, served doors, cut context.CancelCauseFunc) error {
	a.stopping.Store(true)
	if drain := a.cfg.Drain; drain > 0 && !errors.Is(context.Cause(ctx), ErrAtTerminal) {
		a.log.Info("stopping: not ready any more, but serving until load balancers have noticed", "drain", drain)
		select {
		case <-time.After(drain):
		case <-a.hurry:
		}
	}
	a.log.Info("stopping: requests in flight may finish")
	for _, d := range served {
		if !quiet(d.listener) {
			a.log.Debug("stopping: connections that are just being made may be reset", "addr", d.listener.Addr().String())
		}
	}
	finish, cancel := context.WithTimeout(context.WithoutCancel(ctx), cmp.Or(a.limits.Finish, finishTimeout))
	defer cancel()
	go func() {
		select {
		case <-a.hurry:
			cancel()
		case <-finish.Done():
		}
	}()
	if served.shutdown(finish) == nil {
		return nil
	}
	a.log.Warn("stopping: requests that did not finish in time are cut")
	cut(errCut)
	cutting, done := context.WithTimeout(context.WithoutCancel(ctx), cutTimeout)
	defer done()
	if served.shutdown(cutting) == nil { // each ended by itself
		return nil
	}
	return served.close()
}
