package invitation

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
)

// LinkSecret is the secret of an invitation's link. It prints and marshals redacted.
type LinkSecret string

// String never shows the secret.
func (LinkSecret) String() string { return "[redacted]" }

// GoString never shows the secret.
func (LinkSecret) GoString() string { return "[redacted]" }

// MarshalText never shows the secret.
func (LinkSecret) MarshalText() ([]byte, error) { return []byte("[redacted]"), nil }

// Reveal is the secret itself.
func (s LinkSecret) Reveal() string { return string(s) }

// Linker makes the link that carries a secret: the front door knows its own address.
type Linker func(secret LinkSecret) string

const linkSecretBytes = 32

// newLinkSecret makes 256 random bits, base64url without padding, 43 characters.
func newLinkSecret() LinkSecret {
	b := make([]byte, linkSecretBytes)
	// It never fails: when the system has no randomness the program ends.
	_, _ = rand.Read(b)
	return LinkSecret(base64.RawURLEncoding.EncodeToString(b))
}

// digest is what the database keeps of a secret; nil for a text that cannot be one.
func (s LinkSecret) digest() []byte {
	b, err := base64.RawURLEncoding.Strict().DecodeString(string(s))
	if err != nil || len(b) != linkSecretBytes {
		return nil
	}
	sum := sha256.Sum256([]byte(s))
	return sum[:]
}
