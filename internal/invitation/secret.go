package invitation

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
)

// LinkSecret is the secret of an invitation link. It is redacted when it is printed or marshaled.
type LinkSecret string

// String returns the redacted form.
func (LinkSecret) String() string { return "[redacted]" }

// GoString returns the redacted form.
func (LinkSecret) GoString() string { return "[redacted]" }

// MarshalText returns the redacted form.
func (LinkSecret) MarshalText() ([]byte, error) { return []byte("[redacted]"), nil }

// Reveal returns the value.
func (s LinkSecret) Reveal() string { return string(s) }

// Linker returns the link with a secret. The web server provides it, because it knows its own
// address.
type Linker func(secret LinkSecret) string

const linkSecretBytes = 32

// newLinkSecret returns 256 random bits as base64url without padding, which is 43 characters.
func newLinkSecret() LinkSecret {
	b := make([]byte, linkSecretBytes)
	// rand.Read never returns an error. It ends the program if the system has no randomness.
	_, _ = rand.Read(b)
	return LinkSecret(base64.RawURLEncoding.EncodeToString(b))
}

// digest returns the form in which the database stores the secret, or nil for a text that cannot
// be one.
func (s LinkSecret) digest() []byte {
	b, err := base64.RawURLEncoding.Strict().DecodeString(string(s))
	if err != nil || len(b) != linkSecretBytes {
		return nil
	}
	sum := sha256.Sum256([]byte(s))
	return sum[:]
}
