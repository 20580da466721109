package component_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"latchkey/views/component"
)

// fields lists the form fields below n as "name=value", checked or not.
func fields(n *html.Node) []string {
	var out []string
	for _, f := range elements(n, "input", "button") {
		if attr(f, "name") != "" {
			out = append(out, attr(f, "name")+"="+attr(f, "value"))
		}
	}
	return out
}

func editorWith(c component.PolicyCell) component.PolicyModel {
	return component.PolicyModel{SummaryHref: "/summary", Sections: []component.PolicySection{{
		ID: "resources", Title: "Resources", Columns: []string{"Edit"},
		Rows: []component.PolicyRow{{Type: "source", Label: "Event Stream Sources", Cells: []component.PolicyCell{c}}},
	}}}
}

func TestPolicyEditor_NamesItsFieldsByPermission(t *testing.T) {
	m := editorWith(component.PolicyCell{
		Permission: "source:edit", Label: "Edit Event Stream Sources", Caption: "Edit", Present: true, Checked: true, Limitable: true,
		Limit: &component.Limit{Selected: true, Total: 30, Hidden: []string{"s3"},
			Options: []component.Option{{ID: "s1", Name: "Web", Checked: true}, {ID: "s2", Name: "App"}}},
	})
	got := fields(parse(t, render(t, component.PolicyEditor(m))))
	want := []string{
		"grant=source:edit", "reach.source:edit=all", "reach.source:edit=selected", "find.source:edit=", "step=search:source:edit",
		"every.source:edit=1", "only.source:edit=s1", "only.source:edit=s2", "only.source:edit=s3", "future.source:edit=1", "step=summary",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestPolicyEditor_InheritedPermissionIsLockedAndSaysWhereItComesFrom(t *testing.T) {
	doc := parse(t, render(t, component.PolicyEditor(editorWith(component.PolicyCell{
		Permission: "source:edit", Label: "Edit Event Stream Sources", Present: true, Locked: true, LockedBy: "Inherited: baseline",
		Limitable: true, Limit: &component.Limit{},
	}))))
	box := elements(doc, "input")[0]
	_, checked := lookup(box, "checked")
	_, disabled := lookup(box, "disabled")
	if !checked || !disabled || attr(box, "name") != "" {
		t.Errorf("checked %v, disabled %v, name %q", checked, disabled, attr(box, "name"))
	}
	if attr(box, "aria-describedby") == "" || !strings.Contains(textOf(doc), "Inherited: baseline") {
		t.Error("nothing says that it is inherited")
	}
	if len(elements(doc, "fieldset")) != 0 {
		t.Error("a locked permission offers a limit")
	}
}

func TestPolicyEditor_DisabledSectionSaysWhy(t *testing.T) {
	m := editorWith(component.PolicyCell{Permission: "source:edit", Label: "Edit Event Stream Sources", Present: true, Disabled: true})
	m.Sections[0].Reason = "Upgrade to access this feature."
	doc := parse(t, render(t, component.PolicyEditor(m)))
	box := elements(doc, "input")[0]
	if _, disabled := lookup(box, "disabled"); !disabled || !strings.Contains(textOf(doc), "Upgrade to access this feature.") {
		t.Error("not disabled, or without a reason")
	}
}

func TestPolicyEditor_AbsentPermissionHasNoField(t *testing.T) {
	m := editorWith(component.PolicyCell{Permission: "source:edit"})
	m.SummaryHref = ""
	if got := fields(parse(t, render(t, component.PolicyEditor(m)))); len(got) != 0 {
		t.Errorf("fields %v", got)
	}
}

func TestPolicyView_HasNothingToChange(t *testing.T) {
	doc := parse(t, render(t, component.PolicyView(policyModel())))
	if n := len(elements(doc, "input", "button", "select")); n != 0 {
		t.Errorf("%d fields", n)
	}
	got := textOf(doc)
	for _, want := range []string{"Edit Event Stream Sources: Edit Limited", "Checkout events 1", "all future resources",
		"Edit Tables: Edit No", "Inherited: baseline"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %s", want, got)
		}
	}
}

func TestPolicySummary_SaysSoWhenNothingIsGranted(t *testing.T) {
	if got := textOf(parse(t, render(t, component.PolicySummary(component.PolicySummaryModel{})))); got != "In plain words View only." {
		t.Error(got)
	}
}

func TestTextField_TiesHelpAndErrorToTheInput(t *testing.T) {
	doc := parse(t, render(t, component.TextField(component.FieldModel{ID: "name", Name: "name", Label: "Token name",
		Help: "1 to 64 characters.", Error: "Enter a name.", Required: true, MaxLength: 64})))
	in := elements(doc, "input")[0]
	got := []string{attr(in, "aria-describedby"), attr(in, "aria-invalid"), attr(in, "maxlength")}
	if diff := cmp.Diff([]string{"name-error name-help", "true", "64"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestPasswordField_NeverCarriesAValue(t *testing.T) {
	got := render(t, component.PasswordField(component.FieldModel{ID: "p", Name: "p", Label: "Password", Value: "hunter2"}))
	if strings.Contains(got, "hunter2") || !strings.Contains(got, `type="password"`) {
		t.Error(got)
	}
}

func TestComponents_EscapeWhatTheyAreGiven(t *testing.T) {
	const evil = `"><script>alert(1)</script>`
	for _, c := range []string{
		render(t, component.PageHeader(component.PageHeaderModel{Title: evil, Description: evil})),
		render(t, component.TextField(component.FieldModel{ID: "a", Name: "a", Label: evil, Value: evil, Error: evil})),
		render(t, component.State(component.StateModel{Text: evil, Title: evil, Tone: evil})),
		render(t, component.CodeBlock(component.CodeModel{ID: "a", Label: evil, Text: evil})),
		render(t, component.Icon(evil)),
		render(t, component.PolicyEditor(editorWith(component.PolicyCell{Permission: evil, Label: evil, Present: true}))),
	} {
		if strings.Contains(c, "<script") {
			t.Error(c)
		}
	}
	if got := render(t, component.Button(component.ButtonModel{Label: "x", Href: "javascript:alert(1)"})); strings.Contains(got,
		"javascript:") {
		t.Error(got)
	}
}

func TestButton_DisabledIsNoLinkAndSaysWhy(t *testing.T) {
	doc := parse(t, render(t, component.Button(component.ButtonModel{Label: "New group", Href: "/new", Disabled: true, Reason: "Upgrade."})))
	if len(elements(doc, "a")) != 0 || textOf(doc) != "New group Upgrade." {
		t.Error(textOf(doc))
	}
}

func TestAlertDialog_PostsOnceAndCanBeLeft(t *testing.T) {
	doc := parse(t, render(t, deleteDialog()))
	form := elements(doc, "form")[0]
	if _, once := lookup(form, "data-once"); !once || attr(form, "method") != "post" || attr(form, "action") != "/tokens/1/delete" {
		t.Errorf("form %v", form.Attr)
	}
	var names []string
	for _, n := range elements(doc, "a", "button") {
		names = append(names, textOf(n))
	}
	if diff := cmp.Diff([]string{"Cancel", "Yes, delete"}, names); diff != "" {
		t.Error(diff)
	}
}

func TestRevealDialog_MarksEveryPlaceOfTheSecret(t *testing.T) {
	const secret = "lkpat_0123456789abcdefghijABCDEFGHIJ0123456789abcdefghi"
	doc := parse(t, render(t, revealDialog()))
	for _, n := range elements(doc) {
		holdsIt := strings.Contains(attr(n, "value"), secret) || slices.ContainsFunc(slices.Collect(n.ChildNodes()), func(c *html.Node) bool {
			return c.Type == html.TextNode && strings.Contains(c.Data, secret)
		})
		if _, marked := lookup(n, "data-secret-value"); holdsIt != marked {
			t.Errorf("%s: holds the secret %v, marked %v", n.Data, holdsIt, marked)
		}
	}
}

func TestPagination_OffersNoLinkWhereThereIsNothing(t *testing.T) {
	doc := parse(t, render(t, component.Pagination(component.PaginationModel{Summary: "1–4 of 8", NextHref: "?after=4"})))
	if links := elements(doc, "a"); len(links) != 1 || textOf(links[0]) != "Next" {
		t.Errorf("%d links", len(links))
	}
}

// Whatever a page shows is escaped: no template inserts markup that is text to it.
func TestTemplates_InsertNothingRaw(t *testing.T) {
	files, err := filepath.Glob("../*/*.templ")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d templates: %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "templ.Raw(") {
			t.Errorf("%s inserts text as it is", file)
		}
	}
}

func TestIcon_EveryNameInUseIsDrawn(t *testing.T) {
	fallback := render(t, component.Icon("no such icon"))
	for _, name := range []string{"house", "database", "user-round", "shield-check", "layers", "scroll-text", "key-round", "plus", "trash-2",
		"copy", "circle-x", "x", "lock", "triangle-alert", "octagon-alert", "circle-alert", "circle-check", "arrow-up", "arrow-down",
		"chevrons-up-down"} {
		if render(t, component.Icon(name)) == fallback {
			t.Errorf("no icon %s", name)
		}
	}
}

func TestPolicyEditor_AListSeenAtAGlanceHasNoSearch(t *testing.T) {
	limit := component.Limit{Selected: true, Total: 8}
	cell := component.PolicyCell{Permission: "source:edit", Label: "Edit", Present: true, Limitable: true, Limit: &limit}
	if got := fields(parse(t, render(t, component.PolicyEditor(editorWith(cell))))); slices.Contains(got, "find.source:edit=") {
		t.Errorf("eight resources are searched: %v", got)
	}
	if limit.Total = 9; !slices.Contains(fields(parse(t, render(t, component.PolicyEditor(editorWith(cell))))), "find.source:edit=") {
		t.Error("nine resources cannot be searched")
	}
}
