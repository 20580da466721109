package patience

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// pair is a served connection and its peer.
func pair(t *testing.T) (served, peer net.Conn) {
	t.Helper()
	l := listening(t)
	peer, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	served, err = l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = served.Close(); _ = peer.Close() })
	return served, peer
}

func listening(t *testing.T) *Listener {
	t.Helper()
	l, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// within runs a call that must fail with a deadline between from and until.
func within(t *testing.T, from, until time.Duration, call func() error) {
	t.Helper()
	begin := time.Now()
	err := call()
	if took := time.Since(begin); !errors.Is(err, os.ErrDeadlineExceeded) || took < from || took > until {
		t.Errorf("%v after %v, want a deadline between %v and %v", err, took, from, until)
	}
}

func TestRead_WaitsUntilItsDeadlineAndAtMostASecondMore(t *testing.T) {
	served, peer := pair(t)
	read := func() error { _, err := served.Read(make([]byte, 1)); return err }
	set := func(d time.Duration) {
		if err := served.SetReadDeadline(time.Now().Add(d)); err != nil {
			t.Fatal(err)
		}
	}
	set(200 * time.Millisecond)
	within(t, 190*time.Millisecond, 3*every, read)
	set(time.Hour) // a new one makes it readable again
	if _, err := peer.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if err := read(); err != nil {
		t.Errorf("after the deadline was moved: %v", err)
	}
	if err := served.SetReadDeadline(time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	within(t, 0, every/2, read) // an interruption is one at once
}

func TestWrite_ToAPeerThatReadsNothingEnds(t *testing.T) {
	served, _ := pair(t)
	if err := served.SetWriteDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	within(t, 90*time.Millisecond, 5*every, func() error {
		for chunk := make([]byte, 1<<20); ; {
			if _, err := served.Write(chunk); err != nil {
				return err
			}
		}
	})
}

func TestServer_EndsRequestsThatDoNotCome(t *testing.T) {
	l := listening(t)
	server := &http.Server{ReadHeaderTimeout: 100 * time.Millisecond, IdleTimeout: 100 * time.Millisecond,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") })}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	for name, sent := range map[string]string{
		"half a header":  "GET / HTTP/1.1\r\nHost: x\r\n",
		"idle after one": "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"nothing":        "",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if _, err := io.WriteString(c, sent); err != nil {
				t.Fatal(err)
			}
			if err := c.SetReadDeadline(time.Now().Add(5 * every)); err != nil {
				t.Fatal(err)
			}
			answer, err := io.ReadAll(bufio.NewReader(c))
			if err != nil || strings.HasSuffix(sent, "\r\n\r\n") != strings.HasSuffix(string(answer), "ok") {
				t.Errorf("not closed in time: %q, %v", answer, err)
			}
		})
	}
}

func TestListener_ForgetsConnectionsThatAreClosed(t *testing.T) {
	served, _ := pair(t)
	l := served.(*conn).of
	if n := l.look(time.Now()); n != 1 {
		t.Errorf("%d connections are watched", n)
	}
	if err := served.Close(); err != nil {
		t.Fatal(err)
	}
	if n := l.look(time.Now()); n != 0 {
		t.Errorf("%d connections are watched after the end", n)
	}
}
