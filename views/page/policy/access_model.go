// Package policy renders the pages about policies: what a member may do and where it comes from, the
// editor of a policy, the list of Baseline Workspace Policies, and the page that explains a decision.
package policy

import (
	"latchkey/views/component"
	"latchkey/views/layout"
)

// AccessList summarizes, workspace by workspace, what a member may do and where it comes from.
type AccessList struct {
	Card  component.CardModel
	Items []AccessItem
	Empty *component.EmptyModel
}

// AccessItem is one workspace of an AccessList.
type AccessItem struct {
	Workspace string
	Lines     []AccessLine
	Details   component.ButtonModel
}

// AccessLine is one source of permissions and what it grants.
type AccessLine struct{ Source, Gives string }

// Access is an effective access policy in one workspace, in full.
type Access struct {
	Shell   layout.Shell
	Header  component.PageHeaderModel
	SubTabs component.TabsModel // the workspaces
	Notice  *component.NoticeModel
	Empty   *component.EmptyModel
	Policy  *component.PolicyModel
}
