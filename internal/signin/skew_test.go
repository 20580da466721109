package signin_test

import (
	"errors"
	"testing"
	"time"

	"latchkey/internal/actor"
	"latchkey/internal/signin"
)

// What one node makes works at once on another whose clock is behind a little, and that one's sweep leaves it. It
// works no more on a clock that was set back, which would lengthen its life.
func TestSkew_ANodeTakesWhatAnotherHasJustMade(t *testing.T) {
	for _, c := range []struct {
		behind time.Duration
		works  bool
	}{{actor.ClockSkew / 2, true}, {2 * actor.ClockSkew, false}} {
		t.Run(c.behind.String(), func(t *testing.T) {
			f, _ := newPasskeys(t)
			o := f.register(t, f.mustSignIn(t, bo, ""), newKey())
			by := f.in(t, o.now)
			form, err := f.Hold(t.Context(), by.Caller(), "/x", "try it", []byte("a=1"))
			asked, browser, failed := f.PasskeyToSignIn(t.Context(), from(home))
			if err := errors.Join(err, failed); err != nil {
				t.Fatal(err)
			}
			half, link := f.half(t, bo), f.recovery(t, ada)
			f.clock.Advance(-c.behind)
			_, swept := f.Sweep(t.Context())
			_, again := f.Hold(t.Context(), by.Caller(), "/x", "try it", []byte("a=2"))
			_, _, other := f.PasskeyToSignIn(t.Context(), from(home))
			if err := errors.Join(swept, again, other); err != nil {
				t.Fatal(err)
			}
			_, held := f.Held(t.Context(), by, form)
			_, waits := f.Waiting(t.Context(), half)
			_, opens := f.OpenRecovery(t.Context(), link)
			_, enters := f.SignInByPasskey(t.Context(), browser, o.Get(asked), signin.Browser{}, from(home))
			for name, err := range map[string]error{"held form": held, "waiting sign-in": waits, "link": opens, "passkey": enters} {
				if (err == nil) != c.works {
					t.Errorf("%s: %v", name, err)
				}
			}
		})
	}
}
