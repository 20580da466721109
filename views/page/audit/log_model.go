// Package audit renders the audit log, one event of it, and the trails that other pages show.
package audit

import (
	"latchkey/views/component"
	"latchkey/views/layout"
)

// Log is the page "Audit Logs".
type Log struct {
	Shell   layout.Shell
	Header  component.PageHeaderModel
	Upgrade *component.EmptyModel // instead of everything below, on a plan without the log

	Chart  *Chart // nil for an invalid filter
	Errors component.ErrorSummaryModel
	Card   component.CardModel
	Filter component.FilterModel
	Only   []Only // conditions that came with links
	Export component.MenuModel
	Table  component.TableModel
	Rows   []Row
	Pages  component.PaginationModel
	Empty  *component.EmptyModel // instead of the rows
}

// Only is a condition that came with a link. ClearHref is the list without it.
type Only struct {
	Text      string
	ClearHref string
}

// Row is one event of the list.
type Row struct {
	Who     string
	WhoNote string // email address or token hint
	Action  component.ButtonModel
	Target  string
	Type    string
	When    component.TimeModel
}
