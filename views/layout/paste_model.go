package layout

import "latchkey/views/component"

// Paste is the model of PastePage.
type Paste struct {
	Page   Page
	Action string // receives the secret by POST
	Name   string // of the secret in the fragment of the address
	Errors component.ErrorSummaryModel
	Link   component.FieldModel
}
