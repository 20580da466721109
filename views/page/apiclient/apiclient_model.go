// Package apiclient renders the tab "API Clients".
package apiclient

import (
	"latchkey/views/component"
	"latchkey/views/layout"
)

// Clients is the tab "API Clients".
type Clients struct {
	Frame layout.Tabbed
	Card  component.CardModel
	Table component.TableModel
	Rows  []Row
	Empty *component.EmptyModel // shown instead of the table
	HowTo component.CardModel
	Lines []component.CodeModel // of HowTo
}

// Row is one API client of the list.
type Row struct {
	Name    string
	ID      string
	Hint    string // "…a1B2"
	Maker   string
	Created component.TimeModel
	// ChecksAddresses is as in the client.
	ChecksAddresses bool
	Delete          component.ButtonModel
}
