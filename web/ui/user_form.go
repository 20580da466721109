package ui

import (
	"net/url"

	"github.com/labstack/echo/v4"

	"latchkey/internal/account"
	"latchkey/internal/fault"
	"latchkey/views/component"
	"latchkey/web/respond"
)

// The fields of the forms of account administration, which are also the paths of problems
// in them.
const (
	fieldMember      = "member"
	fieldGroups      = "groups"
	fieldWorkspaces  = "workspaces"
	fieldDescription = "description"
	fieldEnvironment = "environment"
	fieldRegion      = "region"
	fieldEmails      = "emails"
	fieldRole        = "role"
	fieldPassword    = "password"
)

// formOrder is the order of the fields in a form, and formIDs maps them to their inputs,
// which have the prefix "form-" before the name.
func formErrors(errors fieldErrors, order ...string) component.ErrorSummaryModel {
	ids := map[string]string{}
	for _, name := range order {
		ids[name] = "form-" + name
	}
	return errors.summary(order, ids)
}

// textField is a text input with what was typed.
func textField(name, label, help string, form url.Values, errors fieldErrors) component.FieldModel {
	return component.FieldModel{ID: "form-" + name, Name: name, Label: label, Help: help, Value: shown(form.Get(name)),
		Error: errors[name], Autocomplete: "off"}
}

// selectField is a select with the value that was chosen.
func selectField(name, label string, form url.Values, errors fieldErrors, options ...component.SelectOption) *component.SelectModel {
	m := &component.SelectModel{ID: "form-" + name, Name: name, Label: label, Error: errors[name], Options: options}
	for i, o := range m.Options {
		m.Options[i].Selected = o.Value == form.Get(name)
	}
	return m
}

// longList is the number of choices from which a list of them can be filtered.
const longList = 9

// boxesField is a list of boxes with those that were checked.
func boxesField(name, legend, help string, form url.Values, errors fieldErrors, choices []component.Choice) *component.ChoiceGroupModel {
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
		m.Filter = "Filter " + lowerFirst(legend)
	}
	return m
}

func workspaceChoices(list []account.Workspace) []component.Choice {
	out := make([]component.Choice, len(list))
	for i, w := range list {
		out[i] = component.Choice{Value: w.ID, Label: w.Name}
	}
	return out
}

// groupChoices offers groups; those whose members are managed elsewhere are greyed.
func groupChoices(list []account.GroupRow) []component.Choice {
	out := make([]component.Choice, len(list))
	for i, g := range list {
		out[i] = component.Choice{Value: g.ID, Label: g.Name, Help: clipped(g.Description, 80)}
		if g.Locked {
			out[i].Help, out[i].Disabled, out[i].Reason = "", true, "Its members are managed by the identity provider."
		}
	}
	return out
}

// memberFields carries chosen members along.
func memberFields(members []account.Member) []component.HiddenField {
	out := make([]component.HiddenField, len(members))
	for i, m := range members {
		out[i] = component.HiddenField{Name: fieldMember, Value: m.ID}
	}
	return out
}

// memberNames lists names as a sentence does, a few of them.
func memberNames(members []account.Member) string {
	names := make([]string, 0, len(members))
	for _, m := range members {
		names = append(names, m.Name)
	}
	return some(names)
}

// some lists a few names and counts the others.
func some(names []string) string {
	if len(names) > maxNames+1 {
		names = append(append([]string{}, names[:maxNames]...), count(len(names)-maxNames, "other", "others"))
	}
	return enumerate(names)
}

// done leaves a notice for the next page and leads there.
func (h *Handlers) done(c echo.Context, to, notice string) error {
	if err := h.d.Sessions.AddNotice(c.Response(), c.Request(), notice); err != nil {
		return err
	}
	return respond.SeeOther(c, to)
}

// refusal is a refused act that the dialog it came from can show: its text, and the status
// of the page. Other errors, and problems that belong beside fields, are returned as they are.
func refusal(err error) (text string, status int, other error) {
	f := fault.Of(err)
	switch {
	case f == nil:
		return "", 0, nil
	case f.Kind == fault.Conflict || f.Kind == fault.Denied:
		return f.Message, respond.Status(f.Kind), nil
	}
	return "", 0, err
}

func textItem(m component.FieldModel) component.FormField     { return component.FormField{Text: &m} }
func areaItem(m component.FieldModel) component.FormField     { return component.FormField{Area: &m} }
func selectItem(m *component.SelectModel) component.FormField { return component.FormField{Select: m} }
func boxesItem(m *component.ChoiceGroupModel) component.FormField {
	return component.FormField{Boxes: m}
}
