// Package passkey speaks WebAuthn with browsers: what they are asked, and whether what they answer is right. It
// knows no members, stores nothing, and reads no clock.
//
// It reads client data and authenticator data itself (WebAuthn Level 3, sections 5.8.1 and 6.1). The keys in it and
// their signatures are checked by the packages webauthncose and webauthncbor of go-webauthn. It reads no
// attestation: nothing depends on who made an authenticator. So the parsers of its many formats, which package
// protocol of go-webauthn links, are not part of the program.
package passkey

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"

	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
)

// Credential is a passkey as WebAuthn knows it.
type Credential struct {
	ID          []byte
	PublicKey   []byte // COSE (RFC 9052)
	Count       uint32 // of signatures; 0: the authenticator does not count
	MayBeCopied bool   // backup eligible: it can be synced to other devices. It never changes.
	IsCopied    bool   // backup state: it is synced
	Transports  []string
}

// algorithms returns the signatures that are accepted, the best first: ES256, EdDSA, RS256.
func algorithms() []int64 {
	return []int64{int64(webauthncose.AlgES256), int64(webauthncose.AlgEdDSA), int64(webauthncose.AlgRS256)}
}

// Limits of what a browser sends.
const (
	maxID         = 1023 // bytes, as WebAuthn says
	maxKey        = 2048 // bytes
	maxTransports = 8
)

// Answer is what a browser answered to [Party.Request]. The zero value is no answer.
type Answer struct {
	id, clientData, data, signature, handle []byte
}

// ID returns the id of the credential that answered. Anybody can send it.
func (a Answer) ID() []byte { return a.id }

// sent is an answer of a browser in JSON.
type sent struct {
	RawID    octets `json:"rawId"`
	Type     string `json:"type"`
	Response struct {
		ClientData        octets   `json:"clientDataJSON"`
		AttestationObject octets   `json:"attestationObject"`
		AuthenticatorData octets   `json:"authenticatorData"`
		Signature         octets   `json:"signature"`
		UserHandle        octets   `json:"userHandle"`
		Transports        []string `json:"transports"`
	} `json:"response"`
}

var errUnreadable = errors.New("unreadable answer of a passkey")

func read(text string) (sent, error) {
	var s sent
	if err := json.Unmarshal([]byte(text), &s); err != nil || s.Type != keyType || len(s.RawID) == 0 || len(s.RawID) > maxID {
		return sent{}, errUnreadable
	}
	return s, nil
}

// Read reads what a browser answered. It checks nothing.
func Read(text string) (Answer, error) {
	s, err := read(text)
	if err != nil {
		return Answer{}, err
	}
	r := s.Response
	return Answer{s.RawID, r.ClientData, r.AuthenticatorData, r.Signature, r.UserHandle}, nil
}

// Created returns the passkey that a browser created for a challenge.
func (p Party) Created(text string, challenge []byte) (Credential, error) {
	s, err := read(text)
	if err != nil {
		return Credential{}, err
	}
	if err := p.checkClient(s.Response.ClientData, "webauthn.create", challenge); err != nil {
		return Credential{}, err
	}
	var object struct {
		Data []byte `cbor:"authData"`
	}
	if err := webauthncbor.Unmarshal(s.Response.AttestationObject, &object); err != nil {
		return Credential{}, errUnreadable
	}
	d, err := p.checkData(object.Data, true)
	if err != nil {
		return Credential{}, err
	}
	made, err := d.credential()
	if err != nil {
		return Credential{}, err
	}
	if !bytes.Equal(made.ID, s.RawID) {
		return Credential{}, errors.New("the passkey has another id than its browser says")
	}
	made.Transports = transports(s.Response.Transports)
	return made, nil
}

// transports returns those of a browser's words that can be transports.
func transports(given []string) []string {
	var out []string
	for _, t := range given {
		if len(out) < maxTransports && slices.Contains([]string{"ble", "hybrid", "internal", "nfc", "smart-card", "usb"}, t) &&
			!slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return out
}

// Check checks an answer to a challenge by a stored passkey whose authenticator knows its user by a handle, and
// returns the passkey with the state after it. verified says whether the authenticator must have verified who used
// it. known says whether it is known who answers: then the authenticator need not name its user.
// An authenticator that counts must have counted on: otherwise somebody has copied its key.
func (p Party) Check(a Answer, challenge []byte, stored Credential, handle []byte, verified, known bool) (Credential, error) {
	if !bytes.Equal(a.id, stored.ID) {
		return stored, errors.New("answer of another passkey")
	}
	if !bytes.Equal(a.handle, handle) && (len(a.handle) > 0 || !known) {
		return stored, errors.New("passkey of another user")
	}
	if err := p.checkClient(a.clientData, "webauthn.get", challenge); err != nil {
		return stored, err
	}
	d, err := p.checkData(a.data, verified)
	if err != nil {
		return stored, err
	}
	key, err := webauthncose.ParsePublicKey(stored.PublicKey)
	if err != nil {
		return stored, errors.New("unreadable key of a passkey")
	}
	client := sha256.Sum256(a.clientData)
	if right, err := webauthncose.VerifySignature(key, slices.Concat(a.data, client[:]), a.signature); err != nil || !right {
		return stored, errors.New("wrong signature of a passkey")
	}
	if d.has(flagEligible) != stored.MayBeCopied {
		return stored, errors.New("a passkey cannot begin or cease to be one that is synced")
	}
	if (d.count > 0 || stored.Count > 0) && d.count <= stored.Count {
		return stored, errors.New("the counter of a passkey did not go on, so its key may have been copied")
	}
	stored.Count, stored.IsCopied = d.count, d.has(flagBackedUp)
	return stored, nil
}

// checkClient checks what a browser says of itself: what it did, for which challenge, and for a page of which
// origin.
func (p Party) checkClient(data []byte, kind string, challenge []byte) error {
	var c struct {
		Type        string `json:"type"`
		Challenge   string `json:"challenge"`
		Origin      string `json:"origin"`
		CrossOrigin bool   `json:"crossOrigin"`
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return errUnreadable
	}
	want := base64.RawURLEncoding.EncodeToString(challenge)
	switch {
	case c.Type != kind:
		return errors.New("answer of a passkey to another question")
	case len(challenge) == 0 || subtle.ConstantTimeCompare([]byte(want), []byte(c.Challenge)) != 1:
		return errors.New("answer of a passkey to another challenge")
	case c.Origin != p.Origin || c.CrossOrigin:
		return errors.New("answer of a passkey for another site")
	}
	return nil
}
