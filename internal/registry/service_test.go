package registry_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/segmentio/ksuid"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
	"latchkey/internal/registry"
	"latchkey/internal/seal"
	"latchkey/internal/store"
	"latchkey/internal/store/storetest"
	"latchkey/internal/token"
)

// bed is two organizations, each with a workspace, on a real database.
type bed struct {
	*registry.Service
	testing.TB
	ctx   context.Context
	store *store.Store
	path  string // of the database
	ring  seal.Ring
	now   time.Time
}

const (
	acme, other     = "org-acme", "org-other"
	main, elsewhere = "ws-main", "ws-elsewhere"
)

func newBed(t testing.TB) *bed {
	t.Helper()
	b := &bed{TB: t, ctx: t.Context(), now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	var err error
	b.path, b.ring = storetest.Empty(t), seal.NewRing(newSealKey(t))
	b.store, err = store.Open(b.ctx, store.Options{Path: b.path, Now: func() time.Time { return b.now }})
	b.must(err)
	t.Cleanup(func() { b.must(b.store.Close()) })
	secrets := secretsOf(t, b.store, b.ring)
	b.must(b.store.InTx(b.ctx, actor.System(""), func(tx *store.Tx) error {
		for org, workspace := range map[string]string{acme: main, other: elsewhere} {
			b.must(tx.InsertOrganization(b.ctx, account.Organization{ID: org, Name: org, Plan: access.PlanEnterprise, CreatedAt: b.now}))
			b.must(tx.InsertWorkspace(b.ctx, account.Workspace{ID: workspace, Organization: org, Name: workspace,
				Environment: account.Production, Region: "US", CreatedAt: b.now, UpdatedAt: b.now}))
			b.must(tx.InsertMember(b.ctx, account.Member{ID: "ada-" + org, Organization: org, Email: "ada@" + org + ".example", Name: "Ada",
				Role: access.RoleAdmin, Status: account.Active, CreatedAt: b.now, UpdatedAt: b.now}, ""))
		}
		return nil
	}))
	b.Service = registry.New(store.Registry(b.store), access.BuiltIn(), secrets)
	return b
}

func (b *bed) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func (b *bed) mustBe(err error, kind fault.Kind) {
	b.Helper()
	if !fault.Is(err, kind) {
		b.Errorf("error %v, want %v", err, kind)
	}
}

// admin is the signed-in Admin of an organization.
func (b *bed) admin(org string) actor.Standing {
	b.Helper()
	return storetest.SignIn(b, b.store, "ada-"+org)
}

// token is a workspace service token of the main workspace with a policy of its own.
func (b *bed) token(policy access.Policy) actor.Standing {
	b.Helper()
	t := token.Token{ID: ksuid.New().String(), Organization: acme, Kind: token.Workspace, Name: "ci", Workspace: main,
		Policy: policy, CreatedAt: b.now}
	b.must(b.store.InTx(b.ctx, actor.System(acme), func(tx *store.Tx) error {
		return tx.InsertToken(b.ctx, t, token.Digest(t.ID), "")
	}))
	return storetest.Stands(b, b.store, actor.Caller{Ref: actor.Ref{Kind: actor.Token, ID: t.ID}})
}

func text(s string) *string { return &s }

func (b *bed) create(typ string, form registry.Form) registry.Resource {
	b.Helper()
	if form.Name == nil {
		form.Name = text("Name of " + typ)
	}
	if form.Definition == nil && typ != registry.TrackingPlan {
		form.Definition = text("HTTP")
	}
	r, err := b.Create(b.ctx, b.admin(acme).Caller(), main, typ, form)
	b.must(err)
	return r
}

// told lists the newest events as "type action name", oldest first.
func (b *bed) told(n int) []string {
	b.Helper()
	events, err := b.store.RecentEvents(b.ctx, acme, "", n)
	b.must(err)
	slices.Reverse(events)
	var out []string
	for _, e := range events {
		out = append(out, fmt.Sprintf("%s %s %s", e.Target.Type, e.Action, e.Target.Name))
	}
	return out
}

func (b *bed) mustTell(want ...string) {
	b.Helper()
	if diff := cmp.Diff(want, b.told(len(want))); diff != "" {
		b.Error(diff)
	}
}

func TestService_TellsTheLogWhatWasDoneToEachPart(t *testing.T) {
	b := newBed(t)
	by := b.admin(acme)
	source := b.create(registry.Source, registry.Form{Name: text("Shop")})
	destination := b.create(registry.Destination, registry.Form{Name: text("Warehouse")})
	b.mustTell("source created Shop", "destination created Warehouse")

	c, err := b.Connect(b.ctx, by.Caller(), main, registry.ConnectionForm{Source: &source.ID, Destination: &destination.ID})
	b.must(err)
	b.mustTell("connection created Shop → Warehouse", "source connected_destination Shop", "destination connected_source Warehouse")
	off := false
	_, err = b.UpdateConnection(b.ctx, by.Caller(), main, c.ID, registry.ConnectionForm{Enabled: &off})
	b.must(err)
	b.mustTell("connection updated Shop → Warehouse")
	b.must(b.Disconnect(b.ctx, by.Caller(), main, c.ID))
	b.mustTell("connection deleted Shop → Warehouse", "source disconnected_destination Shop", "destination disconnected_source Warehouse")

	script := func(name string) registry.Script {
		s, err := b.CreateScript(b.ctx, by.Caller(), main, registry.Transformation,
			registry.ScriptForm{Name: &name, Language: text("javascript"), Code: text("x")}, true)
		b.must(err)
		return s
	}
	one := script("One")
	b.mustTell("transformation created One", "transformation published One")
	two := script("Two")
	for _, id := range []string{one.ID, two.ID} {
		_, err = b.Attach(b.ctx, by.Caller(), main, destination.ID, id)
		b.must(err)
	}
	_, err = b.Detach(b.ctx, by.Caller(), main, destination.ID)
	b.must(err)
	b.mustTell("destination connected_transformation Warehouse", "destination updated_transformation Warehouse",
		"destination disconnected_transformation Warehouse")

	plan := b.create(registry.TrackingPlan, registry.Form{Name: text("Plan")})
	_, err = b.LinkSource(b.ctx, by.Caller(), main, plan.ID, source.ID, "{}")
	b.must(err)
	_, err = b.UpdateLink(b.ctx, by.Caller(), main, plan.ID, source.ID, "null")
	b.must(err)
	b.must(b.UnlinkSource(b.ctx, by.Caller(), main, plan.ID, source.ID))
	b.mustTell("tracking_plan created Plan", "tracking_plan connected_source Plan", "source connected_tracking_plan Shop",
		"tracking_plan updated Plan", "tracking_plan disconnected_source Plan", "source disconnected_tracking_plan Shop")

	_, err = b.Update(b.ctx, by.Caller(), main, registry.Source, source.ID, registry.Form{Name: text("Web shop")})
	b.must(err)
	b.must(b.Delete(b.ctx, by.Caller(), main, registry.Source, source.ID))
	b.mustTell("source updated Web shop", "source deleted Web shop")
}

func TestService_NothingIsToldOfWhatChangesNothing(t *testing.T) {
	b := newBed(t)
	by := b.admin(acme)
	r := b.create(registry.Source, registry.Form{})
	before := len(b.told(100))
	b.now = b.now.Add(time.Hour)
	got, err := b.Update(b.ctx, by.Caller(), main, registry.Source, r.ID, registry.Form{Name: &r.Name, Enabled: &r.Enabled,
		Config: &r.Config, Definition: &r.Definition})
	b.must(err)
	if diff := cmp.Diff(r, got); diff != "" {
		t.Error(diff)
	}
	s, err := b.CreateScript(b.ctx, by.Caller(), main, registry.Library,
		registry.ScriptForm{Name: text("l"), Language: text("python"), Code: text("x")}, true)
	b.must(err)
	_, err = b.UpdateScript(b.ctx, by.Caller(), main, registry.Library, s.ID, registry.ScriptForm{Code: text("x")}, true)
	b.must(err)
	if after := len(b.told(100)); after != before+2 {
		t.Errorf("%d events, want %d", after, before+2)
	}
}

func TestService_TheLogNamesTheTokenAndHoldsNoConfiguration(t *testing.T) {
	b := newBed(t)
	by := b.token(access.BuiltIn().Everything())
	const secret = "hunter2-of-the-warehouse"
	config := `{"password":"` + secret + `"}`
	r, err := b.Create(b.ctx, by.Caller(), main, registry.Destination,
		registry.Form{Name: text("W"), Definition: text("POSTGRES"), Config: &config})
	b.must(err)
	changed := `{"password":"` + secret + `!"}`
	_, err = b.Update(b.ctx, by.Caller(), main, registry.Destination, r.ID, registry.Form{Config: &changed})
	b.must(err)
	b.must(b.Delete(b.ctx, by.Caller(), main, registry.Destination, r.ID))
	events, err := b.store.RecentEvents(b.ctx, acme, "", 10)
	b.must(err)
	if len(events) != 3 {
		t.Fatalf("%d events", len(events))
	}
	for _, e := range events {
		if strings.Contains(e.Before+e.After, secret) {
			t.Errorf("the log holds the configuration: %s %s", e.Before, e.After)
		}
		if e.ActorType != audit.ServiceAccessToken || e.TokenID != by.ID || e.Workspace != main {
			t.Errorf("event %+v", e)
		}
	}
	if !strings.Contains(events[1].After, `"configChanged":true`) {
		t.Errorf("the change is %s", events[1].After)
	}
}

func TestService_AnAdminOfAnotherOrganizationFindsNothing(t *testing.T) {
	b := newBed(t)
	source, destination := b.create(registry.Source, registry.Form{}), b.create(registry.Destination, registry.Form{})
	by := b.admin(other)
	_, err := b.Workspace(b.ctx, by, main)
	b.mustBe(err, fault.NotFound)
	_, err = b.Get(b.ctx, by, main, registry.Source, source.ID)
	b.mustBe(err, fault.NotFound)
	_, err = b.Get(b.ctx, by, elsewhere, registry.Source, source.ID)
	b.mustBe(err, fault.NotFound)
	_, err = b.List(b.ctx, by, main, registry.Source, registry.Query{})
	b.mustBe(err, fault.NotFound)
	_, err = b.Browse(b.ctx, by, main, registry.BrowseQuery{Page: 1, Size: 5})
	b.mustBe(err, fault.NotFound)
	_, err = b.Create(b.ctx, by.Caller(), main, registry.Source, registry.Form{Name: text("x"), Definition: text("y")})
	b.mustBe(err, fault.NotFound)
	_, err = b.Update(b.ctx, by.Caller(), elsewhere, registry.Source, source.ID, registry.Form{Name: text("x")})
	b.mustBe(err, fault.NotFound)
	b.mustBe(b.Delete(b.ctx, by.Caller(), elsewhere, registry.Source, source.ID), fault.NotFound)
	_, err = b.Connect(b.ctx, by.Caller(), elsewhere, registry.ConnectionForm{Source: &source.ID, Destination: &destination.ID})
	b.mustBe(err, fault.Invalid)
}

func TestUpdate_KeepsANameThatCouldNotBeGivenAnyMore(t *testing.T) {
	b := newBed(t)
	old := registry.Resource{ID: "old", Workspace: main, Type: registry.Source, Name: "a\u200db", Definition: "T", Config: "{}", Version: 1,
		CreatedAt: b.now, UpdatedAt: b.now}
	b.must(b.store.InTx(b.ctx, actor.System(""), func(tx *store.Tx) error { return tx.AddResource(b.ctx, old) }))
	by, off := b.admin(acme), false
	got, err := b.Update(b.ctx, by.Caller(), main, registry.Source, old.ID, registry.Form{Name: &old.Name, Enabled: &off})
	b.must(err)
	if got.Name != old.Name || got.Enabled {
		t.Errorf("changed to %+v", got)
	}
	_, err = b.Update(b.ctx, by.Caller(), main, registry.Source, old.ID, registry.Form{Name: text("a\u200dc")})
	b.mustBe(err, fault.Invalid)
}

func TestService_AnIDThatCannotBeOneIsAskedOfNoDatabase(t *testing.T) {
	b := newBed(t)
	for _, id := range []string{"", "\x00", "\xff", strings.Repeat("x", 300)} {
		_, err := b.Workspace(b.ctx, b.admin(acme), id)
		if !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Denied) {
			t.Errorf("workspace %.10q: %v", id, err)
		}
		_, err = b.Connect(b.ctx, b.admin(acme).Caller(), main, registry.ConnectionForm{Source: &id, Destination: &id})
		b.mustBe(err, fault.Invalid)
	}
}

func TestService_ReplacingATransformationNeedsRightsOnTheOldOneAsWell(t *testing.T) {
	b := newBed(t)
	by := b.admin(acme)
	destination := b.create(registry.Destination, registry.Form{})
	var ids []string
	for _, name := range []string{"old", "new"} {
		s, err := b.CreateScript(b.ctx, by.Caller(), main, registry.Transformation,
			registry.ScriptForm{Name: &name, Language: text("javascript"), Code: text("x")}, false)
		b.must(err)
		ids = append(ids, s.ID)
	}
	_, err := b.Attach(b.ctx, by.Caller(), main, destination.ID, ids[0])
	b.must(err)
	limited := b.token(access.Policy{"destination:edit": access.Everywhere(), "destination:connect": access.Everywhere(),
		"transformation:edit": access.Only(ids[1]), "transformation:connect": access.Everywhere()})
	_, err = b.Attach(b.ctx, limited.Caller(), main, destination.ID, ids[1])
	b.mustBe(err, fault.Denied)
	_, err = b.Detach(b.ctx, limited.Caller(), main, destination.ID)
	b.mustBe(err, fault.Denied)
	_, err = b.Detach(b.ctx, by.Caller(), main, destination.ID)
	b.must(err)
	_, err = b.Attach(b.ctx, limited.Caller(), main, destination.ID, ids[1])
	b.must(err)
	b.mustBe(b.Delete(b.ctx, by.Caller(), main, registry.Transformation, ids[1]), fault.Conflict)
	b.must(b.Delete(b.ctx, by.Caller(), main, registry.Destination, destination.ID)) // takes its setting with it
	b.must(b.Delete(b.ctx, by.Caller(), main, registry.Transformation, ids[1]))
}

func TestService_PublishingNeedsEditOnEveryOne(t *testing.T) {
	b := newBed(t)
	by := b.admin(acme)
	make := func(typ string) registry.Script {
		s, err := b.CreateScript(b.ctx, by.Caller(), main, typ,
			registry.ScriptForm{Name: text("x"), Language: text("javascript"), Code: text("x")}, false)
		b.must(err)
		return s
	}
	one, two, library := make(registry.Transformation), make(registry.Transformation), make(registry.Library)
	limited := b.token(access.Policy{"transformation:edit": access.Only(one.ID)})
	b.must(b.Publish(b.ctx, limited.Caller(), main, registry.Publication{Transformations: []string{one.Version.ID}}))
	for _, what := range []registry.Publication{{Transformations: []string{two.Version.ID}}, {Libraries: []string{library.Version.ID}},
		{Transformations: []string{one.Version.ID, two.Version.ID}}} {
		b.mustBe(b.Publish(b.ctx, limited.Caller(), main, what), fault.Denied)
	}
	newer, err := b.UpdateScript(b.ctx, by.Caller(), main, registry.Transformation, one.ID, registry.ScriptForm{Code: text("y")}, false)
	b.must(err)
	b.mustBe(b.Publish(b.ctx, by.Caller(), main, registry.Publication{Transformations: []string{one.Version.ID,
		newer.Version.ID}}), fault.Invalid)
	b.mustBe(b.Publish(b.ctx, by.Caller(), main, registry.Publication{}), fault.Invalid)
}

func TestBrowse_SaysWhatTheCallerMayDoAsDecideDoes(t *testing.T) {
	b := newBed(t)
	one, two := b.create(registry.Source, registry.Form{Name: text("One")}), b.create(registry.Source, registry.Form{Name: text("Two")})
	b.create(registry.Destination, registry.Form{})
	by := b.token(access.Policy{"source:edit": access.Only(one.ID), "source:connect": access.Everywhere(),
		"source:live_events": access.Only(two.ID)})
	got, err := b.Browse(b.ctx, by, main, registry.BrowseQuery{Type: registry.Source, Page: 1, Size: 10})
	b.must(err)
	answers := map[string]bool{}
	for _, item := range got.Items {
		for _, r := range item.Rights {
			answers[item.Name+" "+string(r.Entry.Permission)] = r.Decision.Allowed
		}
	}
	for _, typ := range got.Types {
		for _, r := range typ.Rights {
			answers[typ.Type+" "+string(r.Entry.Permission)] = r.Decision.Allowed
		}
	}
	want := map[string]bool{
		"One source:edit": true, "One source:connect": true, "One source:create_delete": false, "One source:live_events": false,
		"Two source:edit": false, "Two source:connect": false, "Two source:create_delete": false, "Two source:live_events": true,
		"source source:connect": true, "source source:create_delete": false}
	if diff := cmp.Diff(want, answers); diff != "" {
		t.Error(diff)
	}
	if got.Total != 2 || got.Counts[registry.Source] != 2 || got.Counts[registry.Destination] != 1 {
		t.Errorf("total %d, counts %v", got.Total, got.Counts)
	}
	page, err := b.Browse(b.ctx, by, main, registry.BrowseQuery{Search: "two", Page: 1, Size: 1})
	b.must(err)
	if len(page.Items) != 1 || page.Items[0].ID != two.ID || page.Total != 1 {
		t.Errorf("a search finds %v of %d", page.Items, page.Total)
	}
}

func TestService_AScriptWithoutAVersionIsReadable(t *testing.T) {
	b := newBed(t)
	b.must(b.store.InTx(b.ctx, actor.System(""), func(tx *store.Tx) error {
		return storetest.InsertResource(b.ctx, tx, main, policy.Resource{ID: "t1", Type: registry.Transformation, Name: "Imported"})
	}))
	s, err := b.Script(b.ctx, b.admin(acme), main, registry.Transformation, "t1")
	b.must(err)
	if s.Version.Name != "Imported" || s.Version.Language == "" {
		t.Errorf("%+v", s)
	}
	list, err := b.Scripts(b.ctx, b.admin(acme), main, registry.Transformation, registry.Query{})
	b.must(err)
	if len(list.Items) != 1 || list.Items[0].Version.Name != "Imported" {
		t.Errorf("%+v", list)
	}
	s, err = b.UpdateScript(b.ctx, b.admin(acme).Caller(), main, registry.Transformation, "t1", registry.ScriptForm{Code: text("x")}, true)
	b.must(err)
	if s.Version.Number != 1 || !s.Published {
		t.Errorf("%+v", s)
	}
}
