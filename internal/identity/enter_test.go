package identity_test

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/identity"
	"latchkey/internal/signin"
	"latchkey/internal/signin/oidc/oidctest"
	"latchkey/internal/store"
	"latchkey/internal/store/storetest"
)

func TestFinish_LinksByAProvenAddressOnceAndByTheSubjectFromThen(t *testing.T) {
	b := newBed(t, nil)
	bo := b.Member("Bo")
	b.refused(second(b.signs(person("s-bo", bo.Email, false))), identity.CheckAddress)
	first, err := b.signs(person("s-bo", bo.Email, true))
	b.Must(err)
	if first.Started.Session.Member != bo.ID || first.Next != "/tokens" || !b.live(first.Started.Secret) {
		t.Errorf("%+v", first)
	}
	// The address at the provider changes to that of an Admin: it is still Bo.
	again, err := b.signs(person("s-bo", b.Ada.Email, true))
	b.Must(err)
	if again.Started.Session.Member != bo.ID {
		t.Error("the address decides, not the subject")
	}
	// Somebody else gets Bo's address at the provider.
	l := b.refused(second(b.signs(person("s-eve", bo.Email, true))), identity.CheckMember)
	if l.Claims["sub"] != "s-eve" || l.Claims["nonce"] != "" {
		t.Errorf("%v", l.Claims)
	}
	if got := b.Events(audit.TargetUser, 0); !slices.Contains(got, "identity_linked Bo") {
		t.Errorf("%q", got)
	}
}

func TestFinish_RefusesAnUnverifiedAddressOfAnAdminWithAnEvent(t *testing.T) {
	b := newBed(t, func(in *identity.Settings) { in.NewMembers = identity.Add })
	before := b.Logged()
	b.refused(second(b.signs(person("s-eve", b.Ada.Email, false))), identity.CheckAddress)
	if got := b.Events(audit.TargetSession, before); !slices.Equal(got, []string{"sign_in_failed " + b.Ada.Email}) {
		t.Errorf("%q", got)
	}
	// With the domain listed, the same claims are believed.
	_, err := b.use.Change(t.Context(), b.Admin, b.p.ID, identity.Settings{Name: "Acme Login", Issuer: b.p.Issuer, ClientID: b.p.ClientID,
		Domains: []string{"@ACME.example"}, NewMembers: identity.Add})
	b.Must(err)
	a, err := b.signs(person("s-ada", b.Ada.Email, false))
	b.Must(err)
	if a.Started.Session.Member != b.Ada.ID {
		t.Errorf("%+v", a)
	}
}

// Each answer that does not belong to a request of this browser is refused, with an event, before a code is exchanged.
func TestFinish_RefusesAnswersOfOtherRequests(t *testing.T) {
	b := newBed(t, nil)
	other := oidctest.Start(t, b.Clock.Now)
	q := b.add(other, func(in *identity.Settings) { in.Name = "Other" })
	_, err := b.use.Enable(t.Context(), b.Admin.Caller(), q.ID, true)
	b.Must(err)
	bo := b.Member("Bo")
	b.idp.Do(func() { b.idp.Claims = person("s-bo", bo.Email, true) })
	for name, change := range map[string]func(provider *string, d *identity.Departure, a *identity.Answer){
		"no state":       func(_ *string, _ *identity.Departure, a *identity.Answer) { a.State = "" },
		"invented state": func(_ *string, _ *identity.Departure, a *identity.Answer) { a.State = "x." + rand.Text() },
		"changed state": func(_ *string, _ *identity.Departure, a *identity.Answer) {
			a.State = a.State[:len(a.State)-4] + "AAAA"
		},
		"no cookie":        func(_ *string, d *identity.Departure, _ *identity.Answer) { d.Browser = "" },
		"another browser":  func(_ *string, d *identity.Departure, _ *identity.Answer) { d.Browser = strings.Repeat("A", 43) },
		"another provider": func(p *string, _ *identity.Departure, _ *identity.Answer) { *p = q.ID },
		"used before": func(p *string, d *identity.Departure, a *identity.Answer) {
			_, err := b.use.Finish(t.Context(), *p, d.Browser, *a, signin.Browser{}, origin())
			b.Must(err)
		},
		"too late": func(*string, *identity.Departure, *identity.Answer) { b.Clock.Pass(16 * time.Minute) },
		"a trial": func(_ *string, d *identity.Departure, a *identity.Answer) {
			*d, err = b.use.StartTry(t.Context(), b.Admin, b.p.ID, d.Browser)
			b.Must(err)
			a.State = b.back(*d).State
		},
	} {
		b.Clock.Pass(2 * time.Second)
		d, err := b.use.Start(t.Context(), b.p.ID, "", "/", origin())
		b.Must(err)
		a, provider := b.back(d), b.p.ID
		change(&provider, &d, &a)
		before := b.Logged()
		_, err = b.use.Finish(t.Context(), provider, d.Browser, a, signin.Browser{}, origin())
		t.Log(name)
		b.refused(err, identity.CheckRequest)
		if got := b.Events(audit.TargetSession, before); len(got) != 1 || !strings.HasPrefix(got[0], "sign_in_failed") {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// A state of one tab with the code of another is refused: the code is bound to the state by PKCE and the nonce.
func TestFinish_RefusesTheCodeOfAnotherTab(t *testing.T) {
	b := newBed(t, nil)
	bo := b.Member("Bo")
	b.idp.Do(func() { b.idp.Claims = person("s-bo", bo.Email, true) })
	one, err := b.use.Start(t.Context(), b.p.ID, "", "/", origin())
	b.Must(err)
	two, err := b.use.Start(t.Context(), b.p.ID, one.Browser, "/tokens", origin())
	b.Must(err)
	if two.Browser != one.Browser {
		t.Fatal("the second tab ends the first")
	}
	a, c := b.back(one), b.back(two)
	swapped := a
	swapped.Code = c.Code
	b.refused(second(b.use.Finish(t.Context(), b.p.ID, one.Browser, swapped, signin.Browser{}, origin())), identity.CheckCode)
	// A third tab is not disturbed.
	three, err := b.use.Start(t.Context(), b.p.ID, one.Browser, "/tokens", origin())
	b.Must(err)
	if _, err := b.use.Finish(t.Context(), b.p.ID, three.Browser, b.back(three), signin.Browser{}, origin()); err != nil {
		t.Error(err)
	}
}

func TestFinish_RefusesTheDeactivatedOnEveryPath(t *testing.T) {
	b := newBed(t, func(in *identity.Settings) { in.NewMembers, in.Domains = identity.Add, []string{"acme.example"} })
	bo, cy := b.Member("Bo"), b.Member("Cy")
	a, err := b.signs(person("s-bo", bo.Email, true))
	b.Must(err)
	for _, m := range []account.Member{bo, cy} {
		_, err = b.Members.Deactivate(t.Context(), b.Admin.Caller(), m.ID)
		b.Must(err)
	}
	if b.live(a.Started.Secret) {
		t.Error("the session of a deactivated member works")
	}
	b.refused(second(b.signs(person("s-bo", bo.Email, true))), identity.CheckMember)            // by subject
	b.refused(second(b.signs(person("s-cy", cy.Email, true))), identity.CheckMember)            // by address
	b.refused(second(b.signs(person("s-bo", "new@acme.example", true))), identity.CheckMember)  // with a new address
	b.refused(second(b.signs(person("s-cy", " CY@acme.example ", true))), identity.CheckMember) // in other letters
}

func TestFinish_AddsNewMembersAsTheProviderSays(t *testing.T) {
	b := newBed(t, func(in *identity.Settings) { in.NewMembers = identity.Add })
	a, err := b.signs(person("s-new", "New@acme.example", true))
	b.Must(err)
	m, err := b.Store.Member(t.Context(), b.Org, a.Started.Session.Member)
	b.Must(err)
	if m.Email != "new@acme.example" || m.Name != "The Name" || m.Role != access.RoleMember ||
		b.Allows(m.ID, b.Prod, "source:create_delete", "") {
		t.Errorf("%+v", m)
	}
	b.refused(second(b.signs(person("s-eve", "eve@acme.example", false))), identity.CheckAddress)
}

func TestFinish_NewMembersWaitForAnAdmin(t *testing.T) {
	b := newBed(t, func(in *identity.Settings) { in.NewMembers = identity.Wait })
	_, err := b.signs(person("s-new", "new@acme.example", true))
	var r *identity.Rejection
	if !errors.As(err, &r) || !strings.Contains(r.Text, "An Admin must activate it") {
		t.Fatal(err)
	}
	m, _, err := b.Store.MemberNamed(t.Context(), b.Org, "new@acme.example")
	b.Must(err)
	b.refused(second(b.signs(person("s-new", "new@acme.example", true))), identity.CheckMember)
	_, err = b.Members.Reactivate(t.Context(), b.Admin.Caller(), m.ID)
	b.Must(err)
	a, err := b.signs(person("s-new", "new@acme.example", true))
	b.Must(err)
	if a.Started.Session.Member != m.ID {
		t.Errorf("%+v", a)
	}
}

func TestFinish_AppliesGroupsAtEachSignIn(t *testing.T) {
	b := newBed(t, nil)
	bo := b.Member("Bo")
	b.Group("Engineers", b.Prod)
	ops := b.Group("Operators")
	b.rules(identity.Rules{Claim: "groups", Table: []string{"cn=eng,dc=acme = engineers", "ops = Operators"}, AdminGroup: "bosses"})
	in := func() []string {
		list, err := b.Store.GroupsOfMembers(t.Context(), b.Org, []string{bo.ID})
		b.Must(err)
		return account.Names(list[bo.ID])
	}
	role := func() access.Role {
		m, err := b.Store.Member(t.Context(), b.Org, bo.ID)
		b.Must(err)
		return m.Role
	}
	b.Join(ops.ID, bo.ID)
	for _, step := range []struct {
		groups any
		want   []string
		role   access.Role
	}{
		{[]string{"cn=eng,dc=acme", "unknown"}, []string{"Engineers"}, access.RoleMember},
		{nil, []string{"Engineers"}, access.RoleMember},
		{[]string{"bosses", "ops"}, []string{"Operators"}, access.RoleAdmin},
		{[]string{"ops"}, []string{"Operators"}, access.RoleMember},
		{[]string{"bosses"}, []string{}, access.RoleAdmin},
		{[]string{}, []string{}, access.RoleMember},
	} {
		_, err := b.signs(person("s-bo", bo.Email, true, "groups", step.groups))
		b.Must(err)
		if got := in(); !slices.Equal(got, step.want) || role() != step.role {
			t.Errorf("after %v: %q %s", step.groups, got, role())
		}
	}
	// An Admin demotes Bo: the group does not undo that.
	_, err := b.signs(person("s-bo", bo.Email, true, "groups", []string{"bosses"}))
	b.Must(err)
	b.Clock.Pass(time.Minute)
	_, err = b.Members.MakeMember(t.Context(), b.Admin.Caller(), bo.ID)
	b.Must(err)
	_, err = b.signs(person("s-bo", bo.Email, true, "groups", []string{"bosses"}))
	b.Must(err)
	if role() != access.RoleMember {
		t.Error("the group undoes what an Admin did")
	}
	if got := b.Events(audit.TargetGroup, 0); !slices.Contains(got, "member_added Engineers") ||
		!slices.Contains(got, "member_removed Engineers") {
		t.Errorf("%q", got)
	}
}

func TestFinish_LeavesTheLastAdmin(t *testing.T) {
	b := newBed(t, nil)
	b.rules(identity.Rules{Claim: "groups", AdminGroup: "bosses"})
	a, err := b.signs(person("s-ada", b.Ada.Email, true, "groups", []string{}))
	b.Must(err)
	m, err := b.Store.Member(t.Context(), b.Org, b.Ada.ID)
	b.Must(err)
	if m.Role != access.RoleAdmin || !b.live(a.Started.Secret) {
		t.Error("the last Admin is none any more")
	}
}

// Each line is an attack on a whole sign-in. It leaves one event, which names the check, and no session.
func TestFinish_EachAttackLeavesAnEvent(t *testing.T) {
	b := newBed(t, func(in *identity.Settings) { in.NewMembers = identity.Add })
	stranger := oidctest.NewKey(t)
	for _, attack := range []struct {
		name   string
		claims map[string]any
		raw    func(map[string]any) string
		answer func(*identity.Answer)
		check  string
	}{
		{name: "alg none", raw: oidctest.Unsigned, check: identity.CheckSignature},
		{name: "HS256", raw: func(c map[string]any) string { return oidctest.SignWithSecret([]byte(strings.Repeat("k", 32)), c) },
			check: identity.CheckSignature},
		{name: "key of another provider", raw: func(c map[string]any) string { return oidctest.Sign(stranger, c) },
			check: identity.CheckSignature},
		{name: "other issuer", claims: map[string]any{"iss": "https://evil.example"}, check: identity.CheckIssuer},
		{name: "wrong audience", claims: map[string]any{"aud": "another"}, check: identity.CheckAudience},
		{name: "expired", claims: map[string]any{"exp": 1}, check: identity.CheckTime},
		{name: "early", claims: map[string]any{"iat": b.Clock.Now().Add(time.Hour).Unix()}, check: identity.CheckTime},
		{name: "wrong nonce", claims: map[string]any{"nonce": "another"}, check: identity.CheckNonce},
		{name: "mix-up", answer: func(a *identity.Answer) { a.Issuer = "https://evil.example" }, check: identity.CheckOrigin},
		{name: "code injection", answer: func(a *identity.Answer) { a.Code = "of another request" }, check: identity.CheckCode},
		{name: "1 MB token", claims: map[string]any{"name": strings.Repeat("n", 1<<20)}, check: identity.CheckCode},
		{name: "5,000 groups", claims: map[string]any{"groups": strings.Split(strings.Repeat("g,", 5000), ",")}, check: identity.CheckGroups},
		{name: "unverified address of an Admin", claims: person("s", b.Ada.Email, false), check: identity.CheckAddress},
	} {
		b.Clock.Pass(2 * time.Second)
		b.idp.Do(func() { b.idp.Claims, b.idp.Raw = attack.claims, attack.raw })
		d, err := b.use.Start(t.Context(), b.p.ID, "", "/", origin())
		b.Must(err)
		a := b.back(d)
		if attack.answer != nil {
			attack.answer(&a)
		}
		before := b.Logged()
		t.Log(attack.name)
		b.refused(second(b.use.Finish(t.Context(), b.p.ID, d.Browser, a, signin.Browser{}, origin())), attack.check)
		events, err := b.Store.RecentEvents(t.Context(), b.Org, "", 1)
		b.Must(err)
		if e := events[0]; b.Logged() != before+1 || e.Action != audit.SignInFailed ||
			!strings.Contains(e.After, `"check":"`+attack.check+`"`) || e.Origin.IP != origin().IP {
			t.Errorf("%s: %+v", attack.name, events[0])
		}
	}
}

// What a provider says is bounded before it is in the log.
func TestFinish_BoundsWhatItRecords(t *testing.T) {
	b := newBed(t, nil)
	long := strings.Repeat("x", 30_000)
	for check, claims := range map[string]map[string]any{
		identity.CheckAddress: person("s-eve", long+"@evil.example", true, "name", long, "hd", long, "sid", long),
		identity.CheckClaims:  person(long, "eve@evil.example", true),
		identity.CheckNonce:   person("s-eve", "eve@evil.example", true, "azp", long),
	} {
		before := b.Logged()
		b.refused(second(b.signs(claims)), check)
		events, err := b.Store.RecentEvents(t.Context(), b.Org, "", 1)
		b.Must(err)
		if e := events[0]; e.Seq != before+1 || len(e.After)+len(e.Target.Name) > 3000 {
			t.Errorf("%s: %d bytes", check, len(e.After)+len(e.Target.Name))
		}
	}
}

// sent counts the emails that were sent.
type sent struct{ n atomic.Int32 }

func (s *sent) Send(context.Context, string, string, string) error {
	s.n.Add(1)
	return nil
}

// A browser is new or known whether a provider or a password signs the member in.
func TestFinish_TellsOfNewBrowsersAsPasswordsDo(t *testing.T) {
	b, box := newBed(t, nil), &sent{}
	b.signIn = signin.New(store.SignIns(b.Store), signin.NewArgon2(signin.Cost{MemoryKiB: 8, Iterations: 1}), access.BuiltIn(),
		signin.WithMailer(box))
	b.wire()
	bo := b.Member("Bo")
	arrive := func(from signin.Browser) identity.Arrival {
		b.Clock.Pass(2 * time.Second)
		b.idp.Do(func() { b.idp.Claims = person("s-bo", bo.Email, true) })
		d, err := b.use.Start(t.Context(), b.p.ID, "", "", origin())
		b.Must(err)
		a, err := b.use.Finish(t.Context(), b.p.ID, d.Browser, b.back(d), from, origin())
		b.Must(err)
		return a
	}
	first := arrive(signin.Browser{}) // the very first sign-in is no news
	arrive(signin.Browser{Marker: first.Marker})
	other := arrive(signin.Browser{}) // the only news
	arrive(signin.Browser{Marker: other.Marker})
	stopped, stop := context.WithCancel(t.Context())
	stop()
	b.signIn.RunMail(stopped, slog.New(slog.DiscardHandler)) // sends what waits
	if n := box.n.Load(); n != 1 || first.Marker == "" || other.Marker == "" {
		t.Errorf("%d emails, want 1; markers %q, %q", n, first.Marker, other.Marker)
	}
}

// Somebody comes back from a provider that an Admin has disabled meanwhile.
func TestFinish_SaysThatAProviderIsSwitchedOff(t *testing.T) {
	b := newBed(t, nil)
	d, err := b.use.Start(t.Context(), b.p.ID, "", "", origin())
	b.Must(err)
	a := b.back(d)
	_, err = b.use.Enable(t.Context(), b.Admin.Caller(), b.p.ID, false)
	b.Must(err)
	_, err = b.use.Finish(t.Context(), b.p.ID, d.Browser, a, signin.Browser{}, origin())
	b.refused(err, identity.CheckRequest)
	if err.Error() != "Signing in with Acme Login is switched off. Ask an Admin." {
		t.Error(err)
	}
}

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
