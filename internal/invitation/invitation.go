package invitation

import (
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/audit"
)

// Life is how long a link works.
const Life = 3 * 24 * time.Hour

// Invitation is an offer to become a member.
type Invitation struct {
	ID            string
	Organization  string
	Email         string // lower case
	Role          access.Role
	Groups        []account.Named // that still exist
	Workspaces    []account.Named // that still exist
	InvitedBy     string          // member id
	InvitedByName string          // their name at that time
	CreatedAt     time.Time
	ExpiresAt     time.Time // the first moment at which it can no longer be accepted
	AcceptedAt    time.Time
	DeletedAt     time.Time
}

// State is the state of an invitation at one moment.
type State string

// The states.
const (
	Pending  State = "pending"
	Expired  State = "expired"
	Accepted State = "accepted"
	Deleted  State = "deleted"
)

// State returns the state of the invitation at now.
func (i Invitation) State(now time.Time) State {
	switch {
	case !i.DeletedAt.IsZero():
		return Deleted
	case !i.AcceptedAt.IsZero():
		return Accepted
	case !now.Before(i.ExpiresAt):
		return Expired
	}
	return Pending
}

// Label returns the state in words.
func (s State) Label() string {
	switch s {
	case Pending:
		return "Pending"
	case Expired:
		return "Expired"
	case Accepted:
		return "Accepted"
	case Deleted:
		return "Deleted"
	}
	return "Unknown"
}

func (i Invitation) target() audit.Target {
	return audit.Target{Type: audit.TargetInvitation, ID: i.ID, Name: i.Email}
}

func (i Invitation) state() audit.Fields {
	return audit.Fields{"email": i.Email, "role": i.Role, "groups": account.Names(i.Groups), "workspaces": account.Names(i.Workspaces),
		"expiresAt": audit.FormatTime(i.ExpiresAt)}
}
