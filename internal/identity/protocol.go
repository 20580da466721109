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
	GroupsClaim string // the claim to read groups from; empty: none
}

// Challenge is what an answer must show to belong to a request. It is made from the state and a secret of the
// browser, so the server keeps nothing until the answer comes.
type Challenge struct {
	State    string
	Nonce    string
	Verifier string // PKCE
	Again    bool   // the person is to sign in again, even if the provider knows who they are
}

// Answer is what the browser brings back from a provider.
type Answer struct {
	State, Code, Issuer string
	Error, Description  string
}

// Logout is a notice of a provider that sessions have ended.
type Logout struct {
	ID      string // of the notice
	Subject string // empty if it names only a session
	Session string // empty if it is about all sessions of the subject
	Until   time.Time
}

// Protocol speaks with providers. Package signin/oidc does.
type Protocol interface {
	// Discover reads the configuration of an issuer again. The error is a sentence that says what is wrong with
	// it.
	Discover(ctx context.Context, issuer string) error
	// Begin returns the address at the provider where the person goes.
	Begin(ctx context.Context, c Connection, r Challenge) (string, error)
	// Finish checks an answer. The error is a [Failure] if a check fails.
	Finish(ctx context.Context, c Connection, r Challenge, a Answer) (Proof, error)
	// EndSession returns the address that ends the session at the provider; "" if there is none.
	EndSession(ctx context.Context, c Connection, token, back string) (string, error)
	// Logout checks a notice of a provider that sessions have ended. The error is Unavailable if the provider cannot be
	// asked.
	Logout(ctx context.Context, c Connection, raw string) (Logout, error)
}
