// Package seal encrypts values that must come back, such as passwords of other systems, with a
// key that the database does not hold.
//
// A sealed value is bound to its place: it opens only with the same key and the same
// [Place], so anyone who can write the database cannot move it to another row and have it opened
// there. It is AES-256-GCM with a random nonce. The length of the value remains visible.
//
// The package reads and writes no files. It knows nothing of the values' meaning.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// ErrUnopenable means that a sealed value does not open: it was changed, or it was sealed with
// another key or in another place.
var ErrUnopenable = errors.New("the sealed value cannot be opened")

const (
	keySize = 32
	idSize  = 8
	// format is the first byte of a sealed value. It is part of what is authenticated.
	format = 1
)

// Key is a secret key. It prints as its id, never as itself. What is secret is behind a function,
// because fmt prints the fields of a struct that holds a Key without asking the Key, and follows a
// pointer if the verb does not suit it.
type Key struct {
	id     string
	secret func() material
}

type material struct {
	raw  []byte
	aead cipher.AEAD
}

// NewKey returns a new key from a source of random bytes.
func NewKey(random io.Reader) (Key, error) {
	raw := make([]byte, keySize)
	if _, err := io.ReadFull(random, raw); err != nil {
		return Key{}, err
	}
	return keyOf(raw)
}

// keyOf derives from the raw key what encrypts, and an id that reveals nothing of it.
func keyOf(raw []byte) (Key, error) {
	if len(raw) != keySize {
		return Key{}, fmt.Errorf("a key has %d bytes, this one has %d", keySize, len(raw))
	}
	encrypt, err := hkdf.Key(sha256.New, raw, nil, "latchkey seal: AES-256-GCM", keySize)
	if err != nil {
		return Key{}, err
	}
	id, err := hkdf.Key(sha256.New, raw, nil, "latchkey seal: key id", idSize)
	if err != nil {
		return Key{}, err
	}
	block, err := aes.NewCipher(encrypt)
	if err != nil {
		return Key{}, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return Key{}, err
	}
	return Key{hex.EncodeToString(id), func() material { return material{raw, aead} }}, nil
}

// ID returns the key's id, which may be stored and shown.
func (k Key) ID() string { return k.id }

// Format prints the key's id for every verb, so that no log can hold the key.
func (k Key) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "key "+k.id) }

// MarshalText returns the key's id.
func (k Key) MarshalText() ([]byte, error) { return []byte("key " + k.id), nil }

// Place is where a sealed value belongs: a list of names, from the whole to the part.
type Place []string

// data returns the place as the data that is authenticated with a value. Lengths keep two places
// from looking alike.
func (p Place) data() []byte {
	out := []byte{format}
	for _, name := range p {
		out = binary.AppendUvarint(out, uint64(len(name)))
		out = append(out, name...)
	}
	return out
}

// Seal returns the value, encrypted for its place. Sealing the same value again gives another
// result.
func (k Key) Seal(place Place, value []byte) []byte {
	return append([]byte{format}, k.secret().aead.Seal(nil, nil, value, place.data())...)
}

// Open returns a sealed value; [ErrUnopenable] if it does not belong to this key and this place.
func (k Key) Open(place Place, sealed []byte) ([]byte, error) {
	if len(sealed) == 0 || sealed[0] != format {
		return nil, ErrUnopenable
	}
	value, err := k.secret().aead.Open(nil, nil, sealed[1:], place.data())
	if err != nil {
		return nil, ErrUnopenable
	}
	return value, nil
}

// Ring is the keys of an installation, the newest first. Older ones open what was sealed before
// a rotation. The zero Ring has no keys.
type Ring struct{ keys []Key }

// NewRing returns a ring with one key.
func NewRing(k Key) Ring { return Ring{[]Key{k}} }

// With returns the ring with a new key before the others.
func (r Ring) With(k Key) Ring { return Ring{append([]Key{k}, r.keys...)} }

// Newest returns the newest key; false if the ring is empty.
func (r Ring) Newest() (Key, bool) {
	if len(r.keys) == 0 {
		return Key{}, false
	}
	return r.keys[0], true
}

// Key returns the key with an id; false if the ring does not have it.
func (r Ring) Key(id string) (Key, bool) {
	for _, k := range r.keys {
		if k.id == id {
			return k, true
		}
	}
	return Key{}, false
}

// IDs returns the ids of the keys, the newest first.
func (r Ring) IDs() []string {
	ids := make([]string, len(r.keys))
	for i, k := range r.keys {
		ids[i] = k.id
	}
	return ids
}

// word is what each line with a key begins with, so that a file with another kind of key is
// recognized.
const word = "latchkey-secret-key-1"

const fileHead = `# Latchkey seals the secrets of resources with the first key; older ones open older backups.
# Keep a copy of this file, but not beside the database's backups. See docs/secrets.md.
`

// Text returns the ring as [Parse] reads it. It holds the keys themselves.
func (r Ring) Text() []byte {
	var b strings.Builder
	b.WriteString(fileHead)
	for _, k := range r.keys {
		fmt.Fprintf(&b, "%s %s %s\n", word, k.id, base64.StdEncoding.EncodeToString(k.secret().raw))
	}
	return []byte(b.String())
}

// Parse reads a ring: a line per key, the newest first; empty lines and those that begin with #
// are skipped. The error names the line and never quotes it.
func Parse(text []byte) (Ring, error) {
	var r Ring
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		fields := strings.Fields(line)
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		if len(fields) != 3 || fields[0] != word {
			return Ring{}, fmt.Errorf("line %d is not a key that latchkey key new has made", n)
		}
		raw, err := base64.StdEncoding.Strict().DecodeString(fields[2])
		if err != nil {
			return Ring{}, fmt.Errorf("line %d is damaged", n)
		}
		k, err := keyOf(raw)
		if err != nil || k.id != fields[1] {
			return Ring{}, fmt.Errorf("line %d is damaged", n)
		}
		if slices.Contains(r.IDs(), k.id) {
			return Ring{}, fmt.Errorf("line %d repeats a key", n)
		}
		r.keys = append(r.keys, k)
	}
	if len(r.keys) == 0 {
		return Ring{}, errors.New("it has no key")
	}
	return r, nil
}
