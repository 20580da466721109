// Package provision renders the switch for SCIM provisioning and the last requests of the identity
// provider.
package provision

import (
	"latchkey/views/component"
	"latchkey/views/layout"
)

// Provisioning is the tab "Provisioning".
type Provisioning struct {
	Frame    layout.Tabbed
	Refusal  *component.NoticeModel // why it cannot be switched on
	Card     component.CardModel
	State    component.StateModel
	Changes  string // whether the provider may change addresses
	Base     component.CodeModel
	Token    component.ButtonModel // links to the form that generates the provider's token
	Action   string                // address that the switch posts to
	Switch   component.ButtonModel
	Allow    component.ButtonModel // allows the provider to change addresses, or stops that
	Guides   []Guide
	Requests component.CardModel
	Kinds    *component.TabsModel // all or failed requests; nil if there are none
	Table    component.TableModel
	Rows     []Request
	Empty    *component.EmptyModel // instead of the rows
}

// Guide describes how to connect one provider.
type Guide struct {
	Title string
	Steps []string
}

// Request is one request of the provider.
type Request struct {
	When    component.TimeModel
	What    string // in words
	Subject string // the user or group
	Call    string // method and path
	Token   component.Link
	Outcome component.StateModel
	Detail  string // why it failed
}
