package invitation

import (
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/audit"
)

// Life is how long an invitation can be accepted.
const Life = 3 * 24 * time.Hour

// Invitation lets somebody become a member.
type Invitation struct {
	ID            string
	Organization  string
	Email         string // lower case
	Role          access.Role
	Groups        []account.Named // that still exist
	Workspaces    []account.Named // that still exist
	InvitedBy     string          // member id
	InvitedByName string          // as it was then
	CreatedAt     time.Time
	ExpiresAt     time.Time // the first moment at which it cannot be accepted any more
	AcceptedAt    time.Time
	DeletedAt     time.Time
}

// State is how an invitation stands at a moment.
type State string

// The states.
const (
	Pending  State = "pending"
	Expired  State = "expired"
	Accepted State = "accepted"
	Deleted  State = "deleted"
)

// State is how the invitation stands at now.
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

// Label is the state in words.
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
