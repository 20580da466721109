package signin_test

import (
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/random"
	"latchkey/internal/seal"
	"latchkey/internal/signin"
	"latchkey/internal/store"
)

// newSealing is a fixture whose service has a key and a postbox.
func newSealing(t *testing.T) (*fixture, *postbox) {
	t.Helper()
	f, box := newFixture(t), &postbox{}
	key, err := seal.NewKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	f.Service = signin.New(store.SignIns(f.store), f.hasher, access.BuiltIn(), signin.WithMailer(box), signin.WithKeys(seal.NewRing(key)))
	f.exec(t, `INSERT INTO sealing (only_row, key_id, traces) VALUES (1, ?, FALSE)`, key.ID())
	return f, box
}

// app is an authenticator app of a member.
type app struct {
	f      *fixture
	id     string
	secret string
	codes  []string // recovery codes, if it was the first
	now    signin.Started
}

func (a app) code(t *testing.T, ahead time.Duration) string {
	t.Helper()
	code, err := totp.GenerateCode(a.secret, a.f.clock.Now().Add(ahead))
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// enrol sets up an app for a member, and lets its first step pass.
func (f *fixture) enrol(t *testing.T, email string, in signin.Started) app {
	t.Helper()
	e, err := f.SetUpCode(t.Context(), f.in(t, in), "Phone", password)
	if err != nil {
		t.Fatal(err)
	}
	a := app{f: f, id: e.Factor.ID, secret: strings.ReplaceAll(e.Key, " ", "")}
	if !strings.HasPrefix(e.QR, "data:image/png;base64,") || strings.Contains(fmt.Sprintf("%v %+v %#v", e, e, e), a.secret) {
		t.Errorf("%.40s, or it prints its secret", e.QR)
	}
	done, err := f.ConfirmCode(t.Context(), f.in(t, in).Caller(), a.id, a.code(t, 0))
	if err != nil {
		t.Fatal(err)
	}
	a.codes, a.now = done.Codes, done.Started
	f.clock.Advance(2 * signin.CodeStep)
	return a
}

// half signs in with the password alone.
func (f *fixture) half(t *testing.T, email string) random.Secret {
	t.Helper()
	started := f.mustSignIn(t, email, "")
	if started.Pending == "" || started.Secret != "" || started.Session.ID != "" {
		t.Fatalf("a session without the second factor: %+v", started)
	}
	return random.Secret(started.Pending)
}

func (f *fixture) confirm(t *testing.T, half random.Secret, given signin.Proof) (signin.Started, error) {
	t.Helper()
	return f.Confirm(t.Context(), half, given, signin.Browser{}, from(home))
}

func TestConfirm_StartsASessionOnceWithARightCode(t *testing.T) {
	f, _ := newSealing(t)
	a := f.enrol(t, bo, f.mustSignIn(t, bo, ""))
	half := f.half(t, bo)
	if _, err := f.Lookup(t.Context(), half.Reveal()); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("half a sign-in is a session: %v", err)
	}
	if who, err := f.Waiting(t.Context(), half); err != nil || who.ID != f.ids[bo] {
		t.Errorf("%+v, %v", who, err)
	}
	wantKind(t, second(f.confirm(t, half, signin.Proof{Code: "000000"})), fault.Invalid)
	wantKind(t, second(f.confirm(t, half, signin.Proof{})), fault.Invalid)
	started, err := f.confirm(t, half, signin.Proof{Code: a.code(t, 0)[:3] + " " + a.code(t, 0)[3:]})
	if err != nil {
		t.Fatal(err)
	}
	f.wantLive(t, started, true)
	wantKind(t, second(f.confirm(t, half, signin.Proof{Code: a.code(t, signin.CodeStep)})), fault.Unauthenticated)
	events := f.events(t)
	last := events[len(events)-1]
	if last.Action != audit.SignedIn || !strings.Contains(last.After, "authenticator app") {
		t.Errorf("%+v", last)
	}
}

func second(_ signin.Started, err error) error { return err }

func TestConfirm_AcceptsOneStepOfSkewEachWayAndEachStepOnce(t *testing.T) {
	f, _ := newSealing(t)
	a := f.enrol(t, bo, f.mustSignIn(t, bo, ""))
	for _, c := range []struct {
		name  string
		ahead time.Duration // of the app's clock
		after time.Duration // since the case before
		right bool
	}{
		{"two steps behind", -2 * signin.CodeStep, 0, false},
		{"two steps ahead", 2 * signin.CodeStep, 0, false},
		{"one behind", -signin.CodeStep, 0, true},
		{"the same again", -signin.CodeStep, 0, false},
		{"now", 0, 0, true},
		{"one ahead", signin.CodeStep, 0, true},
		{"now, after a later one", 0, 0, false},
		{"replayed a step later", 0, signin.CodeStep, false},
		{"the next", signin.CodeStep, 0, true},
	} {
		f.clock.Advance(c.after)
		_, err := f.confirm(t, f.half(t, bo), signin.Proof{Code: a.code(t, c.ahead)})
		if (err == nil) != c.right {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// TestFactors_AreNotChangedByThePasswordAlone tries what somebody may do who has a session and the password.
func TestFactors_AreNotChangedByThePasswordAlone(t *testing.T) {
	f, _ := newSealing(t)
	a := f.enrol(t, bo, f.mustSignIn(t, bo, ""))
	in, err := f.confirm(t, f.half(t, bo), signin.Proof{RecoveryCode: a.codes[0]})
	if err != nil {
		t.Fatal(err)
	}
	change := map[string]func() error{
		"remove": func() error { return f.RemoveFactor(t.Context(), f.in(t, in), a.id, password) },
		"codes":  func() error { _, err := f.NewRecoveryCodes(t.Context(), f.in(t, in), password); return err },
		"add":    func() error { _, err := f.SetUpCode(t.Context(), f.in(t, in), "Another", password); return err },
	}
	f.clock.Advance(actor.ProofLife)
	checked := f.hasher.checked.Load()
	for name, try := range change {
		if err := try(); !fault.Is(err, fault.Unproven) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if f.hasher.checked.Load() != checked {
		t.Error("the password was checked before the proof, and counted as an attempt")
	}
	f.exec(t, `UPDATE sessions SET proven_at = ?`, f.clock.Now().UnixMilli())
	for _, name := range []string{"add", "codes", "remove"} {
		if err := change[name](); err != nil {
			t.Errorf("%s, proven: %v", name, err)
		}
	}
}

func TestConfirm_OneOfTwoAtOnce(t *testing.T) {
	f, _ := newSealing(t)
	a := f.enrol(t, bo, f.mustSignIn(t, bo, ""))
	for _, c := range []struct {
		name  string
		proof func() signin.Proof // made when its turn comes: a code of an earlier step is refused
	}{
		{"code", func() signin.Proof { return signin.Proof{Code: a.code(t, 0)} }},
		{"recovery code", func() signin.Proof { return signin.Proof{RecoveryCode: a.codes[0]} }},
	} {
		halves, proof := []random.Secret{f.half(t, bo), f.half(t, bo), f.half(t, bo)}, c.proof()
		got := inParallel(len(halves), func(i int) error {
			return second(f.Confirm(t.Context(), halves[i], proof, signin.Browser{}, from(home)))
		})
		if got["ok"] != 1 {
			t.Errorf("%s: %v", c.name, got)
		}
		half := f.half(t, bo)
		f.clock.Advance(signin.CodeStep)
		both := []signin.Proof{{Code: a.code(t, 0)}, {RecoveryCode: a.codes[1]}}
		if got := inParallel(2, func(i int) error {
			return second(f.Confirm(t.Context(), half, both[i], signin.Browser{},
				from(home)))
		}); got["ok"] != 1 {
			t.Errorf("two proofs of one sign-in: %v", got)
		}
		a.codes = a.codes[2:]
	}
}

func TestConfirm_RecoveryCodesWorkOnceForTheirMemberUntilReplaced(t *testing.T) {
	f, _ := newSealing(t)
	in := f.mustSignIn(t, bo, "")
	a := f.enrol(t, bo, in)
	others := f.enrol(t, ada, f.mustSignIn(t, ada, ""))
	letters, different := strings.ReplaceAll(strings.Join(append(a.codes, others.codes...), ""), "-", ""), map[rune]bool{}
	for _, letter := range letters {
		different[letter] = true
	}
	if each := len(letters) / 2 / signin.RecoveryCodes; each*5 < 112 || len(different) < 28 { // of 32 letters
		t.Errorf("codes of %d letters, of which %d differ, can be guessed from their digests", each, len(different))
	}
	if len(a.codes) != signin.RecoveryCodes || f.count(t, `SELECT count(*) FROM recovery_codes`) != 2*signin.RecoveryCodes {
		t.Fatalf("codes %q", a.codes)
	}
	try := func(code string) error { return second(f.confirm(t, f.half(t, bo), signin.Proof{RecoveryCode: code})) }
	wantKind(t, try(others.codes[0]), fault.Invalid)
	wantKind(t, second(f.confirm(t, f.half(t, bo), signin.Proof{Code: others.code(t, 0)})), fault.Invalid)
	if err := try(" " + strings.ToUpper(strings.ReplaceAll(a.codes[0], "-", " ")) + " "); err != nil {
		t.Error(err)
	}
	wantKind(t, try(a.codes[0]), fault.Invalid)
	has, err := f.Security(t.Context(), f.in(t, a.now))
	if err != nil || has.RecoveryCodes != signin.RecoveryCodes-1 || len(has.Factors) != 1 || has.Factors[0].Name != "Phone" {
		t.Errorf("%+v, %v", has, err)
	}
	if _, err := f.NewRecoveryCodes(t.Context(), f.in(t, a.now), wrong); !fault.Is(err, fault.Invalid) {
		t.Errorf("with a wrong password: %v", err)
	}
	codes, err := f.NewRecoveryCodes(t.Context(), f.in(t, a.now), password)
	if err != nil {
		t.Fatal(err)
	}
	wantKind(t, try(a.codes[1]), fault.Invalid)
	if err := try(codes[0]); err != nil {
		t.Error(err)
	}
}

func TestConfirm_IsThrottledWithPasswords(t *testing.T) {
	f, _ := newSealing(t)
	a := f.enrol(t, bo, f.mustSignIn(t, bo, ""))
	for range signin.PairFailures { // the right password in between forgives nothing
		wantKind(t, second(f.confirm(t, f.half(t, bo), signin.Proof{Code: "000000"})), fault.Invalid)
	}
	wantKind(t, f.try(t, bo, password, home), fault.Throttled)
	f.clock.Advance(signin.PairBlock + time.Second)
	half := f.half(t, bo)
	for i := range signin.PendingMisses { // from many addresses
		_, err := f.Confirm(t.Context(), half, signin.Proof{Code: "000000"}, signin.Browser{}, from(fmt.Sprintf("203.0.113.%d", i)))
		wantKind(t, err, fault.Invalid)
	}
	wantKind(t, second(f.confirm(t, half, signin.Proof{Code: a.code(t, 0)})), fault.Unauthenticated)
}

func TestConfirm_HalfASignInEndsWithWhatItRestsOn(t *testing.T) {
	for name, end := range map[string]func(t *testing.T, f *fixture, a app) error{
		"time":      func(_ *testing.T, f *fixture, _ app) error { f.clock.Advance(signin.PendingLife); return nil },
		"the clock": func(_ *testing.T, f *fixture, _ app) error { f.clock.Advance(-time.Hour); return nil },
		"a new password": func(t *testing.T, f *fixture, a app) error {
			return second(f.ChangePassword(t.Context(), f.in(t, a.now), password, fresh))
		},
		"a reset link": func(t *testing.T, f *fixture, _ app) error { return second(f.recover(t, f.recovery(t, bo))) },
		"end of sessions": func(t *testing.T, f *fixture, _ app) error {
			_, err := f.EndAllOf(t.Context(), f.caller(t, ada).Caller(), f.ids[bo])
			return err
		},
		"a reset factor": func(t *testing.T, f *fixture, _ app) error {
			return f.ResetFactors(t.Context(), f.caller(t, ada).Caller(), f.ids[bo])
		},
		"deactivation": func(t *testing.T, f *fixture, _ app) error {
			f.exec(t, `UPDATE members SET status = 'deactivated' WHERE id = ?`, f.ids[bo])
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			f, _ := newSealing(t)
			a := f.enrol(t, bo, f.mustSignIn(t, bo, ""))
			half := f.half(t, bo)
			if err := end(t, f, a); err != nil {
				t.Fatal(err)
			}
			wantKind(t, second(f.confirm(t, half, signin.Proof{Code: a.code(t, 0)})), fault.Unauthenticated)
			if _, err := f.Sweep(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestConfirmCode_EndsOtherSessionsAndTells(t *testing.T) {
	f, box := newSealing(t)
	in, other := f.mustSignIn(t, bo, ""), f.mustSignIn(t, bo, "")
	_ = f.alerts(t, box)
	a := f.enrol(t, bo, in)
	for _, old := range []signin.Started{in, other} {
		f.wantLive(t, old, false)
	}
	f.wantLive(t, a.now, true)
	if got := f.alerts(t, box); len(got) != 1 || !strings.Contains(got[0], "second factor was added") {
		t.Errorf("%q", got)
	}
	second := f.enrol(t, bo, a.now)
	if second.codes != nil {
		t.Error("the second factor replaces the recovery codes")
	}
	if err := f.RemoveFactor(t.Context(), f.in(t, second.now), a.id, wrong); !fault.Is(err, fault.Invalid) {
		t.Errorf("removed with a wrong password: %v", err)
	}
	wantKind(t, f.RemoveFactor(t.Context(), f.caller(t, ada), a.id, password), fault.NotFound)
	for i, id := range []string{a.id, second.id} {
		if err := f.RemoveFactor(t.Context(), f.in(t, second.now), id, password); err != nil {
			t.Fatal(err)
		}
		if left := f.count(t, `SELECT count(*) FROM recovery_codes`); (left == 0) != (i == 1) {
			t.Errorf("%d recovery codes after %d factors were removed", left, i+1)
		}
	}
	if started := f.mustSignIn(t, bo, ""); started.Pending != "" {
		t.Error("the second step is asked for without a factor")
	}
}

func TestSetUpCode_CountsOnlyWithItsFirstCodeInTime(t *testing.T) {
	f, _ := newSealing(t)
	in := f.mustSignIn(t, bo, "")
	for _, c := range []struct{ name, password string }{{"", password}, {"Phone", wrong}, {"Phone", ""}} {
		if _, err := f.SetUpCode(t.Context(), f.in(t, in), c.name, c.password); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q %q: %v", c.name, c.password, err)
		}
	}
	e, err := f.SetUpCode(t.Context(), f.in(t, in), "Phone", password)
	if err != nil {
		t.Fatal(err)
	}
	a := app{f: f, id: e.Factor.ID, secret: strings.ReplaceAll(e.Key, " ", "")}
	if started := f.mustSignIn(t, bo, ""); started.Pending != "" {
		t.Error("it counts already")
	}
	confirm := func(by actor.Standing, id, code string) error {
		_, err := f.ConfirmCode(t.Context(), by.Caller(), id, code)
		return err
	}
	wantKind(t, confirm(f.in(t, in), a.id, "000000"), fault.Invalid)
	wantKind(t, confirm(f.caller(t, ada), a.id, a.code(t, 0)), fault.NotFound)
	_, err = f.OpenCode(t.Context(), f.caller(t, ada), a.id)
	wantKind(t, err, fault.NotFound)
	wantKind(t, confirm(f.token(t, ada), a.id, a.code(t, 0)), fault.Denied)
	f.clock.Advance(signin.EnrolLife)
	wantKind(t, confirm(f.in(t, in), a.id, a.code(t, 0)), fault.NotFound)
	if f.count(t, `SELECT count(*) FROM factors WHERE confirmed_at IS NOT NULL`) != 0 {
		t.Error("a factor counts")
	}
}

func TestRecover_KeepsFactorsUnlessTheOperatorMadeTheLink(t *testing.T) {
	f, box := newSealing(t)
	a := f.enrol(t, bo, f.mustSignIn(t, bo, ""))
	made, err := f.SendRecovery(t.Context(), f.caller(t, ada).Caller(), f.ids[bo], revealed)
	if err != nil {
		t.Fatal(err)
	}
	started, err := f.recover(t, random.Secret(made.Link))
	if err != nil || started.Pending == "" || started.Secret != "" {
		t.Fatalf("an Admin's link is enough: %+v, %v", started, err)
	}
	if _, err := f.confirm(t, random.Secret(started.Pending), signin.Proof{Code: a.code(t, 0)}); err != nil {
		t.Error(err)
	}
	_ = f.alerts(t, box)
	started, err = f.recover(t, f.recovery(t, bo))
	if err != nil || started.Pending != "" {
		t.Fatalf("latchkey recover: %+v, %v", started, err)
	}
	f.wantLive(t, started, true)
	if n := f.count(t, `SELECT (SELECT count(*) FROM factors) + (SELECT count(*) FROM recovery_codes)`); n != 0 {
		t.Errorf("%d factors and codes are left", n)
	}
	if got := f.alerts(t, box); len(got) != 1 || !strings.Contains(got[0], "second factors were removed") {
		t.Errorf("%q", got)
	}
}

func TestResetFactors_IsForAdminsAndOthers(t *testing.T) {
	f, box := newSealing(t)
	f.enrol(t, bo, f.mustSignIn(t, bo, ""))
	admins := f.enrol(t, ada, f.mustSignIn(t, ada, ""))
	_ = f.alerts(t, box)
	wantKind(t, f.ResetFactors(t.Context(), f.caller(t, bo).Caller(), f.ids[ada]), fault.Denied)
	wantKind(t, f.ResetFactors(t.Context(), f.in(t, admins.now).Caller(), f.ids[ada]), fault.Conflict)
	_, err := f.SecurityOf(t.Context(), f.caller(t, bo), f.ids[ada])
	wantKind(t, err, fault.Denied)
	if err := f.ResetFactors(t.Context(), f.in(t, admins.now).Caller(), f.ids[bo]); err != nil {
		t.Fatal(err)
	}
	wantKind(t, f.ResetFactors(t.Context(), f.in(t, admins.now).Caller(), f.ids[bo]), fault.Conflict)
	if got := f.alerts(t, box); len(got) != 1 || !strings.HasPrefix(got[0], bo) {
		t.Errorf("%q", got)
	}
	if f.mustSignIn(t, bo, "").Pending != "" {
		t.Error("the factor is still asked for")
	}
	if f.mustSignIn(t, ada, "").Pending == "" {
		t.Error("another member lost theirs")
	}
}

// Somebody who reads the mail of a member could otherwise guess codes without end, a link for every few.
func TestRecover_LiftsNoBlockThatLimitsCodes(t *testing.T) {
	f, _ := newSealing(t)
	a := f.enrol(t, bo, f.mustSignIn(t, bo, ""))
	half := f.half(t, bo)
	for range signin.PairFailures {
		_, _ = f.confirm(t, half, signin.Proof{Code: "000000"})
	}
	made, err := f.SendRecovery(t.Context(), f.caller(t, ada).Caller(), f.ids[bo], revealed)
	if err != nil {
		t.Fatal(err)
	}
	started, err := f.recover(t, random.Secret(made.Link))
	if err != nil || started.Pending == "" {
		t.Fatalf("%+v, %v", started, err)
	}
	wantKind(t, second(f.confirm(t, random.Secret(started.Pending), signin.Proof{Code: a.code(t, 0)})), fault.Throttled)
}

// A database that fails is no factor that does not exist, and no sign-in that has expired.
func TestFactors_AFailureOfTheDatabaseIsNoAnswer(t *testing.T) {
	f, _ := newSealing(t)
	a := f.enrol(t, bo, f.mustSignIn(t, bo, ""))
	half := f.half(t, bo)
	for _, table := range []string{"factors", "pending_sign_ins"} {
		f.exec(t, `CREATE TRIGGER broken_`+table+` BEFORE DELETE ON `+table+` BEGIN INSERT INTO missing VALUES (1); END`)
	}
	wantKind(t, f.RemoveFactor(t.Context(), f.in(t, a.now), a.id, password), fault.Internal)
	wantKind(t, second(f.confirm(t, half, signin.Proof{Code: a.code(t, 0)})), fault.Internal)
}
