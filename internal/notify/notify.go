// Package notify tells other systems of events by webhooks: who is told what, what waits to be sent,
// and how it ended.
//
// Messages are signed as the Standard Webhooks specification (1.0.0) says. The store writes a [Delivery]
// for every subscribed webhook in the transaction of the change, derived from the event that this
// appends to the audit log ([KindOf]). A [Sender] claims what is due, sends it and records the answer, so
// a message is sent at least once, always with the same id. The package does no I/O: package outbound
// sends.
package notify

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"latchkey/internal/seal"
)

// Webhook is an address that is told of events, without its secret.
type Webhook struct {
	ID            string
	Organization  string
	URL           string
	Events        []string // types, sorted
	Enabled       bool
	PreviousUntil time.Time // when the previous secret stops signing; zero if there is none
	CreatedBy     string    // id of a member, who may be deleted
	CreatedByName string
	CreatedAt     time.Time
	UpdatedAt     time.Time
}

// Wants reports whether the webhook is told of events of a type.
func (w Webhook) Wants(typ string) bool { return slices.Contains(w.Events, typ) }

// State says how far a delivery is.
type State string

// The states of a delivery.
const (
	Waiting   State = "waiting" // to be sent, or sent again
	Delivered State = "delivered"
	Failed    State = "failed" // given up
)

// Delivery is one message for one webhook.
type Delivery struct {
	ID       string // the webhook-id of every try
	Webhook  string
	Seq      int64 // 1, 2, 3 … of the webhook
	Type     string
	Body     string
	State    State
	Created  time.Time
	Queued   time.Time // since when it is tried
	Next     time.Time // the next try; zero if there is none
	Tries    int       // since Queued
	Tried    time.Time // zero if it was not tried
	Status   int       // of the latest answer; 0 if there was none
	Answer   string    // the beginning of it
	Problem  string    // why the latest try failed
	Duration time.Duration
}

// Sealed is a signing secret as it is stored.
type Sealed struct {
	Path  string // secretPath or previousPath
	Key   string // id of the key that opens it
	Value []byte
}

// The two secrets of a webhook. As paths they are bound into what is sealed; rotating the key of the
// installation seals them again with those of resources.
const (
	secretPath   = `["secret"]`
	previousPath = `["previous"]`
)

// SecretPart is the part of a webhook that is sealed, as the rotation of keys names it.
const SecretPart = "webhook"

func place(webhook, path string) seal.Place {
	return seal.Place{"resource", webhook, SecretPart, path}
}

// Secret is the signing secret of a webhook until it has been shown. It prints redacted; only Reveal
// returns the value, which is behind a pointer because fmt prints private fields.
type Secret struct{ value *string }

const (
	secretPrefix = "whsec_"
	secretSize   = 32 // bytes; the specification wants 24 to 64
)

// newSecret returns a secret of random bytes.
func newSecret() Secret {
	raw := make([]byte, secretSize)
	// rand.Read never returns an error. It ends the program if the system has no randomness.
	_, _ = rand.Read(raw)
	value := secretPrefix + base64.StdEncoding.EncodeToString(raw)
	return Secret{&value}
}

// Reveal returns the value. Call it only where the value is shown once.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// String returns the redacted form.
func (s Secret) String() string { return secretPrefix + "…" }

// Format writes the redacted form for every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// LogValue returns the redacted form.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalJSON returns the redacted form.
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

// sign returns the value of webhook-signature: a signature by each secret, separated by spaces.
func sign(id string, at time.Time, body string, secrets ...string) (string, error) {
	var signatures []string
	for _, secret := range secrets {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, secretPrefix))
		if err != nil || len(key) == 0 {
			return "", fmt.Errorf("the signing secret of the webhook is damaged")
		}
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(id + "." + strconv.FormatInt(at.Unix(), 10) + "." + body))
		signatures = append(signatures, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	return strings.Join(signatures, " "), nil
}
