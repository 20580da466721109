package policy

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/access"
	"latchkey/views/component"
	"latchkey/web/ui/uitest"
)

// cellOf finds the cell of a permission.
func cellOf(t *testing.T, m component.PolicyModel, permission string) component.PolicyCell {
	t.Helper()
	for _, s := range m.Sections {
		for _, r := range s.Rows {
			for _, c := range r.Cells {
				if c.Permission == permission {
					return c
				}
			}
		}
	}
	t.Fatalf("no cell for %s", permission)
	return component.PolicyCell{}
}

func TestModel_ShowsTheWholePermissionTable(t *testing.T) {
	e := shopEditor(nil)
	m, carried := e.Model(Form{}, nil)
	if len(carried) != 0 {
		t.Errorf("carried %v", carried)
	}
	for _, permission := range e.catalogue.Permissions() {
		if c := cellOf(t, m, string(permission)); !c.Present || c.Checked || c.Locked || c.Disabled || c.Label == "" {
			t.Errorf("%s: %+v", permission, c)
		}
	}
	library := m.Sections[0].Rows[6]
	if library.Label != "Transformation Libraries" || library.Note != "Covers create, edit and delete." ||
		!library.Cells[0].Present || library.Cells[1].Present || library.Cells[2].Present {
		t.Errorf("%+v", library)
	}
	if len(m.Sections) != 2 || m.Sections[1].Title != "Data Privacy (PII)" || m.Sections[1].Columns != nil {
		t.Errorf("%d sections", len(m.Sections))
	}
	if got := cellOf(t, m, "destination:live_events").Label; got != "Live events of Destinations" {
		t.Errorf("label %q", got)
	}
}

func TestResourceColumns_HaveEveryBuiltInActionOfTheSection(t *testing.T) {
	for _, row := range access.BuiltIn().Types(access.SectionResources) {
		for _, entry := range row.Entries {
			if columnOf(entry) < 0 {
				t.Errorf("%s has no column", entry.Permission)
			}
		}
	}
}

func TestActLabels_NameEverySystemPermission(t *testing.T) {
	for _, act := range access.SystemActs() {
		if ActLabel(act) == string(act) {
			t.Errorf("%s has no label", act)
		}
	}
}

func TestModel_LocksWhatIsInheritedInFull(t *testing.T) {
	e := shopEditor(access.Policy{"source:connect": access.Everywhere(), "source:edit": access.Only("s1")})
	m, _ := e.Model(Form{}, nil)
	connect := cellOf(t, m, "source:connect")
	if !connect.Locked || connect.LockedBy != "Inherited: baseline" {
		t.Errorf("connect: %+v", connect)
	}
	edit := cellOf(t, m, "source:edit")
	if edit.Locked || edit.Note != "Inherited: baseline (1 resource)" {
		t.Errorf("edit: %+v", edit)
	}
	want := []component.Option{
		{ID: "s1", Name: "Shop", Locked: true, LockedBy: "Inherited: baseline"},
		{ID: "s2", Name: "Blog"},
	}
	if diff := cmp.Diff(want, edit.Limit.Options); diff != "" {
		t.Error(diff)
	}
}

func TestModel_OffersTheExceptionsOfWhatIsInherited(t *testing.T) {
	m, _ := shopEditor(access.Policy{"destination:edit": access.AllBut("d1")}).Model(Form{}, nil)
	edit := cellOf(t, m, "destination:edit")
	if edit.Locked || edit.Note != "Inherited: baseline (all but 1 resource)" {
		t.Fatalf("%+v", edit)
	}
	for _, o := range edit.Limit.Options {
		if o.Locked != (o.ID != "d1") {
			t.Errorf("%+v", o)
		}
	}
}

func TestModel_NamesEverySource(t *testing.T) {
	e := NewEditor(access.BuiltIn(), access.PlanEnterprise, nil,
		access.Layer{Kind: access.LayerBaseline, Policy: access.Policy{"source:edit": access.Everywhere()}},
		access.Layer{Kind: access.LayerGroup, Name: "Analysts", Policy: access.Policy{"source:edit": access.Everywhere()}},
		access.Layer{Kind: access.LayerGroup, Name: "Others"})
	m, _ := e.Model(Form{}, nil)
	if got := cellOf(t, m, "source:edit").LockedBy; got != "Inherited: baseline, group Analysts" {
		t.Errorf("locked by %q", got)
	}
}

func TestModel_CarriesWhatItDoesNotOffer(t *testing.T) {
	e := NewEditor(access.BuiltIn(), access.PlanGrowth, uitest.Resources(),
		access.Layer{Kind: access.LayerBaseline, Policy: access.Policy{"source:connect": access.Everywhere()}})
	own := access.Policy{"source:connect": access.Everywhere(), "source:live_events": access.Only("s1")}
	m, carried := e.Model(e.Form(own), nil)
	if c := cellOf(t, m, "source:live_events"); !c.Disabled || !c.Checked {
		t.Errorf("%+v", c)
	}
	if got := m.Sections[1].Reason; got != access.UpgradeText {
		t.Errorf("reason %q", got)
	}
	sent := uitest.Form()
	for _, h := range carried {
		sent.Add(h.Name, h.Value)
	}
	f, problems := e.Parse(sent)
	if got, _ := e.Policy(f); problems != nil || !got.Equal(own) {
		t.Errorf("the form sends %v, %v", got, problems)
	}
}

func TestModel_ListsMatchesAndHidesTheOtherChosenOnes(t *testing.T) {
	e := NewEditor(access.BuiltIn(), access.PlanEnterprise, manyResources(500))
	last := e.resources["source"][499].ID
	f, _ := e.Parse(uitest.Form("grant", "source:edit", "reach.source:edit", "selected",
		"only.source:edit", last, "find.source:edit", " RESOURCE 0010 "))
	m, _ := e.Model(f, nil)
	l := cellOf(t, m, "source:edit").Limit
	if len(l.Options) != 1 || l.Options[0].Name != "Resource 0010 of many" || l.Total != 500 {
		t.Errorf("%d options of %d", len(l.Options), l.Total)
	}
	if diff := cmp.Diff([]string{last}, l.Hidden); diff != "" {
		t.Error(diff)
	}
	f, _ = e.Parse(uitest.Form("grant", "source:edit", "reach.source:edit", "selected", "only.source:edit", last))
	m, _ = e.Model(f, nil)
	if l = cellOf(t, m, "source:edit").Limit; len(l.Options) != maxOptions || l.Options[0].ID != last || l.Hidden != nil {
		t.Errorf("%d options, the first is %+v, hidden %v", len(l.Options), l.Options[0], l.Hidden)
	}
}

func TestModel_PageWithFiveThousandResourcesStaysSmall(t *testing.T) {
	e := NewEditor(access.BuiltIn(), access.PlanEnterprise, manyResources(500))
	f := Form{}
	for _, permission := range []access.Permission{"source:edit", "destination:edit"} {
		f[permission] = choice{granted: true, selected: true}
	}
	m, _ := e.Model(f, nil)
	m.SummaryHref = "/summary"
	var page bytes.Buffer
	if err := component.PolicyEditor(m).Render(context.Background(), &page); err != nil {
		t.Fatal(err)
	}
	if page.Len() > 53_000 {
		t.Errorf("the editor is %d bytes", page.Len())
	}
}

func TestModel_OffersNoLimitOfATypeWithoutResources(t *testing.T) {
	e := shopEditor(nil)
	f, problems := e.Parse(uitest.Form("grant", "audience:edit"))
	p, missing := e.Policy(f)
	if problems != nil || missing != nil || !p.Equal(access.Policy{"audience:edit": access.Everywhere()}) {
		t.Errorf("%v, problems %v, %v", p, problems, missing)
	}
	m, _ := e.Model(f, nil)
	if c := cellOf(t, m, "audience:edit"); c.Limit != nil || !c.Checked {
		t.Errorf("%+v", c)
	}
	m, _ = e.Model(e.Form(access.Policy{"audience:edit": access.Only("gone")}), nil)
	if c := cellOf(t, m, "audience:edit"); c.Limit == nil || !c.Limit.Selected {
		t.Errorf("a limit that is there: %+v", c)
	}
}

func TestModel_ErrorStandsAtItsLimit(t *testing.T) {
	e := shopEditor(nil)
	f, _ := e.Parse(uitest.Form("grant", "source:edit", "reach.source:edit", "selected"))
	_, missing := e.Policy(f)
	m, _ := e.Model(f, asFields(missing))
	if got := cellOf(t, m, "source:edit").Limit.Error; got == "" {
		t.Error("no error at the limit")
	}
	if got := e.ErrorIDs(asFields(missing))["source:edit"]; got != "policy-source-edit-error" {
		t.Errorf("id %q", got)
	}
	if got := e.Named(missing)[0].Message; !strings.HasPrefix(got, "Edit Event Stream Sources: ") {
		t.Errorf("message %q", got)
	}
}

func TestView_ShowsOwnAndInheritedTogether(t *testing.T) {
	e := shopEditor(access.Policy{"source:connect": access.Everywhere(), "destination:edit": access.Only("d1")})
	m := e.View(access.Policy{"destination:edit": access.Only("d2"), "table:edit": access.AllBut("t1"),
		"audience:edit": access.Only("gone"), "source:edit": access.Everywhere()})
	if c := cellOf(t, m, "source:edit"); !c.Checked || c.Limit != nil {
		t.Errorf("edit everywhere: %+v", c)
	}
	if c := cellOf(t, m, "source:connect"); !c.Locked {
		t.Errorf("inherited: %+v", c)
	}
	if c := cellOf(t, m, "sql_model:edit"); c.Checked || c.Locked {
		t.Errorf("not given: %+v", c)
	}
	var names []string
	for _, permission := range []string{"destination:edit", "audience:edit"} {
		for _, o := range cellOf(t, m, permission).Limit.Options {
			names = append(names, o.Name)
		}
	}
	want := []string{"Ads (inherited: baseline)", "Mailer", "No existing resources"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
	if l := cellOf(t, m, "table:edit").Limit; !l.Future || len(l.Options) != 0 {
		t.Errorf("future tables only: %+v", l)
	}
}

func TestPlainWords_SayWhatAPolicyAllows(t *testing.T) {
	all := access.BuiltIn().Everything()
	tests := []struct {
		name     string
		p        access.Policy
		baseline access.Policy
		want     []string
	}{
		{"nothing", nil, nil, []string{"View 6 resources."}},
		{"everything", all, nil, []string{"View 6 resources.", "Edit everything.", "Connect everything.", "Create and delete everything.",
			"See live events of everything.", "See failure samples of everything.", "Read the data of Destinations.",
			"See violations of Tracking Plans."}},
		{"some types", access.Policy{"source:edit": access.Everywhere(), "table:edit": access.Everywhere(),
			"table:create_delete": access.Everywhere()}, nil,
			[]string{"View 6 resources.", "Edit Event Stream Sources and Tables.", "Create and delete Tables."}},
		{"own and inherited together", access.Policy{"destination:edit": access.Only("d1")}, access.Policy{"destination:edit": access.Only("d3")},
			[]string{"View 6 resources.", "Edit 2 of 3 Destinations (Ads and Warehouse)."}},
		{"all of today", access.Policy{"destination:edit": access.Only("d1", "d2", "d3")}, nil,
			[]string{"View 6 resources.", "Edit all 3 current Destinations, but no future ones."}},
		{"exceptions", access.Policy{"destination:edit": access.AllBut("d1"), "table:edit": access.AllBut("t1"),
			"source:edit": access.AllBut("gone")}, nil,
			[]string{"View 6 resources.", "Edit Event Stream Sources.", "Edit Destinations except Ads, future ones included.",
				"Edit future Tables only."}},
		{"what is gone", access.Policy{"source:edit": access.Only("gone"), "ghost:walk": access.Everywhere()}, nil,
			[]string{"View 6 resources.", "Edit Event Stream Sources that no longer exist.", "ghost:walk is unknown and has no effect."}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := shopEditor(tt.baseline).plainWords(tt.p).Lines
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestPlainWords_NameAFewOfMany(t *testing.T) {
	e := NewEditor(access.BuiltIn(), access.PlanEnterprise, manyResources(500))
	var ids []string
	for _, r := range e.resources["source"][:12] {
		ids = append(ids, r.ID)
	}
	got := e.plainWords(access.Policy{"source:edit": access.Only(ids...)}).Lines
	want := []string{"View 5,000 resources.",
		"Edit 12 of 500 Event Stream Sources (Resource 0000 of many, Resource 0001 of many and 10 others)."}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestSummary_SaysWhatIsStillMissing(t *testing.T) {
	e := shopEditor(nil)
	f, _ := e.Parse(uitest.Form("grant", "source:edit", "reach.source:edit", "selected"))
	want := []string{"View 6 resources.", "Edit Event Stream Sources: no resource is chosen yet."}
	if diff := cmp.Diff(want, e.Summary(f).Lines); diff != "" {
		t.Error(diff)
	}
}

func TestRowNote_SaysWhichActionANoteIsAbout(t *testing.T) {
	edit := access.Entry{Permission: "invoice:edit", Label: "Edit"}
	refund := access.Entry{Permission: "invoice:refund", Label: "Refund", Note: "Moves money."}
	for want, entries := range map[string][]access.Entry{"": {edit}, "Moves money.": {refund}, "Refund: Moves money.": {edit, refund}} {
		if got := rowNote(access.ResourceType{Entries: entries}); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
