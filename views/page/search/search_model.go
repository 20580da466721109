// Package search has the pages on which visitors find things and help.
package search

import (
	"latchkey/views/component"
	"latchkey/views/layout"
)

// Search is the model of SearchPage and SearchDialog.
type Search struct {
	Shell  layout.Shell
	Header component.PageHeaderModel
	Action string // the form posts here
	Field  component.FieldModel
	Status string // the number of results in words
	Kinds  []Kind

	// Refusal is shown instead of results when what was typed looks like a secret. A script shows it too.
	Refusal component.NoticeModel
	Refused bool
}

// Kind is the results of one kind.
type Kind struct {
	Title string
	Hits  []Hit
}

// Hit is one result. The last ones of a kind may lead to the list with all of them.
type Hit struct {
	ID    string // unique in the page
	Icon  string
	Label string
	Note  string
	Href  string
}

// Help is the model of HelpPage.
type Help struct {
	Shell  layout.Shell
	Header component.PageHeaderModel
	Topics []Topic
}

// Topic is one section.
type Topic struct {
	Card  component.CardModel
	Texts []string
	Links []component.Link
}

// Shortcuts is the model of ShortcutDialog.
type Shortcuts struct {
	Dialog component.DialogModel
	Keys   []Shortcut
}

// Shortcut is what some keys do, each of them by itself or pressed together.
type Shortcut struct {
	Keys []string
	Does string
}
