// Package resource renders the resources of a workspace and the documentation of the API.
package resource

import (
	"latchkey/views/component"
	"latchkey/views/layout"
	"latchkey/views/page/audit"
)

// Resources is the page with the resources of a workspace and what the reader may do with each.
type Resources struct {
	Shell  layout.Shell
	Header component.PageHeaderModel
	Card   component.CardModel
	Filter component.FilterModel
	Table  component.TableModel
	Rows   []Row
	None   *component.EmptyModel // shown instead of rows
	Pages  *component.PaginationModel
	Types  *Types       // permissions for whole types; nil if there are none
	Trail  *audit.Trail // for Admins
}

// Row is one resource.
type Row struct {
	Name    string
	Detail  string   // its definition; may be empty
	Secrets []string // "password: set"
	Type    string
	ID      string
	Changed component.TimeModel
	Access  Access
}

// Types is what the reader may do with whole types.
type Types struct {
	Card  component.CardModel
	Table component.TableModel
	Rows  []TypeRow
}

// TypeRow is one type.
type TypeRow struct {
	Label  string
	Access Access
}

// Access is what the reader may do, and why not the rest.
type Access struct {
	May     []component.BadgeModel
	Nothing string // instead of May: "View only"
	About   string // what it is about, for screen readers: "Web shop"
	Reasons []Reason
}

// Reason is the rule that refuses one action.
type Reason struct {
	Label string // "Edit"
	Text  string
}
