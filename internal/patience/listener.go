// Package patience bounds how long an HTTP server waits for its peers, at little cost.
//
// For each request of a kept connection net/http asks the clock three times for its deadlines and
// moves a timer of the runtime some seven times; meanwhile it listens whether the peer goes away,
// only to interrupt that. For a request that is answered from memory this is a tenth of the work.
// Here a connection notes what it is at, and one goroutine looks at all of them once a second. So
// a peer is given up to two seconds more than the server allows, and one that goes away, or says
// that it sends no more, ends the context of its request up to two seconds later, if that still
// goes on. Before it waits for the next request, a connection lets the others run. Nothing else
// changes: calls that have waited for too long fail with os.ErrDeadlineExceeded, and deadlines of a
// [http.ResponseController] hold as long as the request.
//
// It is for HTTP/1 over TCP.
package patience

import (
	"cmp"
	"net"
	"net/http"
	"sync"
	"time"
)

// every is how often the connections are looked at.
const every = time.Second

// limits is how long a peer may take; 0 or less is for ever.
type limits struct {
	header time.Duration // to send the header of a request
	write  time.Duration // to take the answer, from the header's end on
	idle   time.Duration // till its next request
}

// Listener accepts connections for a server. Make one with [Listen] and use it for one server.
type Listener struct {
	*net.TCPListener
	limits limits
	every  time.Duration // between looks
	began  time.Time     // deadlines are noted as the time from then on: no clock that is set moves them
	mu     sync.Mutex
	open   map[*conn]struct{}
}

// Listen listens on the TCP address, HOST:PORT. Its errors are those of [net.Listen].
func Listen(addr string) (*Listener, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &Listener{TCPListener: l.(*net.TCPListener), every: every, began: time.Now(), open: map[*conn]struct{}{}}, nil
}

// Serve is the server's Serve with the listener. It takes over what the server names as
// ReadHeaderTimeout, WriteTimeout and IdleTimeout, so these fields change, and sets ConnState.
// ReadTimeout costs nothing and stays.
func (l *Listener) Serve(server *http.Server) error {
	l.limits = limits{header: cmp.Or(server.ReadHeaderTimeout, server.ReadTimeout), write: server.WriteTimeout,
		idle: cmp.Or(server.IdleTimeout, server.ReadTimeout)}
	// Less than nothing is none: for 0 net/http would take ReadTimeout instead.
	server.ReadHeaderTimeout, server.WriteTimeout, server.IdleTimeout = -1, 0, -1
	server.ConnState = func(c net.Conn, s http.ConnState) { c.(*conn).enter(s) }
	ended := make(chan struct{})
	defer close(ended)
	go l.watch(ended)
	return server.Serve(l)
}

// Accept waits for the next connection.
func (l *Listener) Accept() (net.Conn, error) {
	tcp, err := l.AcceptTCP()
	if err != nil {
		return nil, err
	}
	c := &conn{TCPConn: tcp, of: l, wake: make(chan struct{}, 1)}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open[c] = struct{}{}
	return c, nil
}

// watch ends what waits for too long, until the server has ended and all connections are closed:
// a server that shuts down lets requests go on.
func (l *Listener) watch(ended <-chan struct{}) {
	tick := time.NewTicker(l.every)
	defer tick.Stop()
	for range tick.C {
		open := l.look(time.Now()) // a tick says when it was due, which may be long ago
		select {
		case <-ended:
			if open == 0 {
				return
			}
		default:
		}
	}
}

// look looks at every connection, and returns how many are open.
func (l *Listener) look(now time.Time) int {
	l.mu.Lock()
	open := make([]*conn, 0, len(l.open))
	for c := range l.open {
		open = append(open, c)
	}
	l.mu.Unlock()
	for _, c := range open {
		c.look(now, l.limits)
	}
	return len(open)
}

func (l *Listener) forget(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.open, c)
}
