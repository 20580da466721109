package store

import (
	"context"
	"time"

	"latchkey/internal/actor"
	"latchkey/internal/notify"
)

// WebhookQueue returns the store as what sends webhooks sees it.
func WebhookQueue(s *Store) notify.Queue { return webhookQueue{s} }

type webhookQueue struct{ store *Store }

// DueWebhooks returns the enabled webhooks for which something is due.
func (s webhookQueue) DueWebhooks(ctx context.Context, now time.Time) ([]string, error) {
	return s.store.dueWebhooks(ctx, now)
}

// InTx runs fn in one write transaction.
func (s webhookQueue) InTx(ctx context.Context, by actor.Caller, fn func(notify.QueueTx) error) error {
	return s.store.InTx(ctx, by, func(tx *Tx) error { return fn(tx) })
}

func (q *queries) dueWebhooks(ctx context.Context, now time.Time) ([]string, error) {
	return all(ctx, q, scanText, `SELECT w.id FROM webhooks w WHERE w.enabled AND EXISTS
		(SELECT 1 FROM webhook_deliveries d WHERE d.webhook_id = w.id AND d.next_at <= $1)`, millis(now))
}

// Claim takes due messages of an enabled webhook. Until the lease ends, nobody else takes them.
func (tx *Tx) Claim(ctx context.Context, webhook, claim string, until time.Time, limit int) ([]notify.Claimed, error) {
	w, found, err := first(ctx, &tx.queries, scanWebhook, `SELECT `+webhookColumns+` FROM webhooks w WHERE w.id = $1 AND w.enabled`, webhook)
	if err != nil || !found {
		return nil, err
	}
	due, err := all(ctx, &tx.queries, scanDelivery, `SELECT `+deliveryColumns+` FROM webhook_deliveries d
		WHERE d.webhook_id = $1 AND d.next_at <= $2 ORDER BY d.next_at, d.seq LIMIT $3`, webhook, millis(tx.now), limit)
	if err != nil {
		return nil, err
	}
	secrets, err := tx.WebhookSecrets(ctx, webhook)
	if err != nil {
		return nil, err
	}
	claimed := make([]notify.Claimed, len(due))
	for i, d := range due {
		if _, err := tx.exec(ctx, `UPDATE webhook_deliveries SET next_at = $1, claim = $2 WHERE id = $3`,
			millis(until), claim, d.ID); err != nil {
			return nil, err
		}
		claimed[i] = notify.Claimed{Delivery: d, To: w, Secrets: secrets}
	}
	return claimed, nil
}

// Record saves how a try ended, unless the claim was lost: the lease ended, or the webhook was deleted.
func (tx *Tx) Record(ctx context.Context, d notify.Delivery, claim string) error {
	_, err := tx.exec(ctx, `UPDATE webhook_deliveries SET state = $1, next_at = $2, claim = '', tries = $3, tried_at = $4, status = $5,
		answer = $6, problem = $7, duration = $8 WHERE id = $9 AND claim = $10`, d.State, millis(d.Next), d.Tries, millis(d.Tried),
		d.Status, d.Answer, d.Problem, d.Duration.Milliseconds(), d.ID, claim)
	return err
}

// beyond is a condition for deliveries that are not among the newest of their webhook. The newest is always there.
const beyond = `seq <= (SELECT max(l.seq) FROM webhook_deliveries l WHERE l.webhook_id = webhook_deliveries.webhook_id) - `

// GiveUp fails what has waited since before a time, and what is beyond the newest most of a webhook, unless it
// is just being sent.
func (tx *Tx) GiveUp(ctx context.Context, before time.Time, most int, reason string) error {
	_, err := tx.exec(ctx, `UPDATE webhook_deliveries SET state = 'failed', next_at = NULL, claim = '', problem = $1
		WHERE next_at IS NOT NULL AND (claim = '' OR next_at <= $4) AND (queued_at <= $2 OR `+beyond+`$3)`,
		reason, millis(before), most, millis(tx.now))
	return err
}

// PruneDeliveries removes what does not wait and is older than a time, or beyond the newest most of a webhook.
func (tx *Tx) PruneDeliveries(ctx context.Context, before time.Time, most int) error {
	_, err := tx.exec(ctx, `DELETE FROM webhook_deliveries WHERE next_at IS NULL AND (created_at <= $1 OR `+beyond+`$2)`, millis(before), most)
	return err
}
