// Package random makes the secrets of 256 random bits that links and cookies carry, and the
// digests under which the database stores them. Tokens have a format of their own, see package
// token.
package random

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
)

// Secret is the secret of a link or a cookie. It is redacted when it is printed or marshaled.
type Secret string

const secretBytes = 32

// NewSecret returns 256 random bits as base64url without padding, which is 43 characters.
func NewSecret() Secret {
	b := make([]byte, secretBytes)
	// rand.Read never returns an error. It ends the program if the system has no randomness.
	_, _ = rand.Read(b)
	return Secret(base64.RawURLEncoding.EncodeToString(b))
}

// String returns the redacted form.
func (Secret) String() string { return "[redacted]" }

// GoString returns the redacted form.
func (Secret) GoString() string { return "[redacted]" }

// MarshalText returns the redacted form.
func (Secret) MarshalText() ([]byte, error) { return []byte("[redacted]"), nil }

// Reveal returns the value.
func (s Secret) Reveal() string { return string(s) }

// Digest returns the form in which the database stores the secret, or nil for a text that cannot
// be one, which saves a query.
func (s Secret) Digest() []byte {
	b, err := base64.RawURLEncoding.Strict().DecodeString(string(s))
	if err != nil || len(b) != secretBytes {
		return nil
	}
	sum := sha256.Sum256([]byte(s))
	return sum[:]
}

// Linker returns the link with a secret. The web server provides it, because it knows its own
// address.
type Linker func(secret Secret) string
