package component

import (
	"strings"

	"github.com/a-h/templ"
)

// PolicyModel is a policy to edit (PolicyEditor) or to look at (PolicyView).
type PolicyModel struct {
	ID       string // prefix of ids; "policy" when empty
	Sections []PolicySection
	// SummaryHref receives the form by POST and answers with PolicySummary.
	SummaryHref string
	Summary     PolicySummaryModel
}

// PolicySection is a titled part: "Resources", "Data Privacy (PII)".
type PolicySection struct {
	ID          string // unique in the page: "resources", "pii"
	Title       string
	Description string
	// Columns heads the cells of every row; each row then has one cell per column.
	// Without columns a row's cells stand in line, each with its Caption.
	Columns []string
	Rows    []PolicyRow
	// Reason says why the whole section is greyed; its cells are Disabled as well.
	Reason string
}

// PolicyRow is one resource type.
type PolicyRow struct {
	Type  string // "source"
	Label string // "Event Stream Sources"
	Note  string // "Edit covers create, edit and delete."
	Cells []PolicyCell
}

// PolicyCell is one permission. Field names of the form are made of Permission.
type PolicyCell struct {
	Permission string // "source:edit"
	Label      string // accessible name: "Edit Event Stream Sources"
	Caption    string // short visible text: "Edit"
	Present    bool   // false: the type has no such permission, shown as "–"
	Checked    bool
	Locked     bool   // inherited in full; cannot be unchecked here
	LockedBy   string // "Inherited: baseline"
	Disabled   bool
	Reason     string // why it is disabled
	Note       string // quiet line under the box: "Baseline: 2 sources"
	Limitable  bool
	Limit      *Limit // needed when Limitable
}

// Limit chooses the resources that a permission covers.
type Limit struct {
	Legend    string // "Which Event Stream Sources may be edited"; made of the cell's label when empty
	Selected  bool   // "Selected resources" instead of "All resources"
	SelectAll bool
	Future    bool
	Options   []Option
	Hidden    []string // ids that are selected and not among Options
	Total     int      // how many resources there are
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

// PolicySummaryModel says in plain words what a policy allows.
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

func (m PolicyModel) id() string {
	if m.ID == "" {
		return "policy"
	}
	return m.ID
}

// summaryAttrs names the address that refreshes the summary.
func (m PolicyModel) summaryAttrs() templ.Attributes {
	if m.SummaryHref == "" {
		return nil
	}
	return templ.Attributes{"data-summary-href": m.SummaryHref}
}

// permissionID makes an id of a prefix and a permission.
func permissionID(prefix, permission, rest string) string {
	return prefix + "-" + strings.ReplaceAll(permission, ":", "-") + rest
}

func (c PolicyCell) granted() bool { return c.Checked || c.Locked }

// limitShown reports whether the cell offers a choice of resources.
func (c PolicyCell) limitShown() bool {
	return c.Limitable && c.Limit != nil && !c.Locked && !c.Disabled
}

// notes are the texts that explain the cell's state.
func (c PolicyCell) notes() []string {
	var out []string
	for _, s := range []string{lockedText(c.Locked, c.LockedBy), c.disabledText(), c.Note} {
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

func (c PolicyCell) disabledText() string {
	if c.Disabled {
		return c.Reason
	}
	return ""
}

func (c PolicyCell) legend() string {
	if c.Limit.Legend != "" {
		return c.Limit.Legend
	}
	return c.Label + ": which resources"
}

// chosen are the resources that a limited permission covers, for the read-only view.
func (l *Limit) chosen() []string {
	var out []string
	for _, o := range l.Options {
		if o.Checked || o.Locked {
			out = append(out, o.Name)
		}
	}
	return append(out, l.Hidden...)
}
