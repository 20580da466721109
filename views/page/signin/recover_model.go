package signin

import (
	"latchkey/views/component"
	"latchkey/views/layout"
)

// Recover is the page on which the holder of a link sets a new password.
type Recover struct {
	Page     layout.Page
	Action   string
	Errors   component.ErrorSummaryModel
	Hidden   []component.HiddenField // the secret of the link
	Email    component.FieldModel
	Password component.FieldModel
}
