package web_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"latchkey/internal/actor"
	"latchkey/internal/config"
	"latchkey/internal/demo"
	"latchkey/internal/identity"
	"latchkey/internal/signin"
	"latchkey/internal/signin/saml/samltest"
	"latchkey/internal/store/pgtest"
)

// nodes returns two servers of one database, and the address of that.
func nodes(t *testing.T) (one, two *site, database string) {
	t.Helper()
	database = pgtest.Migrated(t)
	cfg := config.Config{DatabaseURL: database, SecretKeyFile: secretKeyFile(t), PublicURL: "http://localhost:4000"}
	return newSiteOn(t, cfg), newSiteOn(t, cfg), database
}

// at returns the browser, with its cookies, at another node.
func (b *browser) at(node *site) *browser {
	other := *b
	other.site = node
	return &other
}

// An answer of SAML is used once, whichever node gets it: at the same one again, at the other, and of two requests.
func TestNodes_AnAnswerOfSAMLWorksOnce(t *testing.T) {
	t.Parallel()
	one, two, _ := nodes(t)
	ctx, admin, origin := t.Context(), one.caller(t, adminEmail), actor.Origin{IP: "192.0.2.1"}
	idp, id := one.newSAML(t, admin)
	p, err := one.app.Identity.Get(ctx, admin, id)
	one.must(t, err)
	answers := func(d identity.Departure) identity.Answer {
		r := idp.Read(d.Address)
		text := idp.Answer(r, func(a *samltest.Answer) {
			a.ID, a.Attributes = "_the-same", map[string][]string{"email": {"new@" + p.Domains[0]}}
		})
		return identity.Answer{State: r.Relay, Response: samltest.Encode(text)}
	}
	refused := func(what string, err error) {
		t.Helper()
		var r *identity.Rejection
		if !errors.As(err, &r) || r.Code == "" {
			t.Errorf("%s: %v, want a rejection", what, err)
		}
	}
	receive := func(node *site, d identity.Departure, a identity.Answer) error {
		_, err := node.app.Identity.Receive(ctx, id, d.Browser, a, origin)
		return err
	}
	finish := func(node *site, d identity.Departure, a identity.Answer) (identity.Arrival, error) {
		return node.app.Identity.Finish(ctx, id, d.Browser, identity.Answer{State: a.State}, signin.Browser{}, origin)
	}
	d, err := one.app.Identity.Start(ctx, id, "", "/", origin)
	one.must(t, err)
	a := answers(d)
	one.must(t, receive(two, d, a)) // begun at the one, answered at the other
	refused("the same answer at the first node", receive(one, d, a))
	arrival, err := finish(one, d, a)
	one.must(t, err)
	if _, err := two.app.SignIn.Lookup(ctx, arrival.Started.Secret); err != nil {
		t.Errorf("the session does not work at the other node: %v", err)
	}
	for _, node := range []*site{one, two} {
		_, err := finish(node, d, a)
		refused("ending it again", err)
		refused("the answer again", receive(node, d, a))
	}
	d, err = two.app.Identity.Start(ctx, id, "", "/", origin)
	one.must(t, err)
	refused("the same assertion to another request", receive(two, d, answers(d)))
}

// What is taken from a session at one node, the other refuses at the next request.
func TestNodes_ASessionIsAsWeakAtTheOther(t *testing.T) {
	t.Parallel()
	one, two, database := nodes(t)
	r := &rig{site: one, t: t, admin: one.signedIn(t, adminEmail)}
	const profile, security = "/settings/profile", "/settings/security"
	viewer, other := one.signedIn(t, viewerEmail), one.signedIn(t, viewerEmail)
	other.at(two).get(profile).has(t, "Your Profile")

	// Ended.
	viewer.post(profile+"/sessions/end-others", nil).seeOther(t, profile)
	other.at(two).get(profile).seeOther(t, "/sign-in?next=%2Fsettings%2Fprofile")

	// Weaker than the organization requires from now on.
	id, code := r.app2FA(r.admin)
	r.admin.post(security+"/authenticator-apps/"+id, url.Values{"code": {code}}).has(t, "Recovery codes")
	r.admin.post(administration+"/sign-in/second-factor", url.Values{"who": {"everyone"}}).seeOther(t, administration+"/sign-in")
	viewer.at(two).get(profile).seeOther(t, security)
	id, code = r.app2FA(viewer)
	viewer.at(two).post(security+"/authenticator-apps/"+id, url.Values{"code": {code}}).has(t, "Recovery codes")
	viewer.get(profile).has(t, "Your Profile")
	viewer.at(two).post(security+"/second-factors/"+id+"/remove", url.Values{"password": {demo.Password}})
	viewer.get(profile).seeOther(t, security)

	// Proven too long ago: the form that one node holds is sent at the other, once.
	pgtest.Exec(t, database, `UPDATE sessions SET proven_at = 0`)
	const path = administration + "/api-clients"
	held := asked(t, r.admin.post(path, url.Values{"name": {"Billing"}, "submission": {"one"}}))
	there := r.admin.at(two)
	if got := there.post(path, confirmation(held, "wrong password", "000000")); got.status != http.StatusBadRequest {
		t.Errorf("a wrong password at the other node: %d", got.status)
	}
	pgtest.Exec(t, database, `UPDATE sessions SET proven_at = (SELECT max(created_at) FROM sessions)`)
	if got := there.post(path, url.Values{"confirm_form": {held}}); got.status != http.StatusOK || !strings.Contains(got.body, "Billing") {
		t.Errorf("%d %s", got.status, got.body)
	}
	for _, b := range []*browser{r.admin, there} {
		if got := b.post(path, url.Values{"confirm_form": {held}}); got.status != http.StatusConflict {
			t.Errorf("a second time: %d", got.status)
		}
	}
}
