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
	Errors    component.ErrorSummaryModel
	Hidden    []component.HiddenField
	Subject   component.FieldModel
	Chosen    *Chosen // the member or token that is asked about
	Matches   []component.MenuItem
	Questions []component.FormField
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
