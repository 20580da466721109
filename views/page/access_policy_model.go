package page

import (
	"latchkey/views/component"
	"latchkey/views/layout"
)

// AccessList says, workspace by workspace, what somebody may do and where it comes from.
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

// AccessLine is one source and what it gives.
type AccessLine struct{ Source, Gives string }

// AccessPolicy is an effective access policy in one workspace, in full.
type AccessPolicy struct {
	Shell   layout.Shell
	Header  component.PageHeaderModel
	SubTabs component.TabsModel // the workspaces
	Notice  *component.NoticeModel
	Empty   *component.EmptyModel
	Policy  *component.PolicyModel
	Links   []component.Link
}

// PolicyEdit edits the policy of a workspace, group or member.
type PolicyEdit struct {
	Shell   layout.Shell
	Header  component.PageHeaderModel
	Dialogs AccessDialogs
	Notice  *component.NoticeModel
	Facts   []component.Definition
	Action  string
	Errors  component.ErrorSummaryModel
	Hidden  []component.HiddenField
	Policy  component.PolicyModel
	Locked  bool // only to look at
	Save    component.ButtonModel
	Cancel  string
	Remove  *component.ButtonModel
}

// Explain asks why somebody may do something, or may not.
type Explain struct {
	Frame     AccessManagement
	Card      component.CardModel
	Action    string
	Errors    component.ErrorSummaryModel
	Hidden    []component.HiddenField
	Subject   component.FieldModel
	Chosen    *Chosen // the member or token that is asked about
	Matches   []component.MenuItem
	Questions []FormField
	Answer    *Answer
}

// Chosen is the member or token that a question is about.
type Chosen struct {
	Text   string
	Change component.Link
}

// Answer is the outcome of an Explain.
type Answer struct {
	Notice component.NoticeModel
	Facts  []component.Definition
}
