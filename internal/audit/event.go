// Package audit is the audit log: what happened, who did it, through which token and from where.
//
// Audit is not logging. The store writes an [Event] in the transaction of the change that it
// records, and the database refuses to change or delete it. Each event carries the hash of the
// one before it, so [Verify] and [VerifyFile] find what was done behind the program's back. The
// [Service] searches, exports, indexes and prunes the log. The package does no I/O of its own.
package audit

import (
	"time"

	"latchkey/internal/access"
	"latchkey/internal/actor"
)

// ActorType is the kind of actor that did something.
type ActorType string

// The actor types of the audit log API.
const (
	User               ActorType = "user"
	ServiceAccessToken ActorType = "service_access_token"
	System             ActorType = "system"
)

// Target is what was acted upon.
type Target struct {
	Type      TargetType
	ID        string
	Name      string // as it was then: renaming the target does not change the log
	Workspace string // id of the workspace it belongs to; empty if it belongs to the organization
}

// Event is one entry of the audit log. The store fills ID, Seq, Time, Clock, PrevHash and Hash.
type Event struct {
	Seq          int64 // 1, 2, 3 … without gaps
	ID           string
	Time         time.Time // grows with Seq, whatever the clocks do; UTC, millisecond precision
	Clock        time.Time // what the server's clock said; never after Time; zero in events of older servers
	Organization string
	Workspace    string
	ActorType    ActorType
	ActorID      string
	ActorName    string
	ActorEmail   string
	TokenID      string // id of the token that was used; empty for none
	Action       Action
	Target       Target
	Origin       actor.Origin
	Before       string // JSON of the state before, where it matters; empty otherwise
	After        string // JSON of the state after
	PrevHash     []byte // Hash of the event with the previous Seq; 32 zero bytes for the first
	Hash         []byte // what Sum returns
}

// Displacement is how far the time of an event may be ahead of the clock that recorded it, before
// people are shown the clock's. It gets ahead by milliseconds when many events are written at once, and
// by more only when a clock was set back, or those of two nodes differ.
const Displacement = 5 * time.Second

// When returns the time of e for people: Time, unless the clock said something else.
func (e Event) When() time.Time {
	if e.Clock.IsZero() || e.Time.Sub(e.Clock) <= Displacement {
		return e.Time
	}
	return e.Clock
}

// Did returns the event of c doing action to target.
func Did(c actor.Standing, action Action, target Target) Event {
	e := Event{
		Organization: c.Organization,
		Workspace:    target.Workspace,
		ActorType:    System,
		ActorName:    c.Name,
		ActorEmail:   c.Email,
		Action:       action,
		Target:       target,
		Origin:       c.Origin,
	}
	switch c.Kind {
	case access.Member:
		e.ActorType, e.ActorID = User, c.ID
	case access.PersonalToken:
		e.ActorType, e.ActorID, e.TokenID = User, c.Owner, c.ID
	case access.WorkspaceToken, access.OrganizationToken:
		e.ActorType, e.ActorID, e.TokenID = ServiceAccessToken, c.ID, c.ID
	case access.Nobody:
		e.ActorID = c.ID // of an identity provider; empty for the system, and for somebody who failed to sign in
	}
	return e
}

// Changed returns a copy of e with the states before and after, which are JSON.
func (e Event) Changed(before, after string) Event {
	e.Before, e.After = before, after
	return e
}
