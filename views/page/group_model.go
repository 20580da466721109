package page

import (
	"latchkey/views/component"
	"latchkey/views/layout"
)

// Groups is the tab "Groups".
type Groups struct {
	Frame   AccessManagement
	Dialogs AccessDialogs
	Refusal *component.NoticeModel // why no other can be made
	Card    component.CardModel
	Around  Around
	Table   component.TableModel
	Rows    []GroupRow
	Empty   *component.EmptyModel // instead of everything
}

// Around is what stands around the table of a list that is searched and cut into pages.
type Around struct {
	Filter *component.FilterModel // nil for a short list
	None   string                 // instead of the table, when nothing matches
	Pages  *component.PaginationModel
}

// GroupRow is one group of a list.
type GroupRow struct {
	Name        string
	Description string
	Href        string
	Badge       *component.BadgeModel // of a group that the identity provider made
	Members     string
	Workspaces  string
	Menu        component.MenuModel
}

// Group is the page of one group.
type Group struct {
	Shell    layout.Shell
	Header   component.PageHeaderModel
	Dialogs  AccessDialogs
	Notice   *component.NoticeModel
	Members  component.CardModel
	List     UserList
	Policies PolicyList
}

// GroupMembers offers members to add to a group.
type GroupMembers struct {
	Shell   layout.Shell
	Header  component.PageHeaderModel
	Filter  component.FilterModel
	Action  string
	Errors  component.ErrorSummaryModel
	Members component.ChoiceGroupModel
	None    *component.EmptyModel // instead of the members
	Cancel  string
}

// Baselines is the tab "Baseline Workspace Policies".
type Baselines struct {
	Frame   AccessManagement
	Refusal *component.NoticeModel // why they cannot be edited
	Card    component.CardModel
	Around  Around
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
