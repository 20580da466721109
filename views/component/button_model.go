package component

import "github.com/a-h/templ"

// Variants of a button. A view has at most one primary button.
const (
	Primary     = "primary"
	Outline     = "outline"
	Ghost       = "ghost"
	Danger      = "danger"       // confirms a deletion
	DangerQuiet = "danger-quiet" // opens the confirmation: "Delete" in a row
	Plain       = "link"
)

// ButtonModel is a button or, if Href is set, a link that looks like one.
type ButtonModel struct {
	Label   string
	Context string // continues the accessible name but is not visible: "Delete" + "ci-probe"
	Href    string // a link instead of a button
	Variant string // Primary when empty
	Icon    string // name of an icon before the label, see Icon
	Small   bool

	// Dialog lets the script open the dialog at Href without a reload.
	Dialog bool

	Name, Value string // sent when this button submits the form
	NoValidate  bool   // submits without the browser's checks ("Back")

	Disabled bool   // shown grey; Reason says why
	Reason   string // shown beside a disabled button

	Attrs templ.Attributes
}

// Link is a text with an address.
type Link struct {
	Label string
	Href  string
}

func (m ButtonModel) variant() string {
	if m.Variant == "" {
		return Primary
	}
	return m.Variant
}

func (m ButtonModel) size() string {
	if m.Small {
		return "sm"
	}
	return "default"
}
