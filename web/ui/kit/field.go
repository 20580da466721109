package kit

import (
	"net/url"

	"latchkey/views/component"
)

// TextField returns a text input that holds what was typed.
func TextField(name, label, help string, form url.Values, errors FieldErrors) component.FieldModel {
	return component.FieldModel{ID: "form-" + name, Name: name, Label: label, Help: help, Value: Shown(form.Get(name)),
		Error: errors[name], Autocomplete: "off"}
}

// EmailAttrs returns the attributes of a text field for an email address. Browsers refuse what is
// pasted into a field of the type "email" with a zero-width character or a dot after the address;
// the server cleans it.
func EmailAttrs() map[string]any {
	return map[string]any{"inputmode": "email", "autocapitalize": "none", "spellcheck": "false"}
}

// SelectField returns a select with the submitted value selected.
func SelectField(name, label string, form url.Values, errors FieldErrors, options ...component.SelectOption) *component.SelectModel {
	m := &component.SelectModel{ID: "form-" + name, Name: name, Label: label, Error: errors[name], Options: options}
	for i, o := range m.Options {
		m.Options[i].Selected = o.Value == form.Get(name)
	}
	return m
}

// longList is the number of choices from which a list of boxes has a filter.
const longList = 9

// BoxesField returns a list of checkboxes, with the submitted values checked.
func BoxesField(name, legend, help string, form url.Values, errors FieldErrors, choices []component.Choice) *component.ChoiceGroupModel {
	m := &component.ChoiceGroupModel{ID: "form-" + name, Name: name, Legend: legend, Help: help, Error: errors[name], Choices: choices}
	checked := map[string]bool{}
	for _, value := range form[name] {
		checked[value] = true
	}
	for i := range m.Choices {
		c := &m.Choices[i]
		c.ID = "form-" + name + "-" + c.Value
		c.Checked = checked[c.Value] && !c.Disabled
	}
	if len(choices) >= longList {
		m.Filter = "Filter " + LowerFirst(legend)
	}
	return m
}

// FormErrors returns the summary of the problems of a form whose fields have this order. The
// inputs must have the ids that [TextField] and its siblings give them: "form-" and the name.
func FormErrors(errors FieldErrors, order ...string) component.ErrorSummaryModel {
	ids := map[string]string{}
	for _, name := range order {
		ids[name] = "form-" + name
	}
	return errors.Summary(order, ids)
}

// TextItem returns a form field that is a text input.
func TextItem(m component.FieldModel) component.FormField { return component.FormField{Text: &m} }

// AreaItem returns a form field that takes several lines of text.
func AreaItem(m component.FieldModel) component.FormField { return component.FormField{Area: &m} }

// SelectItem returns a form field that is a select.
func SelectItem(m *component.SelectModel) component.FormField { return component.FormField{Select: m} }

// BoxesItem returns a form field that is a list of checkboxes.
func BoxesItem(m *component.ChoiceGroupModel) component.FormField {
	return component.FormField{Boxes: m}
}
