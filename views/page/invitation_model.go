package page

import (
	"latchkey/views/component"
	"latchkey/views/layout"
)

// Invitations is the tab "Invitations".
type Invitations struct {
	Frame   AccessManagement
	Dialogs AccessDialogs
	Card    component.CardModel
	Filter  component.FilterModel
	Table   component.TableModel
	Rows    []InvitationRow
	Pages   *component.PaginationModel
	None    string
	Empty   *component.EmptyModel
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

// Workspaces is the page "Workspaces".
type Workspaces struct {
	Shell   layout.Shell
	Header  component.PageHeaderModel
	Dialogs AccessDialogs
	Card    component.CardModel
	Around  Around
	Table   component.TableModel
	Rows    []WorkspaceRow
	Empty   *component.EmptyModel
}

// WorkspaceRow is one workspace of the list.
type WorkspaceRow struct {
	Name, Region, Environment          string
	Members, Groups, Resources, Tokens string
	Created                            component.TimeModel
	Menu                               component.MenuModel
}
