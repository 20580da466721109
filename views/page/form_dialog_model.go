package page

import "latchkey/views/component"

// FormDialog is a dialog with a few fields and one button.
type FormDialog struct {
	Dialog component.DialogModel
	Action string // the form posts here
	Errors component.ErrorSummaryModel
	Hidden []component.HiddenField
	Fields []component.FieldModel // a Type of "password" makes a password field
	Submit string
}
