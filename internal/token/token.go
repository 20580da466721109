package token

import (
	"encoding/json"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/audit"
)

// Token is a token without its secret, which nobody keeps. Times are UTC in whole
// milliseconds; the zero time means none or never.
type Token struct {
	ID            string
	Organization  string
	Kind          Kind
	Name          string
	Hint          string // what lists show of the secret: see [Hint]
	Owner         string // personal: the member's id
	OwnerName     string // personal: the member's name today; filled by reads
	Workspace     string // personal, workspace
	WorkspaceName string // its name today; filled by reads
	Scope         access.Scope
	Policy        access.Policy // workspace: its own policy, immutable; without the inherited baseline
	Legacy        bool          // imported: the secret does not have our format
	CreatedBy     string        // id of the member who made it; a service token outlives them
	CreatedByName string        // as it was then
	CreatedAt     time.Time
	ExpiresAt     time.Time // the first moment at which it is no longer good
	LastUsedAt    time.Time
	LastUsedFrom  []Use // the last few addresses, newest first
	DeletedAt     time.Time
	Suspended     bool // personal: the owner is deactivated or gone; filled by reads
}

// Use is one address that a token was used from, and when last.
type Use struct {
	IP string    `json:"ip"`
	At time.Time `json:"at"`
}

// State is how a token stands at a moment.
type State string

// The states. Only Active and ExpiresSoon tokens are good for anything.
const (
	Active      State = "active"
	ExpiresSoon State = "expires_soon"
	Expired     State = "expired"
	Suspended   State = "suspended"
	Deleted     State = "deleted"
)

// SoonAfter is how long before its end a token counts as one that expires soon.
const SoonAfter = 7 * 24 * time.Hour

// Label is the state in words.
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

// ExpiredAt reports whether a token with this end has expired at now. The boundary is exact: at
// its end it has. The zero end never comes.
func ExpiredAt(end, now time.Time) bool { return !end.IsZero() && !now.Before(end) }

// State is how the token stands at now. What cannot be undone comes first: a deleted token
// is Deleted even when it has expired, an expired one Expired even when its owner is
// deactivated. Package store says the same in SQL.
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

// target names the token in the audit log.
func (t Token) target() audit.Target {
	target := audit.Target{Type: audit.TargetServiceToken, ID: t.ID, Name: t.Name, Workspace: t.Workspace}
	if t.Kind == Personal {
		target.Type = audit.TargetPersonalToken
	}
	return target
}

// description is the JSON that the audit log keeps of a token: all that decides its power,
// and nothing of its secret.
func (t Token) description() (string, error) {
	d := struct {
		Name      string         `json:"name"`
		Kind      Kind           `json:"kind"`
		Hint      string         `json:"hint"`
		Owner     string         `json:"owner,omitempty"`
		Workspace string         `json:"workspace,omitempty"`
		Scope     access.Scope   `json:"scope,omitempty"`
		Policy    *access.Policy `json:"policy,omitempty"`
		ExpiresAt *string        `json:"expiresAt"` // null: never
	}{Name: t.Name, Kind: t.Kind, Hint: t.Hint, Owner: t.Owner, Workspace: t.Workspace, Scope: t.Scope}
	if t.Kind == Workspace {
		d.Policy = &t.Policy
	}
	if !t.ExpiresAt.IsZero() {
		end := audit.FormatTime(t.ExpiresAt)
		d.ExpiresAt = &end
	}
	text, err := json.Marshal(d)
	return string(text), err
}
