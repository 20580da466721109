package verify_test

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/segmentio/ksuid"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/policy"
	"latchkey/internal/store"
	"latchkey/internal/token"
)

// crowd adds that many tokens of ten members and returns their secrets.
func (w *world) crowd(tokens int) []string {
	w.t.Helper()
	var owners []account.Member
	for i := range 10 {
		m := w.member(named("owner", i))
		w.policy(policy.OfMember, w.main, m.ID, everywhere(editSources, liveEvents))
		owners = append(owners, m)
	}
	secrets := make([]string, tokens)
	w.tx(func(tx *store.Tx) error {
		for i := range secrets {
			secrets[i] = w.newSecret(token.Personal)
			t := token.Token{ID: ksuid.New().String(), Organization: w.org, Kind: token.Personal, Name: fmt.Sprintf("token %d", i),
				Hint: token.Hint(secrets[i]), Owner: owners[i%10].ID, Workspace: w.main, Scope: access.ScopeReadWrite, CreatedAt: w.now()}
			if err := tx.InsertToken(w.ctx, t, token.Digest(secrets[i]), ""); err != nil {
				return err
			}
		}
		return nil
	})
	return secrets
}

func TestVerify_InMemoryDoesNotAllocate(t *testing.T) {
	w := newWorld(t)
	secrets := w.crowd(100)
	addr := netip.MustParseAddr("10.0.0.1")
	i := 0
	verifyOne := func() {
		v, err := w.verify.Verify(w.ctx, secrets[i%len(secrets)])
		if err != nil {
			t.Fatal(err)
		}
		i++
		w.verify.Used(v, addr, "")
		d := access.Decide(w.catalogue, v.Principal(), editSources, access.Resource{Organization: w.org, Workspace: w.main})
		if !d.Allowed || v.Scope() == "" || v.ID() == "" {
			t.Fatal("not allowed")
		}
	}
	for range secrets {
		verifyOne() // the first use of each takes memory for it
	}
	if n := testing.AllocsPerRun(1000, verifyOne); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkVerify(b *testing.B) {
	w := newWorld(b)
	secrets := w.crowd(20000)
	for _, s := range secrets {
		if w.refusal(s) != 0 {
			b.Fatal("refused")
		}
	}
	b.Run("one core", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if _, err := w.verify.Verify(w.ctx, secrets[i*7919%len(secrets)]); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("all cores", func(b *testing.B) {
		b.ReportAllocs()
		addr := netip.MustParseAddr("10.0.0.1")
		b.RunParallel(func(pb *testing.PB) {
			for i := 0; pb.Next(); i++ {
				v, err := w.verify.Verify(w.ctx, secrets[i*7919%len(secrets)])
				if err != nil {
					b.Fatal(err)
				}
				w.verify.Used(v, addr, "")
			}
		})
	})
	b.Run("malformed", func(b *testing.B) {
		b.ReportAllocs()
		w.must(w.verify.Load(w.ctx))
		for b.Loop() {
			if _, err := w.verify.Verify(w.ctx, secrets[0][:54]+"!"); err == nil {
				b.Fatal("accepted")
			}
		}
	})
}
