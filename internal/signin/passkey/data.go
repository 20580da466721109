package passkey

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"

	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
)

// The flags of authenticator data.
const (
	flagPresent    = 1 << 0 // somebody touched it
	flagVerified   = 1 << 2 // and proved to be its user
	flagEligible   = 1 << 3 // the passkey can be synced
	flagBackedUp   = 1 << 4 // the passkey is synced
	flagCredential = 1 << 6 // the passkey follows
)

// The fixed parts of authenticator data, in bytes: before the credential, and before the id of the credential.
const (
	lenHead = sha256.Size + 1 + 4
	lenGUID = 16
)

// authenticatorData is what an authenticator signs beside the client data.
type authenticatorData struct {
	flags byte
	count uint32
	rest  []byte // the credential, if there is one, and extensions
}

func (d authenticatorData) has(flag byte) bool { return d.flags&flag != 0 }

// checkData reads what an authenticator says, and checks that it says it to this party. verified says whether it
// must have verified who used it.
func (p Party) checkData(raw []byte, verified bool) (authenticatorData, error) {
	if len(raw) < lenHead {
		return authenticatorData{}, errUnreadable
	}
	party := sha256.Sum256([]byte(p.ID))
	d := authenticatorData{raw[sha256.Size], binary.BigEndian.Uint32(raw[sha256.Size+1:]), raw[lenHead:]}
	switch {
	case !bytes.Equal(raw[:sha256.Size], party[:]):
		return d, errors.New("answer of a passkey for another server")
	case !d.has(flagPresent):
		return d, errors.New("passkey used without its user")
	case verified && !d.has(flagVerified):
		return d, errors.New("passkey used without PIN, fingerprint or face")
	case d.has(flagBackedUp) && !d.has(flagEligible):
		return d, errors.New("a passkey is synced that cannot be")
	}
	return d, nil
}

// credential returns the new passkey in authenticator data. Extensions may follow it; none was asked for.
func (d authenticatorData) credential() (Credential, error) {
	if !d.has(flagCredential) || len(d.rest) < lenGUID+2 {
		return Credential{}, errUnreadable
	}
	size, rest := int(binary.BigEndian.Uint16(d.rest[lenGUID:])), d.rest[lenGUID+2:]
	if size == 0 || size > maxID || size > len(rest) {
		return Credential{}, errUnreadable
	}
	var head webauthncose.PublicKeyData
	n, err := webauthncbor.UnmarshalFirst(rest[size:], &head)
	if err != nil || n > maxKey {
		return Credential{}, errUnreadable
	}
	key := rest[size : size+n]
	if !slices.Contains(algorithms(), head.Algorithm) {
		return Credential{}, errors.New("the key of the passkey is of a kind that was not asked for")
	}
	if _, err := webauthncose.ParsePublicKey(key); err != nil {
		return Credential{}, errors.New("the key of the passkey is not valid")
	}
	return Credential{ID: bytes.Clone(rest[:size]), PublicKey: bytes.Clone(key), Count: d.count, MayBeCopied: d.has(flagEligible),
		IsCopied: d.has(flagBackedUp)}, nil
}
