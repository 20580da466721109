package audit

import "latchkey/views/component"

// Trail is the log of one thing, as a section of its page.
type Trail struct {
	Card  component.CardModel
	Items []TrailItem
	Empty string // said when there are none
}

// TrailItem is one event of a trail.
type TrailItem struct {
	Activity
	Href string // its details
}

// Activity is one line of what happened lately.
type Activity struct {
	Who  string
	What string
	When component.TimeModel
}
