package storetest

import (
	"context"
	"slices"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/fault"
	"latchkey/internal/identity"
	"latchkey/internal/signin"
	"latchkey/internal/store"
)

func keepsRequests(t *testing.T, b *accountBed) {
	b.provider(t, "p1", "https://one.example")
	now := b.Now()
	digest := make([]byte, 32)
	keep := func(id, session, network string, ends time.Time) {
		t.Helper()
		b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
			return tx.KeepRequest(ctx, identity.Kept{ID: id, Provider: "p1", Browser: digest, Next: "/x", Form: "form", Session: session,
				Network: network, MadeAt: now, ExpiresAt: ends}, identity.RequestLimits{Session: 1, Network: 2, Visitors: 4})
		})
	}
	there := func(id string) bool {
		t.Helper()
		k, err := b.KeptRequest(t.Context(), id)
		if err != nil && !fault.Is(err, fault.NotFound) {
			t.Fatal(err)
		}
		return err == nil && k.Next == "/x" && k.Form == "form" && k.Provider == "p1" && len(k.Browser) == 32
	}
	want := func(what string, ids ...string) {
		t.Helper()
		var got []string
		for _, id := range []string{"expired", "a", "b", "c", "other", "signed in", "again", "third", "fourth"} {
			if there(id) {
				got = append(got, id)
			}
		}
		if !slices.Equal(got, ids) {
			t.Errorf("%s: it keeps %q, want %q", what, got, ids)
		}
	}
	at := func(minutes int) time.Time { return now.Add(time.Duration(minutes) * time.Minute) }
	keep("expired", "", "n1", at(-60))
	keep("other", "", "n2", at(1))
	keep("signed in", "s1", "", at(2))
	keep("a", "", "n1", at(60))
	keep("b", "", "n1", at(61))
	keep("c", "", "n1", at(62))
	want("one network has three", "b", "c", "other", "signed in")
	keep("again", "s1", "", at(63))
	want("one session has two", "b", "c", "other", "again")
	keep("third", "", "n3", at(64))
	keep("fourth", "", "n4", at(65))
	want("visitors have five", "b", "c", "again", "third", "fourth")
	if k, err := b.KeptRequest(t.Context(), "third"); err != nil || k.Network != "n3" || k.Session != "" {
		t.Errorf("%+v %v", k, err)
	}
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
		for _, want := range []bool{true, false} {
			if first, err := tx.AnswerRequest(ctx, "b", "{}"); err != nil || first != want {
				t.Errorf("%v, %v", first, err)
			}
		}
		for _, want := range []bool{true, false} {
			if ended, err := tx.EndRequest(ctx, "b"); err != nil || ended != want {
				t.Errorf("%v, %v", ended, err)
			}
		}
		return nil
	})
}

func keepsAKeeper(t *testing.T, b *accountBed) {
	b.provider(t, "p1", "https://one.example")
	admin := func(id, email string) account.Member {
		m := account.Member{ID: id, Organization: bedOrg, Email: email, Name: id, Role: access.RoleAdmin, Status: account.Active,
			CreatedAt: b.Now(),
			UpdatedAt: b.Now()}
		b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
			if err := tx.InsertMember(ctx, m, "a hash"); err != nil {
				return err
			}
			f := signin.Factor{ID: "f " + id, Member: id, Kind: signin.CodeFactor, Name: "App", CreatedAt: tx.Now()}
			if err := tx.InsertFactor(ctx, f, signin.Sealed{Path: "p", Key: "k", Value: []byte{1}}); err != nil {
				return err
			}
			_, err := tx.ConfirmFactor(ctx, id, f.ID)
			return err
		})
		return m
	}
	inside, outside := admin("inside", "i@a.example"), admin("outside", "o@xa.example")
	keepers := func(domain string) int {
		list, err := b.Keepers(t.Context(), bedOrg, domain)
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	if keepers("") != 2 || keepers("a.example") != 1 || keepers("xa.example") != 1 {
		t.Error(keepers(""), keepers("a.example"), keepers("xa.example"))
	}
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
		if err := tx.SaveTrial(ctx, "p1", inside.ID); err != nil {
			return err
		}
		return tx.RequireDomain(ctx, bedOrg, "a.example", "p1")
	})
	r, err := b.RequiredOf(t.Context(), "a.example")
	if err != nil || r.Provider != "p1" || keepers("") != 1 {
		t.Errorf("%+v, %v, %d", r, err, keepers(""))
	}
	if at, err := b.TrialPassed(t.Context(), "p1", inside.ID); err != nil || at.IsZero() {
		t.Error(at, err)
	}
	if list, err := b.PasswordSessions(t.Context(), bedOrg, "a.example", "p1"); err != nil || len(list) != 0 {
		t.Error(list, err)
	}
	outside.Role = access.RoleMember
	err = b.try(t, func(ctx context.Context, tx *store.Tx) error { return tx.UpdateMember(ctx, outside) })
	if !fault.Is(err, fault.Conflict) {
		t.Errorf("the last one goes: %v", err)
	}
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error { return tx.FreeDomain(ctx, bedOrg, "a.example", "p1") })
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error { return tx.UpdateMember(ctx, outside) })
}
