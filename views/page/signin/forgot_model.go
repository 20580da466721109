package signin

import (
	"latchkey/views/component"
	"latchkey/views/layout"
)

// Forgot is the page on which somebody asks for a link that sets a new password.
type Forgot struct {
	Page   layout.Page
	Action string
	Email  component.FieldModel
	Sent   bool // instead of the form
}
