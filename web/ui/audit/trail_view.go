package audit

import (
	"time"

	"latchkey/internal/audit"
	"latchkey/views/component"
	page "latchkey/views/page/audit"
	"latchkey/web/ui/kit"
)

// Activity returns one line for each event.
func Activity(events []audit.Event, now time.Time) []page.Activity {
	var out []page.Activity
	for _, e := range events {
		who, what := sentence(e)
		out = append(out, page.Activity{Who: who, What: what, When: kit.When(e.When(), now)})
	}
	return out
}

// trailView returns a section of another page. It links to the events that all selects.
func trailView(found audit.Found, all logQuery, now time.Time) *page.Trail {
	m := &page.Trail{Card: component.CardModel{ID: "audit-trail", Title: "Audit trail"}, Empty: "No events yet."}
	for i, a := range Activity(found.Events, now) {
		m.Items = append(m.Items, page.TrailItem{Activity: a, Href: all.at(found.Events[i].ID)})
	}
	if found.Total > 0 {
		m.Card.Action = &component.ButtonModel{Label: "All " + kit.Count(found.Total, "event", "events"), Variant: component.Outline,
			Small: true, Href: all.at()}
		if found.Total == 1 {
			m.Card.Action.Label = "Open in Audit Logs"
		}
	}
	return m
}
