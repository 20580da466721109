// Package signin proves who a person is and remembers it: passwords, sessions and the
// throttling of attempts.
//
// A session is a row with a public id, which names it in lists and in the audit log, and a
// secret of 256 random bits, which only the browser's cookie holds: the database has its
// SHA-256 digest. A sign-in always makes a new session. Sessions end by sign-out, by the
// idle and the absolute limit, when their owner or a password change ends them, and they
// rest while their member is deactivated.
//
// The package decides nothing about permissions (package access), verifies no access
// tokens (package verify) and knows neither cookies nor requests (package web/ui).
package signin

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"sync"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/actor"
)

// How long a session lives. Idle counts from the last recorded use, which is written at
// most once per TouchInterval, so a session may end up to TouchInterval early, never late.
const (
	IdleLimit     = 24 * time.Hour
	AbsoluteLimit = 14 * 24 * time.Hour
	TouchInterval = time.Minute
)

// Session is one signed-in browser. It holds no secret.
type Session struct {
	ID           string // public
	Member       string // id
	Organization string // of the member
	CreatedAt    time.Time
	LastSeenAt   time.Time // at most TouchInterval behind
	IP           string    // where it was started
	UserAgent    string    // which browser started it, as sent
	Notices      []Notice  // waiting to be shown, see [Service.TakeFlash]
}

// EndsAt is the first moment at which the session is over if it is not used again.
func (s Session) EndsAt() time.Time {
	idle, absolute := s.LastSeenAt.Add(IdleLimit), s.CreatedAt.Add(AbsoluteLimit)
	if idle.Before(absolute) {
		return idle
	}
	return absolute
}

// Live reports whether the session may be used at now, deactivation of its member aside.
func (s Session) Live(now time.Time) bool { return now.Before(s.EndsAt()) }

// Started is a session that was just made, with the secret for its cookie. This is the
// only time that the secret is to be had. It prints and marshals without it.
type Started struct {
	Session Session
	Secret  string `json:"-"`
}

// String names the session only, so that a log line cannot hold the secret.
func (s Started) String() string { return "session " + s.Session.ID }

// GoString is String: %#v must not show the secret either.
func (s Started) GoString() string { return s.String() }

// Account is what a sign-in needs to know of a member.
type Account struct {
	ID           string
	Organization string
	Email        string // lower case
	Name         string
	Role         access.Role
	Active       bool
	PasswordHash string // empty: cannot sign in with a password
}

// caller is the member as the audit log names the one who acts.
func (a Account) caller(origin actor.Origin) actor.Standing {
	return actor.Standing{
		Principal: access.Principal{Kind: access.Member, ID: a.ID, Organization: a.Organization, Role: a.Role},
		Name:      a.Name, Email: a.Email, Origin: origin,
	}
}

// Service is the use cases of signing in. It is safe for concurrent use.
type Service struct {
	store    Store
	hasher   Hasher
	touching sync.Map // ids of the sessions whose last use is being written right now
}

// New wires the service. The clock is the store's.
func New(store Store, hasher Hasher) *Service { return &Service{store: store, hasher: hasher} }

const secretBytes = 32

// newSecret makes a session's secret: 256 bits of the system's secure source, base64url
// without padding, 43 characters.
func newSecret() string {
	b := make([]byte, secretBytes)
	// It never fails: when the system has no randomness the program ends.
	_, _ = rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

// digest is what the database keeps of a secret; nil for a text that cannot be one, which
// then costs no look-up.
func digest(secret string) []byte {
	b, err := base64.RawURLEncoding.Strict().DecodeString(secret)
	if err != nil || len(b) != secretBytes {
		return nil
	}
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}
