package app

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// calmFor is how long a log does not repeat a message.
const calmFor = time.Minute

// calm is the log of background work, which tries again every second or so: while the database
// cannot be written to, each try fails. It passes on the same message once a minute, and says
// with the next one how many it left out.
type calm struct {
	slog.Handler
	said *said
}

// said is when each message was passed on. The messages are constants of the program.
type said struct {
	mu   sync.Mutex
	last map[string]time.Time
	left map[string]int // repetitions since
}

func newCalm(log *slog.Logger) *slog.Logger {
	return slog.New(calm{log.Handler(), &said{last: map[string]time.Time{}, left: map[string]int{}}})
}

// Handle passes a record on unless its message was passed on within the last minute.
func (h calm) Handle(ctx context.Context, r slog.Record) error {
	h.said.mu.Lock()
	if last, ok := h.said.last[r.Message]; ok && r.Time.Sub(last) < calmFor && !r.Time.Before(last) {
		h.said.left[r.Message]++
		h.said.mu.Unlock()
		return nil
	}
	h.said.last[r.Message] = r.Time
	n := h.said.left[r.Message]
	delete(h.said.left, r.Message)
	h.said.mu.Unlock()
	if n > 0 {
		r = r.Clone()
		r.AddAttrs(slog.Int("repeated", n))
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs and WithGroup keep the handler calm.
func (h calm) WithAttrs(attrs []slog.Attr) slog.Handler {
	return calm{h.Handler.WithAttrs(attrs), h.said}
}

// WithGroup returns a calm handler as well.
func (h calm) WithGroup(name string) slog.Handler { return calm{h.Handler.WithGroup(name), h.said} }
