package audit

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"time"
)

// Key is an Ed25519 key that signs heads. The database never holds it. It prints as its id, never
// as itself. What is secret is behind a function, because fmt prints the fields of a struct that holds
// a Key without asking the Key, and follows a pointer if the verb does not suit it.
type Key struct {
	id      string
	private func() ed25519.PrivateKey
}

func keyOf(private ed25519.PrivateKey) Key {
	return Key{KeyID(private.Public().(ed25519.PublicKey)), func() ed25519.PrivateKey { return private }}
}

// The types of PEM blocks.
const (
	privateBlock = "PRIVATE KEY"
	publicBlock  = "PUBLIC KEY"
)

// NewKey returns a new random key.
func NewKey() (Key, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return Key{}, err
	}
	return keyOf(private), nil
}

// ParseKey parses a key as [Key.PEM] writes it: PKCS #8 in PEM.
func ParseKey(text []byte) (Key, error) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != privateBlock {
		return Key{}, errors.New("it does not hold a private key in PEM")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	private, ok := parsed.(ed25519.PrivateKey)
	if err != nil || !ok {
		return Key{}, errors.New("it does not hold an Ed25519 private key") // the parser's error could quote it
	}
	return keyOf(private), nil
}

// PEM returns the private key as PKCS #8 in PEM.
func (k Key) PEM() ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(k.private())
	return pem.EncodeToMemory(&pem.Block{Type: privateBlock, Bytes: der}), err
}

// Public returns the public key, with which anybody can check what k signed.
func (k Key) Public() ed25519.PublicKey { return k.private().Public().(ed25519.PublicKey) }

// ID returns the id of the public key.
func (k Key) ID() string { return k.id }

// Format prints the id for every verb, so that no log can hold the private key.
func (k Key) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "audit key "+k.id) }

// MarshalText returns the id.
func (k Key) MarshalText() ([]byte, error) { return []byte("audit key " + k.id), nil }

// Sign returns the signed head of a log that ends at a.
func (k Key) Sign(a Anchor, at time.Time) SignedHead { return k.replace(a, at, nil) }

// replace returns a signed head that also says which key replaces k from there on.
func (k Key) replace(a Anchor, at time.Time, next ed25519.PublicKey) SignedHead {
	h := SignedHead{Anchor: a, Time: at.UTC().Truncate(time.Millisecond), Key: k.ID(), Next: next}
	h.Signature = ed25519.Sign(k.private(), h.text())
	return h
}

// KeyID returns the name of a public key in signed heads: the beginning of its SHA-256 in
// hexadecimal.
func KeyID(key ed25519.PublicKey) string {
	sum := sha256.Sum256(key)
	return hex.EncodeToString(sum[:8])
}

// PublicPEM returns a public key as PKIX in PEM.
func PublicPEM(key ed25519.PublicKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	return pem.EncodeToMemory(&pem.Block{Type: publicBlock, Bytes: der}), err
}

// ParsePublicKeys parses one or more public keys in PEM, one after another.
func ParsePublicKeys(text []byte) ([]ed25519.PublicKey, error) {
	var keys []ed25519.PublicKey
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == privateBlock {
			return nil, errors.New(`it holds a private key; "latchkey audit key show" prints the public one`)
		}
		parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
		key, ok := parsed.(ed25519.PublicKey)
		if err != nil || !ok {
			return nil, fmt.Errorf("a %s in it is not an Ed25519 key", block.Type)
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, errors.New("it does not hold a public key in PEM")
	}
	return keys, nil
}
