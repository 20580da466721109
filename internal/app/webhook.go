package app

import (
	"context"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/notify"
	"latchkey/internal/outbound"
	"latchkey/internal/store"
)

// wireWebhooks builds the use cases of webhooks and what sends them.
func (a *App) wireWebhooks(catalogue *access.Catalogue, now func() time.Time) error {
	allow, err := a.cfg.WebhookRanges()
	if err != nil {
		return err
	}
	client := outbound.New(allow, nil)
	a.Notify = notify.New(notify.Deps{Store: store.Webhooks(a.Store), Catalogue: catalogue, Keys: a.Secrets.Keys, Check: client.Check})
	a.sender = notify.NewSender(notify.SenderDeps{Queue: store.WebhookQueue(a.Store), Keys: a.Secrets.Keys, Now: now, Log: a.calm,
		Post: func(ctx context.Context, url string, header map[string]string, body string) notify.Answer {
			return notify.Answer(client.Post(ctx, url, header, body))
		}})
	return nil
}
