package access

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/fault"
)

func TestPlan_IncludesWhatTheTableSays(t *testing.T) {
	features := []Feature{FeatureTokens, FeatureGroups, FeatureAuditLog, FeatureSCIM, FeatureBaseline, FeaturePII, "other"}
	cases := []struct {
		plan            Plan
		label, has      string
		groups, members int // -1: no limit
	}{
		{PlanFree, "Free", "-------", 0, 10},
		{PlanStarter, "Starter", "+------", 0, 10},
		{PlanGrowth, "Growth", "++-----", 3, -1},
		{PlanEnterprise, "Enterprise", "++++++-", -1, -1},
		{"unheard of", "Free", "-------", 0, 10},
	}
	limit := func(n int, limited bool) int {
		if !limited {
			return -1
		}
		return n
	}
	for _, k := range cases {
		has := ""
		for _, f := range features {
			if k.plan.Has(f) {
				has += "+"
			} else {
				has += "-"
			}
		}
		if has != k.has || k.plan.Label() != k.label || limit(k.plan.GroupLimit()) != k.groups || limit(k.plan.MemberLimit()) != k.members {
			t.Errorf("%s: %s %s, groups %d, members %d", k.plan, k.plan.Label(), has,
				limit(k.plan.GroupLimit()), limit(k.plan.MemberLimit()))
		}
	}
}

func TestPlan_RefusesOnlyToAddPrivacyPermissions(t *testing.T) {
	c := BuiltIn()
	before := Policy{"source:live_events": Only("S1", "S2"), "table:live_events": Everywhere()}
	after := Policy{"source:live_events": Only("S1", "S3"), "table:live_events": AllBut("T1"),
		"audience:live_events": Everywhere(), "source:edit": Everywhere()}
	want := []fault.Field{{Path: "audience:live_events", Message: UpgradeText}, {Path: "source:live_events", Message: UpgradeText}}
	for _, plan := range []Plan{PlanFree, PlanStarter, PlanGrowth} {
		if diff := cmp.Diff(want, plan.Refuses(c, before, after)); diff != "" {
			t.Error(plan, diff)
		}
	}
	if got := PlanEnterprise.Refuses(c, before, after); got != nil {
		t.Errorf("Enterprise refuses %v", got)
	}
	if got := PlanFree.Refuses(c, before, nil); got != nil {
		t.Errorf("removing is refused: %v", got)
	}
}

func TestParsePlan_AcceptsExactlyTheKnownValues(t *testing.T) {
	for _, s := range []string{"free", "starter", "growth", "enterprise"} {
		if got, err := ParsePlan(s); err != nil || string(got) != s {
			t.Errorf("plan %s: %v %v", s, got, err)
		}
	}
	for _, s := range []string{"", "Admin", "owner", "read_only "} {
		if _, err := ParsePlan(s); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func TestLabels_AreTheExactInterfaceLabels(t *testing.T) {
	got := []string{
		ScopeReadOnly.Label(), ScopeReadWrite.Label(), ScopeAdmin.Label(),
		SectionResources.Label(), SectionPII.Label(), SectionCustom.Label(), PersonalToken.Label(), WorkspaceToken.Label(),
		OrganizationToken.Label(), Member.Label(), Nobody.Label(), Nobody.String(), Member.String(), PersonalToken.String(),
		WorkspaceToken.String(), OrganizationToken.String(), Scope("x").Label(), Section("x").Label(),
	}
	want := []string{
		"Read-Only", "Read-Write", "Admin (deprecated)",
		"Resources", "Data Privacy (PII)", "Custom", "Personal access token", "Workspace service access token",
		"Organization service access token", "Member", "Nobody", "nobody", "member", "personal_access_token",
		"workspace_service_access_token", "organization_service_access_token", "x", "x",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestScope_AdminCannotBeCreated(t *testing.T) {
	for scope, want := range map[Scope]bool{ScopeReadOnly: true, ScopeReadWrite: true, ScopeAdmin: false, "": false, "other": false} {
		if scope.Creatable() != want {
			t.Errorf("%q creatable: %v", scope, !want)
		}
	}
}
