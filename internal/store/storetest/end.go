package storetest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/invitation"
	"latchkey/internal/signin"
	"latchkey/internal/store"
	"latchkey/internal/token"
)

func endsCredentials(t *testing.T, b *accountBed) {
	const other = "org-2"
	bo, ada := bedMemberOf(bedBo, access.RoleMember, b.Now()), bedMemberOf(bedAda, access.RoleAdmin, b.Now())
	add := func(id, email string, change func(*invitation.Invitation)) func(ctx context.Context, tx *store.Tx) error {
		return func(ctx context.Context, tx *store.Tx) error {
			i := bedInvitation(id, tx.Now())
			i.Email, i.Role, i.InvitedBy, i.Groups, i.Workspaces = email, access.RoleMember, bedAda, nil, nil
			i.ExpiresAt = tx.Now().Add(time.Hour)
			change(&i)
			return tx.InsertInvitation(ctx, i, []byte("digest of "+id))
		}
	}
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
		err := tx.InsertOrganization(ctx, account.Organization{ID: other, Name: "Other", Plan: access.PlanFree, CreatedAt: tx.Now()})
		for _, insert := range []func(context.Context, *store.Tx) error{
			add("to bo", bo.Email, func(*invitation.Invitation) {}),
			add("to bo, expired", bo.Email, func(i *invitation.Invitation) { i.ExpiresAt = tx.Now() }),
			add("to bo, elsewhere", bo.Email, func(i *invitation.Invitation) { i.Organization = other }),
			add("by bo, admin", "cy@acme.example", func(i *invitation.Invitation) { i.InvitedBy, i.Role = bedBo, access.RoleAdmin }),
			add("by bo, member", "di@acme.example", func(i *invitation.Invitation) { i.InvitedBy = bedBo }),
			add("by ada, admin", "eve@acme.example", func(i *invitation.Invitation) { i.Role = access.RoleAdmin }),
		} {
			err = errors.Join(err, insert(ctx, tx))
		}
		for i, member := range []string{bedBo, bedAda} {
			id := string(rune('a' + i))
			err = errors.Join(err, tx.InsertSession(ctx, signin.Session{ID: "s-" + id, Member: member, CreatedAt: tx.Now(),
				LastSeenAt: tx.Now()}, []byte(id)),
				tx.InsertToken(ctx, token.Token{ID: "t-" + id, Organization: bedOrg, Kind: token.Personal, Name: id, Owner: member, Workspace: bedProd,
					CreatedAt: tx.Now()}, token.Digest(id), ""))
		}
		return err
	})
	both, err := b.OutstandingInvitations(t.Context(), bedOrg, []account.Member{bo, ada}, b.Now())
	if got := invitationIDs(both); err != nil || !slices.Equal(got, []string{"to bo", "by bo, admin", "by ada, admin"}) {
		t.Errorf("outstanding of both: %v, %v", got, err)
	}
	ancient := signin.Limits{Idle: time.Unix(0, 0), Absolute: time.Unix(0, 0)}
	type left struct {
		invitations, tokens []string
		sessions            int
	}
	for _, step := range []struct {
		how  account.Ending
		want left
	}{
		{account.Demoted, left{invitations: []string{"to bo", "by bo, admin"}, sessions: 1}},
		{account.Suspended, left{sessions: 0}}, // the invitations are gone
		{account.Removed, left{tokens: []string{"t-a"}}},
	} {
		var got left
		b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
			ended, err := tx.EndCredentials(ctx, []account.Member{bo}, step.how)
			got = left{invitations: invitationIDs(ended.Invitations), tokens: account.TokenIDs(ended.Tokens)}
			return err
		})
		sessions, err := b.SessionsOf(t.Context(), bedBo, ancient)
		if err != nil {
			t.Fatal(err)
		}
		got.sessions = len(sessions)
		if diff := cmp.Diff([]any{step.want.invitations, len(step.want.tokens), step.want.sessions},
			[]any{got.invitations, len(got.tokens), got.sessions}); diff != "" {
			t.Errorf("ending %d: %s", step.how, diff)
		}
	}
	if list, err := b.SessionsOf(t.Context(), bedAda, ancient); err != nil || len(list) == 0 {
		t.Errorf("Ada's sessions: %v, %v", list, err)
	}
	if list, err := b.TokensOfMembers(t.Context(), bedOrg, []string{bedBo, bedAda}); err != nil || len(list) != 1 || list[0].ID != "t-b" {
		t.Errorf("tokens: %v, %v", list, err)
	}
}

func invitationIDs(list []account.OpenInvitation) []string {
	var ids []string
	for _, i := range list {
		ids = append(ids, i.ID)
	}
	return ids
}
