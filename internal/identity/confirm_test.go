package identity_test

import (
	"testing"
	"time"

	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/identity"
	"latchkey/internal/signin/oidc/oidctest"
	"latchkey/internal/signin/saml/samltest"
	"latchkey/internal/store/storetest"
)

// in returns the member in a session that was started.
func (b *bed) in(a identity.Arrival) actor.Standing {
	b.T.Helper()
	return storetest.Stands(b.T, b.Store, actor.Caller{Ref: actor.Ref{Kind: actor.Session, ID: a.Started.Session.ID}, Origin: origin()})
}

// A sign-in proves who it is only if it is of this moment at the provider as well. A provider that does not say when counts as if
// it were.
func TestFinish_AnOldSignInAtTheProviderProvesNothing(t *testing.T) {
	b := newBed(t, nil)
	bo := b.Member("Bo")
	for name, c := range map[string]struct {
		at     any
		proven bool
	}{
		"now":           {b.Clock.Now().Unix(), true},
		"an hour ago":   {b.Clock.Now().Add(-time.Hour).Unix(), false},
		"in the future": {b.Clock.Now().Add(time.Hour).Unix(), true},
		"not said":      {nil, true},
	} {
		a, err := b.signs(person("s-bo", bo.Email, true, "auth_time", c.at))
		b.Must(err)
		if err := b.in(a).MustBeProven(b.Clock.Now(), "act"); (err == nil) != c.proven || !b.live(a.Started.Secret) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Proving again takes a sign-in at the provider since the question, of the same person, in the session that was asked.
func TestFinishConfirm_TakesAFreshSignInOfTheSamePerson(t *testing.T) {
	b := newBed(t, nil)
	bo, cy := b.Member("Bo"), b.Member("Cy")
	_, err := b.signs(person("s-cy", cy.Email, true))
	b.Must(err)
	for _, c := range []struct {
		name, subject string
		at            func(asked time.Time) any
		proven        bool
	}{
		{"of this moment", "s-bo", func(asked time.Time) any { return asked.Unix() }, true},
		{"before the question", "s-bo", func(asked time.Time) any { return asked.Add(-2 * time.Minute).Unix() }, false},
		{"in the future", "s-bo", func(asked time.Time) any { return asked.Add(2 * time.Minute).Unix() }, false},
		{"it does not say when", "s-bo", func(time.Time) any { return nil }, false},
		{"another person", "s-cy", func(asked time.Time) any { return asked.Unix() }, false},
	} {
		a, err := b.signs(person("s-bo", bo.Email, true))
		b.Must(err)
		b.Clock.Pass(actor.ProofLife)
		by := b.in(a)
		d, err := b.use.StartConfirm(t.Context(), by, b.p.ID, "", "form")
		b.Must(err)
		b.idp.Do(func() { b.idp.Claims = person(c.subject, bo.Email, true, "auth_time", c.at(b.Clock.Now())) })
		before := b.Logged()
		err = b.use.FinishConfirm(t.Context(), by, b.p.ID, d.Browser, b.back(d))
		if (err == nil) != c.proven || err != nil && !fault.Is(err, fault.Denied) {
			t.Errorf("%s: %v", c.name, err)
		}
		if got := b.in(a).MustBeProven(b.Clock.Now(), "act"); (got == nil) != c.proven {
			t.Errorf("%s: the session: %v", c.name, got)
		}
		want := map[bool]audit.Action{true: audit.Confirmed, false: audit.ConfirmFailed}[c.proven]
		if got := b.Events(audit.TargetSession, before); len(got) != 1 || got[0] != string(want)+" "+bo.Email {
			t.Errorf("%s: %q", c.name, got)
		}
	}
}

// With SAML the request asks for it (ForceAuthn), and the assertion's AuthnInstant counts.
func TestFinishConfirm_AsksWithSAMLAsWell(t *testing.T) {
	b := newSAMLBed(t)
	for age, proven := range map[time.Duration]bool{0: true, time.Hour: false} {
		a, err := b.signsIn(about("s-1", "ada@acme.example"))
		b.Must(err)
		b.Clock.Pass(actor.ProofLife)
		by := b.in(a)
		d, err := b.use.StartConfirm(t.Context(), by, b.p.ID, "", "form")
		b.Must(err)
		r := b.idp.Read(d.Address)
		said := func(s *samltest.Answer) { about("s-1", "ada@acme.example")(s); s.Proven = b.Clock.Now().Add(-age) }
		id, err := b.use.Receive(t.Context(), b.p.ID, d.Browser, identity.Answer{State: r.Relay,
			Response: samltest.Encode(b.idp.Answer(r, said))}, origin())
		b.Must(err)
		err = b.use.FinishConfirm(t.Context(), by, b.p.ID, d.Browser, identity.Answer{State: id})
		if !r.Force || (err == nil) != proven || (b.in(a).MustBeProven(b.Clock.Now(), "act") == nil) != proven {
			t.Errorf("%v old: %v, asked for a new sign-in: %v", age, err, r.Force)
		}
	}
}

// The same subject of another provider is somebody else.
func TestFinish_KeepsProvidersApart(t *testing.T) {
	b := newBed(t, func(in *identity.Settings) { in.NewMembers = identity.Add })
	bo := b.Member("Bo")
	first, err := b.signs(person("s-1", bo.Email, true))
	b.Must(err)
	b.Admin = b.Caller(b.Admin.ID)
	b.idp = oidctest.Start(t, b.Clock.Now)
	b.p = b.add(b.idp, func(in *identity.Settings) { in.Name, in.NewMembers = "Other", identity.Add })
	b.p, err = b.use.Enable(t.Context(), b.Admin.Caller(), b.p.ID, true)
	b.Must(err)
	other, err := b.signs(person("s-1", "eve@evil.example", true))
	b.Must(err)
	if first.Started.Session.Member != bo.ID || other.Started.Session.Member == bo.ID {
		t.Error("another provider speaks for the member by the same subject")
	}
}
