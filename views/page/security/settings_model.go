// Package security renders the pages about how people sign in: "Security" of Your Profile and the tab "Sign-in".
package security

import (
	"latchkey/views/component"
	"latchkey/views/layout"
)

// Settings is the tab "Sign-in".
type Settings struct {
	Frame layout.Tabbed
	Forms []Form
}

// Form is a section with settings that are saved together.
type Form struct {
	Card   component.CardModel
	Notice *component.NoticeModel
	Action string // the form posts here; empty: there is no form
	Errors component.ErrorSummaryModel
	Fields []component.FormField
	Submit component.ButtonModel
}
