package identity_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/fault"
	"latchkey/internal/identity"
	"latchkey/internal/random"
	"latchkey/internal/signin"
	"latchkey/internal/signin/oidc/oidctest"
	"latchkey/internal/signin/saml/samltest"
	"latchkey/internal/store"
)

const required = "people.example"

// newRequiredBed returns a bed whose provider lists a domain without the bed's Admin, who has a password and a second factor.
func newRequiredBed(t *testing.T) (*samlBed, account.Member) {
	t.Helper()
	b := newSAMLBed(t)
	b.idp = samltest.Start(t, b.Clock.Now)
	b.p = b.addSAML(b.idp, required)
	b.setPassword(b.Admin.ID)
	b.addFactor(b.Admin.ID)
	return b, b.member("pat@"+required, access.RoleMember)
}

const rightPassword = "correct horse battery"

func (b *samlBed) setPassword(member string) {
	b.T.Helper()
	hash, err := signin.NewArgon2(signin.Cost{MemoryKiB: 8, Iterations: 1}).Hash(b.T.Context(), rightPassword)
	b.Must(err)
	b.write(func(ctx context.Context, tx *store.Tx) error {
		a, err := tx.SignInAccountOf(ctx, member)
		if err == nil {
			_, err = tx.SwapPassword(ctx, member, a.PasswordHash, hash)
		}
		return err
	})
}

func (b *samlBed) addFactor(member string) {
	b.T.Helper()
	b.write(func(ctx context.Context, tx *store.Tx) error {
		err := tx.InsertFactor(ctx, signin.Factor{ID: "factor of " + member, Member: member, Kind: signin.CodeFactor, Name: "App",
			CreatedAt: tx.Now()}, signin.Sealed{Path: "p", Key: "k", Value: []byte{1}})
		if err != nil {
			return err
		}
		ok, err := tx.ConfirmFactor(ctx, member, "factor of "+member)
		if err == nil && !ok {
			err = errors.New("the factor was not confirmed")
		}
		return err
	})
}

func (b *samlBed) member(email string, role access.Role) account.Member {
	b.T.Helper()
	m := account.Member{ID: random.NewSecret().Reveal()[:27], Organization: b.Admin.Organization, Email: email, Name: "Somebody", Role: role,
		Status: account.Active, CreatedAt: b.Clock.Now(), UpdatedAt: b.Clock.Now()}
	b.write(func(ctx context.Context, tx *store.Tx) error { return tx.InsertMember(ctx, m, "") })
	b.setPassword(m.ID)
	return m
}

func (b *samlBed) write(fn func(context.Context, *store.Tx) error) {
	b.T.Helper()
	b.Must(b.try(fn))
}

func (b *samlBed) try(fn func(context.Context, *store.Tx) error) error {
	return b.Store.InTx(b.T.Context(), actor.System(b.Admin.Organization), func(tx *store.Tx) error { return fn(b.T.Context(), tx) })
}

// tries tries the provider with success.
func (b *samlBed) tries() {
	b.T.Helper()
	d, err := b.use.StartTry(b.T.Context(), b.Admin, b.p.ID, "")
	b.Must(err)
	r := b.idp.Read(d.Address)
	id, err := b.use.Receive(b.T.Context(), b.p.ID, d.Browser, identity.Answer{State: r.Relay,
		Response: samltest.Encode(b.idp.Answer(r, about("s-1", "pat@"+required)))}, origin())
	b.Must(err)
	report, err := b.use.FinishTry(b.T.Context(), b.Admin, b.p.ID, d.Browser, identity.Answer{State: id})
	b.Must(err)
	if !report.Passed {
		b.T.Fatalf("%+v", report)
	}
}

func (b *samlBed) require() error {
	_, err := b.use.Require(b.T.Context(), b.Admin.Caller(), b.p.ID, required)
	return err
}

func (b *samlBed) password(email string) (signin.Started, error) {
	b.Clock.Pass(2 * time.Second)
	return b.signIn.SignIn(b.T.Context(), email, rightPassword, signin.Browser{}, origin())
}

// turnedAway wants an error that leads to the provider.
func (b *samlBed) turnedAway(what string, err error) {
	b.T.Helper()
	var r *signin.Required
	if !errors.As(err, &r) || r.Domain != required || r.Provider != b.p.ID {
		b.T.Errorf("%s: %v", what, err)
	}
}

func TestRequire_NeedsATrialAndAnAdminWhoCanGetIn(t *testing.T) {
	b, _ := newRequiredBed(t)
	refused := func(what, sentence string) {
		t.Helper()
		if err := b.require(); !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), sentence) {
			t.Errorf("%s: %v", what, err)
		}
	}
	refused("without a trial", "Try the provider first")
	b.tries()
	b.Clock.Pass(identity.TrialLife + time.Second)
	b.Admin = b.Caller(b.Admin.ID) // signs in again: the proof is as old as the trial
	refused("with an old trial", "Try the provider first")
	b.tries()
	p, err := b.use.Change(t.Context(), b.Admin, b.p.ID, identity.Settings{Name: "Renamed", MetadataURL: b.idp.URL,
		Domains:    []string{required},
		NewMembers: identity.Add})
	b.Must(err)
	b.p = p
	refused("changed since the trial", "Try the provider first")
	b.tries()
	b.write(func(ctx context.Context, tx *store.Tx) error { _, err := tx.EndFactors(ctx, b.Admin.ID); return err })
	refused("without a second factor", "At least one active Admin")
	b.addFactor(b.Admin.ID)
	if _, err := b.use.Require(t.Context(), b.Admin.Caller(), b.p.ID, "other.example"); !fault.Is(err, fault.NotFound) {
		t.Error(err)
	}
	b.Must(b.require())
	if err := b.require(); err == nil {
		t.Error("required twice")
	}
}

func TestRequire_RefusesEveryOtherWay(t *testing.T) {
	b, pat := newRequiredBed(t)
	running, err := b.password(pat.Email)
	b.Must(err)
	link, err := b.signIn.SendRecovery(t.Context(), b.Admin.Caller(), pat.ID, func(s random.Secret) string { return s.Reveal() })
	b.Must(err)
	b.tries()
	list, err := b.use.Requirements(t.Context(), b.Admin, b.p.ID)
	b.Must(err)
	if len(list) != 1 || list[0].Sessions != 1 || len(list[0].Keepers) != 1 || list[0].Keepers[0].ID != b.Admin.ID || list[0].Problem != "" {
		t.Errorf("%+v", list)
	}
	b.Must(b.require())
	if b.live(running.Secret) {
		t.Error("a session by password goes on")
	}
	for _, email := range []string{pat.Email, "nobody@" + required, " PAT@People.Example "} {
		_, err := b.password(email)
		b.turnedAway("a password of "+email, err)
	}
	_, err = b.signIn.OpenRecovery(t.Context(), random.Secret(link.Link))
	b.turnedAway("a link from before", err)
	_, err = b.signIn.Recover(t.Context(), random.Secret(link.Link), "another right password", signin.Browser{}, origin())
	b.turnedAway("using a link from before", err)
	_, err = b.signIn.SendRecovery(t.Context(), b.Admin.Caller(), pat.ID, func(s random.Secret) string { return s.Reveal() })
	b.turnedAway("a new link", err)
	if _, err := b.password(b.Admin.Email); err != nil {
		t.Errorf("the Admin outside: %v", err)
	}
	arrived, err := b.signsIn(about("s-1", pat.Email))
	b.Must(err)
	if arrived.Started.Session.Member != pat.ID {
		t.Error("the provider signs in somebody else")
	}
	// A domain name that only ends like it is another one.
	other := b.member("pat@not"+required, access.RoleMember)
	if _, err := b.password(other.Email); err != nil {
		t.Error(err)
	}
	// Break-glass of the operator works, once.
	glass, err := b.signIn.RecoverByOperator(t.Context(), pat.Email, func(s random.Secret) string { return s.Reveal() })
	b.Must(err)
	in, err := b.signIn.Recover(t.Context(), random.Secret(glass.Link), "yet another right password", signin.Browser{}, origin())
	b.Must(err)
	if !b.live(in.Secret) {
		t.Error("the operator's link starts no session")
	}
	// The provider fails: nobody gets in with a password all the same.
	b.idp.Do(func() { b.idp.Metadata = func(string) string { return "" } })
	_, err = b.password(pat.Email)
	b.turnedAway("while the provider fails", err)

	_, err = b.use.Free(t.Context(), b.Admin.Caller(), b.p.ID, required)
	b.Must(err)
	if _, err := b.signIn.SignIn(t.Context(), pat.Email, "yet another right password", signin.Browser{}, origin()); err != nil {
		t.Error(err)
	}
}

// A client that nobody has tried yet takes the place of none that a domain requires.
func TestRequire_KeepsTheClientThatWasTried(t *testing.T) {
	b := newBed(t, nil)
	in := identity.Settings{Name: "Acme Login", Issuer: b.idp.URL, ClientID: oidctest.ClientID, NewMembers: identity.Refuse,
		Domains: []string{required}}
	_, err := b.use.Change(t.Context(), b.Admin, b.p.ID, in)
	b.Must(err)
	b.InTx(func(tx *store.Tx) error { return tx.RequireDomain(t.Context(), b.Org, required, b.p.ID) })
	in.Name = "Renamed"
	_, err = b.use.Change(t.Context(), b.Admin, b.p.ID, in)
	b.Must(err)
	in.ClientID = "another"
	if _, err = b.use.Change(t.Context(), b.Admin, b.p.ID, in); !fault.Is(err, fault.Conflict) {
		t.Errorf("another client: %v", err)
	}
}

// Nothing takes away the last Admin who can get in without the provider, nor the provider itself.
func TestRequire_NothingStrandsTheOrganization(t *testing.T) {
	b, _ := newRequiredBed(t)
	b.member("boss@"+required, access.RoleAdmin) // an Admin, but of the domain
	b.addFactor(b.member("factor@elsewhere.example", access.RoleMember).ID)
	b.tries()
	b.Must(b.require())
	var admin account.Member
	b.write(func(ctx context.Context, tx *store.Tx) (err error) {
		admin, err = tx.Member(ctx, b.Admin.Organization, b.Admin.ID)
		return err
	})
	with := func(change func(*account.Member)) account.Member { m := admin; change(&m); return m }
	acts := map[string]func(context.Context, *store.Tx) error{
		"removing the factor": func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.DeleteFactor(ctx, admin.ID, "factor of "+admin.ID)
			return err
		},
		"resetting factors": func(ctx context.Context, tx *store.Tx) error { _, err := tx.EndFactors(ctx, admin.ID); return err },
		"demoting": func(ctx context.Context, tx *store.Tx) error {
			return tx.UpdateMember(ctx, with(func(m *account.Member) { m.Role = access.RoleMember }))
		},
		"deactivating": func(ctx context.Context, tx *store.Tx) error {
			return tx.UpdateMember(ctx, with(func(m *account.Member) { m.Status = account.Deactivated }))
		},
		"moving into the domain": func(ctx context.Context, tx *store.Tx) error {
			return tx.UpdateEmail(ctx, with(func(m *account.Member) { m.Email = "admin@" + required }))
		},
		"deleting": func(ctx context.Context, tx *store.Tx) error {
			return tx.DeleteMembers(ctx, admin.Organization, []string{admin.ID})
		},
	}
	for name, act := range acts {
		if err := b.try(act); !fault.Is(err, fault.Conflict) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := b.use.Enable(t.Context(), b.Admin.Caller(), b.p.ID, false); !fault.Is(err, fault.Conflict) {
		t.Errorf("disabling: %v", err)
	}
	if _, err := b.use.Remove(t.Context(), b.Admin.Caller(), b.p.ID); !fault.Is(err, fault.Conflict) {
		t.Errorf("removing: %v", err)
	}
	_, err := b.use.Change(t.Context(), b.Admin, b.p.ID, identity.Settings{Name: "N", MetadataURL: b.idp.URL, NewMembers: identity.Add})
	if !fault.Is(err, fault.Invalid) {
		t.Errorf("taking the domain off the list: %v", err)
	}
	// With a second such Admin the first may go.
	b.addFactor(b.member("second@elsewhere.example", access.RoleAdmin).ID)
	b.write(acts["removing the factor"])
}
