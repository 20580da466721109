package people

import (
	"latchkey/views/component"
	"latchkey/views/layout"
)

// Links shows the links of new invitations, in one response only.
type Links struct {
	Dialog  component.DialogModel
	Notices []component.NoticeModel
	Links   []component.CodeModel
}

// Invitations is the tab "Invitations".
type Invitations struct {
	Frame  layout.Tabbed
	Card   component.CardModel
	Filter component.FilterModel
	Table  component.TableModel
	Rows   []InvitationRow
	Pages  *component.PaginationModel
	None   string
	Empty  *component.EmptyModel
}

// InvitationRow is one invitation of a list.
type InvitationRow struct {
	Email              string
	Role               component.BadgeModel
	Groups, Workspaces string
	Invited            component.TimeModel
	By                 string
	Valid              component.TimeModel
	State              component.StateModel
	Menu               *component.MenuModel // nil for an accepted invitation
}

// Accept is the page behind an invitation's link.
type Accept struct {
	Page     layout.Page
	Action   string
	Errors   component.ErrorSummaryModel
	Hidden   []component.HiddenField
	Email    component.FieldModel
	Name     component.FieldModel
	Password component.FieldModel
}
