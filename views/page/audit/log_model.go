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
	Ranges []Range
	Only   []Only // conditions that the form does not show
	Export component.MenuModel
	Table  component.TableModel
	Rows   []Row
	Pages  component.PaginationModel
	Empty  *component.EmptyModel // instead of the rows
}

// Only is a condition that the form does not show. ClearHref is the list without it.
type Only struct {
	Text      string
	ClearHref string
}

// Range is a link to the events of the last hours or days.
type Range struct {
	Label  string
	Href   string
	Chosen bool
}

// Row is one event of the list.
type Row struct {
	What  Sentence
	More  []Fact // in place; the event's page has everything
	When  component.TimeModel
	Href  string // the event's page
	Label string // names the event for screen readers
}
