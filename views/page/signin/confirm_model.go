package signin

import (
	"latchkey/views/component"
	"latchkey/views/layout"
)

// Confirm is the second step of signing in.
type Confirm struct {
	Page   layout.Page
	Action string
	Errors component.ErrorSummaryModel
	Next   string // path to open after signing in
	Field  component.FieldModel
	Other  component.Link // the same step with another proof
}
