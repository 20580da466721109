package people

import (
	"latchkey/views/component"
	"latchkey/views/layout"
)

// LinksDialog shows the links of new invitations, once.
type LinksDialog struct {
	Dialog  component.DialogModel
	Notices []component.NoticeModel
	Links   []component.CodeModel
}

// Invitations is the tab "Invitations".
type Invitations struct {
	Frame   layout.Tabbed
	Dialogs InvitationDialogs
	Card    component.CardModel
	Filter  component.FilterModel
	Table   component.TableModel
	Rows    []InvitationRow
	Pages   *component.PaginationModel
	None    string
	Empty   *component.EmptyModel
}

// InvitationDialogs are the dialogs that may stand above the invitations, one at a time.
type InvitationDialogs struct {
	Form    *component.FormDialogModel
	Confirm *component.ConfirmModel
	Links   *LinksDialog
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
	Menu               *component.MenuModel // nil when nothing can be done any more
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
