package notify

import (
	"cmp"
	"strings"
	"time"

	"latchkey/internal/notify"
	"latchkey/views/component"
	page "latchkey/views/page/notify"
	"latchkey/web/ui/kit"
)

// webhooksView presents the tab. The handler adds the frame.
func webhooksView(webhooks []notify.Listed, now time.Time) page.Webhooks {
	var m page.Webhooks
	add := &component.ButtonModel{Label: "Add webhook", Icon: "plus", Href: kit.NotificationPath + "/new", Dialog: true}
	m.Card = component.CardModel{ID: "webhooks", Title: "Webhooks", Flush: true,
		Description: "Send messages about tokens, members and policies to other systems. They are signed as Standard Webhooks."}
	if len(webhooks) == 0 {
		m.Empty = &component.EmptyModel{Icon: "server", Inside: true, Action: add, Title: "No webhooks yet",
			Text: "Add one to be told at once about new, expired and misused tokens."}
		return m
	}
	m.Card.Action = add
	m.Table = component.TableModel{ID: "webhooks-list", Caption: "All webhooks", Columns: []component.Column{
		{Label: "URL"}, {Label: "Events"}, {Label: "State"}, {Label: "Latest delivery"}, {Label: "Actions", LabelHidden: true, End: true}}}
	for _, w := range webhooks {
		r := page.Row{URL: w.URL, Href: address(w.ID), Events: kit.Count(len(w.Events), "event", "events"), State: webhookState(w.Webhook),
			Latest: kit.When(w.Latest.Tried, now),
			Open:   component.ButtonModel{Label: "Deliveries", Context: w.Host(), Variant: component.Ghost, Small: true, Href: address(w.ID)}}
		if w.Latest.ID != "" {
			r.Answer = outcome(w.Latest)
		}
		if w.Enabled && w.Latest.State != notify.Delivered && w.Latest.ID != "" {
			r.State = component.StateModel{Text: "Failing", Tone: component.Bad}
		}
		m.Rows = append(m.Rows, r)
	}
	return m
}

func webhookState(w notify.Webhook) component.StateModel {
	if w.Enabled {
		return component.StateModel{Text: "Enabled", Tone: component.Good}
	}
	return component.StateModel{Text: "Disabled"}
}

// webhookView presents the page of a webhook. sent has one delivery more than are shown if there are
// older ones. The handler adds the shell.
func webhookView(w notify.Webhook, sent []notify.Delivery, before int64, now time.Time) page.Webhook {
	at := address(w.ID)
	m := page.Webhook{State: webhookState(w),
		Header: component.PageHeaderModel{Title: w.Host(), Back: &component.Link{Label: kit.NotificationTitle, Href: kit.NotificationPath},
			More: []component.ButtonModel{
				{Label: "Edit", Variant: component.Outline, Href: at + "/edit", Dialog: true},
				{Label: "Roll secret", Variant: component.Outline, Href: at + "/roll", Dialog: true},
				{Label: "Delete", Variant: component.DangerQuiet, Href: at + "/delete", Dialog: true}}},
		Card: component.CardModel{ID: "webhook", Title: "Webhook"},
		Facts: []component.Definition{{Term: "URL", Text: w.URL}, {Term: "Events", Text: strings.Join(w.Events, ", ")},
			{Term: "Added", Text: kit.Absolute(w.CreatedAt, now) + " by " + cmp.Or(w.CreatedByName, "an unknown user")}},
		Switch: page.Act{Text: "While it is disabled, new events are not sent to it.", Action: at + "/disable",
			Button: component.ButtonModel{Label: "Disable", Variant: component.Outline}},
		Log: component.CardModel{ID: "deliveries", Title: "Deliveries", Flush: true,
			Description: "The newest 1,000 of the last 30 days. Failed messages are tried again for 24 hours."},
	}
	if now.Before(w.PreviousUntil) {
		m.Facts = append(m.Facts, component.Definition{Term: "Old secret", Text: "Also signs until " + kit.Absolute(w.PreviousUntil, now)})
	}
	if w.Enabled {
		m.Test = &page.Act{Text: "Send a message of the type " + notify.TestType + " to see whether it arrives.", Action: at + "/test",
			Button: component.ButtonModel{Label: "Send test", Variant: component.Outline}}
	} else {
		m.Switch = page.Act{Text: "It is disabled: new events are not sent to it.", Action: at + "/enable",
			Button: component.ButtonModel{Label: "Enable", Variant: component.Outline}}
	}
	addDeliveries(&m, w, sent, before, now)
	return m
}
