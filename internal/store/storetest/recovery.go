package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/fault"
	"latchkey/internal/signin"
	"latchkey/internal/store"
)

// addedRecoveries checks when a link is stored beside which other one.
func addedRecoveries(t *testing.T, s signIns) {
	first, second := []byte("digest of a link, 32 bytes long."), []byte("digest of another, 32 bytes long")
	add := func(digest []byte, created, life time.Duration) (added bool) {
		s.tx(t, func(ctx context.Context, tx signin.Tx) (err error) {
			at := tx.Now().Add(created)
			added, err = tx.Recoveries.AddRecovery(ctx, signin.Recovery{Member: s.ada, CreatedAt: at, ExpiresAt: at.Add(life)}, digest)
			return err
		})
		return added
	}
	if !add(first, 0, time.Minute) || add(second, time.Second, time.Minute) {
		t.Error("a link that works was replaced, or there is none")
	}
	if _, _, err := s.RecoveryByDigest(t.Context(), first); err != nil {
		t.Error(err)
	}
	if !add(second, time.Hour, time.Minute) {
		t.Error("a link that has ended is in the way")
	}
	if !add(first, 0, time.Minute) {
		t.Error("a link from a clock that was ahead is in the way")
	}
	for _, digest := range [][]byte{second, first} {
		if _, _, err := s.RecoveryByDigest(t.Context(), first); err != nil {
			t.Errorf("gone with %q: %v", digest, err)
		}
		s.tx(t, func(ctx context.Context, tx signin.Tx) error { return tx.Recoveries.DropRecovery(ctx, digest) })
	}
	if _, _, err := s.RecoveryByDigest(t.Context(), first); !fault.Is(err, fault.NotFound) {
		t.Error(err)
	}
}

// recoveries checks what each way of ending it leaves of a link of Ada's that Bo made.
func recoveries(t *testing.T, s signIns) {
	digest := []byte("digest of a link, 32 bytes long.")
	save := func(digest []byte) signin.Recovery {
		var r signin.Recovery
		s.tx(t, func(ctx context.Context, tx signin.Tx) error {
			r = signin.Recovery{Member: s.ada, MadeBy: s.bo, CreatedAt: tx.Now(), ExpiresAt: tx.Now().Add(time.Minute)}
			return tx.Recoveries.SaveRecovery(ctx, r, digest)
		})
		return r
	}
	want := save(digest)
	got, of, err := s.RecoveryByDigest(t.Context(), digest)
	if diff := cmp.Diff(want, got); diff != "" || of.ID != s.ada || err != nil {
		t.Errorf("%s %+v %v", diff, of, err)
	}
	save([]byte("digest of another, 32 bytes long"))
	if _, _, err := s.RecoveryByDigest(t.Context(), digest); !fault.Is(err, fault.NotFound) {
		t.Errorf("a link that was replaced: %v", err)
	}
	member := func(id, email string) []account.Member {
		return []account.Member{{ID: id, Organization: s.organization, Email: email, Role: access.RoleAdmin}}
	}
	end := func(members []account.Member, how account.Ending) func(ctx context.Context, tx *store.Tx) error {
		return func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.EndCredentials(ctx, members, how)
			return err
		}
	}
	swap := func(was string) func(ctx context.Context, tx *store.Tx) error {
		return func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.SwapPassword(ctx, s.ada, was, "hash")
			return err
		}
	}
	for _, c := range []struct {
		name  string
		do    func(ctx context.Context, tx *store.Tx) error
		stays bool
	}{
		{"another address", end(member(s.ada, "ada@acme.example"), account.Moved), false},
		{"deactivation", end(member(s.ada, "ada@acme.example"), account.Suspended), false},
		{"another address of its maker", end(member(s.bo, "bo@acme.example"), account.Moved), true},
		{"its maker is no Admin any more", end(member(s.bo, "bo@acme.example"), account.Demoted), false},
		{"another password", swap("hash"), false},
		{"a password that was changed meanwhile", swap("other"), true},
		{"a moment before the end", func(ctx context.Context, tx *store.Tx) error {
			return tx.DropEndedRecoveries(ctx, tx.Now().Add(30*time.Second))
		}, true},
		{"the end", func(ctx context.Context, tx *store.Tx) error {
			return tx.DropEndedRecoveries(ctx, tx.Now().Add(time.Hour))
		}, false},
	} {
		save(digest)
		if err := s.InTx(t.Context(), actor.System(""), func(tx *store.Tx) error { return c.do(t.Context(), tx) }); err != nil {
			t.Fatal(c.name, err)
		}
		if _, _, err := s.RecoveryByDigest(t.Context(), digest); (err == nil) != c.stays {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
