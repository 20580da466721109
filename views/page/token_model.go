package page

import "latchkey/views/component"

// TokenList is a list of tokens of one kind. Columns that no row fills are not shown.
type TokenList struct {
	Table  component.TableModel
	Filter *component.FilterModel // long lists only
	Rows   []TokenRow
	Pages  *component.PaginationModel // more than one page only
	Empty  *component.EmptyModel      // instead of the table, when there is nothing at all
	None   string                     // instead of the rows, when nothing matches the filter

	ShowWorkspace bool
	ShowScope     bool
	ShowMaker     bool
}

// TokenRow is one token of a list.
type TokenRow struct {
	ID        string
	Name      string
	Href      string // of the token's own page; empty: it has none
	Hint      string // "lkpat_…a1B2"
	Workspace string
	Scope     string
	Old       bool // the scope is deprecated
	Maker     string
	Created   component.TimeModel
	LastUsed  component.TimeModel
	Expires   component.TimeModel
	DueTone   string
	State     component.StateModel
	Delete    component.ButtonModel
}

// TokenForm is the dialog that makes a token.
type TokenForm struct {
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

// TokenDialogs are the dialogs that may stand above a list of tokens, one at a time.
type TokenDialogs struct {
	New    *TokenForm
	Reveal *component.RevealModel
	Delete *component.AlertDialogModel
	Notice *component.NoticeModel // why there is no dialog after all
}
