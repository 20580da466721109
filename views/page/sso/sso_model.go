// Package sso renders the pages of single sign-on: identity providers and their trials for Admins, and what people
// see on their way to a provider and back.
package sso

import (
	"latchkey/views/component"
	"latchkey/views/layout"
)

// Page is a page for Admins, made of sections.
type Page struct {
	Shell    layout.Shell
	Header   component.PageHeaderModel
	Tabs     *component.TabsModel // nil for a page below the tab
	Notice   *component.NoticeModel
	Sections []Section
}

// Section is a card. What is empty is left out.
type Section struct {
	Card  component.CardModel
	Facts []Fact
	Acts  []Act
	Find  *Find
	Table component.TableModel
	Rows  []Row
	Empty *component.EmptyModel
}

// Fact is a term with a text, or with an address to copy.
type Fact struct {
	Term, Text string
	CopyID     string // unique in the page; empty: nothing to copy
	Copy       string // label of the button that copies it
	State      *component.StateModel
}

// Act is a text with a button: a form without fields, or a link.
type Act struct {
	Text   string
	Action string // empty: the button is a link
	Button component.ButtonModel
}

// Find is a field that looks something up.
type Find struct {
	Action string
	Field  component.FieldModel
	Label  string
}

// Row is a row of a table.
type Row struct {
	Label, Text, Href string // of its head
	Cells             []Cell
	Button            *component.ButtonModel
}

// Cell is a cell of a row.
type Cell struct {
	Label, Text string
	State       *component.StateModel
	Time        *component.TimeModel
}

// Public is a page for people who are not signed in.
type Public struct {
	Page  layout.Page
	Link  *component.ButtonModel // what to do next
	Field *component.FieldModel  // a form that asks where the person belongs
	Next  string                 // path to open after signing in
	Code  string                 // for an Admin
}
