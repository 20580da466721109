// Package token shows lists of tokens with their dialogs, one service access token, the wizard that
// makes one for a workspace, the section of personal access tokens and the page that identifies a token.
package token

import "latchkey/views/component"

// List is a list of tokens of one kind. Columns that no row fills are not shown.
type List struct {
	Table  component.TableModel
	Filter *component.FilterModel // long lists only
	Rows   []Row
	Pages  *component.PaginationModel // more than one page only
	Empty  *component.EmptyModel      // instead of the table, when there is nothing at all
	None   string                     // instead of the rows, when nothing matches the filter

	ShowWorkspace bool
	ShowScope     bool
	ShowMaker     bool
}

// Row is one token of a list.
type Row struct {
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
