package policy

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/access"
	"latchkey/internal/policy"
	"latchkey/web/ui/uitest"
)

func TestUsePreset_GrantsWhatMayBeGrantedHere(t *testing.T) {
	all := access.Everywhere()
	e := func(plan access.Plan, baseline access.Policy) Editor {
		return NewEditor(access.BuiltIn(), plan, uitest.Resources(), access.Layer{Kind: access.LayerBaseline, Policy: baseline})
	}
	everything := access.BuiltIn().Everything()
	without := func(drop func(access.Permission) bool) access.Policy {
		out := access.Policy{}
		for permission, reach := range everything {
			if !drop(permission) {
				out[permission] = reach
			}
		}
		return out
	}
	personal := func(p access.Permission) bool { return access.BuiltIn().SectionOf(p) == access.SectionPII }
	saved := policy.Preset{ID: "p", Name: "Release", Grants: map[access.Permission]policy.Extent{"table:edit": policy.AllResources,
		"source:edit": policy.ChosenAndFuture, "destination:edit": policy.ChosenResources, "rocket:launch": policy.AllResources}}
	tests := []struct {
		name   string
		editor Editor
		before access.Policy
		preset string
		want   access.Policy
	}{
		{"view only clears", e(access.PlanEnterprise, nil), access.Policy{"table:edit": all}, "built-in:View only", access.Policy{}},
		{"full access, personal data included", e(access.PlanEnterprise, nil), nil, "built-in:Full access", everything},
		{"a limit becomes all", e(access.PlanEnterprise, nil), access.Policy{"source:edit": access.Only("s1")},
			"built-in:Full access", everything},
		{"not what is inherited", e(access.PlanEnterprise, access.Policy{"table:edit": all, "source:edit": access.Only("s1")}), nil,
			"built-in:Full access", without(func(p access.Permission) bool { return p == "table:edit" })},
		{"not what the plan lacks", e(access.PlanGrowth, nil), nil, "built-in:Full access", without(personal)},
		{"what the plan lacks stays", e(access.PlanGrowth, nil), access.Policy{"source:live_events": access.Only("s1"), "table:edit": all},
			"built-in:View only", access.Policy{"source:live_events": access.Only("s1")}},
		{"a saved one names no resources", e(access.PlanEnterprise, nil), nil, "p",
			access.Policy{"table:edit": all, "source:edit": access.AllBut("s1", "s2")}},
		{"an unknown one changes nothing", e(access.PlanEnterprise, nil), access.Policy{"table:edit": all}, "q",
			access.Policy{"table:edit": all}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tools := &Tools{presets: []policy.Preset{saved}, preset: tt.preset}
			got, _ := tt.editor.Policy(tools.usePreset(tt.editor, tt.editor.Form(tt.before)))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	tools := &Tools{presets: []policy.Preset{saved}, preset: "p"}
	tools.usePreset(e(access.PlanEnterprise, nil), Form{})
	if want := "Preset Release applied. Nothing is saved yet. Choose the resources for Edit Destinations."; tools.message != want {
		t.Errorf("%q", tools.message)
	}
}

func TestElsewhere_KeepsPermissionsAndAsksForTheirResources(t *testing.T) {
	e := shopEditor(nil)
	f := e.elsewhere(access.Policy{"table:edit": access.Everywhere(), "source:edit": access.Only("x"),
		"destination:edit": access.AllBut("y"), "rocket:launch": access.Everywhere()})
	got, missing := e.Policy(f)
	if len(missing) != 1 || missing[0].Path != "source:edit" {
		t.Errorf("missing %v", missing)
	}
	want := access.Policy{"table:edit": access.Everywhere(), "destination:edit": access.AllBut("d1", "d2", "d3")}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestExtents_KeepNoResources(t *testing.T) {
	e := shopEditor(access.Policy{"audience:connect": access.Everywhere()})
	got := e.extents(e.Form(access.Policy{"table:edit": access.Everywhere(), "source:edit": access.Only("s1"),
		"destination:edit": access.AllBut("d1"), "audience:connect": access.Everywhere()}))
	want := map[access.Permission]policy.Extent{"table:edit": policy.AllResources, "source:edit": policy.ChosenResources,
		"destination:edit": policy.ChosenAndFuture}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestToggle_ChecksOrClearsWhatIsOfferedAndShown(t *testing.T) {
	e := shopEditor(access.Policy{"table:edit": access.Everywhere()})
	limited := e.Form(access.Policy{"source:edit": access.Only("s1")})
	on := e.toggle(limited, e.toggled("column:0", ""))
	got, _ := e.Policy(on)
	if !got["source:edit"].Equal(access.Only("s1")) || !got["destination:edit"].Unlimited() || !got["table:edit"].Empty() ||
		!got["source:connect"].Empty() {
		t.Errorf("%s", got)
	}
	if off, _ := e.Policy(e.toggle(on, e.toggled("column:0", ""))); len(off) != 0 {
		t.Errorf("cleared, it is %s", off)
	}
	if got := e.toggled("column:0", "source"); len(got) != 1 || got[0] != "source:edit" {
		t.Errorf("with a filter, the column is %v", got)
	}
	if got := e.toggled("row:pii:destination", ""); len(got) != 3 {
		t.Errorf("the row is %v", got)
	}
	if got := e.toggled("row:pii:rocket", ""); len(got) != 0 {
		t.Errorf("a row that there is not is %v", got)
	}
}
