package notify

import (
	"fmt"
	"strconv"
	"time"

	"latchkey/internal/notify"
	"latchkey/views/component"
	page "latchkey/views/page/notify"
	"latchkey/web/ui/kit"
)

// addDeliveries adds the log to the page of a webhook.
func addDeliveries(m *page.Webhook, w notify.Webhook, sent []notify.Delivery, before int64, now time.Time) {
	if len(sent) == 0 {
		m.Empty = &component.EmptyModel{Icon: "server", Inside: true, Title: "No deliveries yet",
			Text: "Messages appear here as soon as there is an event, or when you send a test."}
		if before > 0 {
			m.Empty.Title, m.Empty.Text = "No older deliveries", "They were removed."
			m.Empty.Links = []component.Link{{Label: "Newest deliveries", Href: address(w.ID)}}
		}
		return
	}
	pages := component.PaginationModel{Label: "Pages of deliveries"}
	if len(sent) > deliveriesShown {
		sent = sent[:deliveriesShown]
		pages.NextHref = kit.WithQuery(address(w.ID), "before", strconv.FormatInt(sent[len(sent)-1].Seq, 10))
	}
	if before > 0 {
		pages.PrevHref = address(w.ID)
	}
	if pages.NextHref+pages.PrevHref != "" {
		m.Pages = &pages
	}
	m.Table = component.TableModel{ID: "delivery-list", Caption: "Deliveries", Columns: []component.Column{
		{Label: "Event"}, {Label: "State"}, {Label: "Answer"}, {Label: "Actions", LabelHidden: true, End: true}}}
	for _, d := range sent {
		m.Sent = append(m.Sent, deliveryRow(w, d, now))
	}
}

func deliveryRow(w notify.Webhook, d notify.Delivery, now time.Time) page.Delivery {
	return page.Delivery{Type: d.Type, State: deliveryState(d), Made: kit.When(d.Created, now), Text: outcome(d), Why: why(d, now),
		Open: component.ButtonModel{Label: "Details", Context: "of " + d.Type, Variant: component.Ghost, Small: true, Dialog: true,
			Href: kit.Path(address(w.ID), "deliveries", d.ID)},
		Again: again(w, d)}
}

// again returns the button that sends a delivery again; nil if it cannot be now.
func again(w notify.Webhook, d notify.Delivery) *page.Act {
	if !w.Enabled || d.State == notify.Waiting {
		return nil
	}
	return &page.Act{Action: kit.Path(address(w.ID), "deliveries", d.ID) + "/again",
		Button: component.ButtonModel{Label: "Send again", Context: d.Type, Variant: component.Outline, Small: true}}
}

func deliveryState(d notify.Delivery) component.StateModel {
	switch {
	case d.State == notify.Delivered:
		return component.StateModel{Text: "Delivered", Tone: component.Good}
	case d.State == notify.Failed:
		return component.StateModel{Text: "Failed", Tone: component.Bad}
	case d.Tries > 0:
		return component.StateModel{Text: "Trying again", Tone: component.Warn}
	}
	return component.StateModel{Text: "Waiting"}
}

// outcome says how the latest try ended.
func outcome(d notify.Delivery) string {
	took := strconv.FormatInt(d.Duration.Milliseconds(), 10) + " ms"
	switch {
	case d.Tried.IsZero():
		return "Not sent yet"
	case d.Status == 0:
		return "No answer after " + took
	}
	return fmt.Sprintf("Status %d after %s", d.Status, took)
}

// why says why the latest try failed, and when the next one is due.
func why(d notify.Delivery, now time.Time) string {
	text := d.Problem
	if d.State == notify.Waiting && d.Tries > 0 && d.Next.After(now) {
		text += " Next try " + kit.Relative(d.Next, now) + "."
	}
	return text
}

// messageDialog presents one delivery.
func messageDialog(w notify.Webhook, d notify.Delivery, now time.Time) page.Message {
	m := page.Message{
		Dialog: component.DialogModel{ID: "delivery", Title: d.Type, CloseHref: address(w.ID), Wide: true, Read: true},
		State:  deliveryState(d),
		Facts: []component.Definition{{Term: "webhook-id", Text: d.ID}, {Term: "Event at", Text: kit.AbsoluteSeconds(d.Created, now)},
			{Term: "Tries", Text: strconv.Itoa(d.Tries)}, {Term: "Latest try", Text: outcome(d)}},
		Body:  component.CodeModel{ID: "delivery-body", Label: "Message", Text: d.Body},
		Again: again(w, d),
	}
	if m.Again != nil {
		m.Again.Button.Small = false
	}
	if text := why(d, now); text != "" {
		m.Facts = append(m.Facts, component.Definition{Term: "Problem", Text: text})
	}
	if d.Answer != "" {
		m.Answer = &component.CodeModel{ID: "delivery-answer", Label: "Beginning of the answer", Text: d.Answer}
	}
	return m
}
