// Package patience bounds how long a server waits for its peers at little cost.
//
// net/http sets a deadline some seven times per request of a kept connection, and each one
// moves a timer of the runtime: for a request that is answered from memory that is a tenth of
// the work. The connections of a [Listener] only note their deadlines, and one goroutine
// looks at all of them once a second. A peer is given up to a second more than the server
// allows; nothing else changes: the waiting call fails with os.ErrDeadlineExceeded.
//
// It is for TCP, and knows nothing of HTTP. A deadline of long ago, with which net/http
// interrupts a read, takes effect at once.
package patience

import (
	"net"
	"sync"
	"time"
)

// every is how often the connections are looked at.
const every = time.Second

// Listener accepts connections whose deadlines it keeps itself. Make one with [Listen].
type Listener struct {
	*net.TCPListener
	mu     sync.Mutex
	open   map[*conn]struct{}
	closed chan struct{}
	once   sync.Once
}

// Listen listens on the TCP address, HOST:PORT. Its errors are those of [net.Listen]. Close ends
// it; connections that are open then go on and are watched until the last one is closed.
func Listen(addr string) (*Listener, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	p := &Listener{TCPListener: l.(*net.TCPListener), open: map[*conn]struct{}{}, closed: make(chan struct{})}
	go p.watch()
	return p, nil
}

// Accept waits for the next connection.
func (l *Listener) Accept() (net.Conn, error) {
	tcp, err := l.AcceptTCP()
	if err != nil {
		return nil, err
	}
	c := &conn{TCPConn: tcp, of: l}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open[c] = struct{}{}
	return c, nil
}

// Close stops listening.
func (l *Listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.TCPListener.Close()
}

// watch ends what waits for too long, until the listener and all its connections are closed.
func (l *Listener) watch() {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for now := range tick.C {
		open := l.look(now)
		select {
		case <-l.closed:
			if open == 0 {
				return
			}
		default:
		}
	}
}

// look ends what has waited for too long at now, and returns how many connections are open.
func (l *Listener) look(now time.Time) int {
	l.mu.Lock()
	open := make([]*conn, 0, len(l.open))
	for c := range l.open {
		open = append(open, c)
	}
	l.mu.Unlock()
	for _, c := range open {
		c.look(now)
	}
	return len(open)
}

func (l *Listener) forget(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.open, c)
}

// conn is a connection that notes its deadlines.
type conn struct {
	*net.TCPConn
	of *Listener

	mu          sync.Mutex
	read, write limit
}

// limit is a deadline of one direction.
type limit struct {
	noted time.Time // zero: none
	armed bool      // the system's own deadline is set: it has passed
}

// note returns whether the system's own deadline must be set, and to what.
func (d *limit) note(t time.Time) (own time.Time, set bool) {
	d.noted = t
	switch passed := !t.IsZero() && t.Before(longAgo()); {
	case passed:
		d.armed = true
		return t, true
	case d.armed:
		d.armed = false
		return time.Time{}, true
	}
	return time.Time{}, false
}

// due reports, once, that the deadline has passed.
func (d *limit) due(now time.Time) bool {
	if d.armed || d.noted.IsZero() || now.Before(d.noted) {
		return false
	}
	d.armed = true
	return true
}

// longAgo is before any moment that somebody would wait for, in 2020: net/http interrupts a read
// with a deadline in 1970.
func longAgo() time.Time { return time.Unix(1_577_836_800, 0) }

// SetReadDeadline notes until when reads may wait; zero is for ever.
func (c *conn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if own, set := c.read.note(t); set {
		return c.TCPConn.SetReadDeadline(own)
	}
	return nil
}

// SetWriteDeadline notes until when writes may wait; zero is for ever.
func (c *conn) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if own, set := c.write.note(t); set {
		return c.TCPConn.SetWriteDeadline(own)
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
	return c.TCPConn.Close()
}

// look makes the waiting call fail when its time is over. A connection that was closed
// meanwhile does not mind.
func (c *conn) look(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.read.due(now) {
		_ = c.TCPConn.SetReadDeadline(longAgo())
	}
	if c.write.due(now) {
		_ = c.TCPConn.SetWriteDeadline(longAgo())
	}
}
