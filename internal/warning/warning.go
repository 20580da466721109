// Package warning warns that tokens are about to end: it decides who is warned when, by mail, by an event that
// webhooks pass on, and in a calendar.
//
// A warning is an event of the audit log. It is appended, and its mails are queued, in the transaction that
// notes that the token was warned of, so each is there once. A mail is sent at least once: if the server dies
// after the mail server took it and before that is noted, it is sent again.
package warning

import (
	"context"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/token"
)

// Reason says why somebody is warned.
type Reason string

// The reasons.
const (
	IsOwner   Reason = "owner"
	IsContact Reason = "contact"
	IsMaker   Reason = "maker" // of a service token, still an Admin
	IsAdmin   Reason = "admin" // nobody else is there
)

// Recipient is who is warned by mail.
type Recipient struct {
	Email  string
	Member string // id; empty for a contact
	Reason Reason
}

// Mail is a mail about one warning.
type Mail struct {
	ID string
	Recipient
	Token   string
	End     time.Time
	Days    int // before End; 0: the token is suspended then, because nobody uses it
	Queued  time.Time
	Next    time.Time // the next try; zero: none
	Tries   int
	Sent    time.Time // zero if it was not sent
	Problem string    // why it was given up
}

// Calendar is the private address of a member's calendar, without its secret.
type Calendar struct {
	CreatedAt  time.Time
	Submission string // one-time key of the form that made it
}

// Reads is what is read outside and inside of transactions.
type Reads interface {
	// Thresholds returns what the organization chose, in any order; the default if it did not.
	Thresholds(ctx context.Context, organization string) ([]Threshold, error)
	// Contacts returns the contacts of a token.
	Contacts(ctx context.Context, token string) ([]string, error)
	// Member returns a member of the organization. The error is NotFound if there is none.
	Member(ctx context.Context, organization, id string) (account.Member, error)
	// ActiveAdmins returns the active Admins of the organization.
	ActiveAdmins(ctx context.Context, organization string) ([]account.Member, error)
	// IsDeactivated reports whether a member with this address is deactivated.
	IsDeactivated(ctx context.Context, organization, email string) (bool, error)
	// Token returns a token of the organization. The error is NotFound if there is none or it is deleted.
	Token(ctx context.Context, organization, id string) (token.Token, error)
}

// Store is what the use cases read outside of transactions, and how they begin one.
type Store interface {
	Reads
	// WarningOf returns about what was warned of this end of a token, and the mails, newest first.
	WarningOf(ctx context.Context, token string, end time.Time) (End, []Mail, error)
	// UnusedRule is as in [UnusedStore].
	UnusedRule(ctx context.Context, organization string) (int, error)
	// UnusedNotice returns the notice that a token is suspended because nobody uses it, if there is one.
	UnusedNotice(ctx context.Context, token string) (u Unused, ok bool, err error)
	// CalendarOf returns the calendar of a member; ok is false if there is none.
	CalendarOf(ctx context.Context, member string) (c Calendar, ok bool, err error)
	// CalendarMember returns the active member whose calendar has this digest. The error is NotFound if
	// there is none.
	CalendarMember(ctx context.Context, digest []byte) (account.Member, error)
	// CalendarTokens returns up to limit tokens of a member that expire after from, the soonest first, and
	// with services also the service tokens of the organization.
	CalendarTokens(ctx context.Context, organization, member string, services bool, from time.Time, limit int) ([]token.Token, error)
	// InTx runs fn in one write transaction of the caller.
	InTx(ctx context.Context, by actor.Caller, fn func(Tx) error) error
}

// Tx is what the use cases do in a transaction.
type Tx interface {
	// By returns the caller with the rights that they have in the transaction.
	By() actor.Standing
	Now() time.Time
	Reads
	// WarnedOrganization returns the id and the name of the installation's organization.
	WarnedOrganization(ctx context.Context) (id, name string, err error)
	// HoldThresholds returns what the organization chose, and when the server looked for ends last. If the organization
	// did not choose, it stores the default first.
	HoldThresholds(ctx context.Context, organization string) (looked time.Time, list []Threshold, err error)
	// SaveThresholds replaces them, and has the ends of all tokens looked at again.
	SaveThresholds(ctx context.Context, organization string, list []Threshold) error
	// SaveContacts replaces the contacts of a token.
	SaveContacts(ctx context.Context, token string, emails []string) error
	// CalendarOf is as in [Store].
	CalendarOf(ctx context.Context, member string) (c Calendar, ok bool, err error)
	// SaveCalendar gives a member a calendar with this digest, instead of the one before.
	SaveCalendar(ctx context.Context, member string, digest []byte, c Calendar) error
	// DeleteCalendar deletes the calendar of a member. The error is NotFound if there is none.
	DeleteCalendar(ctx context.Context, member string) error
	// AppendEvent appends an event to the audit log.
	AppendEvent(ctx context.Context, e audit.Event) error
}

// Mailer sends plain-text mails and logs what it cannot send. After an error the mail may not have arrived.
type Mailer interface {
	Send(ctx context.Context, to, subject, text string) error
}

// Deps is what a [Service] needs. Store, Catalogue, Queue, Unused and Link are required.
type Deps struct {
	Store     Store
	Queue     Queue
	Unused    UnusedStore
	Catalogue *access.Catalogue
	Now       func() time.Time // time.Now if nil
	Mailer    Mailer           // nil: nobody is warned by mail
	Link      func(token string) string
}

// Service is the use cases of warnings, and the work in the background. It is safe for concurrent use.
type Service struct{ d Deps }

// New returns a service.
func New(d Deps) *Service {
	if d.Now == nil {
		d.Now = time.Now
	}
	return &Service{d}
}

// Mails reports whether warnings are sent by mail.
func (s *Service) Mails() bool { return s.d.Mailer != nil }
