// Package apiclient is for the services that ask Latchkey whether the tokens they receive are
// valid. It registers them as API clients, checks their credentials, and deletes the tokens that
// they report.
//
// An API client is not a principal and has no permissions. It may only ask about tokens of its
// organization and delete tokens that were presented to it. Package web answers its requests.
package apiclient

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"time"
)

// Client is one registered service, without its secret, which is not stored.
type Client struct {
	ID            string
	Organization  string
	Name          string
	Hint          string // "…" and the last four characters of the secret
	CreatedBy     string // id of the member who registered it, who may be deleted
	CreatedByName string // their name at that time
	CreatedAt     time.Time
	// ChecksAddresses means that the service compares the address of its client with the allowed addresses
	// of a token itself.
	ChecksAddresses bool
}

// Credential is a client with the digest of its secret.
type Credential struct {
	Client
	Digest [sha256.Size]byte
}

// Registered is a new client with its secret, which is not available again.
type Registered struct {
	Client
	Secret Secret
}

// Secret is the secret of a new client until it has been shown. It is redacted when it is
// printed, formatted, logged or marshaled. Only Reveal returns the value. The value is behind a
// pointer, because fmt prints private fields without calling their methods.
type Secret struct{ value *string }

const (
	prefix   = "lkacs_"
	redacted = prefix + "…"
)

// newSecret returns a new secret of 260 random bits.
func newSecret() Secret {
	value := prefix + rand.Text() + rand.Text()
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
func (s Secret) String() string { return redacted }

// Format writes the redacted form for every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue returns the redacted form.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalJSON returns the redacted form.
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(redacted) }

func digest(secret string) [sha256.Size]byte { return sha256.Sum256([]byte(secret)) }

func hint(secret string) string { return "…" + secret[len(secret)-4:] }
