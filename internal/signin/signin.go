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
	"log/slog"
	"sync"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/seal"
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
	Proof        actor.Proof
	// FactorFrom is from when on the organization requires a second factor of the member; zero: it does not.
	FactorFrom time.Time
}

// Lacks reports whether the session lacks the second factor that the organization requires at now. Then it may only add
// one, or end. What an identity provider vouches for lacks nothing: the provider is responsible for how people prove
// who they are.
func (s Session) Lacks(now time.Time) bool {
	return s.Proof.How == actor.ByPassword && !s.FactorFrom.IsZero() && !now.Before(s.FactorFrom)
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

// Browser is what a browser sends besides what somebody types. Fields are empty for what it does not send.
type Browser struct {
	Session string // secret of its session, live or not
	Marker  string // secret by which it is recognized, see [Service.SignIn]
}

// Started is a new session with the secret for its cookie, or a sign-in that waits for a second factor. The
// secrets cannot be read again later. Started prints and marshals without them.
type Started struct {
	Session Session
	Secret  string `json:"-"`
	Pending string `json:"-"` // secret of the sign-in that waits; then there is no session
	Marker  string `json:"-"` // for the browser to keep; empty if it sent one that stays
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
	Seen         bool   // has signed in before
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
	rule      *PasswordRule
	mailer    Mailer // nil: links are only shown
	keys      seal.Ring
	address   func() string // of the server; nil: no passkeys
	forgotten *queue        // requests for a link
	alerts    *queue
}

// Option configures an optional part of a [Service].
type Option func(*Service)

// WithMailer sends links that set a password by email as well, and alerts. Without it links are only shown.
// The mailer logs what it cannot send.
func WithMailer(m Mailer) Option { return func(s *Service) { s.mailer = m } }

// WithKeys gives the keys of the installation, which seal the secrets of authenticator apps. Without them
// nobody can set one up.
func WithKeys(keys seal.Ring) Option { return func(s *Service) { s.keys = keys } }

// WithPasswordRule replaces the rule for new passwords, which knows no breached ones by default.
func WithPasswordRule(r *PasswordRule) Option { return func(s *Service) { s.rule = r } }

// New returns a service, which uses the store's clock.
func New(store Store, hasher Hasher, catalogue *access.Catalogue, options ...Option) *Service {
	s := &Service{store: store, hasher: hasher, catalogue: catalogue, rule: NewPasswordRule(nil, slog.New(slog.DiscardHandler)),
		forgotten: newQueue("answer somebody who forgot their password", forgotQueue), alerts: newQueue("send an alert by email", alertQueue)}
	for _, option := range options {
		option(s)
	}
	return s
}
