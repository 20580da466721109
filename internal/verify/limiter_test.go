package verify_test

import (
	"net/netip"
	"testing"
	"time"

	"latchkey/internal/verify"
)

func TestLimiter_AllowsABurstAndThenOnePerInterval(t *testing.T) {
	now := time.Unix(1000, 0)
	l := verify.NewLimiter(3, 10*time.Second, func() time.Time { return now })
	addr, other := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")
	for i := range 3 {
		if w := l.Wait(addr); w != 0 {
			t.Fatalf("before failure %d: wait %v", i, w)
		}
		l.Fail(addr)
	}
	if w := l.Wait(addr); w != 10*time.Second {
		t.Errorf("after the burst: %v", w)
	}
	if w := l.Wait(other); w != 0 {
		t.Errorf("another address: %v", w)
	}
	for range 100 {
		l.Fail(addr)
	}
	if w := l.Wait(addr); w != 10*time.Second {
		t.Errorf("more failures prolong the wait to %v", w)
	}
	now = now.Add(10*time.Second - 1)
	if w := l.Wait(addr); w != 1 {
		t.Errorf("just before: %v", w)
	}
	now = now.Add(1)
	if w := l.Wait(addr); w != 0 {
		t.Errorf("after the interval: %v", w)
	}
	l.Fail(addr)
	if w := l.Wait(addr); w != 10*time.Second {
		t.Errorf("one more failure: %v", w)
	}
	now = now.Add(time.Hour)
	if w := l.Wait(addr); w != 0 {
		t.Errorf("much later: %v", w)
	}
}

func TestLimiter_ClocksThatAreSetProlongNoWait(t *testing.T) {
	for _, jump := range []time.Duration{-365 * 24 * time.Hour, -time.Hour, -time.Second, time.Second, time.Hour} {
		now := time.Unix(1_800_000_000, 0)
		l := verify.NewLimiter(3, 10*time.Second, func() time.Time { return now })
		addr := netip.MustParseAddr("10.0.0.1")
		for range 2 {
			for range 3 {
				l.Fail(addr)
			}
			if w := l.Wait(addr); w != 10*time.Second {
				t.Fatalf("%v: a wait of %v after the burst", jump, w)
			}
			now = now.Add(jump)
			if w := l.Wait(addr); w > 10*time.Second {
				t.Errorf("%v: a wait of %v", jump, w)
			}
			now = now.Add(30 * time.Second)
			if w := l.Wait(addr); w != 0 {
				t.Errorf("%v: a wait of %v half a minute later", jump, w)
			}
			now = now.Add(-jump).Add(time.Hour)
		}
	}
}

func TestLimiter_AnIPv6NetworkIsOneAddress(t *testing.T) {
	now := time.Unix(1000, 0)
	l := verify.NewLimiter(1, time.Minute, func() time.Time { return now })
	l.Fail(netip.MustParseAddr("2001:db8:1:2::1"))
	for addr, want := range map[string]time.Duration{
		"2001:db8:1:2::1": time.Minute, "2001:db8:1:2:ffff::9": time.Minute, "2001:db8:1:3::1": 0, "10.0.0.1": 0,
	} {
		if w := l.Wait(netip.MustParseAddr(addr)); w != want {
			t.Errorf("%s: %v, want %v", addr, w, want)
		}
	}
	l.Fail(netip.MustParseAddr("::ffff:10.0.0.1"))
	if w := l.Wait(netip.MustParseAddr("10.0.0.1")); w != time.Minute {
		t.Errorf("the mapped address is another one: %v", w)
	}
}

func TestLimiter_StaysBoundedUnderAFlood(t *testing.T) {
	now := time.Unix(1000, 0)
	l := verify.NewLimiter(2, time.Second, func() time.Time { return now })
	for i := range 300000 {
		l.Fail(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}))
	}
	if n := l.Addresses(); n > 16*4096 {
		t.Errorf("%d addresses are kept", n)
	}
}
