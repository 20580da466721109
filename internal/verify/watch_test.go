package verify_test

import (
	"net/netip"
	"testing"
	"time"

	"latchkey/internal/token"
)

// TestWatch_TellsTheTwoSecretsOfATokenApart uses both secrets of a rotated token and reads what is saved.
func TestWatch_TellsTheTwoSecretsOfATokenApart(t *testing.T) {
	w := newWorld(t)
	made := w.organizationToken()
	done, err := w.tokens.Rotate(w.ctx, w.admin.Caller(), made.ID, token.Rotation{Overlap: 24 * time.Hour, SameLength: true})
	w.must(err)
	use := func(secret, from, agent string) {
		t.Helper()
		v, err := w.verify.Verify(w.ctx, secret)
		w.must(err)
		addr, _ := netip.ParseAddr(from)
		w.verify.Used(v, addr, agent)
	}
	secrets := func() (current, previous token.SecretState) {
		t.Helper()
		w.must(w.verify.Flush(w.ctx))
		list, err := w.tokens.Secrets(w.ctx, w.admin, made.ID)
		w.must(err)
		o, ok := token.OverlapOf(list, w.now())
		if !ok {
			t.Fatalf("no two secrets: %+v", list)
		}
		return o.Current, o.Previous
	}
	old, current := made.Secret.Reveal(), done.Secret.Reveal()
	for range 3 {
		use(old, "192.0.2.1", "cron/1.0")
	}
	use(old, "", "")
	if c, p := secrets(); c.Uses.Day != 0 || p.Uses.Hour != 4 || !c.FirstUsedAt.IsZero() || len(p.LastUsedFrom) != 2 {
		t.Fatalf("current %+v\nprevious %+v", c, p)
	}
	w.pass(2 * time.Hour)
	use(current, "2001:db8::1", "new\x00/2.0")
	use(old, "192.0.2.1", "cron/1.0")
	c, p := secrets()
	if c.Uses.Hour != 1 || p.Uses.Hour != 1 || p.Uses.Day != 5 || !c.FirstUsedAt.Equal(w.now()) || !p.LastUsedAt.Equal(w.now()) ||
		len(p.LastUsedFrom) != 2 || p.LastUsedFrom[0].IP != "192.0.2.1" || p.LastUsedFrom[0].Agent != "cron/1.0" ||
		c.LastUsedFrom[0].IP != "2001:db8::1" || c.LastUsedFrom[0].Agent != "new/2.0" {
		t.Fatalf("current %+v\nprevious %+v", c, p)
	}
	o := token.Overlap{Current: c, Previous: p}
	if o.SafeToEnd(time.Hour, w.now().Add(time.Hour-1)) || !o.SafeToEnd(time.Hour, w.now().Add(time.Hour)) {
		t.Error("safe to end after an hour of silence, and not before")
	}
	stored, err := w.store.Token(w.ctx, w.org, made.ID)
	w.must(err)
	if !stored.LastUsedAt.Equal(w.now()) || len(stored.LastUsedFrom) != 2 {
		t.Errorf("of the token: %v, %v", stored.LastUsedAt, stored.LastUsedFrom)
	}
	days, err := w.tokens.Usage(w.ctx, w.admin, made.ID)
	w.must(err)
	if last := days[len(days)-1]; last.Requests != 6 {
		t.Errorf("requests of the token: %+v", last)
	}
	_, err = w.tokens.EndPrevious(w.ctx, w.admin.Caller(), made.ID)
	w.must(err)
	use(current, "", "")
	w.must(w.verify.Flush(w.ctx))
	if list, err := w.tokens.Secrets(w.ctx, w.admin, made.ID); err != nil || list[0].Uses.Day != 1 {
		t.Errorf("counted although no other secret works: %+v, %v", list[0].Uses, err)
	}
	then := token.SlotOf(w.now())
	for _, passed := range []struct {
		hours  time.Duration
		counts int
	}{{20, 2}, {5, 0}} {
		w.pass(passed.hours * time.Hour)
		w.must(w.tokens.ForgetUsage(w.ctx))
		if counts, err := w.store.SecretCounts(w.ctx, stored, then); err != nil || len(counts) != passed.counts {
			t.Errorf("%d hours later: %v, %v", passed.hours, counts, err)
		}
	}
}
