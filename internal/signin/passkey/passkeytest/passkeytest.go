// Package passkeytest is an authenticator for tests, right or wrong.
package passkeytest

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"slices"

	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
)

// The flags of authenticator data.
const (
	Present  = 1 << 0
	Verified = 1 << 2
	Eligible = 1 << 3
	BackedUp = 1 << 4
)

const attested = 1 << 6

// Key is a passkey in software. Its fields say what it answers, and tests change them.
type Key struct {
	Party, Origin string
	ID, Handle    []byte
	Flags         byte
	Count         uint32 // of the last answer
	Still         bool   // it does not count
	Kind          string // of the question that it says it answers; empty: the true one
	Cross         bool   // the page is in a frame of another site
	Algorithm     int64  // that it says it has; ES256 is what it does
	key           *ecdsa.PrivateKey
}

// New returns a passkey that can be synced and is, for a party and its origin. It does not count.
func New(party, origin string) *Key {
	k := &Key{Party: party, Origin: origin, ID: make([]byte, 32), Flags: Present | Verified | Eligible | BackedUp, Still: true, Algorithm: -7}
	_, _ = rand.Read(k.ID) // never fails
	var err error
	if k.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		panic(err)
	}
	return k
}

// options is what the server asks.
type options struct {
	Challenge string `json:"challenge"`
	User      struct {
		ID string `json:"id"`
	} `json:"user"`
}

func read(text []byte) options {
	var o options
	if err := json.Unmarshal(text, &o); err != nil {
		panic(err)
	}
	return o
}

func text(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// Create answers the options for a new passkey, and keeps the handle of its user.
func (k *Key) Create(asked []byte) string {
	o := read(asked)
	var err error
	if k.Handle, err = base64.RawURLEncoding.DecodeString(o.User.ID); err != nil {
		panic(err)
	}
	point, err := k.key.PublicKey.Bytes()
	if err != nil {
		panic(err)
	}
	key, err := webauthncbor.Marshal(map[int]any{1: 2, 3: k.Algorithm, -1: 1, -2: point[1:33], -3: point[33:]})
	if err != nil {
		panic(err)
	}
	data := slices.Concat(k.head(k.Flags|attested), make([]byte, 16), binary.BigEndian.AppendUint16(nil, uint16(len(k.ID))), k.ID, key)
	object, err := webauthncbor.Marshal(map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": data})
	if err != nil {
		panic(err)
	}
	return k.answer(map[string]any{"clientDataJSON": text(k.client("webauthn.create", o)), "attestationObject": text(object),
		"transports": []string{"internal", "nonsense"}})
}

// Get answers the options for a sign-in.
func (k *Key) Get(asked []byte) string {
	if !k.Still {
		k.Count++
	}
	client, data := k.client("webauthn.get", read(asked)), k.head(k.Flags)
	sum := sha256.Sum256(client)
	signed := sha256.Sum256(slices.Concat(data, sum[:]))
	signature, err := ecdsa.SignASN1(rand.Reader, k.key, signed[:])
	if err != nil {
		panic(err)
	}
	return k.answer(map[string]any{"clientDataJSON": text(client), "authenticatorData": text(data), "signature": text(signature),
		"userHandle": text(k.Handle)})
}

func (k *Key) head(flags byte) []byte {
	party := sha256.Sum256([]byte(k.Party))
	return binary.BigEndian.AppendUint32(append(party[:], flags), k.Count)
}

func (k *Key) client(kind string, o options) []byte {
	b, err := json.Marshal(map[string]any{"type": cmp.Or(k.Kind, kind), "challenge": o.Challenge, "origin": k.Origin, "crossOrigin": k.Cross})
	if err != nil {
		panic(err)
	}
	return b
}

func (k *Key) answer(response map[string]any) string {
	b, err := json.Marshal(map[string]any{"id": text(k.ID), "rawId": text(k.ID), "type": "public-key", "response": response,
		"clientExtensionResults": map[string]any{}})
	if err != nil {
		panic(err)
	}
	return string(b)
}
