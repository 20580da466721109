package store

import (
	"context"
	"errors"
	"sync"
	"time"

	"latchkey/internal/fault"
)

const (
	// probeEvery is how long the answer of a probe is good for, however many ask.
	probeEvery = time.Second
	// probeTimeout is how long a probe waits for the writers before it.
	probeTimeout = 500 * time.Millisecond
	// probeStuck is how long a probe may take in all: a disk that hangs blocks it in the system.
	probeStuck = 2 * time.Second
	// failureHolds is how long a write that the database could not store counts: a small
	// probe may succeed on a disk that is too full for everything else.
	failureHolds = 10 * time.Second
)

// storing is whether the database stores what is written.
type storing struct {
	mu      sync.Mutex
	last    *probe    // the running one, or else the latest; nil: none yet
	failed  time.Time // when a transaction could last not be stored
	failure error
}

// probe is one try to write.
type probe struct {
	begun   time.Time
	done    chan struct{} // closed when outcome is set
	outcome error
}

// old reports whether the probe has ended and its answer is not good any more.
func (p *probe) old() bool {
	select {
	case <-p.done:
		return time.Since(p.begun) >= probeEvery
	default:
		return false
	}
}

var errStuck = errors.New("a write to the disk does not end")

// Writable tries whether the database can store something. It is Unavailable while the disk
// is full, the database is read-only, or writes failed within the last seconds. It returns nil
// if other writers keep it from trying.
func (s *Store) Writable(ctx context.Context) error {
	if err := s.storing.recent(); err != nil {
		return fault.NewUnavailable(err)
	}
	p := s.probe(ctx)
	select {
	case <-p.done:
	case <-time.After(time.Until(p.begun.Add(probeStuck))):
		return fault.NewUnavailable(errStuck)
	}
	if p.outcome != nil {
		return fault.NewUnavailable(p.outcome)
	}
	return nil
}

// probe returns the latest try to write, or begins another. It does not end with the request
// that asked, because others get the same answer.
func (s *Store) probe(ctx context.Context) *probe {
	s.storing.mu.Lock()
	defer s.storing.mu.Unlock()
	if last := s.storing.last; last != nil && !last.old() {
		return last
	}
	p := &probe{begun: time.Now(), done: make(chan struct{})}
	s.storing.last = p
	go func() {
		defer close(p.done)
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), probeTimeout)
		defer cancel()
		err := s.dialect.probe(ctx, s.write)
		if !errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil { // otherwise others write
			p.outcome = err
		}
	}()
	return p
}

// note records the outcome of a transaction.
func (s *Store) note(err error) {
	if !s.dialect.unstored(err) {
		return
	}
	s.storing.mu.Lock()
	defer s.storing.mu.Unlock()
	s.storing.failed, s.storing.failure = time.Now(), err
}

// recent returns the failure of a transaction that still counts, or nil.
func (h *storing) recent() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.failure == nil || time.Since(h.failed) >= failureHolds {
		return nil
	}
	return h.failure
}
