package audit

import (
	"time"

	"latchkey/internal/audit"
	"latchkey/views/component"
	page "latchkey/views/page/audit"
	"latchkey/web/ui/kit"
)

// Activity says events in one line each.
func Activity(events []audit.Event, now time.Time) []page.Activity {
	var out []page.Activity
	for _, e := range events {
		out = append(out, page.Activity{Who: actorName(e), What: eventText(e), When: kit.When(e.Time, now)})
	}
	return out
}

// trailView is the section of another page; all leads to the rest.
func trailView(found audit.Found, all logQuery, now time.Time) *page.Trail {
	m := &page.Trail{Card: component.CardModel{ID: "audit-trail", Title: "Audit trail"}, Empty: "Nothing has happened yet."}
	for i, a := range Activity(found.Events, now) {
		m.Items = append(m.Items, page.TrailItem{Activity: a, Href: all.at(found.Events[i].ID)})
	}
	if found.Total > 0 {
		m.Card.Action = &component.ButtonModel{Label: "All " + kit.Count(found.Total, "event", "events"), Variant: component.Outline, Small: true, Href: all.at()}
		if found.Total == 1 {
			m.Card.Action.Label = "Open in Audit Logs"
		}
	}
	return m
}
