package store

import (
	"context"
	"slices"
	"time"

	"latchkey/internal/account"
)

// OutstandingInvitations returns the invitations that can be accepted at now and end with the
// members' access: those to their addresses, and the Admin invitations that they made.
func (q *queries) OutstandingInvitations(ctx context.Context, organization string, members []account.Member,
	now time.Time) ([]account.OpenInvitation, error) {
	if len(members) == 0 {
		return nil, nil
	}
	args := []any{organization, millis(now)}
	for _, m := range members {
		args = append(args, m.Email)
	}
	for _, m := range members {
		args = append(args, m.ID)
	}
	return all(ctx, q, scanOpenInvitation, `SELECT i.id, i.email, i.role, i.invited_by, i.invited_by_name, i.expires_at FROM invitations i
		WHERE i.organization_id = $1 AND`+pendingInvitation+`AND (i.email IN (`+placeholders(3, len(members))+`)
			OR (i.role = 'admin' AND i.invited_by IN (`+placeholders(3+len(members), len(members))+`)))
		ORDER BY i.email, i.id`, args...)
}

func scanOpenInvitation(row scanner) (account.OpenInvitation, error) {
	var i account.OpenInvitation
	var expires int64
	err := row.Scan(&i.ID, &i.Email, &i.Role, &i.InvitedBy, &i.InvitedByName, &expires)
	i.ExpiresAt = moment(expires)
	return i, err
}

// EndCredentials ends what the ending of the access of members of one organization ends, and returns
// it. Sessions are not returned. It does not change the members. The number of statements hardly
// depends on how many members there are: it is the same for each 500 of them.
func (tx *Tx) EndCredentials(ctx context.Context, members []account.Member, how account.Ending) (account.Credentials, error) {
	var ended account.Credentials
	for part := range slices.Chunk(members, idsPerQuery) {
		c, err := tx.endCredentials(ctx, part, how)
		if err != nil {
			return ended, err
		}
		ended.Invitations = append(ended.Invitations, c.Invitations...)
		ended.Tokens = append(ended.Tokens, c.Tokens...)
	}
	return ended, nil
}

func (tx *Tx) endCredentials(ctx context.Context, members []account.Member, how account.Ending) (account.Credentials, error) {
	var ended account.Credentials
	var err error
	organization, ids := members[0].Organization, make([]string, len(members))
	for i, m := range members {
		ids[i] = m.ID
	}
	if ended.Invitations, err = tx.OutstandingInvitations(ctx, organization, members, tx.now); err != nil {
		return ended, err
	}
	if how < account.Demoted { // only the address is given up
		ended.Invitations = slices.DeleteFunc(ended.Invitations, func(i account.OpenInvitation) bool {
			return !slices.ContainsFunc(members, func(m account.Member) bool { return m.Email == i.Email })
		})
	}
	if err := tx.deleteInvitations(ctx, ended.Invitations); err != nil {
		return ended, err
	}
	if err := tx.endRecoveries(ctx, ids, how); err != nil {
		return ended, err
	}
	if how >= account.Suspended {
		for _, table := range []string{"sessions", "calendars", "pending_sign_ins", "passkey_challenges"} {
			if _, err := tx.exec(ctx, `DELETE FROM `+table+` WHERE member_id IN (`+placeholders(1, len(ids))+`)`, anys(ids)...); err != nil {
				return ended, err
			}
		}
	}
	if how < account.Removed {
		return ended, nil
	}
	if ended.Tokens, err = tx.TokensOfMembers(ctx, organization, ids); err != nil {
		return ended, err
	}
	return ended, tx.TombstoneTokens(ctx, organization, account.TokenIDs(ended.Tokens))
}

// endRecoveries deletes the members' links to set a password, and the links for others that they made
// as Admins.
func (tx *Tx) endRecoveries(ctx context.Context, ids []string, how account.Ending) error {
	if _, err := tx.exec(ctx, `DELETE FROM recoveries WHERE member_id IN (`+placeholders(1, len(ids))+`)`, anys(ids)...); err != nil {
		return err
	}
	if how < account.Demoted {
		return nil
	}
	_, err := tx.exec(ctx, `DELETE FROM recoveries WHERE made_by IN (`+placeholders(1, len(ids))+`)`, anys(ids)...)
	return err
}

// deleteInvitations marks open invitations as deleted now.
func (tx *Tx) deleteInvitations(ctx context.Context, open []account.OpenInvitation) error {
	for part := range slices.Chunk(open, idsPerQuery) {
		args := []any{millis(tx.now)}
		for _, i := range part {
			args = append(args, i.ID)
		}
		if _, err := tx.exec(ctx, `UPDATE invitations SET deleted_at = $1 WHERE id IN (`+placeholders(2, len(part))+`)`, args...); err != nil {
			return err
		}
	}
	return nil
}
