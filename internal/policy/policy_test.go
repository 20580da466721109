package policy_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
	"latchkey/internal/store"
	"latchkey/internal/store/storetest"
	"latchkey/internal/token"
)

// at is a place in Production.
func at(b *storetest.Bed, kind policy.Kind, subject string) policy.Place {
	return policy.Place{Kind: kind, Workspace: b.Prod, Subject: subject}
}

func TestPolicies_AreAddedSavedAndRemovedWithOneEventEach(t *testing.T) {
	b := storetest.NewBed(t, access.PlanEnterprise)
	bo := b.Member("Bo")
	g := b.Group("Analysts")
	for _, tt := range []struct {
		at     policy.Place
		target audit.TargetType
		want   []string
	}{
		{at(b, policy.OfMember, bo.ID), audit.TargetPermission,
			[]string{"resource_access_updated Bo in Production",
				"resource_access_updated Bo in Production", "deleted_user_permissions Bo in Production"}},
		{at(b, policy.OfGroup, g.ID), audit.TargetPolicy,
			[]string{"created Analysts in Production", "updated Analysts in Production", "deleted Analysts in Production"}},
	} {
		n := b.Logged()
		p, err := b.Policies.Add(t.Context(), b.Admin.Caller(), tt.at, access.Policy{})
		b.Must(err)
		_, err = b.Policies.Add(t.Context(), b.Admin.Caller(), tt.at, access.Policy{})
		storetest.WantKind(t, err, fault.Conflict)
		saved, err := b.Policies.Save(t.Context(), b.Admin.Caller(), tt.at, p.Revision(), access.Policy{"source:edit": access.Everywhere()})
		b.Must(err)
		same, err := b.Policies.Save(t.Context(), b.Admin.Caller(), tt.at, saved.Revision(), saved.Body)
		b.Must(err)
		if saved.Version != 2 || same.Version != 2 || saved.UpdatedBy != "Ada" {
			t.Errorf("saved as %+v, then as %+v", saved, same)
		}
		v, err := b.Policies.At(t.Context(), b.Admin, tt.at)
		b.Must(err)
		if diff := cmp.Diff(saved, v.Policy); diff != "" || !v.Exists {
			t.Error(diff)
		}
		_, err = b.Policies.Remove(t.Context(), b.Admin.Caller(), tt.at)
		b.Must(err)
		_, err = b.Policies.Remove(t.Context(), b.Admin.Caller(), tt.at)
		storetest.WantKind(t, err, fault.NotFound)
		if diff := cmp.Diff(tt.want, b.Events(tt.target, n)); diff != "" || b.Logged() != n+3 {
			t.Error(diff)
		}
	}
}

func TestSavePolicy_TellsBeforeAndAfter(t *testing.T) {
	b := storetest.NewBed(t, access.PlanEnterprise)
	v, err := b.Policies.At(t.Context(), b.Admin, at(b, policy.Baseline, ""))
	b.Must(err)
	_, err = b.Policies.Save(t.Context(), b.Admin.Caller(), placeOf(v.Policy), v.Revision(),
		access.Policy{"source:connect": access.Everywhere()})
	b.Must(err)
	list, err := b.Store.RecentEvents(t.Context(), b.Org, "", 1)
	b.Must(err)
	e := list[0]
	if e.Before != `{}` || e.After != `{"source:connect":{"all":true,"ids":[]}}` || e.Workspace != b.Prod ||
		e.Target.Type != audit.TargetPolicy || e.Target.Name != "Production" {
		t.Errorf("%+v", e)
	}
}

func TestSavePolicy_RefusesTheSecondOfTwoAdminsAndSaysWhatChanged(t *testing.T) {
	b := storetest.NewBed(t, access.PlanEnterprise)
	bo := b.Member("Bo", b.Prod)
	b.Resource(b.Prod, "source", "S1")
	grace := b.Member("Grace")
	_, err := b.Members.MakeAdmin(t.Context(), b.Admin.Caller(), grace.ID)
	b.Must(err)
	place := at(b, policy.OfMember, bo.ID)
	first, err := b.Policies.At(t.Context(), b.Admin, place)
	b.Must(err)
	seen, err := b.Policies.Save(t.Context(), b.Admin.Caller(), place, first.Revision(), access.Policy{"source:connect": access.Everywhere()})
	b.Must(err)
	// Grace saves twice while Ada is editing.
	mid, err := b.Policies.Save(t.Context(), b.Caller(grace.ID).Caller(), place, seen.Revision(),
		access.Policy{"table:edit": access.Everywhere()})
	b.Must(err)
	last, err := b.Policies.Save(t.Context(), b.Caller(grace.ID).Caller(), place, mid.Revision(),
		access.Policy{"source:edit": access.Only("S1")})
	b.Must(err)

	_, err = b.Policies.Save(t.Context(), b.Admin.Caller(), place, seen.Revision(), access.Policy{"audience:edit": access.Everywhere()})
	storetest.WantKind(t, err, fault.Conflict)
	want := "Grace changed this policy while you were editing it. Added: Edit Event Stream Sources (1 chosen). " +
		"Removed: Connect Event Stream Sources. Your changes were not saved."
	if got := fault.Of(err).Message; got != want {
		t.Errorf("says %q", got)
	}
	var c *policy.Collision
	if !errors.As(err, &c) || !c.Known || c.Removed {
		t.Fatalf("collision %+v", c)
	}
	if diff := cmp.Diff(last, c.Current); diff != "" {
		t.Error(diff)
	}
	now, err := b.Policies.At(t.Context(), b.Admin, place)
	b.Must(err)
	if !now.Body.Equal(last.Body) {
		t.Error("Grace's changes were lost")
	}
}

func TestSavePolicy_SaysWhenThePolicyIsGone(t *testing.T) {
	b := storetest.NewBed(t, access.PlanEnterprise)
	bo := b.Member("Bo")
	seen := b.Policy(policy.OfMember, b.Prod, bo.ID, access.Policy{})
	_, err := b.Policies.Remove(t.Context(), b.Admin.Caller(), placeOf(seen))
	b.Must(err)
	_, err = b.Policies.Save(t.Context(), b.Admin.Caller(), placeOf(seen), seen.Revision(), access.Policy{"table:edit": access.Everywhere()})
	storetest.WantKind(t, err, fault.Conflict)
	if !strings.Contains(fault.Of(err).Message, "Ada removed this policy") {
		t.Error(fault.Of(err).Message)
	}
	// A policy that was added again is a different one, although its version is the same.
	again := b.Policy(policy.OfMember, b.Prod, bo.ID, access.Policy{})
	_, err = b.Policies.Save(t.Context(), b.Admin.Caller(), placeOf(seen), seen.Revision(), access.Policy{"table:edit": access.Everywhere()})
	storetest.WantKind(t, err, fault.Conflict)
	if again.Version != seen.Version {
		t.Error("the versions differ, so the test proves nothing")
	}
}

func TestPolicies_AreChecked(t *testing.T) {
	b := storetest.NewBed(t, access.PlanGrowth) // no PII
	bo := b.Member("Bo")
	staging := b.Workspace("Staging")
	b.Resource(b.Prod, "source", "S1")
	b.Resource(b.Prod, "destination", "D1")
	b.Resource(staging.ID, "source", "S2")
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
		_, err := b.Policies.Add(t.Context(), b.Admin.Caller(), at(b, policy.OfMember, bo.ID), body)
		storetest.WantField(t, err, path)
		_, err = b.Policies.ChangeSummary(t.Context(), b.Admin, at(b, policy.OfMember, bo.ID), body)
		storetest.WantField(t, err, path)
	}
	b.Policy(policy.OfMember, b.Prod, bo.ID, access.Policy{"source:edit": access.Only("S1"), "destination:edit": access.AllBut("D1")})
}

func TestSavePolicy_KeepsWhatIsThereThoughItCouldNotBeAdded(t *testing.T) {
	b := storetest.NewBed(t, access.PlanGrowth)
	bo := b.Member("Bo")
	old := access.Policy{"source:edit": access.Only("gone"), "source:live_events": access.Everywhere(), "dropped:edit": access.Everywhere()}
	b.InTx(func(tx *store.Tx) error {
		return tx.InsertPolicy(t.Context(), policy.Policy{ID: "p", Organization: b.Org, Workspace: b.Prod, Kind: policy.OfMember,
			Subject: bo.ID, Body: old, Version: 1, UpdatedAt: b.Clock.Now()})
	})
	changed := old.Clone()
	changed["source:connect"] = access.Everywhere()
	_, err := b.Policies.Save(t.Context(), b.Admin.Caller(), at(b, policy.OfMember, bo.ID), policy.Revision{Policy: "p", Version: 1}, changed)
	b.Must(err)
}

func TestBaseline_IsEditedOnEnterpriseOnly(t *testing.T) {
	for _, plan := range []access.Plan{access.PlanFree, access.PlanStarter, access.PlanGrowth, access.PlanEnterprise} {
		b := storetest.NewBed(t, plan)
		v, err := b.Policies.At(t.Context(), b.Admin, at(b, policy.Baseline, ""))
		b.Must(err) // any plan may look at it
		_, err = b.Policies.Save(t.Context(), b.Admin.Caller(), placeOf(v.Policy), v.Revision(), access.Policy{"table:edit": access.Everywhere()})
		if plan == access.PlanEnterprise {
			b.Must(err)
		} else if storetest.WantKind(t, err, fault.Denied); fault.Of(err).Message != access.UpgradeText {
			t.Error(err)
		}
		_, err = b.Policies.Remove(t.Context(), b.Admin.Caller(), placeOf(v.Policy))
		storetest.WantKind(t, err, fault.Denied)
	}
}

func TestPolicy_NamesWhatIsInherited(t *testing.T) {
	b := storetest.NewBed(t, access.PlanEnterprise)
	bo := b.Member("Bo")
	g := b.Group("Analysts", b.Prod)
	b.Join(g.ID, bo.ID)
	b.Group("Others", b.Prod)
	sources := func(at policy.Place) string {
		v, err := b.Policies.At(t.Context(), b.Admin, at)
		b.Must(err)
		var out []string
		for _, l := range v.Inherited {
			out = append(out, l.Source())
		}
		return strings.Join(out, ", ")
	}
	for at, want := range map[policy.Place]string{
		at(b, policy.Baseline, ""):     "",
		at(b, policy.OfGroup, g.ID):    "Baseline Workspace Policy",
		at(b, policy.OfMember, bo.ID):  "Baseline Workspace Policy, group Analysts",
		at(b, policy.OfMember, "none"): "none",
	} {
		if want == "none" {
			_, err := b.Policies.At(t.Context(), b.Admin, at)
			storetest.WantKind(t, err, fault.NotFound)
		} else if got := sources(at); got != want {
			t.Errorf("%v inherits from %q, want %q", at, got, want)
		}
	}
}

func TestChangeSummary_CountsWhomItTouches(t *testing.T) {
	b := storetest.NewBed(t, access.PlanEnterprise)
	bo, cy, di := b.Member("Bo", b.Prod), b.Member("Cy"), b.Member("Di")
	g := b.Group("Analysts", b.Prod)
	b.Join(g.ID, bo.ID, cy.ID, b.Ada.ID)
	b.SAT(access.Policy{})
	b.Token(func(tok *token.Token) { // expired
		tok.Kind, tok.Scope, tok.ExpiresAt = token.Workspace, "", b.Clock.Now().Add(-time.Minute)
	})
	baseline, err := b.Policies.At(t.Context(), b.Admin, at(b, policy.Baseline, ""))
	b.Must(err)
	_, err = b.Policies.Save(t.Context(), b.Admin.Caller(), placeOf(baseline.Policy), baseline.Revision(),
		access.Policy{"source:connect": access.Everywhere()})
	b.Must(err)
	body := access.Policy{"source:connect": access.Everywhere(), "source:edit": access.Everywhere()}
	gain := access.Change{Added: []access.PermissionReach{{Permission: "source:edit", Reach: access.Everywhere()}}}
	for at, want := range map[policy.Place]policy.Summary{
		at(b, policy.Baseline, ""):    {Change: gain, Audience: policy.Audience{Members: 2, Groups: 1, ServiceTokens: 1}},
		at(b, policy.OfGroup, g.ID):   {Change: gain, Audience: policy.Audience{Members: 2, Groups: 1}},
		at(b, policy.OfMember, bo.ID): {Change: gain, Audience: policy.Audience{Members: 1}},
		at(b, policy.OfMember, di.ID): {Change: gain, Audience: policy.Audience{Members: 1}, Joins: true},
	} {
		got, err := b.Policies.ChangeSummary(t.Context(), b.Admin, at, body)
		b.Must(err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%v: %s", at, diff)
		}
	}
}

func TestRemovePolicy_LeavesWhatAGroupGives(t *testing.T) {
	b := storetest.NewBed(t, access.PlanEnterprise)
	bo := b.Member("Bo", b.Prod)
	g := b.Group("Analysts", b.Prod)
	b.Join(g.ID, bo.ID)
	_, err := b.Policies.Remove(t.Context(), b.Admin.Caller(), at(b, policy.OfMember, bo.ID))
	b.Must(err)
	if !b.Caller(bo.ID).IsIn(b.Prod) {
		t.Error("the group puts Bo into the workspace")
	}
	_, err = b.Policies.Remove(t.Context(), b.Admin.Caller(), at(b, policy.OfGroup, g.ID))
	b.Must(err)
	if b.Caller(bo.ID).IsIn(b.Prod) {
		t.Error("nothing puts Bo into the workspace")
	}
}

func TestBaselines_ListsEveryWorkspace(t *testing.T) {
	b := storetest.NewBed(t, access.PlanFree)
	b.Workspace("Staging")
	rows, err := b.Policies.Baselines(t.Context(), b.Admin, nil)
	b.Must(err)
	if len(rows) != 2 || rows[1].Name != "Staging" || rows[1].Baseline.Workspace != rows[1].ID || rows[1].Members != 1 {
		t.Errorf("%+v", rows)
	}
}

func placeOf(p policy.Policy) policy.Place {
	return policy.Place{Kind: p.Kind, Workspace: p.Workspace, Subject: p.Subject}
}
