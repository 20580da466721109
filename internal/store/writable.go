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
	// failureHolds is how long a write that the database could not store counts: a small
	// probe may succeed on a disk that is too full for everything else.
	failureHolds = 10 * time.Second
)

// storing is whether the database stores what is written.
type storing struct {
	probing sync.Mutex // held during a probe
	probed  time.Time
	outcome error // of the probe

	mu      sync.Mutex
	failed  time.Time // when a transaction could last not be stored
	failure error
}

// Writable tries whether the database can store something. It is Unavailable while the disk
// is full, the database is read-only, or writes failed within the last seconds. It returns nil
// if other writers keep it from trying.
func (s *Store) Writable(ctx context.Context) error {
	if err := s.storing.recent(); err != nil {
		return fault.NewUnavailable(err)
	}
	s.storing.probing.Lock()
	defer s.storing.probing.Unlock()
	if since := time.Since(s.storing.probed); since >= probeEvery {
		s.storing.outcome = s.probe(ctx)
		s.storing.probed = time.Now()
	}
	if s.storing.outcome != nil {
		return fault.NewUnavailable(s.storing.outcome)
	}
	return nil
}

// probe tries to write. It does not end with the request that asked, because others get the
// same answer.
func (s *Store) probe(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), probeTimeout)
	defer cancel()
	err := s.dialect.probe(ctx, s.write)
	if errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil {
		return nil
	}
	return err
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
