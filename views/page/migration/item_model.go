package migration

import (
	"latchkey/views/component"
	"latchkey/views/layout"
)

// Item is one staged item, before and after.
type Item struct {
	Shell    layout.Shell
	Header   component.PageHeaderModel
	Preview  component.BadgeModel
	Notices  []component.NoticeModel
	Facts    []component.Definition
	Card     component.CardModel
	Conflict *Conflict
	Changes  component.CardModel
	Table    component.TableModel
	Rows     []Change
	None     *component.EmptyModel // instead of the rows
}

// Conflict asks how a conflict is resolved.
type Conflict struct {
	Card   component.CardModel
	Today  []component.Definition // what it clashes with has
	Action string
	Errors component.ErrorSummaryModel
	Choice component.ChoiceGroupModel
	Submit component.ButtonModel
}

// Change is what somebody or something has in one workspace, before and after.
type Change struct {
	Workspace string
	Before    string
	After     []Line
	State     *component.StateModel
	Edit      *component.ButtonModel
}
