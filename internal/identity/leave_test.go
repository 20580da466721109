package identity_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/internal/account"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/identity"
	"latchkey/internal/signin"
	"latchkey/internal/signin/oidc/oidctest"
	"latchkey/internal/store"
	"latchkey/internal/store/storetest"
)

func TestLogout_EndsTheSessionsThatTheProviderNames(t *testing.T) {
	b := newBed(t, nil)
	bo, cy := b.Member("Bo"), b.Member("Cy")
	in := func(m account.Member, sub, sid string) string {
		a, err := b.signs(person(sub, m.Email, true, "sid", sid))
		b.Must(err)
		return a.Started.Secret
	}
	one, two, other := in(bo, "s-bo", "1"), in(bo, "s-bo", "2"), in(cy, "s-cy", "3")
	send := func(jti string, claims map[string]any) error {
		b.idp.Do(func() { b.idp.Claims = nil })
		all := b.idp.With(map[string]any{"jti": jti, "sub": nil,
			"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}}})
		for name, v := range claims {
			all[name] = v
		}
		return b.use.Logout(t.Context(), b.p.ID, oidctest.Sign(b.idp.Key, all), origin())
	}
	b.Must(send("j1", map[string]any{"sid": "1"}))
	if b.live(one) || !b.live(two) || !b.live(other) {
		t.Error("not exactly the named session ended")
	}
	storetest.WantKind(t, send("j1", map[string]any{"sid": "2"}), fault.Invalid) // used before
	if !b.live(two) {
		t.Error("a logout token works twice")
	}
	b.Must(send("j2", map[string]any{"sub": "s-bo"}))
	if b.live(two) || !b.live(other) {
		t.Error("not exactly the sessions of the subject ended")
	}
	storetest.WantKind(t, b.use.Logout(t.Context(), b.p.ID, "no token", origin()), fault.Invalid)
	// While the provider does not answer, nothing is refused: it may send the token again.
	b.Clock.Pass(time.Hour)
	b.idp.Do(func() {
		b.idp.Hook = func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(http.StatusBadGateway); return true }
	})
	before := b.Logged()
	storetest.WantKind(t, send("j3", map[string]any{"sub": "s-cy"}), fault.Unavailable)
	b.idp.Do(func() { b.idp.Hook = nil })
	b.Must(send("j3", map[string]any{"sub": "s-cy"}))
	if got := b.Events(audit.TargetSession, before); b.live(other) || !slices.Equal(got, []string{"signed_out " + cy.Email}) {
		t.Errorf("%q", got)
	}
}

func TestProvider_EndingItEndsItsSessions(t *testing.T) {
	b := newBed(t, nil)
	bo := b.Member("Bo")
	in := func() string {
		a, err := b.signs(person("s-bo", bo.Email, true))
		b.Must(err)
		return a.Started.Secret
	}
	secret := in()
	_, err := b.use.Unlink(t.Context(), b.Admin.Caller(), b.p.ID, bo.ID)
	b.Must(err)
	if b.live(secret) {
		t.Error("the session outlives the link")
	}
	secret = in()
	_, err = b.use.Enable(t.Context(), b.Admin.Caller(), b.p.ID, false)
	b.Must(err)
	if b.live(secret) {
		t.Error("the session outlives the provider")
	}
	storetest.WantKind(t, func() error { _, err := b.use.Start(t.Context(), b.p.ID, "", "", origin()); return err }(), fault.Denied)
	// Another issuer: links and the secret are of the old one.
	_, err = b.use.Enable(t.Context(), b.Admin.Caller(), b.p.ID, true)
	b.Must(err)
	secret = in()
	other := oidctest.Start(t, b.Clock.Now)
	_, err = b.use.Change(t.Context(), b.Admin, b.p.ID, identity.Settings{Name: "Moved", Issuer: other.URL,
		ClientID: oidctest.ClientID, NewMembers: identity.Refuse})
	b.Must(err)
	stored, err := b.Store.ProviderSecrets(t.Context(), b.p.ID)
	b.Must(err)
	if b.live(secret) || len(stored) != 0 {
		t.Error("something of the old issuer is left")
	}
	_, err = b.use.Remove(t.Context(), b.Admin.Caller(), b.p.ID)
	b.Must(err)
	if got := b.Events(audit.TargetProvider, 0); got[len(got)-1] != "deleted Moved" {
		t.Errorf("%q", got)
	}
}

// Members keep the session that they had in the browser only until they sign in anew.
func TestFinish_EndsThePreviousSession(t *testing.T) {
	b := newBed(t, nil)
	bo := b.Member("Bo")
	a, err := b.signs(person("s-bo", bo.Email, true))
	b.Must(err)
	d, err := b.use.Start(t.Context(), b.p.ID, "", "", origin())
	b.Must(err)
	next, err := b.use.Finish(t.Context(), b.p.ID, d.Browser, b.back(d), signin.Browser{Session: a.Started.Secret}, origin())
	b.Must(err)
	if b.live(a.Started.Secret) || !b.live(next.Started.Secret) || next.Started.Secret == a.Started.Secret {
		t.Error("the session before goes on, or was taken over")
	}
	leaving := b.use.Leaving(t.Context(), next.Started.Session.ID)
	address, name := b.use.Leave(t.Context(), leaving, "/sign-in")
	if name != "Acme Login" || !strings.Contains(address, "id_token_hint=ey") ||
		!strings.Contains(address, url.QueryEscape("https://latchkey.example/sign-in")) {
		t.Error(address, name)
	}
	// A session that takes the place of another, as after a new password, ends there as well.
	renewed := storetest.SignIn(t, b.Store, bo.ID).Ref.ID
	b.InTx(func(tx *store.Tx) error { return tx.MoveWay(t.Context(), next.Started.Session.ID, renewed) })
	if address, _ = b.use.Leave(t.Context(), b.use.Leaving(t.Context(), renewed), "/"); !strings.Contains(address, "id_token_hint=ey") {
		t.Error(address)
	}
}
