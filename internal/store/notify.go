package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"github.com/segmentio/ksuid"

	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/notify"
)

// Webhooks returns the store as the use cases of webhooks see it.
func Webhooks(s *Store) notify.Store { return webhooks{s, s} }

type webhooks struct {
	notify.Reader
	store *Store
}

// InTx runs fn in one write transaction.
func (s webhooks) InTx(ctx context.Context, by actor.Caller, fn func(notify.Tx) error) error {
	return s.store.InTx(ctx, by, func(tx *Tx) error { return fn(tx) })
}

const webhookColumns = `w.id, w.organization_id, w.url, w.events, w.enabled, w.previous_until, w.created_by, w.created_by_name,
	w.created_at, w.updated_at`

func scanWebhook(row scanner) (notify.Webhook, error) {
	var w notify.Webhook
	var events string
	var until sql.NullInt64
	var created, updated int64
	err := row.Scan(&w.ID, &w.Organization, &w.URL, &events, &w.Enabled, &until, &w.CreatedBy, &w.CreatedByName, &created, &updated)
	w.PreviousUntil, w.CreatedAt, w.UpdatedAt = maybeMoment(until), moment(created), moment(updated)
	if err == nil {
		err = json.Unmarshal([]byte(events), &w.Events)
	}
	return w, err
}

// Webhooks returns the organization's webhooks, oldest first.
func (q *queries) Webhooks(ctx context.Context, organization string) ([]notify.Webhook, error) {
	return all(ctx, q, scanWebhook, `SELECT `+webhookColumns+` FROM webhooks w WHERE w.organization_id = $1
		ORDER BY w.created_at, w.id`, organization)
}

// WebhookKeyUsed reports whether a form with this one-time key made or rolled a secret.
func (q *queries) WebhookKeyUsed(ctx context.Context, organization, key string) (bool, error) {
	n, err := q.number(ctx, `SELECT count(*) FROM webhooks WHERE organization_id = $1 AND (submission = $2 OR rolled_by = $2)`,
		organization, key)
	return n > 0, err
}

// eventsText returns types as they are stored.
func eventsText(events []string) string {
	text, err := json.Marshal(events)
	if err != nil { // texts can always be marshaled
		return "[]"
	}
	return string(text)
}

// InsertWebhook adds a webhook.
func (tx *Tx) InsertWebhook(ctx context.Context, w notify.Webhook, key string) error {
	tx.webhooks = nil
	_, err := tx.exec(ctx, `INSERT INTO webhooks (id, organization_id, url, events, enabled, previous_until, created_by, created_by_name,
		created_at, updated_at, submission) VALUES (`+placeholders(1, 11)+`)`, w.ID, w.Organization, w.URL, eventsText(w.Events), w.Enabled,
		millis(w.PreviousUntil), w.CreatedBy, w.CreatedByName, millis(w.CreatedAt), millis(w.UpdatedAt), key)
	return err
}

// UpdateWebhook saves what may change of a webhook; NotFound if there is none.
func (tx *Tx) UpdateWebhook(ctx context.Context, w notify.Webhook, key string) error {
	tx.webhooks = nil
	return tx.execOne(ctx, "That webhook", `UPDATE webhooks SET url = $1, events = $2, enabled = $3, previous_until = $4, updated_at = $5,
		rolled_by = CASE WHEN $6 = '' THEN rolled_by ELSE $6 END WHERE organization_id = $7 AND id = $8`,
		w.URL, eventsText(w.Events), w.Enabled, millis(w.PreviousUntil), millis(w.UpdatedAt), key, w.Organization, w.ID)
}

// DeleteWebhook removes a webhook with its secrets and deliveries; NotFound if there is none.
func (tx *Tx) DeleteWebhook(ctx context.Context, organization, id string) error {
	tx.webhooks = nil
	return tx.execOne(ctx, "That webhook", `DELETE FROM webhooks WHERE organization_id = $1 AND id = $2`, organization, id)
}

// WebhookSecrets returns the secrets of a webhook.
func (q *queries) WebhookSecrets(ctx context.Context, webhook string) ([]notify.Sealed, error) {
	return all(ctx, q, func(row scanner) (notify.Sealed, error) {
		var v notify.Sealed
		err := row.Scan(&v.Path, &v.Key, &v.Value)
		return v, err
	}, `SELECT path, key_id, sealed FROM webhook_secrets WHERE webhook_id = $1 ORDER BY number`, webhook)
}

// SaveWebhookSecrets replaces the secrets of a webhook.
func (tx *Tx) SaveWebhookSecrets(ctx context.Context, webhook string, secrets []notify.Sealed) error {
	if _, err := tx.exec(ctx, `DELETE FROM webhook_secrets WHERE webhook_id = $1`, webhook); err != nil {
		return err
	}
	for i, v := range secrets {
		if _, err := tx.exec(ctx, `INSERT INTO webhook_secrets (webhook_id, number, path, key_id, sealed) VALUES ($1, $2, $3, $4, $5)`,
			webhook, i+1, v.Path, v.Key, v.Value); err != nil {
			return err
		}
	}
	return nil
}

const deliveryColumns = `d.id, d.webhook_id, d.seq, d.type, d.body, d.state, d.created_at, d.queued_at, d.next_at, d.tries, d.tried_at,
	d.status, d.answer, d.problem, d.duration`

func scanDelivery(row scanner) (notify.Delivery, error) {
	var d notify.Delivery
	var created, queued, duration int64
	var next, tried sql.NullInt64
	err := row.Scan(&d.ID, &d.Webhook, &d.Seq, &d.Type, &d.Body, &d.State, &created, &queued, &next, &d.Tries, &tried,
		&d.Status, &d.Answer, &d.Problem, &duration)
	d.Created, d.Queued, d.Next, d.Tried = moment(created), moment(queued), maybeMoment(next), maybeMoment(tried)
	d.Duration = time.Duration(duration) * time.Millisecond
	return d, err
}

// Deliveries returns deliveries of a webhook, newest first, older than the number before; 0 is all.
func (q *queries) Deliveries(ctx context.Context, webhook string, before int64, limit int) ([]notify.Delivery, error) {
	if before <= 0 {
		before = 1 << 62
	}
	return all(ctx, q, scanDelivery, `SELECT `+deliveryColumns+` FROM webhook_deliveries d WHERE d.webhook_id = $1 AND d.seq < $2
		ORDER BY d.seq DESC LIMIT $3`, webhook, before, limit)
}

// Delivery returns a delivery of a webhook; NotFound if there is none.
func (q *queries) Delivery(ctx context.Context, webhook, id string) (notify.Delivery, error) {
	return one(ctx, q, "That delivery", scanDelivery, `SELECT `+deliveryColumns+` FROM webhook_deliveries d
		WHERE d.webhook_id = $1 AND d.id = $2`, webhook, id)
}

// LatestDeliveries returns the newest delivery of each webhook that was tried.
func (q *queries) LatestDeliveries(ctx context.Context, organization string) (map[string]notify.Delivery, error) {
	latest := map[string]notify.Delivery{}
	err := each(ctx, q, func(row scanner) error {
		d, err := scanDelivery(row)
		latest[d.Webhook] = d
		return err
	}, `SELECT `+deliveryColumns+` FROM webhooks w JOIN webhook_deliveries d ON d.webhook_id = w.id
		AND d.seq = (SELECT max(l.seq) FROM webhook_deliveries l WHERE l.webhook_id = w.id AND l.tried_at IS NOT NULL)
		WHERE w.organization_id = $1`, organization)
	return latest, err
}

// InsertDelivery queues a message.
func (tx *Tx) InsertDelivery(ctx context.Context, webhook, typ, body string) error {
	_, err := tx.exec(ctx, `INSERT INTO webhook_deliveries (id, webhook_id, seq, type, body, state, created_at, queued_at, next_at)
		SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), coalesce(max(d.seq), 0) + 1, CAST($3 AS TEXT), CAST($4 AS TEXT), 'waiting',
		CAST($5 AS BIGINT), CAST($5 AS BIGINT), CAST($5 AS BIGINT) FROM webhook_deliveries d WHERE d.webhook_id = $2`,
		"msg_"+ksuid.New().String(), webhook, typ, body, millis(tx.now))
	return err
}

// Requeue queues a delivery again; NotFound if there is none.
func (tx *Tx) Requeue(ctx context.Context, webhook, id string) error {
	return tx.execOne(ctx, "That delivery", `UPDATE webhook_deliveries SET state = 'waiting', queued_at = $1, next_at = $1,
		tries = 0, claim = ''
		WHERE webhook_id = $2 AND id = $3`, millis(tx.now), webhook, id)
}

// queueMessages queues a message about an event for every enabled webhook that wants it. AppendEvent
// calls it only if there is an enabled webhook.
func (tx *Tx) queueMessages(ctx context.Context, e audit.Event) error {
	kind, ok := notify.KindOf(e)
	if !ok {
		return nil
	}
	list, read := tx.webhooks[e.Organization]
	if !read {
		var err error
		if list, err = tx.Webhooks(ctx, e.Organization); err != nil {
			return err
		}
		if tx.webhooks == nil {
			tx.webhooks = map[string][]notify.Webhook{}
		}
		tx.webhooks[e.Organization] = list
	}
	for _, w := range list {
		if w.Enabled && w.Wants(kind.Type) {
			if err := tx.InsertDelivery(ctx, w.ID, kind.Type, kind.Body(e)); err != nil {
				return err
			}
		}
	}
	return nil
}
