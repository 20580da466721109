package identity

import (
	"context"
	"time"
)

// Connection is how the server is known at a provider.
type Connection struct {
	Issuer      string
	ClientID    string
	Secret      string // empty for a public client
	Redirect    string // the address to which the provider sends people back
	GroupsClaim string // the claim or attribute to read groups from; empty: none

	// Metadata and SubjectAttribute are for SAML, where ClientID is the server's entity ID.
	Metadata         Metadata
	SubjectAttribute string // the attribute that says who somebody is; empty: the NameID
}

// Metadata is what is known of a provider of SAML.
type Metadata struct {
	EntityID     string   `json:"entityId"`
	SignOn       string   `json:"signOn"`       // where people are sent
	Certificates [][]byte `json:"certificates"` // with which it signs (DER)
}

// Challenge is what an answer must show to belong to a request. With OpenID Connect it is made from the state and a
// secret of the browser, so the server keeps nothing until the answer comes. With SAML the state is the id of a request
// that the server keeps.
type Challenge struct {
	State    string
	Nonce    string
	Verifier string // PKCE
	// Again says that the person is to sign in there again, since Made, even if the provider knows who they are.
	Again bool
	Made  time.Time
}

// Answer is what the browser brings back from a provider.
type Answer struct {
	State, Code, Issuer string
	Error, Description  string
	Response            string // of SAML, in Base64
}

// Logout is a notice of a provider that sessions have ended.
type Logout struct {
	ID      string // of the notice
	Subject string // empty if it names only a session
	Session string // empty if it is about all sessions of the subject
	Until   time.Time
}

// Protocol speaks with providers.
type Protocol interface {
	// Begin returns the address at the provider where the person goes.
	Begin(ctx context.Context, c Connection, r Challenge) (string, error)
	// Finish checks an answer. The error is a [Failure] if a check fails.
	Finish(ctx context.Context, c Connection, r Challenge, a Answer) (Proof, error)
}

// SAML is SAML 2.0. Package signin/saml speaks it.
type SAML interface {
	Protocol
	// Fetch reads the metadata of a provider from an address. The error is a sentence for people.
	Fetch(ctx context.Context, address string) (Metadata, error)
	// Read reads the metadata of a provider. The error is a sentence for people.
	Read(text string) (Metadata, error)
	// Describe returns the metadata of this server for a provider, as XML.
	Describe(c Connection) (string, error)
}

// OpenID is OpenID Connect. Package signin/oidc speaks it.
type OpenID interface {
	Protocol
	// Discover reads the configuration of an issuer again. The error is a sentence that says what is wrong with
	// it.
	Discover(ctx context.Context, issuer string) error
	// EndSession returns the address that ends the session at the provider; "" if there is none.
	EndSession(ctx context.Context, c Connection, token, back string) (string, error)
	// Logout checks a notice of a provider that sessions have ended. The error is Unavailable if the provider cannot be
	// asked.
	Logout(ctx context.Context, c Connection, raw string) (Logout, error)
}
