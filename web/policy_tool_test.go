package web_test

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/segmentio/ksuid"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/policy"
	"latchkey/internal/store"
	"latchkey/internal/token"
)

const presetPages = administration + "/presets"

// editorPages are the addresses of the editor everywhere, with the fields that a form there needs.
func editorPages(t *testing.T, s *site, b *browser) map[string]url.Values {
	t.Helper()
	ada, workspace := s.caller(t, adminEmail), firstWorkspace(t, s)
	return map[string]url.Values{
		administration + "/baseline-policies/" + workspace:                          {},
		administration + "/users/" + s.newMember(t, ada) + "/policies/" + workspace: {},
		administration + "/groups/" + s.newGroup(t, ada) + "/policies/" + workspace: {},
		administration + "/service-access-tokens/workspace/new":                     wizardForm(t, s, b),
	}
}

func checked(body, permission string) bool {
	_, box, found := strings.Cut(body, `value="`+permission+`" aria-label="`)
	box, _, _ = strings.Cut(box, ">")
	return found && strings.Contains(box, " checked")
}

func TestEditor_HasItsToolsEverywhere(t *testing.T) {
	s := newSite(t)
	b := s.signedIn(t, adminEmail)
	for at, form := range editorPages(t, s, b) {
		for _, step := range []struct {
			pairs []string
			want  map[string]bool
		}{
			{[]string{"step", "preset", "preset", "built-in:Full access"},
				map[string]bool{"table:edit": true, "table:create_delete": true, "table:live_events": true}},
			{[]string{"step", "preset", "preset", "built-in:Editor"},
				map[string]bool{"table:edit": true, "table:create_delete": false, "table:live_events": false}},
			{[]string{"step", "preset", "preset", "built-in:View only"}, map[string]bool{"source:edit": false}},
			{[]string{"step", "column:1"}, map[string]bool{"table:connect": true, "audience:connect": true, "table:create_delete": false}},
			{[]string{"step", "column:1", "show", "table"}, map[string]bool{"table:connect": true, "audience:connect": false}},
			{[]string{"step", "row:resources:table"},
				map[string]bool{"table:connect": true, "table:create_delete": true, "audience:connect": false, "table:live_events": false}},
		} {
			sent := maps.Clone(form)
			delete(sent, "step")
			sent = with(sent, step.pairs...)
			got := b.post(at, sent)
			if got.status != http.StatusOK {
				t.Fatalf("%s %v: %d %.300s", at, step.pairs, got.status, got.body)
			}
			for permission, want := range step.want {
				if checked(got.body, permission) != want {
					t.Errorf("%s %v: %s is not %t", at, step.pairs, permission, want)
				}
			}
		}
	}
}

func TestPresets_AreSavedFromAFormWithoutSavingThePolicy(t *testing.T) {
	s := newSite(t)
	b, ada := s.signedIn(t, adminEmail), s.caller(t, adminEmail)
	workspace := firstWorkspace(t, s)
	at := administration + "/baseline-policies/" + workspace
	before, err := s.app.Policies.Baseline(context.Background(), ada, workspace)
	if err != nil {
		t.Fatal(err)
	}
	form := url.Values{"step": {"save_preset"}, "preset_name": {" Few things "}, "policy_id": {before.ID}, "version": {"1"},
		"grant": {"table:connect", "table:edit"}, "reach.table:edit": {"selected"}, "future.table:edit": {"1"}}
	if got := b.post(at, form); got.status != http.StatusOK || !strings.Contains(got.body, "was saved. The policy is not saved yet.") {
		t.Fatalf("%d %.300s", got.status, got.body)
	}
	presets, err := s.app.Presets.List(context.Background(), ada)
	if err != nil || len(presets) != 1 || !maps.Equal(presets[0].Grants,
		map[access.Permission]policy.Extent{"table:connect": policy.AllResources, "table:edit": policy.ChosenAndFuture}) {
		t.Fatalf("%+v %v", presets, err)
	}
	if after, err := s.app.Policies.Baseline(context.Background(), ada, workspace); err != nil || after.Version != before.Version {
		t.Error("the policy was saved too")
	}
	for name, want := range map[string]string{"few THINGS": "already exists", "full access": "already exists", "": "Enter a name."} {
		form.Set("preset_name", name)
		if got := b.post(at, form); got.status != http.StatusBadRequest || !strings.Contains(got.body, want) {
			t.Errorf("%q: %d", name, got.status)
		}
	}
	used := b.post(at, url.Values{"step": {"preset"}, "preset": {presets[0].ID}})
	if !checked(used.body, "table:connect") || !checked(used.body, "table:edit") || checked(used.body, "source:edit") {
		t.Error("the preset was not used")
	}
	if got := b.post(at, url.Values{"step": {"preset"}, "preset": {ksuid.New().String()}}); got.status != http.StatusNotFound {
		t.Errorf("an unknown preset: %d", got.status)
	}
	events, err := s.app.Store.RecentEvents(context.Background(), ada.Organization, "", 5)
	if err != nil || string(events[0].Target.Type)+"."+string(events[0].Action) != "policy_preset.created" {
		t.Errorf("%+v %v", events, err)
	}
}

func TestPresets_AreOfOneOrganizationAndForAdmins(t *testing.T) {
	s := newSite(t)
	ctx, ada := context.Background(), s.caller(t, adminEmail)
	mine := s.newPreset(t, ada)
	member := s.signedIn(t, viewerEmail)
	if got := member.post(presetPages+"/"+mine+"/delete", nil); got.status != http.StatusForbidden {
		t.Errorf("a Member deletes: %d", got.status)
	}
	vera := s.caller(t, viewerEmail)
	if _, err := s.app.Presets.Save(ctx, vera.Caller(), "Mine", nil); err == nil {
		t.Error("a Member saves a preset")
	}
	if _, err := s.app.Presets.List(ctx, vera); err == nil {
		t.Error("a Member lists presets")
	}
	foreign := otherOrganization(t, s)
	b := s.signedIn(t, adminEmail)
	for _, id := range []string{foreign.preset, ksuid.New().String()} {
		if got := b.post(presetPages+"/"+id+"/delete", nil); got.status != http.StatusNotFound {
			t.Errorf("%s: %d", id, got.status)
		}
	}
}

// foreign are ids of another organization.
type foreign struct{ workspace, group, member, token, preset string }

func otherOrganization(t *testing.T, s *site) foreign {
	t.Helper()
	f := foreign{ksuid.New().String(), ksuid.New().String(), ksuid.New().String(), ksuid.New().String(), ksuid.New().String()}
	org, now := ksuid.New().String(), s.now()
	err := s.app.Store.InTx(context.Background(), actor.System(""), func(tx *store.Tx) error {
		ctx := context.Background()
		return errors.Join(
			tx.InsertOrganization(ctx, account.Organization{ID: org, Name: "Foreign", Plan: access.PlanEnterprise, CreatedAt: now}),
			tx.InsertWorkspace(ctx, account.Workspace{ID: f.workspace, Organization: org, Name: "Foreign", Environment: account.Development,
				Region: "US", CreatedAt: now, UpdatedAt: now}),
			tx.InsertPolicy(ctx, policy.Policy{ID: ksuid.New().String(), Organization: org, Workspace: f.workspace, Kind: policy.Baseline,
				Version: 1, UpdatedAt: now}),
			tx.InsertMember(ctx, account.Member{ID: f.member, Organization: org, Email: "foreign@example.com", Name: "Foreign",
				Role: access.RoleAdmin, Status: account.Active, CreatedAt: now, UpdatedAt: now}, ""),
			tx.InsertGroup(ctx, account.Group{ID: f.group, Organization: org, Name: "Foreign", CreatedAt: now, UpdatedAt: now}),
			tx.InsertToken(ctx, token.Token{ID: f.token, Organization: org, Kind: token.Workspace, Name: "Foreign", Hint: "lkwat_…0000",
				Workspace: f.workspace, Policy: access.BuiltIn().Everything(), CreatedAt: now}, [32]byte{1}, ""),
			tx.InsertPreset(ctx, policy.Preset{ID: f.preset, Organization: org, Name: "Foreign", CreatedAt: now}))
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestCopyFrom_WithholdsWhatTheVisitorMayNotSee compares the answers for what is another organization's
// with those for what does not exist.
func TestCopyFrom_WithholdsWhatTheVisitorMayNotSee(t *testing.T) {
	s := newSite(t)
	b := s.signedIn(t, adminEmail)
	at := administration + "/baseline-policies/" + firstWorkspace(t, s)
	f := otherOrganization(t, s)
	none := b.post(at, url.Values{"step": {"copy:token:" + ksuid.New().String()}, "grant": {"table:connect"}})
	if none.status != http.StatusNotFound || !strings.Contains(none.body, "What you want to copy from was not found.") ||
		!checked(none.body, "table:connect") {
		t.Fatalf("%d %.300s", none.status, none.body)
	}
	for _, source := range []string{"token:" + f.token, "member:" + f.member, "group:" + f.group, "baseline:" + f.workspace,
		"rocket:" + f.token, "token", "", "baseline:"} {
		got := b.post(at, url.Values{"step": {"copy:" + source}, "grant": {"table:connect"}})
		if got.status != none.status || messageOf(got.body) != messageOf(none.body) {
			t.Errorf("%s: %d %q", source, got.status, messageOf(got.body))
		}
	}
	found := b.post(at, url.Values{"step": {"find"}, "copy_find": {"foreign"}})
	if found.status != http.StatusOK || !strings.Contains(found.body, "Nothing matches") {
		t.Error("the search finds another organization's")
	}
}

func messageOf(body string) string {
	_, text, _ := strings.Cut(body, "data-policy-message>")
	text, _, _ = strings.Cut(text, "<")
	return text
}

func TestCopyFrom_CopiesWhatItGrants(t *testing.T) {
	s := newSite(t)
	b, ada := s.signedIn(t, adminEmail), s.caller(t, adminEmail)
	workspace := firstWorkspace(t, s)
	group := s.newGroup(t, ada)
	place := policy.Place{Kind: policy.OfGroup, Workspace: workspace, Subject: group}
	v, err := s.app.Policies.At(context.Background(), ada, place)
	if err != nil {
		t.Fatal(err)
	}
	sources := slices.DeleteFunc(slices.Clone(v.Resources), func(r policy.Resource) bool { return r.Type != "source" })
	if _, err = s.app.Policies.Save(context.Background(), ada.Caller(), place, v.Revision(),
		access.Policy{"source:edit": access.Only(sources[0].ID), "table:connect": access.Everywhere()}); err != nil {
		t.Fatal(err)
	}
	for at, form := range editorPages(t, s, b) {
		sent := maps.Clone(form)
		sent.Set("step", "copy:group:"+group)
		got := b.post(at, sent)
		if got.status != http.StatusOK || !checked(got.body, "table:connect") || !checked(got.body, "source:edit") ||
			checked(got.body, "audience:edit") {
			t.Errorf("%s: %d %s", at, got.status, messageOf(got.body))
		}
		sent.Set("step", "copy:member:"+ada.ID)
		if got = b.post(at, sent); !checked(got.body, "audience:edit") || !checked(got.body, "table:live_events") {
			t.Errorf("%s: an Admin's access is everything: %s", at, messageOf(got.body))
		}
	}
}

func TestConflict_AppliesMineOnTopAndDecidesAtCommit(t *testing.T) {
	s := newSite(t)
	b, ada := s.signedIn(t, adminEmail), s.caller(t, adminEmail)
	workspace := firstWorkspace(t, s)
	at := administration + "/baseline-policies/" + workspace
	p, err := s.app.Policies.Baseline(context.Background(), ada, workspace)
	if err != nil {
		t.Fatal(err)
	}
	was := slices.Collect(maps.Keys(p.Body))
	form := func(step, version string, more ...string) url.Values {
		f := url.Values{"step": {step}, "policy_id": {p.ID}, "version": {version}}
		for _, permission := range was {
			f.Add("grant", string(permission))
			f.Set("reach."+string(permission), "all")
			if entry, _ := access.BuiltIn().Lookup(permission); !entry.Limitable {
				f.Del("reach." + string(permission))
			}
		}
		for _, m := range more {
			f.Add("grant", m)
		}
		return f
	}
	mustSave := func(f url.Values) {
		t.Helper()
		if got := b.post(at, f); got.status != http.StatusSeeOther {
			t.Fatalf("%d %.2000s", got.status, got.body)
		}
	}
	mustSave(form("save", "1", "table:connect"))
	refused := b.post(at, form("save", "1", "audience:connect"))
	for _, text := range []string{"What they changed", "Adds: connect Tables.", "What you changed", "Adds: connect Audiences.",
		"Apply mine on top"} {
		if refused.status != http.StatusConflict || !strings.Contains(refused.body, text) {
			t.Errorf("%d, no %q", refused.status, text)
		}
	}
	if again := b.post(at, form("save", "1", "audience:connect")); again.status != http.StatusConflict {
		t.Errorf("saving it again: %d", again.status)
	}
	merged := b.post(at, form("apply", "1", "audience:connect"))
	if merged.status != http.StatusOK || !checked(merged.body, "table:connect") || !checked(merged.body, "audience:connect") ||
		!strings.Contains(merged.body, `name="version" value="2"`) {
		t.Fatalf("%d %.2000s", merged.status, merged.body)
	}
	mustSave(form("save", "2", "table:connect", "sql_model:connect")) // in the meantime, once more
	if late := b.post(at, form("save", "2", "table:connect", "audience:connect")); late.status != http.StatusConflict {
		t.Errorf("the merged policy was saved over a newer one: %d", late.status)
	}
	mustSave(form("save", "3", "table:connect", "sql_model:connect", "audience:connect"))
}
