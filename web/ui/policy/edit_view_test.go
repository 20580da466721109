package policy

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/policy"
	"latchkey/views/component"
	"latchkey/web/ui/uitest"
)

// edited is the editor of Bo's policy in Production, with two tables.
func edited(kind policy.Kind, plan access.Plan, body access.Policy) edit {
	resources := []policy.Resource{{ID: "T1", Type: "table", Name: "orders"}, {ID: "T2", Type: "table", Name: "users"}}
	view := policy.View{Policy: policy.Policy{ID: "p", Kind: kind, Version: 3, SubjectName: "Bo", Body: body}, Exists: true,
		Plan: plan, Workspace: account.Workspace{Name: "Production"}, Resources: resources}
	e := NewEditor(access.BuiltIn(), plan, resources)
	return edit{Spot: Spot{Place: policy.Place{Kind: kind}, At: "/at", Title: "Policy"}, view: view, editor: e,
		form: e.Form(body), seen: view.Revision(), tools: &Tools{}}
}

func TestChangeWords_SayWhatIsGainedAndLostAndByWhom(t *testing.T) {
	change := access.Change{
		Added: []access.PermissionReach{{Permission: "source:edit", Reach: access.Everywhere()},
			{Permission: "table:edit", Reach: access.Only("T1")}},
		Removed: []access.PermissionReach{{Permission: "audience:connect", Reach: access.Everywhere()}},
	}
	audience := policy.Audience{Members: 12, Groups: 1, ServiceTokens: 2}
	for kind, want := range map[policy.Kind]string{
		policy.Baseline: "Affects 12 members, 1 group and 2 service access tokens of this workspace, effective immediately.",
		policy.OfGroup:  "Affects the group's 12 members, effective immediately.",
		policy.OfMember: "Affects Bo only, effective immediately.",
	} {
		m := edited(kind, access.PlanEnterprise, nil).changeWords(policy.Summary{Change: change, Audience: audience}, nil)
		lines := []string{"Adds: edit Event Stream Sources.", "Adds: edit 1 of 2 Tables (orders).", "Removes: connect Audiences.", want}
		if diff := cmp.Diff(lines, m.Lines); diff != "" {
			t.Errorf("%s: %s", kind, diff)
		}
	}
	if m := edited(policy.OfMember, access.PlanEnterprise, nil).changeWords(policy.Summary{Audience: audience}, nil); len(m.Lines) != 0 {
		t.Errorf("no change is %q", m.Lines)
	}
	m := edited(policy.OfMember, access.PlanEnterprise, nil).changeWords(policy.Summary{Joins: true}, nil)
	want := []string{"Adds Bo to the workspace: view 2 resources.", "Affects nobody, because Admins have full access anyway."}
	if diff := cmp.Diff(want, m.Lines); diff != "" {
		t.Error(diff)
	}
}

func TestPolicyEdit_CarriesTheRevisionAndKeepsWhatTheCatalogueDropped(t *testing.T) {
	body := access.Policy{"table:edit": access.Only("T1", "gone"), "dropped:edit": access.Everywhere()}
	p := edited(policy.OfMember, access.PlanEnterprise, body)
	got, missing := p.body()
	want := access.Policy{"table:edit": access.Only("T1"), "dropped:edit": access.Everywhere()}
	if !got.Equal(want) || missing != nil {
		t.Errorf("%s, %v", got, missing)
	}
	var hidden []string
	for _, f := range p.model(component.PolicySummaryModel{}).Hidden {
		hidden = append(hidden, f.Name+"="+f.Value)
	}
	if text := strings.Join(hidden, " "); text != "policy_id=p version=3" {
		t.Error(text)
	}
	if r := revisionOf(uitest.Form("policy_id", "p", "version", "3")); r != p.seen {
		t.Errorf("%+v", r)
	}
	if r := revisionOf(uitest.Form("policy_id", "p", "version", "none")); r.Version != 0 {
		t.Errorf("%+v", r)
	}
}

func TestPolicyEdit_ABaselineIsLockedWithoutThePlan(t *testing.T) {
	for plan, locked := range map[access.Plan]bool{access.PlanFree: true, access.PlanGrowth: true, access.PlanEnterprise: false} {
		m := edited(policy.Baseline, plan, nil).model(component.PolicySummaryModel{})
		if m.Locked != locked || (m.Notice != nil) != locked || m.Remove != nil {
			t.Errorf("%s: %+v", plan, m)
		}
		if m := edited(policy.OfGroup, plan, nil).model(component.PolicySummaryModel{}); m.Locked || m.Remove == nil {
			t.Errorf("%s: a group's policy is locked", plan)
		}
	}
}

func TestRemoveDialog_SaysWhetherTheMemberStays(t *testing.T) {
	p := edited(policy.OfMember, access.PlanEnterprise, access.Policy{"table:edit": access.Everywhere()})
	got := p.removeDialog().Alert.Details
	if got[0] != "The policy grants: edit Tables." || !strings.HasPrefix(got[1], "Bo leaves the workspace") {
		t.Errorf("%q", got)
	}
	p.view.Inherited = []access.Layer{{Kind: access.LayerBaseline}, {Kind: access.LayerGroup, Name: "Analysts"}}
	if got := p.removeDialog().Alert.Details; got[1] != "Bo stays in the workspace through 1 group." {
		t.Errorf("%q", got)
	}
}

func TestAccessListView_NamesEverySource(t *testing.T) {
	layers := []access.Layer{{Kind: access.LayerBaseline},
		{Kind: access.LayerGroup, Name: "Analysts", Policy: access.Policy{"table:edit": access.Everywhere(), "source:edit": access.Only("S1")}},
		{Kind: access.LayerMember, Policy: access.Policy{"dropped:edit": access.Everywhere()}}}
	view := policy.AccessView{Access: []policy.WorkspaceAccess{{Workspace: account.Workspace{ID: "w", Name: "Production"}, Layers: layers}}}
	m := AccessList(view, access.BuiltIn(), "/at", "")
	var got []string
	for _, l := range m.Items[0].Lines {
		got = append(got, l.Source+": "+l.Gives)
	}
	want := []string{"Baseline Workspace Policy: View only", "Group Analysts: Edit Tables; Edit 1 Event Stream Sources",
		"Member Workspace Policy: View only"}
	if diff := cmp.Diff(want, got); diff != "" || m.Items[0].Details.Href != "/at/w" {
		t.Error(diff)
	}
	view.Member.Role = access.RoleAdmin
	if m := AccessList(view, access.BuiltIn(), "/at", ""); len(m.Items) != 1 || m.Items[0].Lines[0].Gives != "Everything" {
		t.Errorf("%+v", m)
	}
	if m := AccessList(policy.AccessView{}, access.BuiltIn(), "/at", ""); m.Empty == nil {
		t.Error("being nowhere is not explained")
	}
}

func TestAnswerView_SpeaksLabelsAndShowsEveryLayer(t *testing.T) {
	member := access.Principal{Kind: access.Member, ID: "m", Organization: "o",
		In: map[string]*access.Effective{"w": access.Combine(access.Layer{Kind: access.LayerMember})}}
	admin := access.Principal{Kind: access.Member, ID: "a", Organization: "o", Role: access.RoleAdmin}
	production := account.Workspace{ID: "w", Name: "Production"}
	analysts := policy.Weighed{Layer: access.Layer{Kind: access.LayerGroup, Name: "Analysts"}, Grants: true}
	partly := policy.Weighed{Layer: access.Layer{Kind: access.LayerMember}, Partly: true}
	pat := member
	pat.Kind, pat.Scope, pat.Workspace = access.PersonalToken, access.ScopeReadOnly, "w"
	because := func(code access.ReasonCode, permission access.Permission) access.Decision {
		return access.Decision{Allowed: code <= access.ByTokenLevel, Reason: access.Reason{Code: code, Permission: permission,
			Layer: access.LayerGroup, LayerName: "Analysts", Scope: access.ScopeReadOnly, Kind: access.Member}}
	}
	hidden := access.Decision{Hide: true, Reason: access.Reason{Code: access.NotInWorkspace, Permission: "table:edit"}}
	for want, x := range map[string]policy.Explanation{
		"success Allowed: “Edit Tables” comes from group Analysts. | Who=Bo Action=Edit Tables Workspace=Production | " +
			"Organization role Member: Doesn't give it, Membership of the workspace: In the workspace, Group Analysts: Gives it, " +
			"Member Workspace Policy: Gives it for other resources only, Baseline Workspace Policy: Doesn't give it": {SubjectName: "Bo",
			Principal: member, Workspace: production, Decision: because(access.ByPolicy, "table:edit"), Layers: []policy.Weighed{analysts, partly}},
		"danger Not allowed: The token's scope, Read-Only, excludes the permission “Edit Tables”. | Who=p Action=Edit Tables " +
			"Workspace=Production | Organization role Member: Doesn't give it, Membership of the workspace: In the workspace, " +
			"Group Analysts: Gives it, Member Workspace Policy: Gives it for other resources only, " +
			"Baseline Workspace Policy: Doesn't give it, The token's scope, Read-Only: Excludes it": {SubjectName: "p", Principal: pat,
			Workspace: production, Decision: because(access.NotInScope, "table:edit"), Layers: []policy.Weighed{analysts, partly}},
		"success Allowed: “Edit Tables” comes from group Analysts. | Who=Ada Action=Edit Tables Workspace=Production | " +
			"Organization role Admin: Gives it, Membership of the workspace: In the workspace": {SubjectName: "Ada", Principal: admin,
			Workspace: production, Decision: because(access.ByRole, "table:edit")},
		"danger Not allowed: “Manage members” needs the organization role Admin. | Who=Bo Action=Manage members | " +
			"Organization role Member: Doesn't give it": {SubjectName: "Bo", Principal: member,
			Decision: because(access.AdminOnly, access.ManageMembers)},
		"danger Not allowed: It is in a workspace that they are not in. | Who=Bo Action=Edit Tables " +
			`What they see=Nothing. The response is "not found". | Organization role Member: Doesn't give it`: {SubjectName: "Bo",
			Principal: member, Decision: hidden},
		"danger Not allowed: Bo is deactivated. | Who=Bo | Member or token: Can't do anything now": {SubjectName: "Bo",
			Inactive: "Bo is deactivated."},
	} {
		a := answerView(access.BuiltIn(), x)
		got := a.Notice.Kind + " " + a.Notice.Title + ": " + a.Notice.Text + " |"
		for _, f := range a.Facts {
			if f.Text != "" {
				got += " " + f.Term + "=" + f.Text
			}
		}
		got += " |"
		for i, l := range a.Layers {
			got += map[bool]string{true: " ", false: ", "}[i == 0] + l.Name + ": " + l.Result.Text
		}
		if got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}
