// Package notify renders the tab "Notifications": webhooks and what was sent to them.
package notify

import (
	"latchkey/views/component"
	"latchkey/views/layout"
)

// Webhooks is the tab "Notifications".
type Webhooks struct {
	Frame layout.Tabbed
	Card  component.CardModel
	Table component.TableModel
	Rows  []Row
	Empty *component.EmptyModel // shown instead of the table

	Warnings component.CardModel
	Warned   []component.Definition
	Calendar component.CardModel
}

// Calendar is the page of the reader's calendar link.
type Calendar struct {
	Shell  layout.Shell
	Header component.PageHeaderModel
	Card   component.CardModel
	Facts  []component.Definition
	Make   Act
	Revoke *component.ButtonModel // nil without a link
}

// Row is one webhook of the list.
type Row struct {
	URL    string
	Href   string
	Events string // "3 events"
	State  component.StateModel
	Latest component.TimeModel
	Answer string // of the latest delivery: "Status 200"
	Open   component.ButtonModel
}

// Webhook is the page of one webhook.
type Webhook struct {
	Shell  layout.Shell
	Header component.PageHeaderModel
	Card   component.CardModel
	State  component.StateModel
	Facts  []component.Definition
	Test   *Act // nil while it is disabled
	Switch Act

	Log   component.CardModel
	Table component.TableModel
	Sent  []Delivery
	Empty *component.EmptyModel // shown instead of the table
	Pages *component.PaginationModel
}

// Act is a form that consists of a button.
type Act struct {
	Text   string
	Action string
	Hidden []component.HiddenField
	Button component.ButtonModel
}

// Delivery is one row of the log.
type Delivery struct {
	Type  string
	State component.StateModel
	Made  component.TimeModel
	Text  string // "Status 503 after 120 ms"
	Why   string // why it failed; the next try
	Open  component.ButtonModel
	Again *Act
}

// Message is the dialog that shows one delivery.
type Message struct {
	Dialog component.DialogModel
	State  component.StateModel
	Facts  []component.Definition
	Body   component.CodeModel
	Answer *component.CodeModel
	Again  *Act
}
