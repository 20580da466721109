package e2e

import (
	"bytes"
	"crypto/rand"
	"flag"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/internal/store/pgtest"
)

// benchNodes is for `make bench-nodes`, which wants an otherwise idle machine.
var benchNodes = flag.Bool("bench-nodes", false, "print the rates of one and two nodes on both engines")

const (
	benchClients = 64
	benchFor     = time.Second
	benchRounds  = 9
)

// TestBenchNodes prints rates of verification and of making tokens on SQLite, on PostgreSQL
// and on two nodes, taken in turns so that all meet the same weather, the best of each. Without
// its flag it checks that measuring works.
func TestBenchNodes(t *testing.T) {
	rounds, length := benchRounds, benchFor
	if !*benchNodes {
		rounds, length = 1, 50*time.Millisecond
	}
	lite := start(t, "demo")
	database := pgtest.URL(t)
	one := start(t, "demo", "--database-url", database)
	two := start(t, "serve", "--database-url", database)
	// Cookies do not tell ports apart: one client per database.
	c, shared := newClient(t), newClient(t)
	c.signIn(lite)
	shared.signIn(one)
	best := map[string]float64{}
	keep := func(what string, rate float64) { best[what] = max(best[what], rate) }
	for range rounds {
		onLite, onShared := mustGenerate(t, c, lite), mustGenerate(t, shared, one)
		keep("verify, SQLite", verifyRate(t, length, onLite, lite))
		keep("verify, PostgreSQL", verifyRate(t, length, onShared, one))
		keep("verify, two nodes", verifyRate(t, length, onShared, one, two))
		keep("create, SQLite", createRate(t, length, c, lite))
		keep("create, PostgreSQL", createRate(t, length, shared, one))
	}
	for _, what := range []string{"verify, SQLite", "verify, PostgreSQL", "verify, two nodes", "create, SQLite", "create, PostgreSQL"} {
		t.Logf("%-20s %8.0f per second", what, best[what])
	}
	// Processor time says the same on a machine that has other things to do as well.
	for _, c := range []struct {
		what   string
		secret string
		nodes  []*server
	}{{"SQLite", mustGenerate(t, c, lite), []*server{lite}}, {"PostgreSQL", mustGenerate(t, shared, one), []*server{one}},
		{"two nodes", mustGenerate(t, shared, one), []*server{one, two}}} {
		before := processorTime(t, c.nodes)
		n := verifyRate(t, time.Duration(rounds)*length, c.secret, c.nodes...) * float64(rounds) * length.Seconds()
		t.Logf("verify, %-12s %8.1f µs of the servers' processor time", c.what, float64((processorTime(t, c.nodes)-before).Microseconds())/n)
	}
	t.Logf("PostgreSQL to SQLite %.2f, two nodes to one %.2f",
		best["verify, PostgreSQL"]/best["verify, SQLite"], best["verify, two nodes"]/best["verify, PostgreSQL"])
	steady := mustGenerate(t, shared, one)
	stop := load(t, steady, one, two)
	times := 100
	if !*benchNodes {
		times = 2
	}
	lags := measureRevocations(t, shared, one, two, times)
	requests := stop()
	t.Logf("revoked at one node under load (%d requests), refused by the other after: p50 %v, p99 %v, %d deletions",
		requests, lags[len(lags)/2], lags[len(lags)*99/100], len(lags))
	if *benchNodes {
		promise(t, "PostgreSQL to SQLite", best["verify, PostgreSQL"]/best["verify, SQLite"], 0.95)
		promise(t, "two nodes to one", best["verify, two nodes"]/best["verify, PostgreSQL"], 0.9)
	}
}

// processorTime is what the nodes' processes have used so far. Where the system does not tell
// it is zero.
func processorTime(t *testing.T, nodes []*server) (used time.Duration) {
	t.Helper()
	for _, node := range nodes {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", node.cmd.Process.Pid))
		if err != nil {
			return 0
		}
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		for _, ticks := range fields[11:13] { // in user and in kernel mode, in hundredths of a second
			n, err := strconv.Atoi(ticks)
			if err != nil {
				t.Fatal(err)
			}
			used += time.Duration(n) * 10 * time.Millisecond
		}
	}
	return used
}

func promise(t *testing.T, what string, got, least float64) {
	t.Helper()
	if got < least {
		t.Errorf("%s is %.2f; %.2f is promised", what, got, least)
	}
}

func mustGenerate(t *testing.T, c *client, node *server) string {
	t.Helper()
	secret, err := c.generate(node, "bench "+rand.Text())
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

// verifyRate is how many requests per second the nodes verify together, each client asking
// one node after the other.
func verifyRate(t *testing.T, length time.Duration, secret string, nodes ...*server) float64 {
	t.Helper()
	to := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: benchClients}}
	defer to.CloseIdleConnections()
	return rate(length, func(n int) {
		if status, _ := check(t, to, nodes[n%len(nodes)], forwardAuth, secret); status != http.StatusOK {
			t.Errorf("answered with %d", status)
		}
	})
}

// createRate is how many tokens per second are made through the pages.
func createRate(t *testing.T, length time.Duration, c *client, node *server) float64 {
	t.Helper()
	return rate(length, func(int) {
		if _, err := c.generate(node, "bench "+rand.Text()); err != nil {
			t.Error(err)
		}
	})
}

// rate runs do on many goroutines and returns how often per second it was done.
func rate(length time.Duration, do func(n int)) float64 {
	var done atomic.Int64
	var running sync.WaitGroup
	began := time.Now()
	for range benchClients {
		running.Go(func() {
			for n := 0; time.Since(began) < length; n++ {
				do(n)
				done.Add(1)
			}
		})
	}
	running.Wait()
	return float64(done.Load()) / time.Since(began).Seconds()
}
