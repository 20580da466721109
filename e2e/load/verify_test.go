package load

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestVerify_UnderLoad is the measurement of `make bench-verify`; without -full a short
// check that all answers are right.
func TestVerify_UnderLoad(t *testing.T) {
	size, rounds, during := 2000, 1, 200*time.Millisecond
	if full() {
		size, rounds, during = 100000, 20, time.Second/2
	}
	s := seed(t, size)
	b := bench{t: t, seeded: s, rounds: rounds, during: during}
	secrets, bareSocket := b.secretsFile(), filepath.Join(t.TempDir(), "bare")
	bare := start(t, "bare", 1, secrets)
	fast, fastSocket := start(t, "barefast", 1, secrets, "tcp", "127.0.0.1:0"), start(t, "barefast", 1, secrets, "unix", bareSocket)
	copied, socket, port := t.TempDir(), filepath.Join(t.TempDir(), "verify"), freeAddr(&b)
	must(t, os.CopyFS(copied, os.DirFS(s.data))) // a server has one such listener
	srv := start(t, "latchkey", 2, s.data, "0", "unix:"+socket)
	tcp := start(t, "latchkey", 2, copied, "0", port)
	b.waitLoaded(srv)
	b.waitLoaded(tcp)
	introspect := introspection(s.client.ID, s.client.Secret.Reveal())
	targets := []target{
		{"(a) hash, map, small JSON", bare, bare.addr, bearer("/"), `"active":true`},
		{"(b) /auth/verify", srv, srv.addr, bearer("/auth/verify"), ""},
		{"(c) /oauth2/introspect", srv, srv.addr, introspect, `"active":true`},
		{"(d) --verify-addr, TCP", tcp, port, bearer("/auth/verify"), ""},
		{"(e) --verify-addr, socket", srv, socket, bearer("/auth/verify"), ""},
		{"(e) one permission", srv, socket, bearer("/auth/verify?permission=workspace:view"), ""},
		{"(e) /oauth2/introspect", srv, socket, introspect, `"active":true`},
		{"(f) fasthttp alone, TCP", fast, fast.addr, bearer("/"), ""},
		{"(f) fasthttp alone, socket", fastSocket, bareSocket, bearer("/"), ""},
	}
	b.warm(targets)
	results := b.compare(targets)
	b.print(fmt.Sprintf("%d live tokens, %d connections, %d rounds of %v, %d cores for servers and clients",
		size, connections, rounds, during, runtime.GOMAXPROCS(0)), targets, results)
	fmt.Printf("  resident: %d MB\n", srv.resident(t))
	b.beside(srv, targets[1])
	b.beside(tcp, targets[3])
	b.beside(srv, targets[4])
	b.proxied("verify", socket)
	b.proxied("(f)", bareSocket)
}

// TestVerify_WithAMillionTokens measures the start and the rate with a million live tokens.
func TestVerify_WithAMillionTokens(t *testing.T) {
	size, rounds, during := 5000, 1, 200*time.Millisecond
	if full() {
		size, rounds, during = 1000000, 20, time.Second/2
	}
	s := seed(t, size)
	b := bench{t: t, seeded: s, rounds: rounds, during: during}
	bare := start(t, "bare", 1, b.secretsFile())
	socket := filepath.Join(t.TempDir(), "verify")
	for _, at := range []struct{ name, flag, addr string }{ // a server has one such listener
		{"(d) --verify-addr, TCP", freeAddr(&b), ""}, {"(e) --verify-addr, socket", "unix:" + socket, socket}} {
		srv := start(t, "latchkey", 2, s.data, "0", at.flag)
		first := verified(t, srv, s.secrets[0])
		answered := time.Since(srv.started)
		b.waitLoaded(srv)
		loaded := time.Since(srv.started)
		srv.idles(t)
		targets := []target{
			{"(a) hash, map, small JSON", bare, bare.addr, bearer("/"), `"active":true`},
			{"(b) /auth/verify", srv, srv.addr, bearer("/auth/verify"), ""},
			{at.name, srv, cmp.Or(at.addr, at.flag), bearer("/auth/verify"), ""},
		}
		b.warm(targets)
		results := b.compare(targets)
		b.print(fmt.Sprintf("%d live tokens", size), targets, results)
		fmt.Printf("  from the start of the process: first verification answered after %v, all tokens in memory after %v\n  resident: %d MB\n",
			answered.Round(time.Millisecond), loaded.Round(time.Millisecond), srv.resident(t))
		if first != http.StatusOK {
			t.Errorf("the first verification, during the start: %d", first)
		}
		srv.stop()
	}
}

// bench is one comparison.
type bench struct {
	t      *testing.T
	seeded seeded
	rounds int
	during time.Duration
}

func (b *bench) secretsFile() string {
	file := filepath.Join(b.t.TempDir(), "secrets")
	must(b.t, os.WriteFile(file, []byte(strings.Join(b.seeded.secrets, "\n")), 0o600))
	return file
}

func (b *bench) waitLoaded(srv *child) {
	for begin := time.Now(); !strings.HasPrefix(srv.get(b.t, "/loaded"), "true"); {
		if time.Since(begin) > time.Minute {
			b.t.Fatal("the tokens are not loaded after a minute")
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// warm lets every server see each token once, as in a server that has run for a while.
func (b *bench) warm(targets []target) {
	for _, to := range targets {
		b.check(to, round(b.t, to, b.seeded.secrets, b.during))
	}
}

func (b *bench) check(to target, r result) {
	if r.errors > 0 {
		b.t.Errorf("%s: %d errors: %v", to.name, r.errors, r.err)
	}
}

// compared is a round, and what the first target did directly before and after it.
type compared struct{ round, before, after result }

// compare asks the others in turn, each time in another order, and the first target before and
// after each round: what else the machine does for a while hits all that are compared.
func (b *bench) compare(targets []target) [][]compared {
	results := make([][]compared, len(targets))
	ask := func(i int) result {
		r := round(b.t, targets[i], b.seeded.secrets, b.during)
		b.check(targets[i], r)
		return r
	}
	before := ask(0)
	for range b.rounds {
		for _, i := range rand.Perm(len(targets) - 1) {
			r, after := ask(i+1), ask(0)
			results[i+1] = append(results[i+1], compared{r, before, after})
			results[0] = append(results[0], compared{after, after, after})
			before = after
		}
	}
	return results
}

// print writes the median of the rounds, and the median of their ratios to the mean of what the
// first target did before and after.
func (b *bench) print(title string, targets []target, results [][]compared) {
	fmt.Printf("\n%s (processor: the server's time for an answer)\n  %-28s %10s %6s   %8s %6s   %8s %6s   %9s %6s\n", title, "",
		"answers/s", "ratio", "p50", "ratio", "p99", "ratio", "processor", "ratio")
	for i, to := range targets {
		of := results[i]
		m := median(of)
		fmt.Printf("  %-28s %10.0f %6.2f   %8v %6.2f   %8v %6.2f   %9v %6.2f\n",
			to.name, m.perSecond, ratio(of, func(r result) float64 { return r.perSecond }),
			m.p50.Round(10*time.Microsecond), ratio(of, func(r result) float64 { return float64(r.p50) }),
			m.p99.Round(10*time.Microsecond), ratio(of, func(r result) float64 { return float64(r.p99) }),
			m.processor.Round(100*time.Nanosecond), ratio(of, func(r result) float64 { return float64(r.processor) }))
	}
}

// ratio is the median of the rounds' ratios of a number to what it was before and after.
func ratio(of []compared, number func(result) float64) float64 {
	return middle(len(of), func(i int) float64 {
		return 2 * number(of[i].round) / (number(of[i].before) + number(of[i].after))
	})
}

// median takes each number's median on its own.
func median(rounds []compared) result {
	n := len(rounds)
	return result{
		perSecond: middle(n, func(i int) float64 { return rounds[i].round.perSecond }),
		p50:       middle(n, func(i int) time.Duration { return rounds[i].round.p50 }),
		p99:       middle(n, func(i int) time.Duration { return rounds[i].round.p99 }),
		processor: middle(n, func(i int) time.Duration { return rounds[i].round.processor }),
	}
}

// middle is the median of n numbers.
func middle[T cmp.Ordered](n int, number func(int) T) T {
	all := make([]T, n)
	for i := range all {
		all[i] = number(i)
	}
	slices.Sort(all)
	return all[n/2]
}

// beside measures verification while the same server creates 200 tokens a second, compared with
// its rounds without before and after.
func (b *bench) beside(srv *child, to target) {
	const rate = 200
	ask := func() result {
		r := round(b.t, to, b.seeded.secrets, b.during)
		b.check(to, r)
		return r
	}
	var busy []compared
	var perSecond []float64
	before := ask()
	for range b.rounds {
		done := make(chan float64)
		go func() {
			var n, took float64
			answer := srv.get(b.t, fmt.Sprintf("/create?rate=%d&for=%v", rate, b.during))
			if _, err := fmt.Sscan(answer, &n, &took); err != nil || !strings.HasSuffix(answer, "<nil>") {
				b.t.Errorf("creating tokens: %s", answer)
			}
			done <- n / took
		}()
		r := ask()
		perSecond = append(perSecond, <-done)
		after := ask()
		busy = append(busy, compared{r, before, after})
		before = after
	}
	m := median(busy)
	fmt.Printf("  %s with %.0f creations/s beside: %.0f answers/s, %.2f of those without; p99 %v instead of %v\n", to.name,
		middle(b.rounds, func(i int) float64 { return perSecond[i] }), m.perSecond,
		ratio(busy, func(r result) float64 { return r.perSecond }),
		m.p99.Round(10*time.Microsecond),
		middle(b.rounds, func(i int) time.Duration { return busy[i].after.p99 }).Round(10*time.Microsecond))
}
