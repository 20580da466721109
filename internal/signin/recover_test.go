package signin_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/internal/actor"
	"latchkey/internal/fault"
	"latchkey/internal/random"
	"latchkey/internal/signin"
)

const fresh = "an altogether new password"

func revealed(secret random.Secret) string { return secret.Reveal() }

// recovery makes a link for a member and returns its secret.
func (f *fixture) recovery(t *testing.T, email string) random.Secret {
	t.Helper()
	made, err := f.RecoverByOperator(t.Context(), email, revealed)
	if err != nil {
		t.Fatal(err)
	}
	return random.Secret(made.Link)
}

func (f *fixture) recover(t *testing.T, secret random.Secret) (signin.Started, error) {
	t.Helper()
	return f.Recover(t.Context(), secret, fresh, signin.Browser{}, actor.Origin{IP: home})
}

func TestRecover_EndsSessionsAndBlocks(t *testing.T) {
	f := newFixture(t)
	before, err := f.SignIn(t.Context(), bo, password, signin.Browser{}, actor.Origin{IP: home})
	if err != nil {
		t.Fatal(err)
	}
	for range signin.AccountFailures {
		_, _ = f.SignIn(t.Context(), bo, wrong, signin.Browser{}, actor.Origin{IP: home})
	}
	if _, err := f.SignIn(t.Context(), bo, password, signin.Browser{}, actor.Origin{IP: home}); !fault.Is(err, fault.Throttled) {
		t.Fatalf("not blocked: %v", err)
	}
	started, err := f.recover(t, f.recovery(t, "  BO@acme.example "))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Lookup(t.Context(), before.Secret); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("the earlier session: %v", err)
	}
	if s, err := f.Lookup(t.Context(), started.Secret); err != nil || s.Member != f.ids[bo] {
		t.Errorf("the new session: %+v, %v", s, err)
	}
	if _, err := f.SignIn(t.Context(), bo, password, signin.Browser{}, actor.Origin{IP: home}); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("the earlier password: %v", err)
	}
	if _, err := f.SignIn(t.Context(), bo, fresh, signin.Browser{}, actor.Origin{IP: home}); err != nil {
		t.Errorf("the new password: %v", err)
	}
}

func TestRecover_EveryLinkHasAnEnd(t *testing.T) {
	for name, end := range map[string]func(t *testing.T, f *fixture){
		"time":           func(_ *testing.T, f *fixture) { f.clock.Advance(signin.RecoveryLife) },
		"a clock behind": func(_ *testing.T, f *fixture) { f.clock.Advance(-time.Hour) },
		"a newer link":   func(t *testing.T, f *fixture) { f.recovery(t, bo) },
		"deactivation": func(t *testing.T, f *fixture) {
			f.exec(t, `UPDATE members SET status = 'deactivated' WHERE email = 'bo@acme.example'`)
		},
		"a password change": func(t *testing.T, f *fixture) {
			if _, err := f.ChangePassword(t.Context(), f.in(t, f.mustSignIn(t, bo, "")), password, "some other password"); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			secret := f.recovery(t, bo)
			if a, err := f.OpenRecovery(t.Context(), secret); err != nil || a.Email != bo {
				t.Fatalf("%+v, %v", a, err)
			}
			end(t, f)
			if _, err := f.recover(t, secret); !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Denied) {
				t.Errorf("it still works: %v", err)
			}
		})
	}
}

func TestRecover_OfParallelUsesOneWins(t *testing.T) {
	f := newFixture(t)
	secret := f.recovery(t, external) // who has no password yet
	var won, lost atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			switch _, err := f.recover(t, secret); {
			case err == nil:
				won.Add(1)
			case fault.Is(err, fault.NotFound):
				lost.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	all.Wait()
	if won.Load() != 1 || lost.Load() != 7 {
		t.Errorf("%d won, %d lost", won.Load(), lost.Load())
	}
}

func TestRecoverByOperator_RefusesWhomItCannotHelp(t *testing.T) {
	f := newFixture(t)
	if _, err := f.RecoverByOperator(t.Context(), nobody, revealed); !fault.Is(err, fault.NotFound) {
		t.Errorf("unknown: %v", err)
	}
	if _, err := f.RecoverByOperator(t.Context(), gone, revealed); !fault.Is(err, fault.Conflict) {
		t.Errorf("deactivated: %v", err)
	}
}
