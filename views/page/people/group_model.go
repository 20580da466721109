package people

import (
	"latchkey/views/component"
	"latchkey/views/layout"
)

// Groups is the tab "Groups".
type Groups struct {
	Frame   layout.Tabbed
	Refusal *component.NoticeModel // why no further group can be created
	Card    component.CardModel
	Around  component.AroundModel
	Table   component.TableModel
	Rows    []GroupRow
	Empty   *component.EmptyModel // instead of the list
}

// GroupRow is one group of a list.
type GroupRow struct {
	Name        string
	Description string
	Href        string
	Badge       *component.BadgeModel // of a group that the identity provider created
	Members     string
	Workspaces  string
	Menu        component.MenuModel
}

// Group is the page of one group.
type Group struct {
	Shell    layout.Shell
	Header   component.PageHeaderModel
	Notice   *component.NoticeModel
	Members  component.CardModel
	List     UserList
	Policies PolicyList
}

// GroupMembers is the page that adds members to a group.
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
