package component

import (
	"strings"

	"github.com/a-h/templ"
)

// FieldModel is one labelled input. ID must be unique in the page.
type FieldModel struct {
	ID, Name     string
	Label        string
	Help         string
	Error        string // shown beside the field; sets aria-invalid
	Value        string // never a secret
	Type         string // "text" when empty: "email", "search", "url", "number"
	Placeholder  string
	Autocomplete string
	InputMode    string
	MaxLength    int
	Rows         int    // TextArea only
	Min, Max     string // DateField only, YYYY-MM-DD
	Required     bool
	Optional     bool // says "optional" behind the label
	Disabled     bool
	ReadOnly     bool
	Autofocus    bool
	LabelHidden  bool // the label is there for screen readers only
	Attrs        templ.Attributes
}

// HiddenField is a name and a value carried along by a form.
type HiddenField struct {
	Name, Value string
}

// SelectModel is one labelled select.
type SelectModel struct {
	ID, Name    string
	Label       string
	Help        string
	Error       string
	Options     []SelectOption
	Required    bool
	Disabled    bool
	LabelHidden bool
	Attrs       templ.Attributes
}

// SelectOption is one choice of a select.
type SelectOption struct {
	Value, Label string
	Selected     bool
	Disabled     bool
	Until        string // ExpiryField: the exact end in words, shown when chosen
}

// ExpiryModel is a choice of life time with the exact end in words.
// The option whose value is "date" shows the date field.
type ExpiryModel struct {
	Select  SelectModel
	Date    FieldModel
	Preview string // the end in words for the option that is selected now
}

// FieldError names what is wrong with one field.
type FieldError struct {
	FieldID string // the field's ID, the link's target; empty: plain text
	Text    string
}

// ErrorSummaryModel lists every problem of a form. It takes focus.
type ErrorSummaryModel struct {
	Title  string // "There is a problem" when empty
	Errors []FieldError
}

func (m ErrorSummaryModel) title() string {
	if m.Title == "" {
		return "There is a problem"
	}
	return m.Title
}

func (m FieldModel) kind() string {
	if m.Type == "" {
		return "text"
	}
	return m.Type
}

func (m FieldModel) rows() int {
	if m.Rows == 0 {
		return 4
	}
	return m.Rows
}

// describedBy names the elements that explain the field with this id.
func describedBy(id, help, problem string) string {
	var ids []string
	if problem != "" {
		ids = append(ids, id+"-error")
	}
	if help != "" {
		ids = append(ids, id+"-help")
	}
	return strings.Join(ids, " ")
}

// controlAttrs are the attributes that every form control has in common.
func controlAttrs(id, name, help, problem string, required, disabled bool, extra templ.Attributes) templ.Attributes {
	a := templ.Attributes{"id": id, "name": name, "required": required, "disabled": disabled}
	if d := describedBy(id, help, problem); d != "" {
		a["aria-describedby"] = d
	}
	if problem != "" {
		a["aria-invalid"] = "true"
	}
	for k, v := range extra {
		a[k] = v
	}
	return a
}

func (m FieldModel) attrs() templ.Attributes {
	a := controlAttrs(m.ID, m.Name, m.Help, m.Error, m.Required, m.Disabled, m.Attrs)
	a["readonly"] = m.ReadOnly
	a["autofocus"] = m.Autofocus
	set := func(name, value string) {
		if value != "" {
			a[name] = value
		}
	}
	set("placeholder", m.Placeholder)
	set("autocomplete", m.Autocomplete)
	set("inputmode", m.InputMode)
	set("min", m.Min)
	set("max", m.Max)
	if m.MaxLength > 0 {
		a["maxlength"] = m.MaxLength
	}
	return a
}

func (m SelectModel) attrs() templ.Attributes {
	return controlAttrs(m.ID, m.Name, m.Help, m.Error, m.Required, m.Disabled, m.Attrs)
}

// expiry returns the select with the marker that the script looks for.
func (m ExpiryModel) expiry() SelectModel {
	s := m.Select
	s.Attrs = templ.Attributes{"data-expiry": true}
	for k, v := range m.Select.Attrs {
		s.Attrs[k] = v
	}
	return s
}

// date returns the date field with the marker that the script looks for.
func (m ExpiryModel) date() FieldModel {
	d := m.Date
	d.Attrs = templ.Attributes{"data-expiry-date": true}
	for k, v := range m.Date.Attrs {
		d.Attrs[k] = v
	}
	return d
}

// FormField is one field of a form; exactly one of its parts is set.
type FormField struct {
	Text   *FieldModel
	Area   *FieldModel
	Secret *FieldModel // a password
	Select *SelectModel
	Boxes  *ChoiceGroupModel // any number
	Radios *ChoiceGroupModel // exactly one
}
