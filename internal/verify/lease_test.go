package verify_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/change"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
	"latchkey/internal/store"
	"latchkey/internal/token"
	"latchkey/internal/verify"
)

// otherNode is an authority that does not hear of changes, like one that has lost its feed.
func otherNode(w *world) (*verify.Authority, *change.Lease) {
	lease := change.NewLease(w.now)
	return w.newAuthority(verify.Deps{Lease: lease}), lease
}

// failing is a database that can be unavailable.
type failing struct {
	verify.Store
	gone bool
}

func (f *failing) RecordOfDigest(ctx context.Context, digest [32]byte) (verify.Record, error) {
	if f.gone {
		return verify.Record{}, fault.NewUnavailable(errors.New("connection refused"))
	}
	return f.Store.RecordOfDigest(ctx, digest)
}

func TestLease_HoldsUntilItsEndAndNotBeforeItWasExtended(t *testing.T) {
	w := newWorld(t)
	lease := change.NewLease(w.now)
	for _, step := range []struct {
		what string
		do   func()
		want bool
	}{
		{"new", func() {}, false},
		{"extended", func() { lease.Extend(w.now().Add(2 * time.Second)) }, true},
		{"before its end", func() { w.pass(1999 * time.Millisecond) }, true},
		{"at its end", func() { w.pass(time.Millisecond) }, false},
		{"extended again", func() { lease.Extend(w.now().Add(time.Second)) }, true},
		{"ended", lease.End, false},
	} {
		step.do()
		if lease.Holds() != step.want {
			t.Errorf("%s: holds %v, want %v", step.what, !step.want, step.want)
		}
	}
	if !(*change.Lease)(nil).Holds() {
		t.Error("no lease does not hold")
	}
}

func TestVerify_WithoutALeaseWhatIsInMemoryIsNotTrusted(t *testing.T) {
	w := newWorld(t)
	g := w.organizationToken()
	secret := g.Secret.Reveal()
	node, lease := otherNode(w)
	lease.Extend(w.now().Add(time.Minute))
	w.must(node.Load(w.ctx))
	if got := refusalOf(t, node, secret); got != 0 {
		t.Fatalf("a good token is %v", got)
	}
	w.tx(func(tx *store.Tx) error { return tx.DeleteToken(w.ctx, w.org, g.Token.ID) })
	if got := refusalOf(t, node, secret); got != 0 {
		t.Fatalf("a node that hears nothing knows that the token is %v", got)
	}
	w.pass(time.Minute) // the lease runs out
	if got := refusalOf(t, node, secret); got != verify.Revoked {
		t.Errorf("a token deleted elsewhere is %v, want revoked", got)
	}
	node.Forget()
	lease.Extend(w.now().Add(time.Minute))
	if got := refusalOf(t, node, secret); got != verify.Revoked {
		t.Errorf("after the node has caught up it is %v, want revoked", got)
	}
}

func TestVerify_WithoutALeaseEveryAnswerIsThatOfTheDatabase(t *testing.T) {
	w := newWorld(t)
	member := w.member("bo")
	w.policy(policy.OfMember, w.main, member.ID, access.Policy{})
	good := w.personal(member, w.main, access.ScopeReadOnly).Secret.Reveal()
	node, _ := otherNode(w)
	want := func(what, secret string, want verify.Refusal) {
		t.Helper()
		if got := refusalOf(t, node, secret); got != want {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	want("a good token", good, 0)
	want("an unknown one", w.newSecret(token.Organization), verify.Unknown)
	want("one that is none", "mistyped", verify.Unknown)
	want("an expired one", expiring(w), verify.Expired)
	w.removePolicy(policy.OfMember, w.main, member.ID)
	want("that of a member who has left the workspace", good, verify.Displaced)
}

// expiring returns the secret of a token that has expired.
func expiring(w *world) string {
	secret := w.newSecret(token.Organization)
	w.insert(token.Token{Kind: token.Organization, ExpiresAt: w.now().Add(-time.Second)}, secret)
	return secret
}

func TestVerify_WithoutALeaseAndWithoutTheDatabaseNothingIsAccepted(t *testing.T) {
	w := newWorld(t)
	secret := w.organizationToken().Secret.Reveal()
	database := &failing{Store: w.store}
	lease := change.NewLease(w.now)
	node := w.newAuthority(verify.Deps{Store: database, Lease: lease})
	lease.Extend(w.now().Add(time.Minute))
	w.must(node.Load(w.ctx))
	if got := refusalOf(t, node, secret); got != 0 {
		t.Fatalf("a good token is %v", got)
	}
	database.gone = true
	lease.End()
	if _, err := node.Verify(w.ctx, secret); !fault.Is(err, fault.Unavailable) {
		t.Errorf("verified with %v, want unavailable", err)
	}
}

func TestRun_FillsTheMemoryAgainWhenItWasEmptied(t *testing.T) {
	w := newWorld(t)
	w.organizationToken()
	node := w.newAuthority(verify.Deps{})
	ctx, stop := context.WithCancel(w.ctx)
	ended := make(chan struct{})
	go func() { defer close(ended); node.Run(ctx) }()
	for range 3 {
		for end := time.Now().Add(5 * time.Second); !node.Complete() || node.Tokens() != 1; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%d tokens in memory, complete: %v", node.Tokens(), node.Complete())
			}
		}
		node.Forget()
	}
	stop()
	<-ended
}
