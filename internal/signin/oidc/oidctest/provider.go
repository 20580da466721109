// Package oidctest is an OpenID Connect provider for tests, which does what the test wants, right or wrong.
package oidctest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// The client that the provider knows.
const (
	ClientID = "latchkey"
	Secret   = "the secret of the client"
)

// Provider is a provider. Set its fields before a request, under Do.
type Provider struct {
	URL string
	Key *ecdsa.PrivateKey

	// Claims are the claims of the next ID token, beside those that it must have. nil values are left out.
	Claims map[string]any
	// Info is the user info; nil: there is none.
	Info map[string]any
	// Raw returns the ID token for claims; nil signs them with Key.
	Raw func(claims map[string]any) string
	// Document changes the discovery document; it may be nil.
	Document func(map[string]any)
	// Hook answers requests itself if it returns true; it may be nil.
	Hook func(w http.ResponseWriter, r *http.Request) bool
	// Issuer is how the provider calls itself in answers that a browser brings; nil leaves it out.
	Issuer *string
	// KeyReads counts the requests for keys.
	KeyReads int

	mu    sync.Mutex
	now   func() time.Time
	codes map[string]code
}

// code is what a code stands for.
type code struct{ nonce, challenge, redirect string }

// Start starts a provider that ends with the test.
func Start(t testing.TB, now func() time.Time) *Provider {
	t.Helper()
	p := &Provider{now: now, codes: map[string]code{}, Key: NewKey(t)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", p.document)
	mux.HandleFunc("GET /keys", p.keys)
	mux.HandleFunc("GET /authorize", p.authorize)
	mux.HandleFunc("POST /token", p.token)
	mux.HandleFunc("GET /info", func(w http.ResponseWriter, _ *http.Request) { p.Do(func() { write(w, http.StatusOK, p.Info) }) })
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var hook func(http.ResponseWriter, *http.Request) bool
		p.Do(func() { hook = p.Hook })
		if hook == nil || !hook(w, r) {
			mux.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(s.Close)
	p.URL = s.URL
	p.Issuer = &p.URL
	return p
}

// NewKey returns a new key.
func NewKey(t testing.TB) *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// Do runs fn while no request reads the fields.
func (p *Provider) Do(fn func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fn()
}

func write(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // a client that has gone reads nothing
}

func (p *Provider) document(w http.ResponseWriter, _ *http.Request) {
	p.Do(func() {
		d := map[string]any{"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token",
			"jwks_uri": p.URL + "/keys", "id_token_signing_alg_values_supported": []string{"ES256"}, "end_session_endpoint": p.URL + "/end",
			"authorization_response_iss_parameter_supported": true, "code_challenge_methods_supported": []string{"S256"}}
		if p.Info != nil {
			d["userinfo_endpoint"] = p.URL + "/info"
		}
		if p.Document != nil {
			p.Document(d)
		}
		write(w, http.StatusOK, d)
	})
}

func (p *Provider) keys(w http.ResponseWriter, _ *http.Request) {
	p.Do(func() {
		p.KeyReads++
		key := jose.JSONWebKey{Key: p.Key.Public(), KeyID: KeyID(p.Key), Algorithm: "ES256", Use: "sig"}
		write(w, http.StatusOK, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{key}})
	})
}

// KeyID returns the id of a key.
func KeyID(key *ecdsa.PrivateKey) string {
	sum := sha256.Sum256(key.X.Bytes())
	return base64.RawURLEncoding.EncodeToString(sum[:8])
}

// Sign returns a token with claims, signed with a key.
func Sign(key *ecdsa.PrivateKey, claims map[string]any) string {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: KeyID(key)}}, nil)
	if err != nil {
		panic(err)
	}
	return serialize(signer, claims)
}

// SignAs returns a token with claims whose header names a type.
func SignAs(typ string, key *ecdsa.PrivateKey, claims map[string]any) string {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: KeyID(key)}},
		new(jose.SignerOptions).WithType(jose.ContentType(typ)))
	if err != nil {
		panic(err)
	}
	return serialize(signer, claims)
}

// SignWithSecret returns a token with claims, signed with a shared secret.
func SignWithSecret(secret []byte, claims map[string]any) string {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: secret}, nil)
	if err != nil {
		panic(err)
	}
	return serialize(signer, claims)
}

// Unsigned returns a token with claims whose algorithm is "none".
func Unsigned(claims map[string]any) string {
	encode := base64.RawURLEncoding.EncodeToString
	text, err := json.Marshal(claims)
	if err != nil {
		panic(err)
	}
	return encode([]byte(`{"alg":"none"}`)) + "." + encode(text) + "."
}

func serialize(signer jose.Signer, claims map[string]any) string {
	text, err := json.Marshal(claims)
	if err != nil {
		panic(err)
	}
	signed, err := signer.Sign(text)
	if err != nil {
		panic(err)
	}
	raw, err := signed.CompactSerialize()
	if err != nil {
		panic(err)
	}
	return raw
}

// authorize lets everybody in at once.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	http.Redirect(w, r, p.Back(q), http.StatusFound)
}

// Back returns the address to which the provider sends a browser that came with these parameters.
func (p *Provider) Back(q url.Values) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	id := rand.Text()
	p.codes[id] = code{q.Get("nonce"), q.Get("code_challenge"), q.Get("redirect_uri")}
	back := url.Values{"code": {id}, "state": {q.Get("state")}}
	if p.Issuer != nil {
		back.Set("iss", *p.Issuer)
	}
	return q.Get("redirect_uri") + "?" + back.Encode()
}

func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c, ok := p.codes[r.PostFormValue("code")]
	delete(p.codes, r.PostFormValue("code"))
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	user, secret, _ := r.BasicAuth()
	secret, _ = url.QueryUnescape(secret)
	switch {
	case user != ClientID || secret != Secret:
		write(w, http.StatusUnauthorized, map[string]string{"error": "invalid_client"})
		return
	case !ok || c.redirect != r.PostFormValue("redirect_uri") || base64.RawURLEncoding.EncodeToString(sum[:]) != c.challenge:
		write(w, http.StatusBadRequest, map[string]string{"error": "invalid_grant"})
		return
	}
	claims := p.With(map[string]any{"nonce": c.nonce})
	raw := ""
	if p.Raw != nil {
		raw = p.Raw(claims)
	} else {
		raw = Sign(p.Key, claims)
	}
	write(w, http.StatusOK, map[string]any{"access_token": rand.Text(), "token_type": "Bearer", "expires_in": 60, "id_token": raw})
}

// With returns the claims that a token has, and more.
func (p *Provider) With(more map[string]any) map[string]any {
	now := p.now()
	claims := map[string]any{"iss": p.URL, "aud": ClientID, "sub": "subject", "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix()}
	maps.Copy(claims, more)
	maps.Copy(claims, p.Claims)
	for name, value := range claims {
		if value == nil {
			delete(claims, name)
		}
	}
	return claims
}
