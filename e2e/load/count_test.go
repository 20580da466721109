package load

import (
	"bufio"
	"database/sql"
	"fmt"
	"net"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"
)

// TestVerify_CostOfCounting measures what saving the last uses and the counts costs when every token was used
// once: the share of all processors, and how long a verification waits at most meanwhile.
func TestVerify_CostOfCounting(t *testing.T) {
	size, before := 2000, time.Second
	if full() {
		size, before = 1000000, 20*time.Second
	}
	if n := tokens(); n > 0 {
		size, before = n, 20*time.Second
	}
	s := seed(t, size)
	socket := filepath.Join(t.TempDir(), "verify")
	srv := start(t, "latchkey", 2, s.data, "0", "unix:"+socket)
	(&bench{t: t}).waitLoaded(srv)
	srv.idles(t)
	end := time.Now().Add(before)
	quiet := watch(t, srv, socket, s.secrets[0], func() bool { return time.Now().After(end) })
	useAll(t, srv, s.secrets)
	db, err := sql.Open("sqlite", "file:"+filepath.Join(s.data, "latchkey.db")+"?mode=ro&_pragma=busy_timeout(10000)")
	must(t, err)
	defer db.Close()
	saved := func() (n int) {
		must(t, db.QueryRow(`SELECT count(*) FROM token_uses`).Scan(&n))
		return n
	}
	for saved() <= 1 { // the first token was used before
		time.Sleep(50 * time.Millisecond)
	}
	asked := time.Now()
	saving := watch(t, srv, socket, s.secrets[0], func() bool {
		if time.Since(asked) < before/2 { // asking takes a processor from the server
			return false
		}
		asked = time.Now()
		return saved() == size
	})
	share := saving.processor - quiet.processor
	fmt.Printf("\n%d tokens used once, saved in %v: %.1f %% of %d processors; slowest verifications %v, %v before\n",
		size, saving.took.Round(time.Second), 100*share, runtime.NumCPU(), saving.slowest, quiet.slowest)
	if full() && share > 0.05 {
		t.Errorf("saving took %.3f of the processors", share)
	}
	if limit := 10 * time.Millisecond; full() && saving.slowest[1] > limit && saving.slowest[1] > 2*quiet.slowest[1] {
		t.Errorf("one verification in 10,000 waited %v while uses were saved", saving.slowest[1])
	}
}

// idles waits until the server has nothing more to do: after its first start there is more than reading tokens.
func (c *child) idles(t *testing.T) {
	for begin, used := time.Now(), c.processor(t); ; {
		time.Sleep(time.Second)
		now := c.processor(t)
		if now-used <= 20*time.Millisecond {
			return
		}
		if used = now; time.Since(begin) > 10*time.Minute {
			t.Fatal("the server does not come to rest")
		}
	}
}

// seen is what happened to a server for a while.
type seen struct {
	took      time.Duration
	processor float64          // share of all processors
	slowest   [3]time.Duration // of a thousand, of ten thousand, of all
}

// watch verifies a token a thousand times a second until done, which it asks about ten times a second.
func watch(t *testing.T, srv *child, socket, secret string, done func() bool) seen {
	conn, err := net.Dial("unix", socket)
	must(t, err)
	defer conn.Close()
	a, request := answers{r: bufio.NewReaderSize(conn, 8<<10)}, bearer("/auth/verify")(nil, secret)
	ended := make(chan struct{})
	begin, used := time.Now(), srv.processor(t)
	go func() {
		for !done() {
			time.Sleep(100 * time.Millisecond)
		}
		close(ended)
	}()
	var times []time.Duration
	for tick := time.NewTicker(time.Millisecond); ; {
		select {
		case <-ended:
			tick.Stop()
			w := seen{took: time.Since(begin)}
			w.processor = float64(srv.processor(t)-used) / float64(w.took) / float64(runtime.NumCPU())
			w.slowest = slowest(times)
			return w
		case <-tick.C:
		}
		asked := time.Now()
		if _, err := conn.Write(request); err != nil {
			t.Fatal(err)
		}
		if status, _, err := a.next(); status != "200" || err != nil {
			t.Fatalf("%s %v", status, err)
		}
		times = append(times, time.Since(asked))
	}
}

// slowest returns the bounds that one of a thousand, one of ten thousand and none exceeds.
func slowest(times []time.Duration) [3]time.Duration {
	slices.Sort(times)
	last := len(times) - 1
	return [3]time.Duration{times[last-last/1000], times[last-last/10000], times[last]}
}
