package load

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
)

// limits are what a server may take with a number of live tokens.
type limits struct {
	tokens   int
	resident int // MB, with all tokens in memory and nothing else to do
	start    time.Duration
}

// TestVerify_Memory measures what a live token takes, and how long a start does. Without -full it is
// a short check that the measurement works. -tokens measures one other size.
func TestVerify_Memory(t *testing.T) {
	sizes := []limits{{tokens: 2000, resident: 80}}
	if n := tokens(); n > 0 {
		sizes = []limits{{tokens: n}}
	} else if full() {
		sizes = []limits{{100000, 120, 0}, {1000000, 350, 2500 * time.Millisecond}}
	}
	for _, size := range sizes {
		t.Run(strconv.Itoa(size.tokens), func(t *testing.T) { measureMemory(t, size) })
	}
}

func measureMemory(t *testing.T, size limits) {
	s := seed(t, size.tokens)
	var srv *child
	for _, which := range []string{"the first start, which rewrites the database", "a later start"} {
		if srv != nil {
			srv.stop()
		}
		srv = start(t, "latchkey", 2, s.data, "0")
		(&bench{t: t}).waitLoaded(srv)
		loaded := time.Since(srv.started)
		srv.idles(t)
		resident, live := srv.atRest(t), srv.liveHeap(t)
		fmt.Printf("\n%d live tokens, %s: in memory after %v, %d MB resident, %d bytes a token\n",
			size.tokens, which, loaded.Round(10*time.Millisecond), resident, live/size.tokens)
		if size.resident > 0 && resident > size.resident {
			t.Errorf("%d MB resident at rest, more than %d", resident, size.resident)
		}
		if which == "a later start" && size.start > 0 && loaded > size.start {
			t.Errorf("all tokens are in memory after %v, more than %v", loaded, size.start)
		}
	}
	if status := verified(t, srv, s.secrets[len(s.secrets)-1]); status != http.StatusOK {
		t.Errorf("a token in memory: %d", status)
	}
	useAll(t, srv, s.secrets)
	used := srv.liveHeap(t)
	fmt.Printf("  after each was used once: %d MB resident, %d bytes a token\n", srv.resident(t), used/size.tokens)
}

// useAll lets a server verify each token once.
func useAll(t *testing.T, srv *child, secrets []string) {
	var wg sync.WaitGroup
	for part := range slices.Chunk(secrets, len(secrets)/8+1) {
		wg.Go(func() {
			conn, err := net.Dial("tcp", srv.addr)
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			a, request := answers{r: bufio.NewReaderSize(conn, 8<<10)}, bearer("/auth/verify")
			for _, secret := range part {
				if _, err := conn.Write(request(nil, secret)); err != nil {
					t.Error(err)
					return
				}
				if status, _, err := a.next(); status != "200" || err != nil {
					t.Errorf("%s %v", status, err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// atRest returns what is resident once that does not shrink any more. A server looks every 20 seconds whether it can
// give memory back.
func (c *child) atRest(t *testing.T) int {
	still := 2 * time.Second
	if full() || tokens() > 0 {
		still = 45 * time.Second
	}
	least, since := c.resident(t), time.Now()
	for time.Since(since) < still {
		time.Sleep(100 * time.Millisecond)
		if now := c.resident(t); now < least {
			least, since = now, time.Now()
		}
	}
	return c.resident(t)
}

// liveHeap returns the bytes of the heap that are in use, after a collection.
func (c *child) liveHeap(t *testing.T) int {
	n, err := strconv.Atoi(c.get(t, "/heap"))
	must(t, err)
	return n
}
