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
	return all(ctx, q, scanOpenInvitation, `SELECT i.id, i.email, i.role, i.invited_by_name, i.expires_at FROM invitations i
		WHERE i.organization_id = $1 AND`+pendingInvitation+`AND (i.email IN (`+placeholders(3, len(members))+`)
			OR (i.role = 'admin' AND i.invited_by IN (`+placeholders(3+len(members), len(members))+`)))
		ORDER BY i.email, i.id`, args...)
}

func scanOpenInvitation(row scanner) (account.OpenInvitation, error) {
	var i account.OpenInvitation
	var expires int64
	err := row.Scan(&i.ID, &i.Email, &i.Role, &i.InvitedByName, &expires)
	i.ExpiresAt = moment(expires)
	return i, err
}

// EndCredentials ends what the ending of a member's access ends, and returns it. Sessions are not
// returned. It does not change the member.
func (tx *Tx) EndCredentials(ctx context.Context, m account.Member, how account.Ending) (account.Credentials, error) {
	var ended account.Credentials
	var err error
	if ended.Invitations, err = tx.OutstandingInvitations(ctx, m.Organization, []account.Member{m}, tx.now); err != nil {
		return ended, err
	}
	if how < account.Demoted { // only the address is given up
		ended.Invitations = slices.DeleteFunc(ended.Invitations, func(i account.OpenInvitation) bool { return i.Email != m.Email })
	}
	for _, i := range ended.Invitations {
		if err := tx.CloseInvitation(ctx, i.ID, false); err != nil {
			return ended, err
		}
	}
	if how >= account.Suspended {
		if _, err := tx.EndSessionsOf(ctx, m.ID, ""); err != nil {
			return ended, err
		}
	}
	if how < account.Removed {
		return ended, nil
	}
	if ended.Tokens, err = tx.TokensOfMembers(ctx, m.Organization, []string{m.ID}); err != nil {
		return ended, err
	}
	return ended, tx.TombstoneTokens(ctx, m.Organization, account.TokenIDs(ended.Tokens))
}
