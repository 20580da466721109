package account_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
	"latchkey/internal/store/storetest"
)

func TestCreateGroup_LinksWorkspacesWithEmptyPolicies(t *testing.T) {
	b := storetest.NewBed(t, access.PlanEnterprise)
	staging := b.Workspace("Staging")
	g, err := b.Groups.Create(t.Context(), b.Admin.Caller(),
		account.GroupSettings{Name: " Analysts ", Description: "They look.\nOnly."}, []string{staging.ID, b.Prod, b.Prod})
	b.Must(err)
	d, err := b.Groups.Get(t.Context(), b.Admin, g.ID)
	b.Must(err)
	if diff := cmp.Diff(g, d.Group); diff != "" {
		t.Error(diff)
	}
	held, err := b.Policies.Held(t.Context(), b.Admin, policy.OfGroup, g.ID)
	b.Must(err)
	if len(held.Policies) != 2 || held.Policies[0].WorkspaceName != "Production" || len(held.Policies[0].Body) != 0 || len(held.Outside) != 0 {
		t.Errorf("policies %v, outside %v", held.Policies, held.Outside)
	}
	rows, err := b.Groups.List(t.Context(), b.Admin)
	b.Must(err)
	want := []account.GroupRow{{Group: g, Workspaces: []account.Named{{ID: b.Prod, Name: "Production"}, {ID: staging.ID, Name: "Staging"}}}}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Error(diff)
	}
}

func TestCreateGroup_RefusesBadFields(t *testing.T) {
	b := storetest.NewBed(t, access.PlanEnterprise)
	b.Group("Analysts")
	for path, act := range map[string]func() error{
		"name": func() error {
			_, err := b.Groups.Create(t.Context(), b.Admin.Caller(), account.GroupSettings{Name: "aNALYSTS"}, nil)
			return err
		},
		"description": func() error {
			return b.Groups.Check(t.Context(), b.Admin, account.GroupSettings{Name: "New", Description: strings.Repeat("x", 501)})
		},
		"workspaces": func() error {
			_, err := b.Groups.Create(t.Context(), b.Admin.Caller(), account.GroupSettings{Name: "New"}, []string{"elsewhere"})
			return err
		},
	} {
		storetest.WantField(t, act(), path)
	}
}

func TestCreateGroup_KeepsToThePlan(t *testing.T) {
	for plan, limit := range map[access.Plan]int{access.PlanFree: 0, access.PlanStarter: 0, access.PlanGrowth: 3, access.PlanEnterprise: 5} {
		b := storetest.NewBed(t, plan)
		made := 0
		for i := range 5 {
			if _, err := b.Groups.Create(t.Context(), b.Admin.Caller(), account.GroupSettings{Name: fmt.Sprint("Group ", i)}, nil); err == nil {
				made++
			} else if fault.Of(err).Kind != fault.Denied || fault.Of(err).Message != access.UpgradeText {
				t.Fatal(err)
			}
		}
		if made != limit {
			t.Errorf("%s makes %d groups, want %d", plan, made, limit)
		}
		if err := b.Groups.Check(t.Context(), b.Admin, account.GroupSettings{Name: "New"}); (err != nil) != (plan != access.PlanEnterprise) {
			t.Errorf("%s, first step: %v", plan, err)
		}
	}
}

func TestGroupMembership_GivesAndTakes(t *testing.T) {
	b := storetest.NewBed(t, access.PlanEnterprise)
	bo, cy := b.Member("Bo"), b.Member("Cy")
	g := b.Group("Analysts")
	b.Policy(policy.OfGroup, b.Prod, g.ID, access.Policy{"source:connect": access.Everywhere()})
	n := b.Logged()
	added, err := b.Groups.AddMembers(t.Context(), b.Admin.Caller(), account.These(bo.ID, cy.ID), []string{g.ID})
	b.Must(err)
	again, err := b.Groups.AddMembers(t.Context(), b.Admin.Caller(), account.These(cy.ID), []string{g.ID})
	b.Must(err)
	if added != 2 || again != 0 || !b.Allows(bo.ID, b.Prod, "source:connect", "") {
		t.Errorf("added %d, then %d", added, again)
	}
	_, _, err = b.Groups.RemoveMembers(t.Context(), b.Admin.Caller(), g.ID, account.These(bo.ID))
	b.Must(err)
	if b.Caller(bo.ID).IsIn(b.Prod) || !b.Caller(cy.ID).IsIn(b.Prod) {
		t.Error("the wrong one lost the workspace")
	}
	_, _, err = b.Groups.RemoveMembers(t.Context(), b.Admin.Caller(), g.ID, account.These(cy.ID, bo.ID))
	storetest.WantKind(t, err, fault.NotFound)
	_, err = b.Groups.Delete(t.Context(), b.Admin.Caller(), g.ID)
	b.Must(err)
	if b.Caller(cy.ID).IsIn(b.Prod) {
		t.Error("a deleted group still grants something")
	}
	want := []string{"member_added Analysts", "member_added Analysts", "member_removed Analysts", "deleted Analysts"}
	if diff := cmp.Diff(want, b.Events(audit.TargetGroup, n)); diff != "" {
		t.Error(diff)
	}
}

func TestExternalGroup_HasItsMembersLocked(t *testing.T) {
	b := storetest.NewBed(t, access.PlanEnterprise)
	bo, cy := b.Member("Bo"), b.Member("Cy")
	g, ours := b.Group("From the provider"), b.Group("Ours")
	b.Join(g.ID, bo.ID)
	b.MarkExternal(g.ID)
	n := b.Logged()
	_, err := b.Groups.AddMembers(t.Context(), b.Admin.Caller(), account.These(cy.ID), []string{ours.ID, g.ID})
	storetest.WantKind(t, err, fault.Denied)
	_, _, err = b.Groups.RemoveMembers(t.Context(), b.Admin.Caller(), g.ID, account.These(bo.ID))
	storetest.WantKind(t, err, fault.Denied)
	if b.Logged() != n {
		t.Error("part of it was done")
	}
	b.Policy(policy.OfGroup, b.Prod, g.ID, access.Policy{}) // Admins manage its policies
}

// TestExternalGroup_IsOursWhileProvisioningIsOff checks that somebody can always change who is in
// a group, also after an Admin switches provisioning off or the plan loses it.
func TestExternalGroup_IsOursWhileProvisioningIsOff(t *testing.T) {
	for name, off := range map[string]func(b *storetest.Bed){
		"switched off":    func(b *storetest.Bed) { b.Provisioning(false) },
		"not in the plan": func(b *storetest.Bed) { b.Must(b.Organizations.SetPlan(b.T.Context(), access.PlanGrowth)) },
	} {
		t.Run(name, func(t *testing.T) {
			b := storetest.NewBed(t, access.PlanEnterprise)
			bo, cy := b.Member("Bo"), b.Member("Cy")
			g := b.Group("From the provider", b.Prod)
			b.Join(g.ID, bo.ID)
			b.MarkExternal(g.ID)
			if d, err := b.Groups.Get(t.Context(), b.Admin, g.ID); err != nil || !d.Locked {
				t.Fatalf("%+v, %v", d, err)
			}
			off(b)
			d, err := b.Groups.Get(t.Context(), b.Admin, g.ID)
			b.Must(err)
			rows, err := b.Groups.List(t.Context(), b.Admin)
			b.Must(err)
			if d.Locked || rows[0].Locked || !d.External || !rows[0].External {
				t.Errorf("%+v, %+v", d, rows)
			}
			_, err = b.Groups.AddMembers(t.Context(), b.Admin.Caller(), account.These(cy.ID), []string{g.ID})
			b.Must(err)
			_, _, err = b.Groups.RemoveMembers(t.Context(), b.Admin.Caller(), g.ID, account.These(bo.ID))
			b.Must(err)
			_, err = b.Members.MakeAdmin(t.Context(), b.Admin.Caller(), cy.ID)
			b.Must(err)
			_, err = b.Members.MakeMember(t.Context(), b.Admin.Caller(), cy.ID) // leaves only the baselines
			b.Must(err)
			if d, err := b.Groups.Get(t.Context(), b.Admin, g.ID); err != nil || d.Members != 0 {
				t.Errorf("%d members are left, %v", d.Members, err)
			}
		})
	}
}

func TestUpdateGroup_Renames(t *testing.T) {
	b := storetest.NewBed(t, access.PlanEnterprise)
	g := b.Group("Analysts")
	b.Group("Editors")
	_, err := b.Groups.Update(t.Context(), b.Admin.Caller(), g.ID, account.GroupSettings{Name: "editors"})
	storetest.WantField(t, err, "name")
	got, err := b.Groups.Update(t.Context(), b.Admin.Caller(), g.ID, account.GroupSettings{Name: "ANALYSTS", Description: "New"})
	b.Must(err)
	if got.Name != "ANALYSTS" || got.Description != "New" {
		t.Errorf("%+v", got)
	}
}

func TestAddMembers_IsBoundedInMembershipsToo(t *testing.T) {
	b := storetest.NewBed(t, access.PlanEnterprise)
	var groups []string
	for i := range 101 {
		groups = append(groups, b.Group(fmt.Sprint("Group ", i)).ID)
	}
	for i := range 199 {
		b.Member(fmt.Sprint("zed", i))
	}
	everybody, n := account.Selection{All: true}, b.Logged() // 200 with the Admin
	_, err := b.Groups.AddMembers(t.Context(), b.Admin.Caller(), everybody, groups)
	storetest.WantKind(t, err, fault.Invalid)
	if b.Logged() != n {
		t.Error("part of it was done")
	}
}
