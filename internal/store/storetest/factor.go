package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/segmentio/ksuid"

	"latchkey/internal/fault"
	"latchkey/internal/registry"
	"latchkey/internal/signin"
	"latchkey/internal/store"
)

// factors checks a factor from its set-up to its end, and what is around it.
func factors(t *testing.T, s signIns) {
	secret := signin.Sealed{Path: `["secret"]`, Key: "key", Value: []byte("sealed")}
	var f signin.Factor
	insert := func() {
		s.tx(t, func(ctx context.Context, tx signin.Tx) error {
			f = signin.Factor{ID: ksuid.New().String(), Member: s.ada, Kind: signin.CodeFactor, Name: "Phone", CreatedAt: tx.Now()}
			return tx.Factors.InsertFactor(ctx, f, secret)
		})
	}
	insert()
	first := f.ID
	insert()
	if _, err := s.Unconfirmed(t.Context(), s.ada, first); !fault.Is(err, fault.NotFound) {
		t.Errorf("the first of two that wait: %v", err)
	}
	got, err := s.Unconfirmed(t.Context(), s.ada, f.ID)
	if diff := cmp.Diff(f, got); diff != "" || err != nil {
		t.Errorf("(-want +got)\n%s%v", diff, err)
	}
	if list, err := s.FactorsOf(t.Context(), s.ada); err != nil || len(list) != 0 {
		t.Errorf("it counts before it is confirmed: %v, %v", list, err)
	}
	for _, want := range []bool{true, false} {
		s.yes(t, want, func(ctx context.Context, tx signin.Tx) (bool, error) {
			return tx.Factors.ConfirmFactor(ctx, s.ada, f.ID)
		})
	}
	for _, c := range []struct {
		step, latest int64
		used         bool
	}{{10, 11, true}, {10, 11, false}, {9, 10, false}, {11, 11, true}, {5, 11, false}, {5, 6, true}, {5, 6, false}} {
		s.yes(t, c.used, func(ctx context.Context, tx signin.Tx) (bool, error) {
			return tx.Factors.UseStep(ctx, f.ID, c.step, c.latest)
		})
	}
	list, err := s.FactorsOf(t.Context(), s.ada)
	if err != nil || len(list) != 1 || list[0].LastUsedAt.IsZero() || list[0].ConfirmedAt.IsZero() {
		t.Errorf("%+v, %v", list, err)
	}
	sealedAgain(t, s, f.ID)
	s.yes(t, false, func(ctx context.Context, tx signin.Tx) (bool, error) { return tx.Factors.DeleteFactor(ctx, s.bo, f.ID) })
	s.tx(t, func(ctx context.Context, tx signin.Tx) error {
		n, err := tx.Factors.EndFactors(ctx, s.ada)
		if n != 1 {
			t.Errorf("%d factors ended", n)
		}
		return err
	})
	if _, err := s.FactorSecret(t.Context(), f.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("its secret is left: %v", err)
	}
}

// sealedAgain checks that rotating the key reaches the secret of a factor, and that discarding secrets
// leaves a factor that accepts nothing.
func sealedAgain(t *testing.T, s signIns, id string) {
	h := registry.Holder{Resource: id, Part: signin.FactorPart}
	holders, err := s.SealedHolders(t.Context())
	if err != nil || len(holders) != 1 || holders[0] != h {
		t.Fatalf("%v, %v", holders, err)
	}
	for _, values := range [][]registry.Sealed{{{Path: `["secret"]`, Key: "new", Value: []byte("again")}}, nil} {
		s.raw(t, func(ctx context.Context, tx *store.Tx) error { return tx.SaveSealed(ctx, h, values) })
		got, err := s.SealedValues(t.Context(), h)
		if diff := cmp.Diff(len(values), len(got)); diff != "" || err != nil {
			t.Errorf("%v, %v", got, err)
		}
	}
	if list, err := s.FactorsOf(t.Context(), s.ada); err != nil || len(list) != 1 {
		t.Errorf("%v, %v", list, err)
	}
}

// recoveryCodes checks that each works once for its member, and that a new set replaces all.
func recoveryCodes(t *testing.T, s signIns) {
	a, b := []byte("digest of a code, 32 bytes long."), []byte("digest of another, 32 bytes long")
	s.tx(t, func(ctx context.Context, tx signin.Tx) error {
		return tx.Factors.SaveRecoveryCodes(ctx, s.ada, [][]byte{a, b})
	})
	for _, c := range []struct {
		member string
		used   bool
	}{{s.bo, false}, {s.ada, true}, {s.ada, false}} {
		s.yes(t, c.used, func(ctx context.Context, tx signin.Tx) (bool, error) {
			return tx.Factors.UseRecoveryCode(ctx, c.member, a)
		})
	}
	if n, err := s.RecoveryCodesLeft(t.Context(), s.ada); n != 1 || err != nil {
		t.Errorf("%d left, %v", n, err)
	}
	s.tx(t, func(ctx context.Context, tx signin.Tx) error {
		return tx.Factors.SaveRecoveryCodes(ctx, s.ada, [][]byte{a})
	})
	s.yes(t, false, func(ctx context.Context, tx signin.Tx) (bool, error) {
		return tx.Factors.UseRecoveryCode(ctx, s.ada, b)
	})
}

// pendingSignIns checks what ends one.
func pendingSignIns(t *testing.T, s signIns) {
	digest := []byte("digest of a secret, 32 bytes....")
	for name, end := range map[string]func(ctx context.Context, tx signin.Tx) error{
		"two misses": func(ctx context.Context, tx signin.Tx) error {
			if err := tx.Factors.MissPending(ctx, digest, 2); err != nil {
				return err
			}
			return tx.Factors.MissPending(ctx, digest, 2)
		},
		"completion": func(ctx context.Context, tx signin.Tx) error {
			_, err := tx.Factors.EndPending(ctx, digest)
			return err
		},
		"time": func(ctx context.Context, tx signin.Tx) error {
			return tx.Factors.DropPending(ctx, tx.Now().Add(time.Minute))
		},
		"end of sessions": func(ctx context.Context, tx signin.Tx) error { _, err := tx.EndSessionsOf(ctx, s.ada, ""); return err },
		"end of factors":  func(ctx context.Context, tx signin.Tx) error { _, err := tx.Factors.EndFactors(ctx, s.ada); return err },
		"a new password": func(ctx context.Context, tx signin.Tx) error {
			_, err := tx.SwapPassword(ctx, s.ada, "hash", "hash")
			return err
		},
	} {
		s.tx(t, func(ctx context.Context, tx signin.Tx) error {
			return tx.Factors.InsertPending(ctx, signin.Pending{Member: s.ada, CreatedAt: tx.Now(), ExpiresAt: tx.Now().Add(time.Minute)}, digest)
		})
		if p, a, err := s.PendingByDigest(t.Context(), digest); err != nil || p.Member != s.ada || a.ID != s.ada {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
		s.tx(t, func(ctx context.Context, tx signin.Tx) error { return tx.Factors.DropPending(ctx, tx.Now()) })
		if _, _, err := s.PendingByDigest(t.Context(), digest); err != nil {
			t.Errorf("%s: it ended before: %v", name, err)
		}
		s.tx(t, end)
		if _, _, err := s.PendingByDigest(t.Context(), digest); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
