package identity_test

import (
	"crypto/rand"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/identity"
	"latchkey/internal/signin"
	"latchkey/internal/signin/oidc/oidctest"
	"latchkey/internal/signin/saml/samltest"
	"latchkey/internal/store/storetest"
)

// asked is a session that is asked again by a provider.
type asked struct {
	*bed
	ref actor.Ref // of the session, for which the provider has vouched 16 minutes ago
	p   identity.Provider
}

// ask returns the session of an arrival, 16 minutes later.
func (b *bed) ask(p identity.Provider, a identity.Arrival, err error) asked {
	b.T.Helper()
	b.Must(err)
	b.Clock.Pass(16 * time.Minute)
	return asked{b, actor.Ref{Kind: actor.Session, ID: a.Started.Session.ID}, p}
}

// by is the person behind the session as they stand now.
func (a asked) by() actor.Standing {
	a.T.Helper()
	return storetest.Stands(a.T, a.Store, actor.Caller{Ref: a.ref})
}

// begins leads the session to the provider.
func (a asked) begins() identity.Departure {
	a.T.Helper()
	d, err := a.use.StartConfirm(a.T.Context(), a.by(), a.p.ID, "", "the form")
	a.Must(err)
	return d
}

// unproven wants an answer to be refused by a check, with one event, and the session to be as it was.
func (a asked) unproven(name, check string, finish func() error) {
	a.T.Helper()
	before := a.Logged()
	err := finish()
	if !fault.Is(err, fault.Denied) {
		a.T.Errorf("%s: %v, want it refused", name, err)
	}
	if a.by().Proof.Recent(a.Clock.Now()) {
		a.T.Fatalf("%s proves the session", name)
	}
	list, err := a.Store.RecentEvents(a.T.Context(), a.Org, "", 1)
	a.Must(err)
	if got := list[0]; a.Logged() != before+1 || got.Action != audit.ConfirmFailed || got.Target.ID != a.ref.ID ||
		!strings.Contains(got.After, `"`+check+`"`) || !strings.Contains(got.After, a.p.Name) {
		a.T.Errorf("%s: %d events, the last is %s %s of %s, want %s", name, a.Logged()-before, got.Action, got.After, got.Target.ID, check)
	}
}

// proven wants an answer to prove the session, with an event.
func (a asked) proven(finish func() error) {
	a.T.Helper()
	before := a.Logged()
	a.Must(finish())
	if p := a.by().Proof; !p.At.Equal(a.Clock.Now()) || p.How != actor.ByProvider {
		a.T.Errorf("the session is proven by %s at %s, not by the provider now", p.How, p.At)
	}
	if got := a.Events(audit.TargetSession, before); len(got) != 1 || !strings.HasPrefix(got[0], string(audit.Confirmed)) {
		a.T.Errorf("%q", got)
	}
}

func TestFinishConfirm_TakesOnlyAFreshSignIn(t *testing.T) {
	b := newBed(t, nil)
	bo, ann := b.Member("Bo"), b.Member("Ann")
	_, err := b.signs(person("s-ann", ann.Email, true))
	b.Must(err)
	in, err := b.signs(person("s-bo", bo.Email, true))
	a := b.ask(b.p, in, err)
	// answers goes to the provider a while after the question, and back with claims about Bo.
	answers := func(more map[string]any) func() error {
		d := a.begins()
		if u, err := url.Parse(d.Address); err != nil || u.Query().Get("max_age") != "0" {
			t.Fatalf("the request does not ask for a fresh sign-in: %s %v", d.Address, err)
		}
		b.Clock.Pass(2 * time.Minute)
		b.idp.Do(func() {
			b.idp.Claims = person("s-bo", bo.Email, true, "auth_time", b.Clock.Now().Unix())
			for name, v := range more {
				b.idp.Claims[name] = v
			}
		})
		answer := b.back(d)
		if form, ok := b.use.IsConfirm(t.Context(), answer); !ok || form != "the form" || b.use.IsTry(t.Context(), answer) {
			t.Errorf("the answer goes on with %q", form)
		}
		return func() error { return b.use.FinishConfirm(t.Context(), a.by(), b.p.ID, d.Browser, answer) }
	}
	at := func(d time.Duration) map[string]any { return map[string]any{"auth_time": b.Clock.Now().Add(d).Unix()} }
	a.unproven("a sign-in without a time", identity.CheckTime, answers(map[string]any{"auth_time": nil}))
	if list, err := b.Store.RecentEvents(t.Context(), b.Org, "", 1); err != nil || !strings.Contains(list[0].After, "(auth_time)") {
		t.Errorf("what is missing is not said: %s %v", list[0].After, err)
	}
	for name, more := range map[string]func() map[string]any{
		"with a time as text":   func() map[string]any { return map[string]any{"auth_time": "now"} },
		"with the time zero":    func() map[string]any { return map[string]any{"auth_time": 0} },
		"before the question":   func() map[string]any { return at(-62 * time.Second) },
		"as the session began":  func() map[string]any { return at(-16 * time.Minute) },
		"from the future":       func() map[string]any { return at(2*time.Minute + 62*time.Second) },
		"from a distant future": func() map[string]any { return map[string]any{"auth_time": 1e15} },
	} {
		a.unproven("a sign-in "+name, identity.CheckTime, answers(more()))
	}
	a.unproven("a sign-in of another member", identity.CheckMember, answers(map[string]any{"sub": "s-ann"}))
	a.unproven("a sign-in of nobody known", identity.CheckMember, answers(map[string]any{"sub": "s-new", "email": "new@acme.example"}))
	a.unproven("a sign-in by address", identity.CheckMember, answers(map[string]any{"sub": "s-new", "email": bo.Email}))

	a.proven(answers(nil))
	b.Clock.Pass(16 * time.Minute)
	a.proven(answers(at(-58 * time.Second))) // the clock there is late
	b.Clock.Pass(16 * time.Minute)
	used := answers(nil)
	a.proven(used)
	b.Clock.Pass(5 * time.Minute)
	if err := used(); !fault.Is(err, fault.Denied) || b.Clock.Now().Sub(a.by().Proof.At) != 5*time.Minute {
		t.Errorf("an answer proves twice: %v", err)
	}
}

// What was begun for something else, by somebody else, elsewhere or at another provider is no answer to the question.
func TestFinishConfirm_TakesNoOtherAnswer(t *testing.T) {
	b := newBed(t, nil)
	idp := oidctest.Start(t, b.Clock.Now)
	other := b.add(idp, func(in *identity.Settings) { in.Name = "Other" })
	other, err := b.use.Enable(t.Context(), b.Admin.Caller(), other.ID, true)
	b.Must(err)
	in, err := b.signs(person("s-ada", b.Ada.Email, true))
	second, err2 := b.signs(person("s-ada", b.Ada.Email, true))
	b.Must(err2)
	a := b.ask(b.p, in, err)
	b.idp.Do(func() { b.idp.Claims["auth_time"] = b.Clock.Now().Unix() })
	type sent struct {
		provider, browser string
		answer            identity.Answer
	}
	answer := func(d identity.Departure, err error) sent {
		b.Must(err)
		return sent{b.p.ID, d.Browser, b.back(d)}
	}
	for name, make := range map[string]func() sent{
		"of a sign-in": func() sent { return answer(b.use.Start(t.Context(), b.p.ID, "", "/", origin())) },
		"of a trial":   func() sent { return answer(b.use.StartTry(t.Context(), a.by(), b.p.ID, "")) },
		"to another session of the member": func() sent {
			by := storetest.Stands(t, b.Store, actor.Caller{Ref: actor.Ref{Kind: actor.Session, ID: second.Started.Session.ID}})
			return answer(b.use.StartConfirm(t.Context(), by, b.p.ID, "", "the form"))
		},
		"of another browser": func() sent { s := answer(a.begins(), nil); s.browser = rand.Text(); return s },
		"without a state":    func() sent { s := answer(a.begins(), nil); s.answer.State = ""; return s },
		"that is too late":   func() sent { s := answer(a.begins(), nil); b.Clock.Pass(16 * time.Minute); return s },
	} {
		s := make()
		a.unproven("an answer "+name, identity.CheckRequest, func() error {
			return b.use.FinishConfirm(t.Context(), a.by(), s.provider, s.browser, s.answer)
		})
	}
	// At the address of another provider, and by a provider that does not know the member.
	s := answer(a.begins(), nil)
	there := a
	there.p = other
	there.unproven("an answer at the address of another provider", identity.CheckRequest, func() error {
		return b.use.FinishConfirm(t.Context(), a.by(), other.ID, s.browser, s.answer)
	})
	if _, err := b.use.StartConfirm(t.Context(), a.by(), other.ID, "", "the form"); !fault.Is(err, fault.NotFound) {
		t.Errorf("a provider that does not know the member is asked: %v", err)
	}
	// Nor does the answer to the question sign in.
	if _, err := b.use.Finish(t.Context(), b.p.ID, s.browser, s.answer, signin.Browser{}, origin()); err == nil {
		t.Error("the answer to the question signs in")
	}
	if list, err := b.use.Vouching(t.Context(), a.by()); err != nil || len(list) != 1 || list[0].ID != b.p.ID {
		t.Errorf("%+v %v", list, err)
	}
	// The provider is disabled meanwhile.
	b.Admin = b.Caller(b.Ada.ID) // whose session no provider began
	s = answer(b.use.StartConfirm(t.Context(), b.Admin, b.p.ID, "", "the form"))
	_, err = b.use.Enable(t.Context(), b.Admin.Caller(), b.p.ID, false)
	b.Must(err)
	if err := b.use.FinishConfirm(t.Context(), b.Admin, s.provider, s.browser, s.answer); !fault.Is(err, fault.Denied) ||
		!strings.Contains(fault.Of(err).Message, "switched off") {
		t.Errorf("a disabled provider: %v", err)
	}
}

func TestFinishConfirm_WantsAFreshSignInOfSAML(t *testing.T) {
	b := newSAMLBed(t)
	pat := b.member("pat@acme.example", access.RoleMember)
	b.member("ann@acme.example", access.RoleMember)
	_, err := b.signsIn(about("s-ann", "ann@acme.example"))
	b.Must(err)
	in, err := b.signsIn(about("s-pat", pat.Email))
	a := b.ask(b.p, in, err)
	answers := func(change func(*samltest.Answer)) func() error {
		d := a.begins()
		r := b.idp.Read(d.Address)
		if !r.Force {
			t.Fatal("the request does not ask for a fresh sign-in")
		}
		b.Clock.Pass(2 * time.Minute)
		text := b.idp.Answer(r, func(s *samltest.Answer) {
			about("s-pat", pat.Email)(s)
			if change != nil {
				change(s)
			}
		})
		id, err := b.use.Receive(t.Context(), b.p.ID, d.Browser, identity.Answer{State: r.Relay, Response: samltest.Encode(text)}, origin())
		b.Must(err)
		answer := identity.Answer{State: id}
		if form, ok := b.use.IsConfirm(t.Context(), answer); !ok || form != "the form" || b.use.IsTry(t.Context(), answer) {
			t.Errorf("the answer goes on with %q", form)
		}
		return func() error { return b.use.FinishConfirm(t.Context(), a.by(), b.p.ID, d.Browser, answer) }
	}
	at := func(d time.Duration) func(*samltest.Answer) {
		return func(s *samltest.Answer) { s.Proven = b.Clock.Now().Add(d) }
	}
	without := func(pattern string) func(*samltest.Answer) {
		return func(s *samltest.Answer) {
			s.Before = func(x string) string { return regexp.MustCompile(pattern).ReplaceAllString(x, "") }
		}
	}
	for name, change := range map[string]func(*samltest.Answer){
		"without a time":       without(` AuthnInstant="[^"]*"`),
		"before the question":  at(-2*time.Minute - 2*time.Minute - 2*time.Second),
		"as the session began": at(-18 * time.Minute),
		"from the future":      at(62 * time.Second),
	} {
		a.unproven("a sign-in "+name, identity.CheckTime, answers(change))
	}
	a.unproven("without a statement", identity.CheckAnswer, answers(without(`(?s)<saml:AuthnStatement.*</saml:AuthnStatement>`)))
	a.unproven("a sign-in of another member", identity.CheckMember, answers(about("s-ann", pat.Email)))
	a.unproven("a sign-in of nobody known", identity.CheckMember, answers(about("s-new", pat.Email)))
	a.proven(answers(nil))
	b.Clock.Pass(16 * time.Minute)

	// What was begun to sign in is no answer to the question, and the other way round.
	d, r := b.begins()
	id, err := b.use.Receive(t.Context(), b.p.ID, d.Browser, identity.Answer{State: r.Relay,
		Response: samltest.Encode(b.idp.Answer(r, about("s-pat", pat.Email)))}, origin())
	b.Must(err)
	a.unproven("an answer of a sign-in", identity.CheckRequest, func() error {
		return b.use.FinishConfirm(t.Context(), a.by(), b.p.ID, d.Browser, identity.Answer{State: id})
	})
	d = a.begins()
	if _, err := b.takes(d, b.idp.Read(d.Address).Relay, samltest.Encode(b.idp.Answer(b.idp.Read(d.Address),
		about("s-pat", pat.Email)))); err == nil {
		t.Error("the answer to the question signs in")
	}
}

// Somebody whose domain requires one provider cannot prove with another who they are.
func TestFinishConfirm_KeepsToTheRequiredProvider(t *testing.T) {
	b, pat := newRequiredBed(t)
	other := b.bed.p
	_, err := b.signs(person("s-pat", pat.Email, true, "auth_time", b.Clock.Now().Unix()))
	b.Must(err)
	b.tries()
	b.Must(b.require())
	in, err := b.signsIn(about("s-pat", pat.Email))
	a := b.ask(other, in, err)
	d := a.begins()
	b.bed.idp.Do(func() { b.bed.idp.Claims["auth_time"] = b.Clock.Now().Unix() })
	a.unproven("another provider", identity.CheckMember, func() error {
		return b.use.FinishConfirm(t.Context(), a.by(), other.ID, d.Browser, b.back(d))
	})
	if w, err := b.signIn.Ways(t.Context(), a.by()); err != nil || w != (signin.Ways{Provider: b.p.ID}) {
		t.Errorf("%+v %v", w, err)
	}
}
