package audit

import "latchkey/views/component"

// Chart counts events per day, as bars that lead to their day.
type Chart struct {
	Card  component.CardModel
	Text  string // the same in words
	Older Bars
	Newer Bars // what also a phone has room for
}

// Bars is one run of bars, on a field that is Width by 100.
type Bars struct {
	ViewBox     string
	Label       string
	Bars        []Bar
	First, Last string // under the ends
}

// Bar is one day, or a few.
type Bar struct {
	Slot   string // left edge of its place
	Left   string // left edge of what is filled
	Top    string
	Height string
	Href   string // empty: there is nothing to see
	Label  string // "4 Mar 2026: 12 events"
}
