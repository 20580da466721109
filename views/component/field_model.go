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
	Autocomplete string
	MaxLength    int
	Rows         int    // TextArea only
	Min, Max     string // DateField only, YYYY-MM-DD
	Required     bool
	Optional     bool // shows "optional" after the label
	ReadOnly     bool
	Autofocus    bool
	Attrs        templ.Attributes
}

// HiddenField is a name and a value that a form sends but does not show.
type HiddenField struct {
	Name, Value string
}

// SelectModel is one labelled select.
type SelectModel struct {
	ID, Name string
	Label    string
	Error    string
	Options  []SelectOption
	Required bool
	Attrs    templ.Attributes
}

// SelectOption is one option of a select.
type SelectOption struct {
	Value, Label string
	Selected     bool
	Group        string // label of the group; options of one group stand together
	Until        string // ExpiryField: the exact end in words, shown when chosen
}

// ExpiryModel is a choice of lifetime with the exact end in words. The option with the value "date"
// shows the date field.
type ExpiryModel struct {
	Select  SelectModel
	Date    FieldModel
	Preview string // the end in words for the selected option
}

// FieldError is the problem of one field.
type FieldError struct {
	FieldID string // id of the field, the target of the link; empty: no link
	Text    string
}

// ErrorSummaryModel is the list of all problems of a form. It takes the focus.
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

// describedBy returns the ids of the elements that explain the field with this id.
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

// controlAttrs returns the attributes that all form controls share.
func controlAttrs(id, name, help, problem string, required bool, extra templ.Attributes) templ.Attributes {
	a := templ.Attributes{"id": id, "name": name, "required": required}
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
	a := controlAttrs(m.ID, m.Name, m.Help, m.Error, m.Required, m.Attrs)
	a["readonly"] = m.ReadOnly
	a["autofocus"] = m.Autofocus
	set := func(name, value string) {
		if value != "" {
			a[name] = value
		}
	}
	set("autocomplete", m.Autocomplete)
	set("min", m.Min)
	set("max", m.Max)
	if m.MaxLength > 0 {
		a["maxlength"] = m.MaxLength
	}
	return a
}

func (m SelectModel) attrs() templ.Attributes {
	return controlAttrs(m.ID, m.Name, "", m.Error, m.Required, m.Attrs)
}

// groups returns the options in runs of one group.
func (m SelectModel) groups() [][]SelectOption {
	var out [][]SelectOption
	for i, o := range m.Options {
		if i == 0 || o.Group != m.Options[i-1].Group {
			out = append(out, nil)
		}
		out[len(out)-1] = append(out[len(out)-1], o)
	}
	return out
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

// FormField is one field of a form. Exactly one of its members is set.
type FormField struct {
	Text   *FieldModel
	Area   *FieldModel
	Secret *FieldModel // a password
	Select *SelectModel
	Boxes  *ChoiceGroupModel // any number
	Radios *ChoiceGroupModel // exactly one
	Expiry *ExpiryModel
}
