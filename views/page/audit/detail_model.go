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

// Change is what was there before and is there now.
type Change struct {
	Gained, Lost []string // permissions in words
	Note         string   // instead of them
	Title        string   // over Facts
	Facts        []Fact
}
