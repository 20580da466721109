package policy

import (
	"latchkey/views/component"
	"latchkey/views/layout"
)

// Baselines is the tab "Baseline Workspace Policies".
type Baselines struct {
	Frame   layout.Tabbed
	Refusal *component.NoticeModel // why they cannot be edited
	Card    component.CardModel
	Around  component.AroundModel
	Table   component.TableModel
	Rows    []BaselineRow
	Empty   *component.EmptyModel
	Presets *Presets // nil if there are none
}

// Presets is the list of the saved presets.
type Presets struct {
	Card  component.CardModel
	Table component.TableModel
	Rows  []PresetRow
}

// PresetRow is one saved preset.
type PresetRow struct {
	Name   string
	Grants []string
	Saved  component.TimeModel
	By     string
	Delete component.ButtonModel
}

// BaselineRow is one workspace's baseline.
type BaselineRow struct {
	Workspace, Detail string
	Href              string
	Summary           []string
	Members, Groups   string
	Updated           component.TimeModel
	By                string
	Edit              component.ButtonModel
}
