package token

import "latchkey/views/component"

// Form is the dialog that makes a token.
type Form struct {
	Dialog      component.DialogModel
	Action      string // the form posts here
	Errors      component.ErrorSummaryModel
	Hidden      []component.HiddenField
	Notice      *component.NoticeModel // about what the form was filled in from
	Name        component.FieldModel
	Description component.FieldModel
	Workspace   *component.SelectModel // for personal tokens only
	Scope       *component.SelectModel // for personal tokens only
	Expiration  component.ExpiryModel
	More        More
	May         []MayBlock // what the new token will be able to do
}

// MayBlock describes what a personal token may do in some workspaces, scope by scope.
type MayBlock struct {
	Workspaces string // ids, separated by spaces; a script shows the block of the chosen one
	Title      string // their names
	Lines      []MayLine
}

// MayLine is one scope of a MayBlock.
type MayLine struct {
	Scope string // value of the scope's option
	Label string
	Text  string
}
