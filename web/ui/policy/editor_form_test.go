package policy

import (
	"fmt"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/access"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
	"latchkey/web/ui/kit"
	"latchkey/web/ui/uitest"
)

func shopEditor(baseline access.Policy) Editor {
	return NewEditor(access.BuiltIn(), access.PlanEnterprise, uitest.Resources(),
		access.Layer{Kind: access.LayerBaseline, Policy: baseline})
}

func TestParsePolicy_GivesWhatTheFormAsksFor(t *testing.T) {
	tests := []struct {
		name string
		form url.Values
		want access.Policy
	}{
		{"nothing", url.Values{}, access.Policy{}},
		{"a permission without limits", uitest.Form("grant", "source:connect"),
			access.Policy{"source:connect": access.Everywhere()}},
		{"all resources", uitest.Form("grant", "source:edit", "reach.source:edit", "all", "only.source:edit", "s1"),
			access.Policy{"source:edit": access.Everywhere()}},
		{"chosen resources", uitest.Form("grant", "destination:edit", "reach.destination:edit", "selected",
			"only.destination:edit", "d3", "only.destination:edit", "d1"),
			access.Policy{"destination:edit": access.Only("d1", "d3")}},
		{"select all means those of today", uitest.Form("grant", "destination:edit", "reach.destination:edit", "selected",
			"every.destination:edit", "1", "only.destination:edit", "d1"),
			access.Policy{"destination:edit": access.Only("d1", "d2", "d3")}},
		{"chosen and future ones", uitest.Form("grant", "destination:edit", "reach.destination:edit", "selected",
			"only.destination:edit", "d1", "future.destination:edit", "1"),
			access.Policy{"destination:edit": access.AllBut("d2", "d3")}},
		{"select all and future ones", uitest.Form("grant", "destination:edit", "reach.destination:edit", "selected",
			"every.destination:edit", "1", "future.destination:edit", "1"),
			access.Policy{"destination:edit": access.Everywhere()}},
		{"only future ones", uitest.Form("grant", "table:live_events", "reach.table:live_events", "selected", "future.table:live_events", "1"),
			access.Policy{"table:live_events": access.AllBut("t1")}},
		{"a choice without the permission", uitest.Form("reach.source:edit", "selected", "only.source:edit", "s1"), access.Policy{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := shopEditor(nil)
			f, problems := e.Parse(tt.form)
			got, missing := e.Policy(f)
			if problems != nil || missing != nil {
				t.Errorf("problems %v, %v", problems, missing)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestParsePolicy_NamesEveryFieldThatNoPageSends(t *testing.T) {
	tests := []struct {
		name string
		form url.Values
		path string
	}{
		{"an unknown permission", uitest.Form("grant", "rocket:launch"), "rocket:launch"},
		{"an act of Admins", uitest.Form("grant", "member:manage"), "member:manage"},
		{"a limit on an unknown permission", uitest.Form("only.rocket:launch", "s1"), "rocket:launch"},
		{"a limit where none may be", uitest.Form("grant", "source:connect", "reach.source:connect", "selected"), "source:connect"},
		{"a resource of another type", uitest.Form("grant", "source:edit", "reach.source:edit", "selected",
			"only.source:edit", "d1"), "source:edit"},
		{"a resource of nowhere", uitest.Form("grant", "source:edit", "reach.source:edit", "selected", "only.source:edit",
			"s1", "only.source:edit", "s9"), "source:edit"},
		{"a reach that is none", uitest.Form("grant", "source:edit", "reach.source:edit", "most"), "source:edit"},
		{"a grant that does not say how far", uitest.Form("grant", "source:edit"), "source:edit"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, problems := shopEditor(nil).Parse(tt.form)
			if len(problems) != 1 || problems[0].Path != tt.path || problems[0].Message == "" {
				t.Errorf("problems %v, want one at %s", problems, tt.path)
			}
		})
	}
}

func TestPolicy_RefusesALimitToNothing(t *testing.T) {
	e := shopEditor(nil)
	for _, form := range []url.Values{
		uitest.Form("grant", "source:edit", "reach.source:edit", "selected"),
		uitest.Form("grant", "audience:edit", "reach.audience:edit", "selected", "every.audience:edit", "1"),
	} {
		f, _ := e.Parse(form)
		p, missing := e.Policy(f)
		if len(p) != 0 || len(missing) != 1 {
			t.Errorf("policy %v, missing %v", p, missing)
		}
	}
}

func TestForm_AsksForThePolicyThatItWasMadeOf(t *testing.T) {
	e := shopEditor(nil)
	for _, p := range []access.Policy{
		{},
		e.catalogue.Everything(),
		{"source:edit": access.Only("s1"), "destination:edit": access.AllBut("d2"), "source:connect": access.Everywhere()},
		{"destination:live_events": access.Only("d1", "d2", "d3")},
	} {
		got, missing := e.Policy(e.Form(p))
		if missing != nil || !got.Equal(p) {
			t.Errorf("%v became %v, %v", p, got, missing)
		}
	}
}

// A policy of all resources that there are must not become one of all that there are when its form is sent: nobody
// has seen those that were made meanwhile.
func TestForm_GrantsNoResourceThatWasMadeMeanwhile(t *testing.T) {
	c, s1, s2 := access.BuiltIn(), policy.Resource{ID: "s1", Type: "source"}, policy.Resource{ID: "s2", Type: "source"}
	before := NewEditor(c, access.PlanEnterprise, []policy.Resource{s1})
	sent := url.Values{}
	for _, h := range before.Fields(access.Policy{"source:edit": access.Only("s1")}) {
		sent.Add(h.Name, h.Value)
	}
	after := NewEditor(c, access.PlanEnterprise, []policy.Resource{s1, s2})
	f, problems := after.Parse(sent)
	got, missing := after.Policy(f)
	if want := (access.Policy{"source:edit": access.Only("s1")}); problems != nil || missing != nil || !got.Equal(want) {
		t.Errorf("%v, %v, %v", got, problems, missing)
	}
}

func TestForm_LeavesOutResourcesThatAreGone(t *testing.T) {
	e := shopEditor(nil)
	got, _ := e.Policy(e.Form(access.Policy{"source:edit": access.Only("s1", "gone"), "table:edit": access.AllBut("gone")}))
	want := access.Policy{"source:edit": access.Only("s1"), "table:edit": access.Everywhere()}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestHiddenChoice_CarriesTheWholeForm parses what the hidden fields of a form send.
func TestHiddenChoice_CarriesTheWholeForm(t *testing.T) {
	e := shopEditor(nil)
	f, problems := e.Parse(uitest.Form(
		"grant", "source:edit", "reach.source:edit", "selected", "only.source:edit", "s2",
		"grant", "destination:edit", "reach.destination:edit", "selected", "every.destination:edit", "1",
		"grant", "table:edit", "reach.table:edit", "all",
		"grant", "table:connect",
		"reach.table:live_events", "selected", "future.table:live_events", "1",
	))
	if problems != nil {
		t.Fatal(problems)
	}
	sent := url.Values{}
	for permission, c := range f {
		for _, h := range e.hiddenChoice(permission, c) {
			sent.Add(h.Name, h.Value)
		}
	}
	again, problems := e.Parse(sent)
	if problems != nil {
		t.Error(problems)
	}
	if diff := cmp.Diff(f, again, cmp.AllowUnexported(choice{})); diff != "" {
		t.Error(diff)
	}
}

func TestWithoutLimits_KeepsThePermissionsAndSaysWhichWereLimited(t *testing.T) {
	e := shopEditor(nil)
	f, _ := e.Parse(uitest.Form("grant", "table:connect",
		"grant", "source:edit", "reach.source:edit", "selected", "only.source:edit", "s2"))
	free, limited := f.WithoutLimits()
	if diff := cmp.Diff([]access.Permission{"source:edit"}, limited); diff != "" {
		t.Error(diff)
	}
	want := Form{"table:connect": {granted: true}, "source:edit": {granted: true, selected: true}}
	if diff := cmp.Diff(want, free, cmp.AllowUnexported(choice{})); diff != "" {
		t.Error(diff)
	}
}

// manyResources are n of each of ten types.
func manyResources(n int) []policy.Resource {
	var out []policy.Resource
	for _, typ := range []string{"source", "destination", "table", "sql_model", "audience", "transformation",
		"tracking_plan", "profile", "retl_sync", "data_catalog"} {
		for i := range n {
			out = append(out, policy.Resource{ID: fmt.Sprintf("%s-%018d", typ, i), Type: typ, Name: fmt.Sprintf("Resource %04d of many", i)})
		}
	}
	return out
}

func FuzzParsePolicy_NeverGivesWhatIsNotThere(f *testing.F) {
	f.Add("grant=source%3Aedit&reach.source%3Aedit=selected&only.source%3Aedit=s1")
	f.Add("grant=x&reach.=selected&only.source:edit=d1&future.table:edit=1")
	e := shopEditor(nil)
	f.Fuzz(func(t *testing.T, body string) {
		form, err := url.ParseQuery(body)
		if err != nil {
			return
		}
		state, _ := e.Parse(form)
		p, _ := e.Policy(state)
		if problems := e.catalogue.Check(p); problems != nil {
			t.Errorf("%q gave %v: %v", body, p, problems)
		}
		for permission, reach := range p {
			for _, id := range reach.IDs {
				if e.names[id].Type != permission.Type() {
					t.Errorf("%q limits %s to %q", body, permission, id)
				}
			}
		}
		_, _ = e.Model(state, nil)
	})
}

func asFields(problems []fault.Field) kit.FieldErrors {
	fields := kit.FieldErrors{}
	for _, p := range problems {
		fields[p.Path] = p.Message
	}
	return fields
}
