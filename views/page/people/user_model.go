// Package people renders the pages for members, groups and invitations.
package people

import (
	"latchkey/views/component"
	"latchkey/views/layout"
)

// Users is the tab "Users".
type Users struct {
	Frame layout.Tabbed
	Card  component.CardModel
	List  UserList
}

// UserList is one page of members. With Bulk, its rows can be selected.
type UserList struct {
	Table  component.TableModel
	Filter component.FilterModel
	Rows   []UserRow
	Pages  *component.PaginationModel // nil if there is only one page
	None   *component.EmptyModel      // instead of the rows
	Bulk   *component.BulkModel
}

// UserRow is one member of a list.
type UserRow struct {
	ID         string
	Name       string
	Email      string
	Href       string
	Role       component.BadgeModel
	State      *component.StateModel // nil for active members
	Workspaces string
	Groups     string
	Tokens     string
	LastSeen   component.TimeModel
	Menu       component.MenuModel
}
