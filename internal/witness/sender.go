package witness

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"latchkey/internal/audit"
)

// Sender appends signed heads to a file or posts them to a URL, in the background and in order.
// It is safe for concurrent use.
type Sender struct {
	deliver func(ctx context.Context, line []byte) error
	log     *slog.Logger
	retry   time.Duration // how long to wait after a failure

	mu      sync.Mutex
	pending []audit.SignedHead
	wake    chan struct{}
}

// Bounds of a sender. When it cannot deliver for long, it drops the oldest heads: each newer one
// covers them.
const (
	mostPending  = 24 * 60 // a day
	sendTimeout  = 10 * time.Second
	retryEvery   = 15 * time.Second
	drainTimeout = 3 * time.Second
)

// ToFile returns a sender that appends to a file.
func ToFile(path string, log *slog.Logger) *Sender {
	return newSender(log, func(_ context.Context, line []byte) error { return appendLine(path, line) })
}

// ToURL returns a sender that posts to a URL. private allows one at a private or loopback address.
func ToURL(target string, private bool, log *slog.Logger) *Sender {
	return newSender(log, newPoster(target, private).post)
}

func newSender(log *slog.Logger, deliver func(ctx context.Context, line []byte) error) *Sender {
	return &Sender{deliver: deliver, log: log, retry: retryEvery, wake: make(chan struct{}, 1)}
}

// Send takes a head to be delivered. It never blocks.
func (s *Sender) Send(h audit.SignedHead) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending = append(s.pending, h)
	s.pending = s.pending[max(0, len(s.pending)-mostPending):]
	select {
	case s.wake <- struct{}{}:
	default: // it is awake
	}
}

// Run delivers heads until ctx ends. What it cannot deliver, it tries again.
func (s *Sender) Run(ctx context.Context) {
	for {
		wait := s.wake
		var again <-chan time.Time
		if !s.deliverAll(ctx) {
			again, wait = time.After(s.retry), nil
		}
		select {
		case <-ctx.Done():
			return
		case <-wait:
		case <-again:
		}
	}
}

// Close tries once more to deliver what is left, for a few seconds. Call it after Run.
func (s *Sender) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), drainTimeout)
	defer cancel()
	s.deliverAll(ctx)
}

// deliverAll delivers what is pending, and reports whether nothing is left.
func (s *Sender) deliverAll(ctx context.Context) bool {
	for {
		s.mu.Lock()
		if len(s.pending) == 0 {
			s.mu.Unlock()
			return true
		}
		h := s.pending[0]
		s.mu.Unlock()
		line, err := json.Marshal(h)
		if err == nil {
			limited, cancel := context.WithTimeout(ctx, sendTimeout)
			err = s.deliver(limited, append(line, '\n'))
			cancel()
		}
		if err != nil {
			s.report(ctx, h, err)
			return false
		}
		s.mu.Lock()
		if len(s.pending) > 0 && s.pending[0].Equal(h.Anchor) && s.pending[0].Key == h.Key { // otherwise it was dropped meanwhile
			s.pending = s.pending[1:]
		}
		s.mu.Unlock()
	}
}

// report logs a failure. The log of background work passes that on once a minute.
func (s *Sender) report(ctx context.Context, h audit.SignedHead, err error) {
	s.mu.Lock()
	waiting := len(s.pending)
	s.mu.Unlock()
	s.log.ErrorContext(ctx, "cannot deliver a signed head of the audit log, trying again", "error", err, "event", h.Seq, "waiting", waiting)
}

// appendLine appends a line to a file, which may be one that the system only lets append. It writes
// a line only once if the server was restarted meanwhile.
func appendLine(path string, line []byte) (err error) {
	if info, err := os.Stat(path); err == nil && info.Mode()&(os.ModeNamedPipe|os.ModeSocket) != 0 {
		return errors.New(path + " is not a file") // opening a pipe that nobody reads would never return
	}
	last := lastBytes(path, len(line)+1)
	if bytes.HasSuffix(last, line) && (len(last) == len(line) || last[0] == '\n') {
		return nil
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	if len(last) > 0 && last[len(last)-1] != '\n' {
		line = append([]byte("\n"), line...) // after a line that was cut off
	}
	_, err = file.Write(line)
	return errors.Join(err, file.Sync(), file.Close())
}

// lastBytes returns up to n bytes from the end of a file, or nothing if it cannot be read.
func lastBytes(path string, n int) []byte {
	file, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return nil
	}
	n = int(min(int64(n), info.Size()))
	last := make([]byte, n)
	if _, err := file.ReadAt(last, info.Size()-int64(n)); err != nil && !errors.Is(err, io.EOF) {
		return nil
	}
	return last
}
