// Package home renders the start page, and "Access Management" for members who may manage nothing.
package home

import (
	"latchkey/views/component"
	"latchkey/views/layout"
	"latchkey/views/page/audit"
	"latchkey/views/page/token"
)

// Home is the start page. Admins see the organization there, and members their own tokens.
type Home struct {
	Shell     layout.Shell
	Header    component.PageHeaderModel
	Warnings  []component.NoticeModel // for Admins only
	Attention []Reason
	Calm      string // shown if nothing needs attention
	Usage     token.Usage
	Next      []NextStep // without those that are done
	Mine      []component.Tile
	OrgTitle  string           // "Acme"; empty for members
	Org       []component.Tile // for Admins only
	Recent    component.CardModel
	Activity  []audit.Activity
}

// Reason is a reason for attention, with what needs it.
type Reason struct {
	ID     string
	Title  string
	Alerts []Alert
	All    component.Link // to the whole list; empty if Alerts has everything
}

// Alert is one token or invitation that needs attention.
type Alert struct {
	Name   string
	Href   string
	Detail string // "Personal access token of Eli in Staging"
	Before string // before the time: "expires"
	When   component.TimeModel
}

// Attention is the whole list of what needs attention for one reason.
type Attention struct {
	Shell  layout.Shell
	Header component.PageHeaderModel
	None   string // instead of alerts
	Alerts []Alert
	Pages  *component.PaginationModel // nil if the list fits one page
}

// NextStep is one thing to do for a new installation or a new member.
type NextStep struct {
	Icon  string
	Label string
	Text  string
	Href  string
}
