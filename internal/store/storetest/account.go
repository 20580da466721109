package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/change"
	"latchkey/internal/fault"
	"latchkey/internal/invitation"
	"latchkey/internal/policy"
	"latchkey/internal/store"
	"latchkey/internal/token"
)

// Accounts checks what the store promises of workspaces, members, groups, policies and
// invitations, with concurrent writers in it. open gives an empty store of its own to every test and
// closes it with the test.
func Accounts(t *testing.T, open func(t *testing.T) *store.Store) {
	for name, test := range map[string]func(*testing.T, *accountBed){
		"another organization sees nothing":            separatesAccounts,
		"names and addresses are unique":               refusesSecondNames,
		"a place holds one policy":                     refusesSecondPolicy,
		"what hangs on a thing goes with it":           cascades,
		"a reset leaves external groups if told to":    resets,
		"a stale version is refused":                   refusesStaleVersion,
		"a policy's layers are found":                  findsLayers,
		"changes of accounts are told":                 tellsAccountChanges,
		"lists find, sort and count":                   listsAccounts,
		"an invitation is closed once":                 closesInvitationsOnce,
		"what ends a member ends the credentials":      endsCredentials,
		"an invitation keeps its fields":               keepsInvitations,
		"a failed change leaves nothing":               rollsAccountsBack,
		"two Admins cannot demote each other":          keepsOneAdmin,
		"of two saves of a policy one is refused":      refusesSecondSave,
		"accepting twice at once makes one member":     acceptsOnce,
		"a member is claimed once":                     claimsOnce,
		"groups made at once stay within the plan":     keepsGroupLimit,
		"invitations made at once stay within it, too": keepsMemberLimit,
		"names that people have are kept and found":    keepsNames,
		"a member keeps the time zone":                 keepsTimeZone,
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) { test(t, newAccountBed(t, open(t))) })
	}
}

// accountBed is a store with an organization on the plan Growth: the workspace "prod" with a
// baseline, the Admin "ada", the Member "bo" in the group "analysts", which is linked to it.
type accountBed struct {
	*store.Store
	service UseCases
	admin   actor.Standing
}

const bedProd, bedAda, bedBo, bedGroup = "prod", "ada", "bo", "analysts"

func newAccountBed(t *testing.T, s *store.Store) *accountBed {
	t.Helper()
	b := &accountBed{Store: s, service: NewUseCases(s)}
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
		now := tx.Now()
		return errors.Join(
			tx.InsertOrganization(ctx, account.Organization{ID: bedOrg, Name: "Acme", Plan: access.PlanGrowth, CreatedAt: now}),
			tx.InsertWorkspace(ctx, account.Workspace{ID: bedProd, Organization: bedOrg, Name: "Production",
				Environment: account.Production, Region: "US", CreatedAt: now, UpdatedAt: now}),
			tx.InsertMember(ctx, bedMemberOf(bedAda, access.RoleAdmin, now), ""),
			tx.InsertMember(ctx, bedMemberOf(bedBo, access.RoleMember, now), ""),
			tx.InsertGroup(ctx, account.Group{ID: bedGroup, Organization: bedOrg, Name: "Analysts", CreatedAt: now, UpdatedAt: now}),
			tx.AddToGroup(ctx, bedGroup, bedBo),
			tx.InsertPolicy(ctx, bedPolicy("p-baseline", policy.Baseline, "", now)),
			tx.InsertPolicy(ctx, bedPolicy("p-group", policy.OfGroup, bedGroup, now)),
			tx.InsertPolicy(ctx, bedPolicy("p-member", policy.OfMember, bedBo, now)),
		)
	})
	b.admin = SignIn(t, s, bedAda)
	return b
}

func bedMemberOf(id string, role access.Role, now time.Time) account.Member {
	return account.Member{ID: id, Organization: bedOrg, Email: id + "@acme.example", Name: id, Role: role,
		Status: account.Active, CreatedAt: now, UpdatedAt: now}
}

func bedPolicy(id string, kind policy.Kind, subject string, now time.Time) policy.Policy {
	return policy.Policy{ID: id, Organization: bedOrg, Workspace: bedProd, Kind: kind, Subject: subject,
		Body: access.Policy{}, Version: 1, UpdatedAt: now}
}

func bedInvitation(id string, now time.Time) invitation.Invitation {
	return invitation.Invitation{ID: id, Organization: bedOrg, Email: id + "@acme.example", Role: access.RoleMember,
		Groups: []account.Named{{ID: bedGroup, Name: "Analysts"}}, Workspaces: []account.Named{{ID: bedProd, Name: "Production"}},
		InvitedBy: bedAda, InvitedByName: "ada", CreatedAt: now, ExpiresAt: now.Add(time.Hour)}
}

// keepsTimeZone saves a name that no zone has as well: the database of zones changes.
func keepsTimeZone(t *testing.T, b *accountBed) {
	for _, want := range []string{"", "Asia/Kathmandu", "Removed/Zone", ""} {
		m, err := b.Member(t.Context(), bedOrg, bedBo)
		if err != nil {
			t.Fatal(err)
		}
		m.TimeZone = want
		b.inTx(t, func(ctx context.Context, tx *store.Tx) error { return tx.UpdateMember(ctx, m) })
		if m, err = b.Member(t.Context(), bedOrg, bedBo); m.TimeZone != want || err != nil {
			t.Errorf("%q, want %q, %v", m.TimeZone, want, err)
		}
		if other, err := b.Member(t.Context(), bedOrg, bedAda); other.TimeZone != "" || err != nil {
			t.Errorf("another member has %q, %v", other.TimeZone, err)
		}
	}
}

func (b *accountBed) inTx(t *testing.T, fn func(ctx context.Context, tx *store.Tx) error) {
	t.Helper()
	if err := b.try(t, fn); err != nil {
		t.Fatal(err)
	}
}

func (b *accountBed) try(t *testing.T, fn func(ctx context.Context, tx *store.Tx) error) error {
	return b.InTx(t.Context(), actor.System(""), func(tx *store.Tx) error { return fn(t.Context(), tx) })
}

func separatesAccounts(t *testing.T, b *accountBed) {
	ctx, other := t.Context(), "org-2"
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
		return errors.Join(
			tx.InsertOrganization(ctx, account.Organization{ID: other, Name: "Other", Plan: access.PlanFree, CreatedAt: tx.Now()}),
			tx.InsertInvitation(ctx, bedInvitation("inv", tx.Now()), []byte("digest")))
	})
	reads := map[string]func() error{
		"Workspace":      func() error { _, err := b.Workspace(ctx, other, bedProd); return err },
		"Member":         func() error { _, err := b.Member(ctx, other, bedBo); return err },
		"Group":          func() error { _, err := b.Group(ctx, other, bedGroup); return err },
		"Baseline":       func() error { _, err := b.Baseline(ctx, other, bedProd); return err },
		"InvitationByID": func() error { _, err := b.InvitationByID(ctx, other, "inv"); return err },
		"PolicyAt": func() error {
			_, err := b.PolicyAt(ctx, other, policy.Place{Kind: policy.OfGroup, Workspace: bedProd, Subject: bedGroup})
			return err
		},
		"UpdateMember": func() error {
			return b.try(t, func(ctx context.Context, tx *store.Tx) error {
				m := bedMemberOf(bedBo, access.RoleAdmin, tx.Now())
				m.Organization = other
				return tx.UpdateMember(ctx, m)
			})
		},
		"DeleteMembers": func() error {
			return b.try(t, func(ctx context.Context, tx *store.Tx) error { return tx.DeleteMembers(ctx, other, []string{bedBo}) })
		},
		"DeleteWorkspace": func() error {
			return b.try(t, func(ctx context.Context, tx *store.Tx) error { return tx.DeleteWorkspace(ctx, other, bedProd) })
		},
		"DeleteGroup": func() error {
			return b.try(t, func(ctx context.Context, tx *store.Tx) error { return tx.DeleteGroup(ctx, other, bedGroup) })
		},
	}
	for name, read := range reads {
		if err := read(); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	members, err := b.Members(ctx, other, []string{bedBo})
	policies, err2 := b.PoliciesOfMember(ctx, other, bedBo)
	groups, err3 := b.GroupsOfMembers(ctx, other, []string{bedBo})
	in, err4 := b.WorkspacesOfMembers(ctx, other, []string{bedBo})
	counts, err5 := b.WorkspaceCounts(ctx, other, []string{bedProd}, b.Now())
	if n := len(members) + len(policies) + len(groups) + len(in) + len(counts); n > 0 || errors.Join(err, err2, err3, err4, err5) != nil {
		t.Errorf("%d rows, %v", n, errors.Join(err, err2, err3, err4, err5))
	}
}

func refusesSecondNames(t *testing.T, b *accountBed) {
	for name, insert := range map[string]func(ctx context.Context, tx *store.Tx) error{
		"workspace": func(ctx context.Context, tx *store.Tx) error {
			return tx.InsertWorkspace(ctx, account.Workspace{ID: "x", Organization: bedOrg, Name: "PRODUCTION",
				Environment: account.Production, CreatedAt: tx.Now(), UpdatedAt: tx.Now()})
		},
		"group": func(ctx context.Context, tx *store.Tx) error {
			return tx.InsertGroup(ctx, account.Group{ID: "x", Organization: bedOrg, Name: "aNALYSTS", CreatedAt: tx.Now(), UpdatedAt: tx.Now()})
		},
		"member": func(ctx context.Context, tx *store.Tx) error {
			m := bedMemberOf(bedBo, access.RoleMember, tx.Now())
			m.ID = "x"
			return tx.InsertMember(ctx, m, "")
		},
		"invitation digest": func(ctx context.Context, tx *store.Tx) error {
			return errors.Join(tx.InsertInvitation(ctx, bedInvitation("i1", tx.Now()), []byte("same")),
				tx.InsertInvitation(ctx, bedInvitation("i2", tx.Now()), []byte("same")))
		},
	} {
		if err := b.try(t, insert); !fault.Is(err, fault.Conflict) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func refusesSecondPolicy(t *testing.T, b *accountBed) {
	for kind, subject := range map[policy.Kind]string{policy.Baseline: "", policy.OfGroup: bedGroup, policy.OfMember: bedBo} {
		err := b.try(t, func(ctx context.Context, tx *store.Tx) error {
			return tx.InsertPolicy(ctx, bedPolicy("second", kind, subject, tx.Now()))
		})
		wantKind(t, err, fault.Conflict)
	}
}

func cascades(t *testing.T, b *accountBed) {
	ctx := t.Context()
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
		return errors.Join(
			tx.InsertInvitation(ctx, bedInvitation("inv", tx.Now()), []byte("digest")),
			InsertResource(ctx, tx, bedProd, policy.Resource{ID: "S1", Type: "source", Name: "S1"}),
			tx.InsertToken(ctx, token.Token{ID: "pat", Organization: bedOrg, Kind: token.Personal, Owner: bedBo,
				Workspace: bedProd, CreatedAt: tx.Now()}, token.Digest("pat"), ""))
	})
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error { return tx.DeleteGroup(ctx, bedOrg, bedGroup) })
	policies, err := b.PoliciesOfMember(ctx, bedOrg, bedBo)
	if err != nil || len(policies) != 2 {
		t.Errorf("after the group: %v, %v", policies, err)
	}
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error { return tx.DeleteMembers(ctx, bedOrg, []string{bedBo}) })
	policies, err = b.PoliciesOf(ctx, bedOrg, policy.OfMember, bedBo)
	if err != nil || len(policies) != 0 {
		t.Errorf("after the member: %v, %v", policies, err)
	}
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error { return tx.DeleteWorkspace(ctx, bedOrg, bedProd) })
	resources, err := b.ResourceTypes(ctx, bedOrg, bedProd, []string{"source"})
	inv, err2 := b.InvitationByID(ctx, bedOrg, "inv")
	if err != nil || err2 != nil || len(resources)+len(inv.Groups)+len(inv.Workspaces) != 0 {
		t.Errorf("after the workspace: %v, %+v, %v, %v", resources, inv, err, err2)
	}
	if _, err := b.Token(ctx, bedOrg, "pat"); err != nil {
		t.Errorf("a token is no part of its owner or workspace: %v", err)
	}
}

func resets(t *testing.T, b *accountBed) {
	const pushed = "pushed"
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
		return errors.Join(
			tx.InsertGroup(ctx, account.Group{ID: pushed, Organization: bedOrg, Name: "Pushed", External: true,
				CreatedAt: tx.Now(), UpdatedAt: tx.Now()}),
			tx.AddToGroup(ctx, pushed, bedBo))
	})
	for _, step := range []struct {
		external bool
		left     []account.Named
	}{{false, []account.Named{{ID: pushed, Name: "Pushed"}}}, {true, nil}} {
		b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
			return tx.ResetMember(ctx, bedOrg, bedBo, step.external)
		})
		groups, err := b.GroupsOfMembers(t.Context(), bedOrg, []string{bedBo})
		policies, err2 := b.PoliciesOf(t.Context(), bedOrg, policy.OfMember, bedBo)
		if diff := cmp.Diff(step.left, groups[bedBo]); diff != "" || len(policies) != 0 || err != nil || err2 != nil {
			t.Errorf("external %t: %s, %v, %v, %v", step.external, diff, policies, err, err2)
		}
	}
}

func refusesStaleVersion(t *testing.T, b *accountBed) {
	save := func(version int64) error {
		return b.try(t, func(ctx context.Context, tx *store.Tx) error {
			p := bedPolicy("p-member", policy.OfMember, bedBo, tx.Now())
			p.Version, p.Body = version, access.Policy{"source:connect": access.Everywhere()}
			return tx.UpdatePolicy(ctx, p)
		})
	}
	if err := save(2); err != nil {
		t.Fatal(err)
	}
	for _, version := range []int64{1, 2, 4} {
		wantKind(t, save(version), fault.Conflict)
	}
	p, err := b.PolicyAt(t.Context(), bedOrg, policy.Place{Kind: policy.OfMember, Workspace: bedProd, Subject: bedBo})
	if err != nil || p.Version != 2 || !p.Body.Allows("source:connect", "") || p.SubjectName != "bo" {
		t.Errorf("%+v, %v", p, err)
	}
}

func findsLayers(t *testing.T, b *accountBed) {
	policies, err := b.PoliciesOfMember(t.Context(), bedOrg, bedBo)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range policies {
		got = append(got, string(p.Kind)+" "+p.SubjectName)
	}
	if diff := cmp.Diff([]string{"baseline ", "group Analysts", "member bo"}, got); diff != "" {
		t.Error(diff)
	}
}

func tellsAccountChanges(t *testing.T, b *accountBed) {
	var told []change.Change
	b.OnCommit(func(_ context.Context, changes []change.Change) { told = changes })
	member, group, workspace := change.Change{Kind: change.Member, ID: bedBo}, change.Change{Kind: change.Group, ID: bedGroup},
		change.Change{Kind: change.Workspace, ID: bedProd}
	steps := []struct {
		name string
		do   func(ctx context.Context, tx *store.Tx) error
		want []change.Change
	}{
		{"member policy", func(ctx context.Context, tx *store.Tx) error {
			p := bedPolicy("p-member", policy.OfMember, bedBo, tx.Now())
			p.Version = 2
			return tx.UpdatePolicy(ctx, p)
		}, []change.Change{member}},
		{"group policy", func(ctx context.Context, tx *store.Tx) error {
			return tx.DeletePolicy(ctx, bedPolicy("p-group", policy.OfGroup, bedGroup, tx.Now()))
		}, []change.Change{group}},
		{"baseline", func(ctx context.Context, tx *store.Tx) error {
			p := bedPolicy("p-baseline", policy.Baseline, "", tx.Now())
			p.Version = 2
			return tx.UpdatePolicy(ctx, p)
		}, []change.Change{workspace}},
		{"deletion of a group", func(ctx context.Context, tx *store.Tx) error {
			return tx.DeleteGroup(ctx, bedOrg,
				bedGroup)
		}, []change.Change{group, member}},
		{"member", func(ctx context.Context, tx *store.Tx) error {
			return tx.UpdateMember(ctx, bedMemberOf(bedBo, access.RoleAdmin, tx.Now()))
		}, []change.Change{member}},
		{"reset", func(ctx context.Context, tx *store.Tx) error { return tx.ResetMember(ctx, bedOrg, bedBo, false) }, []change.Change{member}},
		{"deletion of a member", func(ctx context.Context, tx *store.Tx) error {
			return tx.DeleteMembers(ctx, bedOrg,
				[]string{bedBo})
		}, []change.Change{member}},
		{"tokens", func(ctx context.Context, tx *store.Tx) error {
			return tx.TombstoneTokens(ctx, bedOrg, []string{"t1", "t2"})
		}, []change.Change{{Kind: change.Token, ID: "t1"}, {Kind: change.Token, ID: "t2"}}},
		{"workspace", func(ctx context.Context, tx *store.Tx) error { return tx.DeleteWorkspace(ctx, bedOrg, bedProd) },
			[]change.Change{workspace}},
	}
	for _, step := range steps {
		told = nil
		b.inTx(t, step.do)
		if diff := cmp.Diff(step.want, told); diff != "" {
			t.Errorf("%s: %s", step.name, diff)
		}
	}
}

// listsAccounts runs every query behind a list or a count, whatever the engine makes of it.
func listsAccounts(t *testing.T, b *accountBed) {
	ctx := t.Context()
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
		return errors.Join(
			tx.InsertMember(ctx, bedMemberOf("Änne 100%", access.RoleMember, tx.Now()), ""),
			InsertResource(ctx, tx, bedProd, policy.Resource{ID: "S1", Type: "source", Name: "S1"}),
			tx.InsertToken(ctx, token.Token{ID: "pat", Organization: bedOrg, Kind: token.Personal, Name: "probe", Owner: bedBo,
				Workspace: bedProd, CreatedAt: tx.Now()}, token.Digest("pat"), ""),
			tx.InsertToken(ctx, token.Token{ID: "sat", Organization: bedOrg, Kind: token.Workspace, Name: "Deploy",
				Workspace: bedProd, CreatedAt: tx.Now()}, token.Digest("sat"), ""))
	})
	names := func(q account.MemberQuery) string {
		if q.Limit = 10; q.Sort == "" {
			q.Sort = account.ByName
		}
		rows, total, err := b.FindMembers(ctx, bedOrg, q, b.Now())
		if err != nil || total != len(rows) {
			t.Fatal(q, total, err)
		}
		var out []string
		for _, row := range rows {
			out = append(out, fmt.Sprint(row.Name, row.LiveTokens))
		}
		return strings.Join(out, " ")
	}
	for _, tt := range []struct {
		q    account.MemberQuery
		want string
	}{
		{account.MemberQuery{Search: "BO"}, "bo1"},
		{account.MemberQuery{Search: "änne 100%"}, "Änne 100%0"},
		{account.MemberQuery{Search: "_"}, ""},
		{account.MemberQuery{InGroup: bedGroup}, "bo1"},
		{account.MemberQuery{NotInGroup: bedGroup, Sort: account.ByEmail}, "ada0 Änne 100%0"},
		{account.MemberQuery{Sort: account.ByTokens, Descending: true, Search: "acme.example"}, "bo1 ada0 Änne 100%0"},
		{account.MemberQuery{Sort: account.ByRole, Search: "a"}, "ada0 bo1 Änne 100%0"},
		{account.MemberQuery{Sort: account.ByLastSeen, InGroup: bedGroup}, "bo1"},
	} {
		if got := names(tt.q); got != tt.want {
			t.Errorf("%+v finds %q, want %q", tt.q, got, tt.want)
		}
	}
	counts, err := b.WorkspaceCounts(ctx, bedOrg, []string{bedProd}, b.Now())
	want := map[string]account.WorkspaceCounts{bedProd: {Members: 2, Groups: 1, Resources: 1, ServiceTokens: 1, PersonalTokens: 1}}
	if diff := cmp.Diff(want, counts); diff != "" || err != nil {
		t.Error(diff, err)
	}
	for at, want := range map[policy.Place]policy.Audience{
		{Kind: policy.Baseline, Workspace: bedProd}:                      {Members: 1, Groups: 1, ServiceTokens: 1},
		{Kind: policy.OfGroup, Workspace: bedProd, Subject: bedGroup}:    {Members: 1, Groups: 1},
		{Kind: policy.OfMember, Workspace: bedProd, Subject: bedBo}:      {Members: 1},
		{Kind: policy.OfMember, Workspace: bedProd, Subject: bedAda}:     {},
		{Kind: policy.OfGroup, Workspace: bedProd, Subject: "elsewhere"}: {Groups: 1},
	} {
		if got, err := b.Audience(ctx, bedOrg, at, b.Now()); err != nil || got != want {
			t.Errorf("%v: %+v, %v", at, got, err)
		}
	}
	baselines, err := b.PoliciesOf(ctx, bedOrg, policy.Baseline, "")
	found, err2 := b.FindTokens(ctx, bedOrg, "PRO", 5, token.Personal, token.Workspace, token.Organization)
	held, err3 := b.TokensOfWorkspace(ctx, bedOrg, bedProd)
	in, err4 := b.WorkspacesOfMembers(ctx, bedOrg, []string{bedAda, bedBo})
	groups, err5 := b.MembersOfGroups(ctx, []string{bedGroup}, []string{bedAda, bedBo})
	if errors.Join(err, err2, err3, err4, err5) != nil || len(baselines) != 1 || len(found) != 1 || len(held) != 2 ||
		len(in[bedBo]) != 1 || len(in[bedAda]) != 0 ||
		!groups[bedGroup][bedBo] || groups[bedGroup][bedAda] {
		t.Error(baselines, found, held, in, groups, errors.Join(err, err2, err3, err4, err5))
	}
}

func closesInvitationsOnce(t *testing.T, b *accountBed) {
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
		return errors.Join(tx.InsertInvitation(ctx, bedInvitation("used", tx.Now()), []byte("1")),
			tx.InsertInvitation(ctx, bedInvitation("deleted", tx.Now()), []byte("2")))
	})
	closing := func(id string, accepted bool) error {
		return b.try(t, func(ctx context.Context, tx *store.Tx) error { return tx.CloseInvitation(ctx, id, accepted) })
	}
	if err := errors.Join(closing("used", true), closing("deleted", false)); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"used", "deleted"} {
		wantKind(t, closing(id, true), fault.Conflict)
		wantKind(t, closing(id, false), fault.Conflict)
		wantKind(t, b.try(t, func(ctx context.Context, tx *store.Tx) error {
			return tx.RenewInvitation(ctx, invitation.Invitation{ID: id, ExpiresAt: tx.Now()}, []byte("3"))
		}), fault.NotFound)
	}
	if _, err := b.InvitationByDigest(t.Context(), []byte("2")); err != nil {
		t.Errorf("a deleted invitation must go on being known: %v", err)
	}
}

func keepsInvitations(t *testing.T, b *accountBed) {
	want := bedInvitation("inv", b.Now())
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error { return tx.InsertInvitation(ctx, want, []byte("digest")) })
	byID, err := b.InvitationByID(t.Context(), bedOrg, "inv")
	byDigest, err2 := b.InvitationByDigest(t.Context(), []byte("digest"))
	page, total, err3 := b.FindInvitations(t.Context(), bedOrg, invitation.Query{Search: "INV", State: invitation.Pending, Limit: 10}, b.Now())
	if errors.Join(err, err2, err3) != nil || total != 1 {
		t.Fatal(err, err2, err3, total)
	}
	for _, got := range []invitation.Invitation{byID, byDigest, page[0]} {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
}

func rollsAccountsBack(t *testing.T, b *accountBed) {
	err := b.try(t, func(ctx context.Context, tx *store.Tx) error {
		return errors.Join(tx.DeleteMembers(ctx, bedOrg, []string{bedBo}), tx.DeleteWorkspace(ctx, bedOrg, bedProd), fault.NewConflict("no"))
	})
	wantKind(t, err, fault.Conflict)
	if policies, err := b.PoliciesOfMember(t.Context(), bedOrg, bedBo); err != nil || len(policies) != 3 {
		t.Errorf("%v, %v", policies, err)
	}
}
