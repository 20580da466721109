package notify

import (
	"testing"
	"time"

	"latchkey/internal/notify"
	page "latchkey/views/page/notify"
	"latchkey/web/ui/uitest"
)

func TestDeliveryRow_SaysHowItEndedAndOffersToSendAgain(t *testing.T) {
	now := uitest.Noon()
	on := notify.Webhook{ID: "w1", URL: "https://hooks.example/in", Enabled: true}
	for _, c := range []struct {
		d                notify.Delivery
		state, text, why string
		again            bool
	}{
		{notify.Delivery{State: notify.Waiting}, "Waiting", "Not sent yet", "", false},
		{notify.Delivery{State: notify.Delivered, Tries: 1, Tried: now, Status: 204, Duration: 12 * time.Millisecond}, "Delivered",
			"Status 204 after 12 ms", "", true},
		{notify.Delivery{State: notify.Waiting, Tries: 3, Tried: now, Problem: "It did not answer in time.",
			Next: now.Add(5 * time.Minute), Duration: 15 * time.Second},
			"Trying again", "No answer after 15000 ms", "It did not answer in time. Next try in 5 minutes.", false},
		{notify.Delivery{State: notify.Failed, Tries: 10, Tried: now, Status: 503, Problem: "It answered with status 503."},
			"Failed", "Status 503 after 0 ms",
			"It answered with status 503.", true},
	} {
		got := deliveryRow(on, c.d, now)
		if got.State.Text != c.state || got.Text != c.text || got.Why != c.why || (got.Again != nil) != c.again {
			t.Errorf("%+v", got)
		}
		if off := deliveryRow(notify.Webhook{ID: "w1"}, c.d, now); off.Again != nil {
			t.Error("a disabled webhook offers to send again")
		}
	}
}

func TestAddDeliveries_LinksToOlderOnes(t *testing.T) {
	var sent []notify.Delivery
	for i := range deliveriesShown + 1 {
		sent = append(sent, notify.Delivery{ID: "d", Seq: int64(100 - i)})
	}
	var m page.Webhook
	addDeliveries(&m, notify.Webhook{ID: "w1"}, sent, 0, uitest.Noon())
	if len(m.Sent) != deliveriesShown || m.Pages == nil || m.Pages.NextHref != "/settings/access-management/notifications/w1?before=51" ||
		m.Pages.PrevHref != "" {
		t.Errorf("%d, %+v", len(m.Sent), m.Pages)
	}
	var empty page.Webhook
	addDeliveries(&empty, notify.Webhook{ID: "w1"}, nil, 7, uitest.Noon())
	if empty.Empty == nil || len(empty.Empty.Links) != 1 {
		t.Errorf("%+v", empty.Empty)
	}
}
