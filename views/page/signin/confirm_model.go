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
	Next   string                // path to open after signing in
	Field  *component.FieldModel // nil: nothing to type
	Notice *component.NoticeModel
	// Passkey asks for a passkey instead; nil without one.
	Passkey *component.PasskeyModel
	Other   []component.Link // the same step with another proof
}
