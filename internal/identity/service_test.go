package identity_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"unicode"
	"unicode/utf8"

	"latchkey/internal/access"
	"latchkey/internal/fault"
	"latchkey/internal/identity"
	"latchkey/internal/registry"
	"latchkey/internal/seal"
	"latchkey/internal/signin/oidc/oidctest"
	"latchkey/internal/store"
	"latchkey/internal/store/storetest"
)

func TestAdd_RefusesWhatCannotWork(t *testing.T) {
	b := newBed(t, func(in *identity.Settings) { in.Domains = []string{"acme.example"} })
	good := identity.Settings{Name: "Other", Issuer: "https://login.example", ClientID: "c", NewMembers: identity.Refuse}
	for field, change := range map[string]func(*identity.Settings){
		identity.FieldName:       func(in *identity.Settings) { in.Name = "" },
		identity.FieldIssuer:     func(in *identity.Settings) { in.Issuer = "https://login.microsoftonline.com/common/v2.0" },
		identity.FieldClientID:   func(in *identity.Settings) { in.ClientID = " " },
		identity.FieldDomains:    func(in *identity.Settings) { in.Domains = []string{"nonsense"} },
		identity.FieldNewMembers: func(in *identity.Settings) { in.NewMembers = "all" },
	} {
		in := good
		change(&in)
		_, err := b.use.Add(t.Context(), b.Admin, in, rand.Text())
		storetest.WantField(t, err, field)
	}
	for _, change := range []func(*identity.Settings){ // each problem is a sentence
		func(in *identity.Settings) { in.Domains = []string{"nonsense"} },
		func(in *identity.Settings) {
			for i := range 51 {
				in.Domains = append(in.Domains, fmt.Sprintf("d%d.example", i))
			}
		},
		func(in *identity.Settings) { in.Issuer = "https://login.example/\u202e" },
		func(in *identity.Settings) { in.Issuer = "https://login.example/" + strings.Repeat("x", 500) },
	} {
		in := good
		change(&in)
		_, err := b.use.Add(t.Context(), b.Admin, in, rand.Text())
		for _, f := range fault.Of(err).Fields {
			if first, _ := utf8.DecodeRuneInString(f.Message); unicode.IsLower(first) || !strings.HasSuffix(f.Message, ".") {
				t.Errorf("%s: %q", f.Path, f.Message)
			}
		}
	}
	other := oidctest.Start(t, b.Clock.Now)
	in := good
	in.Issuer, in.Domains = other.URL, []string{"acme.example"}
	_, err := b.use.Add(t.Context(), b.Admin, in, rand.Text())
	storetest.WantField(t, err, identity.FieldDomains) // listed for another provider
	in.Issuer, in.Domains = b.idp.URL, nil
	_, err = b.use.Add(t.Context(), b.Admin, in, rand.Text())
	storetest.WantField(t, err, identity.FieldIssuer) // taken
	in.Issuer = other.URL
	_, err = b.use.Add(t.Context(), b.Caller(b.Member("Bo").ID), in, rand.Text())
	storetest.WantKind(t, err, fault.Denied)
	key := rand.Text()
	_, err = b.use.Add(t.Context(), b.Admin, in, key)
	b.Must(err)
	_, err = b.use.Add(t.Context(), b.Admin, in, key)
	if !errors.Is(err, fault.ErrRepeated) {
		t.Error(err)
	}
	if p, err := b.use.ForDomain(t.Context(), "Bo@Acme.example"); err != nil || p.ID != b.p.ID {
		t.Error(p, err)
	}
	_, err = b.use.ForDomain(t.Context(), "elsewhere.example")
	storetest.WantKind(t, err, fault.NotFound)
}

// Nobody but an Admin makes the server contact an address.
func TestService_ContactsIssuersForAdminsOnly(t *testing.T) {
	b := newBed(t, nil)
	bo := b.Caller(b.Member("Bo").ID)
	var asked atomic.Bool
	other := oidctest.Start(t, b.Clock.Now)
	other.Hook = func(http.ResponseWriter, *http.Request) bool { asked.Store(true); return false }
	in := identity.Settings{Name: "Other", Issuer: other.URL, ClientID: oidctest.ClientID, NewMembers: identity.Refuse}
	_, err := b.use.Add(t.Context(), bo, in, rand.Text())
	storetest.WantKind(t, err, fault.Denied)
	_, err = b.use.Change(t.Context(), bo, b.p.ID, in)
	storetest.WantKind(t, err, fault.Denied)
	_, err = b.use.Change(t.Context(), b.Admin, "unknown", in)
	storetest.WantKind(t, err, fault.NotFound)
	if asked.Load() {
		t.Error("the issuer was contacted")
	}
}

// A plan without single sign-on refuses every way in and out but removing.
func TestPlan_GatesSignIns(t *testing.T) {
	b := newBed(t, nil)
	b.InTx(func(tx *store.Tx) error { return tx.SetPlan(t.Context(), b.Org, access.PlanGrowth) })
	if list, err := b.use.Offered(t.Context()); err != nil || len(list) != 0 {
		t.Error(list, err)
	}
	_, err := b.use.Start(t.Context(), b.p.ID, "", "", origin())
	storetest.WantKind(t, err, fault.Denied)
	_, err = b.use.Enable(t.Context(), b.Admin.Caller(), b.p.ID, false)
	b.Must(err)
	_, err = b.use.Enable(t.Context(), b.Admin.Caller(), b.p.ID, true)
	storetest.WantKind(t, err, fault.Denied)
}

// The client secret survives a rotation of the installation's key, and no event holds it.
func TestSecret_IsSealedAndRotates(t *testing.T) {
	b := newBed(t, nil)
	bo := b.Member("Bo")
	key, err := seal.NewKey(rand.Reader)
	b.Must(err)
	b.keys = b.keys.With(key)
	rotated, err := registry.Secrets{Keys: b.keys}.Rotate(t.Context(), store.Keys(b.Store))
	if err != nil || rotated.Secrets != 1 {
		t.Fatal(rotated, err)
	}
	b.wire()
	if _, err := b.signs(person("s-bo", bo.Email, true)); err != nil {
		t.Error(err)
	}
	events, err := b.Store.RecentEvents(t.Context(), b.Org, "", 100)
	b.Must(err)
	for _, e := range events {
		if strings.Contains(e.Before+e.After, oidctest.Secret) {
			t.Errorf("%s %s holds the secret", e.Target.Type, e.Action)
		}
	}
	found, err := b.Store.Check(t.Context(), store.CheckOptions{})
	b.Must(err)
	for _, f := range found { // the bed's own ids are none
		if text := fmt.Sprint(f); strings.Contains(text, "provider") {
			t.Error(text)
		}
	}
}
