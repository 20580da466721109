// Package confirm renders the page that asks a member to prove again who they are.
package confirm

import (
	"latchkey/views/component"
	"latchkey/views/layout"
)

// Confirm asks the reader to prove who they are, or lets them go on after they did.
type Confirm struct {
	Shell     layout.Shell
	Header    component.PageHeaderModel
	Card      component.CardModel
	Action    string // where the form that waits was sent
	Held      component.HiddenField
	Errors    component.ErrorSummaryModel
	Fields    []component.FormField   // empty: nothing to enter
	Passkey   *component.PasskeyModel // nil: the reader has none
	Submit    *component.ButtonModel
	Providers []component.ButtonModel // other ways
	Note      string                  // if there is no way
}
