package load

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/internal/store"
)

// TestKill_EveryAcknowledgedChangeIsThere ends the server without warning while tokens are
// made, deleted and verified, starts it again on the same data and compares it with what
// was acknowledged before.
func TestKill_EveryAcknowledgedChangeIsThere(t *testing.T) {
	s := seed(t, 500)
	srv := start(t, "latchkey", 2, s.data, "0")
	busy := time.Now().Add(1500 * time.Millisecond)
	var wg sync.WaitGroup
	wg.Go(func() {
		_, _, _ = ask(target{"", nil, srv.addr, bearer("/auth/verify"), ""}, s.secrets, busy.Add(time.Second))
	})
	alive, gone := churn(t, srv, busy)
	must(t, srv.cmd.Process.Kill())
	_ = srv.cmd.Wait()
	wg.Wait()
	if len(alive) < 10 || len(gone) < 10 {
		t.Fatalf("only %d tokens were made and %d deleted", len(alive), len(gone))
	}
	srv = start(t, "latchkey", 2, s.data, "0")
	for secret := range alive {
		if got := verified(t, srv, secret); got != http.StatusOK {
			t.Errorf("a token whose creation was acknowledged: %d", got)
		}
	}
	for secret := range gone {
		if got := verified(t, srv, secret); got != http.StatusUnauthorized {
			t.Errorf("a token whose deletion was acknowledged: %d", got)
		}
	}
	srv.stop()
	nothingHalfDone(t, s.data)
}

// churn has the server make and delete tokens until then, and returns what it acknowledged:
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
		case "deleted":
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

// nothingHalfDone compares tokens with the events that were written in the same transactions.
func nothingHalfDone(t *testing.T, data string) {
	ctx := context.Background()
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
