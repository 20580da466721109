package kit

import (
	"net/url"

	"latchkey/views/component"
)

// TextField is a text input with what was typed.
func TextField(name, label, help string, form url.Values, errors FieldErrors) component.FieldModel {
	return component.FieldModel{ID: "form-" + name, Name: name, Label: label, Help: help, Value: Shown(form.Get(name)),
		Error: errors[name], Autocomplete: "off"}
}

// SelectField is a select with the value that was chosen.
func SelectField(name, label string, form url.Values, errors FieldErrors, options ...component.SelectOption) *component.SelectModel {
	m := &component.SelectModel{ID: "form-" + name, Name: name, Label: label, Error: errors[name], Options: options}
	for i, o := range m.Options {
		m.Options[i].Selected = o.Value == form.Get(name)
	}
	return m
}

// longList is the number of choices from which a list of them can be filtered.
const longList = 9

// BoxesField is a list of boxes with those that were checked.
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

// FormErrors lists the problems above a form whose fields stand in this order. Their inputs have
// the ids that [TextField] and the like give them: "form-" before the name.
func FormErrors(errors FieldErrors, order ...string) component.ErrorSummaryModel {
	ids := map[string]string{}
	for _, name := range order {
		ids[name] = "form-" + name
	}
	return errors.Summary(order, ids)
}

// TextItem is a form's item with a text input.
func TextItem(m component.FieldModel) component.FormField { return component.FormField{Text: &m} }

// AreaItem is a form's item with a text of several lines.
func AreaItem(m component.FieldModel) component.FormField { return component.FormField{Area: &m} }

// SelectItem is a form's item with a select.
func SelectItem(m *component.SelectModel) component.FormField { return component.FormField{Select: m} }

// BoxesItem is a form's item with a list of boxes.
func BoxesItem(m *component.ChoiceGroupModel) component.FormField {
	return component.FormField{Boxes: m}
}
