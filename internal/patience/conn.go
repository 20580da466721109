package patience

import (
	"net"
	"net/http"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// conn is a connection of a server. The goroutine that serves it and the one that looks at it
// share it without a lock: each writes what it does and then reads what the other one did, so at
// least one of two that meet sees the other and gives way.
type conn struct {
	*net.TCPConn
	of *Listener

	turn        atomic.Uint64 // the phase, and in the bits above how many there have been
	reader      atomic.Int32  // one of the states of a reader
	wake        chan struct{} // ends a reader's wait
	read, write limit
	rested      bool // since the phase is idle, the server has said so: see SetReadDeadline

	mu sync.Mutex // held to set the system's own deadlines
	// What the watching goroutine knows.
	seen  uint64    // the turn when it looked last
	since time.Time // when it saw that first
}

// phase is what a connection is at.
type phase uint64

const (
	unwatched phase = iota // nothing that this package knows of: only noted deadlines hold
	heading                // the header of a request comes
	serving                // from the header's end till the answer has been sent
	idle                   // between requests
	phases
)

// limit is the deadline of one direction.
type limit struct {
	noted atomic.Int64 // in nanoseconds since the listener began; 0: that of the phase
	armed atomic.Bool  // the system's own deadline is set: it has passed
}

// States of the reader.
const (
	notReading  int32 = iota
	reading           // in a call of the system
	waiting           // to be interrupted, or to be sent into such a call
	interrupted       // it begins no call until it is given a new deadline
	closed
)

// longAgo is the deadline by which net/http interrupts a read.
func longAgo() time.Time { return time.Unix(1, 0) }

// enter follows the server.
func (c *conn) enter(s http.ConnState) {
	switch s {
	case http.StateNew:
		c.begin(heading)
	case http.StateActive:
		c.begin(serving)
	case http.StateIdle:
		c.begin(idle)
	case http.StateHijacked, http.StateClosed:
		c.begin(unwatched)
	}
}

func (c *conn) phase() phase { return phase(c.turn.Load()) % phases }

// begin begins a phase, whose time runs from the next look on. One goroutine at a time calls it.
func (c *conn) begin(p phase) {
	c.rested = false
	next := c.turn.Load()/uint64(phases) + 1
	c.turn.Store(next*uint64(phases) + uint64(p))
	// If the deadline of the last phase passed at this moment, it is not the new one's.
	if c.read.armed.Load() {
		_ = c.disarm(&c.read, c.TCPConn.SetReadDeadline)
	}
	if c.write.armed.Load() {
		_ = c.disarm(&c.write, c.TCPConn.SetWriteDeadline)
	}
}

// Read reads. While it serves a request, net/http reads one byte to learn whether the peer goes
// away, and interrupts that as soon as the answer has been sent. It hardly ever takes a second,
// so such a read waits for the interruption first and goes to the system when it has not come.
// It is told from the reads of a body by having no deadline. (With a server that has no ReadTimeout
// a chunk's head or trailer which leaves one byte of net/http's buffer may have to wait for a look.)
func (c *conn) Read(p []byte) (int, error) {
	if len(p) == 1 && c.phase() == serving && c.read.noted.Load() == 0 && !c.read.armed.Load() &&
		c.reader.CompareAndSwap(notReading, waiting) {
		<-c.wake
	}
	if c.phase() == idle {
		// An answer has been sent. Others that can run go first, for under load the next request has
		// come by then: it is read at once, and not after a try in vain and a wait.
		runtime.Gosched()
	}
	if !c.reader.CompareAndSwap(notReading, reading) && c.reader.Load() == interrupted {
		return 0, os.ErrDeadlineExceeded
	}
	n, err := c.TCPConn.Read(p)
	c.reader.CompareAndSwap(reading, notReading)
	return n, err
}

// SetReadDeadline notes until when reads may wait; zero is as long as the phase allows. A time of
// long ago interrupts who reads, and who is about to, at once.
//
// When a request has been answered net/http takes the deadline away twice: before it waits for the
// next one, and as soon as that begins.
func (c *conn) SetReadDeadline(t time.Time) error {
	if isPast(t) {
		return c.interrupt(t)
	}
	c.note(&c.read, t)
	if c.reader.Load() == interrupted {
		c.reader.CompareAndSwap(interrupted, notReading)
	}
	if c.phase() == idle {
		if c.rested {
			c.begin(heading)
		} else {
			c.rested = true
		}
	}
	if c.read.armed.Load() {
		return c.disarm(&c.read, c.TCPConn.SetReadDeadline)
	}
	return nil
}

// interrupt ends a read, or keeps the next one from beginning.
func (c *conn) interrupt(t time.Time) error {
	for {
		switch state := c.reader.Load(); state {
		case closed:
			return net.ErrClosed
		case interrupted:
			return nil
		case reading:
			// It stays in that state till it returns, which only the system can make it do.
			if err := c.set(&c.read, t, c.TCPConn.SetReadDeadline); err != nil || c.reader.Load() == reading {
				return err
			}
		default:
			if c.reader.CompareAndSwap(state, interrupted) {
				if state == waiting {
					c.wake <- struct{}{}
				}
				return nil
			}
		}
	}
}

// SetWriteDeadline notes until when writes may wait; zero is as long as the phase allows.
func (c *conn) SetWriteDeadline(t time.Time) error {
	if isPast(t) {
		return c.set(&c.write, t, c.TCPConn.SetWriteDeadline)
	}
	c.note(&c.write, t)
	if c.write.armed.Load() {
		return c.disarm(&c.write, c.TCPConn.SetWriteDeadline)
	}
	return nil
}

// SetDeadline is both.
func (c *conn) SetDeadline(t time.Time) error {
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}

// Close closes the connection; nobody looks at it any more.
func (c *conn) Close() error {
	c.of.forget(c)
	if c.reader.Swap(closed) == waiting {
		c.wake <- struct{}{}
	}
	return c.TCPConn.Close()
}

func isPast(t time.Time) bool { return !t.IsZero() && !t.After(longAgo()) }

func (c *conn) note(d *limit, t time.Time) {
	if t.IsZero() {
		d.noted.Store(0)
		return
	}
	d.noted.Store(max(1, int64(t.Sub(c.of.began))))
}

// set sets the system's own deadline, which has passed.
func (c *conn) set(d *limit, t time.Time, system func(time.Time) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	d.armed.Store(true)
	return system(t)
}

// disarm takes the system's own deadline away.
func (c *conn) disarm(d *limit, system func(time.Time) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	d.armed.Store(false)
	return system(time.Time{})
}

// look ends what has taken too long at now.
func (c *conn) look(now time.Time, l limits) {
	if turn := c.turn.Load(); turn != c.seen {
		c.seen, c.since = turn, now
	} else if c.reader.CompareAndSwap(waiting, notReading) {
		c.wake <- struct{}{} // this request takes its time: listen to the peer
	}
	mayRead, mayWrite := time.Duration(0), l.write // errors are answered in other phases than serving
	switch phase(c.seen) % phases {
	case heading:
		mayRead = l.header
	case idle:
		mayRead = l.idle
	case unwatched:
		mayWrite = 0
	}
	at, spent := now.Sub(c.of.began), now.Sub(c.since)
	if noted, due := c.read.due(at, spent, mayRead); due {
		c.arm(&c.read, noted, c.TCPConn.SetReadDeadline)
	}
	if noted, due := c.write.due(at, spent, mayWrite); due {
		c.arm(&c.write, noted, c.TCPConn.SetWriteDeadline)
	}
}

// due reports, once, that the deadline has passed at a time: the noted one, or else that of a
// phase which has lasted that long.
func (d *limit) due(at, spent, may time.Duration) (noted int64, due bool) {
	noted = d.noted.Load()
	switch {
	case d.armed.Load():
		return noted, false
	case noted != 0:
		return noted, int64(at) >= noted
	}
	return noted, may > 0 && spent >= may
}

// arm makes the waiting call fail, unless what it waits for came at this moment.
func (c *conn) arm(d *limit, noted int64, system func(time.Time) error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if d.armed.Swap(true) {
		return // interrupted meanwhile
	}
	if d.noted.Load() != noted || c.turn.Load() != c.seen {
		d.armed.Store(false)
		return
	}
	_ = system(longAgo()) // its error says that the connection was closed meanwhile
}
