package page

import (
	"latchkey/views/component"
	"latchkey/views/layout"
)

// Home is the start page: how my tokens stand and where to go next.
type Home struct {
	Shell     layout.Shell
	Header    component.PageHeaderModel
	Mine      []component.Tile
	Ending    []EndingToken // tokens that expire soon
	NoEnding  string        // said when there are none
	Next      []NextStep
	OrgTitle  string           // "Acme"; empty for members
	Org       []component.Tile // Admins only
	Activity  []ActivityItem
	AuditHref string // Admins: the whole log
}

// EndingToken is one token that expires soon.
type EndingToken struct {
	Name    string
	Href    string
	Kind    string
	Where   string
	Expires component.TimeModel
}

// NextStep is one thing to do from here.
type NextStep struct {
	Icon  string
	Label string
	Text  string
	Href  string
}

// ActivityItem is one line of what happened lately.
type ActivityItem struct {
	Who  string
	What string
	When component.TimeModel
}
