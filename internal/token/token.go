package token

import (
	"encoding/json"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
)

// Token is a token without its secret, which is not stored. Times are UTC in whole milliseconds;
// the zero time means none or never.
type Token struct {
	ID            string
	Organization  string
	Kind          Kind
	Name          string
	Description   string // what its owner or an Admin says of it; may have several lines
	Hint          string // the part of the secret that lists show: see [Hint]
	Owner         string // id of the member, of a personal token
	OwnerName     string // their current name; set when read
	Workspace     string // id; empty for an organization token
	WorkspaceName string // its current name; set when read
	Scope         access.Scope
	Policy        access.Policy // own policy of a workspace token, without the baseline; immutable
	Legacy        bool          // whether it was imported, with a secret of another format
	CreatedBy     string        // id of the member who generated it; a service token stays when they are deleted
	CreatedByName string        // their name at that time
	CreatedAt     time.Time
	ExpiresAt     time.Time // the first moment at which it no longer works
	LastUsedAt    time.Time
	LastUsedFrom  []Use // the last few addresses, newest first
	DeletedAt     time.Time
	Addresses     actor.Ranges // from which it may be used, besides those of the organization; none: from any
	Previous      bool         // whether it was found by a previous secret, and Hint and ExpiresAt are that one's
	Suspension    Suspension
	Suspended     bool // whether it has a suspension, or its owner is deactivated or deleted; set when read
}

// Suspension is by whom, when and why a token was suspended. The zero Suspension is none. It does not
// say whether the owner of a personal token is deactivated, which suspends the token too.
type Suspension struct {
	At     time.Time
	By     string // id of the member; empty for the server
	ByName string // their name at that time
	Reason string // in their words; may be empty
}

// Set reports whether there is a suspension.
func (s Suspension) Set() bool { return !s.At.IsZero() }

// Use is an address that a token was used from, and the time of the last such use.
type Use struct {
	IP string    `json:"ip"`
	At time.Time `json:"at"`
}

// State is the state of a token at one moment.
type State string

// The states. Only tokens that are Active or ExpiresSoon work.
const (
	Active      State = "active"
	ExpiresSoon State = "expires_soon"
	Expired     State = "expired"
	Suspended   State = "suspended"
	Deleted     State = "deleted"
)

// SoonAfter is how long before its expiry a token is ExpiresSoon.
const SoonAfter = 7 * 24 * time.Hour

// Label returns the state in words.
func (s State) Label() string {
	switch s {
	case Active:
		return "Active"
	case ExpiresSoon:
		return "Expires soon"
	case Expired:
		return "Expired"
	case Suspended:
		return "Suspended"
	case Deleted:
		return "Deleted"
	}
	return "Unknown"
}

// ExpiredAt reports whether a token that expires at end has expired at now. It has expired at end
// itself. The zero end means that it never expires.
func ExpiredAt(end, now time.Time) bool { return !end.IsZero() && !now.Before(end) }

// State returns the state of the token at now. Where several apply, the one that cannot be undone
// wins: a deleted token is Deleted even if it has expired, and an expired one is Expired even if
// it is suspended. Package store has the same rule in SQL.
func (t Token) State(now time.Time) State {
	switch {
	case !t.DeletedAt.IsZero():
		return Deleted
	case ExpiredAt(t.ExpiresAt, now):
		return Expired
	case t.Suspended:
		return Suspended
	case ExpiredAt(t.ExpiresAt, now.Add(SoonAfter)):
		return ExpiresSoon
	}
	return Active
}

// Target returns the token as the target of an event.
func (t Token) Target() audit.Target {
	target := audit.Target{Type: audit.TargetServiceToken, ID: t.ID, Name: t.Name, Workspace: t.Workspace}
	if t.Kind == Personal {
		target.Type = audit.TargetPersonalToken
	}
	return target
}

// reasoned is what an event records about a suspension.
type reasoned struct {
	By     string `json:"by"`
	Reason string `json:"reason,omitempty"`
}

// ending is what an event records about the previous secret of a token.
type ending struct {
	Hint   string `json:"hint"`
	EndsAt string `json:"endsAt"`
}

// description returns what an event records about a token, as JSON. It has everything that
// decides what the token may do, and nothing of its secret.
func (t Token) description() (string, error) { return t.describe(nil, "") }

// describe is like description, with a previous secret if there is one, and with why it was ended if that is
// known.
func (t Token) describe(previous *SecretState, because string) (string, error) {
	d := struct {
		Name      string         `json:"name"`
		Text      string         `json:"description,omitempty"`
		Kind      Kind           `json:"kind"`
		Hint      string         `json:"hint"`
		Owner     string         `json:"owner,omitempty"`
		Workspace string         `json:"workspace,omitempty"`
		Scope     access.Scope   `json:"scope,omitempty"`
		Policy    *access.Policy `json:"policy,omitempty"`
		ExpiresAt *string        `json:"expiresAt"` // null for never
		Suspended *reasoned      `json:"suspended,omitempty"`
		Addresses []string       `json:"allowedAddresses,omitempty"`
		Previous  *ending        `json:"previous,omitempty"`
		Because   string         `json:"because,omitempty"`
	}{Name: t.Name, Text: t.Description, Kind: t.Kind, Hint: t.Hint, Owner: t.Owner, Workspace: t.Workspace, Scope: t.Scope,
		Addresses: t.Addresses.Texts(), Because: because}
	if t.Kind == Workspace {
		d.Policy = &t.Policy
	}
	if !t.ExpiresAt.IsZero() {
		end := audit.FormatTime(t.ExpiresAt)
		d.ExpiresAt = &end
	}
	if t.Suspension.Set() {
		d.Suspended = &reasoned{By: t.Suspension.ByName, Reason: t.Suspension.Reason}
	}
	if previous != nil {
		d.Previous = &ending{Hint: previous.Hint, EndsAt: audit.FormatTime(previous.EndsAt)}
	}
	text, err := json.Marshal(d)
	return string(text), err
}
