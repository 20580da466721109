package migration

import (
	"cmp"
	"slices"
	"strings"

	"latchkey/internal/access"
	"latchkey/internal/fault"
	"latchkey/internal/legacy"
	"latchkey/internal/migration"
	"latchkey/views/component"
	page "latchkey/views/page/migration"
	policypage "latchkey/views/page/policy"
	"latchkey/web/ui/kit"
	policyui "latchkey/web/ui/policy"
)

// stagedView is one list of the staging area.
type stagedView struct {
	catalogue *access.Catalogue
	staging   migration.Migration
	kind      migration.Kind
	names     map[string]string // of workspaces
	tallies   []migration.Tally
	query     kit.Paging
	after     migration.Step // the step that the visitor has waited for
}

// find returns the query of the list.
func (s stagedView) find() migration.Query {
	only := s.query.Keep.Get("only")
	return migration.Query{Kind: s.kind, Search: s.query.Find, Open: only == "open", Notes: only == "notes", Limit: s.query.Size,
		Offset: s.query.Offset()}
}

func (s stagedView) page(items []migration.Item, total int) page.Migration {
	preview := previewBadge()
	m := page.Migration{Stepper: migrationSteps(2), Preview: &preview, Notices: append(s.notices(), stagedWarnings(s.staging)...),
		Staged: &page.Staged{Stats: s.stats(), SubTabs: s.tabs(), Card: component.CardModel{ID: "staged", Title: s.kind.Label(), Flush: true,
			Description: s.staging.Strategy.Label() + " from " + s.staging.FileName + ". Items with issues come first."},
			Filter: s.filter(), Bulk: s.bulk(), Pages: s.query.Pages(len(items), total, "item", "items"),
			Table: component.TableModel{ID: "staged-items", Caption: s.kind.Label(), Columns: []component.Column{
				{Label: "Name"}, {Label: "Before"}, {Label: "After"}, {Label: "Issues"}}}},
		Acts: []component.ButtonModel{
			s.deploy(),
			{Label: "Download the preview", Href: kit.MigrationPath + "/preview/report.txt", Variant: component.Outline,
				Attrs: map[string]any{"download": true}},
			{Label: "Reset staging area", Href: kit.MigrationPath + "/reset", Variant: component.DangerQuiet, Dialog: true},
		},
	}
	for _, i := range items {
		m.Staged.Rows = append(m.Staged.Rows, s.row(i))
	}
	if len(items) == 0 {
		m.Staged.None = &component.EmptyModel{Title: "No " + strings.ToLower(s.kind.Label()) + " in this file.", Inside: true}
		if s.query.Find != "" || len(s.query.Keep) > 0 {
			m.Staged.None.Title = "Nothing matches this search."
		}
		m.Staged.None.Title = kit.NoRows(s.query.Page, total, m.Staged.None.Title)
	}
	return m
}

// notices returns the notices above the list: that nothing is live, or that conflicts prevent
// deployment.
func (s stagedView) notices() []component.NoticeModel {
	var out []component.NoticeModel
	if s.after == migration.StepDeploy {
		out = append(out, component.NoticeModel{Kind: "warning", Title: "The migration was not deployed", Text: unfinished})
	}
	if open, at := s.conflicts(); open > 0 {
		return append(out, component.NoticeModel{Kind: "warning", Title: kit.Count(open, "conflict", "conflicts") + " to resolve",
			Text:  "Some of the file already exists. Choose how to handle it, then deploy.",
			Links: []component.Link{{Label: "Show " + kit.Count(open, "conflict", "conflicts"), Href: at}}})
	}
	return append(out, component.NoticeModel{Kind: "info", Text: "This is a preview. Live access does not change before you deploy."})
}

// conflicts returns the number of open conflicts, and the address of a list of them: of the first kind that has any.
func (s stagedView) conflicts() (open int, at string) {
	for _, kind := range stagedKinds() {
		for _, t := range s.tallies {
			if t.Kind == kind && t.Conflict != "" && t.Choice == "" {
				open += t.Count
				at = cmp.Or(at, kit.WithQuery(stagedPath(kind), "only", "open"))
			}
		}
	}
	return open, at
}

// deploy returns the button that deploys. It is off while a conflict is open.
func (s stagedView) deploy() component.ButtonModel {
	b := component.ButtonModel{Label: "Deploy", Href: kit.MigrationPath + "/deploy", Dialog: true}
	if open, _ := s.conflicts(); open > 0 {
		b.Disabled, b.Reason = true, "Resolve "+kit.Count(open, "conflict", "conflicts")+" first."
	}
	return b
}

func (s stagedView) stats() []component.Tile {
	n := func(want func(migration.Tally) bool) string {
		sum := 0
		for _, t := range s.tallies {
			if want(t) {
				sum += t.Count
			}
		}
		return kit.Thousands(sum)
	}
	open, at := s.conflicts()
	return []component.Tile{
		{Label: "Conflicts", Value: kit.Thousands(open), Href: at},
		{Label: "Reduced access", Value: n(func(t migration.Tally) bool { return t.Rank == migration.Warning })},
		{Label: "Review", Value: n(func(t migration.Tally) bool { return t.Rank == migration.Watch })},
		{Label: "Already exists", Value: n(func(t migration.Tally) bool { return t.Imported })},
	}
}

func (s stagedView) tabs() component.TabsModel {
	m := component.TabsModel{Label: "Staging area"}
	for _, kind := range stagedKinds() {
		sum := 0
		for _, t := range s.tallies {
			if t.Kind == kind {
				sum += t.Count
			}
		}
		m.Tabs = append(m.Tabs, component.Tab{Label: kind.Label(), Href: stagedPath(kind), Current: kind == s.kind, Count: kit.Thousands(sum)})
	}
	return m
}

func (s stagedView) filter() component.FilterModel {
	f := s.query.Filter("staged", "Search "+strings.ToLower(s.kind.Label()), "Name or detail")
	only := s.query.Keep.Get("only")
	f.Selects = []component.SelectModel{{ID: "staged-only", Name: "only", Label: "Show", Options: []component.SelectOption{
		{Value: "", Label: "Everything", Selected: only == ""}, {Value: "open", Label: "Conflicts to resolve", Selected: only == "open"},
		{Value: "notes", Label: "Items with issues", Selected: only == "notes"}}}}
	return f
}

// bulk returns a form for each kind of conflict that resolves all open ones.
func (s stagedView) bulk() []page.Bulk {
	open := map[migration.Conflict]int{}
	for _, t := range s.tallies {
		if t.Kind == s.kind && t.Conflict != "" && t.Choice == "" {
			open[t.Conflict] += t.Count
		}
	}
	var out []page.Bulk
	for _, c := range migration.Conflicts() {
		if open[c] == 0 {
			continue
		}
		b := page.Bulk{Action: kit.MigrationPath + "/conflicts", Hidden: []component.HiddenField{{Name: fieldConflict, Value: string(c)}},
			Choice: component.SelectModel{ID: "all-" + string(c), Name: fieldChoice,
				Label: strings.TrimSuffix(c.Text(), ".") + ", " + kit.Count(open[c], "time", "times")},
			Submit: component.ButtonModel{Label: "Apply to all", Variant: component.Outline}}
		for _, choice := range c.Choices() {
			b.Choice.Options = append(b.Choice.Options, component.SelectOption{Value: string(choice), Label: c.Outcome(choice)})
		}
		out = append(out, b)
	}
	return out
}

func (s stagedView) row(i migration.Item) page.Row {
	r := page.Row{Name: i.Name, Detail: i.Detail, Href: itemPath(i.Seq), State: itemState(i)}
	for _, p := range i.After.Policies {
		r.Before = append(r.Before, page.Line{Where: s.names[p.Workspace], Text: p.Before})
		r.After = append(r.After, page.Line{Where: s.names[p.Workspace], Text: afterText(i, policyui.Gist(s.catalogue, p.Body))})
	}
	if len(r.Before) == 0 {
		r.Before, r.After = []page.Line{{Text: plainBefore(i)}}, []page.Line{{Text: plainAfter(i)}}
	}
	return r
}

// afterText returns what will become of a staged policy: text, which says what it grants, unless
// the item is left out or keeps its current access.
func afterText(i migration.Item, text string) string {
	if i.Stays() || i.LeftOut() {
		return plainAfter(i)
	}
	return text
}

// plainBefore describes an item without policies in the old system.
func plainBefore(i migration.Item) string {
	switch {
	case i.Kind == migration.Members && i.After.Role == access.RoleAdmin:
		return "Organization Admin"
	case i.Kind == migration.Members:
		return "In no workspace"
	case i.Kind == migration.Groups:
		return i.Detail + ", no rights of its own"
	case i.Kind == migration.ServiceTokens:
		return "Organization token"
	case i.Kind == migration.PersonalTokens:
		return "Follows its owner"
	}
	return "–"
}

// plainAfter describes an item without policies after deployment.
func plainAfter(i migration.Item) string {
	switch {
	case i.Imported:
		return "Already exists"
	case i.LeftOut():
		return "Left out"
	case i.Stays():
		return "Unchanged"
	case i.Open():
		return "Not resolved"
	case i.Kind == migration.Workspaces && i.Choice == migration.Use:
		return "Merged into the existing one"
	case i.Kind == migration.Groups && i.Choice == migration.Use:
		return kit.Count(i.After.Joins, "member joins", "members join") + " the existing group"
	case i.Kind == migration.Groups:
		return kit.Count(i.After.Joins, "member", "members") + ", in no workspace"
	case i.Kind == migration.Members && i.After.Role == access.RoleAdmin:
		return "Admin"
	case i.Kind == migration.Workspaces, i.Kind == migration.Resources:
		return "New"
	}
	return plainBefore(i)
}

// itemState returns the state of an item. It returns nil if the item is new and has no issues.
func itemState(i migration.Item) *component.StateModel {
	switch {
	case i.Imported:
		return &component.StateModel{Text: "Already exists", Tone: component.Neutral}
	case i.Open():
		return &component.StateModel{Text: "Conflict", Tone: component.Bad}
	case i.LeftOut():
		return &component.StateModel{Text: "Left out", Tone: component.Neutral}
	case i.Edited():
		return &component.StateModel{Text: "Edited", Tone: component.Info}
	case i.Rank == migration.Warning:
		return &component.StateModel{Text: "Reduced access", Tone: component.Warn}
	case i.Rank == migration.Watch:
		return &component.StateModel{Text: "Review", Tone: component.Info}
	case i.Conflict != "":
		return &component.StateModel{Text: "Resolved", Tone: component.Good}
	}
	return nil
}

// itemView returns the page of one item. The handler adds the shell.
func itemView(catalogue *access.Catalogue, i migration.View, wrong kit.FieldErrors) page.Item {
	m := page.Item{
		Header: component.PageHeaderModel{Title: i.Name, Description: kindWord(i.Kind),
			Back: &component.Link{Label: i.Kind.Label(), Href: stagedPath(i.Kind)}},
		Preview: previewBadge(), Notices: noteNotices(i.After.Notes, ""),
		Card:    component.CardModel{ID: "item", Title: "Details"},
		Facts:   itemFacts(i),
		Changes: component.CardModel{ID: "changes", Title: "Before and after", Flush: true},
		Table: component.TableModel{Caption: "Policies before and after", Columns: []component.Column{
			{Label: "Workspace"}, {Label: "Before"}, {Label: "After"}, {Label: "State"}, {Label: "Actions", LabelHidden: true, End: true}}},
	}
	if len(i.After.Policies) == 0 {
		m.None = &component.EmptyModel{Title: "It has no policies of its own.", Inside: true}
	}
	for n, p := range i.After.Policies {
		m.Notices = append(m.Notices, noteNotices(p.Notes, i.Places[n].Name)...)
		m.Rows = append(m.Rows, changeRow(catalogue, i, n))
	}
	slices.SortStableFunc(m.Notices, func(a, b component.NoticeModel) int { return strings.Compare(b.Kind, a.Kind) }) // warnings first
	if i.Conflict != "" {
		m.Conflict = conflictView(catalogue, i, wrong)
	}
	return m
}

// itemFacts returns the facts about an item, except its policies.
func itemFacts(i migration.View) []component.Definition {
	facts := []component.Definition{{Term: "ID in the old system", Text: i.Ref, Code: true}}
	if i.Detail != "" && i.Kind != migration.Groups {
		facts = append(facts, component.Definition{Term: detailTerm(i.Kind), Text: i.Detail})
	}
	if len(i.After.Policies) == 0 {
		facts = append(facts, component.Definition{Term: "Before", Text: plainBefore(i.Item)},
			component.Definition{Term: "After", Text: plainAfter(i.Item)})
	}
	return append(facts, memberships(i)...)
}

func detailTerm(kind migration.Kind) string {
	if kind == migration.Members {
		return "Email"
	}
	return "Type"
}

// kindWord returns the singular of a kind.
func kindWord(kind migration.Kind) string {
	return strings.TrimSuffix(kind.Label(), "s") // every label is a regular plural
}

// memberships returns a group's members or a member's groups.
func memberships(i migration.View) []component.Definition {
	switch {
	case len(i.Members) > 0:
		text := kit.Enumerate(i.Members)
		if i.More > 0 {
			text = strings.Join(i.Members, ", ") + " and " + kit.Thousands(i.More) + " more"
		}
		return []component.Definition{{Term: "Members", Text: text}}
	case len(i.Groups) > 0:
		return []component.Definition{{Term: "Groups", Text: kit.Enumerate(i.Groups)}}
	}
	return nil
}

func noteNotices(notes []legacy.Note, workspace string) []component.NoticeModel {
	var out []component.NoticeModel
	for _, n := range notes {
		m := component.NoticeModel{Kind: "info", Title: workspace, Text: n.Text}
		if n.Effect == legacy.Less {
			m.Kind = "warning"
		}
		out = append(out, m)
	}
	return out
}

func changeRow(catalogue *access.Catalogue, i migration.View, n int) page.Change {
	p := i.After.Policies[n]
	r := page.Change{Workspace: i.Places[n].Name, Before: p.Before, After: migrationLines(policyui.Gives(catalogue, p.Body))}
	if i.LeftOut() || i.Stays() {
		r.After = []page.Line{{Text: plainAfter(i.Item)}}
		return r
	}
	if p.Edited {
		r.State = &component.StateModel{Text: "Edited", Tone: component.Info}
	}
	r.Edit = &component.ButtonModel{Label: "Edit policy", Context: "in " + r.Workspace, Variant: component.Outline, Small: true,
		Href: kit.Path(itemPath(i.Seq)+"/policies", p.Workspace)}
	return r
}

// todayFacts returns the current access of a member who already exists.
func todayFacts(catalogue *access.Catalogue, here *migration.Here) []component.Definition {
	if here == nil {
		return nil
	}
	facts := []component.Definition{{Term: "Current role", Text: kit.RoleLabel(here.Role)}}
	for _, p := range here.Policies {
		facts = append(facts, component.Definition{Term: "Current access in " + p.Workspace, Text: policyui.Gist(catalogue, p.Body)})
	}
	return facts
}

func migrationLines(texts []string) []page.Line {
	lines := make([]page.Line, len(texts))
	for i, text := range texts {
		lines[i].Text = text
	}
	return lines
}

func conflictView(catalogue *access.Catalogue, i migration.View, wrong kit.FieldErrors) *page.Conflict {
	m := &page.Conflict{
		Card:   component.CardModel{ID: "conflict", Title: "Conflict", Description: i.Conflict.Text()},
		Today:  todayFacts(catalogue, i.Here),
		Action: itemPath(i.Seq) + "/choice",
		Choice: component.ChoiceGroupModel{ID: "form-choice", Name: fieldChoice, Legend: "How to handle it", Boxes: true,
			Error: wrong[fieldChoice]},
		Submit: component.ButtonModel{Label: "Save choice"},
	}
	if wrong != nil {
		m.Errors = kit.FormErrors(wrong, fieldChoice)
	}
	for _, c := range i.Conflict.Choices() {
		m.Choice.Choices = append(m.Choice.Choices, component.Choice{ID: "choice-" + string(c), Value: string(c), Label: i.Conflict.Outcome(c),
			Checked: i.Choice == c})
	}
	return m
}

// model returns the page of the editor. The handler adds the frame.
func (e stagedEdit) model() policypage.Edit {
	at := kit.Path(itemPath(e.item.Seq)+"/policies", e.policy.Workspace)
	m := policypage.Edit{
		Header: component.PageHeaderModel{Title: e.item.Name + " in " + e.place.Name,
			Description: "This staged policy is not live until you deploy the import.",
			Back:        &component.Link{Label: e.item.Name, Href: itemPath(e.item.Seq)}},
		Facts:  []component.Definition{{Term: "Before", Text: e.policy.Before}},
		Action: at, Cancel: itemPath(e.item.Seq), Save: component.ButtonModel{Label: "Save", Name: kit.FieldStep, Value: kit.StepSave},
	}
	m.Policy, m.Hidden = e.editor.Model(e.form, e.errors)
	e.tools.Present(&m.Policy, e.editor, e.form)
	m.Policy.SummaryHref = at + "/summary"
	problems := e.editor.Named(e.errors.List())
	ids := e.editor.ErrorIDs(e.errors)
	for _, p := range problems {
		m.Errors.Errors = append(m.Errors.Errors, problemOf(p, ids))
	}
	return m
}

func problemOf(p fault.Field, ids map[string]string) component.FieldError {
	return component.FieldError{FieldID: ids[p.Path], Text: p.Message}
}
