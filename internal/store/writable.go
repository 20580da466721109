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

// health is whether reading, or storing, works.
type health struct {
	mu      sync.Mutex
	last    *probe    // the running one, or else the latest; nil: none yet
	failed  time.Time // when a request could last not be served
	failure error
}

// probe is one try.
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

var errStuck = errors.New("a request to the disk does not end")

// Writable tries whether the database can store something. It is Unavailable while the disk
// is full, the database is read-only, or writes failed within the last seconds. It returns nil
// if other writers keep it from trying.
func (s *Store) Writable(ctx context.Context) error {
	return s.storing.check(ctx, func(ctx context.Context, _ bool) error { return s.dialect.probe(ctx, s.write) })
}

// Readable tries whether what the database holds can be read. It is Unavailable while the database is
// damaged, or reads failed within the last seconds.
func (s *Store) Readable(ctx context.Context) error {
	return s.reading.check(ctx, func(ctx context.Context, afresh bool) error {
		return s.dialect.probeReading(ctx, s.write, s.read, afresh)
	})
}

// check returns the outcome of the latest try, or the recent failure of a request. A try is told whether
// something failed before it.
func (h *health) check(ctx context.Context, try func(ctx context.Context, afresh bool) error) error {
	p := h.probe(ctx, try)
	select {
	case <-p.done:
	case <-time.After(time.Until(p.begun.Add(probeStuck))):
		return fault.NewUnavailable(errStuck)
	}
	if p.outcome != nil {
		return fault.NewUnavailable(p.outcome)
	}
	if err := h.recent(); err != nil {
		return fault.NewUnavailable(err)
	}
	return nil
}

// probe returns the latest try, or begins another. It does not end with the request
// that asked, because others get the same answer.
func (h *health) probe(ctx context.Context, try func(ctx context.Context, afresh bool) error) *probe {
	h.mu.Lock()
	defer h.mu.Unlock()
	last := h.last
	if last != nil && !last.old() {
		return last
	}
	afresh := last != nil && last.outcome != nil || h.counts()
	p := &probe{begun: time.Now(), done: make(chan struct{})}
	h.last = p
	go func() {
		defer close(p.done)
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), probeTimeout)
		defer cancel()
		err := try(ctx, afresh)
		if !errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil { // otherwise others are at work
			p.outcome = err
		}
	}()
	return p
}

// note records an error of the database that bears on whether it can be read or written to.
func (s *Store) note(err error) {
	switch s.dialect.broken(err) {
	case unreadable:
		s.reading.note(err)
	case unwritable:
		s.storing.note(err)
	case unbroken:
	}
}

// watched is a dialect that notes the errors that it translates.
type watched struct {
	dialect
	store *Store
}

func (w watched) translate(err error) error {
	w.store.note(err)
	return w.dialect.translate(err)
}

// broken says what an error means for those who come after.
type broken int

const (
	unbroken   broken = iota
	unreadable        // what is stored is damaged or cannot be read
	unwritable        // the disk is full, or the database read-only
)

// note records that a request could not be served.
func (h *health) note(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.failed, h.failure = time.Now(), err
}

// recent returns the failure of a request that still counts, or nil.
func (h *health) recent() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.counts() {
		return nil
	}
	return h.failure
}

// counts reports whether the latest failure of a request still counts. The caller holds the lock.
func (h *health) counts() bool { return h.failure != nil && time.Since(h.failed) < failureHolds }
