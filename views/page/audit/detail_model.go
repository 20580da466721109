package audit

import "latchkey/views/component"

// Detail is one event in full, as a dialog above the list.
type Detail struct {
	Dialog component.DialogModel
	Facts  []Fact
	Change *Change
	Links  []component.Link
}

// Fact is a line of the details.
type Fact struct {
	Term string
	Text string
	Note string // a quiet second line
	Code bool
}

// Change is what an event changed.
type Change struct {
	Gained, Lost []string // permissions in words
	Note         string   // shown if there are none
	Title        string   // above Facts
	Facts        []Fact
}
