package account_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/store"
	"latchkey/internal/token"
)

func memberNames(page account.MemberPage) string {
	var out []string
	for _, row := range page.Rows {
		out = append(out, row.Name)
	}
	return strings.Join(out, " ")
}

func TestFindMembers_SearchesNamesAndAddressesLiterally(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	b.member("Bo")
	b.member("100%_sure")
	b.member("Änne")
	for search, want := range map[string]string{
		"":            "100%_sure Ada Bo Änne",
		"BO":          "Bo",
		"acme.EX":     "100%_sure Ada Bo Änne",
		"%":           "100%_sure",
		"_":           "100%_sure",
		`\`:           "",
		"  ada ":      "Ada",
		"änne":        "Änne",
		"ÄNN":         "Änne",
		"nobody here": "",
	} {
		page, err := b.FindMembers(t.Context(), b.admin, account.MemberQuery{Search: search})
		b.must(err)
		if got := memberNames(page); got != want || page.Total != len(page.Rows) {
			t.Errorf("search %q finds %q (%d), want %q", search, got, page.Total, want)
		}
	}
}

func TestFindMembers_SortsAndPages(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	bo := b.member("Bo")
	b.member("Cy")
	b.pat(bo.ID)
	b.token(func(tok *token.Token) { tok.Owner, tok.ExpiresAt = "member-Cy", b.clock.now() }) // not live any more
	for _, tt := range []struct {
		q    account.MemberQuery
		want string
	}{
		{account.MemberQuery{}, "Ada Bo Cy"},
		{account.MemberQuery{Descending: true}, "Cy Bo Ada"},
		{account.MemberQuery{Sort: account.ByEmail, Descending: true}, "Cy Bo Ada"},
		{account.MemberQuery{Sort: account.ByRole}, "Ada Bo Cy"},
		{account.MemberQuery{Sort: account.ByTokens, Descending: true}, "Bo Ada Cy"},
		{account.MemberQuery{Sort: account.ByLastSeen}, "Ada Bo Cy"},
		{account.MemberQuery{Sort: "m.id; DROP TABLE members"}, "Ada Bo Cy"},
		{account.MemberQuery{Limit: 2}, "Ada Bo"},
		{account.MemberQuery{Limit: 2, Offset: 2}, "Cy"},
		{account.MemberQuery{Limit: 2, Offset: -5}, "Ada Bo"},
	} {
		page, err := b.FindMembers(t.Context(), b.admin, tt.q)
		b.must(err)
		if got := memberNames(page); got != tt.want || page.Total != 3 {
			t.Errorf("%+v gives %q of %d, want %q", tt.q, got, page.Total, tt.want)
		}
	}
}

func TestFindMembers_ShowsWorkspacesGroupsAndLiveTokens(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	staging := b.workspace("Staging")
	bo := b.member("Bo", b.prod)
	g := b.group("Analysts", b.prod, staging.ID)
	b.join(g.ID, bo.ID, b.ada.ID)
	b.pat(bo.ID)
	page, err := b.FindMembers(t.Context(), b.admin, account.MemberQuery{InGroup: g.ID})
	b.must(err)
	want := []account.MemberRow{
		{Member: page.Rows[0].Member, Groups: []account.Named{{ID: g.ID, Name: "Analysts"}}},
		{Member: bo, Workspaces: []account.Named{{ID: b.prod, Name: "Production"}, {ID: staging.ID, Name: "Staging"}},
			Groups: []account.Named{{ID: g.ID, Name: "Analysts"}}, LiveTokens: 1},
	}
	if diff := cmp.Diff(want, page.Rows); diff != "" {
		t.Error(diff)
	}
	page, err = b.FindMembers(t.Context(), b.admin, account.MemberQuery{NotInGroup: g.ID})
	b.must(err)
	if page.Total != 0 {
		t.Errorf("%d are outside of the group", page.Total)
	}
}

func TestMakeMember_LeavesBaselineOnly(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	staging := b.workspace("Staging")
	bo := b.member("Bo")
	b.policy(account.MemberPolicy, b.prod, bo.ID, access.Policy{"source:edit": access.Everywhere()})
	ours, external := b.group("Analysts", b.prod), b.group("From the provider", staging.ID)
	b.join(ours.ID, bo.ID)
	b.join(external.ID, bo.ID)
	b.markExternal(external.ID)
	_, err := b.MakeAdmin(t.Context(), b.admin.Caller(), bo.ID)
	b.must(err)
	if !b.allows(bo.ID, staging.ID, "destination:create_delete", "") {
		t.Fatal("an Admin may do everything")
	}
	n := b.logged()
	_, err = b.MakeMember(t.Context(), b.admin.Caller(), bo.ID)
	b.must(err)
	if b.allows(bo.ID, b.prod, "source:edit", "") {
		t.Error("the policy from before is back")
	}
	d, err := b.MemberDetails(t.Context(), b.admin, bo.ID)
	b.must(err)
	if len(d.Workspaces) != 2 || len(d.Policies) != 2 || len(d.Outside) != 0 {
		t.Errorf("is in %v by %v", d.Workspaces, d.Policies)
	}
	if !cmp.Equal(d.Groups, []account.Named{{ID: external.ID, Name: "From the provider"}}) {
		t.Errorf("groups left: %v", d.Groups)
	}
	if got := b.events(audit.TargetUser, n); !cmp.Equal(got, []string{"changed_permission Bo"}) {
		t.Errorf("events %v", got)
	}
	if got := b.events(audit.TargetGroup, n); !cmp.Equal(got, []string{"member_removed Analysts"}) {
		t.Errorf("group events %v", got)
	}
}

// provisioning switches it on or off.
func (b *bed) provisioning(on bool) {
	b.t.Helper()
	b.inTx(func(tx *store.Tx) error { return tx.SaveSCIM(b.t.Context(), b.org, on) })
}

// markExternal hands a group over to an identity provider, and switches provisioning on.
func (b *bed) markExternal(group string) {
	b.t.Helper()
	b.provisioning(true)
	g, err := b.store.Group(b.t.Context(), b.org, group)
	b.must(err)
	members, err := b.FindMembers(b.t.Context(), b.admin, account.MemberQuery{InGroup: group})
	b.must(err)
	policies, err := b.store.PoliciesOf(b.t.Context(), b.org, account.GroupPolicy, group)
	b.must(err)
	g.External = true
	b.inTx(func(tx *store.Tx) error {
		if err := tx.DeleteGroup(b.t.Context(), b.org, group); err != nil {
			return err
		}
		if err := tx.InsertGroup(b.t.Context(), g); err != nil {
			return err
		}
		for _, m := range members.Rows {
			if err := tx.AddToGroup(b.t.Context(), g.ID, m.ID); err != nil {
				return err
			}
		}
		for _, p := range policies {
			if err := tx.InsertPolicy(b.t.Context(), p); err != nil {
				return err
			}
		}
		return nil
	})
}

func TestLastActiveAdmin_IsSafeFromEverything(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	bo := b.member("Bo")
	// A deactivated Admin does not count.
	_, err := b.MakeAdmin(t.Context(), b.admin.Caller(), bo.ID)
	b.must(err)
	_, err = b.Deactivate(t.Context(), b.admin.Caller(), bo.ID)
	b.must(err)
	n := b.logged()
	for name, act := range map[string]func() error{
		"demote":     func() error { _, err := b.MakeMember(t.Context(), b.admin.Caller(), b.ada.ID); return err },
		"deactivate": func() error { _, err := b.Deactivate(t.Context(), b.admin.Caller(), b.ada.ID); return err },
		"delete":     func() error { _, err := b.DeleteMembers(t.Context(), b.admin.Caller(), []string{b.ada.ID}); return err },
		"delete both": func() error {
			_, err := b.DeleteMembers(t.Context(), b.admin.Caller(), []string{bo.ID, b.ada.ID})
			return err
		},
	} {
		if err := act(); !fault.Is(err, fault.Conflict) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if b.logged() != n || b.caller(b.ada.ID).Role != access.RoleAdmin {
		t.Error("a refused change left a trace")
	}
	_, err = b.Reactivate(t.Context(), b.admin.Caller(), bo.ID)
	b.must(err)
	_, err = b.MakeMember(t.Context(), b.admin.Caller(), b.ada.ID)
	b.must(err)
}

func TestDeactivate_IsUndoneByReactivate(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	bo := b.member("Bo", b.prod)
	pat := b.pat(bo.ID)
	n := b.logged()
	for range 2 { // the second time changes nothing
		m, err := b.Deactivate(t.Context(), b.admin.Caller(), bo.ID)
		b.must(err)
		if m.Status != account.Deactivated {
			t.Fatal(m.Status)
		}
	}
	tok, err := b.store.Token(t.Context(), b.org, pat)
	b.must(err)
	if tok.State(b.clock.now()) != token.Suspended {
		t.Errorf("the token is %s", tok.State(b.clock.now()))
	}
	_, err = b.Reactivate(t.Context(), b.admin.Caller(), bo.ID)
	b.must(err)
	if !b.caller(bo.ID).IsIn(b.prod) {
		t.Error("lost the workspace")
	}
	if got := b.events(audit.TargetUser, n); !cmp.Equal(got, []string{"deactivated Bo", "reactivated Bo"}) {
		t.Errorf("events %v", got)
	}
}

func TestDeleteMembers_RevokesTokensAndIsAllOrNothing(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	bo, cy := b.member("Bo", b.prod), b.member("Cy")
	pat := b.pat(bo.ID)
	n := b.logged()
	_, err := b.DeleteMembers(t.Context(), b.admin.Caller(), []string{bo.ID, cy.ID, "member-of-another"})
	wantKind(t, err, fault.NotFound)
	if b.logged() != n {
		t.Fatal("part of it was done")
	}
	gone, err := b.DeleteMembers(t.Context(), b.admin.Caller(), []string{bo.ID, cy.ID, bo.ID})
	b.must(err)
	if len(gone) != 2 {
		t.Errorf("deleted %v", gone)
	}
	_, err = b.Subject(t.Context(), b.org, bo.ID)
	wantKind(t, err, fault.NotFound)
	_, err = b.store.Token(t.Context(), b.org, pat)
	wantKind(t, err, fault.NotFound)
	tok, err := b.store.TokenByDigest(t.Context(), token.Digest(pat))
	b.must(err)
	if tok.DeletedAt.IsZero() {
		t.Error("no tombstone")
	}
	if got := b.events(audit.TargetUser, n); !cmp.Equal(got, []string{"removed_from_organization Bo", "removed_from_organization Cy"}) {
		t.Errorf("events %v", got)
	}
}

func TestImpact_ListsLiveTokensLastUsedFirst(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	bo := b.member("Bo", b.prod)
	add := func(name string, used, expires time.Time) {
		b.token(func(tok *token.Token) {
			tok.Owner, tok.Name, tok.LastUsedAt, tok.ExpiresAt = bo.ID, name, used, expires
		})
	}
	now := b.clock.now()
	add("never", time.Time{}, time.Time{})
	add("old", now.Add(-time.Hour), now.Add(time.Millisecond))
	add("new", now.Add(-time.Minute), time.Time{})
	add("expired", now, now)
	list, err := b.Impact(t.Context(), b.admin, []string{bo.ID})
	b.must(err)
	var got []string
	for _, tok := range list {
		got = append(got, tok.OwnerName+"/"+tok.WorkspaceName+"/"+tok.Name)
	}
	if diff := cmp.Diff([]string{"Bo/Production/new", "Bo/Production/old", "Bo/Production/never"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestAdministration_IsForAdminsOnly(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	bo := b.member("Bo", b.prod)
	by := b.caller(bo.ID)
	ctx := t.Context()
	place := account.Place{Kind: account.MemberPolicy, Workspace: b.prod, Subject: bo.ID}
	link := func(account.LinkSecret) string { return "" }
	for name, act := range map[string]func() error{
		"WorkspaceRows":   func() error { _, err := b.WorkspaceRows(ctx, by); return err },
		"Workspace":       func() error { _, err := b.Workspace(ctx, by, b.prod); return err },
		"CreateWorkspace": func() error { _, err := b.CreateWorkspace(ctx, by.Caller(), account.WorkspaceForm{}); return err },
		"UpdateWorkspace": func() error {
			_, err := b.UpdateWorkspace(ctx, by.Caller(), b.prod, account.WorkspaceForm{})
			return err
		},
		"DeleteWorkspace": func() error { _, err := b.DeleteWorkspace(ctx, by.Caller(), b.prod, "Production"); return err },
		"FindMembers":     func() error { _, err := b.FindMembers(ctx, by, account.MemberQuery{}); return err },
		"MembersByID":     func() error { _, err := b.MembersByID(ctx, by, []string{bo.ID}); return err },
		"MemberDetails":   func() error { _, err := b.MemberDetails(ctx, by, bo.ID); return err },
		"Impact":          func() error { _, err := b.Impact(ctx, by, []string{bo.ID}); return err },
		"MakeAdmin":       func() error { _, err := b.MakeAdmin(ctx, by.Caller(), bo.ID); return err },
		"MakeMember":      func() error { _, err := b.MakeMember(ctx, by.Caller(), b.ada.ID); return err },
		"Deactivate":      func() error { _, err := b.Deactivate(ctx, by.Caller(), b.ada.ID); return err },
		"Reactivate":      func() error { _, err := b.Reactivate(ctx, by.Caller(), bo.ID); return err },
		"DeleteMembers":   func() error { _, err := b.DeleteMembers(ctx, by.Caller(), []string{bo.ID}); return err },
		"GroupRows":       func() error { _, err := b.GroupRows(ctx, by); return err },
		"GroupDetails":    func() error { _, err := b.GroupDetails(ctx, by, "g"); return err },
		"CheckGroup":      func() error { return b.CheckGroup(ctx, by, account.GroupForm{}) },
		"CreateGroup":     func() error { _, err := b.CreateGroup(ctx, by.Caller(), account.GroupForm{}, nil); return err },
		"UpdateGroup":     func() error { _, err := b.UpdateGroup(ctx, by.Caller(), "g", account.GroupForm{}); return err },
		"DeleteGroup":     func() error { _, err := b.DeleteGroup(ctx, by.Caller(), "g"); return err },
		"AddToGroups":     func() error { _, err := b.AddToGroups(ctx, by.Caller(), []string{bo.ID}, []string{"g"}); return err },
		"RemoveFromGroup": func() error { _, err := b.RemoveFromGroup(ctx, by.Caller(), "g", []string{bo.ID}); return err },
		"Policy":          func() error { _, err := b.Policy(ctx, by, place); return err },
		"AddPolicy":       func() error { _, err := b.AddPolicy(ctx, by.Caller(), place, nil); return err },
		"SavePolicy":      func() error { _, err := b.SavePolicy(ctx, by.Caller(), place, account.Revision{}, nil); return err },
		"RemovePolicy":    func() error { _, err := b.RemovePolicy(ctx, by.Caller(), place); return err },
		"ChangeSummary":   func() error { _, err := b.ChangeSummary(ctx, by, place, nil); return err },
		"Baselines":       func() error { _, err := b.Baselines(ctx, by); return err },
		"Invitations":     func() error { _, err := b.Invitations(ctx, by, account.InvitationQuery{}); return err },
		"InvitationByID":  func() error { _, err := b.InvitationByID(ctx, by, "i"); return err },
		"Invite":          func() error { _, err := b.Invite(ctx, by.Caller(), account.InviteForm{}, link); return err },
		"Resend":          func() error { _, err := b.ResendInvitation(ctx, by.Caller(), "i", link); return err },
		"DeleteInvite":    func() error { _, err := b.DeleteInvitation(ctx, by.Caller(), "i"); return err },
		"FindSubjects":    func() error { _, err := b.FindSubjects(ctx, by, "b"); return err },
		"Explain":         func() error { _, err := b.Explain(ctx, by, account.Question{}); return err },
	} {
		if err := act(); !fault.Is(err, fault.Denied) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAdministration_DoesNotReachAnotherOrganization(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	other := account.Organization{ID: "org-2", Name: "Other", Plan: access.PlanEnterprise, CreatedAt: b.clock.now()}
	b.inTx(func(tx *store.Tx) error {
		if err := tx.InsertOrganization(t.Context(), other); err != nil {
			return err
		}
		return tx.InsertMember(t.Context(), account.Member{ID: "eve", Organization: "org-2", Email: "eve@other.example", Name: "Eve",
			Role: access.RoleAdmin, Status: account.Active, CreatedAt: b.clock.now(), UpdatedAt: b.clock.now()}, "")
	})
	by := b.caller("eve")
	bo := b.member("Bo", b.prod)
	g := b.group("Analysts", b.prod)
	ctx := t.Context()
	for name, act := range map[string]func() error{
		"Workspace":       func() error { _, err := b.Workspace(ctx, by, b.prod); return err },
		"DeleteWorkspace": func() error { _, err := b.DeleteWorkspace(ctx, by.Caller(), b.prod, "Production"); return err },
		"MemberDetails":   func() error { _, err := b.MemberDetails(ctx, by, bo.ID); return err },
		"EffectiveOf":     func() error { _, err := b.EffectiveOf(ctx, by, bo.ID); return err },
		"Deactivate":      func() error { _, err := b.Deactivate(ctx, by.Caller(), bo.ID); return err },
		"DeleteMembers":   func() error { _, err := b.DeleteMembers(ctx, by.Caller(), []string{bo.ID}); return err },
		"DeleteGroup":     func() error { _, err := b.DeleteGroup(ctx, by.Caller(), g.ID); return err },
		"AddToGroups":     func() error { _, err := b.AddToGroups(ctx, by.Caller(), []string{"eve"}, []string{g.ID}); return err },
		"AddPolicy": func() error {
			_, err := b.AddPolicy(ctx, by.Caller(), account.Place{Kind: account.MemberPolicy, Workspace: b.prod, Subject: "eve"}, nil)
			return err
		},
		"Explain": func() error {
			_, err := b.Explain(ctx, by, account.Question{Member: bo.ID, Permission: "source:edit", Workspace: b.prod})
			return err
		},
	} {
		if err := act(); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRename_IsForOneself(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	bo := b.member("Bo", b.prod)
	m, err := b.Rename(t.Context(), b.caller(bo.ID).Caller(), "  Bo Derek ")
	b.must(err)
	if m.Name != "Bo Derek" || b.caller(bo.ID).Name != "Bo Derek" {
		t.Errorf("name is %q", m.Name)
	}
	_, err = b.Rename(t.Context(), b.caller(bo.ID).Caller(), "\u202eoB")
	wantField(t, err, "name")
	_, err = b.Rename(t.Context(), actor.Caller{Ref: actor.Ref{Kind: actor.Token, ID: b.pat(bo.ID)}}, "Robot")
	wantKind(t, err, fault.Denied)
}
