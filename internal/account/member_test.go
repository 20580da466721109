package account_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/invitation"
	"latchkey/internal/policy"
	"latchkey/internal/random"
	"latchkey/internal/store"
	"latchkey/internal/store/storetest"
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
	b := storetest.NewBed(t, access.PlanEnterprise)
	b.Member("Bo")
	b.Member("100%_sure")
	b.Member("Änne")
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
		page, err := b.Members.Find(t.Context(), b.Admin, account.MemberQuery{Search: search})
		b.Must(err)
		if got := memberNames(page); got != want || page.Total != len(page.Rows) {
			t.Errorf("search %q finds %q (%d), want %q", search, got, page.Total, want)
		}
	}
}

func TestFindMembers_SortsAndPages(t *testing.T) {
	b := storetest.NewBed(t, access.PlanEnterprise)
	bo := b.Member("Bo")
	b.Member("Cy")
	b.PAT(bo.ID)
	b.Token(func(tok *token.Token) { tok.Owner, tok.ExpiresAt = "member-Cy", b.Clock.Now() }) // no longer live
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
		page, err := b.Members.Find(t.Context(), b.Admin, tt.q)
		b.Must(err)
		if got := memberNames(page); got != tt.want || page.Total != 3 {
			t.Errorf("%+v gives %q of %d, want %q", tt.q, got, page.Total, tt.want)
		}
	}
}

func TestFindMembers_ShowsWorkspacesGroupsAndLiveTokens(t *testing.T) {
	b := storetest.NewBed(t, access.PlanEnterprise)
	staging := b.Workspace("Staging")
	bo := b.Member("Bo", b.Prod)
	g := b.Group("Analysts", b.Prod, staging.ID)
	b.Join(g.ID, bo.ID, b.Ada.ID)
	b.PAT(bo.ID)
	page, err := b.Members.Find(t.Context(), b.Admin, account.MemberQuery{InGroup: g.ID})
	b.Must(err)
	want := []account.MemberRow{
		{Member: page.Rows[0].Member, Groups: []account.Named{{ID: g.ID, Name: "Analysts"}}},
		{Member: bo, Workspaces: []account.Named{{ID: b.Prod, Name: "Production"}, {ID: staging.ID, Name: "Staging"}},
			Groups: []account.Named{{ID: g.ID, Name: "Analysts"}}, LiveTokens: 1},
	}
	if diff := cmp.Diff(want, page.Rows); diff != "" {
		t.Error(diff)
	}
	page, err = b.Members.Find(t.Context(), b.Admin, account.MemberQuery{NotInGroup: g.ID})
	b.Must(err)
	if page.Total != 0 {
		t.Errorf("%d are outside of the group", page.Total)
	}
}

func TestMakeMember_LeavesBaselineOnly(t *testing.T) {
	b := storetest.NewBed(t, access.PlanEnterprise)
	staging := b.Workspace("Staging")
	bo := b.Member("Bo")
	b.Policy(policy.OfMember, b.Prod, bo.ID, access.Policy{"source:edit": access.Everywhere()})
	ours, external := b.Group("Analysts", b.Prod), b.Group("From the provider", staging.ID)
	b.Join(ours.ID, bo.ID)
	b.Join(external.ID, bo.ID)
	b.MarkExternal(external.ID)
	_, err := b.Members.MakeAdmin(t.Context(), b.Admin.Caller(), bo.ID)
	b.Must(err)
	if !b.Allows(bo.ID, staging.ID, "destination:create_delete", "") {
		t.Fatal("an Admin may do everything")
	}
	n := b.Logged()
	_, err = b.Members.MakeMember(t.Context(), b.Admin.Caller(), bo.ID)
	b.Must(err)
	if b.Allows(bo.ID, b.Prod, "source:edit", "") {
		t.Error("the policy from before is back")
	}
	d, err := b.Members.Details(t.Context(), b.Admin, bo.ID)
	b.Must(err)
	view, err := b.Policies.EffectiveOf(t.Context(), b.Admin, bo.ID)
	b.Must(err)
	held, err := b.Policies.Held(t.Context(), b.Admin, policy.OfMember, bo.ID)
	b.Must(err)
	if len(view.Workspaces) != 2 || len(held.Policies) != 2 || len(held.Outside) != 0 {
		t.Errorf("is in %v by %v", view.Workspaces, held.Policies)
	}
	if !cmp.Equal(d.Groups, []account.Named{{ID: external.ID, Name: "From the provider"}}) {
		t.Errorf("groups left: %v", d.Groups)
	}
	if got := b.Events(audit.TargetUser, n); !cmp.Equal(got, []string{"changed_permission Bo"}) {
		t.Errorf("events %v", got)
	}
	if got := b.Events(audit.TargetGroup, n); !cmp.Equal(got, []string{"member_removed Analysts"}) {
		t.Errorf("group events %v", got)
	}
}

func TestLastActiveAdmin_IsSafeFromEverything(t *testing.T) {
	b := storetest.NewBed(t, access.PlanEnterprise)
	bo := b.Member("Bo")
	// A deactivated Admin does not count.
	_, err := b.Members.MakeAdmin(t.Context(), b.Admin.Caller(), bo.ID)
	b.Must(err)
	_, err = b.Members.Deactivate(t.Context(), b.Admin.Caller(), bo.ID)
	b.Must(err)
	n := b.Logged()
	for name, act := range map[string]func() error{
		"demote":     func() error { _, err := b.Members.MakeMember(t.Context(), b.Admin.Caller(), b.Ada.ID); return err },
		"deactivate": func() error { _, err := b.Members.Deactivate(t.Context(), b.Admin.Caller(), b.Ada.ID); return err },
		"delete": func() error {
			_, err := b.Members.Delete(t.Context(), b.Admin.Caller(), account.These(b.Ada.ID))
			return err
		},
		"delete both": func() error {
			_, err := b.Members.Delete(t.Context(), b.Admin.Caller(), account.These(bo.ID, b.Ada.ID))
			return err
		},
	} {
		if err := act(); !fault.Is(err, fault.Conflict) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if b.Logged() != n || b.Caller(b.Ada.ID).Role != access.RoleAdmin {
		t.Error("a refused change left a trace")
	}
	_, err = b.Members.Reactivate(t.Context(), b.Admin.Caller(), bo.ID)
	b.Must(err)
	_, err = b.Members.MakeMember(t.Context(), b.Admin.Caller(), b.Ada.ID)
	b.Must(err)
}

func TestDeactivate_IsUndoneByReactivate(t *testing.T) {
	b := storetest.NewBed(t, access.PlanEnterprise)
	bo := b.Member("Bo", b.Prod)
	pat := b.PAT(bo.ID)
	n := b.Logged()
	for range 2 { // the second time changes nothing
		m, err := b.Members.Deactivate(t.Context(), b.Admin.Caller(), bo.ID)
		b.Must(err)
		if m.Status != account.Deactivated {
			t.Fatal(m.Status)
		}
	}
	tok, err := b.Store.Token(t.Context(), b.Org, pat)
	b.Must(err)
	if tok.State(b.Clock.Now()) != token.Suspended {
		t.Errorf("the token is %s", tok.State(b.Clock.Now()))
	}
	_, err = b.Members.Reactivate(t.Context(), b.Admin.Caller(), bo.ID)
	b.Must(err)
	if !b.Caller(bo.ID).IsIn(b.Prod) {
		t.Error("lost the workspace")
	}
	if got := b.Events(audit.TargetUser, n); !cmp.Equal(got, []string{"deactivated Bo", "reactivated Bo"}) {
		t.Errorf("events %v", got)
	}
}

func TestSelection_OfAllIsWhatMatchesWhenTheChangeIsMade(t *testing.T) {
	b := storetest.NewBed(t, access.PlanEnterprise)
	b.Member("Zed One")
	b.Member("Zed Two")
	b.Member("Bo")
	g, err := b.Groups.Create(t.Context(), b.Admin.Caller(), account.GroupSettings{Name: "Zeds"}, nil)
	b.Must(err)
	zeds := account.Selection{All: true, Search: "zed", Count: 2}
	added, err := b.Groups.AddMembers(t.Context(), b.Admin.Caller(), zeds, []string{g.ID})
	b.Must(err)
	if added != 2 {
		t.Errorf("added %d, want 2", added)
	}
	b.Member("Zed Three")
	n := b.Logged()
	_, err = b.Members.Delete(t.Context(), b.Admin.Caller(), zeds)
	storetest.WantKind(t, err, fault.Conflict)
	_, err = b.Members.Delete(t.Context(), b.Admin.Caller(), account.Selection{All: true, Search: "nobody"})
	storetest.WantKind(t, err, fault.Invalid)
	_, err = b.Members.Delete(t.Context(), b.Admin.Caller(), account.Selection{All: true}) // with the last Admin
	storetest.WantKind(t, err, fault.Conflict)
	if b.Logged() != n {
		t.Fatal("part of it was done")
	}
	_, removed, err := b.Groups.RemoveMembers(t.Context(), b.Admin.Caller(), g.ID, account.Selection{All: true, Search: "one"})
	b.Must(err)
	if removed != 1 {
		t.Errorf("removed %d, want 1", removed)
	}
	zeds.Count = 3
	seen, err := b.Members.Chosen(t.Context(), b.Admin, zeds)
	b.Must(err)
	zeds.Seen = account.Fingerprint(seen)
	// As many, but not the same: one leaves the search, and another comes into it.
	_, err = b.Members.Delete(t.Context(), b.Admin.Caller(), account.These(seen[0].ID))
	b.Must(err)
	b.Member("Zed Four")
	_, err = b.Members.Delete(t.Context(), b.Admin.Caller(), zeds)
	storetest.WantKind(t, err, fault.Conflict)
	seen, err = b.Members.Chosen(t.Context(), b.Admin, account.Selection{All: true, Search: "zed"})
	b.Must(err)
	slices.Reverse(seen)
	zeds.Seen = account.Fingerprint(seen)
	gone, err := b.Members.Delete(t.Context(), b.Admin.Caller(), zeds)
	b.Must(err)
	page, err := b.Members.Find(t.Context(), b.Admin, account.MemberQuery{})
	b.Must(err)
	if got := memberNames(page); len(gone) != 3 || got != "Ada Bo" {
		t.Errorf("deleted %d, left %q", len(gone), got)
	}
}

func TestDeleteMembers_RevokesTokensAndIsAllOrNothing(t *testing.T) {
	b := storetest.NewBed(t, access.PlanEnterprise)
	bo, cy := b.Member("Bo", b.Prod), b.Member("Cy")
	pat := b.PAT(bo.ID)
	n := b.Logged()
	_, err := b.Members.Delete(t.Context(), b.Admin.Caller(), account.These(bo.ID, cy.ID, "member-of-another"))
	storetest.WantKind(t, err, fault.NotFound)
	if b.Logged() != n {
		t.Fatal("part of it was done")
	}
	gone, err := b.Members.Delete(t.Context(), b.Admin.Caller(), account.These(bo.ID, cy.ID, bo.ID))
	b.Must(err)
	if len(gone) != 2 {
		t.Errorf("deleted %v", gone)
	}
	_, err = b.Policies.Subject(t.Context(), b.Org, bo.ID)
	storetest.WantKind(t, err, fault.NotFound)
	_, err = b.Store.Token(t.Context(), b.Org, pat)
	storetest.WantKind(t, err, fault.NotFound)
	tok, err := b.Store.TokenByDigest(t.Context(), token.Digest(pat))
	b.Must(err)
	if tok.DeletedAt.IsZero() {
		t.Error("no tombstone")
	}
	if got := b.Events(audit.TargetUser, n); !cmp.Equal(got, []string{"removed_from_organization Bo", "removed_from_organization Cy"}) {
		t.Errorf("events %v", got)
	}
}

func TestImpact_ListsLiveTokensLastUsedFirst(t *testing.T) {
	b := storetest.NewBed(t, access.PlanEnterprise)
	bo := b.Member("Bo", b.Prod)
	add := func(name string, used, expires time.Time) {
		b.Token(func(tok *token.Token) {
			tok.Owner, tok.Name, tok.LastUsedAt, tok.ExpiresAt = bo.ID, name, used, expires
		})
	}
	now := b.Clock.Now()
	add("never", time.Time{}, time.Time{})
	add("old", now.Add(-time.Hour), now.Add(time.Millisecond))
	add("new", now.Add(-time.Minute), time.Time{})
	add("expired", now, now)
	list, err := b.Members.Impact(t.Context(), b.Admin, account.These(bo.ID))
	b.Must(err)
	var got []string
	for _, tok := range list.Tokens {
		got = append(got, tok.OwnerName+"/"+tok.WorkspaceName+"/"+tok.Name)
	}
	if diff := cmp.Diff([]string{"Bo/Production/new", "Bo/Production/old", "Bo/Production/never"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestAdministration_IsForAdminsOnly(t *testing.T) {
	b := storetest.NewBed(t, access.PlanEnterprise)
	bo := b.Member("Bo", b.Prod)
	by := b.Caller(bo.ID)
	ctx := t.Context()
	place := policy.Place{Kind: policy.OfMember, Workspace: b.Prod, Subject: bo.ID}
	link := func(random.Secret) string { return "" }
	for name, act := range map[string]func() error{
		"WorkspaceRows":   func() error { _, err := b.Workspaces.List(ctx, by, nil); return err },
		"Workspace":       func() error { _, err := b.Workspaces.Get(ctx, by, b.Prod); return err },
		"CreateWorkspace": func() error { _, err := b.Workspaces.Create(ctx, by.Caller(), account.WorkspaceSettings{}); return err },
		"UpdateWorkspace": func() error {
			_, err := b.Workspaces.Update(ctx, by.Caller(), b.Prod, account.WorkspaceSettings{})
			return err
		},
		"DeleteWorkspace": func() error { _, err := b.Workspaces.Delete(ctx, by.Caller(), b.Prod, "Production"); return err },
		"FindMembers":     func() error { _, err := b.Members.Find(ctx, by, account.MemberQuery{}); return err },
		"MembersByID":     func() error { _, err := b.Members.ByID(ctx, by, []string{bo.ID}); return err },
		"MemberDetails":   func() error { _, err := b.Members.Details(ctx, by, bo.ID); return err },
		"Impact":          func() error { _, err := b.Members.Impact(ctx, by, account.These(bo.ID)); return err },
		"MakeAdmin":       func() error { _, err := b.Members.MakeAdmin(ctx, by.Caller(), bo.ID); return err },
		"MakeMember":      func() error { _, err := b.Members.MakeMember(ctx, by.Caller(), b.Ada.ID); return err },
		"Deactivate":      func() error { _, err := b.Members.Deactivate(ctx, by.Caller(), b.Ada.ID); return err },
		"Reactivate":      func() error { _, err := b.Members.Reactivate(ctx, by.Caller(), bo.ID); return err },
		"DeleteMembers":   func() error { _, err := b.Members.Delete(ctx, by.Caller(), account.These(bo.ID)); return err },
		"GroupRows":       func() error { _, err := b.Groups.List(ctx, by); return err },
		"Group":           func() error { _, err := b.Groups.Get(ctx, by, "g"); return err },
		"CheckGroup":      func() error { return b.Groups.Check(ctx, by, account.GroupSettings{}) },
		"CreateGroup":     func() error { _, err := b.Groups.Create(ctx, by.Caller(), account.GroupSettings{}, nil); return err },
		"UpdateGroup":     func() error { _, err := b.Groups.Update(ctx, by.Caller(), "g", account.GroupSettings{}); return err },
		"DeleteGroup":     func() error { _, err := b.Groups.Delete(ctx, by.Caller(), "g"); return err },
		"AddToGroups": func() error {
			_, err := b.Groups.AddMembers(ctx, by.Caller(), account.These(bo.ID), []string{"g"})
			return err
		},
		"RemoveFromGroup": func() error {
			_, _, err := b.Groups.RemoveMembers(ctx, by.Caller(), "g", account.These(bo.ID))
			return err
		},
		"Policy":         func() error { _, err := b.Policies.At(ctx, by, place); return err },
		"AddPolicy":      func() error { _, err := b.Policies.Add(ctx, by.Caller(), place, nil); return err },
		"SavePolicy":     func() error { _, err := b.Policies.Save(ctx, by.Caller(), place, policy.Revision{}, nil); return err },
		"RemovePolicy":   func() error { _, err := b.Policies.Remove(ctx, by.Caller(), place); return err },
		"ChangeSummary":  func() error { _, err := b.Policies.ChangeSummary(ctx, by, place, nil); return err },
		"Baselines":      func() error { _, err := b.Policies.Baselines(ctx, by, nil); return err },
		"Invitations":    func() error { _, err := b.Invitations.Find(ctx, by, invitation.Query{}); return err },
		"InvitationByID": func() error { _, err := b.Invitations.Get(ctx, by, "i"); return err },
		"Invite": func() error {
			_, err := b.Invitations.Invite(ctx, by.Caller(), invitation.NewInvitations{}, link)
			return err
		},
		"Resend":       func() error { _, err := b.Invitations.Resend(ctx, by.Caller(), "i", link); return err },
		"DeleteInvite": func() error { _, err := b.Invitations.Delete(ctx, by.Caller(), "i"); return err },
		"FindSubjects": func() error { _, err := b.Policies.FindSubjects(ctx, by, "b"); return err },
		"Explain":      func() error { _, err := b.Policies.Explain(ctx, by, policy.Question{}); return err },
	} {
		if err := act(); !fault.Is(err, fault.Denied) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAdministration_DoesNotReachAnotherOrganization(t *testing.T) {
	b := storetest.NewBed(t, access.PlanEnterprise)
	other := account.Organization{ID: "org-2", Name: "Other", Plan: access.PlanEnterprise, CreatedAt: b.Clock.Now()}
	b.InTx(func(tx *store.Tx) error {
		if err := tx.InsertOrganization(t.Context(), other); err != nil {
			return err
		}
		return tx.InsertMember(t.Context(), account.Member{ID: "eve", Organization: "org-2", Email: "eve@other.example", Name: "Eve",
			Role: access.RoleAdmin, Status: account.Active, CreatedAt: b.Clock.Now(), UpdatedAt: b.Clock.Now()}, "")
	})
	by := b.Caller("eve")
	bo := b.Member("Bo", b.Prod)
	g := b.Group("Analysts", b.Prod)
	ctx := t.Context()
	for name, act := range map[string]func() error{
		"Workspace":       func() error { _, err := b.Workspaces.Get(ctx, by, b.Prod); return err },
		"DeleteWorkspace": func() error { _, err := b.Workspaces.Delete(ctx, by.Caller(), b.Prod, "Production"); return err },
		"MemberDetails":   func() error { _, err := b.Members.Details(ctx, by, bo.ID); return err },
		"EffectiveOf":     func() error { _, err := b.Policies.EffectiveOf(ctx, by, bo.ID); return err },
		"Deactivate":      func() error { _, err := b.Members.Deactivate(ctx, by.Caller(), bo.ID); return err },
		"DeleteMembers":   func() error { _, err := b.Members.Delete(ctx, by.Caller(), account.These(bo.ID)); return err },
		"DeleteGroup":     func() error { _, err := b.Groups.Delete(ctx, by.Caller(), g.ID); return err },
		"AddToGroups": func() error {
			_, err := b.Groups.AddMembers(ctx, by.Caller(), account.These("eve"), []string{g.ID})
			return err
		},
		"AddPolicy": func() error {
			_, err := b.Policies.Add(ctx, by.Caller(), policy.Place{Kind: policy.OfMember, Workspace: b.Prod, Subject: "eve"}, nil)
			return err
		},
		"Explain": func() error {
			_, err := b.Policies.Explain(ctx, by, policy.Question{Member: bo.ID, Permission: "source:edit", Workspace: b.Prod})
			return err
		},
	} {
		if err := act(); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRename_IsForOneself(t *testing.T) {
	b := storetest.NewBed(t, access.PlanEnterprise)
	bo := b.Member("Bo", b.Prod)
	m, err := b.Members.Rename(t.Context(), b.Caller(bo.ID).Caller(), "  Bo Derek ")
	b.Must(err)
	if m.Name != "Bo Derek" || b.Caller(bo.ID).Name != "Bo Derek" {
		t.Errorf("name is %q", m.Name)
	}
	_, err = b.Members.Rename(t.Context(), b.Caller(bo.ID).Caller(), "\u202eoB")
	storetest.WantField(t, err, "name")
	_, err = b.Members.Rename(t.Context(), actor.Caller{Ref: actor.Ref{Kind: actor.Token, ID: b.PAT(bo.ID)}}, "Robot")
	storetest.WantKind(t, err, fault.Denied)
}

func TestChooseTimeZone_IsForOneselfAndTakesWhatExists(t *testing.T) {
	b := storetest.NewBed(t, access.PlanEnterprise)
	bo := b.Member("Bo", b.Prod)
	by := b.Caller(bo.ID).Caller()
	for _, name := range []string{"Asia/Kathmandu", "Asia/Calcutta", ""} {
		m, err := b.Members.ChooseTimeZone(t.Context(), by, name)
		b.Must(err)
		if m.TimeZone != name || m.Name != "Bo" {
			t.Errorf("%q: %+v", name, m)
		}
		m, err = b.Members.Rename(t.Context(), by, "Bo") // changes nothing
		b.Must(err)
		if m.TimeZone != name {
			t.Errorf("%q is saved as %q", name, m.TimeZone)
		}
	}
	for _, name := range []string{"Local", "Mars/Olympus", "../../etc/passwd", "Asia/Kathmandu\x00", " "} {
		_, err := b.Members.ChooseTimeZone(t.Context(), by, name)
		storetest.WantField(t, err, "time_zone")
	}
	_, err := b.Members.ChooseTimeZone(t.Context(), actor.Caller{Ref: actor.Ref{Kind: actor.Token, ID: b.PAT(bo.ID)}}, "UTC")
	storetest.WantKind(t, err, fault.Denied)
}
