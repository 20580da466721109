// Package signin authenticates people: passwords, sessions and throttling of attempts.
//
// A session is a row with a public id, which identifies it in lists and in the audit log, and a
// secret of 256 random bits, which only the browser's cookie holds; the database stores its
// SHA-256 digest. A sign-in always creates a new session. A session ends by sign-out, at the
// idle or the absolute limit, when its owner, an Admin or a password change ends it, or with the
// access of its member. A password change gives the current session a new id and a new secret.
//
// The package does not decide about permissions (package access), verify access tokens (package
// verify) or handle cookies and requests (package web/ui).
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

// Limits of a session. IdleLimit counts from the last recorded use, which is written at most
// once per TouchInterval, so a session may end up to TouchInterval early, but never late.
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

// EndsAt returns the time at which the session ends if it is not used again.
func (s Session) EndsAt() time.Time {
	idle, absolute := s.LastSeenAt.Add(IdleLimit), s.CreatedAt.Add(AbsoluteLimit)
	if idle.Before(absolute) {
		return idle
	}
	return absolute
}

// Live reports whether the session has not ended at now. It does not consider whether its
// member is deactivated.
func (s Session) Live(now time.Time) bool { return now.Before(s.EndsAt()) }

// Started is a new session with the secret for its cookie. The secret cannot be read again
// later. Started prints and marshals without it.
type Started struct {
	Session Session
	Secret  string `json:"-"`
}

// String returns the session's id only, so that a log line cannot contain the secret.
func (s Started) String() string { return "session " + s.Session.ID }

// GoString returns String, so that %#v does not show the secret either.
func (s Started) GoString() string { return s.String() }

// Account is what a sign-in needs of a member.
type Account struct {
	ID           string
	Organization string
	Email        string // lower case
	Name         string
	Role         access.Role
	Active       bool
	PasswordHash string // empty: cannot sign in with a password
}

// caller returns the member as the actor of an event.
func (a Account) caller(origin actor.Origin) actor.Standing {
	return actor.Standing{
		Principal: access.Principal{Kind: access.Member, ID: a.ID, Organization: a.Organization, Role: a.Role},
		Name:      a.Name, Email: a.Email, Origin: origin,
	}
}

// Service implements the use cases of signing in. It is safe for concurrent use.
type Service struct {
	store     Store
	hasher    Hasher
	catalogue *access.Catalogue
	touching  sync.Map // ids of the sessions whose last use is being written right now
	flood     flood    // of failed sign-ins
}

// New returns a service, which uses the store's clock.
func New(store Store, hasher Hasher, catalogue *access.Catalogue) *Service {
	return &Service{store: store, hasher: hasher, catalogue: catalogue}
}

const secretBytes = 32

// newSecret returns a new secret for a session: 256 bits from the system's secure source, as
// base64url without padding, 43 characters.
func newSecret() string {
	b := make([]byte, secretBytes)
	// It never fails: without a source of randomness the program crashes.
	_, _ = rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

// digest returns the digest of a secret as the database stores it. It returns nil for a text
// that cannot be a secret, which saves a query.
func digest(secret string) []byte {
	b, err := base64.RawURLEncoding.Strict().DecodeString(secret)
	if err != nil || len(b) != secretBytes {
		return nil
	}
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}
