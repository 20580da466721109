package signin_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/signin"
	"latchkey/internal/store"
)

// TestFlood_BeyondTenASecondFailuresLeaveACount guesses from many addresses, which the throttle
// does not stop.
func TestFlood_BeyondTenASecondFailuresLeaveACount(t *testing.T) {
	f := newFixture(t)
	guess := func(n int) {
		for i := range n {
			wantKind(t, f.try(t, fmt.Sprintf("guess%d@acme.example", i), wrong, fmt.Sprintf("203.0.113.%d", i)), fault.Unauthenticated)
		}
	}
	guess(50)
	if n := len(f.events(t)); n != signin.EventsPerSecond {
		t.Fatalf("%d events within a second, want %d", n, signin.EventsPerSecond)
	}
	if err := f.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.wantCount(t, `{"reason":"more sign-ins failed than are recorded one by one","attempts":40}`, "several accounts", "")
	logged := len(f.events(t))
	if err := f.Flush(t.Context()); err != nil || len(f.events(t)) != logged {
		t.Errorf("the count was written twice: %v", err)
	}
	f.clock.Advance(time.Second)
	guess(3)
	if n := len(f.events(t)) - logged; n != 3 {
		t.Errorf("%d events in the next second, want one for each failure", n)
	}
}

// TestFlood_OfOneAddressIsNamed holds that the count says what all its attempts have in common.
func TestFlood_OfOneAddressIsNamed(t *testing.T) {
	f := newFixture(t)
	for i := range signin.EventsPerSecond {
		f.fail(t, 1, fmt.Sprintf("guess%d@acme.example", i), fmt.Sprintf("203.0.113.%d", i))
	}
	f.fail(t, 3, ada, home)
	if err := f.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.wantCount(t, `{"reason":"more sign-ins failed than are recorded one by one","attempts":3}`, ada, home)
}

// TestFlood_ACountThatCannotBeWrittenIsKept tries again later.
func TestFlood_ACountThatCannotBeWrittenIsKept(t *testing.T) {
	f := newFixture(t)
	for i := range signin.EventsPerSecond + 2 {
		f.fail(t, 1, fmt.Sprintf("guess%d@acme.example", i), home)
	}
	f.exec(t, `CREATE TRIGGER refuse_events BEFORE INSERT ON audit_events BEGIN SELECT RAISE(ABORT, 'no events today'); END`)
	if err := f.Flush(t.Context()); err == nil {
		t.Fatal("nothing was written, and nobody was told")
	}
	f.exec(t, `DROP TRIGGER refuse_events`)
	if err := f.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.wantCount(t, `{"reason":"more sign-ins failed than are recorded one by one","attempts":2}`, "several accounts", home)
}

// wantCount expects the latest event to be a count of failed sign-ins.
func (f *fixture) wantCount(t *testing.T, after, name, ip string) {
	t.Helper()
	events := f.events(t)
	e := events[len(events)-1]
	if e.Action != audit.SignInFailed || e.After != after || e.Target.Name != name || e.Origin.IP != ip || e.ActorName != "Not signed in" {
		t.Errorf("the latest event is %+v", e)
	}
}

// TestArgon2_SendsAwayWhoWouldWaitTooLong fills the queue.
func TestArgon2_SendsAwayWhoWouldWaitTooLong(t *testing.T) {
	a := signin.NewArgon2(signin.Cost{MemoryKiB: 32 * 1024, Iterations: 6}) // takes a hundred milliseconds or more
	ctx, giveUp := context.WithCancel(t.Context())
	defer giveUp()
	var away atomic.Int64
	const calls = 3 * signin.MaxWaiting
	got := inParallel(calls, func(int) error {
		_, err := a.Matches(ctx, "", password)
		if f := fault.Of(err); f != nil && f.RetryAfter == signin.RetryBusy && ctx.Err() == nil {
			if away.Add(1) == calls-signin.MaxWaiting-8 { // all that do not wait or compute
				if !a.Full() {
					t.Error("the queue is not full, although it sent somebody away")
				}
				giveUp()
			}
		}
		return err
	})
	if got["unavailable"] < calls-8 || away.Load() < calls-signin.MaxWaiting-8 {
		t.Errorf("outcomes %v, %d sent away", got, away.Load())
	}
	if a.Full() {
		t.Error("the queue is still full")
	}
}

// busyHasher refuses every check as too busy; full says whether that is known before.
type busyHasher struct {
	signin.Hasher
	full bool
}

func (b busyHasher) Full() bool { return b.full }

func (b busyHasher) Matches(context.Context, string, string) (bool, error) {
	return false, fault.NewBusy("busy", signin.RetryBusy)
}

// busyLater refuses to hash a new password, after it has checked the current one.
type busyLater struct{ signin.Hasher }

func (busyLater) Hash(context.Context, string) (string, error) {
	return "", fault.NewBusy("busy", signin.RetryBusy)
}

// TestChangePassword_BusyAfterTheRightPasswordDoesNotCount holds the same for the second half of a
// change.
func TestChangePassword_BusyAfterTheRightPasswordDoesNotCount(t *testing.T) {
	f := newFixture(t)
	current := f.mustSignIn(t, ada, "")
	sound := f.Service
	f.Service = signin.New(store.SignIns(f.store), busyLater{f.hasher}, access.BuiltIn())
	for range 2 * signin.PairFailures {
		_, err := f.ChangePassword(t.Context(), f.in(t, current), password, "another good password")
		wantKind(t, err, fault.Unavailable)
	}
	f.Service = sound
	if err := f.try(t, ada, password, home); err != nil {
		t.Errorf("locked out: %v", err)
	}
}

// TestSignIn_BusyDoesNotCount holds that a flood of others locks nobody out: an attempt whose
// password was not checked is no failure.
func TestSignIn_BusyDoesNotCount(t *testing.T) {
	for name, full := range map[string]bool{"before the attempt is counted": true, "after it": false} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			current := f.mustSignIn(t, ada, "")
			rows, events := f.count(t, `SELECT count(*) FROM attempts`), len(f.events(t))
			sound := f.Service
			f.Service = signin.New(store.SignIns(f.store), busyHasher{f.hasher, full}, access.BuiltIn())
			for range 2 * signin.AddressFailures {
				got := wantKind(t, f.try(t, ada, password, home), fault.Unavailable)
				if got.RetryAfter != signin.RetryBusy {
					t.Fatalf("retry after %v", got.RetryAfter)
				}
				_, err := f.ChangePassword(t.Context(), f.in(t, current), password, "another good password")
				wantKind(t, err, fault.Unavailable)
			}
			if n := f.count(t, `SELECT count(*) FROM attempts`); n != rows || len(f.events(t)) != events {
				t.Errorf("%d records of attempts, want %d", n, rows)
			}
			f.Service = sound
			if err := f.try(t, ada, password, home); err != nil {
				t.Errorf("locked out: %v", err)
			}
		})
	}
}

func TestFlood_IsOverASecondLaterWhateverTheClockDoes(t *testing.T) {
	for _, jump := range []time.Duration{-365 * 24 * time.Hour, -time.Hour, time.Hour} {
		t.Run(jump.String(), func(t *testing.T) {
			f := newFixture(t)
			for round := range 2 {
				before := len(f.events(t))
				for i := range signin.EventsPerSecond + 1 {
					f.fail(t, 1, fmt.Sprintf("guess%d-%d@acme.example", round, i), fmt.Sprintf("203.0.%d.%d", round, i))
				}
				if n := len(f.events(t)) - before; n != signin.EventsPerSecond {
					t.Errorf("%d events in round %d", n, round)
				}
				f.clock.Advance(jump + time.Second)
			}
		})
	}
}
