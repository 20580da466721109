// Package token renders the pages about tokens: lists with their dialogs, the page of one service access
// token, the wizard that makes one for a workspace, the section of personal access tokens, and the page
// that identifies a token.
package token

import "latchkey/views/component"

// List is a list of tokens of one kind.
type List struct {
	Table  component.TableModel
	Filter *component.FilterModel // for long lists only
	Rows   []Row
	Pages  *component.PaginationModel // if there are several pages
	Empty  *component.EmptyModel      // shown instead of the table if there are no tokens
	None   string                     // shown instead of the rows if nothing matches the filter

	Bulk *component.BulkModel // if the rows can be selected

	ShowHolder    bool
	ShowWorkspace bool
	ShowScope     bool
	ShowMaker     bool
}

// Row is one token of a list.
type Row struct {
	ID          string
	Name        string
	Href        string // the token's own page, if it has one
	Hint        string // "lkpat_…a1B2"
	Description string // its beginning
	Kind        string // what a service token is for
	Holder      string // the owner of a personal token
	HolderHref  string
	Workspace   string
	Scope       string
	Old         bool // the scope is deprecated
	Maker       string
	Created     component.TimeModel
	LastUsed    component.TimeModel
	UsedFrom    string // the address, if the list shows it
	Expires     component.TimeModel
	DueTone     string
	State       component.StateModel
	Rotate      *component.ButtonModel // nil where the visitor cannot rotate it
	Delete      component.ButtonModel
}
