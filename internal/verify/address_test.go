package verify_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/fault"
	"latchkey/internal/store"
	"latchkey/internal/token"
	"latchkey/internal/verify"
)

func (w *world) ranges(text string) actor.Ranges {
	w.t.Helper()
	r, err := actor.ParseRanges(text)
	w.must(err)
	return r
}

// restrict sets the allowed addresses of a token.
func (w *world) restrict(g token.Generated, text string) {
	w.t.Helper()
	_, err := w.tokens.SetAddresses(w.ctx, w.admin.Caller(), g.ID, text)
	w.must(err)
}

// restrictAll sets the allowed addresses of the organization.
func (w *world) restrictAll(text string) {
	w.t.Helper()
	w.must(w.tokens.SetAllowedAddresses(w.ctx, w.admin.Caller(), text))
}

// from is how the token is refused from an address; 0 when it is accepted.
func (w *world) from(a *verify.Authority, g token.Generated, addr string) verify.Refusal {
	w.t.Helper()
	from, _ := netip.ParseAddr(addr)
	_, err := a.VerifyFrom(w.ctx, g.Secret.Reveal(), from)
	_, again := a.RecallFrom(w.ctx, g.Secret.Reveal(), from)
	if fmt.Sprint(err) != fmt.Sprint(again) {
		w.t.Errorf("from %q: %v, and %v for one who failed too often", addr, err, again)
	}
	var refused *verify.Refused
	if err != nil && !errors.As(err, &refused) {
		w.t.Fatal(err)
	}
	if err == nil {
		return 0
	}
	return refused.Refusal
}

func TestVerify_ATokenIsRefusedFromOtherAddresses(t *testing.T) {
	w := newWorld(t)
	g, free := w.organizationToken(), w.organizationToken()
	cold := w.newAuthority(verify.Deps{})
	for _, step := range []struct {
		own, organization string
		allowed, refused  []string
	}{
		{"", "", []string{"", "192.0.2.1", "2001:db8::1"}, nil},
		{"192.0.2.0/24 2001:db8::/32", "", []string{"192.0.2.1", "::ffff:192.0.2.255", "2001:db8::1", "2001:db8::1%eth0"},
			[]string{"", "192.0.3.1", "::ffff:192.0.3.1", "2001:db9::1", "::", "0.0.0.0"}},
		{"192.0.2.0/24", "192.0.2.128/25 10.0.0.0/8", []string{"192.0.2.200"}, []string{"", "192.0.2.1", "10.0.0.1"}},
		{"192.0.2.0/24", "10.0.0.0/8", nil, []string{"", "192.0.2.1", "10.0.0.1"}},
		{"", "10.0.0.0/8", []string{"10.0.0.1"}, []string{"", "192.0.2.1"}},
		{"0.0.0.0/0 ::/0", "", []string{"192.0.2.1", "2001:db8::1"}, []string{""}},
		{"", "", []string{"", "192.0.2.1"}, nil},
	} {
		w.restrict(g, step.own)
		w.restrictAll(step.organization)
		cold.Forget()
		for _, a := range []*verify.Authority{w.verify, cold} {
			for _, addr := range step.allowed {
				if got := w.from(a, g, addr); got != 0 {
					t.Errorf("own %q, organization %q: %q is refused: %v", step.own, step.organization, addr, got)
				}
			}
			for _, addr := range step.refused {
				if got := w.from(a, g, addr); got != verify.Elsewhere {
					t.Errorf("own %q, organization %q: %q is refused as %v", step.own, step.organization, addr, got)
				}
			}
		}
		if _, err := w.verify.VerifyAnywhere(w.ctx, g.Secret.Reveal()); err != nil {
			t.Errorf("own %q, organization %q: %v although it may be used anywhere", step.own, step.organization, err)
		}
		if got := w.from(w.verify, free, ""); (got == 0) != (step.organization == "") {
			t.Errorf("organization %q: a token without ranges is refused as %v", step.organization, got)
		}
	}
}

// A refusal says which token was used from where, and counts.
func TestVerify_ARefusalByAddressNamesIt(t *testing.T) {
	w := newWorld(t)
	g := w.organizationToken()
	w.restrict(g, "192.0.2.0/24")
	_, err := w.verify.VerifyFrom(w.ctx, g.Secret.Reveal(), netip.MustParseAddr("203.0.113.9"))
	var refused *verify.Refused
	if !errors.As(err, &refused) || refused.From != "203.0.113.9" || refused.Token.ID != g.ID || refused.Token.Digest != [32]byte{} ||
		refused.Refusal.String() != "address_not_allowed" {
		t.Errorf("refused as %+v", refused)
	}
	w.must(w.verify.Flush(w.ctx))
	days, err := w.tokens.Usage(w.ctx, w.admin, g.ID)
	w.must(err)
	if last := days[len(days)-1]; last.Requests != 1 || last.Refusals != 1 {
		t.Errorf("counted %+v", last)
	}
	if after, err := w.tokens.Get(w.ctx, w.admin, g.ID); err != nil || !after.LastUsedAt.IsZero() {
		t.Errorf("a refused token counts as used at %v, %v", after.LastUsedAt, err)
	}
}

// What a request reads while the addresses change is not kept.
func TestVerify_AddressesThatChangeWhileTheyAreReadAreObeyedAfterwards(t *testing.T) {
	w, p := pausingWorld(t)
	g := w.organizationToken()
	w.verify.Forget()
	p.afterStanding = func() { w.restrictAll("192.0.2.0/24") }
	if got := refusalOf(t, w.verify, g.Secret.Reveal()); got != 0 && got != verify.Elsewhere {
		t.Fatal(got) // this request began before the change
	}
	if got := w.from(w.verify, g, "203.0.113.9"); got != verify.Elsewhere {
		t.Errorf("after the organization's change: %v", got)
	}
	w.restrictAll("")
	w.verify.Forget()
	p.afterRecord = func() { w.restrict(g, "192.0.2.0/24") }
	refusalOf(t, w.verify, g.Secret.Reveal())
	if got := w.from(w.verify, g, "203.0.113.9"); got != verify.Elsewhere {
		t.Errorf("after the token's change: %v", got)
	}
}

// A token's right to write ends with its address, even if the request was accepted before.
func TestInTx_RefusesATokenFromAnotherAddress(t *testing.T) {
	w := newWorld(t)
	g := w.organizationToken()
	w.restrict(g, "192.0.2.0/24")
	for addr, want := range map[string]bool{"192.0.2.9": true, "203.0.113.9": false, "": false, "unknown": false} {
		by := actor.Caller{Ref: actor.Ref{Kind: actor.Token, ID: g.ID}, Origin: actor.Origin{IP: addr}}
		err := w.store.InTx(w.ctx, by, func(*store.Tx) error { return nil })
		if want != (err == nil) || !want && !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("from %q: %v", addr, err)
		}
	}
}

// A token is not treated like one without ranges because they cannot be read.
func TestVerify_DamagedRangesRefuse(t *testing.T) {
	for _, damaged := range []string{"10.0.0.1/8", "x", " "} {
		r := verify.Record{Organization: "o", Kind: token.Organization, Addresses: damaged}
		for _, s := range []verify.Standing{{}, {Addresses: "10.0.0.0/8"}} {
			if p, err := verify.PrincipalOf(r, s, netip.MustParseAddr("10.0.0.1"), r.CreatedAt); err == nil {
				t.Errorf("own ranges %q: %+v", damaged, p)
			}
		}
		r.Addresses = ""
		if p, err := verify.PrincipalOf(r, verify.Standing{Addresses: damaged}, netip.MustParseAddr("10.0.0.1"), r.CreatedAt); err == nil {
			t.Errorf("the organization's ranges %q: %+v", damaged, p)
		}
	}
}

// TestVerify_AllowsTheAddressesThatAModelDoes changes ranges at random and compares with plain comparisons of
// the ranges as they were typed.
func TestVerify_AllowsTheAddressesThatAModelDoes(t *testing.T) {
	w := newWorld(t)
	r := rand.New(rand.NewPCG(20, 4))
	lists := []string{"", "10.0.0.0/8", "10.1.0.0/16 10.1.2.3", "192.0.2.1 ::ffff:192.0.2.0/120", "2001:db8::/32 10.0.0.0/9",
		"0.0.0.0/0", "::/0",
		"0.0.0.0/0 ::/0 10.0.0.0/8"}
	addresses := []string{"", "10.0.0.1", "10.1.2.3", "::ffff:10.1.2.3", "10.200.0.1", "192.0.2.1", "192.0.2.9", "2001:db8::1", "2001:db9::1"}
	member := w.member("ann")
	member.Role = access.RoleAdmin
	w.tx(func(tx *store.Tx) error { return tx.UpdateMember(w.ctx, member) })
	tokens := []token.Generated{w.organizationToken(), w.service(w.main, access.Policy{}), w.service(w.main, access.Policy{}),
		w.personal(member, w.main, access.ScopeReadOnly), w.personal(member, w.main, access.ScopeReadOnly)}
	own, organization := make([]string, len(tokens)), ""
	cold := w.newAuthority(verify.Deps{})
	for range 60 {
		if r.IntN(3) == 0 {
			organization = pick(r, lists)
			w.restrictAll(organization)
		} else {
			i := r.IntN(len(tokens))
			own[i] = pick(r, lists)
			w.restrict(tokens[i], own[i])
		}
		cold.Forget()
		if r.IntN(10) == 0 {
			w.must(cold.Load(w.ctx))
		}
		for i, g := range tokens {
			for _, addr := range addresses {
				want := w.modelAllows(own[i], addr) && w.modelAllows(organization, addr)
				for _, a := range []*verify.Authority{w.verify, cold} {
					if got := w.from(a, g, addr); (got == 0) != want {
						t.Fatalf("token with %q in an organization with %q, from %q: %v", own[i], organization, addr, got)
					}
				}
			}
		}
	}
}

// modelAllows compares an address with each range as it was typed.
func (w *world) modelAllows(list, addr string) bool {
	if list == "" {
		return true
	}
	return w.ranges(list).Allow(func() netip.Addr { a, _ := netip.ParseAddr(addr); return a }())
}

// A node that has lost its feed still has the token in memory as it was. It asks the database, and obeys that.
func TestVerify_WithoutALeaseAChangedTokenIsNotTheOneInMemory(t *testing.T) {
	w := newWorld(t)
	g := w.organizationToken()
	node, lease := otherNode(w)
	lease.Extend(w.now().Add(time.Minute))
	w.must(node.Load(w.ctx))
	if got := w.from(node, g, "203.0.113.9"); got != 0 {
		t.Fatal(got)
	}
	w.restrict(g, "192.0.2.0/24")
	lease.End()
	if got := w.from(node, g, "203.0.113.9"); got != verify.Elsewhere {
		t.Errorf("from another address: %v", got)
	}
	v, err := node.VerifyFrom(w.ctx, g.Secret.Reveal(), netip.MustParseAddr("192.0.2.1"))
	w.must(err)
	node.Used(v, netip.MustParseAddr("192.0.2.1"), "")
	w.must(node.Flush(w.ctx))
	if after, err := w.tokens.Get(w.ctx, w.admin, g.ID); err != nil || after.LastUsedAt.IsZero() {
		t.Errorf("its use is not recorded: %v", err)
	}
	w.restrict(g, "")
	_, err = w.tokens.Suspend(w.ctx, w.admin.Caller(), g.ID, "")
	w.must(err)
	if got := w.from(node, g, "192.0.2.1"); got != verify.Suspended {
		t.Errorf("suspended elsewhere: %v", got)
	}
}

// Both secrets of a token that is rotated obey its addresses. A new secret that is tried from another address
// does not count as used, so a lost answer of the rotation can still be repeated.
func TestVerify_BothSecretsObeyTheAddresses(t *testing.T) {
	w := newWorld(t)
	g := w.organizationToken()
	w.restrict(g, "192.0.2.0/24")
	self := func(secret, addr string) (token.Rotated, error) {
		v, err := w.verify.VerifyAnywhere(w.ctx, secret)
		w.must(err)
		return w.tokens.RotateSelf(w.ctx, v.Standing(actor.Origin{IP: addr}).Caller(), time.Hour)
	}
	if _, err := self(g.Secret.Reveal(), "203.0.113.9"); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("rotated from elsewhere: %v", err)
	}
	first, err := self(g.Secret.Reveal(), "192.0.2.1")
	w.must(err)
	cold := w.newAuthority(verify.Deps{})
	w.must(cold.Load(w.ctx))
	for _, a := range []*verify.Authority{w.verify, cold, w.newAuthority(verify.Deps{})} {
		if got, old := w.from(a, first.Generated, "203.0.113.9"), w.from(a, g, "203.0.113.9"); got != verify.Elsewhere ||
			old != verify.Elsewhere {
			t.Errorf("from elsewhere: %v, the previous secret %v", got, old)
		}
		if old := w.from(a, g, "192.0.2.1"); old != 0 {
			t.Errorf("the previous secret, where it is allowed: %v", old)
		}
	}
	second, err := self(g.Secret.Reveal(), "192.0.2.1")
	if err != nil {
		t.Fatalf("a rotation whose secret was only tried from elsewhere cannot be repeated: %v", err)
	}
	if got := w.from(w.verify, second.Generated, "192.0.2.1"); got != 0 {
		t.Errorf("the new secret, where it is allowed: %v", got)
	}
}
