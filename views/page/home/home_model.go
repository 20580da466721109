// Package home renders the start page, and "Access Management" for members who may manage nothing.
package home

import (
	"latchkey/views/component"
	"latchkey/views/layout"
	"latchkey/views/page/audit"
)

// Home is the start page: the state of the reader's tokens and where to go next.
type Home struct {
	Shell    layout.Shell
	Header   component.PageHeaderModel
	Warnings []component.NoticeModel // for Admins only
	Mine     []component.Tile
	Ending   []EndingToken // tokens that expire soon
	NoEnding string        // shown if there are none
	Next     []NextStep
	OrgTitle string           // "Acme"; empty for members
	Org      []component.Tile // for Admins only
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
