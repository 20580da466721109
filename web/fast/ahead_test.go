package fast_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/web/fast"
)

// forked is a server with a shortcut for paths that begin with /short.
type forked struct {
	*fast.Server
	address string
	short   atomic.Int32 // requests that the shortcut answered
}

// fork serves by TCP or a socket, with short limits. The shortcut begins with a function.
func fork(t *testing.T, network string, begins func(*fast.Request)) *forked {
	t.Helper()
	address := "127.0.0.1:0"
	if network == "unix" {
		address = t.TempDir() + "/s"
	}
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	f := &forked{address: l.Addr().String()}
	f.Server = fast.New(fast.Options{Log: slog.New(slog.DiscardHandler), Base: context.Background(),
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			fmt.Fprintf(w, "handled %s %s", r.URL.Path, body)
		}),
		Shortcut: func(r *fast.Request, answer []byte) ([]byte, bool) {
			if !strings.HasPrefix(r.Path, "/short") {
				return answer, false
			}
			begins(r)
			f.short.Add(1)
			said, _ := r.Header("Say")
			answer = fast.AppendHeader(answer, "Latchkey-Said", said+"\r\nX-Injected: "+r.Query)
			if r.Path == "/short/large" {
				return fast.AppendBody(answer, large), true
			}
			return fast.AppendBody(answer, []byte(r.Body)), true
		},
		ReadHeader: 300 * time.Millisecond, Read: 600 * time.Millisecond, Write: time.Second, Idle: 800 * time.Millisecond, MaxHeader: 8 << 10})
	untilEnd(t, f.Server, l)
	return f
}

func nothing(*fast.Request) {}

// large is more than a system keeps for a client that does not read.
var large = func() (b []byte) {
	for i := range 1 << 20 {
		b = fmt.Appendf(b, "%08d\n", i)
	}
	return b
}()

// dial connects to the server.
func (f *forked) dial(t *testing.T) net.Conn {
	t.Helper()
	network := "tcp"
	if strings.HasPrefix(f.address, "/") {
		network = "unix"
	}
	c, err := net.Dial(network, f.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	return c
}

const (
	short = "GET /short?a HTTP/1.1\r\nHost: a\r\nSay: b\r\n\r\n"
	form  = "POST /short?a HTTP/1.1\r\nHost: a\r\nSay: b\r\nContent-Length: 3\r\n\r\nc=d"
	other = "POST /long HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\ne=f"
	long  = "GET /long HTTP/1.1\r\nHost: a\r\n\r\n"
)

// exchange sends parts with pauses and reads so many answers. It returns what they were.
func exchange(t *testing.T, c net.Conn, answers int, parts ...string) string {
	t.Helper()
	for i, part := range parts {
		if i > 0 {
			time.Sleep(60 * time.Millisecond)
		}
		if _, err := io.WriteString(c, part); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for r := bufio.NewReader(c); answers > 0; answers-- {
		answer, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatalf("%q: after %q: %v", parts, got, err)
		}
		body, _ := io.ReadAll(answer.Body)
		said := answer.Header.Get("Latchkey-Said")
		if said != "" && (answer.Header.Get("Date") == "" || answer.ContentLength != int64(len(body)) || answer.Header.Get("X-Injected") != "") {
			t.Errorf("%q: %+v", parts, answer)
		}
		got = append(got, fmt.Sprint(answer.StatusCode, said, string(body)))
	}
	return strings.Join(got, ", ")
}

func TestShortcut_AnswersWhatComesAsAWhole(t *testing.T) {
	const shortly, handled, left = "200b  X-Injected: a", "200handled /long ", "200handled /short "
	for _, network := range []string{"tcp", "unix"} {
		f := fork(t, network, nothing)
		c := f.dial(t)
		for _, step := range []struct{ text, want string }{{short, shortly}, {short, shortly}, {long, handled}, {short, shortly},
			{long, handled}, {form, shortly + "c=d"}, {other, handled + "e=f"}, {short, shortly},
			{form + short, left + "c=d, " + left}, {short, left}} {
			if got := exchange(t, c, strings.Count(step.text, " HTTP/"), step.text); got != step.want {
				t.Errorf("%s, %q: %q, want %q", network, step.text, got, step.want)
			}
		}
	}
}

// TestShortcut_SeesNothingThatIsPartOfARequest sends what looks like a request where none begins.
func TestShortcut_SeesNothingThatIsPartOfARequest(t *testing.T) {
	f := fork(t, "tcp", nothing)
	post := fmt.Sprintf("POST /long HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", len(short))
	chunk := fmt.Sprintf("%x\r\n", len(short))
	for _, c := range []struct {
		name    string
		answers int
		parts   []string
	}{
		{"a body", 1, []string{post, short}},
		{"a body after a request", 2, []string{long, post, short}},
		{"a body of GET", 1, []string{strings.Replace(post, "POST", "GET", 1), short}},
		{"a chunk", 1, []string{"POST /long HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk, short, "\r\n0\r\n\r\n"}},
		{"a header", 1, []string{"GET /long HTTP/1.1\r\nHost: a\r\nX: ", strings.Replace(short, "Host: a\r\n", "", 1)}},
		{"the end of the second", 2, []string{long + "GET /long HTTP/1.1\r\nHost: a\r\nX: ", strings.Replace(short, "Host: a\r\n", "", 1)}},
		{"what follows it at once", 3, []string{short + short, short}},
		{"what follows a form at once", 3, []string{other + short, short}},
		{"a form that is cut", 2, []string{form[:len(form)-1], form[len(form)-1:] + short}},
		{"what follows a body", 2, []string{post, short, short}},
		{"what follows half a request", 2, []string{"GET /long HTTP/1.1\r\n", "Host: a\r\n\r\n", short}},
	} {
		got := exchange(t, f.dial(t), c.answers, c.parts...)
		if f.short.Load() != 0 || strings.Contains(got, "Injected") || strings.Count(got, "handled") != c.answers {
			t.Fatalf("%s: %q", c.name, got)
		}
	}
}

func TestShortcut_EndsConnections(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		f := fork(t, network, nothing)
		for _, c := range []struct {
			name, then, want string
			closes           bool // the client has said all, in the same packet, and fasthttp answered it before
			least, most      time.Duration
		}{
			{"that are idle", "", "", false, 600 * time.Millisecond, 5 * time.Second},
			{"at their end", "", "", true, 0, 600 * time.Millisecond},
			{"that send half a request", "GET /", " 408 ", false, 250 * time.Millisecond, 5 * time.Second},
		} {
			conn := f.dial(t)
			exchange(t, conn, 1, short)
			if c.closes {
				exchange(t, conn, 1, long)
			}
			begin := time.Now()
			_, _ = io.WriteString(conn, c.then)
			if c.closes {
				_, _ = io.WriteString(conn, short)
				_ = conn.(interface{ CloseWrite() error }).CloseWrite()
			}
			rest, err := io.ReadAll(conn)
			if took := time.Since(begin); err != nil || took < c.least || took > c.most {
				t.Errorf("%s: %s: after %v: %v", network, c.name, took, err)
			}
			if c.closes {
				_, after, _ := strings.Cut(string(rest), "\r\n\r\n")
				rest = []byte(after)
			}
			if !strings.Contains(string(rest), c.want) || c.want == "" && len(rest) > 0 {
				t.Errorf("%s: %s: %q", network, c.name, rest)
			}
		}
	}
}

// TestShortcut_ReadsAllThatIsThere sends a request that fills the server's buffer, and one more.
func TestShortcut_ReadsAllThatIsThere(t *testing.T) {
	f := fork(t, "tcp", nothing)
	full := strings.Replace(short, "Say: b", "Say: "+strings.Repeat("b", 8<<10-len(short)+1), 1)
	begin := time.Now()
	if got := exchange(t, f.dial(t), 2, full+short); !strings.HasSuffix(got, "200handled /short ") || time.Since(begin) > 150*time.Millisecond {
		t.Errorf("%.100q after %v", got, time.Since(begin))
	}
}

func TestShortcut_GivesWholeAnswersToThoseWhoReadSlowly(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		c := fork(t, network, nothing).dial(t)
		r := bufio.NewReader(c)
		for range 2 {
			if _, err := io.WriteString(c, strings.Replace(short, "/short", "/short/large", 1)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(100 * time.Millisecond)
			answer, err := http.ReadResponse(r, nil)
			if err != nil {
				t.Fatal(err)
			}
			if body, err := io.ReadAll(answer.Body); err != nil || !bytes.Equal(body, large) {
				t.Errorf("%s: %d bytes of %d, %v", network, len(body), len(large), err)
			}
		}
	}
}

func TestShortcut_WaitsForNobodyWhoDoesNotRead(t *testing.T) {
	f := fork(t, "unix", nothing)
	c := f.dial(t)
	var blocked time.Time
	for sent := int32(1); blocked.IsZero() || time.Since(blocked) < 5*time.Second; sent++ {
		if _, err := io.WriteString(c, short); err != nil {
			return
		}
		for begin := time.Now(); f.short.Load() < sent; time.Sleep(time.Millisecond) {
			if time.Since(begin) > 200*time.Millisecond {
				if blocked.IsZero() {
					blocked = begin
				}
				break
			}
		}
	}
	t.Errorf("the server holds the connection after %d answers", f.short.Load())
}

// TestShortcut_FinishesItsAnswerWhenTheServerStops stops a server during an answer, on connections that fasthttp takes for
// idle, because it has answered there, and for new.
func TestShortcut_FinishesItsAnswerWhenTheServerStops(t *testing.T) {
	for _, idle := range []bool{true, false} {
		begun, goOn := make(chan struct{}), make(chan struct{})
		f := fork(t, "tcp", func(*fast.Request) {
			begun <- struct{}{}
			<-goOn
		})
		c := f.dial(t)
		if idle {
			exchange(t, c, 1, long)
		}
		answered := make(chan string, 1)
		go func() {
			_, _ = io.WriteString(c, short)
			text, _ := io.ReadAll(c)
			answered <- string(text)
		}()
		<-begun
		stopped := make(chan error, 1)
		go func() { stopped <- f.Shutdown(context.Background()) }()
		time.Sleep(300 * time.Millisecond)
		close(goOn)
		begin := time.Now()
		if text := <-answered; !strings.HasSuffix(text, "\r\n\r\n") {
			t.Errorf("idle: %v: %q", idle, text)
		}
		if err := <-stopped; err != nil || time.Since(begin) > 500*time.Millisecond {
			t.Errorf("idle: %v: stopped after %v, %v", idle, time.Since(begin), err)
		}
	}
}

// TestShortcut_HoldsNoServerThatStops stops a server with a connection that has just been used.
func TestShortcut_HoldsNoServerThatStops(t *testing.T) {
	f := fork(t, "tcp", nothing)
	exchange(t, f.dial(t), 1, short)
	begin := time.Now()
	if err := f.Shutdown(context.Background()); err != nil || time.Since(begin) > 500*time.Millisecond {
		t.Errorf("stopped after %v, %v", time.Since(begin), err)
	}
}

func TestShortcut_LeavesToTheHandlerWhereItPanics(t *testing.T) {
	f := fork(t, "tcp", func(*fast.Request) { panic("broken") })
	c := f.dial(t)
	for range 2 {
		if got := exchange(t, c, 1, short); got != "200handled /short " {
			t.Errorf("%q", got)
		}
	}
}
