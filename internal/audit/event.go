// Package audit is the vocabulary of the audit log and its hash chain: what happened,
// who did it, through what and from where.
//
// Audit is not logging. An [Event] is written in the transaction of the change that it
// tells of, by the store, and is never changed afterwards. The package does no I/O; the
// store appends, the database refuses updates and deletes by trigger.
package audit

import (
	"time"

	"latchkey/internal/access"
	"latchkey/internal/actor"
)

// ActorType classes who did something.
type ActorType string

// The actor types of the audit log API.
const (
	User               ActorType = "user"
	ServiceAccessToken ActorType = "service_access_token"
	System             ActorType = "system"
)

// Target is what was acted upon. Name is a snapshot: renaming it later does not change
// the log.
type Target struct {
	Type      TargetType
	ID        string
	Name      string
	Workspace string // id of the workspace it belongs to; empty for the organization's
}

// Event is one entry of the audit log. The store fills ID, Seq, Time, PrevHash and Hash.
type Event struct {
	Seq          int64 // 1, 2, 3 … without gaps
	ID           string
	Time         time.Time // UTC, millisecond precision
	Organization string
	Workspace    string
	ActorType    ActorType
	ActorID      string
	ActorName    string
	ActorEmail   string
	TokenID      string // the token that carried the act, if one did
	Action       Action
	Target       Target
	Origin       actor.Origin
	Before       string // JSON of what was there before, where it matters; "" otherwise
	After        string // JSON of what is there now
	PrevHash     []byte // Hash of the event with the previous Seq; 32 zero bytes for the first
	Hash         []byte // SHA-256, see [Event.Sum]
}

// Did returns the event that says that who c stands for did action to target.
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
		// The system, or somebody who is not known (yet): a failed sign-in.
	}
	return e
}

// Changed adds what was there before and after, as JSON texts, and returns the event.
func (e Event) Changed(before, after string) Event {
	e.Before, e.After = before, after
	return e
}
