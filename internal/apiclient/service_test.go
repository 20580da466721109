package apiclient_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/apiclient"
	"latchkey/internal/audit"
	"latchkey/internal/change"
	"latchkey/internal/fault"
	"latchkey/internal/store"
	"latchkey/internal/store/storetest"
	"latchkey/internal/token"
	"latchkey/internal/verify"
)

type world struct {
	*testing.T
	ctx     context.Context
	store   *store.Store
	clients *apiclient.Service
	tokens  *token.Service
	verify  *verify.Authority
	admin   actor.Standing
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, ctx: context.Background()}
	var err error
	w.store, err = store.Open(w.ctx, store.Options{Path: storetest.Empty(t)})
	w.must(err)
	t.Cleanup(func() { w.must(w.store.Close()) })
	catalogue := access.BuiltIn()
	w.clients = apiclient.New(apiclient.Deps{Store: store.APIClients(w.store), Catalogue: catalogue})
	w.verify = verify.New(verify.Deps{Store: w.store, Catalogue: catalogue})
	w.tokens = token.New(token.Deps{Store: store.Tokens(w.store), Catalogue: catalogue})
	w.store.OnCommit(func(ctx context.Context, changes []change.Change) {
		w.verify.Apply(ctx, changes)
		w.clients.Apply(ctx, changes)
	})
	accounts := account.New(store.Accounts(w.store), catalogue, w.store.Now)
	admin, err := accounts.Organizations.Install(w.ctx, account.NewInstallation{Organization: "Acme", Workspace: "Main",
		Name: "Ada", Email: "ada@example.com", Plan: access.PlanEnterprise})
	w.must(err)
	w.admin = storetest.SignIn(t, w.store, admin.ID)
	return w
}

// member is a signed-in Member.
func (w *world) member() actor.Standing {
	w.Helper()
	m := account.Member{ID: "bo", Organization: w.admin.Organization, Email: "bo@example.com", Name: "Bo", Role: access.RoleMember,
		Status: account.Active, CreatedAt: w.store.Now(), UpdatedAt: w.store.Now()}
	w.must(w.store.InTx(w.ctx, actor.System(""), func(tx *store.Tx) error { return tx.InsertMember(w.ctx, m, "") }))
	return storetest.SignIn(w, w.store, m.ID)
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) register(name string) apiclient.Registered {
	w.Helper()
	c, err := w.clients.Register(w.ctx, w.admin.Caller(), apiclient.NewClient{Name: name})
	w.must(err)
	return c
}

func TestRegister_TheSecretAuthenticatesUntilTheClientIsDeleted(t *testing.T) {
	w := newWorld(t)
	c, other := w.register("Billing API"), w.register("Other")
	got, err := w.clients.Authenticate(w.ctx, c.ID, c.Secret.Reveal())
	w.must(err)
	if got != c.Client {
		t.Errorf("client = %+v", got)
	}
	for name, credential := range map[string][2]string{
		"wrong secret": {c.ID, other.Secret.Reveal()}, "unknown id": {"nobody", c.Secret.Reveal()},
		"nothing": {"", ""}, "no secret": {c.ID, ""},
	} {
		if _, err := w.clients.Authenticate(w.ctx, credential[0], credential[1]); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err = w.clients.Delete(w.ctx, w.admin.Caller(), c.ID)
	w.must(err)
	if _, err := w.clients.Authenticate(w.ctx, c.ID, c.Secret.Reveal()); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("after the deletion: %v", err)
	}
	if _, err := w.clients.Delete(w.ctx, w.admin.Caller(), c.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("deleting twice: %v", err)
	}
	if _, err := w.clients.Authenticate(w.ctx, other.ID, other.Secret.Reveal()); err != nil {
		t.Errorf("the other client: %v", err)
	}
}

// TestRecognize_TrustsTheMemoryNoLongerThanAuthenticate asks a node that hears of changes only while its lease holds.
func TestRecognize_TrustsTheMemoryNoLongerThanAuthenticate(t *testing.T) {
	w := newWorld(t)
	c, err := w.clients.Register(w.ctx, w.admin.Caller(), apiclient.NewClient{Name: "Gateway"})
	w.must(err)
	lease := change.NewLease(w.store.Now)
	node := apiclient.New(apiclient.Deps{Store: store.APIClients(w.store), Catalogue: access.BuiltIn(), Lease: lease})
	extend := func() { lease.Extend(w.store.Now().Add(time.Hour)) }
	for _, step := range []struct {
		what string
		do   func()
		want bool
	}{
		{"not in memory", extend, false},
		{"in memory", func() { _, err := node.Authenticate(w.ctx, c.ID, c.Secret.Reveal()); w.must(err) }, true},
		{"without a lease", lease.End, false},
		{"with one", extend, true},
		{"forgotten", node.Forget, false},
	} {
		step.do()
		if got, ok := node.Recognize(c.ID, c.Secret.Reveal()); ok != step.want || ok && got.ID != c.ID {
			t.Errorf("%s: %v", step.what, ok)
		}
		if _, ok := node.Recognize(c.ID, c.Secret.Reveal()+"x"); ok {
			t.Errorf("%s: recognized by another secret", step.what)
		}
	}
}

func TestManage_IsForAdminsOnly(t *testing.T) {
	w := newWorld(t)
	c := w.register("Billing API")
	member := w.member()
	for name, act := range map[string]func() error{
		"list": func() error { _, err := w.clients.List(w.ctx, member); return err },
		"get":  func() error { _, err := w.clients.Get(w.ctx, member, c.ID); return err },
		"register": func() error {
			_, err := w.clients.Register(w.ctx, member.Caller(), apiclient.NewClient{Name: "x"})
			return err
		},
		"delete": func() error { _, err := w.clients.Delete(w.ctx, member.Caller(), c.ID); return err },
	} {
		if err := act(); !fault.Is(err, fault.Denied) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRegister_RefusesBadNamesAndAKeyThatWasUsed(t *testing.T) {
	w := newWorld(t)
	w.register("Billing API")
	for _, name := range []string{"", "   ", "billing api", strings.Repeat("x", 65), "a\x00b"} {
		_, err := w.clients.Register(w.ctx, w.admin.Caller(), apiclient.NewClient{Name: name})
		if f := fault.Of(err); f == nil || f.Kind != fault.Invalid || f.Fields[0].Path != "name" {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, key := range []string{strings.Repeat("k", 129), "\xff", "a\x00b"} {
		_, err := w.clients.Register(w.ctx, w.admin.Caller(), apiclient.NewClient{Name: "Bad key", IdempotencyKey: key})
		if f := fault.Of(err); f == nil || f.Kind != fault.Invalid || f.Fields[0].Path != "idempotencyKey" {
			t.Errorf("key %.10q: %v", key, err)
		}
	}
	_, err := w.clients.Register(w.ctx, w.admin.Caller(), apiclient.NewClient{Name: "Twice", IdempotencyKey: "same"})
	w.must(err)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			_, err := w.clients.Register(w.ctx, w.admin.Caller(), apiclient.NewClient{Name: rand.Text(), IdempotencyKey: "same"})
			if !fault.Is(err, fault.Conflict) || !errors.Is(err, fault.ErrRepeated) {
				t.Errorf("the same key: %v", err)
			}
		})
	}
	wg.Wait()
	if list, err := w.clients.List(w.ctx, w.admin); err != nil || len(list) != 2 {
		t.Errorf("list: %v, %v", list, err)
	}
}

func TestClients_AreAuditedWithoutTheirSecrets(t *testing.T) {
	w := newWorld(t)
	c := w.register("Billing API")
	_, err := w.clients.Delete(w.ctx, w.admin.Caller(), c.ID)
	w.must(err)
	events, err := w.store.RecentEvents(w.ctx, w.admin.Organization, "", 2)
	w.must(err)
	text := fmt.Sprintf("%+v", events)
	if events[0].Action != audit.Deleted || events[1].Action != audit.Created || events[1].Target.ID != c.ID ||
		!strings.Contains(events[1].After, "Billing API") || strings.Contains(text, c.Secret.Reveal()) {
		t.Errorf("events: %s", text)
	}
}

func TestSecret_PrintsRedactedEverywhere(t *testing.T) {
	w := newWorld(t)
	c := w.register("Billing API")
	var out bytes.Buffer
	fmt.Fprintf(&out, "%v %+v %#v %s %q %x\n", c, c, c, c.Secret, c.Secret, c.Secret)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("made", "client", c, "secret", c.Secret)
	slog.New(slog.NewTextHandler(&out, nil)).Info("made", "client", c, "secret", c.Secret)
	w.must(json.NewEncoder(&out).Encode(c))
	if secret := c.Secret.Reveal(); strings.Contains(out.String(), secret) || strings.Contains(out.String(), fmt.Sprintf("%x", secret)) {
		t.Errorf("leaked in %s", out.String())
	}
	if (apiclient.Secret{}).Reveal() != "" || !strings.HasSuffix(c.Secret.Reveal(), strings.TrimPrefix(c.Hint, "…")) {
		t.Errorf("hint = %q", c.Hint)
	}
}

func TestRevoke_EndsATokenOfTheSameOrganization(t *testing.T) {
	w := newWorld(t)
	c := w.register("Billing API")
	g, err := w.tokens.GenerateOrganization(w.ctx, w.admin.Caller(), token.NewOrganization{Name: "leaked"})
	w.must(err)
	w.must(w.clients.Revoke(w.ctx, actor.OfSystem("another organization").Caller(), g.Secret.Reveal()))
	if _, err := w.verify.Verify(w.ctx, g.Secret.Reveal()); err != nil {
		t.Fatalf("revoked by a stranger: %v", err)
	}
	for range 2 { // the second time it is no error
		w.must(w.clients.Revoke(w.ctx, c.Caller(actor.Origin{IP: "10.0.0.1"}), g.Secret.Reveal()))
	}
	if _, err := w.verify.Verify(w.ctx, g.Secret.Reveal()); err == nil {
		t.Error("still accepted")
	}
	events, err := w.store.RecentEvents(w.ctx, w.admin.Organization, "", 1)
	w.must(err)
	if e := events[0]; e.Action != audit.Deleted || e.Target.ID != g.ID ||
		e.ActorName != "API client Billing API" || e.Origin.IP != "10.0.0.1" {
		t.Errorf("event: %+v", e)
	}
}

func TestRegister_IsRefusedAtTheLimit(t *testing.T) {
	w := newWorld(t)
	var first apiclient.Registered
	for n := range access.MaxAPIClients {
		made, err := w.clients.Register(w.ctx, w.admin.Caller(), apiclient.NewClient{Name: fmt.Sprint("Client ", n)})
		w.must(err)
		if n == 0 {
			first = made
		}
	}
	more := func() error {
		_, err := w.clients.Register(w.ctx, w.admin.Caller(), apiclient.NewClient{Name: "One more"})
		return err
	}
	if err := more(); !errors.Is(err, fault.ErrFull) || !strings.Contains(fault.Of(err).Message, "at most 100 API clients") {
		t.Errorf("at the limit: %v", err)
	}
	_, err := w.clients.Delete(w.ctx, w.admin.Caller(), first.ID)
	w.must(err)
	w.must(more())
}
