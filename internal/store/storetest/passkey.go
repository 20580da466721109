package storetest

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/segmentio/ksuid"

	"latchkey/internal/fault"
	"latchkey/internal/signin"
	"latchkey/internal/signin/passkey"
)

// passkeys checks a passkey from its creation to its end.
func passkeys(t *testing.T, s signIns) {
	handle, other := bytes.Repeat([]byte{0xff, 0}, 16), bytes.Repeat([]byte{1}, 32)
	want := signin.Passkey{Factor: signin.Factor{ID: ksuid.New().String(), Member: s.ada, Kind: signin.PasskeyFactor, Name: "Laptop"},
		Credential: passkey.Credential{ID: []byte{0, 255, 'x'}, PublicKey: []byte("key"), Count: 1 << 31, MayBeCopied: true, IsCopied: true,
			Transports: []string{"internal", "usb"}}, Party: "keys.acme.example", Handle: handle}
	s.tx(t, func(ctx context.Context, tx signin.Tx) error {
		for _, fresh := range [][]byte{handle, other} { // the first one stays
			if got, err := tx.Passkeys.PasskeyHandle(ctx, s.ada, fresh); err != nil || !bytes.Equal(got, handle) {
				t.Errorf("%x, %v", got, err)
			}
		}
		want.CreatedAt = tx.Now()
		if err := tx.Factors.InsertFactor(ctx, want.Factor, signin.Sealed{}); err != nil {
			return err
		}
		return tx.Passkeys.InsertPasskey(ctx, want)
	})
	if list, err := s.PasskeysOf(t.Context(), s.ada); err != nil || len(list) != 0 {
		t.Errorf("it counts before it is confirmed: %v, %v", list, err)
	}
	if _, err := s.FactorSecret(t.Context(), want.Factor.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("it has a secret: %v", err)
	}
	s.tx(t, func(ctx context.Context, tx signin.Tx) error {
		_, err := tx.Factors.ConfirmFactor(ctx, s.ada, want.Factor.ID)
		want.ConfirmedAt = tx.Now()
		return err
	})
	same := func(used bool) {
		t.Helper()
		got, err := s.PasskeyByCredential(t.Context(), want.Credential.ID)
		if used {
			want.LastUsedAt = got.LastUsedAt
		}
		if diff := cmp.Diff(want, got); diff != "" || err != nil || got.LastUsedAt.IsZero() == used {
			t.Errorf("(-want +got)\n%s%v", diff, err)
		}
	}
	same(false)
	if _, err := s.PasskeyByCredential(t.Context(), []byte{0, 255}); !fault.Is(err, fault.NotFound) {
		t.Errorf("a part of its id: %v", err)
	}
	next := want
	next.Count, next.IsCopied = 1<<32-1, false
	for _, c := range []struct {
		member string
		was    uint32
		used   bool
	}{{s.bo, want.Count, false}, {s.ada, want.Count - 1, false}, {s.ada, want.Count, true}, {s.ada, want.Count, false}} {
		s.yes(t, c.used, func(ctx context.Context, tx signin.Tx) (bool, error) {
			return tx.Passkeys.UsePasskey(ctx, c.member, next, c.was)
		})
	}
	want.Count, want.IsCopied = next.Count, false
	s.yes(t, false, func(ctx context.Context, tx signin.Tx) (bool, error) {
		return tx.Passkeys.RenameFactor(ctx, s.bo, want.Factor.ID, "Mine")
	})
	s.yes(t, true, func(ctx context.Context, tx signin.Tx) (bool, error) {
		return tx.Passkeys.RenameFactor(ctx, s.ada, want.Factor.ID, "Phone")
	})
	want.Name = "Phone"
	same(true)
	s.tx(t, func(ctx context.Context, tx signin.Tx) error {
		again := want
		again.Factor = signin.Factor{ID: ksuid.New().String(), Member: s.bo, Kind: signin.PasskeyFactor, Name: "Stolen", CreatedAt: tx.Now()}
		if err := tx.Factors.InsertFactor(ctx, again.Factor, signin.Sealed{}); err != nil {
			return err
		}
		if err := tx.Passkeys.InsertPasskey(ctx, again); !fault.Is(err, fault.Conflict) {
			t.Errorf("a second one of the same id: %v", err)
		}
		_, err := tx.Factors.EndFactors(ctx, s.ada)
		return err
	})
	if _, err := s.PasskeyByCredential(t.Context(), want.Credential.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("it is left: %v", err)
	}
}

// passkeyChallenges checks what ends a challenge, and that few are kept.
func passkeyChallenges(t *testing.T, s signIns) {
	few := signin.ChallengeLimits{Member: 2, Network: 2, Visitors: 3}
	at := func(n byte) []byte { return bytes.Repeat([]byte{n}, 32) }
	save := func(n byte, member, network string, age time.Duration) {
		t.Helper()
		s.tx(t, func(ctx context.Context, tx signin.Tx) error {
			made := tx.Now().Add(-age)
			return tx.Passkeys.SaveChallenge(ctx, signin.Challenge{Value: at(n), Member: member, Network: network, CreatedAt: made,
				ExpiresAt: made.Add(time.Hour)}, at(n), few)
		})
	}
	left := func(want ...byte) {
		t.Helper()
		var got []byte
		for n := range byte(20) {
			c, err := s.Challenge(t.Context(), at(n))
			if err == nil && bytes.Equal(c.Value, at(n)) {
				got = append(got, n)
			} else if !fault.Is(err, fault.NotFound) {
				t.Error(err)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the challenges (-want +got)\n%s", diff)
		}
	}
	for n := range byte(3) {
		save(n, s.ada, "", time.Duration(10-n)*time.Minute)
	}
	left(1, 2)
	save(5, "", "net 1", 9*time.Minute)
	save(6, "", "net 1", 8*time.Minute)
	save(7, "", "net 1", 7*time.Minute)
	left(1, 2, 6, 7)
	save(8, "", "net 2", 6*time.Minute)
	save(9, "", "net 3", 5*time.Minute)
	left(1, 2, 7, 8, 9)
	s.yes(t, false, func(ctx context.Context, tx signin.Tx) (bool, error) {
		return tx.Passkeys.EndChallenge(ctx, at(7), at(8))
	})
	for _, first := range []bool{true, false} {
		s.yes(t, first, func(ctx context.Context, tx signin.Tx) (bool, error) {
			return tx.Passkeys.EndChallenge(ctx, at(7), at(7))
		})
	}
	s.tx(t, func(ctx context.Context, tx signin.Tx) error { // the clock was set back
		return tx.Passkeys.DropChallenges(ctx, tx.Now(), tx.Now().Add(54*time.Minute+30*time.Second))
	})
	left(1, 2, 8)
	save(9, s.bo, "", 0)
	s.tx(t, func(ctx context.Context, tx signin.Tx) error { _, err := tx.Factors.EndFactors(ctx, s.ada); return err })
	left(8, 9)
	s.tx(t, func(ctx context.Context, tx signin.Tx) error {
		return tx.Passkeys.DropChallenges(ctx, tx.Now().Add(58*time.Minute), tx.Now().Add(time.Hour))
	})
	left(9)
}
