package load

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestTruth_NoAnswerIsStale asks about tokens that are made and deleted meanwhile. What begins
// after a deletion was acknowledged is refused, and what begins after a creation was
// acknowledged and ends before the deletion begins is accepted. With -full it asks 10,000,000 times.
func TestTruth_NoAnswerIsStale(t *testing.T) {
	asks, longest, begin := int64(20_000), 20*time.Second, time.Now()
	if full() {
		asks, longest = 10_000_000, 28*time.Minute
	}
	s := seed(t, 100)
	srv := start(t, "latchkey", 2, s.data, "0")
	w := watched{t: t, srv: srv, asks: asks, end: begin.Add(longest)}
	for i := range w.tokens {
		w.tokens[i].Store(w.create())
	}
	var clients, changers sync.WaitGroup
	for range connections {
		clients.Go(func() {
			if err := w.ask(); err != nil {
				t.Error(err)
			}
		})
	}
	for range 2 {
		changers.Go(w.change)
	}
	clients.Wait()
	w.done.Store(true)
	changers.Wait()
	fmt.Printf("%d verifications, %d of them begun after a deletion, %d changes, %d stale answers, in %v\n", w.asked.Load(),
		w.after.Load(), w.made.Load()+w.ended.Load(), w.stale.Load(), time.Since(begin).Round(time.Second))
	if w.asked.Load() < asks || w.after.Load() < asks/10 || w.stale.Load() > 0 {
		t.Errorf("%d of %d verifications, %d after a deletion, %d stale", w.asked.Load(), asks, w.after.Load(), w.stale.Load())
	}
}

// watched is a set of tokens whose state is known, on a server.
type watched struct {
	t      *testing.T
	srv    *child
	tokens [1000]atomic.Pointer[watchedToken]
	asks   int64
	end    time.Time
	done   atomic.Bool

	made, ended, asked, after, stale atomic.Int64
}

// watchedToken is a token and what has happened to it.
type watchedToken struct {
	id, secret string
	deleting   atomic.Bool // set before its deletion is asked for
	deleted    atomic.Bool // set after it was acknowledged
}

// create makes a token.
func (w *watched) create() *watchedToken {
	var made watchedToken
	text := w.srv.get(w.t, fmt.Sprintf("/make?name=watched+%d", w.made.Add(1)))
	if _, err := fmt.Sscan(text, &made.id, &made.secret); err != nil || !strings.HasPrefix(made.secret, "lk") {
		w.t.Errorf("creating a token: %q", text)
	}
	return &made
}

// change deletes tokens and puts new ones in the place of those that were deleted a while ago.
func (w *watched) change() {
	for !w.done.Load() && !w.t.Failed() {
		place := &w.tokens[rand.IntN(len(w.tokens))]
		one := place.Load()
		switch {
		case one.deleted.Load():
			place.Store(w.create())
		case one.deleting.CompareAndSwap(false, true):
			if text := w.srv.get(w.t, "/delete?id="+url.QueryEscape(one.id)); text != "" {
				w.t.Errorf("deleting a token: %q", text)
			}
			one.deleted.Store(true)
			w.ended.Add(1)
		}
	}
}

// ask uses one connection until there were enough questions.
func (w *watched) ask() error {
	conn, err := net.Dial("tcp", w.srv.addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	a, verify, request := answers{r: bufio.NewReaderSize(conn, 8<<10)}, bearer("/auth/verify"), []byte(nil)
	for w.asked.Load() < w.asks && time.Now().Before(w.end) {
		one := w.tokens[rand.IntN(len(w.tokens))].Load()
		gone := one.deleted.Load()
		request = verify(request[:0], one.secret)
		if _, err := conn.Write(request); err != nil {
			return err
		}
		status, _, err := a.next()
		if err != nil {
			return err
		}
		w.asked.Add(1)
		if gone {
			w.after.Add(1)
		}
		if gone && status != "401" || status != "200" && !one.deleting.Load() {
			w.stale.Add(1)
			w.t.Errorf("deleted: %v, being deleted: %v, answered %s", gone, one.deleting.Load(), status)
		}
	}
	return nil
}
