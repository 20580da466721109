package policy

import (
	"latchkey/views/component"
	"latchkey/views/layout"
)

// Explain is the page that explains whether a member or token may do something.
type Explain struct {
	Frame     layout.Tabbed
	Card      component.CardModel
	Action    string
	Submit    string
	Errors    component.ErrorSummaryModel
	Hidden    []component.HiddenField
	Chosen    []Chosen // the workspace, and the member or token
	Questions []component.FormField
	Matches   []component.MenuItem
	Answer    *Answer
}

// Chosen is a part of the question that is answered already.
type Chosen struct {
	Text   string
	Change component.Link
}

// Answer is the outcome of an Explain.
type Answer struct {
	Notice component.NoticeModel
	Facts  []component.Definition
	Layers []Layer
}

// Layer is a policy, a role or another rule, and whether it gives what was asked about.
type Layer struct {
	Name   string
	Result component.StateModel
}
