package web_test

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/fault"
	"latchkey/internal/identity"
	"latchkey/internal/signin"
	"latchkey/internal/signin/oidc/oidctest"
	"latchkey/internal/signin/saml/samltest"
	"latchkey/internal/store"
)

const providers = administration + "/identity-providers"

// login is an identity provider of a test and what the server knows it as.
type login struct {
	*oidctest.Provider
	id     string
	secret string // of the session of somebody who signed in with it
	member string // who that is
}

// newLogin starts an identity provider, adds and enables it, and signs in somebody who becomes a member by that.
func (s *site) newLogin(t testing.TB, admin actor.Standing) login {
	t.Helper()
	ctx, idp := context.Background(), oidctest.Start(t, s.now)
	in := identity.Settings{Name: "Acme " + rand.Text()[:6], Issuer: idp.URL, ClientID: oidctest.ClientID,
		Secret: oidctest.Secret, NewMembers: identity.Add}
	p, err := s.app.Identity.Add(ctx, admin, in, "")
	if errors.Is(err, fault.ErrFull) { // each request of a table has one of its own
		var list []identity.Provider
		if list, err = s.app.Identity.List(ctx, admin); err == nil {
			_, err = s.app.Identity.Remove(ctx, admin.Caller(), list[0].ID)
		}
		if err == nil {
			p, err = s.app.Identity.Add(ctx, admin, in, "")
		}
	}
	if err == nil {
		_, err = s.app.Identity.Enable(ctx, admin.Caller(), p.ID, true)
	}
	if err != nil {
		t.Fatal(err)
	}
	l := login{Provider: idp, id: p.ID}
	idp.Do(func() {
		idp.Claims = map[string]any{"sub": "s-1", "email": strings.ToLower(rand.Text()) + "@acme.example", "email_verified": true, "sid": "sid-1"}
	})
	d, err := s.app.Identity.Start(ctx, p.ID, "", "", actor.Origin{IP: "192.0.2.1"})
	if err != nil {
		t.Fatal(err)
	}
	arrival, err := s.app.Identity.Finish(ctx, p.ID, d.Browser, l.answer(t, d.Address), signin.Browser{}, actor.Origin{IP: "192.0.2.1"})
	if err != nil {
		t.Fatal(err)
	}
	l.secret, l.member = arrival.Started.Secret, arrival.Started.Session.Member
	return l
}

// answer goes to the provider and returns what the browser brings back.
func (l login) answer(t testing.TB, address string) identity.Answer {
	t.Helper()
	u, err := url.Parse(l.back(t, address))
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	return identity.Answer{State: q.Get("state"), Code: q.Get("code"), Issuer: q.Get("iss")}
}

// back returns the address to which the provider sends the browser back.
func (l login) back(t testing.TB, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return l.Back(u.Query())
}

// newProvider adds an identity provider with a linked member.
func (s *site) newProvider(t testing.TB, admin actor.Standing) string { return s.newLogin(t, admin).id }

// newSAML starts a provider of SAML, adds and enables it.
func (s *site) newSAML(t testing.TB, admin actor.Standing) (*samltest.Provider, string) {
	t.Helper()
	ctx, idp := context.Background(), samltest.Start(t, s.now)
	in := identity.Settings{Preset: "saml", Name: "SAML " + rand.Text()[:6], MetadataURL: idp.URL, NewMembers: identity.Add,
		Domains: []string{strings.ToLower(rand.Text()) + ".example"}}
	p, err := s.app.Identity.Add(ctx, admin, in, "")
	if errors.Is(err, fault.ErrFull) {
		var list []identity.Provider
		if list, err = s.app.Identity.List(ctx, admin); err == nil {
			_, err = s.app.Identity.Remove(ctx, admin.Caller(), list[0].ID)
		}
		if err == nil {
			p, err = s.app.Identity.Add(ctx, admin, in, "")
		}
	}
	if err == nil {
		p, err = s.app.Identity.Enable(ctx, admin.Caller(), p.ID, true)
	}
	if err != nil {
		t.Fatal(err)
	}
	return idp, p.ID
}

func (s *site) newSAMLProvider(t testing.TB, admin actor.Standing) string {
	_, id := s.newSAML(t, admin)
	return id
}

// answerTo begins a sign-in in a browser, and returns the path and the form of the provider's answer.
func answerTo(t testing.TB, b *browser, idp *samltest.Provider, id, email string) (string, url.Values) {
	t.Helper()
	return answerAt(t, b, idp, id, "/sso/saml/"+id+"/start?next=/settings/profile", func(r samltest.Request) string {
		return idp.Answer(r, func(a *samltest.Answer) { a.Attributes = map[string][]string{"email": {email}} })
	})
}

// answerAt is answerTo for what begins at another address. say is what the provider answers.
func answerAt(t testing.TB, b *browser, idp *samltest.Provider, id, start string, say func(samltest.Request) string) (string, url.Values) {
	t.Helper()
	away := b.get(start)
	b.secure = (&http.Response{Header: away.header}).Cookies()
	if away.status != http.StatusSeeOther {
		t.Fatal(away.status, away.body)
	}
	r := idp.Read(away.header.Get("Location"))
	return "/sso/saml/" + id + "/acs", url.Values{"RelayState": {r.Relay}, "SAMLResponse": {samltest.Encode(say(r))}}
}

// postAcross posts a form from a page of another site: a browser sends only the cookie along that is for this.
func (b *browser) postAcross(path string, form url.Values) answer {
	b.t.Helper()
	r, err := http.NewRequest(http.MethodPost, b.site.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header = http.Header{"Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://idp.example"},
		"Content-Type": {"application/x-www-form-urlencoded"}}
	// A jar over plain HTTP keeps the Secure cookie to itself; a browser at localhost does not.
	for _, c := range b.secure {
		if c.SameSite == http.SameSiteNoneMode && c.Secure && c.HttpOnly {
			r.AddCookie(c)
		}
	}
	return b.do(r)
}

// linkedMember returns the member who is linked to a provider.
func (s *site) linkedMember(t testing.TB, admin actor.Standing, provider string) string {
	t.Helper()
	list, err := s.app.Identity.Linked(context.Background(), admin, provider, 1)
	if err != nil || len(list) == 0 {
		t.Fatal(list, err)
	}
	return list[0].Member
}

// providerActs are about identity providers.
func providerActs() []act {
	const one = providers + "/:id"
	add := func(r *rig) login { return r.newLogin(r.t, r.caller(r.t, adminEmail)) }
	on := func(path string, pairs ...string) func(*rig) sent {
		return func(r *rig) sent { return r.admin.form(providers+"/"+add(r).id+path, pairs...) }
	}
	return []act{
		{"POST " + providers, func(r *rig) sent {
			idp := oidctest.Start(r.t, r.now)
			return r.admin.form(providers, "name", "Okta", "issuer", idp.URL, "client_id", "c", "client_secret", "s", "new_members", "refuse",
				"submission", submission(r.t, r.admin.get(providers+"/new?preset=okta")))
		}, "identity_provider.created"},
		{"POST " + one + "/edit", func(r *rig) sent {
			l := add(r)
			return r.admin.form(providers+"/"+l.id+"/edit", "name", "Renamed", "issuer", l.URL, "client_id", "d", "new_members", "wait")
		}, "identity_provider.updated"},
		{"POST " + one + "/groups", on("/groups", "groups_claim", "roles", "admin_group", "bosses"), "identity_provider.updated"},
		{"POST " + one + "/disable", on("/disable"), "identity_provider.updated"},
		{"POST " + one + "/enable", func(r *rig) sent {
			at := providers + "/" + add(r).id
			if got := r.admin.post(at+"/disable", nil); got.status != http.StatusSeeOther {
				r.t.Fatal(got.status)
			}
			return r.admin.form(at + "/enable")
		}, "identity_provider.updated"},
		{"POST " + one + "/remove", on("/remove"), "identity_provider.deleted"},
		{"POST " + one + "/members/:member/unlink", func(r *rig) sent {
			l := add(r)
			return r.admin.form(providers + "/" + l.id + "/members/" + l.member + "/unlink")
		}, "user.identity_unlinked"},
		{"POST " + one + "/domains/:domain/require", func(r *rig) sent {
			return r.admin.form(r.requirable())
		}, "identity_provider.updated"},
		{"POST " + one + "/domains/:domain/free", func(r *rig) sent {
			at := r.requirable()
			parts, by := strings.Split(at, "/"), r.caller(r.t, adminEmail).Caller()
			if _, err := r.app.Identity.Require(context.Background(), by, parts[len(parts)-4], parts[len(parts)-2]); err != nil {
				r.t.Fatal(err)
			}
			return r.admin.form(strings.TrimSuffix(at, "require") + "free")
		}, "identity_provider.updated"},
		{"POST /sso/oidc/:id/backchannel-logout", func(r *rig) sent {
			l := add(r)
			return r.browser(r.t).form("/sso/oidc/"+l.id+"/backchannel-logout", "logout_token", l.logoutToken())
		}, "session.signed_out"},
	}
}

// requirable returns the address that makes the people of a domain use a new provider, which the Admin may post to.
func (r *rig) requirable() string {
	r.t.Helper()
	admin := r.caller(r.t, adminEmail)
	_, id := r.newSAML(r.t, admin)
	p, err := r.app.Identity.Get(context.Background(), admin, id)
	if err != nil {
		r.t.Fatal(err)
	}
	keeper := account.Member{ID: rand.Text() + "K", Organization: admin.Organization,
		Email: strings.ToLower(rand.Text()) + "@keeper.example", Name: "Keeper",
		Role: access.RoleAdmin, Status: account.Active, CreatedAt: r.now(), UpdatedAt: r.now()}
	factor := signin.Factor{ID: "F" + keeper.ID, Member: keeper.ID, Kind: signin.CodeFactor, Name: "App", CreatedAt: r.now()}
	err = r.app.Store.InTx(context.Background(), actor.System(admin.Organization), func(tx *store.Tx) error {
		ctx := context.Background()
		if err := errors.Join(tx.SaveTrial(ctx, id, admin.ID), tx.InsertMember(ctx, keeper, "a hash"),
			tx.InsertFactor(ctx, factor, signin.Sealed{Path: "p", Key: "k", Value: []byte{1}})); err != nil {
			return err
		}
		_, err := tx.ConfirmFactor(ctx, keeper.ID, factor.ID)
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return providers + "/" + id + "/domains/" + p.Domains[0] + "/require"
}

// logoutToken returns a token that ends the session of who signed in with the provider.
func (l login) logoutToken() string {
	return oidctest.Sign(l.Key, l.With(map[string]any{"jti": rand.Text(), "nonce": nil, "email": nil,
		"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}}}))
}

// arrives goes the way of a browser: to the provider, back, and on. It returns the last answer.
func (l login) arrives(b *browser, path string) answer {
	b.t.Helper()
	away := b.get(path)
	if away.status != http.StatusSeeOther || !strings.HasPrefix(away.header.Get("Location"), l.URL+"/authorize?") {
		b.t.Fatalf("%s: %d %s", path, away.status, away.header.Get("Location"))
	}
	u, err := url.Parse(l.back(b.t, away.header.Get("Location")))
	if err != nil {
		b.t.Fatal(err)
	}
	return b.get(u.RequestURI())
}

func TestSSO_StartsASessionAsAPasswordDoes(t *testing.T) {
	s := newSite(t)
	l := s.newLogin(t, s.caller(t, adminEmail))
	b, token := s.browser(t), ""
	l.Do(func() {
		l.Raw = func(claims map[string]any) string { token = oidctest.Sign(l.Key, claims); return token }
	})
	if page := b.get("/sign-in?next=/settings/profile"); !strings.Contains(page.body, "/sso/oidc/"+l.id+"/start?next=%2Fsettings%2Fprofile") {
		t.Error("the sign-in page does not offer the provider")
	}
	got := l.arrives(b, "/sso/oidc/"+l.id+"/start?next=/settings/profile")
	if got.status != http.StatusSeeOther || got.header.Get("Location") != "/settings/profile" {
		t.Fatalf("%d %s %s", got.status, got.header.Get("Location"), got.body)
	}
	if page := b.get("/settings/profile"); page.status != http.StatusOK || !strings.Contains(page.body, "@acme.example") ||
		strings.Contains(page.body, token) {
		t.Error(page.status)
	}
	assertNowhere(t, s, "the ID token", token)
	// Signing out ends the session there as well, by a page and not by a redirect.
	out := b.post("/sign-out", nil)
	if out.status != http.StatusOK || !strings.HasPrefix(out.header.Get("Refresh"), "0; url="+l.URL+"/end?") ||
		out.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %s", out.status, out.header)
	}
	if page := b.get("/settings/profile"); page.status != http.StatusSeeOther {
		t.Error("still signed in")
	}
}

// A browser is known by its marker whichever way a member signs in.
func TestSSO_KeepsTheMarkerOfTheBrowser(t *testing.T) {
	s := newSite(t)
	l := s.newLogin(t, s.caller(t, adminEmail))
	b := s.browser(t)
	marker := func() string {
		for _, c := range b.cookies() {
			if c.Name == "latchkey_browser" {
				return c.Value
			}
		}
		return ""
	}
	l.arrives(b, "/sso/oidc/"+l.id+"/start")
	first := marker()
	if l.arrives(b, "/sso/oidc/"+l.id+"/start"); first == "" || marker() != first {
		t.Errorf("marker %q, then %q", first, marker())
	}
}

// No parameter of a sign-in leads to another site, and a session that was planted before is not taken over.
func TestSSO_LeadsNowhereElse(t *testing.T) {
	s := newSite(t)
	l := s.newLogin(t, s.caller(t, adminEmail))
	for _, next := range []string{"https://evil.example", "//evil.example", "/\\evil.example", "/%0d%0aSet-Cookie:x", "/../x",
		"javascript:alert(1)", "/sign-in", "/sign-out"} {
		b := s.browser(t)
		if got := l.arrives(b, "/sso/oidc/"+l.id+"/start?next="+url.QueryEscape(next)); got.status != http.StatusSeeOther ||
			got.header.Get("Location") != "/" {
			if next != "/%0d%0aSet-Cookie:x" || strings.ContainsAny(got.header.Get("Location"), "\r\n") {
				t.Errorf("%q: %d %s", next, got.status, got.header.Get("Location"))
			}
		}
	}
	b := s.signedIn(t, viewerEmail)
	before := sessionCookie(b)
	if got := l.arrives(b, "/sso/oidc/"+l.id+"/start"); got.status != http.StatusSeeOther {
		t.Fatal(got.status)
	}
	if after := sessionCookie(b); after == before || after == "" {
		t.Error("the session before goes on")
	}
}

func sessionCookie(b *browser) string {
	for _, c := range b.cookies() {
		if c.Name == "latchkey_session" {
			return c.Value
		}
	}
	return ""
}

// Somebody lures a browser to an answer that another browser began: nobody is signed in, and it is in the log.
func TestSSO_RefusesTheAnswerOfAnotherBrowser(t *testing.T) {
	s := newSite(t)
	l := s.newLogin(t, s.caller(t, adminEmail))
	attacker, victim := s.browser(t), s.browser(t)
	away := attacker.get("/sso/oidc/" + l.id + "/start")
	u, err := url.Parse(l.back(t, away.header.Get("Location")))
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string]*browser{"without a cookie": victim, "with its own": func() *browser {
		b := s.browser(t)
		b.get("/sso/oidc/" + l.id + "/start")
		return b
	}()} {
		got := b.get(u.RequestURI())
		if got.status != http.StatusForbidden || sessionCookie(b) != "" || !strings.Contains(got.body, "Tell your Admin this code") {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	if got := victim.get(u.Path + "?code=a&state=b&state=c"); got.status != http.StatusForbidden {
		t.Error(got.status)
	}
	// The attacker's own answer still works, once.
	if got := attacker.get(u.RequestURI()); got.status != http.StatusSeeOther {
		t.Error(got.status)
	}
	if got := attacker.get(u.RequestURI()); got.status != http.StatusForbidden {
		t.Error("an answer works twice")
	}
}

func TestSSO_ForADomainLeadsToItsProvider(t *testing.T) {
	s := newSite(t)
	admin := s.caller(t, adminEmail)
	l := s.newLogin(t, admin)
	_, err := s.app.Identity.Change(t.Context(), admin, l.id, identity.Settings{Name: "Acme Login", Issuer: l.URL, ClientID: oidctest.ClientID,
		Domains: []string{"acme.example"}, NewMembers: identity.Refuse})
	if err != nil {
		t.Fatal(err)
	}
	b := s.browser(t)
	for _, query := range []string{"domain=acme.example", "domain=ACME.example", "address=bo%40acme.example"} {
		got := b.get("/sso?next=/tokens&" + query)
		if got.status != http.StatusOK || got.header.Get("Refresh") != "0; url=/sso/oidc/"+l.id+"/start?next=%2Ftokens" ||
			!strings.Contains(got.body, "Continue with Acme Login") {
			t.Errorf("%s: %d %s", query, got.status, got.header.Get("Refresh"))
		}
	}
	if got := b.get("/sso?domain=elsewhere.example"); got.status != http.StatusNotFound || got.header.Get("Refresh") != "" ||
		!strings.Contains(got.body, "No single sign-on is set up") {
		t.Error(got.status)
	}
	if page := b.get("/sign-in"); !strings.Contains(page.body, "Use single sign-on") {
		t.Error("the sign-in page does not ask for the address")
	}
}

func TestSSO_TryItShowsEverythingAndStartsNothing(t *testing.T) {
	s := newSite(t)
	l := s.newLogin(t, s.caller(t, adminEmail))
	b := s.signedIn(t, adminEmail)
	before := sessionCookie(b)
	l.Do(func() { l.Claims["sub"] = "somebody" })
	got := l.arrives(b, providers+"/"+l.id+"/try")
	if got.status != http.StatusOK || sessionCookie(b) != before {
		t.Fatal(got.status, got.body)
	}
	for _, want := range []string{"This sign-in would be refused", "Fail", "is linked to another account of this provider",
		"email_verified", "somebody"} {
		if !strings.Contains(got.body, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	l.Do(func() { l.Claims["sub"] = "s-1" })
	if got := l.arrives(b, providers+"/"+l.id+"/try"); !strings.Contains(got.body, "All checks passed.") ||
		!strings.Contains(got.body, "Signs in") {
		t.Error(got.body)
	}
	// What somebody who could not sign in was told is found by its code.
	l.Do(func() { l.Claims["sub"] = "somebody" })
	refused := l.arrives(s.browser(t), "/sso/oidc/"+l.id+"/start")
	_, code, _ := strings.Cut(refused.body, "<strong>")
	code, _, _ = strings.Cut(code, "</strong>")
	if got := b.get(providers + "/failure?code=" + strings.ToLower(strings.ReplaceAll(code, "-",
		""))); got.status != http.StatusOK || !strings.Contains(got.body, "linked to another account") {
		t.Error(code, got.status)
	}
	if page := b.get(providers + "/" + l.id); strings.Contains(page.body, oidctest.Secret) ||
		!strings.Contains(page.body, "/sso/oidc/"+l.id+"/callback") || !strings.Contains(page.body, code) {
		t.Error("the page of the provider")
	}
	if page := b.get(providers + "/" + l.id + "/edit"); strings.Contains(page.body, oidctest.Secret) {
		t.Error("the form shows the secret")
	}
}

func TestSSO_ProvidersAreRefusedWithASentence(t *testing.T) {
	s := newSite(t)
	b := s.signedIn(t, adminEmail)
	form := url.Values{"name": {"Entra"}, "issuer": {"https://login.microsoftonline.com/common/v2.0"}, "client_id": {"c"},
		"client_secret": {"very-secret"},
		"new_members":   {"refuse"}, "preset": {"entra"}, "submission": {submission(t, b.get(providers+"/new?preset=entra"))}}
	got := b.post(providers, form)
	if got.status != http.StatusUnprocessableEntity && got.status != http.StatusBadRequest ||
		!strings.Contains(got.body, "Enter the issuer of your own tenant") || strings.Contains(got.body, "very-secret") {
		t.Errorf("%d %s", got.status, got.body)
	}
	form.Set("issuer", "https://10.0.0.1")
	if got := b.post(providers, form); !strings.Contains(got.body, "--provider-allow") {
		t.Error("a private address is not refused")
	}
}

// The answer of a provider of SAML comes from a page of another site, without the cookies of a session. It signs in the browser that
// began, and no other.
func TestSAML_TakesTheAnswerAcrossSites(t *testing.T) {
	s := newSite(t)
	admin := s.caller(t, adminEmail)
	idp, id := s.newSAML(t, admin)
	p, err := s.app.Identity.Get(context.Background(), admin, id)
	if err != nil {
		t.Fatal(err)
	}
	b, other := s.browser(t), s.browser(t)
	path, form := answerTo(t, b, idp, id, "new@"+p.Domains[0])
	if got := other.postAcross(path, form); got.status != http.StatusForbidden || !strings.Contains(got.body, "Tell your Admin this code") {
		t.Errorf("another browser: %d", got.status)
	}
	on := b.postAcross(path, form)
	if on.status != http.StatusSeeOther || sessionCookie(b) != "" {
		t.Fatalf("%d %s", on.status, on.body)
	}
	if got := other.get(on.header.Get("Location")); got.status != http.StatusForbidden || sessionCookie(other) != "" {
		t.Errorf("another browser goes on: %d", got.status)
	}
	if got := b.get(on.header.Get("Location")); got.status != http.StatusSeeOther || got.header.Get("Location") != "/settings/profile" {
		t.Errorf("%d %s", got.status, got.header.Get("Location"))
	}
	if page := b.get("/settings/profile"); page.status != http.StatusOK {
		t.Error(page.status)
	}
	if got := b.postAcross(path, form); got.status != http.StatusForbidden {
		t.Errorf("again: %d", got.status)
	}
	// No other form comes across sites.
	if got := b.postAcross("/sign-out", nil); got.status != http.StatusForbidden {
		t.Errorf("sign-out: %d", got.status)
	}
}
