package app_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"latchkey/internal/app"
	"latchkey/internal/config"
)

// short are limits that a test can wait for, and unlimited are such that it cannot. soon is how
// long a busy machine may take for what should happen at once.
var short = app.Limits{ReadHeader: 200 * time.Millisecond, Read: 400 * time.Millisecond, Write: 1200 * time.Millisecond,
	Idle: 600 * time.Millisecond}
var unlimited = app.Limits{ReadHeader: time.Hour, Read: time.Hour, Write: time.Hour, Idle: time.Hour}

const soon = 15 * time.Second

// serve runs a server on an empty database until the test ends, and returns its address.
func serve(t *testing.T, limits app.Limits) string {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	said, out := io.Pipe()
	cfg := config.Config{Addr: "127.0.0.1:0", Data: t.TempDir(), LogLevel: "info", LogFormat: "text"}
	a, err := app.New(ctx, cfg, app.Options{Out: out, Limits: limits})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	line, err := bufio.NewReader(said).ReadString('\n')
	_, address, found := strings.Cut(strings.TrimSpace(line), "http://")
	if err != nil || !found {
		t.Fatalf("the server says %q, %v", line, err)
	}
	go func() { _, _ = io.Copy(io.Discard, said) }()
	return address
}

// client is one connection to the server.
type client struct {
	net.Conn
	t       *testing.T
	answers *bufio.Reader
}

func dial(t *testing.T, address string) client {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetReadDeadline(time.Now().Add(2 * soon)); err != nil {
		t.Fatal(err)
	}
	return client{c, t, bufio.NewReader(c)}
}

func (c client) send(text string) {
	c.t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		c.t.Fatal(err)
	}
}

// trickle sends a byte from time to time until the server ends the connection.
func (c client) trickle() {
	for {
		time.Sleep(10 * time.Millisecond)
		if _, err := io.WriteString(c, "a"); err != nil {
			return
		}
	}
}

// answer returns the status of the next answer.
func (c client) answer() int {
	c.t.Helper()
	resp, err := http.ReadResponse(c.answers, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		c.t.Fatal(err)
	}
	return resp.StatusCode
}

// ends expects that the server ends the connection, at most with a 400: not before the limit,
// counted from begin, and soon after it.
func (c client) ends(begin time.Time, limit time.Duration) {
	c.t.Helper()
	rest, _ := io.ReadAll(c.answers) // the end may be a reset
	if refused := strings.HasPrefix(string(rest), "HTTP/1.1 400 "); len(rest) > 0 && !refused {
		c.t.Errorf("before it ended the connection, the server sent %q", rest)
	}
	if took := time.Since(begin); took < limit || took > limit+soon {
		c.t.Errorf("the server ended the connection after %v, want %v", took, limit)
	}
}

const get = "GET /healthz HTTP/1.1\r\nHost: latchkey\r\n\r\n"

func TestRun_EndsConnectionsWhoseRequestDoesNotCome(t *testing.T) {
	t.Parallel()
	header, idle := unlimited, unlimited
	header.ReadHeader, idle.Idle = short.ReadHeader, short.Idle
	headerServer, idleServer := serve(t, header), serve(t, idle)
	for name, test := range map[string]struct {
		address        string
		requests, rest string
		slowly         bool
		limit          time.Duration
	}{
		"nothing":                {address: headerServer, limit: short.ReadHeader},
		"half a header":          {address: headerServer, rest: get[:20], limit: short.ReadHeader},
		"a header byte by byte":  {address: headerServer, rest: get[:20], slowly: true, limit: short.ReadHeader},
		"half of the second one": {address: headerServer, requests: get, rest: get[:20], limit: short.ReadHeader},
		"idle after one":         {address: idleServer, requests: get, limit: short.Idle},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begin := time.Now()
			c := dial(t, test.address)
			c.send(test.requests + test.rest)
			if test.requests != "" && c.answer() != http.StatusOK {
				t.Error("the request before is not answered")
			}
			if test.slowly {
				go c.trickle()
			}
			c.ends(begin, test.limit)
		})
	}
}

func TestRun_AConnectionMayRestAndLiveLongerThanARequest(t *testing.T) {
	t.Parallel()
	c := dial(t, serve(t, app.Limits{ReadHeader: short.ReadHeader, Read: short.Read, Write: short.Write, Idle: soon}))
	for range 3 {
		c.send(get)
		if status := c.answer(); status != http.StatusOK {
			t.Fatalf("status %d", status)
		}
		time.Sleep(short.Write / 2)
	}
}

// TestRun_AnswersABodyThatDoesNotComeInTime has a body that stops half way, one that comes
// byte by byte and one whose client sends no more. Writing has more time than reading, so the
// answer still gets out.
func TestRun_AnswersABodyThatDoesNotComeInTime(t *testing.T) {
	t.Parallel()
	address := serve(t, short)
	const head = "POST /sign-in HTTP/1.1\r\nHost: latchkey\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\nemail="
	for name, test := range map[string]struct {
		then  func(client)
		limit time.Duration
	}{
		"half a body":       {func(client) {}, short.Read},
		"byte by byte":      {func(c client) { go c.trickle() }, short.Read},
		"no more than half": {func(c client) { _ = c.Conn.(*net.TCPConn).CloseWrite() }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begin := time.Now()
			c := dial(t, address)
			c.send(head)
			test.then(c)
			if status := c.answer(); status < 400 || status >= 500 {
				t.Errorf("status %d", status)
			}
			c.ends(begin, test.limit)
		})
	}
}

// TestRun_EndsAnswersThatNobodyTakes asks again and again and reads nothing: the buffers of
// both ends fill up, and the server waits until it may write.
func TestRun_EndsAnswersThatNobodyTakes(t *testing.T) {
	t.Parallel()
	c := dial(t, serve(t, short))
	if err := c.SetWriteDeadline(time.Now().Add(2 * soon)); err != nil {
		t.Fatal(err)
	}
	many := strings.Repeat("GET /sign-in HTTP/1.1\r\nHost: latchkey\r\n\r\n", 10_000)
	begin, err := time.Now(), error(nil)
	for err == nil {
		_, err = io.WriteString(c, many)
	}
	if took := time.Since(begin); took < short.Write || took > short.Write+soon {
		t.Errorf("the server ended the connection after %v: %v", took, err)
	}
}

// TestRun_ARefusalDoesNotWaitForTheBody has a client that sends its body only when it is told
// to go on. With the limits of an installation, waiting for the body would take a minute.
func TestRun_ARefusalDoesNotWaitForTheBody(t *testing.T) {
	t.Parallel()
	c := dial(t, serve(t, app.Limits{}))
	begin := time.Now()
	c.send("POST /v2/sources HTTP/1.1\r\nHost: latchkey\r\nExpect: 100-continue\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n")
	if status, took := c.answer(), time.Since(begin); status != http.StatusUnauthorized || took > soon {
		t.Errorf("status %d after %v", status, took)
	}
}

// TestRun_AStreamThatDoesNotEndIsCut stops a server while a client reads an answer without end.
func TestRun_AStreamThatDoesNotEndIsCut(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	said, out := io.Pipe()
	log := &journal{}
	cfg := config.Config{Addr: "127.0.0.1:0", Data: t.TempDir(), LogLevel: "info", LogFormat: "text"}
	a, err := app.New(ctx, cfg, app.Options{Out: out, Log: log, Limits: app.Limits{Finish: 200 * time.Millisecond}})
	if err != nil {
		t.Fatal(err)
	}
	cause := make(chan error, 1)
	a.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			_, _ = io.WriteString(w, "more\n")
			_ = http.NewResponseController(w).Flush()
			time.Sleep(time.Millisecond)
		}
		cause <- context.Cause(r.Context())
		panic(http.ErrAbortHandler)
	})
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	line, err := bufio.NewReader(said).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.Copy(io.Discard, said) }()
	resp, err := http.Get(strings.TrimSpace(line[strings.Index(line, "http://"):]))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	stop()
	if _, err := io.Copy(io.Discard, resp.Body); err == nil {
		t.Error("the client takes the answer for whole")
	}
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("the server ended with %v", err)
		}
	case <-time.After(soon):
		t.Fatal("the stream holds the server")
	}
	if err := <-cause; err == nil || err == context.Canceled {
		t.Errorf("the request ended because of %v, as if its client had gone", err)
	}
	if log.count("are cut") != 1 {
		t.Error("the log does not say that a request was cut")
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
}
