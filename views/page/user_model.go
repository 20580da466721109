package page

import (
	"latchkey/views/component"
	"latchkey/views/layout"
)

// Users is the tab "Users".
type Users struct {
	Frame   AccessManagement
	Dialogs AccessDialogs
	Card    component.CardModel
	List    UserList
}

// UserList is one page of members. With BulkID its rows can be selected for the form with
// that id.
type UserList struct {
	Table  component.TableModel
	Filter component.FilterModel
	Rows   []UserRow
	Pages  *component.PaginationModel // more than one page only
	None   *component.EmptyModel      // instead of the rows
	BulkID string
	Bulk   []component.ButtonModel // for the selected ones
	Hidden []component.HiddenField // of the bulk form
}

// UserRow is one member of a list.
type UserRow struct {
	ID         string
	Name       string
	Email      string
	Href       string
	Role       component.BadgeModel
	State      *component.StateModel // deactivated members
	Workspaces string
	Groups     string
	Tokens     string
	LastSeen   component.TimeModel
	Menu       component.MenuModel
}

// Member is the page "Member details".
type Member struct {
	Shell    layout.Shell
	Header   component.PageHeaderModel
	Dialogs  AccessDialogs
	Notice   *component.NoticeModel
	Card     component.CardModel
	Facts    []component.Definition
	State    component.StateModel
	LastSeen component.TimeModel
	Policies PolicyList
	Access   AccessList
	Tokens   MemberTokens
	Trail    *AuditTrail // nil without the audit log
	Danger   component.CardModel
	Acts     []MemberAct
}

// MemberAct is something that can be done to a member, with its consequence.
type MemberAct struct {
	Text   string
	Button component.ButtonModel
}

// MemberTokens are a member's personal access tokens, for Admins.
type MemberTokens struct {
	Card component.CardModel
	List TokenList
}

// PolicyList lists the policies of a member or group, by workspace.
type PolicyList struct {
	Card  component.CardModel
	Table component.TableModel
	Rows  []PolicyListRow
	Empty *component.EmptyModel
}

// PolicyListRow is one policy of a list.
type PolicyListRow struct {
	Workspace string
	Href      string // of the editor
	Summary   []string
	Updated   component.TimeModel
	By        string
	Buttons   []component.ButtonModel
}
