package component

import (
	"strconv"
	"strings"

	"github.com/a-h/templ"
)

// PolicyModel is a policy to edit (PolicyEditor) or to read (PolicyView).
type PolicyModel struct {
	Sections []PolicySection
	// SummaryHref receives the form by POST and answers with PolicySummary.
	SummaryHref string
	Summary     PolicySummaryModel
	Tools       *PolicyTools // of the editor; nil for none
}

// PolicyTools are the controls above the editor, which fill it in. None of them saves the policy.
type PolicyTools struct {
	Presets   SelectModel
	Types     SelectModel
	Find      string         // search for something to copy from
	Searched  bool           // whether Found is the answer to a search
	Found     []PolicySource // what the search found
	More      bool           // whether it found more
	Name      string         // of the preset to save
	NameError string
	Message   string // what the last tool did
}

// PolicySource is something to copy from. Value is that of its button.
type PolicySource struct {
	Value, Label, Detail string
}

// PolicyToggle is a button that checks the boxes of a row or a column, or clears them.
type PolicyToggle struct {
	Value string // "" if there is nothing to check
	On    bool   // whether all of them are checked
}

func (t PolicyToggle) pressed() string { return strconv.FormatBool(t.On) }

// PolicySection is a titled part: "Resources", "Data Privacy (PII)".
type PolicySection struct {
	ID          string // unique in the page: "resources", "pii"
	Title       string
	Description string
	// Columns are the heads of the cells. Each row then has one cell per column. Without columns,
	// the cells of a row follow each other, each with its Caption.
	Columns []string
	Toggles []PolicyToggle // of the columns, in the editor
	Rows    []PolicyRow
	Hidden  bool // whether the filter hides all rows
	// Reason says why the whole section is grey. Its cells are then Disabled.
	Reason string
}

// PolicyRow is one resource type.
type PolicyRow struct {
	Type  string // "source"
	Label string // "Event Stream Sources"
	Note  string // "Edit covers create, edit and delete."
	Cells []PolicyCell
	// Toggle checks the whole row, in the editor.
	Toggle PolicyToggle
	Hidden bool // whether the filter hides it; its fields are sent nevertheless
}

// PolicyCell is one permission. The names of its form fields contain Permission.
type PolicyCell struct {
	Permission string // "source:edit"
	Label      string // accessible name: "Edit Event Stream Sources"
	Caption    string // short visible text: "Edit"
	Present    bool   // false: the type has no such permission, shown as "–"
	Checked    bool
	Locked     bool   // inherited in full, so it cannot be unchecked here
	LockedBy   string // "Inherited: baseline"
	Disabled   bool
	Note       string // line under the box: "Baseline: 2 sources"
	Limitable  bool
	Limit      *Limit // required if Limitable
}

// Limit is the choice of resources that a permission covers.
type Limit struct {
	Selected  bool // "Selected resources" instead of "All resources"
	SelectAll bool
	Future    bool
	Options   []Option
	Hidden    []string // selected ids that are not among Options
	Total     int      // number of all resources
	Find      string   // search text
	Error     string
}

// Option is one resource in the list of a Limit.
type Option struct {
	ID, Name string
	Checked  bool
	Locked   bool   // inherited
	LockedBy string // "Inherited: baseline"
}

// PolicySummaryModel says in words what a policy allows.
type PolicySummaryModel struct {
	Title string // "In plain words" when empty
	Lines []string
	Empty string // shown without Lines; "View only." when empty
}

func (m PolicySummaryModel) title() string {
	if m.Title == "" {
		return "In plain words"
	}
	return m.Title
}

func (m PolicySummaryModel) empty() string {
	if m.Empty == "" {
		return "View only."
	}
	return m.Empty
}

// policyID is the id of a policy's element, and the prefix of the ids inside.
const policyID = "policy"

// summaryAttrs returns the attribute with the address that refreshes the summary.
func (m PolicyModel) summaryAttrs() templ.Attributes {
	if m.SummaryHref == "" {
		return nil
	}
	return templ.Attributes{"data-summary-href": m.SummaryHref}
}

// headAttrs hides the heads of columns from screen readers where they are only captions: each box has a
// name of its own.
func (s PolicySection) headAttrs() templ.Attributes {
	if len(s.Toggles) > 0 {
		return nil
	}
	return templ.Attributes{"aria-hidden": "true"}
}

// rowName tells the rows of one type in two sections apart.
func (s PolicySection) rowName(r PolicyRow) string {
	if len(s.Columns) > 0 {
		return r.Label
	}
	return r.Label + ", " + s.Title
}

func toolButton(label, step string) ButtonModel {
	return ButtonModel{Label: label, Name: "step", Value: step, Variant: Outline, Small: true, NoValidate: true}
}

// permissionID returns the id of an element that belongs to a permission.
func permissionID(permission, rest string) string {
	return policyID + "-" + strings.ReplaceAll(permission, ":", "-") + rest
}

func (c PolicyCell) granted() bool { return c.Checked || c.Locked }

// limitShown reports whether the cell offers a choice of resources.
func (c PolicyCell) limitShown() bool {
	return c.Limitable && c.Limit != nil && !c.Locked && !c.Disabled
}

// notes returns the texts that explain the state of the cell.
func (c PolicyCell) notes() []string {
	var out []string
	for _, s := range []string{lockedText(c.Locked, c.LockedBy), c.Note} {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

func lockedText(locked bool, by string) string {
	if !locked {
		return ""
	}
	if by == "" {
		return "Inherited"
	}
	return by
}

func (c PolicyCell) legend() string {
	return c.Label + ": which resources"
}

// chosen returns the names of the resources that a limited permission covers, for the read-only view.
func (l *Limit) chosen() []string {
	var out []string
	for _, o := range l.Options {
		if o.Checked || o.Locked {
			out = append(out, o.Name)
		}
	}
	return append(out, l.Hidden...)
}
