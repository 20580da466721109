package signin_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/signin"
)

// fail makes n failed attempts that are each answered as such.
func (f *fixture) fail(t *testing.T, n int, email, ip string) {
	t.Helper()
	for range n {
		wantKind(t, f.try(t, email, wrong, ip), fault.Unauthenticated)
	}
}

// wantThrottled expects the right password to be throttled for wait, without a hash; the first
// such attempt may leave an event, the next may not.
func (f *fixture) wantThrottled(t *testing.T, email, ip string, wait time.Duration) {
	t.Helper()
	hashed := f.hasher.checked.Load()
	got := wantKind(t, f.try(t, email, password, ip), fault.Throttled)
	if got.RetryAfter != wait {
		t.Errorf("retry after %v, want %v", got.RetryAfter, wait)
	}
	logged := len(f.events(t))
	wantKind(t, f.try(t, email, password, ip), fault.Throttled)
	if f.hasher.checked.Load() != hashed || len(f.events(t)) != logged {
		t.Error("a throttled attempt was hashed or logged again")
	}
}

// TestThrottle_EachBlockLeavesOneEvent holds that a sign-in which a block stops is in the log,
// whatever blocks it, and that going on trying adds nothing.
func TestThrottle_EachBlockLeavesOneEvent(t *testing.T) {
	for name, c := range map[string]struct {
		fill   func(t *testing.T, f *fixture)
		from   string
		block  time.Duration
		reason string
	}{
		"the pair": {func(t *testing.T, f *fixture) { f.fail(t, signin.PairFailures, ada, home) }, home, signin.PairBlock,
			"too many failed attempts for this account from this address"},
		"the address": {func(t *testing.T, f *fixture) {
			for i := range signin.AddressFailures {
				f.fail(t, 1, fmt.Sprintf("guess%d@acme.example", i), home)
			}
		}, home, signin.AddressBlock, "too many failed attempts from this address"},
		"the account": {func(t *testing.T, f *fixture) {
			for i := range signin.AccountFailures {
				f.fail(t, 1, ada, fmt.Sprintf("203.0.113.%d", i))
			}
		}, home, signin.AccountBlock, "too many failed attempts for this account from many addresses"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			for round := range 2 {
				c.fill(t, f)
				logged := len(f.events(t))
				until := f.clock.Now().Add(c.block)
				for range 3 {
					wantKind(t, f.try(t, ada, password, c.from), fault.Throttled)
				}
				inParallel(8, func(int) error { return f.try(t, ada, password, c.from) })
				events := f.events(t)[logged:]
				want := fmt.Sprintf(`{"reason":%q,"blockedUntil":%q}`, c.reason, audit.FormatTime(until))
				if len(events) != 1 || events[0].Action != audit.SignInFailed || events[0].Target.Name != ada ||
					events[0].Origin.IP != c.from || events[0].After != want {
					t.Errorf("round %d: %d events: %+v, want %s", round, len(events), events, want)
				}
				f.clock.Advance(signin.AccountBlock)
			}
		})
	}
}

func TestThrottle_ParallelFirstAttemptsOfABlockLeaveOneEvent(t *testing.T) {
	f := newFixture(t)
	f.fail(t, signin.PairFailures, ada, home)
	got := inParallel(20, func(int) error { return f.try(t, ada, password, home) })
	if n := len(f.events(t)); n != signin.PairFailures+1 || got["throttled"] != 20 {
		t.Errorf("%d events, outcomes %v", n, got)
	}
}

func TestThrottle_AccountAndAddressBlockAfterFiveFailures(t *testing.T) {
	for _, email := range []string{ada, nobody, gone} {
		t.Run(email, func(t *testing.T) {
			f := newFixture(t)
			f.fail(t, signin.PairFailures, email, home)
			f.wantThrottled(t, email, home, signin.PairBlock)
			f.wantThrottled(t, strings.ToUpper(email)+" ", home, signin.PairBlock) // the same account
			f.clock.Advance(signin.PairBlock - time.Millisecond)
			f.wantThrottled(t, email, home, time.Millisecond)
			f.clock.Advance(time.Millisecond)
			f.fail(t, signin.PairFailures, email, home) // counting began anew
			f.wantThrottled(t, email, home, signin.PairBlock)
		})
	}
}

func TestThrottle_OtherAccountsAndAddressesGoOn(t *testing.T) {
	f := newFixture(t)
	f.fail(t, signin.PairFailures, ada, home)
	if err := f.try(t, ada, password, "203.0.113.1"); err != nil {
		t.Errorf("the account is blocked elsewhere: %v", err)
	}
	if err := f.try(t, bo, password, home); err != nil {
		t.Errorf("another account is blocked: %v", err)
	}
}

func TestThrottle_FailuresOutsideTheWindowDoNotCount(t *testing.T) {
	f := newFixture(t)
	f.fail(t, signin.PairFailures-1, ada, home)
	f.clock.Advance(signin.PairWindow)
	f.fail(t, signin.PairFailures-1, ada, home)
	if err := f.try(t, ada, password, home); err != nil {
		t.Error(err)
	}
}

func TestThrottle_FailuresAtTheEndOfTheWindowCount(t *testing.T) {
	f := newFixture(t)
	f.fail(t, signin.PairFailures-1, ada, home)
	f.clock.Advance(signin.PairWindow - time.Millisecond)
	f.fail(t, 1, ada, home)
	f.wantThrottled(t, ada, home, signin.PairBlock)
}

func TestThrottle_SuccessClearsTheAccountsCount(t *testing.T) {
	f := newFixture(t)
	for range 3 {
		f.fail(t, signin.PairFailures-1, ada, home)
		f.mustSignIn(t, ada, "")
	}
}

func TestThrottle_AddressBlocksOverAllAccounts(t *testing.T) {
	f := newFixture(t)
	for i := range signin.AddressFailures {
		f.fail(t, 1, fmt.Sprintf("guess%d@acme.example", i), home)
	}
	f.wantThrottled(t, ada, home, signin.AddressBlock)
	if err := f.try(t, ada, password, "203.0.113.1"); err != nil {
		t.Errorf("another address is blocked: %v", err)
	}
	f.clock.Advance(signin.AddressBlock)
	f.mustSignIn(t, ada, "")
}

func TestThrottle_OwnSuccessDoesNotClearTheAddress(t *testing.T) {
	f := newFixture(t)
	for i := range signin.AddressFailures {
		f.mustSignIn(t, bo, "") // an attacker with an account
		f.fail(t, 1, fmt.Sprintf("guess%d@acme.example", i), home)
	}
	f.wantThrottled(t, bo, home, signin.AddressBlock)
}

func TestThrottle_SuccessesDoNotCount(t *testing.T) {
	f := newFixture(t)
	for range 2 * signin.AddressFailures {
		f.mustSignIn(t, bo, "")
	}
}

func TestThrottle_SuccessAtTheLimitOfTheAddressUnblocksIt(t *testing.T) {
	f := newFixture(t)
	for i := range signin.AddressFailures - 1 {
		f.fail(t, 1, fmt.Sprintf("guess%d@acme.example", i), home)
	}
	f.mustSignIn(t, ada, "")
	f.mustSignIn(t, bo, "")
}

func TestThrottle_AccountBlocksOverAllAddressesButNotWhereItIsKnown(t *testing.T) {
	f := newFixture(t)
	f.mustSignIn(t, ada, "")
	for i := range signin.AccountFailures {
		f.fail(t, 1, ada, fmt.Sprintf("203.0.113.%d", i))
	}
	f.wantThrottled(t, ada, "192.0.2.1", signin.AccountBlock)
	f.mustSignIn(t, ada, "") // from home
	if err := f.try(t, bo, password, "192.0.2.1"); err != nil {
		t.Errorf("another account is blocked: %v", err)
	}
}

func TestThrottle_AcquaintanceEnds(t *testing.T) {
	for _, c := range []struct {
		after   time.Duration
		blocked bool
	}{{signin.Acquaintance - time.Millisecond, false}, {signin.Acquaintance, true}} {
		t.Run(c.after.String(), func(t *testing.T) {
			f := newFixture(t)
			f.mustSignIn(t, ada, "")
			f.clock.Advance(c.after)
			for i := range signin.AccountFailures {
				f.fail(t, 1, ada, fmt.Sprintf("203.0.113.%d", i))
			}
			if err := f.try(t, ada, password, home); fault.Is(err, fault.Throttled) != c.blocked {
				t.Errorf("%v, want blocked = %v", err, c.blocked)
			}
		})
	}
}

func TestThrottle_KnownAddressIsStillLimited(t *testing.T) {
	f := newFixture(t)
	f.mustSignIn(t, ada, "")
	f.fail(t, signin.PairFailures, ada, home)
	f.wantThrottled(t, ada, home, signin.PairBlock)
}

func TestThrottle_AddressesThatAreOneCountAsOne(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true},
		{"2001:db8:1:2::1", "2001:db8:1:3::1", false},
		{"::ffff:198.51.100.7", "198.51.100.7", true},
		{"fe80::1%eth0", "fe80::2%eth1", true},
		{"198.51.100.7", "198.51.100.8", false},
		{"", "", true},
	} {
		t.Run(c.a+" and "+c.b, func(t *testing.T) {
			f := newFixture(t)
			f.fail(t, signin.PairFailures, ada, c.a)
			if err := f.try(t, ada, password, c.b); fault.Is(err, fault.Throttled) != c.same {
				t.Errorf("%v, want the same = %v", err, c.same)
			}
		})
	}
}

func TestThrottle_ParallelFailuresAllCount(t *testing.T) {
	f := newFixture(t)
	got := inParallel(40, func(int) error { return f.try(t, ada, wrong, home) })
	if got["unauthenticated"] != signin.PairFailures || got["throttled"] != 40-signin.PairFailures {
		t.Errorf("outcomes = %v, want %d answered and the rest throttled", got, signin.PairFailures)
	}
	if n := f.hasher.checked.Load(); n != signin.PairFailures {
		t.Errorf("%d passwords were tried, want %d", n, signin.PairFailures)
	}
	// What was throttled counted nowhere: address, account and pair each have five.
	if n := f.count(t, `SELECT count(*) FROM attempts WHERE failures = $1`, signin.PairFailures); n != 3 {
		t.Errorf("%d of 3 counters are right", n)
	}
	if n := len(f.events(t)); n != signin.PairFailures+1 {
		t.Errorf("%d events, want one for each failure and one for the block", n)
	}
}

func TestThrottle_ParallelFailuresFromManyAddressesAllCount(t *testing.T) {
	f := newFixture(t)
	got := inParallel(60, func(i int) error { return f.try(t, ada, wrong, fmt.Sprintf("203.0.113.%d", i)) })
	if got["unauthenticated"] != signin.AccountFailures || got["throttled"] != 60-signin.AccountFailures {
		t.Errorf("outcomes = %v, want %d answered and the rest throttled", got, signin.AccountFailures)
	}
}

func TestThrottle_ParallelSuccessesAllSignIn(t *testing.T) {
	f := newFixture(t)
	if got := inParallel(signin.PairFailures-1, func(int) error { return f.try(t, ada, password, home) }); got["ok"] != signin.PairFailures-1 {
		t.Errorf("outcomes = %v", got)
	}
}

func TestThrottle_TableTellsNeitherAccountNorAddress(t *testing.T) {
	f := newFixture(t)
	f.fail(t, 1, ada, home)
	f.mustSignIn(t, bo, "")
	if n := f.count(t, `SELECT count(*) FROM attempts WHERE length(key) = 64 AND key NOT LIKE '%acme%' AND key NOT LIKE '%198.51%'`); n != 4 {
		t.Errorf("%d records under digests, want 4", n)
	}
}

func TestThrottle_SaysHowLong(t *testing.T) {
	f := newFixture(t)
	f.fail(t, signin.PairFailures, ada, home)
	if got := wantKind(t, f.try(t, ada, wrong, home), fault.Throttled); got.Message != "Too many attempts. Try again in 15 minutes." {
		t.Errorf("message = %q", got.Message)
	}
	f.clock.Advance(signin.PairBlock - time.Second)
	if got := wantKind(t, f.try(t, ada, wrong, home), fault.Throttled); got.Message != "Too many attempts. Try again in a minute." {
		t.Errorf("message = %q", got.Message)
	}
}

// TestThrottle_ClocksThatAreSetProlongNoBlock fills each counter, sets the clock, and tries the right password
// every minute from then on. Then it fills the counter again, which must block as before.
func TestThrottle_ClocksThatAreSetProlongNoBlock(t *testing.T) {
	for name, c := range map[string]struct {
		fill  func(t *testing.T, f *fixture)
		block time.Duration
	}{
		"pair": {func(t *testing.T, f *fixture) { f.fail(t, signin.PairFailures, bo, home) }, signin.PairBlock},
		"address": {func(t *testing.T, f *fixture) {
			for i := range signin.AddressFailures {
				f.fail(t, 1, fmt.Sprintf("guess%d@acme.example", i), home)
			}
		}, signin.AddressBlock},
		"account": {func(t *testing.T, f *fixture) {
			for i := range signin.AccountFailures {
				f.fail(t, 1, bo, fmt.Sprintf("203.0.113.%d", i))
			}
		}, signin.AccountBlock},
	} {
		for _, jump := range []time.Duration{-365 * 24 * time.Hour, -2 * time.Hour, -time.Hour, -time.Minute, time.Minute, time.Hour} {
			t.Run(fmt.Sprint(name, jump), func(t *testing.T) {
				f := newFixture(t)
				c.fill(t, f)
				wantKind(t, f.try(t, bo, password, home), fault.Throttled)
				f.clock.Advance(jump)
				blocked := time.Duration(0)
				for ; f.try(t, bo, password, home) != nil; f.clock.Advance(time.Minute) {
					if blocked += time.Minute; blocked > c.block {
						t.Fatalf("still blocked %v after the clock was set", blocked)
					}
				}
				c.fill(t, f)
				if name != "account" { // the address is known to bo by now, which protects it from others' failures
					wantKind(t, f.try(t, bo, password, home), fault.Throttled)
				}
			})
		}
	}
}
