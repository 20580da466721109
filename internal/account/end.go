package account

import (
	"cmp"
	"context"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
)

// Ending is how far a person's access ends.
type Ending uint8

// The endings, each of which includes those before it.
const (
	// Moved: the member has another email address. The open invitations to the address end. The one
	// to the old address would make a second member of the person; the one to the new address,
	// sent to somebody else perhaps, would set the password of a member who has none.
	Moved Ending = iota + 1
	// Demoted: the role Admin is gone. The open invitations to the person's address end, because
	// one of them may give the role back, and so do the Admin invitations that the person made,
	// because the person has seen their links.
	Demoted
	// Suspended: the member is deactivated. All sessions and the calendar link end as well. Personal tokens stay,
	// because verification refuses those of a deactivated owner.
	Suspended
	// Removed: the member is deleted. The personal tokens are deleted as well.
	Removed
)

// OpenInvitation is an invitation that can be accepted.
type OpenInvitation struct {
	ID            string
	Email         string
	Role          access.Role
	InvitedBy     string // id of a member
	InvitedByName string
	ExpiresAt     time.Time
}

// Target returns the invitation as the target of an event.
func (i OpenInvitation) Target() audit.Target {
	return audit.Target{Type: audit.TargetInvitation, ID: i.ID, Name: i.Email}
}

// Credentials is what gives access in the name of a person, or would give it.
type Credentials struct {
	Invitations []OpenInvitation
	Tokens      []HeldToken
}

// credentialEnder ends credentials.
type credentialEnder interface {
	recorder
	// EndCredentials ends what the ending of the access of members of one organization ends, and
	// returns it. Sessions are not returned. A new kind of credential is added here, and thereby for
	// every way in which a person's access can end.
	EndCredentials(ctx context.Context, members []Member, how Ending) (Credentials, error)
}

// EndCredentials ends every outstanding credential of members whose access ends, with an event
// for each invitation and token. Every change that takes the role Admin or the address, deactivates or
// deletes goes through it.
func EndCredentials(ctx context.Context, tx credentialEnder, by actor.Standing, how Ending, members ...Member) error {
	ended, err := tx.EndCredentials(ctx, members, how)
	if err != nil {
		return err
	}
	emails := make(map[string]string, 2*len(members)) // of who an invitation ends with, by address and by inviter
	for _, m := range members {
		emails[m.ID], emails[m.Email] = m.Email, m.Email
	}
	because := map[Ending]string{Moved: " is the old or the new address of a member.", Demoted: " is no longer an Admin.",
		Suspended: " was deactivated.", Removed: " was removed from the organization."}[how]
	for _, i := range ended.Invitations {
		before := audit.Fields{"email": i.Email, "role": i.Role, "expiresAt": audit.FormatTime(i.ExpiresAt),
			"because": cmp.Or(emails[i.Email], emails[i.InvitedBy]) + because}
		if err := tx.AppendEvent(ctx, audit.Did(by, audit.Deleted, i.Target()).Changed(before.String(), "")); err != nil {
			return err
		}
	}
	return noteDeleted(ctx, tx, by, ended.Tokens, "Its owner was removed from the organization.")
}

// ending returns how far the change from old to m ends the member's access. It returns 0 if it
// does not.
func ending(old, m Member) Ending {
	switch {
	case old.Status == Active && m.Status == Deactivated:
		return Suspended
	case old.Role == access.RoleAdmin && m.Role != access.RoleAdmin:
		return Demoted
	}
	return 0
}

// saveMember saves a change of a member with its event, and ends the credentials that end with
// it. It remembers until when the member was an Admin who could act as one.
func saveMember(ctx context.Context, tx memberUpdater, by actor.Standing, action audit.Action, old Member, m *Member) error {
	m.UpdatedAt = tx.Now()
	was := old.Role == access.RoleAdmin && old.Status == Active
	is := m.Role == access.RoleAdmin && m.Status == Active
	switch {
	case is:
		m.AdminUntil = time.Time{}
	case was, old.Role == access.RoleAdmin && m.AdminUntil.IsZero():
		m.AdminUntil = tx.Now()
	}
	if err := tx.UpdateMember(ctx, *m); err != nil {
		return err
	}
	if err := tx.AppendEvent(ctx, audit.Did(by, action, m.Target()).Changed(old.State().String(), m.State().String())); err != nil {
		return err
	}
	if how := ending(old, *m); how != 0 {
		return EndCredentials(ctx, tx, by, how, *m)
	}
	return nil
}
