package store_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/change"
	"latchkey/internal/store"
	"latchkey/internal/store/pgtest"
)

// memory is a follower that remembers what it was told.
type memory struct {
	mu      sync.Mutex
	told    []change.Change
	forgets int
}

func (m *memory) Apply(_ context.Context, changes []change.Change) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.told = append(m.told, changes...)
}

func (m *memory) Forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forgets++
}

func (m *memory) knows(c change.Change) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Contains(m.told, c)
}

func (m *memory) forgotten() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.forgets
}

// node is a store with its feed, as a server has them.
type node struct {
	*store.Store
	memory
	feed  *store.Feed
	lease *change.Lease
	stop  func() // ends the feed
}

func startNode(t *testing.T, url string, grace time.Duration) *node {
	t.Helper()
	n := &node{Store: openURL(t, url), lease: change.NewLease(time.Now)}
	n.feed = n.Feed(store.FeedOptions{Follower: &n.memory, Lease: n.lease, Log: slog.New(slog.DiscardHandler), Grace: grace})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); n.feed.Run(ctx) }()
	n.stop = sync.OnceFunc(func() { cancel(); <-ended })
	t.Cleanup(n.stop)
	return n
}

// eventually fails the test when it does not become true in time.
func eventually(t *testing.T, what string, within time.Duration, is func() bool) {
	t.Helper()
	for end := time.Now().Add(within); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("after %v not yet: %s", within, what)
		}
	}
}

func TestFeed_BringsWhatOtherNodesCommit(t *testing.T) {
	url := pgtest.Migrated(t)
	a, b := startNode(t, url, 0), startNode(t, url, 0)
	eventually(t, "both are trusted", 5*time.Second, func() bool { return a.lease.Holds() && b.lease.Holds() })
	failed := fmt.Errorf("failed")
	if err := a.InTx(t.Context(), actor.System(""), func(tx *store.Tx) error {
		return fmt.Errorf("%w %w", failed, tx.InsertOrganization(t.Context(),
			account.Organization{ID: "undone", Plan: access.PlanFree, CreatedAt: tx.Now()}))
	}); err == nil {
		t.Fatal("it did not fail")
	}
	if err := addOrganization(t.Context(), a.Store, "acme"); err != nil {
		t.Fatal(err)
	}
	if err := a.InTx(t.Context(), actor.System(""), func(tx *store.Tx) error {
		return tx.SetPlan(t.Context(), "acme",
			access.PlanGrowth)
	}); err != nil {
		t.Fatal(err)
	}
	changed := change.Change{Kind: change.Organization, ID: "acme"}
	eventually(t, "the other node knows", 2*time.Second, func() bool { return b.knows(changed) })
	if a.knows(changed) {
		t.Error("a node is told of its own change by the feed, after it was told by the transaction")
	}
	if b.knows(change.Change{Kind: change.Organization, ID: "undone"}) {
		t.Error("a node is told of a change that was undone")
	}
}

func TestFeed_TellsOfManyChangesAndForgetsAtTooMany(t *testing.T) {
	url := pgtest.Migrated(t)
	a, b := startNode(t, url, 0), startNode(t, url, 0)
	eventually(t, "it is trusted", 5*time.Second, b.lease.Holds)
	if err := addOrganization(t.Context(), a.Store, "acme"); err != nil {
		t.Fatal(err)
	}
	before := b.forgotten()
	for _, n := range []int{1000, 3000} {
		err := a.InTx(t.Context(), actor.System(""), func(tx *store.Tx) error {
			for i := range n {
				if err := tx.InsertWorkspace(t.Context(), account.Workspace{ID: fmt.Sprintf("w-%d-%d", n, i), Organization: "acme",
					Name: fmt.Sprintf("%d-%d", n, i), Environment: account.Production, CreatedAt: tx.Now(), UpdatedAt: tx.Now()}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if n == 1000 {
			for _, i := range []int{0, 100, 999} {
				c := change.Change{Kind: change.Workspace, ID: fmt.Sprintf("w-%d-%d", n, i)}
				eventually(t, "every one of 1000 changes came", 2*time.Second, func() bool { return b.knows(c) })
			}
			if b.forgotten() != before {
				t.Error("1000 changes made it forget everything")
			}
		}
	}
	eventually(t, "3000 changes made it forget everything", 2*time.Second, func() bool { return b.forgotten() > before })
}

func TestFeed_EndsTheTrustWhenItIsCutAndCatchesUp(t *testing.T) {
	url := pgtest.Migrated(t)
	proxy := pgtest.Shared(t).NewProxy(t)
	b := startNode(t, proxy.Through(t, url), 0)
	eventually(t, "it is trusted", 5*time.Second, b.lease.Holds)
	if _, _, ok := b.feed.Lag(); !ok {
		t.Error("a feed that works has no lag")
	}
	before := b.forgotten()
	proxy.Cut()
	eventually(t, "a cut feed ends the trust", time.Second, func() bool { return !b.lease.Holds() })
	if _, _, ok := b.feed.Lag(); ok {
		t.Error("a feed that is lost has a lag")
	}
	time.Sleep(50 * time.Millisecond)
	proxy.Heal()
	eventually(t, "it is trusted again", 5*time.Second, b.lease.Holds)
	if b.forgotten() == before {
		t.Error("it is trusted without having forgotten what it may have missed")
	}
}

func TestFeed_EndsTheTrustWhenNothingComesThrough(t *testing.T) {
	url := pgtest.Migrated(t)
	proxy := pgtest.Shared(t).NewProxy(t)
	b := startNode(t, proxy.Through(t, url), 0)
	eventually(t, "it is trusted", 5*time.Second, b.lease.Holds)
	proxy.Hang()
	eventually(t, "a hanging feed ends the trust", 2500*time.Millisecond, func() bool { return !b.lease.Holds() })
	proxy.Heal()
	eventually(t, "it is trusted again", 5*time.Second, b.lease.Holds)
}

func TestFeed_TrustsForTheGraceThatIsAllowed(t *testing.T) {
	url := pgtest.Migrated(t)
	proxy := pgtest.Shared(t).NewProxy(t)
	b := startNode(t, proxy.Through(t, url), 4*time.Second)
	eventually(t, "it is trusted", 5*time.Second, b.lease.Holds)
	proxy.Cut()
	time.Sleep(2500 * time.Millisecond)
	if !b.lease.Holds() {
		t.Error("it is not trusted within the grace")
	}
	eventually(t, "the grace ends", 3*time.Second, func() bool { return !b.lease.Holds() })
}

func TestFeed_HasOneLeader(t *testing.T) {
	url := pgtest.Migrated(t)
	nodes := []*node{startNode(t, url, 0), startNode(t, url, 0), startNode(t, url, 0)}
	leaders := func() (found []*node) {
		for _, n := range nodes {
			if n.feed.Leads() {
				found = append(found, n)
			}
		}
		return found
	}
	eventually(t, "all run", 5*time.Second, func() bool {
		return !slices.ContainsFunc(nodes, func(n *node) bool { return !n.lease.Holds() })
	})
	first := leaders()
	if len(first) != 1 {
		t.Fatalf("%d nodes lead", len(first))
	}
	first[0].stop()
	eventually(t, "another one leads", 3*time.Second, func() bool { l := leaders(); return len(l) == 1 && l[0] != first[0] })
}

func TestFeed_LeadsAloneOnSQLite(t *testing.T) {
	s := openSQLite(t)
	if s.Shared() {
		t.Error("a file is shared by several nodes")
	}
	feed := s.Feed(store.FeedOptions{Follower: &memory{}, Log: slog.New(slog.DiscardHandler)})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); feed.Run(ctx) }()
	eventually(t, "it leads", time.Second, feed.Leads)
	cancel()
	<-ended
}
