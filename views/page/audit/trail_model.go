package audit

import "latchkey/views/component"

// Trail is the latest events of a member, token or workspace, as a section of its page.
type Trail struct {
	Card  component.CardModel
	Items []TrailItem
	Empty string // shown if there are no items
}

// TrailItem is one event of a trail.
type TrailItem struct {
	Activity
	Href string // its details
}

// Activity is one event in one line.
type Activity struct {
	Who  string
	What string
	When component.TimeModel
}
