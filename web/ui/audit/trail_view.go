package audit

import (
	"latchkey/internal/audit"
	"latchkey/views/component"
	page "latchkey/views/page/audit"
	"latchkey/web/ui/kit"
)

// activityView returns one line for each event, with the address of its details in the list that all
// selects.
func (t teller) activityView(events []audit.Event, all logQuery, v kit.Visit) []page.Activity {
	var out []page.Activity
	for _, e := range events {
		a := page.Activity{What: t.sentence(e), When: kit.When(e.When(), v.Now)}
		if t.existing != nil {
			a.Href = all.at(e.ID)
		}
		out = append(out, a)
	}
	return out
}

// trailView returns a section of another page. It links to the events that all selects.
func trailView(items []page.Activity, total int, all logQuery) *page.Trail {
	m := &page.Trail{Card: component.CardModel{ID: "audit-trail", Title: "Audit trail"}, Items: items, Empty: "No events yet."}
	if total > 0 {
		m.Card.Action = &component.ButtonModel{Label: "All " + kit.Count(total, "event", "events"), Variant: component.Outline,
			Small: true, Href: all.at()}
		if total == 1 {
			m.Card.Action.Label = "Open in Audit Logs"
		}
	}
	return m
}
