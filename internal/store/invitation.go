package store

import (
	"context"
	"database/sql"
	"time"

	"latchkey/internal/actor"
	"latchkey/internal/fault"
	"latchkey/internal/invitation"
)

// Invitations returns the store as package invitation sees it.
func Invitations(s *Store) invitation.Store { return invitations{s, s} }

type invitations struct {
	invitation.Reads
	store *Store
}

// InTx runs fn in one write transaction.
func (i invitations) InTx(ctx context.Context, by actor.Caller, fn func(invitation.Tx) error) error {
	return i.store.InTx(ctx, by, func(tx *Tx) error { return fn(tx) })
}

// InAcceptTx is InTx for accepting an invitation.
func (i invitations) InAcceptTx(ctx context.Context, by actor.Caller, fn func(invitation.AcceptTx) error) error {
	return i.store.InTx(ctx, by, func(tx *Tx) error { return fn(tx) })
}

const invitationColumns = `i.id, i.organization_id, i.email, i.role, i.invited_by, i.invited_by_name, i.created_at,
	i.expires_at, i.accepted_at, i.deleted_at`

func scanInvitation(row scanner) (invitation.Invitation, error) {
	var i invitation.Invitation
	var created, expires int64
	var accepted, deleted sql.NullInt64
	err := row.Scan(&i.ID, &i.Organization, &i.Email, &i.Role, &i.InvitedBy, &i.InvitedByName, &created, &expires, &accepted, &deleted)
	i.CreatedAt, i.ExpiresAt = moment(created), moment(expires)
	i.AcceptedAt, i.DeletedAt = maybeMoment(accepted), maybeMoment(deleted)
	return i, err
}

// FindInvitations returns one page of the invitations that are not deleted, newest first, and
// their number on all pages.
func (q *queries) FindInvitations(ctx context.Context, organization string, query invitation.Query,
	now time.Time) ([]invitation.Invitation, int, error) {
	where := ` FROM invitations i WHERE i.organization_id = $1 AND i.deleted_at IS NULL
		AND ($2 = '' OR i.email LIKE $3 ESCAPE '\')
		AND ($4 = '' OR $4 = CASE WHEN i.accepted_at IS NOT NULL THEN 'accepted' WHEN i.expires_at <= $5 THEN 'expired' ELSE 'pending' END)`
	lower, _, _ := likePatterns(query.Search)
	filter := []any{organization, query.Search, lower, string(query.State), millis(now)}
	total, err := q.number(ctx, `SELECT count(*)`+where, filter...)
	if err != nil {
		return nil, 0, err
	}
	rows, err := all(ctx, q, scanInvitation, `SELECT `+invitationColumns+where+` ORDER BY i.created_at DESC, i.id DESC LIMIT $6 OFFSET $7`,
		append(filter, query.Limit, query.Offset)...)
	if err != nil {
		return nil, 0, err
	}
	return rows, total, q.fillInvitations(ctx, rows)
}

// fillInvitations adds the groups and workspaces.
func (q *queries) fillInvitations(ctx context.Context, list []invitation.Invitation) error {
	if len(list) == 0 {
		return nil
	}
	var ids []any
	for _, i := range list {
		ids = append(ids, i.ID)
	}
	in := placeholders(1, len(ids))
	groups, err := q.namedBy(ctx, `SELECT ig.invitation_id, g.id, g.name FROM invitation_groups ig JOIN groups g ON g.id = ig.group_id
		WHERE ig.invitation_id IN (`+in+`) ORDER BY lower(g.name), g.id`, ids...)
	if err != nil {
		return err
	}
	workspaces, err := q.namedBy(ctx,
		`SELECT iw.invitation_id, w.id, w.name FROM invitation_workspaces iw JOIN workspaces w ON w.id = iw.workspace_id
		WHERE iw.invitation_id IN (`+in+`) ORDER BY lower(w.name), w.id`, ids...)
	for n := range list {
		list[n].Groups, list[n].Workspaces = groups[list[n].ID], workspaces[list[n].ID]
	}
	return err
}

// invitation returns one invitation with its groups and workspaces.
func (q *queries) invitation(ctx context.Context, where string, args ...any) (invitation.Invitation, error) {
	i, err := one(ctx, q, "That invitation", scanInvitation, `SELECT `+invitationColumns+` FROM invitations i WHERE `+where, args...)
	if err != nil {
		return i, err
	}
	list := []invitation.Invitation{i}
	err = q.fillInvitations(ctx, list)
	return list[0], err
}

// InvitationByID returns an invitation of the organization that is not deleted; NotFound otherwise.
func (q *queries) InvitationByID(ctx context.Context, organization, id string) (invitation.Invitation, error) {
	return q.invitation(ctx, `i.organization_id = $1 AND i.id = $2 AND i.deleted_at IS NULL`, organization, id)
}

// InvitationByDigest returns the invitation with the given digest of its link's secret, in any
// state; NotFound if there is none.
func (q *queries) InvitationByDigest(ctx context.Context, digest []byte) (invitation.Invitation, error) {
	return q.invitation(ctx, `i.digest = $1`, digest)
}

const pendingInvitation = ` i.accepted_at IS NULL AND i.deleted_at IS NULL AND i.expires_at > $2 `

// CountPendingInvitations returns the number of invitations that can be accepted at now.
func (q *queries) CountPendingInvitations(ctx context.Context, organization string, now time.Time) (int, error) {
	return q.number(ctx, `SELECT count(*) FROM invitations i WHERE i.organization_id = $1 AND`+pendingInvitation, organization, millis(now))
}

// InvitationsEnding returns up to limit invitations that can be accepted at now, those that expire
// first come first, without their groups and workspaces.
func (q *queries) InvitationsEnding(ctx context.Context, organization string, now time.Time, limit int) ([]invitation.Invitation, error) {
	return all(ctx, q, scanInvitation, `SELECT `+invitationColumns+` FROM invitations i WHERE i.organization_id = $1 AND`+pendingInvitation+`
		ORDER BY i.expires_at, i.id LIMIT $3`, organization, millis(now), limit)
}

// EmailsInvited returns which of the addresses have an invitation that can be accepted at now.
func (q *queries) EmailsInvited(ctx context.Context, organization string, emails []string, now time.Time) (map[string]bool, error) {
	if len(emails) == 0 {
		return nil, nil
	}
	return q.textSet(ctx, `SELECT i.email FROM invitations i WHERE i.organization_id = $1 AND`+pendingInvitation+`
		AND i.email IN (`+placeholders(3, len(emails))+`)`, with([]any{organization, millis(now)}, emails...)...)
}

// InsertInvitation adds an invitation with its groups, its workspaces and the digest of its
// link's secret.
func (tx *Tx) InsertInvitation(ctx context.Context, i invitation.Invitation, digest []byte) error {
	_, err := tx.exec(ctx,
		`INSERT INTO invitations (id, organization_id, email, role, digest, invited_by, invited_by_name, created_at, expires_at)
		VALUES (`+placeholders(1, 9)+`)`,
		i.ID, i.Organization, i.Email, i.Role, digest, i.InvitedBy, i.InvitedByName, millis(i.CreatedAt), millis(i.ExpiresAt))
	if err != nil {
		return err
	}
	for _, g := range i.Groups {
		if _, err := tx.exec(ctx, `INSERT INTO invitation_groups (invitation_id, group_id) VALUES ($1, $2)`, i.ID, g.ID); err != nil {
			return err
		}
	}
	for _, w := range i.Workspaces {
		if _, err := tx.exec(ctx, `INSERT INTO invitation_workspaces (invitation_id, workspace_id) VALUES ($1, $2)`, i.ID, w.ID); err != nil {
			return err
		}
	}
	return nil
}

// RenewInvitation sets a new digest, expiry and inviter of an open invitation; NotFound if it is
// accepted or deleted.
func (tx *Tx) RenewInvitation(ctx context.Context, i invitation.Invitation, digest []byte) error {
	return tx.execOne(ctx, "That invitation", `UPDATE invitations SET digest = $1, expires_at = $2, invited_by = $3,
		invited_by_name = $4 WHERE id = $5 AND accepted_at IS NULL AND deleted_at IS NULL`,
		digest, millis(i.ExpiresAt), i.InvitedBy, i.InvitedByName, i.ID)
}

// CloseInvitation marks an invitation as accepted or deleted now; Conflict if it is either
// already.
func (tx *Tx) CloseInvitation(ctx context.Context, id string, accepted bool) error {
	column := "deleted_at"
	if accepted {
		column = "accepted_at"
	}
	n, err := tx.exec(ctx,
		`UPDATE invitations SET `+column+` = $1 WHERE id = $2 AND accepted_at IS NULL AND deleted_at IS NULL`, millis(tx.now), id)
	if err == nil && n == 0 {
		return fault.NewConflict("This invitation has already been used or deleted.")
	}
	return err
}
