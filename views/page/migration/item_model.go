package migration

import (
	"latchkey/views/component"
	"latchkey/views/layout"
)

// Item is the page of one staged item, before and after the migration.
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

// Conflict is the form that resolves a conflict.
type Conflict struct {
	Card   component.CardModel
	Today  []component.Definition // current access of the existing member
	Action string
	Errors component.ErrorSummaryModel
	Choice component.ChoiceGroupModel
	Submit component.ButtonModel
}

// Change is the access of an item to one workspace, before and after.
type Change struct {
	Workspace string
	Before    string
	After     []Line
	State     *component.StateModel
	Edit      *component.ButtonModel
}
