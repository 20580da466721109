package account_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/store"
	"latchkey/internal/token"
)

// at is a place in Production.
func (b *bed) at(kind account.PolicyKind, subject string) account.Place {
	return account.Place{Kind: kind, Workspace: b.prod, Subject: subject}
}

func TestPolicies_AreAddedSavedAndRemovedWithOneEventEach(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	bo := b.member("Bo")
	g := b.group("Analysts")
	for _, tt := range []struct {
		at     account.Place
		target audit.TargetType
		want   []string
	}{
		{b.at(account.MemberPolicy, bo.ID), audit.TargetPermission,
			[]string{"resource_access_updated Bo in Production", "resource_access_updated Bo in Production", "deleted_user_permissions Bo in Production"}},
		{b.at(account.GroupPolicy, g.ID), audit.TargetPolicy,
			[]string{"created Analysts in Production", "updated Analysts in Production", "deleted Analysts in Production"}},
	} {
		n := b.logged()
		p, err := b.AddPolicy(t.Context(), b.admin.Caller(), tt.at, access.Policy{})
		b.must(err)
		_, err = b.AddPolicy(t.Context(), b.admin.Caller(), tt.at, access.Policy{})
		wantKind(t, err, fault.Conflict)
		saved, err := b.SavePolicy(t.Context(), b.admin.Caller(), tt.at, p.Revision(), access.Policy{"source:edit": access.Everywhere()})
		b.must(err)
		same, err := b.SavePolicy(t.Context(), b.admin.Caller(), tt.at, saved.Revision(), saved.Body)
		b.must(err)
		if saved.Version != 2 || same.Version != 2 || saved.UpdatedBy != "Ada" {
			t.Errorf("saved as %+v, then as %+v", saved, same)
		}
		v, err := b.Policy(t.Context(), b.admin, tt.at)
		b.must(err)
		if diff := cmp.Diff(saved, v.Policy); diff != "" || !v.Exists {
			t.Error(diff)
		}
		_, err = b.RemovePolicy(t.Context(), b.admin.Caller(), tt.at)
		b.must(err)
		_, err = b.RemovePolicy(t.Context(), b.admin.Caller(), tt.at)
		wantKind(t, err, fault.NotFound)
		if diff := cmp.Diff(tt.want, b.events(tt.target, n)); diff != "" || b.logged() != n+3 {
			t.Error(diff)
		}
	}
}

func TestSavePolicy_TellsBeforeAndAfter(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	v, err := b.Policy(t.Context(), b.admin, b.at(account.BaselinePolicy, ""))
	b.must(err)
	_, err = b.SavePolicy(t.Context(), b.admin.Caller(), placeOf(v.Policy), v.Revision(), access.Policy{"source:connect": access.Everywhere()})
	b.must(err)
	list, err := b.store.RecentEvents(t.Context(), b.org, "", 1)
	b.must(err)
	e := list[0]
	if e.Before != `{}` || e.After != `{"source:connect":{"all":true,"ids":[]}}` || e.Workspace != b.prod || e.Target.Type != audit.TargetPolicy || e.Target.Name != "Production" {
		t.Errorf("%+v", e)
	}
}

func TestSavePolicy_RefusesTheSecondOfTwoAdminsAndSaysWhatChanged(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	bo := b.member("Bo", b.prod)
	b.resource(b.prod, "source", "S1")
	grace := b.member("Grace")
	_, err := b.MakeAdmin(t.Context(), b.admin.Caller(), grace.ID)
	b.must(err)
	place := b.at(account.MemberPolicy, bo.ID)
	first, err := b.Policy(t.Context(), b.admin, place)
	b.must(err)
	seen, err := b.SavePolicy(t.Context(), b.admin.Caller(), place, first.Revision(), access.Policy{"source:connect": access.Everywhere()})
	b.must(err)
	// Grace saves twice while Ada is editing.
	mid, err := b.SavePolicy(t.Context(), b.caller(grace.ID).Caller(), place, seen.Revision(), access.Policy{"table:edit": access.Everywhere()})
	b.must(err)
	last, err := b.SavePolicy(t.Context(), b.caller(grace.ID).Caller(), place, mid.Revision(), access.Policy{"source:edit": access.Only("S1")})
	b.must(err)

	_, err = b.SavePolicy(t.Context(), b.admin.Caller(), place, seen.Revision(), access.Policy{"audience:edit": access.Everywhere()})
	wantKind(t, err, fault.Conflict)
	want := "Grace changed this policy while you were editing it. Added: Edit Event Stream Sources (1 chosen). Removed: Connect Event Stream Sources. Your changes were not saved."
	if got := fault.Of(err).Message; got != want {
		t.Errorf("says %q", got)
	}
	var c *account.Collision
	if !errors.As(err, &c) || !c.Known || c.Removed {
		t.Fatalf("collision %+v", c)
	}
	if diff := cmp.Diff(last, c.Current); diff != "" {
		t.Error(diff)
	}
	now, err := b.Policy(t.Context(), b.admin, place)
	b.must(err)
	if !now.Body.Equal(last.Body) {
		t.Error("Grace's changes were lost")
	}
}

func TestSavePolicy_SaysWhenThePolicyIsGone(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	bo := b.member("Bo")
	seen := b.policy(account.MemberPolicy, b.prod, bo.ID, access.Policy{})
	_, err := b.RemovePolicy(t.Context(), b.admin.Caller(), placeOf(seen))
	b.must(err)
	_, err = b.SavePolicy(t.Context(), b.admin.Caller(), placeOf(seen), seen.Revision(), access.Policy{"table:edit": access.Everywhere()})
	wantKind(t, err, fault.Conflict)
	if !strings.Contains(fault.Of(err).Message, "Ada removed this policy") {
		t.Error(fault.Of(err).Message)
	}
	// Added again it is another policy, though its version is the same.
	again := b.policy(account.MemberPolicy, b.prod, bo.ID, access.Policy{})
	_, err = b.SavePolicy(t.Context(), b.admin.Caller(), placeOf(seen), seen.Revision(), access.Policy{"table:edit": access.Everywhere()})
	wantKind(t, err, fault.Conflict)
	if again.Version != seen.Version {
		t.Error("the test means nothing")
	}
}

func TestPolicies_AreChecked(t *testing.T) {
	b := newBed(t, access.PlanGrowth) // no PII
	bo := b.member("Bo")
	staging := b.workspace("Staging")
	b.resource(b.prod, "source", "S1")
	b.resource(b.prod, "destination", "D1")
	b.resource(staging.ID, "source", "S2")
	for path, body := range map[string]access.Policy{
		"source:fly":           {"source:fly": access.Everywhere()},
		"source:connect":       {"source:connect": access.Only("S1")},
		"source:edit":          {"source:edit": access.Only("S1", "S2")}, // of another workspace
		"table:edit":           {"table:edit": access.AllBut("D1")},      // of another type
		"destination:edit":     {"destination:edit": access.Only("S1"), "source:edit": access.Only("S1")},
		"profile:edit":         {"profile:edit": access.Only("nowhere")},
		"source:live_events":   {"source:live_events": access.Everywhere()},
		"member:manage":        {"member:manage": access.Everywhere()},
		"audience:edit":        {"audience:edit": access.Only("S1")},
		"transformation:edit":  {"transformation:edit": access.Only("D1")},
		"tracking_plan:create": {"tracking_plan:create": access.Everywhere()},
	} {
		_, err := b.AddPolicy(t.Context(), b.admin.Caller(), b.at(account.MemberPolicy, bo.ID), body)
		wantField(t, err, path)
		_, err = b.ChangeSummary(t.Context(), b.admin, b.at(account.MemberPolicy, bo.ID), body)
		wantField(t, err, path)
	}
	b.policy(account.MemberPolicy, b.prod, bo.ID, access.Policy{"source:edit": access.Only("S1"), "destination:edit": access.AllBut("D1")})
}

func TestSavePolicy_KeepsWhatIsThereThoughItCouldNotBeAdded(t *testing.T) {
	b := newBed(t, access.PlanGrowth)
	bo := b.member("Bo")
	old := access.Policy{"source:edit": access.Only("gone"), "source:live_events": access.Everywhere(), "dropped:edit": access.Everywhere()}
	b.inTx(func(tx *store.Tx) error {
		return tx.InsertPolicy(t.Context(), account.Policy{ID: "p", Organization: b.org, Workspace: b.prod, Kind: account.MemberPolicy,
			Subject: bo.ID, Body: old, Version: 1, UpdatedAt: b.clock.now()})
	})
	changed := old.Clone()
	changed["source:connect"] = access.Everywhere()
	_, err := b.SavePolicy(t.Context(), b.admin.Caller(), b.at(account.MemberPolicy, bo.ID), account.Revision{Policy: "p", Version: 1}, changed)
	b.must(err)
}

func TestBaseline_IsEditedOnEnterpriseOnly(t *testing.T) {
	for _, plan := range []access.Plan{access.PlanFree, access.PlanStarter, access.PlanGrowth, access.PlanEnterprise} {
		b := newBed(t, plan)
		v, err := b.Policy(t.Context(), b.admin, b.at(account.BaselinePolicy, ""))
		b.must(err) // looking is free
		_, err = b.SavePolicy(t.Context(), b.admin.Caller(), placeOf(v.Policy), v.Revision(), access.Policy{"table:edit": access.Everywhere()})
		if plan == access.PlanEnterprise {
			b.must(err)
		} else if wantKind(t, err, fault.Denied); fault.Of(err).Message != access.UpgradeText {
			t.Error(err)
		}
		_, err = b.RemovePolicy(t.Context(), b.admin.Caller(), placeOf(v.Policy))
		wantKind(t, err, fault.Denied)
	}
}

func TestPolicy_NamesWhatIsInherited(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	bo := b.member("Bo")
	g := b.group("Analysts", b.prod)
	b.join(g.ID, bo.ID)
	b.group("Others", b.prod)
	sources := func(at account.Place) string {
		v, err := b.Policy(t.Context(), b.admin, at)
		b.must(err)
		var out []string
		for _, l := range v.Inherited {
			out = append(out, l.Source())
		}
		return strings.Join(out, ", ")
	}
	for at, want := range map[account.Place]string{
		b.at(account.BaselinePolicy, ""):   "",
		b.at(account.GroupPolicy, g.ID):    "Baseline Workspace Policy",
		b.at(account.MemberPolicy, bo.ID):  "Baseline Workspace Policy, group Analysts",
		b.at(account.MemberPolicy, "none"): "none",
	} {
		if want == "none" {
			_, err := b.Policy(t.Context(), b.admin, at)
			wantKind(t, err, fault.NotFound)
		} else if got := sources(at); got != want {
			t.Errorf("%v inherits from %q, want %q", at, got, want)
		}
	}
}

func TestChangeSummary_CountsWhomItTouches(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	bo, cy, di := b.member("Bo", b.prod), b.member("Cy"), b.member("Di")
	g := b.group("Analysts", b.prod)
	b.join(g.ID, bo.ID, cy.ID, b.ada.ID)
	b.sat(access.Policy{})
	b.token(func(tok *token.Token) { // expired
		tok.Kind, tok.Scope, tok.ExpiresAt = token.Workspace, "", b.clock.now().Add(-time.Minute)
	})
	baseline, err := b.Policy(t.Context(), b.admin, b.at(account.BaselinePolicy, ""))
	b.must(err)
	_, err = b.SavePolicy(t.Context(), b.admin.Caller(), placeOf(baseline.Policy), baseline.Revision(), access.Policy{"source:connect": access.Everywhere()})
	b.must(err)
	body := access.Policy{"source:connect": access.Everywhere(), "source:edit": access.Everywhere()}
	gain := access.Change{Added: []access.PermissionReach{{Permission: "source:edit", Reach: access.Everywhere()}}}
	for at, want := range map[account.Place]account.Summary{
		b.at(account.BaselinePolicy, ""):  {Change: gain, Audience: account.Audience{Members: 2, Groups: 1, ServiceTokens: 1}},
		b.at(account.GroupPolicy, g.ID):   {Change: gain, Audience: account.Audience{Members: 2, Groups: 1}},
		b.at(account.MemberPolicy, bo.ID): {Change: gain, Audience: account.Audience{Members: 1}},
		b.at(account.MemberPolicy, di.ID): {Change: gain, Audience: account.Audience{Members: 1}, Joins: true},
	} {
		got, err := b.ChangeSummary(t.Context(), b.admin, at, body)
		b.must(err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%v: %s", at, diff)
		}
	}
}

func TestRemovePolicy_LeavesWhatAGroupGives(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	bo := b.member("Bo", b.prod)
	g := b.group("Analysts", b.prod)
	b.join(g.ID, bo.ID)
	_, err := b.RemovePolicy(t.Context(), b.admin.Caller(), b.at(account.MemberPolicy, bo.ID))
	b.must(err)
	if !b.caller(bo.ID).IsIn(b.prod) {
		t.Error("the group puts Bo into the workspace")
	}
	_, err = b.RemovePolicy(t.Context(), b.admin.Caller(), b.at(account.GroupPolicy, g.ID))
	b.must(err)
	if b.caller(bo.ID).IsIn(b.prod) {
		t.Error("nothing puts Bo into the workspace any more")
	}
}

func TestBaselines_ListsEveryWorkspace(t *testing.T) {
	b := newBed(t, access.PlanFree)
	b.workspace("Staging")
	rows, err := b.Baselines(t.Context(), b.admin)
	b.must(err)
	if len(rows) != 2 || rows[1].Name != "Staging" || rows[1].Baseline.Workspace != rows[1].ID || rows[1].Members != 1 {
		t.Errorf("%+v", rows)
	}
}

func placeOf(p account.Policy) account.Place {
	return account.Place{Kind: p.Kind, Workspace: p.Workspace, Subject: p.Subject}
}
