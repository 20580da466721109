package passkey

import (
	"encoding/base64"
	"encoding/json"
	"net/netip"
	"net/url"
	"strings"
)

// Party is a server as browsers know it: the relying party of WebAuthn.
type Party struct {
	ID     string // host; a passkey works for the one for which it was made
	Origin string // scheme, host and port of its pages
}

// NewParty returns the party of the server at an address. Browsers offer passkeys only to pages of a host with a
// name, over https or on the same machine; for other addresses the reason says so in a sentence.
func NewParty(address string) (p Party, reason string) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" {
		return Party{}, "Passkeys are off, because this server has no public address (--public-url)."
	}
	host := strings.ToLower(u.Hostname())
	local := host == "localhost" || strings.HasSuffix(host, ".localhost")
	_, notIP := netip.ParseAddr(host)
	switch {
	case notIP == nil:
		return Party{}, "Passkeys are off, because they need a host name, and this server is at " + address + ". --public-url sets its address."
	case u.Scheme != "https" && !local:
		return Party{}, "Passkeys are off, because they need https, and this server is at " + address + ". --public-url sets its address."
	case strings.ContainsFunc(host, func(r rune) bool { return r > '~' }):
		return Party{}, "Passkeys are off, because the host in --public-url is not in its ASCII form (xn--…)."
	}
	return Party{ID: host, Origin: u.Scheme + "://" + strings.ToLower(u.Host)}, ""
}

// User is for whom a passkey is created. Its authenticator shows email and name, and keeps the handle, which tells
// nothing.
type User struct {
	Handle      []byte
	Email, Name string
}

// octets are bytes that JSON holds as WebAuthn writes them: in base64url without padding.
type octets []byte

// MarshalText implements [encoding.TextMarshaler].
func (b octets) MarshalText() ([]byte, error) {
	return base64.RawURLEncoding.AppendEncode(nil, b), nil
}

// UnmarshalText implements [encoding.TextUnmarshaler].
func (b *octets) UnmarshalText(text []byte) (err error) {
	*b, err = base64.RawURLEncoding.Strict().AppendDecode(nil, text)
	return err
}

const keyType = "public-key"

// descriptor names a credential to a browser.
type descriptor struct {
	Type       string   `json:"type"`
	ID         octets   `json:"id"`
	Transports []string `json:"transports,omitempty"`
}

func descriptors(list []Credential) []descriptor {
	out := []descriptor{}
	for _, c := range list {
		out = append(out, descriptor{keyType, c.ID, c.Transports})
	}
	return out
}

// timeout is how long a browser waits for a person, in milliseconds.
const timeout = 120_000

// Creation returns with what a browser creates a passkey: one that can be found without a name and verifies who
// uses it, so that it signs in alone, on an authenticator that has none of the others. It asks for no
// attestation, so that it does not matter who made the authenticator.
func (p Party) Creation(challenge []byte, of User, others []Credential) (json.RawMessage, error) {
	type entity struct {
		ID          any    `json:"id"`
		Name        string `json:"name"`
		DisplayName string `json:"displayName,omitempty"`
	}
	type parameter struct {
		Type string `json:"type"`
		Alg  int64  `json:"alg"`
	}
	parameters := []parameter{}
	for _, a := range algorithms() {
		parameters = append(parameters, parameter{keyType, a})
	}
	return json.Marshal(map[string]any{
		"rp":               entity{ID: p.ID, Name: "Latchkey"},
		"user":             entity{octets(of.Handle), of.Email, of.Name},
		"challenge":        octets(challenge),
		"pubKeyCredParams": parameters, "timeout": timeout, "excludeCredentials": descriptors(others),
		"authenticatorSelection": map[string]any{"residentKey": "required", "requireResidentKey": true, "userVerification": "required"},
		"attestation":            "none",
	})
}

// Request returns with what a browser asks for the answer of one of some passkeys, or of any passkey for this
// party if there are none. verified says whether the authenticator must verify who uses it.
func (p Party) Request(challenge []byte, of []Credential, verified bool) (json.RawMessage, error) {
	verification := "preferred"
	if verified {
		verification = "required"
	}
	return json.Marshal(map[string]any{"challenge": octets(challenge), "rpId": p.ID, "timeout": timeout,
		"allowCredentials": descriptors(of), "userVerification": verification})
}
