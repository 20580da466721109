// Package audit shows the audit log, one event of it, and trails: the part of it that is about one thing.
package audit

import (
	"latchkey/views/component"
	"latchkey/views/layout"
)

// Log is the page "Audit Logs".
type Log struct {
	Shell   layout.Shell
	Header  component.PageHeaderModel
	Upgrade *component.EmptyModel // instead of all below: the plan does not include it

	Chart  *Chart // nil for a filter that cannot be applied
	Errors component.ErrorSummaryModel
	Card   component.CardModel
	Filter component.FilterModel
	Only   []Only // what else narrows the list down
	Export component.MenuModel
	Table  component.TableModel
	Rows   []Row
	Pages  component.PaginationModel
	Empty  *component.EmptyModel // instead of the rows
}

// Only is a condition that came with a link, and where to go without it.
type Only struct {
	Text      string
	ClearHref string
}

// Row is one event of the list.
type Row struct {
	Who     string
	WhoNote string // e-mail address or the token's hint
	Action  component.ButtonModel
	Target  string
	Type    string
	When    component.TimeModel
}
