package page

import (
	"latchkey/views/component"
	"latchkey/views/layout"
)

// AuditLog is the page "Audit Logs".
type AuditLog struct {
	Shell   layout.Shell
	Header  component.PageHeaderModel
	Upgrade *component.EmptyModel // instead of all below: the plan does not include it
	Detail  *AuditDetail          // the event that is open

	Chart  *AuditChart // nil for a filter that cannot be applied
	Errors component.ErrorSummaryModel
	Card   component.CardModel
	Filter component.FilterModel
	Only   []AuditOnly // what else narrows the list down
	Export component.MenuModel
	Table  component.TableModel
	Rows   []AuditRow
	Pages  component.PaginationModel
	Empty  *component.EmptyModel // instead of the rows
}

// AuditOnly is a condition that came with a link, and where to go without it.
type AuditOnly struct {
	Text      string
	ClearHref string
}

// AuditRow is one event of the list.
type AuditRow struct {
	Who     string
	WhoNote string // e-mail address or the token's hint
	Action  component.ButtonModel
	Target  string
	Type    string
	When    component.TimeModel
}

// AuditChart counts events per day, as bars that lead to their day.
type AuditChart struct {
	Card  component.CardModel
	Text  string // the same in words
	Older AuditBars
	Newer AuditBars // what also a phone has room for
}

// AuditBars is one run of bars, on a field that is Width by 100.
type AuditBars struct {
	ViewBox     string
	Label       string
	Bars        []AuditBar
	First, Last string // under the ends
}

// AuditBar is one day, or a few.
type AuditBar struct {
	Slot   string // left edge of its place
	Left   string // left edge of what is filled
	Top    string
	Height string
	Href   string // empty: there is nothing to see
	Label  string // "4 Mar 2026: 12 events"
}

// AuditDetail is one event in full, as a dialog above the list.
type AuditDetail struct {
	Dialog component.DialogModel
	Facts  []AuditFact
	Change *AuditChange
	Links  []component.Link
}

// AuditFact is a line of the details.
type AuditFact struct {
	Term string
	Text string
	Note string // a quiet second line
	Code bool
}

// AuditChange is what was there before and is there now.
type AuditChange struct {
	Gained, Lost []string // permissions in words
	Note         string   // instead of them
	Title        string   // over Facts
	Facts        []AuditFact
}

// AuditTrail is the log of one thing, as a section of its page.
type AuditTrail struct {
	Card  component.CardModel
	Items []AuditItem
	Empty string // said when there are none
}

// AuditItem is one event of a trail.
type AuditItem struct {
	ActivityItem
	Href string // its details
}

// IdentifyToken is the page that says which token a secret belongs to.
type IdentifyToken struct {
	Shell  layout.Shell
	Header component.PageHeaderModel
	Errors component.ErrorSummaryModel
	Action string
	Field  component.FieldModel
	Answer *component.NoticeModel
	Found  *IdentifiedToken
}

// IdentifiedToken is what the page says of the token.
type IdentifiedToken struct {
	Card  component.CardModel
	State component.StateModel
	Facts []component.Definition
	Acts  []component.ButtonModel
	Trail *AuditTrail
}
