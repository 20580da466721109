package identity

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"latchkey/internal/actor"
	"latchkey/internal/random"
	"latchkey/internal/seal"
)

// RequestLife is how long somebody may take at a provider.
const RequestLife = 15 * time.Minute

// request is what the server has to know again when somebody comes back. It travels sealed, as the state (with SAML the
// server keeps it instead, see [Kept]), so that
// beginning a sign-in writes nothing: anybody can begin one.
type request struct {
	Provider string `json:"p"`
	Made     int64  `json:"t"` // milliseconds
	Next     string `json:"n,omitempty"`
	Session  string `json:"s,omitempty"` // of who tries the provider, or proves again who they are; empty for a real sign-in
	Form     string `json:"f,omitempty"` // that goes on after proving again; empty otherwise
	Browser  []byte `json:"b"`           // digest of the secret of the browser that began
	Random   string `json:"r"`

	network string // of a visitor who is not signed in; it does not travel
}

// statePlace is where a request belongs.
func statePlace() seal.Place { return seal.Place{"sign-in", "request"} }

// seal returns the request as the state of a sign-in.
func (s *Service) seal(ctx context.Context, r request) (string, error) {
	key, err := s.key(ctx, s.d.Store)
	if err != nil {
		return "", err
	}
	r.Made, r.Random = s.d.Store.Now().UnixMilli(), rand.Text()
	text, err := json.Marshal(r)
	if err != nil {
		return "", err
	}
	return key.ID() + "." + base64.RawURLEncoding.EncodeToString(key.Seal(statePlace(), text)), nil
}

// open returns the request of a state, if this installation sealed it.
func (s *Service) open(state string) (request, bool) {
	var r request
	id, text, _ := strings.Cut(state, ".")
	key, known := s.d.Keys.Key(id)
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if !known || err != nil {
		return r, false
	}
	plain, err := key.Open(statePlace(), sealed)
	return r, err == nil && json.Unmarshal(plain, &r) == nil
}

// check returns what is wrong with the request that an answer belongs to, or "".
func (r request) check(provider, browser string, now time.Time) string {
	age := now.Sub(time.UnixMilli(r.Made))
	switch {
	case r.Provider != provider:
		return "The answer came to the address of another provider."
	case age > RequestLife || age < -actor.ClockSkew:
		return "The sign-in took too long. It must be finished within 15 minutes."
	case !hmac.Equal(r.Browser, random.Secret(browser).Digest()) || len(r.Browser) == 0:
		return "The sign-in was begun in another browser, or this one has lost its cookie."
	}
	return ""
}

// challenge returns what an answer must show: made from the state, which the provider and the browser's history
// know, and from the browser's secret, which only its cookie holds.
func challenge(state, browser string) Challenge {
	derive := func(what string) string {
		mac := hmac.New(sha256.New, []byte(browser))
		mac.Write([]byte(what + "\x00" + state))
		return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
	}
	return Challenge{State: state, Nonce: derive("nonce"), Verifier: derive("verifier")}
}
