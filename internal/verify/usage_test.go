package verify_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	_ "modernc.org/sqlite"

	"latchkey/internal/change"
	"latchkey/internal/token"
	"latchkey/internal/verify"
)

// exec changes the database behind the store's back.
func exec(t testing.TB, path, query string, args ...any) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(10000)")
	if err == nil {
		_, err = db.Exec(query, args...)
	}
	if err = errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}

func (w *world) use(secret string, from string) {
	w.t.Helper()
	v, err := w.verify.Verify(w.ctx, secret)
	w.must(err)
	addr := netip.Addr{}
	if from != "" {
		addr = netip.MustParseAddr(from)
	}
	w.verify.Used(v, addr, "")
}

// stored is what the database says of a token's use.
func (w *world) stored(id string) token.Token {
	w.t.Helper()
	got, err := w.store.Token(w.ctx, w.org, id)
	w.must(err)
	return got
}

func TestUsed_TheLastFiveDistinctAddressesAreSaved(t *testing.T) {
	w := newWorld(t)
	g := w.organizationToken()
	secret := g.Secret.Reveal()
	if got := w.stored(g.ID); !got.LastUsedAt.IsZero() || len(got.LastUsedFrom) != 0 {
		t.Fatalf("before any use: %+v", got)
	}
	at := map[string]time.Time{}
	for _, from := range []string{"10.0.0.1", "10.0.0.2", "10.0.0.3", "2001:db8::1", "10.0.0.1", "10.0.0.4", "10.0.0.5", "10.0.0.5"} {
		w.pass(time.Second)
		w.use(secret, from)
		at[from] = w.now()
	}
	w.pass(time.Second)
	w.use(secret, "") // from an unknown address
	w.must(w.verify.Flush(w.ctx))
	got := w.stored(g.ID)
	if !got.LastUsedAt.Equal(w.now()) {
		t.Errorf("last used at %v, want %v", got.LastUsedAt, w.now())
	}
	var want []token.Use
	for _, from := range []string{"10.0.0.5", "10.0.0.4", "10.0.0.1", "2001:db8::1", "10.0.0.3"} {
		want = append(want, token.Use{IP: from, At: at[from]})
	}
	if d := cmp.Diff(want, got.LastUsedFrom); d != "" {
		t.Error(d)
	}
}

func TestUsed_FromAnUnknownAddressCountsAsUse(t *testing.T) {
	w := newWorld(t)
	g := w.organizationToken()
	w.use(g.Secret.Reveal(), "")
	w.pass(time.Second)
	w.use(g.Secret.Reveal(), "")
	w.must(w.verify.Flush(w.ctx))
	if got := w.stored(g.ID); !got.LastUsedAt.Equal(w.now()) || len(got.LastUsedFrom) != 0 {
		t.Errorf("last used at %v from %v", got.LastUsedAt, got.LastUsedFrom)
	}
	at := w.now()
	w.use(g.Secret.Reveal(), "10.0.0.1")
	w.pass(time.Second)
	w.use(g.Secret.Reveal(), "")
	w.must(w.verify.Flush(w.ctx))
	got := w.stored(g.ID)
	if d := cmp.Diff([]token.Use{{IP: "10.0.0.1", At: at}}, got.LastUsedFrom); d != "" || !got.LastUsedAt.Equal(w.now()) {
		t.Errorf("last used at %v: %s", got.LastUsedAt, d)
	}
}

func TestUsed_WhatWasSavedBeforeAStartStays(t *testing.T) {
	w := newWorld(t)
	g := w.organizationToken()
	w.use(g.Secret.Reveal(), "10.0.0.1")
	w.must(w.verify.Close(w.ctx))
	w.verify = w.newAuthority(verify.Deps{})
	w.pass(time.Minute)
	w.use(g.Secret.Reveal(), "10.0.0.2")
	w.must(w.verify.Close(w.ctx))
	var from []string
	for _, u := range w.stored(g.ID).LastUsedFrom {
		from = append(from, u.IP)
	}
	if d := cmp.Diff([]string{"10.0.0.2", "10.0.0.1"}, from); d != "" {
		t.Error(d)
	}
}

func TestUsed_WhatCannotBeSavedIsKept(t *testing.T) {
	w := newWorld(t)
	broken := &unsaved{Store: w.store, err: errors.New("disk full")}
	w.verify = w.newAuthority(verify.Deps{Store: broken})
	g := w.organizationToken()
	w.use(g.Secret.Reveal(), "10.0.0.1")
	if err := w.verify.Flush(w.ctx); !errors.Is(err, broken.err) {
		t.Fatalf("flush: %v", err)
	}
	broken.err = nil
	w.must(w.verify.Flush(w.ctx))
	if got := w.stored(g.ID).LastUsedFrom; len(got) != 1 {
		t.Errorf("saved: %v", got)
	}
	if broken.saved = 0; w.verify.Flush(w.ctx) != nil || broken.saved != 0 {
		t.Errorf("an idle flush saved %d", broken.saved)
	}
}

type unsaved struct {
	verify.Store
	err   error
	saved int
}

func (u *unsaved) SaveUses(ctx context.Context, tokens []string, merge func(map[string]verify.Use) []verify.Use) error {
	if u.err != nil {
		return u.err
	}
	return u.Store.SaveUses(ctx, tokens, func(stored map[string]verify.Use) []verify.Use {
		uses := merge(stored)
		u.saved += len(uses)
		return uses
	})
}

func TestUsed_NoUseIsLostUnderLoad(t *testing.T) {
	w := newWorld(t)
	const tokens, users, rounds = 40, 4, 300
	secrets, ids := make([]string, tokens), make([]string, tokens)
	for i := range tokens {
		g := w.organizationToken()
		secrets[i], ids[i] = g.Secret.Reveal(), g.ID
	}
	last := w.now().Add(time.Hour)
	var wg sync.WaitGroup
	for u := range users {
		addr := netip.MustParseAddr(fmt.Sprintf("10.0.0.%d", u))
		wg.Go(func() {
			for r := range rounds {
				if r == rounds-1 {
					w.clock.Store(last.UnixMilli())
				}
				for _, s := range secrets {
					v, err := w.verify.Verify(w.ctx, s)
					if err != nil {
						t.Error(err)
						return
					}
					w.verify.Used(v, addr, "")
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		w.must(w.verify.Flush(w.ctx))
	}
	w.must(w.verify.Flush(w.ctx))
	for _, id := range ids {
		if got := w.stored(id); !got.LastUsedAt.Equal(last) || len(got.LastUsedFrom) != users {
			t.Fatalf("last used at %v from %v", got.LastUsedAt, got.LastUsedFrom)
		}
	}
}

// TestUsed_ATokenThatIsReadAgainContinuesItsUses has the token change places in memory between
// its uses, one of which began before.
func TestUsed_ATokenThatIsReadAgainContinuesItsUses(t *testing.T) {
	w := newWorld(t)
	g := w.organizationToken()
	before, err := w.verify.Verify(w.ctx, g.Secret.Reveal())
	w.must(err)
	began := w.now()
	w.verify.Used(before, netip.MustParseAddr("10.0.0.1"), "")
	w.verify.Apply(w.ctx, []change.Change{{Kind: change.Token, ID: g.ID}})
	w.pass(time.Second)
	w.use(g.Secret.Reveal(), "10.0.0.2")
	w.verify.Used(before, netip.MustParseAddr("10.0.0.3"), "")
	w.must(w.verify.Flush(w.ctx))
	want := []token.Use{{IP: "10.0.0.2", At: w.now()}, {IP: "10.0.0.3", At: began}, {IP: "10.0.0.1", At: began}}
	if d := cmp.Diff(want, w.stored(g.ID).LastUsedFrom); d != "" {
		t.Error(d)
	}
}

// TestUsed_NodesThatSaveAtOnceKeepEachOthersUses has two nodes save the uses of the same
// tokens at the same moment.
func TestUsed_NodesThatSaveAtOnceKeepEachOthersUses(t *testing.T) {
	w := newWorld(t)
	const tokens = 300
	ids, secrets := make([]string, tokens), make([]string, tokens)
	for i := range tokens {
		secrets[i] = w.newSecret(token.Organization)
		ids[i] = w.insert(token.Token{Kind: token.Organization}, secrets[i]).ID
	}
	nodes := make([]*verify.Authority, 3)
	for n := range nodes {
		nodes[n], _ = otherNode(w)
	}
	var last time.Time
	for n, node := range nodes {
		w.pass(time.Second)
		last = w.now()
		for _, secret := range secrets {
			v, err := node.Verify(w.ctx, secret)
			w.must(err)
			if n == 0 {
				node.Used(v, netip.Addr{}, "")
				continue
			}
			node.Used(v, netip.AddrFrom4([4]byte{10, 0, 0, byte(n)}), "")
		}
	}
	var wg sync.WaitGroup
	for _, node := range nodes {
		wg.Go(func() {
			if err := node.Flush(w.ctx); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, id := range ids {
		if got := w.stored(id); !got.LastUsedAt.Equal(last) || len(got.LastUsedFrom) != 2 {
			t.Fatalf("last used at %v from %v", got.LastUsedAt, got.LastUsedFrom)
		}
	}
}

// ofTwoNodes is a token, by its id and secret, and two nodes to use it at.
func ofTwoNodes(w *world) (id, secret string, a, b *verify.Authority) {
	secret = w.newSecret(token.Organization)
	id = w.insert(token.Token{Kind: token.Organization}, secret).ID
	a, _ = otherNode(w)
	b, _ = otherNode(w)
	return id, secret, a, b
}

// TestUsed_TheLatestUseFromAnAddressCountsWhicheverNodeSawIt saves an older use from the same
// address after a newer one.
func TestUsed_TheLatestUseFromAnAddressCountsWhicheverNodeSawIt(t *testing.T) {
	w := newWorld(t)
	id, secret, earlier, later := ofTwoNodes(w)
	for _, node := range []*verify.Authority{earlier, later} {
		w.pass(time.Second)
		v, err := node.Verify(w.ctx, secret)
		w.must(err)
		node.Used(v, netip.MustParseAddr("10.0.0.1"), "")
	}
	w.must(later.Flush(w.ctx))
	w.must(earlier.Flush(w.ctx))
	got := w.stored(id)
	if d := cmp.Diff([]token.Use{{IP: "10.0.0.1", At: w.now()}}, got.LastUsedFrom); d != "" || !got.LastUsedAt.Equal(w.now()) {
		t.Errorf("last used at %v: %s", got.LastUsedAt, d)
	}
}

func TestUsed_WhatAnotherNodeSawLaterIsKeptBeforeWhatThisOneSaw(t *testing.T) {
	w := newWorld(t)
	id, secret, behind, ahead := ofTwoNodes(w)
	old, err := behind.Verify(w.ctx, secret)
	w.must(err)
	used := func(from string) token.Use {
		w.pass(time.Second)
		v, err := ahead.Verify(w.ctx, secret)
		w.must(err)
		ahead.Used(v, netip.MustParseAddr(from), "")
		return token.Use{IP: from, At: w.now()}
	}
	first, second := used("10.0.0.1"), used("10.0.0.2")
	want := []token.Use{second, first}
	w.must(ahead.Flush(w.ctx))
	began := w.now().Add(-2 * time.Second)
	for _, round := range [][]string{{"10.0.0.9", "10.0.0.8", "10.0.0.7", "10.0.0.6", "10.0.0.5"}, {"10.0.0.1"}, {"10.0.0.1"}} {
		for _, ip := range round {
			behind.Used(old, netip.MustParseAddr(ip), "")
		}
		w.must(behind.Flush(w.ctx))
		got := w.stored(id)
		if len(got.LastUsedFrom) != verify.MaxAddresses || !got.LastUsedAt.Equal(w.now()) {
			t.Fatalf("last used at %v from %v", got.LastUsedAt, got.LastUsedFrom)
		}
		if d := cmp.Diff(want, got.LastUsedFrom[:2]); d != "" || !got.LastUsedFrom[2].At.Equal(began) {
			t.Errorf("after %v: %s%v", round, d, got.LastUsedFrom[2:])
		}
	}
}

// TestUsed_ATokenThatWasForgottenBetweenTwoUsesIsSavedOnce is about nodes that lose their feed: they forget all
// tokens and load them again.
func TestUsed_ATokenThatWasForgottenBetweenTwoUsesIsSavedOnce(t *testing.T) {
	w := newWorld(t)
	saves := &countedSaves{Store: w.store}
	w.verify = w.newAuthority(verify.Deps{Store: saves})
	g := w.organizationToken()
	secret := g.Secret.Reveal()
	w.use(secret, "10.0.0.1")
	w.verify.Forget()
	w.pass(time.Second)
	w.use(secret, "10.0.0.2")
	w.must(w.verify.Flush(w.ctx))
	got := w.stored(g.ID)
	if len(got.LastUsedFrom) != 2 || !got.LastUsedAt.Equal(w.now()) || saves.n != 1 {
		t.Errorf("saved %d times: %+v", saves.n, got)
	}
	w.wantCounts(g.ID, 0, 2, 0)
}

// countedSaves counts the uses that are saved.
type countedSaves struct {
	verify.Store
	n int
}

func (s *countedSaves) SaveUses(ctx context.Context, tokens []string, merge func(stored map[string]verify.Use) []verify.Use) error {
	return s.Store.SaveUses(ctx, tokens, func(stored map[string]verify.Use) []verify.Use {
		uses := merge(stored)
		s.n = len(uses)
		return uses
	})
}
