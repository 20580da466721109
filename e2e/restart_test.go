package e2e

import (
	"crypto/rand"
	"flag"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/internal/store/pgtest"
)

// full is for `make soak`: more of the same, for longer.
var full = flag.Bool("full", false, "restart nodes six times behind each load balancer that we ship")

// restartClients is how many clients there are while nodes restart. Half of them write.
const restartClients = 14

// TestNodes_ARollingRestartLosesNoRequest restarts nodes in turn behind the load balancers that we ship, with
// the default of --drain. No request may fail, whether it reads or writes.
func TestNodes_ARollingRestartLosesNoRequest(t *testing.T) {
	t.Parallel()
	balancers := []struct {
		name  string
		start func(t *testing.T, a, b *server) string
	}{
		{"Caddy", func(t *testing.T, a, b *server) string { return startBalancer(t, a, b) }},
		{"nginx", startNginx},
		{"HAProxy", startHAProxy},
	}
	restarts := 6
	if !*full {
		balancers, restarts = balancers[:1], 2
	}
	for _, balancer := range balancers {
		t.Run(balancer.name, func(t *testing.T) {
			database := pgtest.URL(t)
			first := start(t, "demo", "--database-url", database)
			first.Stop() // it has made the accounts
			serve := func(address string) *server {
				return start(t, "serve", "--database-url", database, "--addr", address, "--drain", "3s")
			}
			nodes := []*server{serve(freeAddress(t)), serve(freeAddress(t))}
			stop := hammer(t, &server{URL: balancer.start(t, nodes[0], nodes[1])})
			for i := range restarts {
				n := i % len(nodes)
				if code := nodes[n].Stop(); code != 0 {
					t.Errorf("restart %d: exit code %d", i, code)
				}
				nodes[n] = serve(strings.TrimPrefix(nodes[n].URL, "http://"))
				time.Sleep(1500 * time.Millisecond) // until the balancer has seen that it is back
			}
			if read, wrote := stop(); read < 100 || wrote < 50 {
				t.Errorf("only %d requests read and %d wrote", read, wrote)
			} else {
				t.Logf("%d restarts under %d clients, %d requests read and %d wrote", restarts, restartClients, read, wrote)
			}
		})
	}
}

// hammer has clients read and write through a load balancer. The function that it returns ends that and
// says how many requests there were. Each that fails is an error.
func hammer(t *testing.T, both *server) (stop func() (read, wrote int64)) {
	t.Helper()
	c := newClient(t)
	c.http.Transport = &http.Transport{MaxIdleConnsPerHost: restartClients}
	c.signIn(both)
	secret := mustGenerate(t, c, both)
	var read, wrote atomic.Int64
	done := make(chan struct{})
	var running sync.WaitGroup
	for n := range restartClients {
		running.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				if n%2 == 1 {
					if err := c.readOnce(both, secret); err != nil {
						t.Error(err)
					}
					read.Add(1)
					continue
				}
				if _, err := c.generate(both, "while nodes restart "+rand.Text()); err != nil {
					t.Error(err)
				}
				wrote.Add(1)
			}
		})
	}
	return func() (int64, int64) {
		close(done)
		running.Wait()
		return read.Load(), wrote.Load()
	}
}

// readOnce asks about a token, as an API's proxy does, and for a page.
func (c *client) readOnce(both *server, secret string) error {
	for _, path := range []string{forwardAuth, "/settings/profile"} {
		r, err := http.NewRequest(http.MethodGet, both.URL+path, nil)
		if err != nil {
			return err
		}
		r.Header.Set("Authorization", "Bearer "+secret)
		resp, err := c.http.Do(r)
		if err != nil {
			return fmt.Errorf("GET %s: %w", path, err)
		}
		_, err = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusOK {
			return fmt.Errorf("GET %s: %d %w", path, resp.StatusCode, err)
		}
	}
	return nil
}
