// Package fast serves plain handlers of net/http with the server of fasthttp, which needs about half of
// the processor time for each answer. It is for a few paths that are asked very often: a handler can
// neither stream an answer nor take over the connection.
//
// A handler sees the same request as below net/http, and its answer has the same status, headers
// and body. What is no proper HTTP is refused as 4xx, and some of it that net/http accepts is refused
// too: lines that end with LF alone, a Content-Length that occurs twice, and an empty Host.
//
// A [Shortcut] may answer the plainest requests before fasthttp reads them, in half of its time.
package fast

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/valyala/fasthttp"
)

// Options is what a server needs.
type Options struct {
	Handler  http.Handler
	Shortcut Shortcut        // before the handler; nil: none
	Base     context.Context // of all requests
	Log      *slog.Logger

	// Timeouts, as those of [http.Server].
	ReadHeader, Read, Write, Idle time.Duration
	MaxHeader                     int // bytes
}

// Server is a server on one listener.
type Server struct {
	o    Options
	fast *fasthttp.Server
	pool sync.Pool // of *exchange

	stopping atomic.Bool // no more shortcuts

	mu    sync.Mutex
	conns map[*conn]struct{}
}

// New returns a server. Call Serve once.
func New(o Options) *Server {
	s := &Server{o: o, conns: map[*conn]struct{}{}}
	s.pool.New = func() any { return newExchange(o.Base) }
	s.fast = &fasthttp.Server{
		Handler: s.serve, ErrorHandler: refuseUnread, ExpectHandler: expect, Logger: silent{}, SecureErrorLogMessage: true,
		ReadBufferSize: o.MaxHeader, ReadTimeout: o.ReadHeader, WriteTimeout: o.Write, IdleTimeout: o.Idle,
		HeaderReceived: func(h *fasthttp.RequestHeader) (c fasthttp.RequestConfig) {
			if n := h.ContentLength(); n > 0 || n == chunked {
				c.ReadTimeout = o.Read
			}
			return c
		},
		// The handler reads the body, and decides how much of it. With 1, the server waits for one byte of a
		// body before it calls the handler; it cannot wait for none.
		StreamRequestBody: true, MaxRequestBodySize: 1, DisablePreParseMultipartForm: true,
		Concurrency: maxConnections, NoDefaultServerHeader: true, NoDefaultContentType: true, CloseOnShutdown: true, LazyRequestTime: true,
	}
	return s
}

// chunked is what fasthttp calls the length of a body that comes in chunks.
const chunked = -1

// maxConnections bounds the memory of a server, because fasthttp reads each connection into a buffer for the
// largest header. More are answered with 503.
const maxConnections = 4096

// silent drops what fasthttp logs: its messages quote requests, which hold secrets.
type silent struct{}

// Printf drops the message.
func (silent) Printf(string, ...any) {}

// Serve serves connections until Shutdown or Close.
func (s *Server) Serve(l net.Listener) error { return s.fast.Serve(listener{l, s}) }

// Shutdown stops listening, closes idle connections and waits until all are closed or ctx ends. It may be
// called again to wait longer.
func (s *Server) Shutdown(ctx context.Context) error {
	s.stopping.Store(true)
	for _, c := range s.open() {
		if c.ahead.who.CompareAndSwap(waiting, closing) {
			_ = c.shut()
		}
	}
	if err := s.fast.ShutdownWithContext(ctx); err != nil {
		return err
	}
	for s.connections() > 0 {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
	return nil
}

// Close closes all connections.
func (s *Server) Close() error {
	var errs []error
	for _, c := range s.open() {
		errs = append(errs, c.shut())
	}
	return errors.Join(errs...)
}

// open returns the connections.
func (s *Server) open() []*conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Keys(s.conns))
}

func (s *Server) connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// socketPeer is the address of a client of a Unix socket. It is on this host, and the file's mode says who
// it may be.
const socketPeer = "127.0.0.1:0"

// listener notes the connections of a server.
type listener struct {
	net.Listener
	s *Server
}

// Accept waits for the next connection. After an error that passes it tries again, as net/http does: fasthttp
// would stop to listen.
func (l listener) Accept() (net.Conn, error) {
	accepted, err := l.Listener.Accept()
	for wait := shortestWait; passes(err); wait = min(2*wait, longestWait) {
		l.s.o.Log.Warn("cannot accept a connection, trying again", "error", err)
		time.Sleep(wait)
		accepted, err = l.Listener.Accept()
	}
	if err != nil {
		return nil, err
	}
	c := &conn{Conn: accepted, s: l.s, peer: peer{accepted.RemoteAddr(), accepted.RemoteAddr().String()}}
	if _, isSocket := accepted.(*net.UnixConn); isSocket {
		c.peer.text = socketPeer
	}
	c.lookAhead()
	l.s.mu.Lock()
	defer l.s.mu.Unlock()
	l.s.conns[c] = struct{}{}
	return c, nil
}

// How long Accept waits after errors.
const (
	shortestWait = 5 * time.Millisecond
	longestWait  = time.Second
)

// passes reports whether err may be gone soon: too many open files, too little memory, or a client that left.
func passes(err error) bool {
	for _, e := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// conn is a connection that knows its peer's address as a text, which each request needs.
type conn struct {
	net.Conn
	s     *Server
	peer  peer
	ahead ahead
}

// RemoteAddr returns the client's address.
func (c *conn) RemoteAddr() net.Addr { return &c.peer }

// Close closes the connection, after the answer of a shortcut that is being sent.
func (c *conn) Close() error {
	if c.ahead.who.CompareAndSwap(answering, closing) {
		return nil
	}
	return c.shut()
}

// shut closes the connection now.
func (c *conn) shut() error {
	c.s.mu.Lock()
	delete(c.s.conns, c)
	c.s.mu.Unlock()
	return c.Conn.Close()
}

type peer struct {
	net.Addr
	text string
}

// String returns host:port.
func (p *peer) String() string { return p.text }

// expect answers a header Expect: 100-continue. Others are refused with the request.
func expect(*fasthttp.RequestCtx) int { return http.StatusContinue }

// refuseUnread answers a request that cannot be read. It says nothing of it.
func refuseUnread(ctx *fasthttp.RequestCtx, err error) {
	var tooLarge *fasthttp.ErrSmallBuffer
	var network net.Error
	switch {
	case errors.As(err, &tooLarge):
		refuse(ctx, http.StatusRequestHeaderFieldsTooLarge)
	case errors.As(err, &network) && network.Timeout():
		refuse(ctx, http.StatusRequestTimeout)
	default:
		refuse(ctx, http.StatusBadRequest)
	}
}

// refuse answers what is no proper HTTP, and ends the connection.
func refuse(ctx *fasthttp.RequestCtx, status int) {
	ctx.Response.Reset()
	ctx.SetStatusCode(status)
	ctx.SetContentType("text/plain; charset=utf-8")
	ctx.SetBodyString(http.StatusText(status))
	ctx.SetConnectionClose()
}
