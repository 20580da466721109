package api

import (
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"

	"latchkey/internal/fault"
)

// recovered turns a panic into an internal fault with its stack as the private cause.
func (h *Handlers) recovered(w http.ResponseWriter, r *http.Request, handle func(http.ResponseWriter, *http.Request) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			if p == http.ErrAbortHandler {
				panic(p)
			}
			err = fault.NewInternal(fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
		}
	}()
	return handle(w, r)
}

// logFailure logs an internal fault. It logs the path without its query, and no headers.
func (h *Handlers) logFailure(w http.ResponseWriter, r *http.Request, f *fault.Error) {
	level := slog.LevelDebug
	if f.Kind == fault.Internal || f.Kind == fault.Unavailable {
		level = slog.LevelError
	}
	if !h.d.Log.Enabled(r.Context(), level) {
		return
	}
	h.d.Log.LogAttrs(r.Context(), level, "request", slog.String("method", r.Method), slog.String("path", r.URL.Path),
		slog.String("ip", h.address(r).String()), slog.String("request_id", requestID(w.Header())), slog.String("error", f.Error()))
}
