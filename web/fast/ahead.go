package fast

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/valyala/fasthttp"
)

// Shortcut answers a request with status 200 before fasthttp reads it. It appends the lines of the answer's headers by
// [AppendHeader], and then the body by [AppendBody]. ok is false if the handler must answer instead: then the shortcut
// has left no trace. It must be quick, and not keep r.
type Shortcut func(r *Request, answer []byte) (appended []byte, ok bool)

// AppendHeader appends a line of a header, with the value as net/http sends it.
func AppendHeader(answer []byte, name, value string) []byte {
	answer = append(append(answer, name...), ": "...)
	return append(append(answer, oneLine(value)...), "\r\n"...)
}

// AppendBody ends the headers with the length of the body and appends that.
func AppendBody(answer, body []byte) []byte {
	answer = strconv.AppendInt(append(answer, "Content-Length: "...), int64(len(body)), 10)
	return append(append(answer, "\r\n\r\n"...), body...)
}

// Who answers on a connection.
const (
	passing   int32 = iota // fasthttp
	waiting                // it waits for the next request after one that the shortcut answered
	answering              // the shortcut
	closing                // nobody; it is closed, or will be after the answer
)

// ahead is what a connection needs for the shortcut.
//
// fasthttp reads when it has answered all that it has read. While everything on a connection was one [Request]
// after another, each of which came alone and as a whole, what it reads next begins a request. After anything else only
// fasthttp knows where one begins, and the shortcut sees no more of the connection.
type ahead struct {
	raw     syscall.RawConn // nil without a shortcut, and after anything else
	step    func(fd uintptr) (done bool)
	into    []byte
	n       int
	err     error
	request Request
	answer  []byte
	who     atomic.Int32
	renewed time.Time // when the deadlines were set last
	glanced bool      // since then
	begin   []byte    // of an answer in the second dated
	dated   int64
}

// lookAhead readies a new connection for the shortcut.
func (c *conn) lookAhead() {
	socket, ok := c.Conn.(syscall.Conn)
	if !ok || !looksAhead || c.s.o.Shortcut == nil {
		return
	}
	if raw, err := socket.SyscallConn(); err == nil {
		c.ahead.raw, c.ahead.step, c.ahead.request.Peer = raw, c.readAhead, c.peer.text
	}
}

// Read returns what the shortcut does not answer. After an answer of the shortcut, what ends the connection is
// an end in order for fasthttp, which knows of no request and would complain to the client.
func (c *conn) Read(p []byte) (int, error) {
	a := &c.ahead
	if a.raw == nil {
		return c.Conn.Read(p)
	}
	a.into, a.n, a.err = p, 0, nil
	defer func() { a.into = nil }()
	err := a.raw.Read(a.step)
	for c.glances(err) {
		err = a.raw.Read(a.step)
	}
	if a.who.Load() == passing {
		if err == nil {
			err = a.err
		}
		return a.n, err
	}
	if err != nil || a.err != nil || !a.who.CompareAndSwap(waiting, passing) {
		return 0, io.EOF
	}
	a.renewed = time.Time{} // fasthttp sets the deadlines now
	return a.n, c.SetReadDeadline(after(time.Now(), c.s.o.ReadHeader))
}

// glance is how long a connection waits for the next request before it looks for it, and then waits on.
const glance = 200 * time.Millisecond

// glances reports whether the connection has waited for a glance, and must read again: what it has read may have been
// the last, and the end that came with it is told of once.
func (c *conn) glances(err error) bool {
	a := &c.ahead
	if !errors.Is(err, os.ErrDeadlineExceeded) || a.glanced || a.who.Load() != waiting {
		return false
	}
	a.glanced = true
	return c.SetReadDeadline(after(a.renewed, c.s.o.Idle)) == nil
}

// readAhead reads once, and answers if it can. It reports whether fasthttp must see what came.
//
// It waits first and reads then: the system tells of what comes after a read that did not fill the buffer (epoll(7)).
// [net.Conn] tries to read before it waits, in vain: that takes 11 % more of the server's processor time for an answer.
func (c *conn) readAhead(fd uintptr) (done bool) {
	a := &c.ahead
	n, err := readNow(fd, a.into)
	switch {
	case err == syscall.EAGAIN:
		return false
	case err != nil:
		a.err = err
		return true
	case n == 0:
		a.err = io.EOF
		return true
	}
	a.n = n
	return !c.takesShortcut(fd)
}

// takesShortcut answers what was read if it is a request that the shortcut accepts. If the buffer is full there may be
// more, of which the system has told already.
func (c *conn) takesShortcut(fd uintptr) bool {
	a := &c.ahead
	defer a.request.forget()
	if a.n == len(a.into) || !a.request.read(a.into[:a.n]) {
		a.raw = nil
		return false
	}
	before := a.who.Load()
	if c.s.stopping.Load() || before == closing || !a.who.CompareAndSwap(before, answering) {
		return false
	}
	a.request.At = time.Now()
	answer, ok := c.s.try(&a.request, append(a.answer[:0], a.beginning()...))
	a.answer = answer
	next := before
	if ok {
		next = waiting
		if a.err = c.write(fd); a.err == nil && c.s.stopping.Load() {
			a.err = io.EOF // Shutdown may have seen it busy
		}
	}
	// If it is to be closed, fasthttp does that when there is nothing more to read.
	return a.who.CompareAndSwap(answering, next) && ok && a.err == nil
}

// write sends the answer. It sets the deadline of the next read seldom, and that of the write only if it has to wait: setting
// both each time took 3 % of the processor time.
func (c *conn) write(fd uintptr) error {
	a, now := &c.ahead, c.ahead.request.At
	if a.glanced || now.Sub(a.renewed) > glance/2 {
		a.renewed, a.glanced = now, false
		if err := c.SetReadDeadline(now.Add(glance)); err != nil {
			return err
		}
	}
	n, err := writeNow(fd, a.answer)
	if n == len(a.answer) || err != nil && err != syscall.EAGAIN {
		return err
	}
	if err := c.SetWriteDeadline(after(now, c.s.o.Write)); err != nil {
		return err
	}
	_, err = c.Conn.Write(a.answer[n:])
	return err
}

// beginning returns the first lines of an answer, which hold for a second.
func (a *ahead) beginning() []byte {
	if second := a.request.At.Unix(); second != a.dated {
		a.dated = second
		a.begin = append(fasthttp.AppendHTTPDate(append(a.begin[:0], "HTTP/1.1 200 OK\r\nDate: "...), a.request.At), "\r\n"...)
	}
	return a.begin
}

// after is a deadline; none if d is 0.
func after(now time.Time, d time.Duration) time.Time {
	if d == 0 {
		return time.Time{}
	}
	return now.Add(d)
}

// try calls the shortcut. The handler answers after a panic.
func (s *Server) try(r *Request, answer []byte) (appended []byte, ok bool) {
	defer func() {
		if p := recover(); p != nil {
			s.o.Log.Error("a shortcut panicked", "error", fmt.Sprint(p), "stack", string(debug.Stack()))
			appended, ok = answer, false
		}
	}()
	return s.o.Shortcut(r, answer)
}
