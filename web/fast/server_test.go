package fast_test

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"latchkey/web/fast"
)

// serve serves a handler with short limits, on a listener that fails some times first.
func serve(t *testing.T, h http.HandlerFunc, failures int32) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := fast.New(fast.Options{Handler: h, Base: context.Background(), Log: slog.New(slog.DiscardHandler), ReadHeader: 200 * time.Millisecond,
		Read: 600 * time.Millisecond, Write: time.Second, Idle: 400 * time.Millisecond, MaxHeader: 8 << 10})
	f := &failing{Listener: l}
	f.left.Store(failures)
	untilEnd(t, s, f)
	return l.Addr().String()
}

// untilEnd serves until the end of the test.
func untilEnd(t *testing.T, s *fast.Server, l net.Listener) {
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	t.Cleanup(func() {
		if err := s.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// failing is a listener in a process that has too many open files.
type failing struct {
	net.Listener
	left atomic.Int32
}

func (f *failing) Accept() (net.Conn, error) {
	if f.left.Add(-1) >= 0 {
		return nil, &net.OpError{Op: "accept", Err: syscall.EMFILE}
	}
	return f.Listener.Accept()
}

// ask sends text, then a byte from time to time, and returns what comes until the server ends the connection.
func ask(t *testing.T, address, text, then string) (string, time.Duration) {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	begin := time.Now()
	_ = c.SetDeadline(begin.Add(15 * time.Second))
	_, _ = io.WriteString(c, text)
	ended := make(chan struct{})
	defer close(ended)
	if then != "" {
		go func() {
			for {
				select {
				case <-ended:
					return
				case <-time.After(20 * time.Millisecond):
					_, _ = io.WriteString(c, then)
				}
			}
		}()
	}
	answer, err := io.ReadAll(bufio.NewReader(c))
	if network, ok := err.(net.Error); ok && network.Timeout() {
		t.Errorf("%q: the server holds the connection", text)
	}
	return string(answer), time.Since(begin)
}

func hello(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusTeapot)
	}
	_, _ = w.Write(body)
}

func TestServer_WaitsForNoSlowClient(t *testing.T) {
	address := serve(t, hello, 0)
	for _, c := range []struct{ name, text, then, want string }{
		{"nothing", "", "", ""},
		{"half a header", "GET / HTTP/1.1\r\nHost: a\r\nX: ", "", " 408 "},
		{"a header that goes on", "GET / HTTP/1.1\r\nHost: a\r\nX: ", "y", " 408 "},
		{"half a body", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n", "y", " 418 "},
		{"no more requests", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "", " 200 "},
	} {
		t.Run(c.name, func(t *testing.T) {
			answer, took := ask(t, address, c.text, c.then)
			if !strings.Contains(answer, c.want) || took > 10*time.Second {
				t.Errorf("%q after %v, want %q", answer, took, c.want)
			}
		})
	}
}

func TestServer_GoesOnWhenItCannotAcceptForAWhile(t *testing.T) {
	address := serve(t, hello, 3)
	if answer, _ := ask(t, address, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", ""); !strings.Contains(answer, " 200 ") {
		t.Errorf("%q", answer)
	}
}

func TestServer_SurvivesAHandlerThatPanics(t *testing.T) {
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Latchkey-Subject", "somebody")
		panic("broken")
	}, 0)
	for range 2 {
		answer, _ := ask(t, address, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "")
		if !strings.Contains(answer, " 500 ") || strings.Contains(answer, "somebody") || strings.Contains(answer, "broken") {
			t.Errorf("%q", answer)
		}
	}
}

func TestServer_LetsNoValueBecomeAHeader(t *testing.T) {
	address := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Latchkey-Reason", "a\r\nX-Injected: b\n\nbody")
	}, 0)
	answer, _ := ask(t, address, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "")
	if !strings.Contains(answer, "Latchkey-Reason: a  X-Injected: b  body\r\n") {
		t.Errorf("%q", answer)
	}
}
