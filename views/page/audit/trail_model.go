package audit

import (
	"strings"

	"latchkey/views/component"
)

// Trail is the latest events of a member, token or workspace, as a section of its page.
type Trail struct {
	Card  component.CardModel
	Items []Activity
	Empty string // shown if there are no items
}

// Activity is one event in one line.
type Activity struct {
	What Sentence
	When component.TimeModel
	Href string // its details; empty for a visitor who may not see them
}

// Sentence says what happened, in parts with the spaces between them.
type Sentence []Part

// Part is a part of a sentence. Names come from users, so each is isolated from the text around it.
type Part struct {
	Text string
	Name bool
	Href string // the page of the thing with the name; empty: no link
}

// String returns the sentence as plain text.
func (s Sentence) String() string {
	var b strings.Builder
	for _, p := range s {
		b.WriteString(p.Text)
	}
	return b.String()
}
