package identity_test

import (
	"crypto/rand"
	"errors"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/identity"
	"latchkey/internal/outbound"
	"latchkey/internal/registry"
	"latchkey/internal/seal"
	"latchkey/internal/signin"
	"latchkey/internal/signin/oidc"
	"latchkey/internal/signin/oidc/oidctest"
	"latchkey/internal/signin/saml"
	"latchkey/internal/store"
	"latchkey/internal/store/storetest"
)

// bed is an installation with a provider that answers as a test wants.
type bed struct {
	*storetest.Bed
	use    *identity.Service
	signIn *signin.Service
	idp    *oidctest.Provider
	keys   seal.Ring
	p      identity.Provider // enabled
}

func newBed(t testing.TB, change func(*identity.Settings)) *bed {
	t.Helper()
	if t, test := t.(*testing.T); test {
		t.Parallel()
	}
	b := &bed{Bed: storetest.NewBed(t, access.PlanEnterprise)}
	key, err := seal.NewKey(rand.Reader)
	b.Must(err)
	b.keys = seal.NewRing(key)
	_, err = registry.Secrets{Keys: b.keys}.Seal(t.Context(), store.Keys(b.Store))
	b.Must(err)
	b.signIn = signin.New(store.SignIns(b.Store), signin.NewArgon2(signin.Cost{MemoryKiB: 8, Iterations: 1}), access.BuiltIn())
	b.idp = oidctest.Start(t, b.Clock.Now)
	b.wire()
	b.p = b.add(b.idp, change)
	b.p, err = b.use.Enable(t.Context(), b.Admin.Caller(), b.p.ID, true)
	b.Must(err)
	return b
}

func (b *bed) wire() {
	client := outbound.New([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, nil)
	b.use = identity.New(identity.Deps{Store: store.Identities(b.Store), Catalogue: access.BuiltIn(), Keys: b.keys,
		Protocol: oidc.New(client.HTTP(oidc.Timeout, oidc.MostAnswer), b.Clock.Now),
		SAML:     saml.New(client.HTTP(saml.Timeout, saml.MostAnswer), b.Clock.Now), Notes: b.signIn,
		BaseURL: func() string { return "https://latchkey.example" }})
}

func (b *bed) add(idp *oidctest.Provider, change func(*identity.Settings)) identity.Provider {
	b.T.Helper()
	in := identity.Settings{Preset: "keycloak", Name: "Acme Login", Issuer: idp.URL, ClientID: oidctest.ClientID, Secret: oidctest.Secret,
		NewMembers: identity.Refuse}
	if change != nil {
		change(&in)
	}
	p, err := b.use.Add(b.T.Context(), b.Admin, in, rand.Text())
	b.Must(err)
	return p
}

// back goes to the provider and returns what the browser brings back.
func (b *bed) back(d identity.Departure) identity.Answer {
	b.T.Helper()
	u, err := url.Parse(d.Address)
	b.Must(err)
	u, err = url.Parse(b.idp.Back(u.Query()))
	b.Must(err)
	q := u.Query()
	return identity.Answer{State: q.Get("state"), Code: q.Get("code"), Issuer: q.Get("iss")}
}

func origin() actor.Origin { return actor.Origin{IP: "198.51.100.7"} }

// signs signs in somebody about whom the provider says claims.
func (b *bed) signs(claims map[string]any) (identity.Arrival, error) {
	b.T.Helper()
	b.Clock.Pass(2 * time.Second)
	b.idp.Do(func() { b.idp.Claims = claims })
	d, err := b.use.Start(b.T.Context(), b.p.ID, "", "/tokens", origin())
	b.Must(err)
	return b.use.Finish(b.T.Context(), b.p.ID, d.Browser, b.back(d), signin.Browser{}, origin())
}

func person(sub, email string, verified bool, more ...any) map[string]any {
	c := map[string]any{"sub": sub, "email": email, "email_verified": verified, "name": "The Name"}
	for i := 0; i < len(more); i += 2 {
		c[more[i].(string)] = more[i+1]
	}
	return c
}

// refused wants a rejection, and returns what an Admin finds under its code.
func (b *bed) refused(err error, check string) identity.Looked {
	b.T.Helper()
	var r *identity.Rejection
	if !errors.As(err, &r) || r.Code == "" {
		b.T.Fatalf("%v, want a rejection", err)
	}
	l, err := b.use.Failure(b.T.Context(), b.Admin, strings.ToLower(r.Code))
	b.Must(err)
	if l.Check != check || l.Checks[len(l.Checks)-1].State != identity.Failed {
		b.T.Fatalf("%+v, want %s", l, check)
	}
	return l
}

// live reports whether a session works.
func (b *bed) live(secret string) bool {
	_, err := b.signIn.Lookup(b.T.Context(), secret)
	return err == nil
}

func (b *bed) rules(r identity.Rules) {
	b.T.Helper()
	_, err := b.use.SetRules(b.T.Context(), b.Admin.Caller(), b.p.ID, r)
	b.Must(err)
}

// second returns the error of a pair.
func second(_ identity.Arrival, err error) error { return err }
