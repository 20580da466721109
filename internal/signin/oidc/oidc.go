// Package oidc speaks OpenID Connect with identity providers: discovery, the authorization code flow with PKCE
// and a nonce, validation of ID and logout tokens.
//
// Every way in is the code flow: an ID token is taken only from the token endpoint, over a connection that
// this package opened. The libraries go-oidc and oauth2 check and exchange; this package adds what they leave
// to their users: the nonce, the authorized party, the issuer of the answer (RFC 9207), tokens from the future,
// and the subject of the user info. It does not know members: package identity decides who somebody is.
package oidc

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"latchkey/internal/fault"
	"latchkey/internal/identity"
	"latchkey/internal/outbound"
)

// Bounds of what a provider may cost.
const (
	Timeout    = 10 * time.Second // of all requests of one step together
	MostAnswer = 256 << 10        // bytes of one answer
	// fresh is how long the discovery document is used again.
	fresh = 10 * time.Minute
	// pace is the least time between two requests for the keys of a provider: tokens with unknown keys
	// cannot make the server ask again and again.
	pace = 5 * time.Second
	// most is how many steps of one provider wait for it at a time.
	most = 32
	// patience is how long another one waits for its turn.
	patience = 2 * time.Second
	// mostKnown is how many providers are known at a time, which is more than an organization may have.
	mostKnown = 64
	// early is how far the provider's clock may be ahead.
	early = 2 * time.Minute
)

// Client speaks with providers. It is safe for concurrent use.
type Client struct {
	http *http.Client
	now  func() time.Time

	mu    sync.Mutex
	known map[string]*known // by issuer
}

// New returns a client that makes its requests with an HTTP client whose time and size are bounded.
func New(client *http.Client, now func() time.Time) *Client {
	return &Client{http: client, now: now, known: map[string]*known{}}
}

// known is what is known of a provider.
type known struct {
	turns chan struct{} // one for each step that waits for the provider

	mu      sync.Mutex
	found   *document
	foundAt time.Time
	keys    oidc.KeySet
	keysAt  string // the address of the keys
}

// document is what of a discovery document is used.
type document struct {
	provider *oidc.Provider

	Keys          string   `json:"jwks_uri"`
	EndSession    string   `json:"end_session_endpoint"`
	UserInfo      string   `json:"userinfo_endpoint"`
	Algorithms    []string `json:"id_token_signing_alg_values_supported"`
	Methods       []string `json:"token_endpoint_auth_methods_supported"`
	NamesItself   bool     `json:"authorization_response_iss_parameter_supported"`
	Challenges    []string `json:"code_challenge_methods_supported"`
	Authorization string   `json:"authorization_endpoint"`
	Token         string   `json:"token_endpoint"`
}

// of returns what is known of an issuer. It makes room for a new one by forgetting all for which no step waits: they
// are read again when they are needed.
func (c *Client) of(issuer string) *known {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := c.known[issuer]
	if k == nil {
		if len(c.known) >= mostKnown {
			maps.DeleteFunc(c.known, func(_ string, k *known) bool { return len(k.turns) == 0 })
		}
		k = &known{turns: make(chan struct{}, most)}
		c.known[issuer] = k
	}
	return k
}

// forget drops what is known of an issuer, so that the next step asks again.
func (c *Client) forget(issuer string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.known, issuer)
}

// turn waits for a turn at a provider. A provider that answers slowly holds up its own steps only.
func (k *known) turn(ctx context.Context) (func(), error) {
	wait := time.NewTimer(patience)
	defer wait.Stop()
	select {
	case k.turns <- struct{}{}:
		return func() { <-k.turns }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-wait.C:
		return nil, fault.NewBusy("The identity provider answers slowly right now. Try again in a minute.", time.Minute)
	}
}

// discover returns the discovery document of an issuer. The caller has a turn, unless the document is known.
func (c *Client) discover(ctx context.Context, k *known, issuer string) (*document, error) {
	k.mu.Lock()
	found, age := k.found, c.now().Sub(k.foundAt)
	k.mu.Unlock()
	if found != nil && age >= 0 && age < fresh {
		return found, nil
	}
	provider, err := oidc.NewProvider(oidc.ClientContext(ctx, c.http), issuer)
	var other *oidc.IssuerMismatchError
	switch {
	case errors.As(err, &other):
		return nil, fmt.Errorf("the provider calls itself %q. Enter that as the issuer", clean(other.Discovered))
	case err != nil:
		return nil, errors.New(undiscovered(err))
	}
	d := &document{provider: provider}
	if err := provider.Claims(d); err != nil {
		return nil, errors.New("the provider's configuration is not what OpenID Connect expects")
	}
	if problem := d.problem(); problem != "" {
		return nil, errors.New(problem)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.found, k.foundAt = d, c.now()
	if k.keys == nil || k.keysAt != d.Keys {
		paced := &http.Client{Transport: &paced{next: c.http, now: c.now}, CheckRedirect: c.http.CheckRedirect, Timeout: Timeout}
		k.keys, k.keysAt = oidc.NewRemoteKeySet(oidc.ClientContext(context.Background(), paced), d.Keys), d.Keys
	}
	return d, nil
}

// problem returns what is missing in a document, or "".
func (d *document) problem() string {
	for name, address := range map[string]string{"authorization_endpoint": d.Authorization, "token_endpoint": d.Token, "jwks_uri": d.Keys} {
		if u, err := url.Parse(address); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
			return "the provider's configuration has no usable " + name
		}
	}
	if len(d.Challenges) > 0 && !slices.Contains(d.Challenges, "S256") {
		return "the provider does not support PKCE with S256"
	}
	return ""
}

// algorithms returns the signatures that are accepted: those of the provider, of which none is made with a
// shared secret.
func (d *document) algorithms() []string {
	var list []string
	for _, name := range []string{oidc.RS256, oidc.RS384, oidc.RS512, oidc.ES256, oidc.ES384, oidc.ES512,
		oidc.PS256, oidc.PS384, oidc.PS512, oidc.EdDSA} {
		if slices.Contains(d.Algorithms, name) {
			list = append(list, name)
		}
	}
	return list // empty is RS256
}

// step runs do with a turn, a deadline and the discovery document of a provider.
func (c *Client) step(ctx context.Context, issuer string, do func(context.Context, *known, *document) error) error {
	k := c.of(issuer)
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	done, err := k.turn(ctx)
	if err != nil {
		return err
	}
	defer done()
	d, err := c.discover(ctx, k, issuer)
	if err != nil {
		return err
	}
	return do(oidc.ClientContext(ctx, c.http), k, d)
}

// Discover reads the provider's configuration again. The error is a sentence for people, or Unavailable.
func (c *Client) Discover(ctx context.Context, issuer string) error {
	c.forget(issuer)
	err := c.step(ctx, issuer, func(context.Context, *known, *document) error { return nil })
	if err != nil && !fault.Is(err, fault.Unavailable) {
		return errors.New(sentence(err.Error()))
	}
	return err
}

// config returns the client of the provider for package oauth2.
func (d *document) config(s identity.Connection) *oauth2.Config {
	endpoint := d.provider.Endpoint()
	// Trying out both ways, as oauth2 does by default, could use up the code.
	endpoint.AuthStyle = oauth2.AuthStyleInHeader
	if s.Secret == "" || len(d.Methods) > 0 && !slices.Contains(d.Methods, "client_secret_basic") {
		endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	return &oauth2.Config{ClientID: s.ClientID, ClientSecret: s.Secret, Endpoint: endpoint, RedirectURL: s.Redirect,
		Scopes: []string{oidc.ScopeOpenID, oidc.ScopeEmail, oidc.ScopeProfile}}
}

// Begin returns the address at the provider where the person goes.
func (c *Client) Begin(ctx context.Context, s identity.Connection, r identity.Challenge) (string, error) {
	address := ""
	err := c.step(ctx, s.Issuer, func(_ context.Context, _ *known, d *document) error {
		options := []oauth2.AuthCodeOption{oidc.Nonce(r.Nonce), oauth2.S256ChallengeOption(r.Verifier)}
		if r.Again {
			options = append(options, oauth2.SetAuthURLParam("max_age", "0"))
		}
		address = d.config(s).AuthCodeURL(r.State, options...)
		return nil
	})
	return address, err
}

// EndSession returns the address at the provider that ends the person's session there and leads back, or "" if
// the provider has none.
func (c *Client) EndSession(ctx context.Context, s identity.Connection, token, back string) (string, error) {
	address := ""
	err := c.step(ctx, s.Issuer, func(_ context.Context, _ *known, d *document) error {
		u, err := url.Parse(d.EndSession)
		if err != nil || d.EndSession == "" || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
			return nil
		}
		q := u.Query()
		q.Set("client_id", s.ClientID)
		q.Set("post_logout_redirect_uri", back)
		if token != "" {
			q.Set("id_token_hint", token)
		}
		u.RawQuery = q.Encode()
		address = u.String()
		return nil
	})
	return address, err
}

// explain returns what went wrong with a request.
func explain(what string, err error) string {
	var status *oauth2.RetrieveError
	if errors.As(err, &status) {
		code := status.ErrorCode
		if code == "" && status.Response != nil {
			code = status.Response.Status
		}
		return what + ": the provider answered " + clean(code+" "+status.ErrorDescription)
	}
	return what + ": " + clean(outbound.Explain(err))
}

// undiscovered says why a discovery document cannot be read. An error that go-oidc makes of a status other than 200 holds the
// whole answer, often a page.
func undiscovered(err error) string {
	const what = "the provider's configuration cannot be read"
	if status, _, _ := strings.Cut(err.Error(), ": "); status != "" && '0' <= status[0] && status[0] <= '9' {
		return what + ": its address answers " + clean(status)
	}
	return explain(what, err)
}

// unread is why the keys of a provider could not be read. It says nothing about a token.
type unread struct{ error }

// paced reads the keys of a provider once in a while.
type paced struct {
	next *http.Client
	now  func() time.Time

	mu     sync.Mutex // also held during a request: the library makes one at a time
	last   time.Time
	failed error // how the last request failed: unread; nil: it did not
}

// RoundTrip makes the request, unless the last one was a moment ago.
func (p *paced) RoundTrip(r *http.Request) (*http.Response, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if since := p.now().Sub(p.last); since >= 0 && since < pace {
		return nil, cmp.Or(p.failed, errors.New("the keys were read a moment ago"))
	}
	p.last, p.failed = p.now(), nil
	response, err := p.next.Do(r)
	if err == nil && response.StatusCode != http.StatusOK {
		err = errors.Join(errors.New("the provider answered "+response.Status), response.Body.Close())
	}
	if err != nil {
		p.failed = unread{err}
		return nil, p.failed
	}
	return response, nil
}

// watched is the keys of a provider, for one token. It notes whether they could be read: of this error the library
// passes on the text alone.
type watched struct {
	oidc.KeySet
	unread bool
}

// VerifySignature returns what a token signs.
func (w *watched) VerifySignature(ctx context.Context, raw string) ([]byte, error) {
	payload, err := w.KeySet.VerifySignature(ctx, raw)
	w.unread = err != nil && (ctx.Err() != nil || errors.As(err, new(unread)))
	return payload, err
}
