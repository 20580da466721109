package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/fault"
	"latchkey/internal/invitation"
	"latchkey/internal/policy"
	"latchkey/internal/random"
	"latchkey/internal/store"
)

// atOnce runs n acts at the same moment and returns their errors.
func atOnce(n int, act func(i int) error) []error {
	var wait sync.WaitGroup
	start := make(chan struct{})
	errs := make([]error, n)
	for i := range n {
		wait.Go(func() {
			<-start
			errs[i] = act(i)
		})
	}
	close(start)
	wait.Wait()
	return errs
}

// wantSucceeded wants that many acts to have succeeded, the others to have failed with kind.
func wantSucceeded(t *testing.T, errs []error, want int, kind fault.Kind) {
	t.Helper()
	n := 0
	for _, err := range errs {
		if err == nil {
			n++
		} else if !fault.Is(err, kind) {
			t.Errorf("failed with %v, want %s", err, kind)
		}
	}
	if n != want {
		t.Errorf("%d of %d succeeded, want %d", n, len(errs), want)
	}
}

func keepsOneAdmin(t *testing.T, b *accountBed) {
	if _, err := b.service.Members.MakeAdmin(t.Context(), b.admin.Caller(), bedBo); err != nil {
		t.Fatal(err)
	}
	ids := []string{bedAda, bedBo}
	by := []actor.Caller{b.admin.Caller(), SignIn(t, b.Store, bedBo).Caller()}
	errs := atOnce(2, func(i int) error {
		_, err := b.service.Members.MakeMember(t.Context(), by[i], ids[1-i])
		return err
	})
	wantSucceeded(t, errs, 1, fault.Denied) // who is demoted first is no Admin any more
	if n, err := b.CountActiveAdmins(t.Context(), bedOrg); err != nil || n != 1 {
		t.Errorf("%d Admins are left, %v", n, err)
	}
}

func refusesSecondSave(t *testing.T, b *accountBed) {
	place := policy.Place{Kind: policy.OfGroup, Workspace: bedProd, Subject: bedGroup}
	errs := atOnce(8, func(i int) error {
		_, err := b.service.Policies.Save(t.Context(), b.admin.Caller(), place, policy.Revision{Policy: "p-group", Version: 1},
			access.Policy{access.BuiltIn().Permissions()[i]: access.Everywhere()})
		return err
	})
	wantSucceeded(t, errs, 1, fault.Conflict)
	p, err := b.PolicyAt(t.Context(), bedOrg, place)
	if err != nil || p.Version != 2 || len(p.Body) != 1 {
		t.Errorf("%+v, %v", p, err)
	}
}

func acceptsOnce(t *testing.T, b *accountBed) {
	var secret random.Secret
	_, err := b.service.Invitations.Invite(t.Context(), b.admin.Caller(),
		invitation.NewInvitations{Emails: []string{"new@acme.example"}, Role: "member", Workspaces: []string{bedProd}},
		func(s random.Secret) string { secret = s; return "" })
	if err != nil {
		t.Fatal(err)
	}
	errs := atOnce(8, func(i int) error {
		_, err := b.service.Invitations.Accept(t.Context(), secret, fmt.Sprint("Newcomer ", i), "", actor.Origin{})
		return err
	})
	wantSucceeded(t, errs, 1, fault.Conflict)
	if n, err := b.CountMembers(t.Context(), bedOrg); err != nil || n != 3 {
		t.Errorf("%d members, %v", n, err)
	}
}

func keepsGroupLimit(t *testing.T, b *accountBed) {
	errs := atOnce(8, func(i int) error {
		_, err := b.service.Groups.Create(t.Context(), b.admin.Caller(), account.GroupSettings{Name: fmt.Sprint("Group ", i)}, nil)
		return err
	})
	wantSucceeded(t, errs, 2, fault.Denied) // Growth includes three, one is there
}

func claimsOnce(t *testing.T, b *accountBed) {
	claim := func(organization, email, hash string) (m account.Member, err error) {
		return m, b.try(t, func(ctx context.Context, tx *store.Tx) error {
			m, err = tx.ClaimMember(ctx, organization, email, hash)
			return err
		})
	}
	known := func() map[string]bool {
		known, err := b.EmailsKnown(t.Context(), bedOrg, []string{"ada@acme.example", "bo@acme.example"})
		if err != nil {
			t.Fatal(err)
		}
		return known
	}
	if len(known()) != 0 {
		t.Errorf("without passwords: %v", known())
	}
	if _, err := claim("org-2", "bo@acme.example", "h"); !fault.Is(err, fault.NotFound) {
		t.Errorf("in another organization: %v", err)
	}
	if m, err := claim(bedOrg, "bo@acme.example", "h"); err != nil || m.ID != bedBo {
		t.Errorf("the first: %+v, %v", m, err)
	}
	if _, err := claim(bedOrg, "bo@acme.example", "other"); !fault.Is(err, fault.NotFound) {
		t.Errorf("the second: %v", err)
	}
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
		return tx.UpdateMember(ctx, account.Member{ID: bedAda, Organization: bedOrg, Name: "ada", Role: access.RoleAdmin,
			Status: account.Deactivated, UpdatedAt: tx.Now()})
	})
	if _, err := claim(bedOrg, "ada@acme.example", "h"); !fault.Is(err, fault.NotFound) {
		t.Errorf("who is deactivated: %v", err)
	}
	if len(known()) != 2 {
		t.Errorf("not to be invited: %v", known())
	}
}

func keepsMemberLimit(t *testing.T, b *accountBed) {
	const small = "org-2" // on Starter, which includes ten members
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
		err := tx.InsertOrganization(ctx, account.Organization{ID: small, Name: "Small", Plan: access.PlanStarter, CreatedAt: tx.Now()})
		for i := range 9 {
			m := bedMemberOf(fmt.Sprint("m", i), access.RoleAdmin, tx.Now())
			m.Organization = small
			err = errors.Join(err, tx.InsertMember(ctx, m, ""))
		}
		return err
	})
	by := SignIn(t, b.Store, "m0")
	by.Organization = small
	errs := atOnce(4, func(i int) error {
		_, err := b.service.Invitations.Invite(t.Context(), by.Caller(),
			invitation.NewInvitations{Emails: []string{fmt.Sprintf("n%d@acme.example", i)}, Role: "admin"},
			func(random.Secret) string { return "" })
		return err
	})
	wantSucceeded(t, errs, 1, fault.Denied)
	if n, err := b.CountPendingInvitations(t.Context(), small, b.Now()); err != nil || n != 1 {
		t.Errorf("%d invitations, %v", n, err)
	}
}
