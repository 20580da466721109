// Package home shows the start page, and "Access Management" for members who manage nothing.
package home

import (
	"latchkey/views/component"
	"latchkey/views/layout"
	"latchkey/views/page/audit"
)

// Home is the start page: how my tokens stand and where to go next.
type Home struct {
	Shell    layout.Shell
	Header   component.PageHeaderModel
	Mine     []component.Tile
	Ending   []EndingToken // tokens that expire soon
	NoEnding string        // said when there are none
	Next     []NextStep
	OrgTitle string           // "Acme"; empty for members
	Org      []component.Tile // Admins only
	Activity []audit.Activity
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
