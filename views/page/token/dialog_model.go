package token

import "latchkey/views/component"

// Form is the dialog that makes a token.
type Form struct {
	Dialog     component.DialogModel
	Action     string // the form posts here
	Errors     component.ErrorSummaryModel
	Hidden     []component.HiddenField
	Name       component.FieldModel
	Workspace  *component.SelectModel // personal tokens only
	Scope      *component.SelectModel // personal tokens only
	Expiration component.ExpiryModel
	May        []MayBlock // what it may do, before it is made
}

// MayBlock says what a personal token may do in some workspaces, scope by scope.
type MayBlock struct {
	Workspaces string // ids, separated by spaces: the script shows the chosen one's
	Title      string // their names
	Lines      []MayLine
}

// MayLine is one scope of a MayBlock.
type MayLine struct {
	Scope string // value of the scope's option
	Label string
	Text  string
}
