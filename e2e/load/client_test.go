package load

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// connections is how many the clients keep open to a server.
const connections = 64

// target is a server and how to ask it about a secret. The client writes requests and reads
// answers by hand: net/http's own client would cost more than what it measures.
type target struct {
	name    string
	server  *child // nil when its processor time is not of interest
	addr    string
	request func(b []byte, secret string) []byte // appends a whole request
	wants   string                               // what the body must contain
}

// dial connects to the server, at HOST:PORT or the path of a socket.
func (to target) dial() (net.Conn, error) {
	if strings.HasPrefix(to.addr, "/") {
		return net.Dial("unix", to.addr)
	}
	return net.Dial("tcp", to.addr)
}

func bearer(path string) func([]byte, string) []byte {
	return func(b []byte, secret string) []byte {
		b = append(append(b, "GET "...), path...)
		b = append(append(b, " HTTP/1.1\r\nHost: load\r\nAuthorization: Bearer "...), secret...)
		return append(b, "\r\n\r\n"...)
	}
}

func introspection(id, password string) func([]byte, string) []byte {
	head := "POST /oauth2/introspect HTTP/1.1\r\nHost: load\r\nContent-Type: application/x-www-form-urlencoded\r\nAuthorization: Basic " +
		base64.StdEncoding.EncodeToString([]byte(id+":"+password)) + "\r\nContent-Length: "
	return func(b []byte, secret string) []byte {
		b = strconv.AppendInt(append(b, head...), int64(len(secret)+6), 10)
		return append(append(b, "\r\n\r\ntoken="...), secret...)
	}
}

// result is one round on one target.
type result struct {
	perSecond float64
	p50, p99  time.Duration
	processor time.Duration // of the server, per answer
	errors    int
	err       error // one of them
}

// round asks a target about random secrets over all connections for a while.
func round(t *testing.T, to target, secrets []string, during time.Duration) result {
	var wg sync.WaitGroup
	var mu sync.Mutex
	var r result
	var all []time.Duration
	var used time.Duration
	if to.server != nil {
		used = to.server.processor(t)
	}
	begin := time.Now()
	end := begin.Add(during)
	for range connections {
		wg.Go(func() {
			times, failed, err := ask(to, secrets, end)
			mu.Lock()
			defer mu.Unlock()
			all = append(all, times...)
			if r.errors += failed; err != nil {
				r.err = err
			}
		})
	}
	wg.Wait()
	r.perSecond = float64(len(all)) / time.Since(begin).Seconds()
	if len(all) == 0 {
		t.Fatalf("%s: no answer: %v", to.name, r.err)
	}
	if to.server != nil {
		r.processor = (to.server.processor(t) - used) / time.Duration(len(all))
	}
	slices.Sort(all)
	r.p50, r.p99 = all[len(all)/2], all[len(all)*99/100]
	return r
}

// ask uses one connection until end.
func ask(to target, secrets []string, end time.Time) (times []time.Duration, failed int, err error) {
	conn, err := to.dial()
	if err != nil {
		return nil, 1, err
	}
	defer conn.Close()
	a := answers{r: bufio.NewReaderSize(conn, 8<<10)}
	var request []byte
	for now := time.Now(); now.Before(end); {
		request = to.request(request[:0], secrets[rand.IntN(len(secrets))])
		if _, err := conn.Write(request); err != nil {
			return times, failed + 1, err
		}
		status, body, readErr := a.next()
		if readErr != nil {
			return times, failed + 1, readErr
		}
		then := now
		now = time.Now()
		times = append(times, now.Sub(then))
		if status != "200" && status != "202" || // oauth2-proxy answers 202
			!bytes.Contains(body, []byte(to.wants)) {
			failed++
			err = fmt.Errorf("%s answered %s %.200s", to.name, status, body)
		}
	}
	return times, failed, err
}

// answers reads HTTP/1.1 answers with a Content-Length.
type answers struct {
	r    *bufio.Reader
	body []byte
}

// next reads an answer. It looks at the head as a whole: to read it line by line would make a
// client of answers with more headers slower than what is measured.
func (a *answers) next() (status string, body []byte, err error) {
	head, err := a.head()
	if err != nil || len(head) < 12 {
		return "", nil, fmt.Errorf("head %q: %w", head, err)
	}
	status = string(head[9:12])
	length := 0
	if _, rest, found := bytes.Cut(head, []byte("\r\nContent-Length: ")); found {
		value, _, _ := bytes.Cut(rest, []byte("\r\n"))
		if length, err = strconv.Atoi(string(value)); err != nil {
			return status, nil, err
		}
	}
	_, _ = a.r.Discard(len(head))
	a.body = slices.Grow(a.body[:0], length)[:length]
	_, err = io.ReadFull(a.r, a.body)
	return status, a.body, err
}

// head waits for an answer's status line and headers, with the empty line behind them, and
// leaves them in the buffer.
func (a *answers) head() ([]byte, error) {
	for {
		there, _ := a.r.Peek(a.r.Buffered())
		if i := bytes.Index(there, []byte("\r\n\r\n")); i >= 0 {
			return there[:i+4], nil
		}
		if _, err := a.r.Peek(len(there) + 1); err != nil {
			return there, err
		}
	}
}
