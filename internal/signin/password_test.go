package signin_test

import (
	"context"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/signin"
)

func TestPasswordRule_RefusesWhatOthersGuess(t *testing.T) {
	const length, used = "Use at least 10 characters.", "This is one of the most used passwords."
	const address, name, organization = "Don't use your email address", "Don't use your name", "Don't use the name of the organization"
	rule := signin.NewPasswordRule(nil, nil)
	of := signin.Holder{Email: "ada.byron@acme.example", Name: "Ada Lovelace", Organization: "Acme Rockets 2000"}
	for _, c := range []struct{ password, want string }{
		{"", "Enter a password."}, {"123456789", length}, {"ééééééééé", length},
		{"éééééééééé", ""}, {"latchkey-demo", ""}, {"all lower case words", ""}, {"correct horse battery", ""},
		{strings.Repeat("x", 256), ""}, {strings.Repeat("x", 257), "Use at most 256 bytes."},
		{strings.Repeat("é", 129), "Use at most 256 bytes."}, {strings.Repeat("𐍈", 64), ""},
		{"long enough \xff", "The password is not valid text."},
		{"1234567890", used}, {"qwertyuiop", used}, {"QwertyUIOP", used}, {" basketball ", used}, {"password123", used},
		{" ADA.byron@acme.example", address}, {"ada.byron@acme.example.", address}, {"2026ada.byron!", address}, {"AdaByron1815", address},
		{"Ada Lovelace", name}, {"adalovelace", name}, {"!!ADA_LOVELACE-1815", name},
		{"acme rockets", organization}, {"AcmeRockets2000", organization}, {"acme-rockets-1", organization},
		{"Ada Lovelace likes Acme Rockets", ""}, {"8204715936", ""}, {"!!!!!!!!!!", ""},
	} {
		if got := rule.Check(c.password, of); got != c.want && (c.want == "" || !strings.HasPrefix(got, c.want)) {
			t.Errorf("Check(%q) = %q, want %q", c.password, got, c.want)
		}
	}
	if got := rule.Check("8204715936", signin.Holder{Name: "1234", Organization: "!!"}); got != "" {
		t.Errorf("names without letters: %q", got)
	}
}

func TestArgon2_MatchesOnlyThePasswordThatWasHashed(t *testing.T) {
	a := cheap()
	one, err := a.Hash(t.Context(), password)
	if err != nil {
		t.Fatal(err)
	}
	two, err := a.Hash(t.Context(), password)
	if err != nil {
		t.Fatal(err)
	}
	if one == two {
		t.Error("two hashes of a password have the same salt")
	}
	for _, c := range []struct {
		hash, password string
		want           bool
	}{{one, password, true}, {two, password, true}, {one, password + " ", false}, {one, "", false}, {"", "", false}, {"", password, false}} {
		if got, err := a.Matches(t.Context(), c.hash, c.password); got != c.want || err != nil {
			t.Errorf("Matches(%q, %q) = %v, %v", c.hash, c.password, got, err)
		}
	}
	_, err = a.Matches(t.Context(), "plain", "plain")
	wantKind(t, err, fault.Internal)
}

func TestArgon2_DefaultCostIsWrittenIntoTheHash(t *testing.T) {
	a := signin.NewArgon2(signin.DefaultCost())
	hash, err := a.Hash(t.Context(), password)
	if err != nil || !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Fatalf("hash = %q, %v", hash, err)
	}
	if match, err := cheap().Matches(t.Context(), hash, password); !match || err != nil {
		t.Errorf("a hasher of another cost does not match it: %v", err)
	}
}

func TestArgon2_CheckingWithoutAHashTakesAsLong(t *testing.T) {
	a := signin.NewArgon2(signin.Cost{MemoryKiB: 4 * 1024, Iterations: 2})
	hash, err := a.Hash(t.Context(), password)
	if err != nil {
		t.Fatal(err)
	}
	quickest := func(hash string) time.Duration {
		least := time.Hour
		for range 7 {
			start := time.Now()
			if _, err := a.Matches(t.Context(), hash, wrong); err != nil {
				t.Fatal(err)
			}
			least = min(least, time.Since(start))
		}
		return least
	}
	with, without := quickest(hash), quickest("")
	if without < with/3 || with < without/3 {
		t.Errorf("%v with a hash, %v without", with, without)
	}
}

func TestArgon2_LeavesOneCoreFree(t *testing.T) {
	a := signin.NewArgon2(signin.Cost{MemoryKiB: 32 * 1024, Iterations: 6}) // takes a hundred milliseconds or more
	cores := max(1, runtime.GOMAXPROCS(0)-1)
	calls := min(8*cores, signin.MaxWaiting)
	ctx, giveUp := context.WithCancel(t.Context())
	defer giveUp()
	var started atomic.Int64
	go func() {
		for started.Load() < int64(calls) {
			time.Sleep(time.Millisecond)
		}
		time.Sleep(20 * time.Millisecond)
		giveUp()
	}()
	got := inParallel(calls, func(int) error {
		started.Add(1)
		_, err := a.Hash(ctx, password)
		return err
	})
	if got["ok"] == 0 || got["ok"] > cores || got["unavailable"] != calls-got["ok"] {
		t.Errorf("outcomes = %v on %d cores; those above must wait, and give up with their context", got, cores)
	}
}

func TestChangePassword_EndsTheOtherSessionsAndRenewsThisOne(t *testing.T) {
	f := newFixture(t)
	current, other, bos := f.mustSignIn(t, ada, ""), f.mustSignIn(t, ada, ""), f.mustSignIn(t, bo, "")
	logged := len(f.events(t))
	const next = "another good password"
	renewed, err := f.ChangePassword(t.Context(), f.in(t, current), password, next)
	if err != nil {
		t.Fatal(err)
	}
	if renewed.Session.ID == current.Session.ID || renewed.Secret == current.Secret || renewed.Session.Member != f.ids[ada] {
		t.Errorf("the session is still %s", renewed)
	}
	f.wantLive(t, renewed, true)
	f.wantLive(t, current, false)
	f.wantLive(t, other, false)
	f.wantLive(t, bos, true)
	wantKind(t, f.try(t, ada, password, home), fault.Unauthenticated)
	if err := f.try(t, ada, next, home); err != nil {
		t.Errorf("the new password does not work: %v", err)
	}
	events := f.events(t)[logged:]
	if events[0].Action != audit.SignedOut || events[0].Target.ID != other.Session.ID ||
		events[1].Action != audit.PasswordChanged || events[1].Target.Type != audit.TargetUser ||
		events[1].Target.ID != f.ids[ada] || events[1].ActorID != f.ids[ada] ||
		events[1].Before != `{"session":"`+current.Session.ID+`"}` || events[1].After != `{"session":"`+renewed.Session.ID+`"}` {
		t.Errorf("events = %+v", events[:2])
	}
}

func TestChangePassword_ReportsEveryMistakeAndChangesNothing(t *testing.T) {
	f := newFixture(t)
	other := f.mustSignIn(t, ada, "")
	for name, c := range map[string]struct{ current, next, path string }{
		"wrong current": {wrong, "another good password", "current"},
		"no current":    {"", "another good password", "current"},
		"too short":     {password, "short", "new"},
		"the e-mail":    {password, ada, "new"},
		"the same":      {password, password, "new"},
	} {
		_, err := f.ChangePassword(t.Context(), f.caller(t, ada), c.current, c.next)
		if got := wantKind(t, err, fault.Invalid); len(got.Fields) != 1 || got.Fields[0].Path != c.path {
			t.Errorf("%s: fields = %v", name, got.Fields)
		}
	}
	_, err := f.ChangePassword(t.Context(), f.caller(t, ada), "", "")
	if got := wantKind(t, err, fault.Invalid); len(got.Fields) != 2 {
		t.Errorf("both missing: fields = %v", got.Fields)
	}
	f.wantLive(t, other, true)
	f.mustSignIn(t, ada, "")
}

// TestSignIn_ComparesThePasswordAsItIsForYears tries what a comparison that trims, cuts or folds would accept.
func TestSignIn_ComparesThePasswordAsItIsForYears(t *testing.T) {
	f := newFixture(t)
	next := " Zoë's\u00a0pass phrase " + strings.Repeat("x", signin.MaxPassword-24)
	if _, err := f.ChangePassword(t.Context(), f.caller(t, ada), password, next); err != nil || len(next) > signin.MaxPassword {
		t.Fatal(len(next), err)
	}
	f.clock.Advance(3 * 365 * 24 * time.Hour)
	for name, typed := range map[string]string{"cut": next[:len(next)-1], "trimmed": strings.TrimSpace(next), "longer": next + "x",
		"in lower case": strings.ToLower(next), "with another blank": strings.ReplaceAll(next, "\u00a0", " "),
		"decomposed": strings.ReplaceAll(next, "ë", "e\u0308")} {
		if err := f.try(t, ada, typed, name); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := f.try(t, ada, next, home); err != nil {
		t.Error(err)
	}
}

func TestChangePassword_GuessingIsThrottledWithTheSignIns(t *testing.T) {
	f := newFixture(t)
	for range signin.PairFailures {
		_, err := f.ChangePassword(t.Context(), f.caller(t, ada), wrong, "another good password")
		wantKind(t, err, fault.Invalid)
	}
	_, err := f.ChangePassword(t.Context(), f.caller(t, ada), password, "another good password")
	wantKind(t, err, fault.Throttled)
	f.wantThrottled(t, ada, home, signin.PairBlock)
}

func TestChangePassword_EveryWrongCurrentPasswordLeavesOneEvent(t *testing.T) {
	f := newFixture(t)
	current := f.mustSignIn(t, ada, "")
	logged := len(f.events(t))
	for range signin.PairFailures + 3 {
		if _, err := f.ChangePassword(t.Context(), f.in(t, current), wrong, "another good password"); err == nil {
			t.Fatal("a wrong password is accepted")
		}
	}
	events := f.events(t)[logged:]
	if len(events) != signin.PairFailures+1 { // and one for the block
		t.Fatalf("%d events", len(events))
	}
	for i, e := range events {
		want := `{"reason":"wrong current password"}`
		if i == signin.PairFailures {
			want = `{"reason":"too many failed attempts for this account from this address","blockedUntil":"2026-03-01T09:15:00.000Z"}`
		}
		if e.Action != audit.SignInFailed || e.Target.Type != audit.TargetSession || e.Target.ID != current.Session.ID || e.Target.Name != ada ||
			e.ActorID != f.ids[ada] || e.Origin.IP != home || e.After != want {
			t.Errorf("event %d: %+v", i, e)
		}
	}
}

func TestChangePassword_OfTwoAtOnceOneWins(t *testing.T) {
	f := newFixture(t)
	by := []actor.Standing{f.caller(t, ada), f.caller(t, ada), f.caller(t, ada)}
	got := inParallel(len(by), func(i int) error {
		_, err := f.ChangePassword(t.Context(), by[i], password, strings.Repeat("new", 4+i))
		return err
	})
	// The losers find a clash, the old password to be wrong, or their session ended by the winner.
	if got["ok"] != 1 || got["conflict"]+got["invalid"]+got["unauthenticated"] != 2 {
		t.Errorf("outcomes = %v", got)
	}
}
