package token

import (
	"latchkey/internal/token"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/policy"
	"latchkey/views/component"
	"latchkey/web/ui/kit"
	policyui "latchkey/web/ui/policy"
	"latchkey/web/ui/uitest"
)

// shopEditor is the editor for tokens of the shop's workspace.
func shopEditor(baseline access.Policy) policyui.Editor {
	return policyui.NewEditor(access.BuiltIn(), access.PlanEnterprise, uitest.Resources(),
		access.Layer{Kind: access.LayerBaseline, Policy: baseline})
}

func twoWorkspaces() []account.Workspace {
	return []account.Workspace{{ID: "w1", Name: "Production"}, {ID: "w2", Name: "Staging"}}
}

// sends is what the hidden fields of a page send.
func sends(fields []component.HiddenField) url.Values {
	form := url.Values{}
	for _, f := range fields {
		form.Add(f.Name, f.Value)
	}
	return form
}

func TestWizard_BasicsNameEveryMistake(t *testing.T) {
	tests := []struct {
		name string
		form url.Values
		want []string
	}{
		{"sound", uitest.Form("name", "deploy", "workspace", "w1", "expiration", "30d"), nil},
		{"nothing", uitest.Form(), []string{"name", "workspace"}},
		{"a foreign workspace", uitest.Form("name", "deploy", "workspace", "w9", "expiration", "30d"), []string{"workspace"}},
		{"no such expiration", uitest.Form("name", "deploy", "workspace", "w1", "expiration", "ages"), []string{"expiration"}},
		{"a date that is over", uitest.Form("name", "deploy", "workspace", "w1", "expiration", "date", "date", "2026-11-20"), []string{"date"}},
		{"too long a name", uitest.Form("name", strings.Repeat("x", 65), "workspace", "w1", "expiration", "none"), []string{"name"}},
		{"a name that hides something", uitest.Form("name", "a\u202eb", "workspace", "w1", "expiration", "none"), []string{"name"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := parseWizard(tt.form, twoWorkspaces()).basics(twoWorkspaces(), personalLimits(), noon)
			if len(got) != len(tt.want) {
				t.Errorf("%v, want %v", got, tt.want)
			}
			for _, path := range tt.want {
				if got[path] == "" {
					t.Errorf("nothing about %s in %v", path, got)
				}
			}
		})
	}
}

func TestWizard_DoesNotAskForTheOnlyWorkspace(t *testing.T) {
	one := twoWorkspaces()[:1]
	w := newWizard(one, token.Lifetime{})
	m := w.firstStep(visitWith(one), personalLimits(), nil)
	if w.workspace != "w1" || m.First.Workspace != nil || m.First.WorkspaceFact[0].Text != "Production" {
		t.Errorf("%+v", m.First)
	}
	if m = newWizard(twoWorkspaces(), token.Lifetime{}).firstStep(visitWith(twoWorkspaces()), personalLimits(),
		nil); m.First.Workspace == nil || m.First.WorkspaceFact != nil {
		t.Errorf("%+v", m.First)
	}
	if m = parseWizard(uitest.Form("workspace", "w9"), one).firstStep(visitWith(one), personalLimits(), nil); m.First.Workspace == nil {
		t.Error("a workspace that is none must be asked for again")
	}
}

func TestWizard_EachStepCarriesTheOther(t *testing.T) {
	e := shopEditor(access.Policy{"source:connect": access.Everywhere()})
	form := uitest.Form("name", "deploy", "workspace", "w1", "expiration", "date", "date", "2027-01-31", "submission", "key", "step", "back",
		"addresses", "192.0.2.0/24\n2001:db8::1",
		"drawn", "w1", "grant", "source:edit", "reach.source:edit", "selected", "only.source:edit", "s2",
		"grant", "source:connect", "find.source:edit", "blog")
	w := parseWizard(form, twoWorkspaces())
	first := w.firstStep(visitWith(twoWorkspaces()), personalLimits(), nil)
	want := uitest.Form("submission", "key", "drawn", "w1", "grant", "source:edit", "grant", "source:connect",
		"reach.source:edit", "selected", "only.source:edit", "s2")
	if diff := cmp.Diff(want, sends(first.Hidden)); diff != "" {
		t.Error(diff)
	}
	if first.First.Name.Value != "deploy" || first.First.Expiration.Date.Value != "2027-01-31" ||
		!first.First.More.Open || first.First.More.Addresses.Value != "192.0.2.0/24\n2001:db8::1" {
		t.Errorf("%+v", first.First)
	}
	w.tools = &policyui.Tools{}
	w.readPolicy(e, form)
	second := w.secondStep(e, twoWorkspaces(), noon)
	want = uitest.Form("submission", "key", "name", "deploy", "description", "", "workspace", "w1", "expiration", "date", "date", "2027-01-31",
		"addresses", "192.0.2.0/24\n2001:db8::1", "drawn", "w1", "grant", "source:connect") // locked: it is not offered, so it goes along
	if diff := cmp.Diff(want, sends(second.Hidden)); diff != "" {
		t.Error(diff)
	}
	if second.Second.Facts[1].Text != "Production" || second.Second.Facts[2].Text != "Expires at the end of 31 January 2027 (UTC)." ||
		second.Second.Facts[3].Text != "192.0.2.0/24 and 2001:db8::1/128" ||
		!slices.Contains(second.Second.Policy.Summary.Lines, "Only from 192.0.2.0/24 and 2001:db8::1/128.") {
		t.Errorf("%+v", second.Second.Facts)
	}
}

func TestWizard_AnotherWorkspaceNeedsOtherResources(t *testing.T) {
	e := shopEditor(nil)
	form := uitest.Form("name", "deploy", "workspace", "w2", "drawn", "w1", "grant", "table:connect",
		"grant", "source:edit", "reach.source:edit", "selected", "only.source:edit", "of-another-workspace")
	w := parseWizard(form, twoWorkspaces())
	w.tools = &policyui.Tools{}
	w.readPolicy(e, form)
	if len(w.problems) != 0 {
		t.Errorf("problems %v", w.problems)
	}
	want, _ := e.Parse(uitest.Form("grant", "table:connect", "grant", "source:edit", "reach.source:edit", "selected"))
	if diff := cmp.Diff(want, w.policy, cmp.Exporter(func(reflect.Type) bool { return true })); diff != "" {
		t.Error(diff)
	}
	m := w.secondStep(e, twoWorkspaces(), noon)
	if m.Notice == nil || m.Notice.Text != "Choose the resources again for Edit Event Stream Sources." {
		t.Errorf("%+v", m.Notice)
	}
	if form.Get("only.source:edit") == "" {
		t.Error("the form that came was changed")
	}
	same := parseWizard(uitest.Form("workspace", "w1", "drawn", "w1"), twoWorkspaces())
	same.tools = &policyui.Tools{}
	same.readPolicy(e, uitest.Form())
	if m = same.secondStep(e, twoWorkspaces(), noon); m.Notice != nil || same.status() != http.StatusOK {
		t.Errorf("%+v", m.Notice)
	}
}

func TestWizard_ProblemsOfThePolicyAreNamedAndLinked(t *testing.T) {
	e := shopEditor(nil)
	form := uitest.Form("workspace", "w1", "grant", "source:edit", "reach.source:edit", "selected", "only.source:edit",
		"s9", "grant", "rocket:launch")
	w := parseWizard(form, twoWorkspaces())
	w.tools = &policyui.Tools{}
	w.readPolicy(e, form)
	m := w.secondStep(e, twoWorkspaces(), noon)
	if w.status() != http.StatusBadRequest || len(m.Errors.Errors) != 2 {
		t.Fatalf("status %d, %+v", w.status(), m.Errors)
	}
	for _, problem := range m.Errors.Errors {
		if strings.HasPrefix(problem.Text, "Edit Event Stream Sources: ") != (problem.FieldID == "policy-source-edit-error") {
			t.Errorf("%+v", problem)
		}
	}
}

func visitWith(workspaces []account.Workspace) kit.Visit {
	return kit.Visit{Now: uitest.Noon(), Subject: policy.Subject{Workspaces: workspaces}}
}
