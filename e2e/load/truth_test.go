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

// TestTruth_NoAnswerIsStale asks about secrets of tokens that are made, rotated and deleted meanwhile. What
// begins after the end of a secret was acknowledged (by a deletion, a rotation without overlap, or the end
// of the overlap) is refused, and what begins after it was made and ends before its end begins is
// accepted. With -full it asks 10,000,000 times.
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
	fmt.Printf("%d verifications, %d of them begun after an end, %d changes, %d of them rotations, %d stale answers, in %v\n", w.asked.Load(),
		w.after.Load(), w.made.Load()+w.rotated.Load()+w.ended.Load(), w.rotated.Load(), w.stale.Load(), time.Since(begin).Round(time.Second))
	if w.asked.Load() < asks || w.after.Load() < asks/10 || w.rotated.Load() < 20 || w.stale.Load() > 0 {
		t.Errorf("%d of %d verifications, %d after an end, %d rotations, %d stale", w.asked.Load(), asks, w.after.Load(), w.rotated.Load(),
			w.stale.Load())
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

	made, rotated, ended, asked, after, stale atomic.Int64
}

// watchedToken is a secret of a token and what has happened to it.
type watchedToken struct {
	id, secret string
	changing   sync.Mutex                   // one change at a time
	next       atomic.Pointer[watchedToken] // the secret that replaced it
	deleting   atomic.Bool                  // set before its end is asked for
	deleted    atomic.Bool                  // set after it was acknowledged
}

// create makes a token.
func (w *watched) create() *watchedToken {
	return w.secret(fmt.Sprintf("/make?name=watched+%d", w.made.Add(1)))
}

// rotate rotates the token and returns its new secret.
func (w *watched) rotate(one *watchedToken, overlap time.Duration) *watchedToken {
	w.rotated.Add(1)
	return w.secret("/rotate?overlap=" + overlap.String() + "&id=" + url.QueryEscape(one.id))
}

// secret has the server make a secret.
func (w *watched) secret(path string) *watchedToken {
	var made watchedToken
	text := w.srv.get(w.t, path)
	if _, err := fmt.Sscan(text, &made.id, &made.secret); err != nil || !strings.HasPrefix(made.secret, "lk") {
		w.t.Errorf("%s: %q", path, text)
	}
	return &made
}

// change ends secrets and puts new ones in the place of those that ended a while ago.
func (w *watched) change() {
	for !w.done.Load() && !w.t.Failed() {
		place := &w.tokens[rand.IntN(len(w.tokens))]
		one := place.Load()
		if !one.changing.TryLock() {
			continue
		}
		next := one.next.Load()
		switch kind := rand.IntN(3); {
		case one.deleted.Load() && next == nil:
			place.CompareAndSwap(one, w.create())
		case one.deleted.Load():
			place.CompareAndSwap(one, next)
		case next == nil && kind == 0:
			one.next.Store(w.rotate(one, time.Hour)) // both work
		case next == nil && kind == 1:
			one.deleting.Store(true)
			one.next.Store(w.rotate(one, 0))
			w.over(one)
		case next != nil:
			w.finish(one, "/end")
		default:
			w.finish(one, "/delete")
		}
		one.changing.Unlock()
	}
}

// finish ends a secret through a path of the second listener.
func (w *watched) finish(one *watchedToken, path string) {
	one.deleting.Store(true)
	if text := w.srv.get(w.t, path+"?id="+url.QueryEscape(one.id)); text != "" {
		w.t.Errorf("%s: %q", path, text)
	}
	w.over(one)
}

// over notes that the end of a secret was acknowledged.
func (w *watched) over(one *watchedToken) {
	one.deleted.Store(true)
	w.ended.Add(1)
}

// ask uses one connection until there were enough questions.
func (w *watched) ask() error {
	conn, err := net.Dial("tcp", w.srv.addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	a, verify, request := answers{r: bufio.NewReaderSize(conn, 8<<10)}, bearer("/auth/verify"), []byte(nil)
	for (w.asked.Load() < w.asks || w.after.Load() < w.asks/10) && time.Now().Before(w.end) {
		one := w.tokens[rand.IntN(len(w.tokens))].Load()
		if next := one.next.Load(); next != nil && rand.IntN(2) == 0 {
			one = next
		}
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
			w.t.Errorf("ended: %v, being ended: %v, answered %s", gone, one.deleting.Load(), status)
		}
	}
	return nil
}
