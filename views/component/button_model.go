package component

import "github.com/a-h/templ"

// Variants of a button. A view has at most one primary button.
const (
	Primary     = "primary"
	Outline     = "outline"
	Ghost       = "ghost"
	Danger      = "danger"       // confirms a destruction
	DangerQuiet = "danger-quiet" // leads to one: "Delete" in a row
	Plain       = "link"
)

// ButtonModel describes a button or, when Href is set, a link that looks like one.
type ButtonModel struct {
	Label   string
	Context string // continues the accessible name, not shown: "Delete" + "ci-probe"
	Href    string // a link instead of a button
	Variant string // Primary when empty
	Icon    string // an icon name of Icon, before the label
	Small   bool

	// Dialog makes the script open the dialog found at Href without a reload.
	Dialog bool

	Name, Value string // sent when this button submits the form
	Form        string // id of the form, when the button stands outside of it
	NoValidate  bool   // submits without the browser's own checks ("Back")
	NotSubmit   bool   // type="button": only for script
	NeedsScript bool   // not shown where scripts do not run

	Disabled bool   // greyed; say why in Reason
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

func (m ButtonModel) kind() string {
	if m.NotSubmit {
		return "button"
	}
	return "submit"
}
