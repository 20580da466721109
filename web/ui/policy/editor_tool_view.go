package policy

import (
	"slices"
	"strconv"

	"latchkey/internal/access"
	"latchkey/internal/policy"
	"latchkey/views/component"
	"latchkey/web/ui/kit"
)

func rowStep(section access.Section, typ string) string { return stepRow + string(section) + ":" + typ }

func columnStep(i int) string { return stepColumn + strconv.Itoa(i) }

// Present adds the tools to the model of the editor: the controls above it, the buttons of rows and
// columns, and the filter.
func (t *Tools) Present(m *component.PolicyModel, e Editor, f Form) {
	m.Tools = &component.PolicyTools{Find: kit.Shown(t.find), Searched: t.searched, More: t.more,
		Name: kit.Shown(t.name), NameError: t.nameError,
		Message: t.message, Presets: t.presetField(e.catalogue), Types: t.typeField(e.catalogue)}
	for _, s := range t.found {
		m.Tools.Found = append(m.Tools.Found, component.PolicySource{Value: stepCopy + string(s.Kind) + ":" + s.ID,
			Label: sourceLabel(s), Detail: s.Detail})
	}
	toggle := func(step string) component.PolicyToggle {
		permissions := e.toggled(step, t.show)
		if len(permissions) == 0 {
			return component.PolicyToggle{}
		}
		return component.PolicyToggle{Value: step, On: e.allChecked(f, permissions)}
	}
	for i := range m.Sections {
		s := &m.Sections[i]
		for column := range s.Columns {
			s.Toggles = append(s.Toggles, toggle(columnStep(column)))
		}
		s.Hidden = true
		for k := range s.Rows {
			r := &s.Rows[k]
			r.Toggle = toggle(rowStep(access.Section(s.ID), r.Type))
			r.Hidden = t.show != "" && t.show != r.Type
			s.Hidden = s.Hidden && r.Hidden
		}
	}
}

func sourceLabel(s policy.Source) string {
	switch s.Kind {
	case policy.FromBaseline:
		return "Baseline of " + s.Name
	case policy.FromGroup:
		return "Group " + s.Name
	case policy.FromToken:
		return "Token " + s.Name
	case policy.FromMember:
	}
	return s.Name
}

func (t *Tools) presetField(c *access.Catalogue) component.SelectModel {
	m := component.SelectModel{ID: "policy-preset", Name: fieldPreset, Label: "Preset", Attrs: map[string]any{"data-choose": stepPreset},
		Options: []component.SelectOption{{Label: "Choose a preset"}}}
	for _, p := range c.Presets() {
		m.Options = append(m.Options, component.SelectOption{Value: builtIn + p.Name, Label: p.Name})
	}
	for _, p := range t.presets {
		m.Options = append(m.Options, component.SelectOption{Value: p.ID, Label: p.Name, Group: "Saved presets"})
	}
	return m
}

// typeField returns the filter. It clears t.show if there is no such type.
func (t *Tools) typeField(c *access.Catalogue) component.SelectModel {
	m := component.SelectModel{ID: "policy-show", Name: fieldShow, Label: "Resource type", Attrs: map[string]any{"data-show": ""},
		Options: []component.SelectOption{{Label: "All types"}}}
	for _, section := range c.Sections() {
		for _, row := range c.Types(section) {
			o := component.SelectOption{Value: row.Type, Label: row.Label, Selected: row.Type == t.show}
			if !slices.ContainsFunc(m.Options, func(other component.SelectOption) bool { return other.Value == o.Value }) {
				m.Options = append(m.Options, o)
			}
		}
	}
	if !slices.ContainsFunc(m.Options, func(o component.SelectOption) bool { return o.Selected }) {
		t.show = ""
	}
	return m
}
