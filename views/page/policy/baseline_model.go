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
