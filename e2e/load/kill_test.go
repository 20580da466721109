package load

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/internal/store"
)

// TestKill_EveryAcknowledgedChangeIsThere ends the server without warning while tokens are made, rotated,
// suspended, deleted and verified and their allowed addresses change, starts it again on the same data and compares it with what
// was acknowledged before. With -full it does so 1,000 times, one in ten of them while the server
// starts.
func TestKill_EveryAcknowledgedChangeIsThere(t *testing.T) {
	kills, longest, begin := 1, 2500*time.Millisecond, time.Now()
	if full() {
		kills, longest = 1000, 400*time.Millisecond
	}
	s := seed(t, 500)
	k := killed{t: t, seeded: s, alive: map[string]bool{}, gone: map[string]bool{}}
	for i := range kills {
		if i%10 == 9 {
			k.whileStarting(rand.N(60 * time.Millisecond))
		} else {
			k.underLoad(longest/2 + rand.N(longest/2))
		}
	}
	if len(k.alive) < 10*kills || len(k.gone) < 10*kills {
		t.Fatalf("only %d secrets were made and %d ended", len(k.alive), len(k.gone))
	}
	srv := start(t, "latchkey", 2, s.data, "0")
	k.compare(srv, k.alive, k.gone)
	srv.stop()
	nothingHalfDone(t, s.data)
	fmt.Printf("%d kills, %d acknowledged changes, %d verifications meanwhile, in %v\n",
		kills, len(k.alive)+2*len(k.gone), k.verified.Load(), time.Since(begin).Round(time.Second))
}

// killed is a server on the same data that is killed again and again, with what it acknowledged.
type killed struct {
	t           *testing.T
	seeded      seeded
	alive, gone map[string]bool // secrets that must be good, and those that must not
	verified    atomic.Int64
}

// underLoad kills the server after it has worked for a while, and compares what it acknowledged
// in that time.
func (k *killed) underLoad(during time.Duration) {
	srv := start(k.t, "latchkey", 2, k.seeded.data, "0")
	until := time.Now().Add(during)
	var wg sync.WaitGroup
	wg.Go(func() {
		times, _, _ := ask(target{"", nil, srv.addr, bearer("/auth/verify"), ""}, k.seeded.secrets, until.Add(time.Second))
		k.verified.Add(int64(len(times)))
	})
	alive, gone := churn(k.t, srv, until)
	must(k.t, srv.cmd.Process.Kill())
	_ = srv.cmd.Wait()
	wg.Wait()
	srv = start(k.t, "latchkey", 2, k.seeded.data, "0")
	k.compare(srv, alive, gone)
	must(k.t, srv.cmd.Process.Kill())
	_ = srv.cmd.Wait()
	maps.Copy(k.alive, alive)
	maps.Copy(k.gone, gone)
}

// whileStarting kills a server that long after the start of its process.
func (k *killed) whileStarting(after time.Duration) {
	cmd := process("latchkey", k.seeded.data, "0")
	must(k.t, cmd.Start())
	time.Sleep(after)
	must(k.t, cmd.Process.Kill())
	_ = cmd.Wait()
}

// compare asks the server about each secret.
func (k *killed) compare(srv *child, alive, gone map[string]bool) {
	for secret := range alive {
		if got := verified(k.t, srv, secret); got != http.StatusOK {
			k.t.Errorf("a secret whose creation was acknowledged: %d", got)
		}
	}
	for secret := range gone {
		if got := verified(k.t, srv, secret); got != http.StatusUnauthorized {
			k.t.Errorf("a secret whose end was acknowledged: %d", got)
		}
	}
	k.verified.Add(int64(len(alive) + len(gone)))
}

// churn has the server make and change tokens until then, and returns what it acknowledged:
// the secrets that must be good, and those that must not.
func churn(t *testing.T, srv *child, until time.Time) (alive, gone map[string]bool) {
	resp, err := http.Get("http://" + srv.control + "/churn")
	must(t, err)
	defer resp.Body.Close()
	alive, gone = map[string]bool{}, map[string]bool{}
	for lines := bufio.NewScanner(resp.Body); lines.Scan() && time.Now().Before(until); {
		switch what, secret, _ := strings.Cut(lines.Text(), " "); what {
		case "made":
			alive[secret] = true
		case "ended":
			gone[secret] = true
		default:
			t.Fatalf("the server says %q", lines.Text())
		}
	}
	return alive, gone
}

func verified(t *testing.T, srv *child, secret string) int {
	r, err := http.NewRequest(http.MethodGet, "http://"+srv.addr+"/auth/verify", nil)
	must(t, err)
	r.Header.Set("Authorization", "Bearer "+secret)
	resp, err := http.DefaultClient.Do(r)
	must(t, err)
	defer resp.Body.Close()
	return resp.StatusCode
}

// nothingHalfDone compares tokens with the events that were written in the same transactions, and
// has SQLite check its file.
func nothingHalfDone(t *testing.T, data string) {
	ctx := context.Background()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(data, "latchkey.db"))
	must(t, err)
	defer db.Close()
	var sound string
	must(t, db.QueryRow("PRAGMA integrity_check").Scan(&sound))
	if sound != "ok" {
		t.Error(sound)
	}
	st, err := store.Open(ctx, store.Options{Path: filepath.Join(data, "latchkey.db")})
	must(t, err)
	defer st.Close()
	org, err := st.SignInOrganization(ctx)
	must(t, err)
	events, err := st.RecentEvents(ctx, org, "ada", 1<<20)
	must(t, err)
	made := map[string]int{}
	for _, e := range events {
		made[string(e.Target.Type)+" "+string(e.Action)]++
	}
	live, err := st.ServiceTokens(ctx, org, "organization")
	must(t, err)
	created, deleted := made["service_access_token created"], made["service_access_token deleted"]
	if created-deleted != len(live) || created == 0 {
		t.Errorf("%d events of creation, %d of deletion, %d live tokens: %s", created, deleted, len(live), fmt.Sprint(made))
	}
	var replaced int
	must(t, db.QueryRow("SELECT count(*) FROM token_secrets WHERE ends_at IS NOT NULL").Scan(&replaced))
	if rotated := made["service_access_token rotated"]; rotated != replaced || rotated == 0 {
		t.Errorf("%d events of rotation, %d replaced secrets: %s", rotated, replaced, fmt.Sprint(made))
	}
	for action, column := range map[string]string{"suspended": "suspended_at IS NOT NULL", "updated": "addresses <> ''"} {
		var changed int
		must(t, db.QueryRow("SELECT count(*) FROM tokens WHERE "+column).Scan(&changed))
		if n := made["service_access_token "+action]; n != changed || n == 0 {
			t.Errorf("%d events of tokens %s, %d such tokens", n, action, changed)
		}
	}
}

// TestKill_LosesAtMostThirtySecondsOfUse waits that long only with -full; otherwise it
// checks that an orderly stop loses nothing.
func TestKill_LosesAtMostThirtySecondsOfUse(t *testing.T) {
	s := seed(t, 100)
	srv := start(t, "latchkey", 2, s.data, "0")
	before := time.Now().Truncate(time.Millisecond)
	used := map[string]bool{}
	for _, secret := range s.secrets {
		used[whose(t, srv, secret)] = true
	}
	if full() {
		time.Sleep(30 * time.Second)
		must(t, srv.cmd.Process.Kill())
		_ = srv.cmd.Wait()
	} else {
		srv.stop()
	}
	ctx := context.Background()
	st, err := store.Open(ctx, store.Options{Path: filepath.Join(s.data, "latchkey.db")})
	must(t, err)
	defer st.Close()
	org, err := st.SignInOrganization(ctx)
	must(t, err)
	for id := range used {
		got, err := st.Token(ctx, org, id)
		must(t, err)
		if got.LastUsedAt.Before(before) || len(got.LastUsedFrom) != 1 || got.LastUsedFrom[0].IP != "127.0.0.1" {
			t.Fatalf("last used at %v from %v, but it was used after %v", got.LastUsedAt, got.LastUsedFrom, before)
		}
	}
}

// whose verifies a secret and returns the token's id.
func whose(t *testing.T, srv *child, secret string) string {
	r, err := http.NewRequest(http.MethodGet, "http://"+srv.addr+"/auth/verify", nil)
	must(t, err)
	r.Header.Set("Authorization", "Bearer "+secret)
	resp, err := http.DefaultClient.Do(r)
	must(t, err)
	defer resp.Body.Close()
	return resp.Header.Get("Latchkey-Token-Id")
}
