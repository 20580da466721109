package web_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"latchkey/internal/actor"
	"latchkey/internal/fault"
	"latchkey/internal/notify"
	"latchkey/internal/store"
)

const notifications = administration + "/notifications"

// publicURL is an address that needs no resolver. Nothing is sent in these tests.
const publicURL = "https://93.184.216.34/hook"

// newWebhook adds a webhook.
func (s *site) newWebhook(t testing.TB, admin actor.Standing) string {
	t.Helper()
	ctx, settings := context.Background(), notify.Settings{URL: publicURL, Events: []string{"token.created"}}
	made, err := s.app.Notify.Add(ctx, admin.Caller(), settings, "")
	if errors.Is(err, fault.ErrFull) { // each request of a table has one of its own
		var list []notify.Listed
		if list, err = s.app.Notify.List(ctx, admin); err == nil {
			_, err = s.app.Notify.Delete(ctx, admin.Caller(), list[0].ID)
		}
		if err == nil {
			made, err = s.app.Notify.Add(ctx, admin.Caller(), settings, "")
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return made.ID
}

// failedDelivery adds a delivery of a webhook that has failed for good.
func (s *site) failedDelivery(t testing.TB, admin actor.Standing, webhook string) string {
	t.Helper()
	ctx := context.Background()
	_, err := s.app.Notify.Test(ctx, admin.Caller(), webhook)
	if err == nil {
		err = s.app.Store.InTx(ctx, actor.System(""), func(tx *store.Tx) error {
			return tx.GiveUp(ctx, tx.Now().Add(time.Hour), 1000, "It did not answer.")
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	list, err := s.app.Notify.Deliveries(ctx, admin, webhook, 0, 1)
	if err != nil || len(list) == 0 {
		t.Fatal(err)
	}
	return list[0].ID
}

// webhookActs are about webhooks.
func webhookActs() []act {
	add := func(r *rig) string { return notifications + "/" + r.newWebhook(r.t, r.caller(r.t, adminEmail)) }
	simple := func(name string) func(*rig) sent {
		return func(r *rig) sent { return r.admin.form(add(r) + "/" + name) }
	}
	return []act{
		{"POST " + notifications, func(r *rig) sent {
			return r.admin.form(notifications, "url", publicURL, "events", "token.created", "submission",
				submission(r.t, r.admin.get(notifications+"/new")))
		}, "webhook.created"},
		{"POST " + notifications + "/:id/edit", func(r *rig) sent {
			return r.admin.form(add(r)+"/edit", "url", publicURL+"/2", "events", "member.added")
		}, "webhook.updated"},
		{"POST " + notifications + "/:id/test", simple("test"), "webhook.tested"},
		{"POST " + notifications + "/:id/disable", simple("disable"), "webhook.updated"},
		{"POST " + notifications + "/:id/enable", func(r *rig) sent {
			at := add(r)
			if got := r.admin.post(at+"/disable", nil); got.status != http.StatusSeeOther {
				r.t.Fatal(got.status)
			}
			return r.admin.form(at + "/enable")
		}, "webhook.updated"},
		{"POST " + notifications + "/:id/roll", func(r *rig) sent {
			at := add(r)
			return r.admin.form(at+"/roll", "submission", submission(r.t, r.admin.get(at+"/roll")))
		}, "webhook.rotated"},
		{"POST " + notifications + "/:id/delete", simple("delete"), "webhook.deleted"},
		{"POST " + notifications + "/:id/deliveries/:delivery/again", func(r *rig) sent {
			admin := r.caller(r.t, adminEmail)
			id := r.newWebhook(r.t, admin)
			return r.admin.form(notifications + "/" + id + "/deliveries/" + r.failedDelivery(r.t, admin, id) + "/again")
		}, "webhook.redelivered"},
	}
}

func TestWebhooks_TheSecretIsShownOnce(t *testing.T) {
	s := newSite(t)
	b := s.signedIn(t, adminEmail)
	form := url.Values{"url": {" " + publicURL + "\u200b "}, "events": {"token.created", "policy.updated"},
		"submission": {submission(t, b.get(notifications+"/new"))}}
	made := b.post(notifications, form)
	if made.status != http.StatusOK || strings.Count(made.body, "whsec_") == 0 ||
		!strings.Contains(made.header.Get("Cache-Control"), "no-store") {
		t.Fatalf("%d %v", made.status, made.header)
	}
	again := b.post(notifications, form)
	if again.status != http.StatusConflict || strings.Contains(again.body, "whsec_") {
		t.Errorf("sent twice: %d", again.status)
	}
	list := b.get(notifications)
	if strings.Contains(list.body, "whsec_") || !strings.Contains(list.body, publicURL+"<") {
		t.Error("the list has the secret, or the address was not cleaned")
	}
}

func TestWebhooks_EveryMistakeIsNamed(t *testing.T) {
	s := newSite(t)
	b := s.signedIn(t, adminEmail)
	key := submission(t, b.get(notifications+"/new"))
	for _, c := range []struct{ url, event, want string }{
		{"", "token.created", "Enter a URL."},
		{"https://127.0.0.1/", "token.created", "private or reserved"},
		{"https://0x7f.1/", "token.created", "IP address in full"},
		{"http://93.184.216.34/", "token.created", "Use https"},
		{publicURL, "", "Choose at least one event."},
		{publicURL, "token.nonsense", "Choose events from the list."},
	} {
		form := url.Values{"url": {c.url}, "submission": {key}}
		if c.event != "" {
			form.Set("events", c.event)
		}
		if got := b.post(notifications, form); got.status != http.StatusUnprocessableEntity &&
			got.status != http.StatusBadRequest || !strings.Contains(got.body, c.want) {
			t.Errorf("%q %q: %d", c.url, c.event, got.status)
		}
	}
	if got := b.post(notifications, url.Values{"url": {publicURL}, "events": {"token.created"}}); got.status == http.StatusOK {
		t.Error("a form without its key")
	}
	admin := s.caller(t, adminEmail)
	one, other := s.newWebhook(t, admin), s.newWebhook(t, admin)
	delivery := s.failedDelivery(t, admin, one)
	for _, path := range []string{"/" + other + "/deliveries/" + delivery, "/unknown", "/" + one + "/deliveries/unknown"} {
		if got := b.get(notifications + path); got.status != http.StatusNotFound {
			t.Errorf("%s: %d", path, got.status)
		}
	}
	if got := b.get(notifications + "/" + one + "/deliveries/" + delivery); got.status != http.StatusOK ||
		!strings.Contains(got.body, "It did not answer.") {
		t.Errorf("the delivery: %d", got.status)
	}
}
