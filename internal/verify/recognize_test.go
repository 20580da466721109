package verify_test

import (
	"net/netip"
	"testing"
	"time"

	"latchkey/internal/change"
	"latchkey/internal/token"
	"latchkey/internal/verify"
)

// recognizes reports whether a token is accepted by what is in memory.
func recognizes(a *verify.Authority, secret string, from netip.Addr) bool {
	_, ok := a.Recognize(secret, from)
	return ok
}

// TestRecognize_LeavesTheFirstUseToVerify holds that the first use of a new secret is written down before it is accepted.
func TestRecognize_LeavesTheFirstUseToVerify(t *testing.T) {
	w := newWorld(t)
	w.must(w.verify.Load(w.ctx))
	g := w.organizationToken()
	done, err := w.tokens.Rotate(w.ctx, w.admin.Caller(), g.ID, token.Rotation{Overlap: time.Hour, SameLength: true})
	w.must(err)
	refusalOf(t, w.verify, g.Secret.Reveal()) // reads what the holder may do
	secret := done.Secret.Reveal()
	for _, first := range []bool{true, false} {
		if recognizes(w.verify, secret, netip.Addr{}) == first {
			t.Errorf("recognized: %v at the first use: %v", !first, first)
		}
		if got := refusalOf(t, w.verify, secret); got != 0 {
			t.Fatal(got)
		}
	}
}

func TestRecognize_TrustsTheMemoryNoLongerThanVerify(t *testing.T) {
	w := newWorld(t)
	secret := w.organizationToken().Secret.Reveal()
	lease := change.NewLease(w.now)
	node := w.newAuthority(verify.Deps{Lease: lease})
	lease.Extend(w.now().Add(time.Minute))
	for _, step := range []struct {
		what string
		do   func()
		want bool
	}{
		{"not in memory", func() {}, false},
		{"in memory", func() { refusalOf(t, node, secret) }, true},
		{"without a lease", lease.End, false},
		{"with one", func() { lease.Extend(w.now().Add(time.Minute)) }, true},
		{"forgotten", node.Forget, false},
	} {
		step.do()
		if got := recognizes(node, secret, netip.Addr{}); got != step.want {
			t.Errorf("%s: %v", step.what, got)
		}
	}
}

func TestRecognize_AsksForTheAddress(t *testing.T) {
	w := newWorld(t)
	g := w.organizationToken()
	w.restrict(g, "192.0.2.0/24")
	w.must(w.verify.Load(w.ctx))
	for from, want := range map[string]bool{"192.0.2.7": true, "192.0.3.7": false, "": false} {
		addr, _ := netip.ParseAddr(from)
		_, _ = w.verify.VerifyFrom(w.ctx, g.Secret.Reveal(), addr) // reads what the holder may do
		if got := recognizes(w.verify, g.Secret.Reveal(), addr); got != want {
			t.Errorf("%q: %v", from, got)
		}
	}
}
