package page

import (
	"latchkey/views/component"
	"latchkey/views/layout"
)

// Resources is what is in a workspace, with what the reader may do.
type Resources struct {
	Shell  layout.Shell
	Header component.PageHeaderModel
	Card   component.CardModel
	Filter component.FilterModel
	Table  component.TableModel
	Rows   []ResourceRow
	None   *component.EmptyModel // instead of rows
	Pages  *component.PaginationModel
	Types  *ResourceTypes // what concerns whole types; nil when there is nothing to say
	Trail  *AuditTrail    // for Admins
}

// ResourceRow is one resource.
type ResourceRow struct {
	Name    string
	Detail  string // what it is an instance of; may be empty
	Type    string
	ID      string
	Changed component.TimeModel
	Access  ResourceAccess
}

// ResourceTypes is what the reader may do with types as such.
type ResourceTypes struct {
	Card  component.CardModel
	Table component.TableModel
	Rows  []ResourceTypeRow
}

// ResourceTypeRow is one type.
type ResourceTypeRow struct {
	Label  string
	Access ResourceAccess
}

// ResourceAccess is what the reader may do, and why not the rest.
type ResourceAccess struct {
	May     []component.BadgeModel
	Nothing string // instead of May: "View only"
	About   string // what it is about, for screen readers: "Web shop"
	Reasons []ResourceReason
}

// ResourceReason is the rule that refuses one thing.
type ResourceReason struct {
	Label string // "Edit"
	Text  string
}
