// Package actor says who acts and from where.
//
// A [Caller] is a reference: a session, a token, an API client, the server itself or
// somebody who is not signed in, with the [Origin] of the request. It carries no rights, so
// nothing can be decided on what it once was. A [Standing] is what the database says about a
// caller at one moment, rights included. Use cases that write take a Caller and get the
// Standing from their transaction; use cases that only read take a Standing.
//
// The package does no I/O and authenticates nobody. It decides nothing but whether a proof is recent.
package actor

import (
	"strings"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
)

// Kind says what a reference refers to.
type Kind uint8

// The kinds. Nobody is the zero value, so a forgotten reference may do nothing.
const (
	Nobody  Kind = iota
	Visitor      // somebody who is not signed in: signing in, setting up, accepting an invitation
	Session      // a signed-in member; ID is the session's
	Token        // an access token of any kind; ID is the token's
	Client       // an API client; ID is the client's
	Server       // the server itself or its operator at the command line; it has no ID
)

// NotSignedIn is the name of a [Visitor] in the audit log.
const NotSignedIn = "Not signed in"

// Ref refers to who acts.
type Ref struct {
	Kind Kind
	ID   string // public id of the session, the token or the API client
	// Organization is the organization that the server acts for. It is empty for all other
	// kinds: the transaction finds theirs.
	Organization string
	// Digest is that of the secret by which a token was presented. A token has several while it is
	// rotated, which end at different times. The zero digest is the current secret's.
	Digest [32]byte
}

// Origin is where a request came from. It holds no credential.
type Origin struct {
	IP        string // address of the client, without port
	UserAgent string // as sent, at most 256 bytes of valid UTF-8
	RequestID string
}

// maxAgent bounds the user agent that an origin keeps, in bytes.
const maxAgent = 256

// NewOrigin returns the origin of a request. The user agent is cut to 256 bytes; what is
// no UTF-8 is left out.
func NewOrigin(ip, userAgent, requestID string) Origin {
	return Origin{IP: ip, UserAgent: plaintext.ClipBytes(strings.ToValidUTF8(userAgent, ""), maxAgent), RequestID: requestID}
}

// Caller is who asks for a change. Use cases that write take one as their first argument
// after the context.
type Caller struct {
	Ref    Ref
	Origin Origin
	// enrols says that the act adds a second factor; see Enrolling.
	enrols bool
}

// Enrolling returns the caller for an act by which a member adds a second factor. A session that lacks one although the
// organization requires it may do nothing else: the transaction refuses any other caller.
func (c Caller) Enrolling() Caller {
	c.enrols = true
	return c
}

// Enrols reports whether the caller is for an act that adds a second factor.
func (c Caller) Enrols() bool { return c.enrols }

// System returns the caller that is the server itself (expiry, set-up, commands of the
// operator), acting for an organization. An empty organization is the whole installation.
func System(organization string) Caller {
	return Caller{Ref: Ref{Kind: Server, Organization: organization}}
}

// Anonymous returns the caller for somebody who is not signed in.
func Anonymous(origin Origin) Caller {
	return Caller{Ref: Ref{Kind: Visitor}, Origin: origin}
}

// Standing is a caller as the database knows it at one moment: the principal that
// [access.Decide] takes, and the names that the audit log keeps.
type Standing struct {
	access.Principal
	Name   string // of the member or the token, as it is now
	Email  string // of the member; empty for tokens of nobody
	Ref    Ref
	Origin Origin
	Proof  Proof // of the session; zero without one
}

// Assurance is how a session was proven.
type Assurance string

// The kinds of assurance.
const (
	ByPassword Assurance = "password"
	ByFactor   Assurance = "factor"   // a password and a second factor, or a passkey
	ByProvider Assurance = "provider" // an identity provider vouches for the person, and is responsible for how
)

// Proof is how and when the person behind a session last proved who they are. How is the strongest of the session.
type Proof struct {
	How Assurance
	At  time.Time // zero: not any more
}

// ProofLife is how long a proof counts for acts that ask again.
const ProofLife = 15 * time.Minute

// ClockSkew is how far the clocks of two nodes may differ.
const ClockSkew = time.Minute

// Recent reports whether the proof was made within [ProofLife]. One from the future is from before the clock was set
// back, and does not count.
func (p Proof) Recent(now time.Time) bool {
	return !p.At.IsZero() && now.Sub(p.At) < ProofLife && p.At.Sub(now) <= ClockSkew
}

// MustBeProven returns an Unproven fault for a session that was not proven within [ProofLife]. act completes "Confirm
// it's you to …". Callers without a session, such as tokens, are never asked. Use cases that ask again call it with the
// standing and the time of their transaction, after they have decided whether the caller may do it at all.
func (s Standing) MustBeProven(now time.Time, act string) error {
	if s.Ref.Kind != Session || s.Proof.Recent(now) {
		return nil
	}
	return fault.NewUnproven(act)
}

// Caller returns the reference of the standing, for use cases that write.
func (s Standing) Caller() Caller { return Caller{Ref: s.Ref, Origin: s.Origin} }

// Self returns the id of the member behind the standing: the member itself or the owner of
// a personal token. It is empty for everybody else.
func (s Standing) Self() string {
	switch s.Kind {
	case access.Member:
		return s.ID
	case access.PersonalToken:
		return s.Owner
	}
	return ""
}

// OfSystem returns the standing of the server itself. Its principal may do nothing: what
// the server does by itself no permission decides.
func OfSystem(organization string) Standing {
	return Standing{Principal: access.Principal{Organization: organization}, Name: "System",
		Ref: Ref{Kind: Server, Organization: organization}}
}
