package audit

import "latchkey/views/component"

// Chart shows the number of events per day, as bars that link to the events.
type Chart struct {
	Card  component.CardModel
	Text  string // the total in words
	Older Bars
	Newer Bars // also shown on a phone
}

// Bars is one run of bars. ViewBox is 100 high.
type Bars struct {
	ViewBox     string
	Label       string
	Bars        []Bar
	First, Last string // under the ends
	Picture     bool   // whether the bars are no links
}

// Bar is one day or several.
type Bar struct {
	Slot   string // left edge of its slot
	Left   string // left edge of the filled part
	Top    string
	Height string
	Href   string // empty for no events, and in a picture
	Label  string // "4 Mar 2026: 12 events"

	// Marked is the height of the lower part that stands out, in a picture; empty for none.
	Marked    string
	MarkedTop string
}

// role returns the role of the bars: a group of links, or a picture.
func (m Bars) role() string {
	if m.Picture {
		return "img"
	}
	return "group"
}
