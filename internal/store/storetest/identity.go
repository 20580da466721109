package storetest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/fault"
	"latchkey/internal/identity"
	"latchkey/internal/signin"
	"latchkey/internal/store"
)

// Identities checks what the store promises of identity providers. open gives an empty store of its own to every
// test and closes it with the test.
func Identities(t *testing.T, open func(t *testing.T) *store.Store) {
	for name, test := range map[string]func(*testing.T, *accountBed){
		"a provider comes back as it was saved":         keepsProviders,
		"an issuer is there once":                       keepsIssuersApart,
		"a member has one identity of a provider":       keepsIdentities,
		"a request is kept and answered once":           keepsRequests,
		"a required domain keeps an Admin":              keepsAKeeper,
		"an answer is used once":                        usesAnswersOnce,
		"exactly the sessions that are meant end":       endsWays,
		"failures are bounded":                          boundsFailures,
		"a provider goes with all that is its own":      dropsProviders,
		"a member who goes takes their identities away": dropsIdentitiesOfMembers,
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) { test(t, newAccountBed(t, open(t))) })
	}
}

// provider adds an identity provider.
func (b *accountBed) provider(t *testing.T, id, issuer string) identity.Provider {
	t.Helper()
	now := b.Now()
	p := identity.Provider{ID: id, Organization: bedOrg, Preset: "okta", Name: "Login " + id, Issuer: issuer, ClientID: "c", Enabled: true,
		Domains: []string{"a.example", "b.example"}, NewMembers: identity.Wait, GroupsClaim: "groups",
		Groups:     []identity.Mapping{{Value: "v", Group: bedGroup}},
		AdminGroup: "bosses", AdminAgain: true, CreatedAt: now, UpdatedAt: now}
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
		return errors.Join(tx.InsertProvider(ctx, p, "key "+id),
			tx.SaveProviderSecrets(ctx, id, []identity.Sealed{{Path: "p", Key: "k", Value: []byte{1, 2}}}))
	})
	return p
}

func keepsProviders(t *testing.T, b *accountBed) {
	p := b.provider(t, "p1", "https://one.example")
	read := func() identity.Provider {
		return mustRead(t, func(ctx context.Context) (identity.Provider, error) { return b.Provider(ctx, "p1") })
	}
	if diff := cmp.Diff(p, read()); diff != "" {
		t.Error(diff)
	}
	p.Enabled, p.Domains, p.Groups, p.AdminAgain, p.NewMembers, p.Name = false, nil, nil, false, identity.Refuse, "Other"
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error { return tx.UpdateProvider(ctx, p) })
	p.Domains, p.Groups = []string{}, []identity.Mapping{}
	if diff := cmp.Diff(p, read()); diff != "" {
		t.Error(diff)
	}
	for key, want := range map[string]bool{"key p1": true, "another": false} {
		if used := mustRead(t, func(ctx context.Context) (bool, error) { return b.ProviderKeyUsed(ctx, bedOrg, key) }); used != want {
			t.Errorf("%s: %v", key, used)
		}
	}
	if list := mustRead(t, func(ctx context.Context) ([]identity.Provider, error) { return b.Providers(ctx, "elsewhere") }); len(list) != 0 {
		t.Error("another organization sees the provider")
	}
	_, err := b.Provider(t.Context(), "none")
	WantKind(t, err, fault.NotFound)
}

func keepsIssuersApart(t *testing.T, b *accountBed) {
	p := b.provider(t, "p1", "https://one.example")
	p.ID = "p2"
	WantKind(t, b.try(t, func(ctx context.Context, tx *store.Tx) error { return tx.InsertProvider(ctx, p, "") }), fault.Conflict)
}

func identityOf(provider, subject, member string, at time.Time) identity.Identity {
	return identity.Identity{Provider: provider, Issuer: "https://one.example", Subject: subject, Member: member,
		Email: member + "@acme.example", CreatedAt: at, SeenAt: at}
}

func keepsIdentities(t *testing.T, b *accountBed) {
	b.provider(t, "p1", "https://one.example")
	i := identityOf("p1", "s-bo", bedBo, b.Now())
	save := func(i identity.Identity) error {
		return b.try(t, func(ctx context.Context, tx *store.Tx) error { return tx.SaveIdentity(ctx, i) })
	}
	err := save(i)
	i.Email, i.DemotedAt = "new@acme.example", i.SeenAt.Add(time.Second)
	if err = errors.Join(err, save(i)); err != nil {
		t.Fatal(err)
	}
	got := mustRead(t, func(ctx context.Context) (identity.Identity, error) { return b.IdentityOf(ctx, "p1", i.Issuer, "s-bo") })
	if diff := cmp.Diff(i, got); diff != "" {
		t.Error(diff)
	}
	got = mustRead(t, func(ctx context.Context) (identity.Identity, error) { return b.IdentityOfMember(ctx, "p1", bedBo) })
	if got.Subject != "s-bo" {
		t.Errorf("%+v", got)
	}
	for _, other := range [][2]string{{"https://other.example", "s-bo"}, {i.Issuer, "S-BO"}, {i.Issuer, ""}} {
		_, err := b.IdentityOf(t.Context(), "p1", other[0], other[1])
		WantKind(t, err, fault.NotFound)
	}
	WantKind(t, save(identityOf("p1", "s-other", bedBo, b.Now())), fault.Conflict)
	if list := mustRead(t, func(ctx context.Context) ([]identity.Linked,
		error) {
		return b.Linked(ctx, "p1", 10)
	}); len(list) != 1 || list[0].Name != bedBo {
		t.Errorf("%+v", list)
	}
}

func usesAnswersOnce(t *testing.T, b *accountBed) {
	use := func(text string, until time.Time) (fresh bool) {
		digest := sha256.Sum256([]byte(text))
		b.inTx(t, func(ctx context.Context, tx *store.Tx) (err error) {
			fresh, err = tx.UseAnswer(ctx, digest[:], until)
			return err
		})
		return fresh
	}
	later := b.Now().Add(time.Hour)
	if !use("a", later) || use("a", later) || !use("b", b.Now().Add(-time.Second)) || !use("b", later) {
		t.Error("an answer is used twice, or a forgotten one is not used again")
	}
}

// way starts a session that a provider vouched for.
func (b *accountBed) way(t *testing.T, id, member, subject, sid string) {
	t.Helper()
	digest := sha256.Sum256([]byte(id))
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
		return errors.Join(tx.InsertSession(ctx, signin.Session{ID: id, Member: member, CreatedAt: tx.Now(), LastSeenAt: tx.Now()}, digest[:]),
			tx.InsertWay(ctx, identity.Way{Session: id, Provider: "p1", Subject: subject, SID: sid, ProvenAt: tx.Now()}))
	})
}

func endsWays(t *testing.T, b *accountBed) {
	b.provider(t, "p1", "https://one.example")
	for _, c := range []struct{ subject, sid, want string }{
		{"", "", "bo-1 bo-2 bo-none other"}, {"s-bo", "", "bo-1 bo-2 bo-none"}, {"s-bo", "1", "bo-1 bo-none"}, {"", "2", "bo-2"},
		{"s-none", "", ""}, {"", "9", ""},
	} {
		b.way(t, "bo-1", bedBo, "s-bo", "1")
		b.way(t, "bo-2", bedBo, "s-bo", "2")
		b.way(t, "bo-none", bedBo, "s-bo", "")
		b.way(t, "other", bedAda, "s-ada", "3")
		end := func(subject, sid string) (names []string) {
			b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
				ended, err := tx.EndWays(ctx, "p1", subject, sid)
				names = nil
				for _, e := range ended {
					names = append(names, e.Session)
				}
				return err
			})
			slices.Sort(names)
			return names
		}
		if got := strings.Join(end(c.subject, c.sid), " "); got != c.want {
			t.Errorf("subject %q, session %q: %q, want %q", c.subject, c.sid, got, c.want)
		}
		end("", "")
	}
	_, err := b.WayOf(t.Context(), "bo-1")
	WantKind(t, err, fault.NotFound)
}

func boundsFailures(t *testing.T, b *accountBed) {
	b.provider(t, "p1", "https://one.example")
	start := b.Now()
	for i := range 5 {
		b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
			return tx.InsertFailure(ctx, identity.Record{Code: fmt.Sprint("code-", i), Provider: "p1", At: start.Add(time.Duration(i) * time.Second),
				Check: "nonce", Reason: "r", Checks: "[]", Claims: "{}"}, 3)
		})
	}
	list := mustRead(t, func(ctx context.Context) ([]identity.Record, error) { return b.ProviderFailures(ctx, "p1", 10) })
	if len(list) != 3 || list[0].Code != "code-4" {
		t.Errorf("%+v", list)
	}
	_, err := b.ProviderFailure(t.Context(), "elsewhere", "code-4")
	WantKind(t, err, fault.NotFound)
	if r := mustRead(t, func(ctx context.Context) (identity.Record,
		error) {
		return b.ProviderFailure(ctx, bedOrg, "code-4")
	}); r.Check != "nonce" || r.Claims != "{}" {
		t.Errorf("%+v", r)
	}
}

func dropsProviders(t *testing.T, b *accountBed) {
	b.provider(t, "p1", "https://one.example")
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
		return tx.SaveIdentity(ctx, identityOf("p1", "s-bo", bedBo, tx.Now()))
	})
	b.way(t, "bo-1", bedBo, "s-bo", "1")
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error { return tx.DeleteProvider(ctx, bedOrg, "p1") })
	if list := mustRead(t, func(ctx context.Context) ([]identity.Sealed, error) { return b.ProviderSecrets(ctx, "p1") }); len(list) != 0 {
		t.Error("the secret is left")
	}
	_, err := b.IdentityOfMember(t.Context(), "p1", bedBo)
	WantKind(t, err, fault.NotFound)
}

func dropsIdentitiesOfMembers(t *testing.T, b *accountBed) {
	b.provider(t, "p1", "https://one.example")
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
		return tx.SaveIdentity(ctx, identityOf("p1", "s-bo", bedBo, tx.Now()))
	})
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error { return tx.DeleteMembers(ctx, bedOrg, []string{bedBo}) })
	_, err := b.IdentityOf(t.Context(), "p1", "https://one.example", "s-bo")
	WantKind(t, err, fault.NotFound)
}
