// Package rule renders the tab "Token rules".
package rule

import (
	"latchkey/views/component"
	"latchkey/views/layout"
	tokenpage "latchkey/views/page/token"
)

// Rules is the tab "Token rules".
type Rules struct {
	Frame     layout.Tabbed
	Notices   []component.NoticeModel
	Action    string // the form posts here
	Errors    component.ErrorSummaryModel
	Hidden    []component.HiddenField
	Sections  []Section
	Submit    component.ButtonModel
	Addresses tokenpage.Addresses
}

// Section is a part of the form.
type Section struct {
	Card   component.CardModel
	Fields []component.FormField
}
