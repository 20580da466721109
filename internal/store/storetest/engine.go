package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/change"
	"latchkey/internal/fault"
	"latchkey/internal/store"
)

// Engine checks what the store promises of its transactions. open gives an empty store of
// its own to every test and closes it with the test.
func Engine(t *testing.T, open func(t *testing.T) *store.Store) {
	for name, test := range map[string]func(*testing.T, *store.Store){
		"a failed transaction leaves nothing":                engineRollsBack,
		"a panic leaves nothing":                             enginePanics,
		"a replay is one transaction in the past":            engineReplays,
		"writers take turns":                                 engineTakesTurns,
		"events are numbered in the order of their commits":  engineChainsEvents,
		"a duplicate is a conflict":                          engineRefusesDuplicates,
		"a reference to nothing is a conflict":               engineRefusesLooseEnds,
		"a failure cannot be passed over":                    engineKeepsFailures,
		"text that cannot be kept is invalid":                engineRefusesText,
		"texts are compared byte by byte":                    engineComparesBytes,
		"a transaction that gives up waiting leaves nothing": engineGivesUp,
		"whether it can write is tried without a trace":      engineTriesToWrite,
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) { test(t, open(t)) })
	}
}

func organization(id, name string) account.Organization {
	return account.Organization{ID: id, Name: name, Plan: access.PlanFree, CreatedAt: time.UnixMilli(1)}
}

func inTx(t *testing.T, s *store.Store, fn func(ctx context.Context, tx *store.Tx) error) {
	t.Helper()
	if err := s.InTx(t.Context(), actor.System(""), func(tx *store.Tx) error { return fn(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
}

// isThere reports whether there is an organization at all.
func isThere(t *testing.T, s *store.Store) bool {
	t.Helper()
	_, err := s.SoleOrganization(t.Context())
	if err != nil && !fault.Is(err, fault.NotFound) {
		t.Fatal(err)
	}
	return err == nil
}

func engineRollsBack(t *testing.T, s *store.Store) {
	told := 0
	s.OnCommit(func(context.Context, []change.Change) { told++ })
	failed := errors.New("failed")
	err := s.InTx(t.Context(), actor.System(""), func(tx *store.Tx) error {
		return errors.Join(tx.InsertOrganization(t.Context(), organization("o", "Acme")), failed)
	})
	if !errors.Is(err, failed) || isThere(t, s) || told != 0 {
		t.Errorf("InTx = %v, something is there: %v, told %d times", err, isThere(t, s), told)
	}
}

func engineReplays(t *testing.T, s *store.Store) {
	told := 0
	s.OnCommit(func(_ context.Context, changes []change.Change) { told += len(changes) })
	began := s.Now().Add(-30 * 24 * time.Hour)
	clock := began
	failed := errors.New("failed")
	group := audit.Did(actor.OfSystem("o"), audit.Created, audit.Target{Type: audit.TargetGroup, ID: "g", Name: "g"})
	// Two use cases a day apart; the second sees what the first did.
	twice := func(past *store.Store) error {
		for i := range 2 {
			clock = began.Add(time.Duration(i) * 24 * time.Hour)
			err := past.InTx(t.Context(), actor.System(""), func(tx *store.Tx) (err error) {
				if there, err := tx.Claimed(t.Context()); err != nil || there != (i == 1) || !tx.Now().Equal(clock) {
					t.Errorf("part %d at %v sees an organization: %v, %v", i, tx.Now(), there, err)
				}
				if i == 0 {
					err = errors.Join(tx.InsertOrganization(t.Context(), organization("o", "Acme")),
						tx.SetPlan(t.Context(), "o", access.PlanEnterprise))
				}
				return errors.Join(err, tx.AppendEvent(t.Context(), group))
			})
			if err != nil {
				return err
			}
			if _, err := past.SearchTokens(t.Context(), "o", "", "ci", 1); err != nil { // finds texts by the engine's own function
				return err
			}
		}
		return nil
	}
	now := func() time.Time { return clock }
	err := s.Replay(t.Context(), now, func(past *store.Store) error { return errors.Join(twice(past), failed) })
	if !errors.Is(err, failed) || isThere(t, s) || told != 0 {
		t.Errorf("a replay that failed: %v, something is there: %v, told of %d changes", err, isThere(t, s), told)
	}
	if err := s.Replay(t.Context(), now, twice); err != nil {
		t.Fatal(err)
	}
	events, err := s.EventsAfter(t.Context(), 0, 10)
	if err != nil || len(events) != 2 || !events[0].Time.Equal(began) || !events[1].Time.Equal(began.Add(24*time.Hour)) || told == 0 {
		t.Errorf("%d events, %v; told of %d changes", len(events), err, told)
	}
	if _, err := audit.Verify(t.Context(), s, 1); err != nil {
		t.Error(err)
	}
}

func enginePanics(t *testing.T, s *store.Store) {
	func() {
		defer func() { _ = recover() }()
		_ = s.InTx(t.Context(), actor.System(""), func(tx *store.Tx) error {
			if err := tx.InsertOrganization(t.Context(), organization("o", "Acme")); err != nil {
				t.Error(err)
			}
			panic("in the middle")
		})
	}()
	if isThere(t, s) {
		t.Error("what was written before the panic is there")
	}
	inTx(t, s, func(ctx context.Context, tx *store.Tx) error {
		return tx.InsertOrganization(ctx, organization("o", "Acme"))
	})
}

// engineTakesTurns has writers read, think and write what follows from what they read.
func engineTakesTurns(t *testing.T, s *store.Store) {
	inTx(t, s, func(ctx context.Context, tx *store.Tx) error {
		return tx.InsertOrganization(ctx, organization("o", "Acme"))
	})
	const writers, each = 8, 5
	var running sync.WaitGroup
	for range writers {
		running.Go(func() {
			for range each {
				if err := s.InTx(t.Context(), actor.System(""), func(tx *store.Tx) error { return addOne(t.Context(), tx) }); err != nil {
					t.Error(err)
				}
			}
		})
	}
	running.Wait()
	if n, err := s.CountMembers(t.Context(), "o"); err != nil || n != writers*each {
		t.Errorf("%d members, %v; want %d", n, err, writers*each)
	}
}

// addOne adds the member whose number follows from how many there are.
func addOne(ctx context.Context, tx *store.Tx) error {
	n, err := tx.CountMembers(ctx, "o")
	if err != nil {
		return err
	}
	time.Sleep(time.Millisecond)
	return tx.InsertMember(ctx, bedPerson(fmt.Sprint(n), "o", account.Active, tx.Now()), "")
}

func engineChainsEvents(t *testing.T, s *store.Store) {
	by := actor.Standing{Principal: access.Principal{Kind: access.Member, ID: "m", Organization: "o"}, Name: "Ada"}
	const writers, each = 8, 5
	var running sync.WaitGroup
	for range writers {
		running.Go(func() {
			for range each {
				err := s.InTx(t.Context(), actor.System(""), func(tx *store.Tx) error {
					e := audit.Did(by, audit.AddedToOrganization, audit.Target{Type: audit.TargetUser, ID: "u", Name: "Ümit"})
					return errors.Join(tx.AppendEvent(t.Context(), e), tx.AppendEvent(t.Context(), e))
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	running.Wait()
	events, err := s.RecentEvents(t.Context(), "o", "", 1000)
	if err != nil || len(events) != 2*writers*each {
		t.Fatalf("%d events, %v; want %d", len(events), err, 2*writers*each)
	}
	prev := audit.Genesis()
	for i := range events {
		e := events[len(events)-1-i]
		if e.Seq != int64(i+1) || string(e.PrevHash) != string(prev) || string(e.Sum()) != string(e.Hash) {
			t.Fatalf("event %d is number %d, follows the one before: %v, its hash holds: %v",
				i+1, e.Seq, string(e.PrevHash) == string(prev), string(e.Sum()) == string(e.Hash))
		}
		prev = e.Hash
	}
}

func engineRefusesDuplicates(t *testing.T, s *store.Store) {
	inTx(t, s, func(ctx context.Context, tx *store.Tx) error {
		return tx.InsertOrganization(ctx, organization("o", "Acme"))
	})
	err := s.InTx(t.Context(), actor.System(""), func(tx *store.Tx) error {
		return tx.InsertOrganization(t.Context(), organization("o", "Another"))
	})
	if !fault.Is(err, fault.Conflict) {
		t.Errorf("the same id twice: %v, want a conflict", err)
	}
}

func engineRefusesLooseEnds(t *testing.T, s *store.Store) {
	err := s.InTx(t.Context(), actor.System(""), func(tx *store.Tx) error {
		return tx.InsertMember(t.Context(), bedPerson("m", "nowhere", account.Active, tx.Now()), "")
	})
	if !fault.Is(err, fault.Conflict) {
		t.Errorf("a member of no organization: %v, want a conflict", err)
	}
}

// engineKeepsFailures goes on after a statement that failed, as if nothing had happened: what
// must not be is that it seems to be kept and is not.
func engineKeepsFailures(t *testing.T, s *store.Store) {
	err := s.InTx(t.Context(), actor.System(""), func(tx *store.Tx) error {
		if err := tx.InsertOrganization(t.Context(), organization("o", "Acme")); err != nil {
			return err
		}
		if err := tx.InsertOrganization(t.Context(), organization("o", "Acme")); err == nil {
			t.Error("the same id twice is accepted")
		}
		return nil
	})
	if (err == nil) != isThere(t, s) {
		t.Errorf("InTx = %v, and it is kept: %v", err, isThere(t, s))
	}
}

func engineRefusesText(t *testing.T, s *store.Store) {
	for _, name := range []string{"nul \x00", "half a letter \xc3"} {
		err := s.InTx(t.Context(), actor.System(""), func(tx *store.Tx) error {
			return tx.InsertOrganization(t.Context(), organization("o", name))
		})
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("writing %q: %v, want invalid", name, err)
		}
		if _, err := s.SignInAccount(t.Context(), name); !fault.Is(err, fault.Invalid) {
			t.Errorf("searching %q: %v, want invalid", name, err)
		}
	}
}

func engineComparesBytes(t *testing.T, s *store.Store) {
	inTx(t, s, func(ctx context.Context, tx *store.Tx) error {
		if err := tx.InsertOrganization(ctx, organization("o", "Acme")); err != nil {
			return err
		}
		for _, name := range []string{"ä", "b", "A", "Z", "_", "a b", "ab"} {
			m := bedPerson(name, "o", account.Active, tx.Now())
			m.Name = name
			if err := tx.InsertMember(ctx, m, ""); err != nil {
				return err
			}
		}
		return nil
	})
	members, _, err := s.FindMembers(t.Context(), "o", account.MemberQuery{Limit: 10}, time.UnixMilli(1))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range members {
		got = append(got, m.Name)
	}
	if want := "_ A a b ab b Z ä"; strings.Join(got, " ") != want {
		t.Errorf("by name: %q, want %q", got, want)
	}
}

// engineGivesUp lets a writer wait for its turn and lose its patience.
func engineGivesUp(t *testing.T, s *store.Store) {
	inTx(t, s, func(_ context.Context, _ *store.Tx) error {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		began := time.Now()
		err := s.InTx(ctx, actor.System(""), func(tx *store.Tx) error { return tx.InsertOrganization(ctx, organization("o", "Acme")) })
		if err == nil || time.Since(began) > 5*time.Second {
			t.Errorf("a second writer ended after %v with %v", time.Since(began), err)
		}
		return nil
	})
	if isThere(t, s) {
		t.Error("the writer that gave up has written")
	}
	inTx(t, s, func(ctx context.Context, tx *store.Tx) error {
		return tx.InsertOrganization(ctx, organization("o", "Acme"))
	})
}

func engineTriesToWrite(t *testing.T, s *store.Store) {
	told := 0
	s.OnCommit(func(context.Context, []change.Change) { told++ })
	if err := s.Writable(t.Context()); err != nil || told != 0 {
		t.Errorf("Writable = %v, told %d times", err, told)
	}
	// A writer that takes long is no reason to say no, and its transaction is not touched.
	time.Sleep(1100 * time.Millisecond) // the answer is good for a second
	inTx(t, s, func(ctx context.Context, tx *store.Tx) error {
		if err := s.Writable(ctx); err != nil {
			t.Errorf("while somebody writes: %v", err)
		}
		return tx.InsertOrganization(ctx, organization("o", "Acme"))
	})
	if !isThere(t, s) {
		t.Error("the transaction meanwhile is lost")
	}
}
