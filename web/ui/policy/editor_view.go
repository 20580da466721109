package policy

import (
	"slices"
	"strings"

	"latchkey/internal/access"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
	"latchkey/views/component"
	"latchkey/web/ui/kit"
)

const (
	// maxOptions is the number of resources that one limit lists. Searching finds the rest.
	maxOptions = 25
	// idleOptions is the number of resources that all limits together list while they are not in use.
	// If there are more, such limits list none until one searches, so that the page stays small in a
	// workspace with many resources.
	idleOptions = 90
)

// Model presents the editor with the state of the form. errors holds messages by permission. The hidden
// fields carry what the editor does not offer to change, and belong into the same form.
func (e Editor) Model(f Form, errors kit.FieldErrors) (component.PolicyModel, []component.HiddenField) {
	var m component.PolicyModel
	var carried []component.HiddenField
	idle := e.idleOptions()
	e.lay(&m, func(section access.Section, row access.ResourceType, out *component.PolicyRow) {
		for _, entry := range row.Entries {
			c := f[entry.Permission]
			cell := e.cell(section, row, entry)
			cell.Checked = c.granted
			if cell.Locked || cell.Disabled {
				carried = append(carried, e.hiddenChoice(entry.Permission, c)...)
			} else if entry.Limitable && e.offersLimit(entry.Permission, c) {
				cell.Limit = e.limit(entry.Permission, c, idle)
				cell.Limit.Error = errors[string(entry.Permission)]
			}
			place(section, out, entry, cell)
		}
	})
	m.Summary = e.Summary(f)
	return m, carried
}

// offersLimit reports whether to offer a limit: the type has resources, or the form already limits the
// permission. Without resources, "all" and "all future ones" are the same.
func (e Editor) offersLimit(permission access.Permission, c choice) bool {
	return len(e.resources[permission.Type()]) > 0 || c.selected
}

// lay adds the sections and rows of the catalogue to m. fill adds the cells of a row.
func (e Editor) lay(m *component.PolicyModel, fill func(access.Section, access.ResourceType, *component.PolicyRow)) {
	for _, section := range e.catalogue.Sections() {
		s := component.PolicySection{ID: string(section), Title: section.Label()}
		switch section {
		case access.SectionResources:
			s.Columns = resourceColumns()
			s.Description = "Viewing is always included. Permissions don't imply one another."
		case access.SectionPII:
			s.Description = "Access to the personal data that flows through resources."
			s.Reason = e.refusal(section)
		case access.SectionCustom:
			s.Description = "Permissions added by this installation."
		}
		for _, row := range e.catalogue.Types(section) {
			out := component.PolicyRow{Type: row.Type, Label: row.Label, Note: rowNote(row)}
			fill(section, row, &out)
			s.Rows = append(s.Rows, out)
		}
		m.Sections = append(m.Sections, s)
	}
}

// resourceColumns returns the columns of the section of resources. columnOf returns the index of one.
func resourceColumns() []string { return []string{"Edit", "Connect", "Create & Delete"} }

func columnOf(entry access.Entry) int { return slices.Index(resourceColumns(), entry.Label) }

// place adds a cell to its row, in the column of its permission.
func place(section access.Section, row *component.PolicyRow, entry access.Entry, cell component.PolicyCell) {
	column := columnOf(entry)
	if section != access.SectionResources || column < 0 {
		row.Cells = append(row.Cells, cell)
		return
	}
	if len(row.Cells) == 0 {
		row.Cells = make([]component.PolicyCell, len(resourceColumns()))
	}
	row.Cells[column] = cell
}

// rowNote joins the notes of a row's actions. If there are several actions, each note begins with the
// name of its action.
func rowNote(row access.ResourceType) string {
	var notes []string
	for _, entry := range row.Entries {
		switch {
		case entry.Note == "":
		case len(row.Entries) == 1:
			notes = append(notes, entry.Note)
		default:
			notes = append(notes, entry.Label+": "+entry.Note)
		}
	}
	return strings.Join(notes, " ")
}

// refusal returns the reason why the plan does not include a section, or "" if it does.
func (e Editor) refusal(section access.Section) string {
	if section == access.SectionPII && !e.plan.Has(access.FeaturePII) {
		return access.UpgradeText
	}
	return ""
}

// cell presents a permission and what is inherited of it. The caller adds the state of the form.
func (e Editor) cell(section access.Section, row access.ResourceType, entry access.Entry) component.PolicyCell {
	cell := component.PolicyCell{
		Permission: string(entry.Permission), Label: cellLabel(section, row, entry), Caption: entry.Label,
		Present: true, Limitable: entry.Limitable, Disabled: e.refusal(section) != "",
	}
	switch given := e.given[entry.Permission]; {
	case given.Unlimited():
		cell.Locked, cell.LockedBy = true, e.inheritedFrom(entry.Permission)
		cell.Disabled = false
	case !given.Empty():
		cell.Note = e.inheritedFrom(entry.Permission) + " (" + e.extent(entry.Permission.Type(), given) + ")"
	}
	return cell
}

func cellLabel(section access.Section, row access.ResourceType, entry access.Entry) string {
	if section == access.SectionPII {
		return entry.Label + " of " + row.Label
	}
	return entry.Label + " " + row.Label
}

// inheritedFrom names the layers that grant a permission, wholly or in part: "Inherited: baseline,
// group Analysts".
func (e Editor) inheritedFrom(permission access.Permission) string {
	return e.sources(func(l access.Layer) bool { return !l.Policy[permission].Empty() })
}

func (e Editor) sources(gives func(access.Layer) bool) string {
	var from []string
	for _, l := range e.inherited {
		if name := layerName(l); gives(l) && !slices.Contains(from, name) {
			from = append(from, name)
		}
	}
	return "Inherited: " + strings.Join(from, ", ")
}

func layerName(l access.Layer) string {
	switch l.Kind {
	case access.LayerBaseline:
		return "baseline"
	case access.LayerGroup:
		return "group " + l.Name
	case access.LayerMember:
		return "member policy"
	case access.LayerToken:
		return "token policy"
	case access.LayerAdmin:
		return "role Admin"
	}
	return l.Source()
}

// extent returns a limited reach in few words: "2 resources", "all but 1 resource".
func (e Editor) extent(typ string, r access.Reach) string {
	if r.All {
		return "all but " + kit.Count(len(r.IDs), "resource", "resources")
	}
	n := 0
	for _, id := range r.IDs {
		if e.names[id].Type == typ {
			n++
		}
	}
	return kit.Count(n, "resource", "resources")
}

// limit lists the resources that match the search, beginning with the inherited and the chosen ones. It
// adds the chosen ones that it does not list as hidden fields.
func (e Editor) limit(permission access.Permission, c choice, idle int) *component.Limit {
	all := e.resources[permission.Type()]
	l := &component.Limit{Selected: c.selected, SelectAll: c.every, Future: c.future, Find: c.find, Total: len(all)}
	room := idle
	if c.granted && c.selected || c.find != "" {
		room = maxOptions
	}
	given := e.given[permission]
	var first, rest []policy.Resource
	for _, r := range all {
		switch marked := c.only[r.ID] || given.Covers(r.ID); {
		case !kit.Matches(r.Name, c.find):
			l.Hidden = appendIf(l.Hidden, r.ID, c.only[r.ID] && !c.every)
		case marked:
			first = append(first, r)
		default:
			rest = append(rest, r)
		}
	}
	for i, r := range append(first, rest...) {
		if i >= room {
			l.Hidden = appendIf(l.Hidden, r.ID, c.only[r.ID] && !c.every)
			continue
		}
		l.Options = append(l.Options, e.option(permission, r, c))
	}
	return l
}

func (e Editor) option(permission access.Permission, r policy.Resource, c choice) component.Option {
	o := component.Option{ID: r.ID, Name: r.Name, Checked: c.every || c.only[r.ID]}
	if e.given[permission].Covers(r.ID) && !c.only[r.ID] {
		o.Locked = true
		o.LockedBy = e.sources(func(l access.Layer) bool { return l.Policy.Allows(permission, r.ID) })
	}
	return o
}

func appendIf(list []string, s string, yes bool) []string {
	if yes {
		return append(list, s)
	}
	return list
}

// idleOptions returns the number of resources that each limit lists while it is not in use.
func (e Editor) idleOptions() int {
	if e.listed(maxOptions) <= idleOptions {
		return maxOptions
	}
	return 0
}

// listed returns the number of options of all limits together if each lists at most n.
func (e Editor) listed(n int) int {
	sum := 0
	for _, permission := range e.catalogue.Permissions() {
		if entry, _ := e.catalogue.Lookup(permission); entry.Limitable {
			sum += min(n, len(e.resources[permission.Type()]))
		}
	}
	return sum
}

// View presents p and what is inherited, without fields to change it.
func (e Editor) View(p access.Policy) component.PolicyModel {
	m := component.PolicyModel{Summary: e.plainWords(p)}
	e.lay(&m, func(section access.Section, row access.ResourceType, out *component.PolicyRow) {
		for _, entry := range row.Entries {
			cell := e.cell(section, row, entry)
			cell.Disabled = false
			if union := p[entry.Permission].Union(e.given[entry.Permission]); !cell.Locked && !union.Empty() {
				cell.Checked = true
				if !union.Unlimited() {
					cell.Limit = e.covered(entry.Permission, p[entry.Permission], union)
				}
			}
			place(section, out, entry, cell)
		}
	})
	for i := range m.Sections {
		m.Sections[i].Reason = ""
	}
	return m
}

// covered lists the resources of a limited permission, up to maxOptions by name.
func (e Editor) covered(permission access.Permission, own, union access.Reach) *component.Limit {
	l := &component.Limit{Selected: true, Future: union.All}
	more := 0
	for _, r := range e.resources[permission.Type()] {
		if !union.Covers(r.ID) {
			continue
		}
		if len(l.Options) == maxOptions {
			more++
			continue
		}
		name := r.Name
		if !own.Covers(r.ID) {
			name += " (" + kit.LowerFirst(e.sources(func(l access.Layer) bool { return l.Policy.Allows(permission, r.ID) })) + ")"
		}
		l.Options = append(l.Options, component.Option{ID: r.ID, Name: name, Checked: true})
	}
	if more > 0 {
		l.Options = append(l.Options, component.Option{Name: "and " + kit.Thousands(more) + " more", Checked: true})
	}
	if len(l.Options) == 0 && !l.Future {
		l.Options = []component.Option{{Name: "No existing resources", Checked: true}}
	}
	return l
}

// Summary describes what the holder will be able to do, and what the form lacks.
func (e Editor) Summary(f Form) component.PolicySummaryModel {
	p, missing := e.Policy(f)
	m := e.plainWords(p)
	for _, problem := range missing {
		m.Lines = append(m.Lines, e.catalogue.Describe(access.Permission(problem.Path))+": no resource is chosen yet.")
	}
	return m
}

// plainWords describes what p and the inherited permissions allow together.
func (e Editor) plainWords(p access.Policy) component.PolicySummaryModel {
	var m component.PolicySummaryModel
	all := e.words().Phrases(p.Union(e.given))
	for _, phrase := range append([]string{e.words().View()}, all...) {
		m.Lines = append(m.Lines, strings.ToUpper(phrase[:1])+phrase[1:]+".")
	}
	for _, line := range unknown(e.catalogue, p) {
		m.Lines = append(m.Lines, line+".")
	}
	return m
}

func (e Editor) words() Words {
	return Words{Catalogue: e.catalogue, Resources: e.resources, Listed: true}
}

// ErrorIDs maps permissions with problems to the ids of their messages on the page.
func (e Editor) ErrorIDs(problems kit.FieldErrors) map[string]string {
	ids := map[string]string{}
	for path := range problems {
		entry, known := e.catalogue.Lookup(access.Permission(path))
		if known && entry.Limitable && len(e.resources[entry.Permission.Type()]) > 0 && !e.given[entry.Permission].Unlimited() {
			ids[path] = "policy-" + strings.ReplaceAll(path, ":", "-") + "-error"
		}
	}
	return ids
}

// Named returns the problems with the name of their permission before each message, for a summary
// above the editor.
func (e Editor) Named(problems []fault.Field) []fault.Field {
	out := slices.Clone(problems)
	for i, p := range out {
		if e.known(p.Path) {
			out[i].Message = e.catalogue.Describe(access.Permission(p.Path)) + ": " + p.Message
		}
	}
	return out
}
