package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/segmentio/ksuid"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
	"latchkey/internal/seal"
)

// Store is what the service reads outside a transaction, and how it begins one.
type Store interface {
	Reader
	// InTx runs fn in one write transaction of the caller, which is committed if fn returns nil.
	// The error is Unauthenticated if the caller's session or token no longer works.
	InTx(ctx context.Context, by actor.Caller, fn func(Tx) error) error
}

// Reader is what the service reads inside and outside a transaction.
type Reader interface {
	// Webhooks returns the organization's webhooks, oldest first.
	Webhooks(ctx context.Context, organization string) ([]Webhook, error)
	// Deliveries returns up to limit deliveries of a webhook, newest first, older than the number before;
	// 0 is all.
	Deliveries(ctx context.Context, webhook string, before int64, limit int) ([]Delivery, error)
	// Delivery returns a delivery of a webhook. NotFound if there is none.
	Delivery(ctx context.Context, webhook, id string) (Delivery, error)
	// LatestDeliveries returns the newest delivery of each webhook that was tried, by webhook.
	LatestDeliveries(ctx context.Context, organization string) (map[string]Delivery, error)
	// WebhookKeyUsed reports whether a form with this one-time key made or rolled a secret.
	WebhookKeyUsed(ctx context.Context, organization, key string) (bool, error)
}

// Tx is what the service does inside a transaction.
type Tx interface {
	// By returns the caller with the rights that they have in the transaction.
	By() actor.Standing
	Now() time.Time
	Reader
	// InsertWebhook adds a webhook that the form with this key made.
	InsertWebhook(ctx context.Context, w Webhook, key string) error
	// UpdateWebhook saves URL, Events, Enabled, PreviousUntil and UpdatedAt, and the key of the form that
	// rolled the secret, unless it is empty.
	UpdateWebhook(ctx context.Context, w Webhook, key string) error
	// DeleteWebhook removes a webhook with its secrets and deliveries.
	DeleteWebhook(ctx context.Context, organization, id string) error
	// SealingKey returns the id of the key that the installation seals with.
	SealingKey(ctx context.Context) (string, error)
	// WebhookSecrets returns the secrets of a webhook.
	WebhookSecrets(ctx context.Context, webhook string) ([]Sealed, error)
	// SaveWebhookSecrets replaces them.
	SaveWebhookSecrets(ctx context.Context, webhook string, secrets []Sealed) error
	// InsertDelivery queues a message.
	InsertDelivery(ctx context.Context, webhook, typ, body string) error
	// Requeue queues a delivery again. It keeps its id.
	Requeue(ctx context.Context, webhook, id string) error
	// AppendEvent appends an event to the audit log.
	AppendEvent(ctx context.Context, e audit.Event) error
}

// Deps is what a [Service] needs.
type Deps struct {
	Store     Store
	Catalogue *access.Catalogue
	Keys      seal.Ring
	// Check returns what is wrong with a URL as a sentence, or "". It may ask the network.
	Check func(ctx context.Context, url string) string
}

// Service is the use cases of webhooks. It is safe for concurrent use.
type Service struct{ d Deps }

// New returns a service.
func New(d Deps) *Service { return &Service{d} }

// The paths of problems with the fields of a webhook.
const (
	FieldURL    = "url"
	FieldEvents = "events"
)

const (
	thatWebhook = "That webhook"
	maxURL      = 2000
	// overlap is how long the previous secret signs as well after a roll.
	overlap = 24 * time.Hour
)

func (s *Service) mayManage(by actor.Standing) error {
	return access.Decide(s.d.Catalogue, by.Principal, access.ManageOrganization,
		access.Resource{Organization: by.Organization}).Err("The organization")
}

// Listed is a webhook with its newest delivery that was tried.
type Listed struct {
	Webhook
	Latest Delivery // zero if none was
}

// List returns the organization's webhooks, oldest first. The error is Denied unless the caller is an Admin.
func (s *Service) List(ctx context.Context, by actor.Standing) ([]Listed, error) {
	if err := s.mayManage(by); err != nil {
		return nil, err
	}
	webhooks, err := s.d.Store.Webhooks(ctx, by.Organization)
	if err != nil {
		return nil, err
	}
	latest, err := s.d.Store.LatestDeliveries(ctx, by.Organization)
	list := make([]Listed, len(webhooks))
	for i, w := range webhooks {
		list[i] = Listed{w, latest[w.ID]}
	}
	return list, err
}

// Get returns a webhook. The error is NotFound if the organization has none with this id, and Denied
// unless the caller is an Admin.
func (s *Service) Get(ctx context.Context, by actor.Standing, id string) (Webhook, error) {
	if err := s.mayManage(by); err != nil {
		return Webhook{}, err
	}
	return find(ctx, s.d.Store, by.Organization, id)
}

func find(ctx context.Context, r Reader, organization, id string) (Webhook, error) {
	webhooks, err := r.Webhooks(ctx, organization)
	if err != nil {
		return Webhook{}, err
	}
	i := slices.IndexFunc(webhooks, func(w Webhook) bool { return w.ID == id })
	if i < 0 {
		return Webhook{}, fault.NewNotFound(thatWebhook)
	}
	return webhooks[i], nil
}

// Deliveries returns up to limit deliveries of a webhook, newest first, from those older than the
// number before; 0 is the first page. The errors are those of Get.
func (s *Service) Deliveries(ctx context.Context, by actor.Standing, id string, before int64, limit int) ([]Delivery, error) {
	if _, err := s.Get(ctx, by, id); err != nil {
		return nil, err
	}
	return s.d.Store.Deliveries(ctx, id, before, limit)
}

// Delivery returns a delivery of a webhook. The errors are those of Get.
func (s *Service) Delivery(ctx context.Context, by actor.Standing, id, delivery string) (Delivery, error) {
	if _, err := s.Get(ctx, by, id); err != nil {
		return Delivery{}, err
	}
	return s.d.Store.Delivery(ctx, id, delivery)
}

// Made is a webhook with a new secret, which is not available again.
type Made struct {
	Webhook
	Secret Secret
}

// Settings is what somebody chooses for a webhook.
type Settings struct {
	URL    string
	Events []string
}

// checked returns the settings as they are stored. The error is Invalid with the fields "url" and
// "events".
func (s *Service) checked(ctx context.Context, in Settings) (Settings, error) {
	var p fault.Problems
	address := strings.TrimSpace(in.URL)
	switch {
	case address == "":
		p.Add(FieldURL, "Enter a URL.")
	case len(address) > maxURL || !plaintext.Showable(address):
		p.Add(FieldURL, fmt.Sprintf("Enter a URL of at most %d characters.", maxURL))
	default:
		if problem := s.d.Check(ctx, address); problem != "" {
			p.Add(FieldURL, problem)
		}
	}
	events := slices.Compact(slices.Sorted(slices.Values(in.Events)))
	if len(events) == 0 {
		p.Add(FieldEvents, "Choose at least one event.")
	}
	if slices.ContainsFunc(events, func(typ string) bool { return !isOffered(typ) }) {
		p.Add(FieldEvents, "Choose events from the list.")
	}
	return Settings{address, events}, p.Err("Some fields need your attention.")
}

// change runs fn with a webhook in a transaction of an Admin, saves what fn returns, and records the
// event of action.
func (s *Service) change(ctx context.Context, by actor.Caller, id string, action audit.Action,
	fn func(Tx, *Webhook) error) (Webhook, error) {
	var w Webhook
	err := s.d.Store.InTx(ctx, by, func(tx Tx) error {
		if err := s.mayManage(tx.By()); err != nil {
			return err
		}
		old, err := find(ctx, tx, tx.By().Organization, id)
		if err != nil {
			return err
		}
		w = old
		if err := fn(tx, &w); err != nil {
			return err
		}
		return tx.AppendEvent(ctx, audit.Did(tx.By(), action, w.target()).Changed(old.state(), w.state()))
	})
	return w, err
}

// Add adds a webhook with a secret. The error is Denied unless the caller is an Admin and there are fewer
// than [access.MaxWebhooks], Invalid with the fields "url" and "events", and Conflict with the cause
// [fault.ErrRepeated] if the key was used before.
func (s *Service) Add(ctx context.Context, by actor.Caller, in Settings, key string) (Made, error) {
	in, err := s.checked(ctx, in)
	if err != nil {
		return Made{}, err
	}
	secret := newSecret()
	w := Webhook{ID: ksuid.New().String(), URL: in.URL, Events: in.Events, Enabled: true}
	err = s.d.Store.InTx(ctx, by, func(tx Tx) error {
		if err := s.mayManage(tx.By()); err != nil {
			return err
		}
		w.Organization, w.CreatedBy, w.CreatedByName = tx.By().Organization, tx.By().ID, tx.By().Name
		w.CreatedAt, w.UpdatedAt = tx.Now(), tx.Now()
		if err := checkKey(ctx, tx, key); err != nil {
			return err
		}
		others, err := tx.Webhooks(ctx, w.Organization)
		if err != nil {
			return err
		}
		if err := access.Room(len(others), access.MaxWebhooks, "An organization", "webhooks"); err != nil {
			return err
		}
		if err := tx.InsertWebhook(ctx, w, key); err != nil {
			return err
		}
		if err := s.saveSecrets(ctx, tx, w.ID, secret.Reveal(), ""); err != nil {
			return err
		}
		return tx.AppendEvent(ctx, audit.Did(tx.By(), audit.Created, w.target()).Changed("", w.state()))
	})
	if err != nil {
		return Made{}, err
	}
	return Made{w, secret}, nil
}

// checkKey returns an error for a malformed one-time key, and for one that was used before.
func checkKey(ctx context.Context, tx Tx, key string) error {
	if err := plaintext.IdempotencyKey(key); err != nil || key == "" {
		return err
	}
	used, err := tx.WebhookKeyUsed(ctx, tx.By().Organization, key)
	if err == nil && used {
		return fault.NewRepeated("This form was already sent. The signing secret was shown once and cannot be shown again.")
	}
	return err
}

// saveSecrets seals and saves the secrets of a webhook; no previous one if it is empty.
func (s *Service) saveSecrets(ctx context.Context, tx Tx, webhook, secret, previous string) error {
	id, err := tx.SealingKey(ctx)
	if err != nil {
		return err
	}
	key, ok := s.d.Keys.Key(id)
	if !ok {
		return fmt.Errorf("the secret key %q, with which this installation seals, is not in the key file", id)
	}
	sealed := []Sealed{{secretPath, id, key.Seal(place(webhook, secretPath), []byte(secret))}}
	if previous != "" {
		sealed = append(sealed, Sealed{previousPath, id, key.Seal(place(webhook, previousPath), []byte(previous))})
	}
	return tx.SaveWebhookSecrets(ctx, webhook, sealed)
}

// open returns the secret at a path; "" if there is none, because its key was lost and discarded.
func open(keys seal.Ring, webhook, path string, list []Sealed) (string, error) {
	for _, v := range list {
		if v.Path != path {
			continue
		}
		key, ok := keys.Key(v.Key)
		if !ok {
			return "", seal.ErrUnopenable
		}
		plain, err := key.Open(place(webhook, path), v.Value)
		return string(plain), err
	}
	return "", nil
}

// Change changes where a webhook sends and what. The errors are those of Add, and NotFound.
func (s *Service) Change(ctx context.Context, by actor.Caller, id string, in Settings) (Webhook, error) {
	in, err := s.checked(ctx, in)
	if err != nil {
		return Webhook{}, err
	}
	return s.change(ctx, by, id, audit.Updated, func(tx Tx, w *Webhook) error {
		w.URL, w.Events, w.UpdatedAt = in.URL, in.Events, tx.Now()
		return tx.UpdateWebhook(ctx, *w, "")
	})
}

// Enable enables or disables a webhook. While it is disabled nothing is queued for it, and what waits
// is not sent. The error is Conflict if it is so already.
func (s *Service) Enable(ctx context.Context, by actor.Caller, id string, enabled bool) (Webhook, error) {
	return s.change(ctx, by, id, audit.Updated, func(tx Tx, w *Webhook) error {
		if w.Enabled == enabled {
			return fault.NewConflict(map[bool]string{true: "This webhook is already enabled.", false: "This webhook is already disabled."}[enabled])
		}
		w.Enabled, w.UpdatedAt = enabled, tx.Now()
		return tx.UpdateWebhook(ctx, *w, "")
	})
}

// Roll gives a webhook a new secret. Messages are signed with the old one as well for 24 hours. The error
// is Conflict with the cause [fault.ErrRepeated] if the key was used before.
func (s *Service) Roll(ctx context.Context, by actor.Caller, id, key string) (Made, error) {
	secret := newSecret()
	w, err := s.change(ctx, by, id, audit.Rotated, func(tx Tx, w *Webhook) error {
		if err := checkKey(ctx, tx, key); err != nil {
			return err
		}
		stored, err := tx.WebhookSecrets(ctx, id)
		if err != nil {
			return err
		}
		old, err := open(s.d.Keys, id, secretPath, stored)
		if err != nil {
			old = "" // it signs nothing any more, and a new one is the only way out
		}
		w.PreviousUntil, w.UpdatedAt = time.Time{}, tx.Now()
		if old != "" {
			w.PreviousUntil = tx.Now().Add(overlap)
		}
		if err := s.saveSecrets(ctx, tx, id, secret.Reveal(), old); err != nil {
			return err
		}
		return tx.UpdateWebhook(ctx, *w, key)
	})
	if err != nil {
		return Made{}, err
	}
	return Made{w, secret}, nil
}

// Delete deletes a webhook, what waits for it and its log.
func (s *Service) Delete(ctx context.Context, by actor.Caller, id string) (Webhook, error) {
	return s.change(ctx, by, id, audit.Deleted, func(tx Tx, w *Webhook) error {
		return tx.DeleteWebhook(ctx, w.Organization, w.ID)
	})
}

// Test queues a message of the type [TestType]. The error is Conflict if the webhook is disabled.
func (s *Service) Test(ctx context.Context, by actor.Caller, id string) (Webhook, error) {
	return s.change(ctx, by, id, audit.Tested, func(tx Tx, w *Webhook) error {
		if !w.Enabled {
			return errDisabled()
		}
		return tx.InsertDelivery(ctx, id, TestType, testBody(id, tx.Now()))
	})
}

// SendAgain queues a delivery again, with the same webhook-id and body. The error is Conflict if the
// webhook is disabled or the delivery is still waiting.
func (s *Service) SendAgain(ctx context.Context, by actor.Caller, id, delivery string) (Webhook, error) {
	return s.change(ctx, by, id, audit.Redelivered, func(tx Tx, w *Webhook) error {
		d, err := tx.Delivery(ctx, id, delivery)
		switch {
		case err != nil:
			return err
		case !w.Enabled:
			return errDisabled()
		case d.State == Waiting:
			return fault.NewConflict("This message is already waiting to be sent.")
		}
		return tx.Requeue(ctx, id, delivery)
	})
}

func errDisabled() error {
	return fault.NewConflict("This webhook is disabled. Enable it first.")
}

// Host returns the host of the webhook's URL. The rest of a URL may hold a secret of the receiver.
func (w Webhook) Host() string {
	u, err := url.Parse(w.URL)
	if err != nil {
		return ""
	}
	return u.Host
}

func (w Webhook) target() audit.Target {
	return audit.Target{Type: audit.TargetWebhook, ID: w.ID, Name: w.Host()}
}

// state returns what an event records of the webhook, as JSON, without its path and secrets.
func (w Webhook) state() string {
	text, err := json.Marshal(map[string]any{"host": w.Host(), "events": w.Events, "enabled": w.Enabled})
	if err != nil { // texts can always be marshaled
		return ""
	}
	return string(text)
}
