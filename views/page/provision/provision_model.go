// Package provision shows the switch of SCIM provisioning and the last requests of the provider.
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
	Base     component.CodeModel
	Token    component.ButtonModel // leads to making the provider's token
	Action   string                // where the switch posts
	Switch   component.ButtonModel
	Guides   []Guide
	Requests component.CardModel
	Kinds    *component.TabsModel // all requests, or those that failed; nil without any
	Table    component.TableModel
	Rows     []Request
	Empty    *component.EmptyModel // instead of the rows
}

// Guide says how one provider is connected.
type Guide struct {
	Title string
	Steps []string
}

// Request is one request of the provider.
type Request struct {
	When    component.TimeModel
	What    string // in words
	Subject string // whom or what it was about
	Call    string // method and path
	Token   component.Link
	Outcome component.StateModel
	Detail  string // why it failed
}
