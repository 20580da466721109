// Package apiclient knows the resource servers that may ask Latchkey about tokens: their
// registration by Admins, their credentials, and the revocation of tokens that they find.
//
// An API client is no principal: it has no permissions and may do nothing but ask about
// tokens of its organization and end those that it holds. Which answers it gets is the
// business of the front door.
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

// Client is one registered resource server, without its secret, which nobody keeps.
type Client struct {
	ID            string
	Organization  string
	Name          string
	Hint          string // "…" and the last four characters of the secret
	CreatedBy     string // id of the member who registered it; it outlives them
	CreatedByName string // as it was then
	CreatedAt     time.Time
}

// Credential is a client with the digest of its secret.
type Credential struct {
	Client
	Digest [sha256.Size]byte
}

// Registered is a new client and, this once, its secret.
type Registered struct {
	Client
	Secret Secret
}

// Secret is the secret of a new client until it has been shown. Whatever prints, formats,
// logs or marshals it gets the redacted form; only Reveal gives the value. Behind a
// pointer, because fmt prints private fields that it may not call methods on.
type Secret struct{ value *string }

const (
	prefix   = "lkacs_"
	redacted = prefix + "…"
)

// newSecret makes a secret of 260 random bits.
func newSecret() Secret {
	value := prefix + rand.Text() + rand.Text()
	return Secret{&value}
}

// Reveal gives the value. Call it where the value is shown once, and nowhere else.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// String is the redacted form.
func (s Secret) String() string { return redacted }

// Format writes the redacted form whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue is the redacted form.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalJSON writes the redacted form.
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(redacted) }

func digest(secret string) [sha256.Size]byte { return sha256.Sum256([]byte(secret)) }

func hint(secret string) string { return "…" + secret[len(secret)-4:] }
