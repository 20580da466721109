package signin_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/random"
	"latchkey/internal/signin"
	"latchkey/internal/signin/passkey/passkeytest"
	"latchkey/internal/store"
)

const site = "https://keys.acme.example"

// newPasskeys is a fixture whose service has passkeys for site, and a postbox.
func newPasskeys(t *testing.T) (*fixture, *postbox) {
	t.Helper()
	f, box := newSealing(t)
	signin.WithPasskeys(func() string { return site })(f.Service)
	return f, box
}

// owner is a member with a passkey.
type owner struct {
	*passkeytest.Key
	id    string
	codes []string
	now   signin.Started
}

func newKey() *passkeytest.Key { return passkeytest.New("keys.acme.example", site) }

// register adds a passkey to a member who is signed in.
func (f *fixture) register(t *testing.T, in signin.Started, key *passkeytest.Key) owner {
	t.Helper()
	made, err := f.AddPasskey(t.Context(), f.in(t, in), "Laptop", password)
	if err != nil {
		t.Fatal(err)
	}
	asked, err := f.PasskeyToCreate(t.Context(), f.in(t, in).Caller(), made.ID)
	if err != nil {
		t.Fatal(err)
	}
	done, err := f.ConfirmPasskey(t.Context(), f.in(t, in).Caller(), made.ID, key.Create(asked))
	if err != nil {
		t.Fatal(err)
	}
	return owner{key, made.ID, done.Codes, done.Started}
}

// alone signs in with what answer makes of the challenge.
func (f *fixture) alone(t *testing.T, answer func(asked []byte) string) (signin.Started, error) {
	t.Helper()
	asked, secret, err := f.PasskeyToSignIn(t.Context(), from(home))
	if err != nil {
		t.Fatal(err)
	}
	return f.SignInByPasskey(t.Context(), secret, answer(asked), signin.Browser{}, from(home))
}

// withKey confirms a sign-in that waits with a passkey.
func (f *fixture) withKey(t *testing.T, half random.Secret, key *passkeytest.Key) (signin.Started, error) {
	t.Helper()
	asked, err := f.PasskeyToConfirm(t.Context(), half, from(home))
	if err != nil {
		return signin.Started{}, err
	}
	return f.confirm(t, half, signin.Proof{Passkey: key.Get(asked)})
}

// lastReason returns the reason of the last event, which must be a failed sign-in.
func (f *fixture) lastReason(t *testing.T) string {
	t.Helper()
	events := f.events(t)
	e := events[len(events)-1]
	if e.Action != audit.SignInFailed && e.Action != audit.ConfirmFailed {
		t.Fatalf("the last event is %s", e.Action)
	}
	var state struct{ Reason string }
	if err := json.Unmarshal([]byte(e.After), &state); err != nil {
		t.Fatal(err)
	}
	return state.Reason
}

func TestPasskey_SignsInAloneAndAsSecondFactor(t *testing.T) {
	f, box := newPasskeys(t)
	in, other := f.mustSignIn(t, bo, ""), f.mustSignIn(t, bo, "")
	_ = f.alerts(t, box)
	o := f.register(t, in, newKey())
	for _, old := range []signin.Started{in, other} {
		f.wantLive(t, old, false)
	}
	f.wantLive(t, o.now, true)
	if got := f.alerts(t, box); len(got) != 1 || !strings.Contains(got[0], "A passkey was added") || len(o.codes) != signin.RecoveryCodes {
		t.Errorf("%q, %d codes", got, len(o.codes))
	}
	started, err := f.alone(t, o.Get)
	if err != nil {
		t.Fatal(err)
	}
	f.wantLive(t, started, true)
	half := f.half(t, bo)
	if has, err := f.Choices(t.Context(), half); err != nil || has.Code || !has.Passkey {
		t.Errorf("%+v, %v", has, err)
	}
	o.Flags &^= passkeytest.Verified | passkeytest.BackedUp // with the password, a touch is enough
	if started, err = f.withKey(t, half, o.Key); err != nil {
		t.Fatal(err)
	}
	f.wantLive(t, started, true)
	has, err := f.Security(t.Context(), f.in(t, started))
	if err != nil || len(has.Passkeys) != 1 || !has.Passkeys[0].Works || has.Passkeys[0].IsCopied || !has.Passkeys[0].MayBeCopied ||
		has.Factors[0].LastUsedAt.IsZero() || len(has.Passkeys[0].Transports) != 1 {
		t.Errorf("%+v, %v", has, err)
	}
	if started, err = f.confirm(t, f.half(t, bo), signin.Proof{RecoveryCode: o.codes[0]}); err != nil {
		t.Error(err)
	}
	var how []string
	for _, e := range f.events(t) {
		if e.Action == audit.SignedIn && e.After != "" {
			how = append(how, e.After)
		}
	}
	if got := strings.Join(how, " "); got != `{"passkey":"Laptop"} {"secondFactor":"passkey"} {"secondFactor":"recovery code"}` {
		t.Error(got)
	}
	if err := f.RemoveFactor(t.Context(), f.in(t, started), o.id, password); err != nil {
		t.Fatal(err)
	}
	if left := f.count(t, `SELECT (SELECT count(*) FROM recovery_codes) + (SELECT count(*) FROM passkeys)`); left != 0 {
		t.Errorf("%d codes and passkeys are left", left)
	}
	f.mustSignIn(t, bo, "")
	o.Flags |= passkeytest.Verified
	wantKind(t, second(f.alone(t, o.Get)), fault.Unauthenticated)
}

func TestPasskey_AttacksAreRefusedAlikeAndRecorded(t *testing.T) {
	f, _ := newPasskeys(t)
	o := f.register(t, f.mustSignIn(t, bo, ""), newKey())
	others := f.register(t, f.mustSignIn(t, ada, ""), newKey())
	fresh := *o.Key
	refused := "This passkey was not accepted. Try again, or sign in with your email and password."
	for _, c := range []struct {
		reason string
		answer func(k *passkeytest.Key, asked []byte) string
	}{
		{"unreadable passkey answer", func(*passkeytest.Key, []byte) string { return "" }},
		{"unreadable passkey answer", func(*passkeytest.Key, []byte) string { return `{"rawId":"AAAA","type":"public-key","response":7}` }},
		{"unknown passkey", func(_ *passkeytest.Key, asked []byte) string { return newKey().Get(asked) }},
		{"passkey of another user", func(k *passkeytest.Key, asked []byte) string { k.Handle = others.Handle; return k.Get(asked) }},
		{"passkey of another user", func(k *passkeytest.Key, asked []byte) string { k.Handle = nil; return k.Get(asked) }},
		{"answer of a passkey for another site", func(k *passkeytest.Key, asked []byte) string {
			k.Origin = "https://keys.acme.example.evil.example"
			return k.Get(asked)
		}},
		{"answer of a passkey for another site", func(k *passkeytest.Key, asked []byte) string { k.Cross = true; return k.Get(asked) }},
		{"answer of a passkey for another server", func(k *passkeytest.Key,
			asked []byte) string {
			k.Party = "acme.example"
			return k.Get(asked)
		}},
		{"passkey used without PIN, fingerprint or face", func(k *passkeytest.Key,
			asked []byte) string {
			k.Flags &^= passkeytest.Verified
			return k.Get(asked)
		}},
		{"passkey used without its user", func(k *passkeytest.Key, asked []byte) string { k.Flags &^= passkeytest.Present; return k.Get(asked) }},
		{"a passkey is synced that cannot be", func(k *passkeytest.Key,
			asked []byte) string {
			k.Flags &^= passkeytest.Eligible
			return k.Get(asked)
		}},
		{"a passkey cannot begin or cease to be one that is synced", func(k *passkeytest.Key, asked []byte) string {
			k.Flags &^= passkeytest.Eligible | passkeytest.BackedUp
			return k.Get(asked)
		}},
		{"answer of a passkey to another question", func(k *passkeytest.Key, asked []byte) string {
			k.Kind = "webauthn.create"
			return k.Get(asked)
		}},
		{"wrong signature of a passkey", func(k *passkeytest.Key, asked []byte) string {
			forged := newKey()
			forged.ID, forged.Handle = k.ID, k.Handle
			return forged.Get(asked)
		}},
		{"answer of a passkey to another challenge", func(k *passkeytest.Key, _ []byte) string {
			asked, _, err := f.PasskeyToSignIn(t.Context(), from(home))
			if err != nil {
				t.Fatal(err)
			}
			return k.Get(asked)
		}},
		{"passkey answer without a challenge, or too late", func(k *passkeytest.Key, asked []byte) string {
			f.clock.Advance(signin.ChallengeLife)
			return k.Get(asked)
		}},
		{"passkey answer without a challenge, or too late", func(k *passkeytest.Key, asked []byte) string {
			f.clock.Advance(-time.Hour)
			return k.Get(asked)
		}},
		{"deactivated member", func(k *passkeytest.Key, asked []byte) string {
			f.exec(t, `UPDATE members SET status = 'deactivated' WHERE id = ?`, f.ids[bo])
			return k.Get(asked)
		}},
	} {
		k := fresh
		_, err := f.alone(t, func(asked []byte) string { return c.answer(&k, asked) })
		if got := fault.Of(err); got == nil || got.Kind != fault.Unauthenticated || got.Message != refused {
			t.Errorf("%s: %v", c.reason, err)
		}
		if got := f.lastReason(t); got != c.reason {
			t.Errorf("recorded %q, want %q", got, c.reason)
		}
		f.exec(t, `DELETE FROM attempts`)
		f.clock.Advance(time.Second) // or the log counts failures together
	}
}

func TestPasskey_OneOfThreeAtOnce(t *testing.T) {
	f, _ := newPasskeys(t)
	o := f.register(t, f.mustSignIn(t, bo, ""), newKey())
	asked, secret, err := f.PasskeyToSignIn(t.Context(), from(home))
	if err != nil {
		t.Fatal(err)
	}
	answer := o.Get(asked)
	in := func() error {
		return second(f.SignInByPasskey(t.Context(), secret, answer, signin.Browser{}, from(home)))
	}
	if got := inParallel(3, func(int) error { return in() }); got["ok"] != 1 {
		t.Errorf("of three at once: %v", got)
	}
}

func TestPasskey_AnAnswerIsGoodOnce(t *testing.T) {
	f, _ := newPasskeys(t)
	o := f.register(t, f.mustSignIn(t, bo, ""), newKey())
	asked, secret, err := f.PasskeyToSignIn(t.Context(), from(home))
	if err != nil {
		t.Fatal(err)
	}
	answer := o.Get(asked)
	in := func() error {
		return second(f.SignInByPasskey(t.Context(), secret, answer, signin.Browser{}, from(home)))
	}
	if err := in(); err != nil {
		t.Error(err)
	}
	wantKind(t, in(), fault.Unauthenticated)
	// A wrong answer uses up the challenge as well.
	if asked, secret, err = f.PasskeyToSignIn(t.Context(), from(home)); err != nil {
		t.Fatal(err)
	}
	answer = strings.Replace(o.Get(asked), `"signature":"ME`, `"signature":"MF`, 1)
	wantKind(t, in(), fault.Unauthenticated)
	answer = o.Get(asked)
	wantKind(t, in(), fault.Unauthenticated)
	f.exec(t, `DELETE FROM attempts`)
	// Nor does the answer of one browser sign in another.
	asked, _, err = f.PasskeyToSignIn(t.Context(), from(home))
	answer, secret = o.Get(asked), random.NewSecret()
	wantKind(t, errors.Join(err, in()), fault.Unauthenticated)
}

func TestPasskey_ACounterThatDoesNotGoOnIsRefused(t *testing.T) {
	f, _ := newPasskeys(t)
	key := newKey()
	key.Still = false
	o := f.register(t, f.mustSignIn(t, bo, ""), key)
	thief := *o.Key
	for range 2 {
		if _, err := f.alone(t, o.Get); err != nil {
			t.Fatal(err)
		}
	}
	wantKind(t, second(f.alone(t, thief.Get)), fault.Unauthenticated)
	if got := f.lastReason(t); !strings.Contains(got, "counter") {
		t.Error(got)
	}
	wantKind(t, second(f.withKey(t, f.half(t, bo), &thief)), fault.Invalid)
	if got := f.lastReason(t); !strings.Contains(got, "counter") {
		t.Error(got)
	}
	if _, err := f.alone(t, o.Get); err != nil {
		t.Errorf("the true one is refused: %v", err)
	}
}

func TestPasskey_ConfirmsOnlyItsOwnSignIn(t *testing.T) {
	f, _ := newPasskeys(t)
	o := f.register(t, f.mustSignIn(t, bo, ""), newKey())
	others := f.register(t, f.mustSignIn(t, ada, ""), newKey())
	half := f.half(t, bo)
	wantKind(t, second(f.withKey(t, half, others.Key)), fault.Invalid)
	if got := f.lastReason(t); got != "passkey of another member" {
		t.Error(got)
	}
	asked, err := f.PasskeyToConfirm(t.Context(), half, from(home))
	if err != nil {
		t.Fatal(err)
	}
	again := f.half(t, bo)
	wantKind(t, second(f.confirm(t, again, signin.Proof{Passkey: o.Get(asked)})), fault.Invalid)
	f.exec(t, `DELETE FROM attempts`)
	for range signin.PairFailures {
		wantKind(t, second(f.confirm(t, f.half(t, bo), signin.Proof{Passkey: "nonsense"})), fault.Invalid)
	}
	wantKind(t, second(f.confirm(t, half, signin.Proof{Passkey: o.Get(asked)})), fault.Throttled)
	if _, err := f.alone(t, o.Get); err != nil {
		t.Errorf("wrong second factors lock the passkey out: %v", err)
	}
	_, err = f.PasskeyToConfirm(t.Context(), random.NewSecret(), from(home))
	wantKind(t, err, fault.Unauthenticated)
}

// TestRequired_NeitherAPasskeyNorASecondStepGoesAround begins each way in before the rule is there.
func TestRequired_NeitherAPasskeyNorASecondStepGoesAround(t *testing.T) {
	f, _ := newPasskeys(t)
	o := f.register(t, f.mustSignIn(t, bo, ""), newKey())
	half, by := f.half(t, bo), f.in(t, o.now)
	f.exec(t, `INSERT INTO identity_providers (id, organization_id, kind, preset, name, issuer, client_id, enabled, domains, new_members,
		created_at, updated_at) SELECT 'p', id, 'oidc', 'other', 'Acme Login', 'https://login.example', 'c', TRUE, '[]', 'refuse', 1, 1
		FROM organizations`)
	f.exec(t, `INSERT INTO required_domains (organization_id, domain, provider_id, made_at) SELECT id, ?, 'p', 1 FROM organizations`,
		bo[strings.IndexByte(bo, '@')+1:])
	for name, try := range map[string]func() error{
		"passkey":       func() error { return second(f.alone(t, o.Get)) },
		"second factor": func() error { return second(f.withKey(t, half, o.Key)) },
		"recovery code": func() error { return second(f.confirm(t, half, signin.Proof{RecoveryCode: o.codes[0]})) },
	} {
		var rule *signin.Required
		if err := try(); !errors.As(err, &rule) || rule.Provider != "p" {
			t.Errorf("%s: %v", name, err)
		}
		if got := f.lastReason(t); got != "single sign-on is required" {
			t.Errorf("%s: %s", name, got)
		}
	}
	if ways, err := f.Ways(t.Context(), by); err != nil || ways != (signin.Ways{Provider: "p"}) {
		t.Errorf("%+v, %v", ways, err)
	}
}

func TestResume_APasskeyProvesByItself(t *testing.T) {
	f, _ := newPasskeys(t)
	o := f.register(t, f.mustSignIn(t, bo, ""), newKey())
	f.clock.Advance(actor.ProofLife + time.Minute)
	by := f.in(t, o.now)
	held, err := f.Hold(t.Context(), by.Caller(), "/x", "try it", []byte("a=1"))
	if err != nil {
		t.Fatal(err)
	}
	if ways, err := f.Ways(t.Context(), by); err != nil || !ways.Passkey {
		t.Fatalf("%+v, %v", ways, err)
	}
	resume := func() (string, error) {
		asked, err := f.PasskeyToProve(t.Context(), by.Caller())
		if err != nil {
			t.Fatal(err)
		}
		body, err := f.Resume(t.Context(), by, "/x", held, signin.Again{Passkey: o.Get(asked)})
		return string(body), err
	}
	o.Flags &^= passkeytest.Verified
	_, err = resume()
	wantKind(t, err, fault.Invalid)
	if f.in(t, o.now).Proof.Recent(f.clock.Now()) {
		t.Error("a touch proves the session")
	}
	o.Flags |= passkeytest.Verified
	if body, err := resume(); err != nil || body != "a=1" {
		t.Fatalf("%q, %v", body, err)
	}
	if proof := f.in(t, o.now).Proof; !proof.Recent(f.clock.Now()) || proof.How != actor.ByFactor {
		t.Errorf("%+v", proof)
	}
	_, err = resume()
	wantKind(t, err, fault.Conflict)
}

func TestPasskey_ProvesAgainWhoIsSignedIn(t *testing.T) {
	f, _ := newPasskeys(t)
	o := f.register(t, f.mustSignIn(t, bo, ""), newKey())
	by, done := f.in(t, o.now), 0
	prove := func(of signin.Started) error {
		asked, err := f.PasskeyToProve(t.Context(), f.in(t, of).Caller())
		if err != nil {
			return err
		}
		return f.AgainByPasskey(t.Context(), by, o.Get(asked), func(tx signin.Tx, of signin.Account) error {
			if of.Email == bo && tx.By().ID == by.ID {
				done++
			}
			return nil
		})
	}
	if err := prove(o.now); err != nil || done != 1 {
		t.Errorf("%v, done %d times", err, done)
	}
	elsewhere, err := f.alone(t, o.Get)
	if err != nil {
		t.Fatal(err)
	}
	wantKind(t, prove(elsewhere), fault.Invalid) // the challenge of another session
	o.Flags &^= passkeytest.Verified
	wantKind(t, prove(o.now), fault.Invalid)
	if got := f.lastReason(t); done != 1 || !strings.Contains(got, "PIN") {
		t.Errorf("done %d times, %s", done, got)
	}
	_, err = f.PasskeyToProve(t.Context(), f.caller(t, ada).Caller())
	wantKind(t, err, fault.Conflict)
	_, err = f.PasskeyToProve(t.Context(), f.token(t, ada).Caller())
	wantKind(t, err, fault.Denied)
}

func TestConfirmPasskey_RefusesWhatTheServerDidNotAskFor(t *testing.T) {
	f, _ := newPasskeys(t)
	in := f.mustSignIn(t, bo, "")
	first := f.register(t, in, newKey())
	in = first.now
	for name, c := range map[string]func(k *passkeytest.Key){
		"another site":       func(k *passkeytest.Key) { k.Origin = "https://evil.example" },
		"another server":     func(k *passkeytest.Key) { k.Party = "evil.example" },
		"not verified":       func(k *passkeytest.Key) { k.Flags &^= passkeytest.Verified },
		"another algorithm":  func(k *passkeytest.Key) { k.Algorithm = -47 },
		"registered already": func(k *passkeytest.Key) { k.ID = first.ID },
		"an id that is huge": func(k *passkeytest.Key) { k.ID = make([]byte, 2000) },
		"no id":              func(k *passkeytest.Key) { k.ID = nil },
	} {
		f.exec(t, `UPDATE sessions SET proven_at = ?`, f.clock.Now().UnixMilli()) // each case takes minutes
		made, err := f.AddPasskey(t.Context(), f.in(t, in), "Second", password)
		if err != nil {
			t.Fatal(err)
		}
		asked, err := f.PasskeyToCreate(t.Context(), f.in(t, in).Caller(), made.ID)
		if err != nil || !strings.Contains(string(asked), `"excludeCredentials":[{`) || strings.Contains(string(asked), f.ids[bo]) {
			t.Fatalf("%s, %v", asked, err)
		}
		key := newKey()
		c(key)
		_, err = f.ConfirmPasskey(t.Context(), f.in(t, in).Caller(), made.ID, key.Create(asked))
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
		wantKind(t, second3(f.ConfirmCode(t.Context(), f.in(t, in).Caller(), made.ID, "000000")), fault.NotFound)
		_, err = f.PasskeyToCreate(t.Context(), f.caller(t, ada).Caller(), made.ID)
		wantKind(t, err, fault.NotFound)
		f.clock.Advance(signin.ChallengeLife)
		_, err = f.ConfirmPasskey(t.Context(), f.in(t, in).Caller(), made.ID, newKey().Create(asked))
		wantKind(t, err, fault.Invalid)
	}
}

func second3(_ signin.Enrolled, err error) error { return err }

func TestRenameFactor_IsForOnesOwn(t *testing.T) {
	f, _ := newPasskeys(t)
	o := f.register(t, f.mustSignIn(t, bo, ""), newKey())
	wantKind(t, f.RenameFactor(t.Context(), f.caller(t, ada).Caller(), o.id, "Mine"), fault.NotFound)
	wantKind(t, f.RenameFactor(t.Context(), f.in(t, o.now).Caller(), o.id, " "), fault.Invalid)
	for range 2 { // the second changes nothing
		if err := f.RenameFactor(t.Context(), f.in(t, o.now).Caller(), o.id, "Phone"); err != nil {
			t.Fatal(err)
		}
	}
	has, err := f.Security(t.Context(), f.in(t, o.now))
	events := f.events(t)
	if e := events[len(events)-1]; err != nil || has.Factors[0].Name != "Phone" || e.Action != audit.FactorRenamed ||
		events[len(events)-2].Action == audit.FactorRenamed {
		t.Errorf("%+v, %+v, %v", has, e, err)
	}
}

func TestResetFactors_EndsPasskeys(t *testing.T) {
	for name, end := range map[string]func(f *fixture) error{
		"an Admin's reset": func(f *fixture) error {
			return f.ResetFactors(t.Context(), f.caller(t, ada).Caller(), f.ids[bo])
		},
		"latchkey recover": func(f *fixture) error { return second(f.recover(t, f.recovery(t, bo))) },
	} {
		t.Run(name, func(t *testing.T) {
			f, _ := newPasskeys(t)
			o := f.register(t, f.mustSignIn(t, bo, ""), newKey())
			if err := end(f); err != nil {
				t.Fatal(err)
			}
			wantKind(t, second(f.alone(t, o.Get)), fault.Unauthenticated)
			if n := f.count(t, `SELECT count(*) FROM passkeys`); n != 0 {
				t.Errorf("%d passkeys are left", n)
			}
		})
	}
}

func TestPasskeys_AreOffWhereBrowsersOfferNone(t *testing.T) {
	f, _ := newPasskeys(t)
	in := f.mustSignIn(t, bo, "")
	o := f.register(t, in, newKey())
	for _, address := range []string{"http://127.0.0.1:8080", "http://keys.acme.example", "https://10.0.0.1", ""} {
		off := signin.New(store.SignIns(f.store), f.hasher, access.BuiltIn(), signin.WithPasskeys(func() string { return address }))
		_, _, err := off.PasskeyToSignIn(t.Context(), actor.Origin{})
		if !fault.Is(err, fault.Conflict) || !strings.HasPrefix(off.PasskeysOff(), "Passkeys are off") {
			t.Errorf("%s: %v, %q", address, err, off.PasskeysOff())
		}
		half := random.Secret(f.mustSignIn(t, bo, "").Pending)
		if has, err := off.Choices(t.Context(), half); err != nil || has.Passkey || has.Code {
			t.Errorf("%s: %+v, %v", address, has, err)
		}
	}
	moved := signin.New(store.SignIns(f.store), f.hasher, access.BuiltIn(),
		signin.WithPasskeys(func() string { return "http://localhost:8080" }))
	has, err := moved.Security(t.Context(), f.in(t, o.now))
	if err != nil || len(has.Passkeys) != 1 || has.Passkeys[0].Works || moved.PasskeysOff() != "" {
		t.Errorf("%+v, %v, %s", has, err, moved.PasskeysOff())
	}
}

func TestPasskeyToSignIn_KeepsFewChallenges(t *testing.T) {
	f, _ := newPasskeys(t)
	o := f.register(t, f.mustSignIn(t, bo, ""), newKey())
	asked, secret, err := f.PasskeyToSignIn(t.Context(), from("203.0.113.9"))
	if err != nil {
		t.Fatal(err)
	}
	for range 60 {
		f.clock.Advance(time.Millisecond)
		if _, _, err := f.PasskeyToSignIn(t.Context(), from(home)); err != nil {
			t.Fatal(err)
		}
	}
	if n := f.count(t, `SELECT count(*) FROM passkey_challenges`); n != 51 {
		t.Errorf("%d challenges wait", n)
	}
	if _, err := f.SignInByPasskey(t.Context(), secret, o.Get(asked), signin.Browser{}, from("203.0.113.9")); err != nil {
		t.Errorf("one network uses up the challenges of another: %v", err)
	}
	f.clock.Advance(signin.ChallengeLife)
	if _, err := f.Sweep(t.Context()); err != nil || f.count(t, `SELECT count(*) FROM passkey_challenges`) != 0 {
		t.Error("challenges are left", err)
	}
}
