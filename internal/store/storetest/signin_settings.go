package storetest

import (
	"context"
	"crypto/sha256"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/signin"
)

// signInSettings checks that what is saved is read.
func signInSettings(t *testing.T, s signIns) {
	for _, want := range []signin.Settings{{}, {Muted: []signin.Alert{signin.AlertBrowser, signin.AlertRecovery}}, {Muted: []signin.Alert{}}} {
		if want.Muted != nil {
			s.tx(t, func(ctx context.Context, tx signin.Tx) error {
				return tx.Settings.SaveSignInSettings(ctx, s.organization, want)
			})
		}
		got, err := s.SignInSettings(t.Context(), s.organization)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("(-want +got)\n%s%v", diff, err)
		}
	}
}

// rememberBrowser checks which browsers are known, and which are forgotten.
func rememberBrowser(t *testing.T, s signIns) {
	sign := func(name, member string, most int) (known bool) {
		s.tx(t, func(ctx context.Context, tx signin.Tx) (err error) {
			sum := sha256.Sum256([]byte(name))
			known, err = tx.Browsers.RememberBrowser(ctx, member, sum[:], tx.Now().Add(-time.Hour), most)
			return err
		})
		return known
	}
	for i, c := range []struct {
		name, member string
		known        bool
	}{{"a", s.ada, false}, {"a", s.ada, true}, {"a", s.bo, false}, {"b", s.ada, false}, {"a", s.ada, true}} {
		if got := sign(c.name, c.member, 10); got != c.known {
			t.Errorf("%d: known %v", i, got)
		}
	}
	for _, name := range []string{"c", "d", "e"} {
		time.Sleep(2 * time.Millisecond) // the last of them is one that signed in later
		sign(name, s.ada, 2)
	}
	if !sign("e", s.ada, 2) || sign("b", s.ada, 10) {
		t.Error("not the last ones were kept")
	}
}
