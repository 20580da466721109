package patience

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// tick is how often the tests look, and soon is as long as a busy machine may take for what
// happens at the next look.
const (
	tick = 100 * time.Millisecond
	soon = 10 * time.Second
)

func listening(t *testing.T) *Listener {
	t.Helper()
	l, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.every = tick
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// pair is a connection that no server knows of, and its peer.
func pair(t *testing.T) (c *conn, peer net.Conn) {
	t.Helper()
	l := listening(t)
	peer, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = accepted.Close(); _ = peer.Close() })
	return accepted.(*conn), peer
}

// watch watches the listener's connections until the test ends.
func watch(t *testing.T, l *Listener) {
	ended := make(chan struct{})
	go l.watch(ended)
	t.Cleanup(func() { close(ended) })
}

// serve runs a server until the test ends and returns its listener.
func serve(t *testing.T, server *http.Server) *Listener {
	t.Helper()
	l := listening(t)
	go func() { _ = l.Serve(server) }()
	t.Cleanup(func() { _ = server.Close() })
	return l
}

// peer is a client of the listener's server that reads answers for as long as a test may take.
type peer struct {
	net.Conn
	t       *testing.T
	answers *bufio.Reader
}

func dial(t *testing.T, l *Listener) peer {
	t.Helper()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetReadDeadline(time.Now().Add(2 * soon))
	return peer{c, t, bufio.NewReader(c)}
}

func (p peer) send(text string) {
	p.t.Helper()
	if _, err := io.WriteString(p, text); err != nil {
		p.t.Fatal(err)
	}
}

// answer reads one answer's body.
func (p peer) answer() string {
	p.t.Helper()
	resp, err := http.ReadResponse(p.answers, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return string(body)
}

const get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"

// exceeds wants a deadline that passed soon but not before a while, counted from begin, before
// which nothing waited.
func exceeds(t *testing.T, err error, begin time.Time, while time.Duration) {
	t.Helper()
	if took := time.Since(begin); !errors.Is(err, os.ErrDeadlineExceeded) || took < while || took > while+soon {
		t.Errorf("%v after %v, want a deadline of %v", err, took, while)
	}
}

func TestRead_WaitsUntilItsDeadline(t *testing.T) {
	t.Parallel()
	c, peer := pair(t)
	watch(t, c.of)
	read := func() error { _, err := c.Read(make([]byte, 1)); return err }
	set := func(at time.Time) {
		if err := c.SetReadDeadline(at); err != nil {
			t.Fatal(err)
		}
	}
	begin := time.Now()
	set(begin.Add(2 * tick))
	exceeds(t, read(), begin, 2*tick)
	set(time.Now().Add(time.Hour)) // a new one makes it readable again
	if _, err := peer.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if err := read(); err != nil {
		t.Errorf("after the deadline was moved: %v", err)
	}
	set(time.Unix(1, 0))
	exceeds(t, read(), time.Now(), 0) // an interruption is one at once
	set(time.Time{})
	begin = time.Now()
	interrupting := time.AfterFunc(tick, func() { _ = c.SetReadDeadline(time.Unix(1, 0)) })
	defer interrupting.Stop()
	exceeds(t, read(), begin, tick) // also of a call that waits already
}

func TestWrite_ToAPeerThatReadsNothingEnds(t *testing.T) {
	t.Parallel()
	c, _ := pair(t)
	watch(t, c.of)
	begin := time.Now()
	if err := c.SetWriteDeadline(begin.Add(tick)); err != nil {
		t.Fatal(err)
	}
	exceeds(t, fill(c), begin, tick)
}

// fill writes until that fails.
func fill(w io.Writer) error {
	for chunk := make([]byte, 1<<20); ; {
		if _, err := w.Write(chunk); err != nil {
			return err
		}
	}
}

// ok answers every request.
func ok(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }

func TestServer_EndsRequestsThatDoNotCome(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		sent   string
		server *http.Server
	}{
		"half a header":                 {get[:20], &http.Server{ReadHeaderTimeout: tick, IdleTimeout: time.Hour}},
		"nothing":                       {"", &http.Server{ReadHeaderTimeout: tick, IdleTimeout: time.Hour}},
		"half of the second":            {get + get[:20], &http.Server{ReadHeaderTimeout: tick, IdleTimeout: time.Hour}},
		"idle after one":                {get, &http.Server{ReadHeaderTimeout: time.Hour, IdleTimeout: tick}},
		"half a header, by ReadTimeout": {get[:20], &http.Server{ReadTimeout: tick}},
		"idle, by ReadTimeout":          {get, &http.Server{ReadTimeout: tick}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.server.Handler = http.HandlerFunc(ok)
			p, begin := dial(t, serve(t, test.server)), time.Now()
			p.send(test.sent)
			answer, err := io.ReadAll(p)
			if err != nil || strings.Count(test.sent, get) != strings.Count(string(answer), "200 OK") || time.Since(begin) > soon {
				t.Errorf("%q, %v after %v", answer, err, time.Since(begin))
			}
		})
	}
}

func TestServer_HeaderThatBeginsLateHasItsOwnTime(t *testing.T) {
	t.Parallel()
	l := serve(t, &http.Server{ReadHeaderTimeout: 5 * tick, IdleTimeout: time.Hour, Handler: http.HandlerFunc(ok)})
	p := dial(t, l)
	p.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
	p.answer()
	p.send("\r\n") // as some old clients do behind a body: no header begins with it
	time.Sleep(10 * tick)
	p.send(get)
	if got := p.answer(); got != "ok" {
		t.Errorf("after a rest: %q", got)
	}
	begin := time.Now()
	p.send(get[:20])
	if rest, err := io.ReadAll(p.answers); err != nil || strings.Contains(string(rest), "200 OK") || time.Since(begin) > soon {
		t.Errorf("half a header after a rest: %q, %v after %v", rest, err, time.Since(begin))
	}
}

func TestServer_EndsBodiesThatDoNotCome(t *testing.T) {
	t.Parallel()
	failed := make(chan error, 1)
	l := serve(t, &http.Server{ReadTimeout: tick,
		Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			_, err := io.ReadAll(r.Body)
			failed <- err
		})})
	p, begin := dial(t, l), time.Now()
	p.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab")
	exceeds(t, <-failed, begin, tick)
}

func TestServer_EndsAnswersThatNobodyTakes(t *testing.T) {
	t.Parallel()
	failed := make(chan error, 1)
	l := serve(t, &http.Server{WriteTimeout: tick,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/own" {
				_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(10 * tick))
			}
			failed <- fill(w)
		})})
	p, begin := dial(t, l), time.Now()
	p.send(get)
	exceeds(t, <-failed, begin, tick)
	own, begin := dial(t, l), time.Now()
	own.send(strings.Replace(get, "/", "/own", 1))
	exceeds(t, <-failed, begin, 10*tick)
}

func TestServer_WriteLimitIsThatOfOneRequest(t *testing.T) {
	t.Parallel()
	const limit = 10 * tick
	l := serve(t, &http.Server{WriteTimeout: limit, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(limit / 8)
		ok(w, r)
	})})
	p := dial(t, l)
	ask := func() {
		t.Helper()
		p.send(get)
		if got := p.answer(); got != "ok" {
			t.Fatalf("got %q", got)
		}
	}
	for range 14 { // longer than the limit, and hardly ever seen at rest
		ask()
	}
	time.Sleep(limit + 3*tick)
	ask()
}

func TestServer_NoticesThatThePeerHasGone(t *testing.T) {
	t.Parallel()
	began, ended := make(chan struct{}), make(chan struct{})
	l := serve(t, &http.Server{ReadTimeout: time.Minute, Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(began)
		<-r.Context().Done()
		close(ended)
	})})
	p := dial(t, l)
	p.send(get)
	<-began
	_ = p.Close()
	select {
	case <-ended:
	case <-time.After(soon):
		t.Error("the request goes on")
	}
}

// What takes so long that the server listens to the peer is answered all the same, and so is what
// was sent meanwhile.
func TestServer_AnswersSlowlyAndInOrder(t *testing.T) {
	t.Parallel()
	l := serve(t, &http.Server{ReadHeaderTimeout: time.Minute, ReadTimeout: time.Minute, WriteTimeout: time.Minute, IdleTimeout: time.Minute,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			time.Sleep(4 * tick)
			if r.Context().Err() != nil {
				body = []byte("given up")
			}
			_, _ = w.Write(body)
		})})
	p := dial(t, l)
	post := func(body string) string {
		return fmt.Sprintf("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	}
	p.send(post("one") + post("two") + post("three")[:30])
	if got := p.answer(); got != "one" {
		t.Errorf("got %q", got)
	}
	p.send(post("three")[30:])
	for _, want := range []string{"two", "three"} {
		if got := p.answer(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// Being looked at at any moment hurts nobody.
func TestServer_AnswersWhileItIsWatched(t *testing.T) {
	t.Parallel()
	l := serve(t, &http.Server{ReadHeaderTimeout: time.Minute, ReadTimeout: time.Minute, WriteTimeout: time.Minute, IdleTimeout: time.Minute,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil || r.Context().Err() != nil {
				t.Errorf("%q, %v, %v", body, err, r.Context().Err())
			}
			_, _ = io.WriteString(w, "got "+string(body))
		})})
	stop := make(chan struct{})
	var looking, asking sync.WaitGroup
	looking.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				l.mu.Lock()
				for c := range l.open {
					if c.reader.CompareAndSwap(waiting, notReading) { // as a look does at a long request
						c.wake <- struct{}{}
					}
				}
				l.mu.Unlock()
			}
		}
	})
	for i := range 8 {
		asking.Go(func() {
			p := dial(t, l)
			for j := range 500 {
				body := fmt.Sprint(i, "-", j)
				p.send(fmt.Sprintf("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(body), body))
				if got := p.answer(); got != "got "+body {
					t.Errorf("got %q for %q", got, body)
				}
			}
		})
	}
	asking.Wait()
	close(stop)
	looking.Wait()
}

// A read that was interrupted in the system may be given a new deadline before it has returned,
// and can be interrupted again then.
func TestRead_IsInterruptedAsOftenAsNeeded(t *testing.T) {
	t.Parallel()
	c, _ := pair(t)
	interrupt := func() { _ = c.SetReadDeadline(time.Unix(1, 0)) }
	for range 200 {
		failed := make(chan error, 1)
		go func() {
			_, err := c.Read(make([]byte, 10))
			failed <- err
		}()
		for c.reader.Load() != reading {
			time.Sleep(10 * time.Microsecond)
		}
		begin := time.Now()
		interrupt()
		_ = c.SetReadDeadline(time.Time{})
		interrupt()
		select {
		case err := <-failed:
			exceeds(t, err, begin, 0)
		case <-time.After(soon):
			t.Fatal("it reads on")
		}
		_ = c.SetReadDeadline(time.Time{})
	}
}

func TestListener_ForgetsConnectionsThatAreClosed(t *testing.T) {
	t.Parallel()
	c, _ := pair(t)
	c.enter(http.StateActive)
	if n := c.of.look(time.Now()); n != 1 {
		t.Errorf("%d connections are watched", n)
	}
	failed := make(chan error, 1)
	go func() {
		_, err := c.Read(make([]byte, 1))
		failed <- err
	}()
	for c.reader.Load() != waiting {
		time.Sleep(time.Millisecond)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-failed:
		if !errors.Is(err, net.ErrClosed) {
			t.Errorf("who was reading got %v", err)
		}
	case <-time.After(soon):
		t.Error("who was reading waits for ever")
	}
	if n := c.of.look(time.Now()); n != 0 {
		t.Errorf("%d connections are watched after the end", n)
	}
}
